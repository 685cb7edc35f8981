"""`openai:NAME@ADDRESS`: any server that speaks this language; the address may come from OPENAI_BASE_URL."""

import os
from typing import Annotated, Literal

from pydantic import Field

from humpback.config import PACE
from humpback.errors import UsageFault
from humpback.lm import LM
from humpback.lm.options import BackendOptions
from humpback.lm.spec import Spec

OFFICIAL = "https://api.openai.com/v1"


class Options(BackendOptions):
    """`openai:`, any server that speaks its language. The key is read from the environment alone."""

    key_env: Annotated[str, PACE] = Field("OPENAI_API_KEY", description="environment variable that holds the key")
    context: int = Field(32_768, gt=0, description="tokens that the model can read, where the server does not tell")
    concurrency: Annotated[int, PACE] = Field(32, ge=1, description="requests in flight at once")
    rpm: Annotated[float | None, PACE] = Field(None, gt=0, description="requests per minute, at most")
    tpm: Annotated[float | None, PACE] = Field(None, gt=0, description="tokens per minute, at most, prompts and answers")
    timeout: Annotated[float, PACE] = Field(
        120.0, gt=0, description="seconds without an answer after which a request is given up"
    )
    retries: Annotated[int, PACE] = Field(
        6, ge=0, description="how often a request that failed for a passing reason is sent again"
    )
    input_price: Annotated[float, PACE] = Field(
        0.0, ge=0, description="money per million prompt tokens, as given: with batch its own price"
    )
    output_price: Annotated[float, PACE] = Field(0.0, ge=0, description="money per million answer tokens")
    max_cost: Annotated[float | None, PACE] = Field(
        None, gt=0, description="stop before a stage, journal included, costs more than this"
    )
    batch: Annotated[bool, PACE] = Field(
        False, description="generate through the batch interface: half the price, within a day"
    )
    decide: Literal["auto", "decisions", "systemone", "top_logprobs", "written"] = Field(
        "auto", description="how typed questions are asked; auto: the first that it has and whose labels the model knows"
    )
    thinking: bool = Field(False, description="let a reasoning model think; what it thinks is stripped either way")

    def address(self, url: str) -> str:
        return url or os.environ.get("OPENAI_BASE_URL", "").strip().rstrip("/") or OFFICIAL


def open(spec: Spec) -> LM:
    """The model `spec.model` behind `spec.url`, or else OPENAI_BASE_URL, or else OpenAI's address.

    Raises `UsageFault` for a missing model, key or price, and for an address that is none.
    """
    options: Options = spec.options
    if not spec.model:
        raise UsageFault("the openai backend needs a model", "type it as: openai:MODEL@http://127.0.0.1:8000/v1")
    if options.max_cost is not None and not (options.input_price or options.output_price):
        raise UsageFault(
            f"max_cost={options.max_cost:g} has no prices to reckon with",
            "add input_price= and output_price=, per million tokens",
        )
    try:
        from humpback.lm.openai.address import checked, key
        from humpback.lm.openai.backend import OpenAI
    except ImportError as error:
        raise UsageFault(
            f"this model needs {error.name}, which is not installed", "pip install 'humpback[openai]'"
        ) from None
    url = checked(options.address(spec.url))
    return OpenAI(spec.model, url, key(options, url), options)
