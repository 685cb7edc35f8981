"""What the backward model is shown: a text, whose instruction is wanted (Humpback, sections 2.2 and 2.4).

A backward model is one trained to be (`backward-v1`), or any instruct model that is told what is wanted: at length
(`backward-prompted-v1`), in two sentences (`backward-short-v1`), or by examples (`backward-shots-v1`).
"""

import re
from typing import Annotated, Literal

from pydantic import Field

from humpback import prompts
from humpback.config import OFTEN, Config
from humpback.errors import UsageFault
from humpback.prompts.forward import Clip, Example, TagConfig
from humpback.prompts.quoting import quoted
from humpback.schema import Row

AROUND = "backward-around-v1"
BACKWARD, PROMPTED, SHORT, SHOTS = "backward-v1", "backward-prompted-v1", "backward-short-v1", "backward-shots-v1"
# What a model that is told may be asked by, by the value of `backward.prompt`. Large models make use of all that the first
# says; small ones say its last lines again (docs/log.md).
FORMS = {"prompted": PROMPTED, "short": SHORT, "shots": SHOTS}
Style = Literal["question", "command", "keywords"]
# Models that have learned the prompt `backward-v1`: those trained backward, and our base, whose training held it.
LEARNED = ("backward", "base")
_CODE = re.compile(r"[a-z]{2,3}")


class ShownText(Config):
    """How much a backward model is shown of a text, in training and when it is asked."""

    context: Annotated[Literal["none", "heading", "neighbours"], OFTEN] = Field(
        "none",
        description="what stands beside the text: nothing (paper), its heading path, or that and the sections beside it "
        "(ours): for models that are told what is wanted, corpus.segment.around characters of each",
    )
    max_text_tokens: int = Field(1536, description="the text is clipped to this many tokens, at its tail (ours)")


class BackwardConfig(ShownText):
    """What the backward model is shown; what stands below `prompt` is for models that are told what is wanted."""

    prompt: Literal["auto", "trained", "prompted", "short", "shots"] = Field(
        "auto",
        description="trained: the prompt of training; prompted: what is wanted, at length; short: in two sentences; shots: "
        "by examples. auto: by the model's role, and of the last three what it answers best for seed pairs (ours)",
    )
    shots: int = Field(
        3, ge=1, description="examples for shots; where they are not given, short train pairs of the seed (ours)"
    )
    examples: tuple[tuple[str, str], ...] = Field((), description="instruction and response of each example that is given")
    styles: tuple[Style, ...] = Field(
        ("question", "command"),
        min_length=1,
        description="question, command, keywords: one is drawn per text, evenly; name one twice to double its share (ours)",
    )
    language: str = Field(
        "text", pattern="^(text|[a-z]{2,3})$", description="of the instruction: that of the text, or an ISO 639 code"
    )

    def reads(self) -> dict[str, str]:
        return prompts.digests(BACKWARD, *FORMS.values(), *([AROUND] if self.context == "neighbours" else []))

    @property
    def told_by(self) -> str:
        """The name of the prompt for models that are told; where it was not chosen the one at length."""
        return FORMS.get(self.prompt, PROMPTED)


def backward_prompt(row: Row, config: ShownText, tag: str, clip: Clip) -> tuple[str, bool]:
    """(prompt, whether the text was clipped) for the segment or pair `row`. The tag after the text is never clipped."""
    text, clipped = clip(row.get("response") or row["text"], config.max_text_tokens)
    return prompts.render(BACKWARD, response=text, header_path=_path(row, config), tag=tag), clipped


def prompted_prompt(row: Row, config: BackwardConfig, style: Style, clip: Clip) -> tuple[str, bool]:
    """(prompt, whether the text was clipped) that asks any instruct model for the instruction of `row`, in `style`.

    Texts and heading are quoted line by line: what they hold can neither end the quotation nor give orders outside it.
    Raises `UsageFault` where examples are to be shown and there are none.
    """
    text, clipped = clip(row.get("response") or row["text"], config.max_text_tokens)
    path = " > ".join(" ".join(part.split()) for part in _path(row, config))
    shown = {
        "text": quoted(text),
        "heading": quoted(f"heading: {path}") if path else "",
        "style": style,
        "language": None if config.language == "text" else config.language,
        "code": wanted_language(row, config),
        "examples": _examples(config, clip) if config.told_by == SHOTS else (),
    }
    prompt = prompts.render(config.told_by, **shown)
    around = [quoted(part) for part in row.get("around") or []] if config.context == "neighbours" else []
    return prompts.render(AROUND, around=around, prompt=prompt) if around else prompt, clipped


def _examples(config: BackwardConfig, clip: Clip) -> list[tuple[str, str]]:
    """(instruction, quoted response) of each; together the responses are as long as one text may be."""
    if not config.examples:
        raise UsageFault(
            "backward.prompt is shots, and there are neither backward.examples nor seed pairs", "--set backward.prompt=short"
        )
    most = config.max_text_tokens // len(config.examples)
    return [(" ".join(asked.split()), quoted(clip(response, most)[0])) for asked, response in config.examples]


def _path(row: Row, config: ShownText) -> list[str]:
    return [part for part in (row.get("header_path") or []) if part] if config.context != "none" else []


def wanted_language(row: Row, config: BackwardConfig) -> str | None:
    """The ISO 639 code of the language that the instruction is asked for in, if it is known."""
    code = row.get("lang") if config.language == "text" else config.language
    return code if code and code != "und" and _CODE.fullmatch(code) else None


def backward_example(row: Row, config: ShownText, tags: TagConfig, clip: Clip) -> Example:
    """A seed pair reversed: the instruction is the target."""
    return Example(backward_prompt(row, config, tags.seed, clip)[0], row["instruction"])


def is_prompted(role: str, config: BackwardConfig) -> bool:
    """Whether a model of that `role` is told what is wanted, not shown the prompt of training; `auto` goes by the role."""
    return config.prompt in FORMS or (config.prompt == "auto" and role not in LEARNED)
