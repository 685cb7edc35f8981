"""Instruction backtranslation: which instruction does this text answer? (Humpback, Li et al. 2023, sections 2.2 and 2.4.)

A backward model is one trained to be, or any instruct model that is told what is wanted: `prompts/backward.py` renders
what they are shown, `methods/prompting.py` finds what a model that is told takes best.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, ValidationInfo, field_validator

from humpback import lm as language_models
from humpback.config import OFTEN, Config
from humpback.errors import UsageFault
from humpback.guards.checks import GuardConfig, guarded
from humpback.lm import LM, Completion, Sampling
from humpback.methods.candidates import candidate, every_clean, marked, merged
from humpback.methods.candidates import pairs as pairs_of
from humpback.methods.round_trip import RoundTripConfig, round_trip
from humpback.prompts import backward as shown
from humpback.prompts.backward import BACKWARD, BackwardConfig
from humpback.prompts.forward import TagConfig
from humpback.schema import PAIR, Row, row_seed
from humpback.stage import Drop, LMStage, Outcome, Stage
from humpback.store import Dataset

if TYPE_CHECKING:
    from humpback.run import Run


class DrawConfig(Config):
    """How instructions are drawn. What chooses among them is no part of it: choosing anew draws nothing anew."""

    candidates: Annotated[int, OFTEN] = Field(
        1, ge=1, description="instructions drawn per text, the best clean one kept (paper: 1)"
    )
    sampling: Sampling = Field(Sampling(), description="temperature 0.7, top-p 0.9 (paper), 512 tokens (Spico197)")
    max_pairs: int = Field(1, ge=1, description="most instructions kept per text, if they differ, each as a pair (paper: 1)")
    pair_chars: int = Field(1000, ge=1, description="one more of them for each so many characters of text (ours)")

    @field_validator("max_pairs")
    @classmethod
    def _enough_candidates(cls, value: int, info: ValidationInfo) -> int:
        if value > info.data.get("candidates", value):
            raise ValueError(f"of {info.data['candidates']} candidates no {value} can be kept; raise augment.candidates")
        return value


class AugmentConfig(DrawConfig):
    """How instructions are drawn, and which of them stay."""

    choose: Literal["likelihood", "round_trip", "curation"] = Field(
        "likelihood",
        description="by the backward model's likelihood, or also by what it gains the forward model (ours). curation: all "
        "clean candidates are pairs, and what selects keeps the best of each text (ours)",
    )
    weight: float = Field(1.0, ge=0, description="of the gain in a round trip, against the likelihood (ours)")


class Settings(Config):
    """The method's settings; recipes have them among their own."""

    tags: TagConfig = TagConfig()
    backward: BackwardConfig = BackwardConfig()
    augment: AugmentConfig = AugmentConfig()
    guards: GuardConfig = GuardConfig()
    random_seed: int = Field(42, description="every draw derives from it and the ids of the rows")


def pairs(
    run: "Run", source: Dataset, settings: Settings, writer: str, forward: str = "", max_tokens: int = 1536, round: int = 1
) -> Dataset:
    """An instruction by the backward model `writer` for each text of `source`, as far as the guards let it through.

    `forward` is the model that a round trip asks, of answers clipped to `max_tokens`. A later `round` draws other ones: its
    seed derives from `random_seed` and its number. What stands beside those of `Settings` is not read.
    """
    number = "" if round == 1 else f"-{round}"
    about: dict[str, Any] = {"method": "backtranslate", "round": round}
    made = run.map(f"augmented{number}", drawing(settings, writer, round), source, kind="candidates", **about)
    if settings.augment.choose == "round_trip":
        config = RoundTripConfig(
            tags=settings.tags, guards=settings.guards, weight=settings.augment.weight, max_tokens=max_tokens
        )
        made = run.map(f"round-trip{number}", LMStage("round-trip", PAIR, round_trip, config, lm=forward), made,
                       kind="candidates", **about)  # fmt: skip
    let_through = Stage("guards", PAIR, guarded, settings.guards)
    return run.map(f"pairs{number}", let_through, made, may_be_empty=round > 1, kind="pairs", of="guards", **about)


class Drawing(Config):
    """All that the draws of instructions depend on, beside texts and model; `every` clean one is a pair, or the best."""

    backward: BackwardConfig
    augment: DrawConfig
    every: bool = False
    tags: TagConfig
    guards: GuardConfig
    random_seed: int


def drawing(settings: Settings, writer: str, round: int = 1) -> LMStage:
    """The stage that draws the candidates of each text, and takes the likeliest."""
    seed = settings.random_seed if round == 1 else row_seed(str(settings.random_seed), f"round {round}")
    draws = DrawConfig(**{name: getattr(settings.augment, name) for name in DrawConfig.model_fields})
    config = Drawing(
        backward=settings.backward, augment=draws, every=settings.augment.choose == "curation", tags=settings.tags,
        guards=settings.guards, random_seed=seed,
    )  # fmt: skip
    return LMStage("augmented", PAIR, augment, config, lm=writer)


def augment(config: Drawing, rows: list[Row], lm: LM) -> Iterator[Outcome]:
    """Write an instruction for each segment with a backward model.

    Several candidates are drawn, each with a seed of its own. Of those that pass the guards the likeliest stays; if
    none passes the likeliest of all, which the guards then drop with its reason. Where the server gives no
    log-probabilities the clean one that was drawn most stays, of equals the first. All are kept in `candidates`, equal
    ones once. A long text may have several pairs: one more for each `pair_chars` of it, up to `max_pairs`.

    What a prompted model writes is cleaned (`clean_instruction`), and `raw` keeps it as it was. What a trained model
    writes is not: it has learned to write the instruction bare, from human ones of which some begin with "Question:" or
    a quotation; and where it writes more, that is its fault, for the guards to see.
    """
    language_models.reading(lm, "backward")
    _check_neighbours(config, rows, lm)
    asked = [_asked(config, row, lm) for row in rows]
    draws = config.augment.candidates
    made = lm.generate(
        [prompt for prompt, _ in asked for _ in range(draws)],
        config.augment.sampling,
        [row_seed(row["id"], f"{config.random_seed}/augment/{j}") for row in rows for j in range(draws)],
    )
    for i, (row, (prompt, pair)) in enumerate(zip(rows, asked, strict=True)):
        drawn = made[i * draws : (i + 1) * draws]
        if all(completion.finish == "too_long" for completion in drawn):
            yield Drop(row, "prompt_too_long", len(prompt))
        else:
            yield from _pairs(config, pair, drawn)


def _check_neighbours(config: Drawing, rows: list[Row], lm: LM) -> None:
    """Raises `UsageFault` where neighbours are to be shown and none would be."""
    if config.backward.context != "neighbours":
        return
    if not shown.is_prompted(lm.role, config.backward):
        raise UsageFault(
            f"backward.context is neighbours, and {lm.name} is shown the prompt of its training, which had none",
            "name an instruct model to write: --set backward_lm=..., or --set backward.context=heading",
        )
    if rows and all(row.get("around") is None for row in rows):
        raise UsageFault(
            "backward.context is neighbours, and the texts have none beside them",
            "cut the pages with --set corpus.segment.around=600 (and segment.unit=header_tree), "
            "or --set backward.context=heading",
        )


def _pairs(config: Drawing, pair: Row, drawn: list[Completion]) -> Iterator[Row]:
    draws = [candidate(completion, pair["prompt"] != BACKWARD) for completion in drawn]
    listed = marked(pair, merged(draws), config.guards)
    if config.every:
        yield from every_clean(pair, listed)
        return
    most = min(config.augment.max_pairs, 1 + len(pair["response"]) // config.augment.pair_chars)
    yield from pairs_of(pair, listed, "logprob", most)


def _asked(config: Drawing, row: Row, lm: LM) -> tuple[str, Row]:
    """(prompt, the pair without its instruction)."""
    if not shown.is_prompted(lm.role, config.backward):
        prompt, clipped = shown.backward_prompt(row, config.backward, config.tags.seed, lm.clip)
        # One that was trained on pairs in two languages writes the one that its seed's instructions are in.
        told = None if config.backward.language == "text" else config.backward.language
        return prompt, {**_pair(row, lm.name, BACKWARD, clipped), "instruction_lang": told}
    style = config.backward.styles[row_seed(row["id"], f"{config.random_seed}/style") % len(config.backward.styles)]
    prompt, clipped = shown.prompted_prompt(row, config.backward, style, lm.clip)
    asked = {"style": style, "instruction_lang": shown.wanted_language(row, config.backward)}
    return prompt, {**_pair(row, lm.name, config.backward.told_by, clipped), **asked}


def _pair(row: Row, lm: str, prompt: str, clipped: bool) -> Row:
    return {
        "parent": row["id"],
        "url": row.get("url"),
        "header_path": row.get("header_path"),
        "response": row["text"],
        "source": "web",
        "method": "backtranslate",
        "lm": lm,
        "prompt": prompt,
        "style": None,
        "clipped": clipped,
        "lang": row.get("lang"),
        "instruction_lang": None,
        "license": row.get("license"),
        "opt_out": row.get("opt_out"),
    }
