"""What the backward model is shown: a text, whose instruction is wanted (Humpback, sections 2.2 and 2.4).

A backward model is one trained to be (`backward-v1`), or any instruct model that is told what is wanted
(`backward-prompted-v1`).
"""

import re
from typing import Annotated, Literal

from pydantic import Field

from humpback import prompts
from humpback.config import OFTEN, Config
from humpback.prompts.forward import Clip, Example, TagConfig
from humpback.prompts.quoting import quoted
from humpback.schema import Row

BACKWARD, PROMPTED = "backward-v1", "backward-prompted-v1"
Style = Literal["question", "command", "keywords"]
# Models that have learned the prompt `backward-v1`: those trained backward, and our base, whose training held it.
LEARNED = ("backward", "base")
_CODE = re.compile(r"[a-z]{2,3}")


class ShownText(Config):
    """How much a backward model is shown of a text, in training and when it is asked."""

    context: Annotated[Literal["none", "heading"], OFTEN] = Field(
        "none", description="whether the heading path stands beside the text: the paper's model sees the text alone"
    )
    max_text_tokens: int = Field(1536, description="the text is clipped to this many tokens, at its tail (ours)")


class BackwardConfig(ShownText):
    """What the backward model is shown; `styles` and `language` are asked of prompted models, trained ones have theirs."""

    prompt: Literal["auto", "trained", "prompted"] = Field(
        "auto", description="trained: the prompt of training; prompted: what is wanted in words; auto: by the model's role"
    )
    styles: tuple[Style, ...] = Field(
        ("question", "command"),
        min_length=1,
        description="question, command, keywords: one is drawn per text, evenly; name one twice to double its share (ours)",
    )
    language: str = Field(
        "text", pattern="^(text|[a-z]{2,3})$", description="of the instruction: that of the text, or an ISO 639 code"
    )

    def reads(self) -> dict[str, str]:
        return prompts.digests(BACKWARD, PROMPTED)


def backward_prompt(row: Row, config: ShownText, tag: str, clip: Clip) -> tuple[str, bool]:
    """(prompt, whether the text was clipped) for the segment or pair `row`. The tag after the text is never clipped."""
    text, clipped = clip(row.get("response") or row["text"], config.max_text_tokens)
    return prompts.render(BACKWARD, response=text, header_path=_path(row, config), tag=tag), clipped


def prompted_prompt(row: Row, config: BackwardConfig, style: Style, clip: Clip) -> tuple[str, bool]:
    """(prompt, whether the text was clipped) that asks any instruct model for the instruction of `row`, in `style`.

    Text and heading are quoted line by line: what they hold can neither end the quotation nor give orders outside it.
    """
    text, clipped = clip(row.get("response") or row["text"], config.max_text_tokens)
    path = " > ".join(" ".join(part.split()) for part in _path(row, config))
    shown = {
        "text": quoted(text),
        "heading": quoted(f"heading: {path}") if path else "",
        "style": style,
        "language": None if config.language == "text" else config.language,
        "code": wanted_language(row, config),
    }
    return prompts.render(PROMPTED, **shown), clipped


def _path(row: Row, config: ShownText) -> list[str]:
    return [part for part in (row.get("header_path") or []) if part] if config.context == "heading" else []


def wanted_language(row: Row, config: BackwardConfig) -> str | None:
    """The ISO 639 code of the language that the instruction is asked for in, if it is known."""
    code = row.get("lang") if config.language == "text" else config.language
    return code if code and code != "und" and _CODE.fullmatch(code) else None


def backward_example(row: Row, config: ShownText, tags: TagConfig, clip: Clip) -> Example:
    """A seed pair reversed: the instruction is the target."""
    return Example(backward_prompt(row, config, tags.seed, clip)[0], row["instruction"])


def is_prompted(role: str, config: BackwardConfig) -> bool:
    """Whether a model of that `role` is told what is wanted, not shown the prompt of training; `auto` goes by the role."""
    return config.prompt == "prompted" or (config.prompt == "auto" and role not in LEARNED)
