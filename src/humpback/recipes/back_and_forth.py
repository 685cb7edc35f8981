"""Back-and-forth translation (Nguyen et al. 2024): what is kept is rewritten, and held to the pages as they are.

humpback run back_and_forth --out runs/b --set corpus.inputs='["pages/*.warc.gz"]' --set seed.path=seed.jsonl
"""

from typing import Annotated

from pydantic import Field

from humpback.config import OFTEN
from humpback.curate import scoring
from humpback.curate.settings import Asking
from humpback.lm.spec import ModelName
from humpback.loop.models import measure_models, trained
from humpback.loop.rounds import Rounds
from humpback.methods import choice, rewrite
from humpback.recipes import humpback
from humpback.report import report
from humpback.run import Run
from humpback.store import Dataset
from humpback.train import bases

M_REWRITTEN, M_DISTILLED, M_CHOSEN = "M_rewritten", "M_distilled", "M_chosen"


class Settings(humpback.Settings, rewrite.Settings):
    """Those of humpback, and of what is rewritten."""

    rewriter: Annotated[ModelName, OFTEN] = Field(
        "", description="the instruct model that rewrites (paper: a chat model of 70 billion); empty: the base as it is"
    )
    min_supported: float | None = Field(
        None,
        ge=0,
        le=1,
        description="a rewrite of whose sentences its page supports a smaller share is rejected, by relevance.embedding "
        "(ours); unset: none",
    )
    distilled: bool = Field(
        False, description="also a model on answers that the rewriter gives without the pages (paper's control)"
    )
    choose: tuple[choice.Answer, ...] = Field(
        (),
        description="also a model on one answer of each pair: of these the one that the base finds likeliest for its length "
        "(GRAPE)",
    )


def recipe(run: Run, settings: Settings) -> None:
    """The rounds of humpback; then a model on what they kept, rewritten, beside the one that was trained on it as it is."""
    check(settings)
    made = humpback.pool(run, settings)
    rounds = humpback.rounds(run, made)
    compare(run, made.seed, rounds, settings)
    report(run)


def check(settings: Settings) -> None:
    """Before anything is done; raises `UsageFault`."""
    humpback.check(settings)
    bases.check_instructed(settings.rewriter or settings.base)
    if settings.min_supported is not None:
        scoring.check(("supported",), settings, "")


def compare(run: Run, seed: Dataset, rounds: Rounds, settings: Settings) -> None:
    """All models on the test split, the last one of the rounds being what rewriting must beat."""
    kept, last = rounds.done[-1].chosen, list(rounds.models)[-1]
    answers, made = dict[str, Dataset](), dict[rewrite.By, Dataset]()
    if settings.distilled or "distilled" in settings.choose:
        # Where the model does not end its answer the page's text is no answer without the page.
        own = settings.model_copy(update={"rewrite": settings.rewrite.model_copy(update={"rejected": "drop"})})
        made["distilled"] = rewrite.pairs(run, kept, own, settings.rewriter or settings.base, "distilled")
    if settings.distilled:
        answers[M_DISTILLED] = made["distilled"]
    # The last one is what the report tells of.
    answers[M_REWRITTEN] = made["rewritten"] = rewritten(run, kept, settings)
    if settings.choose:
        among = choice.Answers(
            written={by: one.path for by, one in made.items() if by in settings.choose},
            web="web" in settings.choose, tag=settings.tags.web, max_tokens=settings.curate.max_tokens,
        )  # fmt: skip
        chosen = choice.pairs(run, kept, among, settings.base)
        if len(chosen):
            answers[M_CHOSEN] = chosen
        else:
            run.progress.say(f"{'not trained':<22} {M_CHOSEN}: no pair has an answer among {', '.join(settings.choose)}")
    models = {name: trained(run, "forward", [seed, pairs], settings, name) for name, pairs in answers.items()}
    measure_models(run, seed, {**rounds.models, **models}, settings, last)


def rewritten(run: Run, kept: Dataset, settings: Settings) -> Dataset:
    """The pairs `kept` with rewritten answers, as far as guards and `min_supported` let them through."""
    pairs = rewrite.pairs(run, kept, settings, settings.rewriter or settings.base)
    if settings.min_supported is None:
        return pairs
    cosines = settings.model_copy(update={"relevance": settings.relevance.model_copy(update={"entailment": None})})
    asking = Asking(round=1, model="", judge="", forward="", backward="", settings=cosines)
    [stage] = scoring.stages(("supported",), asking)
    return rewrite.supported(run, run.map("support", stage, pairs, kind="scoring"), settings.min_supported, settings)
