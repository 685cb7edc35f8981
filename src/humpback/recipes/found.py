"""Pairs that pages have already: headings that are questions, with the texts under them. For a start without any seed.

humpback run found --out runs/f --set corpus.inputs='["pages/*.warc.gz"]'
"""

from humpback.corpus import pages
from humpback.errors import UsageFault
from humpback.methods import found
from humpback.report import report
from humpback.run import Run


class Settings(found.Settings):
    """Pages, and which of their headings are questions."""

    corpus: pages.CorpusSettings = pages.CorpusSettings()
    random_seed: int = 42


def recipe(run: Run, settings: Settings) -> None:
    """An export of what is found may be the seed of another run."""
    if not settings.corpus.inputs:
        raise UsageFault("corpus.inputs is empty: there are no pages to read", "--set corpus.inputs='[\"pages/*.warc.gz\"]'")
    found.pairs(run, pages.segments(run, settings.corpus, settings.random_seed), settings)
    report(run)
