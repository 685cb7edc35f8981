"""How a model is named: `backend:model`, with an address after `@` and settings after `?`, all in one string.

embedded    transformers:runs/a/10-forward-0    transformers:org/name?adapter=runs/b/lora
vllm:org/name?max_model_len=4096    openai:gpt-6-luna    openai:qwen@http://127.0.0.1:8000/v1?concurrency=32&max_cost=5
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal
from urllib.parse import parse_qsl, urlsplit

from pydantic import AfterValidator, Field

from humpback.config import Config, build
from humpback.errors import UsageFault

EMBEDDED = Path(__file__).parent / "embedded" / "model"
_ADDRESS = re.compile(r"@(?=https?://)")


class Options(Config):
    """Settings of a backend. Those in `answers` change what it answers, and so belong to a plan; the others its pace."""

    answers: ClassVar[tuple[str, ...]] = ()


class EchoOptions(Options):
    """The fake has none."""


class LocalOptions(Options):
    """Models that run on this machine."""

    answers: ClassVar[tuple[str, ...]] = ("adapter", "dtype", "max_model_len")
    adapter: str | None = Field(None, description="folder of a LoRA adapter (peft) over the model")
    dtype: Literal["auto", "bfloat16", "float16", "float32"] = Field("auto", description="auto: bfloat16 where it is fast")
    processes: int | None = Field(
        None,
        ge=0,
        description="processes that hold the model; unset: one per GPU; without a GPU none but this one, for vllm one",
    )
    trust_remote_code: bool = Field(False, description="run code that comes with the model")


class TransformersOptions(LocalOptions):
    """`transformers:` and `embedded`."""

    batch_tokens: int = Field(8192, gt=0, description="padded tokens of one batch; of generation up to four times as many")


class VllmOptions(LocalOptions):
    """`vllm:`, under vLLM's own names."""

    max_model_len: int | None = Field(None, description="longest prompt and answer, in tokens; unset: the model's")
    gpu_memory_utilization: float = Field(0.9, gt=0, le=1, description="share of each GPU's memory")
    tensor_parallel_size: int = Field(1, ge=1, description="GPUs that share one copy of the model")
    max_num_seqs: int | None = Field(None, description="sequences in work at once; unset: vLLM's choice")
    kv_cache_gib: float | None = Field(None, gt=0, description="the cache's memory without a GPU, GiB; unset: a fifth")
    enforce_eager: bool = Field(False, description="no compilation: starts faster, runs slower")


class OpenAIOptions(Options):
    """`openai:`, any server that speaks its language. The key is read from the environment alone."""

    answers: ClassVar[tuple[str, ...]] = ("decide", "thinking", "context")
    key_env: str = Field("OPENAI_API_KEY", description="environment variable that holds the key")
    context: int = Field(32_768, gt=0, description="tokens that the model can read, where the server does not tell")
    concurrency: int = Field(32, ge=1, description="requests in flight at once")
    rpm: float | None = Field(None, gt=0, description="requests per minute, at most")
    tpm: float | None = Field(None, gt=0, description="tokens per minute, at most, prompts and answers")
    timeout: float = Field(120.0, gt=0, description="seconds without an answer after which a request is given up")
    retries: int = Field(6, ge=0, description="how often a request that failed for a passing reason is sent again")
    input_price: float = Field(0.0, ge=0, description="money per million prompt tokens, as given: with batch its own price")
    output_price: float = Field(0.0, ge=0, description="money per million answer tokens")
    max_cost: float | None = Field(None, gt=0, description="stop before a stage, journal included, costs more than this")
    batch: bool = Field(False, description="generate through the batch interface: half the price, within a day")
    decide: Literal["auto", "decisions", "systemone", "top_logprobs", "written"] = Field(
        "auto", description="how typed questions are asked; auto: the first that it has and whose labels the model knows"
    )
    thinking: bool = Field(False, description="let a reasoning model think; what it thinks is stripped either way")


OPTIONS: dict[str, type[Options]] = {
    "echo": EchoOptions,
    "embedded": TransformersOptions,
    "transformers": TransformersOptions,
    "vllm": VllmOptions,
    "openai": OpenAIOptions,
}


@dataclass(frozen=True)
class Spec:
    """A model's name in parts. `options` are those of its backend."""

    backend: str
    model: str
    url: str
    options: Any

    @property
    def folder(self) -> Path | None:
        """The folder that holds the weights, if they are named as one on this disk."""
        if self.backend == "embedded":
            return EMBEDDED
        named = self.model and self.backend in ("transformers", "vllm")
        return Path(self.model) if named and Path(self.model).is_dir() else None


def parse(text: str) -> Spec:
    """`text` in parts; raises `UsageFault` for an unknown backend, an unknown setting, or a key in the address.

    A folder without a backend is a transformers model.
    """
    name, _, query = text.partition("?")
    name, *address = _ADDRESS.split(name, maxsplit=1)
    url = address[0] if address else ""
    backend, _, model = name.partition(":")
    if "/" in backend or backend in (".", ".."):
        backend, model = "transformers", name
    if backend not in OPTIONS:
        known = ", ".join(sorted(OPTIONS))
        raise UsageFault(f"there is no model backend {backend!r} (in {text!r})", f"type backend:model; backends: {known}")
    if "@" in _netloc(url):
        raise UsageFault("the address of the model holds a password", "put the key into the environment: OPENAI_API_KEY")
    return Spec(backend, model, url.rstrip("/"), _options(OPTIONS[backend], query))


def checked(text: str) -> str:
    """`text` if it names a model, or nothing; raises `UsageFault`, before anything is written down or trained."""
    if text:
        parsed = parse(text)
        local = parsed.backend in ("transformers", "vllm") and (parsed.model.startswith((".", "/", "~", "runs/")))
        if local and not Path(parsed.model).is_dir():
            raise UsageFault(f"there is no folder {parsed.model}", "check the path of the model")
    return text


# What settings name models with.
ModelName = Annotated[str, AfterValidator(checked)]


def _netloc(url: str) -> str:
    try:
        return urlsplit(url).netloc
    except ValueError as error:
        raise UsageFault(f"the address {url} is none: {error}", "type it as: @http://127.0.0.1:8000/v1") from None


def _options(kind: type[Options], query: str) -> Options:
    given = dict(parse_qsl(query, keep_blank_values=True))
    if any("key" in name.lower() and name != "key_env" for name in given):
        raise UsageFault(
            "the name of the model holds a key", "put it into the environment: OPENAI_API_KEY, or ?key_env=NAME"
        )
    return build(kind, [given])


def model_folder(spec: str) -> Path | None:
    """The folder that holds the weights of `spec`, if it names one on this disk."""
    return parse(spec).folder


def fingerprint(spec: str) -> str:
    """What identifies the model in a plan: backend, weights (the plan that made them, or a digest) or name, and what
    changes answers.

    A server is known by its host: the same model behind another port is the same model.
    """
    from humpback.lm._identity import identify

    parsed = parse(spec)
    return _named(parsed, identify(parsed.folder) if parsed.folder else parsed.model, _changed(parsed.options, identify))


def same(spec: str) -> str:
    """`spec` without what does not change answers: the pace, the price, the port. Names that are none stay as they are."""
    try:
        parsed = parse(spec)
    except UsageFault:
        return spec
    return _named(parsed, parsed.model, _changed(parsed.options, str))


def _named(parsed: Spec, name: str, changed: str) -> str:
    host = f"@{urlsplit(parsed.url).hostname}" if parsed.url else ""
    return f"{parsed.backend}{':' if name else ''}{name}{host}{changed}"


def _changed(options: Options, identify: Callable[[Path], str]) -> str:
    """The settings that change answers and are not the default; an adapter by what `identify` makes of its folder."""
    values = {name: getattr(options, name) for name in options.answers if name in type(options).model_fields}
    changed = {name: value for name, value in values.items() if value != type(options).model_fields[name].default}
    if changed.get("adapter") and Path(changed["adapter"]).is_dir():
        changed["adapter"] = identify(Path(changed["adapter"]))
    return "?" + "&".join(f"{name}={value}" for name, value in sorted(changed.items())) if changed else ""


def recommended(spec: str) -> dict[str, object]:
    """The settings that the model in the folder of `spec` asks for, nested as in a recipe; empty if it has none."""
    folder = model_folder(spec)
    path = folder / "humpback.json" if folder else None
    if not path or not path.is_file():
        return {}
    settings: dict[str, object] = json.loads(path.read_text(encoding="utf-8")).get("recommended", {})
    return settings
