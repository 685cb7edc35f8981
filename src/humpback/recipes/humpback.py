"""Humpback (Li et al. 2023): seed and web pages in; rounds of self-augmentation and self-curation; M_0, M_1, M_2 out.

humpback run humpback --out runs/a --set corpus.inputs='["pages/*.warc.gz"]' --set seed.path=seed.jsonl
"""

from dataclasses import dataclass

from humpback.corpus import pages
from humpback.corpus.pairs import seed_pairs
from humpback.curate import scoring
from humpback.errors import UsageFault
from humpback.loop.models import check_training, trained
from humpback.loop.pool import later_pairs, unseen
from humpback.loop.rounds import LoopSettings, Rounds, self_curate
from humpback.loop.worth import measure
from humpback.methods import backtranslate, prompting
from humpback.report import report
from humpback.run import Run
from humpback.store import Dataset
from humpback.train import bases


class Settings(LoopSettings):
    """Everything that can be set, with its default and where that comes from."""

    corpus: pages.CorpusSettings = pages.CorpusSettings()


@dataclass(frozen=True)
class Pool:
    """What the first round selects from: `pairs` that the backward model `writer` wrote, and who is asked: `first` is M_0.

    `settings` are those of the run, with the prompt that was found best where the writer is told what is wanted.
    """

    settings: Settings
    seed: Dataset
    segments: Dataset
    writer: str
    first: str
    pairs: Dataset


def pool(run: Run, settings: Settings) -> Pool:
    """Seed, segments, backward model, M_0, and an instruction for each text, as far as the guards let it through."""
    check(settings)
    seed = seed_pairs(run, settings.seed, settings.random_seed)
    if settings.backward_lm:
        settings = prompting.settled(run, seed, settings, settings.backward_lm)
    return pool_of(run, settings, seed, pages.segments(run, settings.corpus, settings.random_seed))


def pool_of(run: Run, settings: Settings, seed: Dataset, segments: Dataset) -> Pool:
    """As `pool`, on a seed and segments that are there."""
    writer = settings.backward_lm or trained(run, "backward", [seed], settings)
    first = trained(run, "forward", [seed], settings, "M_0", round=0)
    pairs = backtranslate.pairs(run, segments, settings, writer, first, settings.curate.max_tokens)
    clean = unseen(run, pairs, seed, settings.corpus.contamination)
    return Pool(settings, seed, segments, writer, first, clean)


def recipe(run: Run, settings: Settings) -> None:
    """The whole loop; a finished step returns at once."""
    made = pool(run, settings)
    measure(run, made.seed, rounds(run, made), made.settings)
    report(run)


def rounds(run: Run, made: Pool) -> Rounds:
    """Rounds of self-curation on what `pool` made."""
    contamination = made.settings.corpus.contamination
    again = later_pairs(run, made.segments, made.seed, backtranslate.pairs, made.settings, contamination)
    return self_curate(run, made.seed, made.pairs, made.first, made.settings, made.writer, again)


def check(settings: Settings) -> None:
    """Before anything is done; raises `UsageFault`."""
    if not settings.corpus.inputs:
        raise UsageFault("corpus.inputs is empty: there are no pages to read", "--set corpus.inputs='[\"pages/*.warc.gz\"]'")
    if not settings.seed.path:
        raise UsageFault("seed.path is empty: there are no seed pairs", "--set seed.path=seed.jsonl")
    if settings.curate.rounds < 1:
        raise UsageFault(f"curate.rounds is {settings.curate.rounds}: nothing would be selected", "--set curate.rounds=1")
    if settings.backward_lm and settings.iterate.backward == "retrained":
        raise UsageFault(
            f"iterate.backward is retrained, and instructions are written by {settings.backward_lm}, which is not trained",
            "leave backward_lm empty, or --set iterate.backward=fixed",
        )
    cut = settings.corpus.segment
    beside = settings.backward_lm and settings.backward.prompt != "trained" and cut.around and cut.unit == "header_tree"
    if settings.backward.context == "neighbours" and not beside:
        raise UsageFault(
            f"backward.context is neighbours, and none would be shown: backward_lm is "
            f"{settings.backward_lm or 'a model that is trained'}, backward.prompt {settings.backward.prompt}, "
            f"corpus.segment.around {cut.around}, corpus.segment.unit {cut.unit}",
            "name an instruct model and how much is shown: --set backward_lm=... --set corpus.segment.around=600",
        )
    scoring.check((settings.curate.by,), settings, settings.backward_lm or "trained")
    bases.check_instructed(settings.backward_lm)
    check_training(settings)
