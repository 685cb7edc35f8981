"""Scorers are files: what a new one takes, and what is said by none of them twice."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from made import rows_in

from humpback.curate import scorers, scoring
from humpback.curate.combine import fit
from humpback.curate.select import Choice, CurateConfig, selected
from humpback.curate.settings import Asking, CurationSettings
from humpback.errors import HumpbackError, UsageFault
from humpback.run import Run
from humpback.schema import PAIR

LENGTH = '''
"""How long the response is."""

from collections.abc import Iterable, Iterator

import pyarrow as pa

from humpback.config import Config, Empty
from humpback.curate import scorers
from humpback.curate.scorers import Scorer
from humpback.curate.settings import Asking
from humpback.schema import Row
from humpback.stage import Outcome, Stage


def length(config: Config, rows: Iterable[Row]) -> Iterator[Outcome]:
    for row in rows:
        yield {**row, "length": len(row["response"])}


def stages(asking: Asking) -> tuple[Stage, ...]:
    return (Stage("length", scorers.schema(), length, Empty()),)


SCORER = Scorer("length", {"length": pa.int64()}, stages, part="length", higher=False)
'''


@pytest.fixture
def length(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "length.py").write_text(LENGTH)
    monkeypatch.setattr(scorers, "__path__", [*scorers.__path__, str(tmp_path / "more")])
    yield
    sys.modules.pop("humpback.curate.scorers.length", None)


@pytest.mark.usefixtures("length")
def test_a_new_scorer_is_one_file(run: Run) -> None:
    """It used to be named at fourteen places in six files: schema, `curate.by`, tables of needs and of costs, stages."""
    rows = [{"id": f"p{i}", "instruction": f"What is number {i}?", "response": "word " * (5 - i)} for i in range(5)]
    settings = CurationSettings(curate=CurateConfig(by="length", distinct=None), combine=("length",))
    scoring.check(("length", "combined"), settings, backward="")
    asking = Asking(1, "M_0", "echo", "echo", "", settings, columns=("length", "combined"))
    assert scoring.wanted(asking) == ("score", "gain", "length")
    every = scoring.scored(run, "scored-1", rows_in(run, rows, PAIR, "pairs"), asking)
    assert [row["length"] for row in every.rows()] == [25, 20, 15, 10, 5]
    made = fit([{"length": 5}, {"length": 6}], {"long": [{"length": 20}]}, [scorers.load("length", settings.curate)])
    found = [p or 0.0 for p in made.predict(list(every.rows()))]
    assert found == sorted(found) and found[-1] > 0.5 > found[0]
    kept = selected(run, "selected-1", every, Choice("length", share=0.4), settings.curate, round=1)
    assert [row["id"] for row in kept.rows()] == ["p3", "p4"] and kept.about["by"] == "length"


def test_without_the_file_there_is_no_such_scorer() -> None:
    """A name that passes its check and fails hours later in the selection."""
    with pytest.raises(UsageFault, match="no scorer 'length'"):
        CurateConfig(by="length")


def test_a_file_is_named_as_its_column(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A copied file that still says its old column would score by the old one under the new name."""
    (tmp_path / "longest.py").write_text(LENGTH)
    monkeypatch.setattr(scorers, "__path__", [*scorers.__path__, str(tmp_path)])
    with pytest.raises(HumpbackError, match=r"longest\.py is of the column 'length'"):
        scorers.names()
    sys.modules.pop("humpback.curate.scorers.longest", None)


def test_no_scorer_is_used_without_its_band() -> None:
    """Whoever takes it from its file, past `load`, must not keep what lies outside the band."""
    from humpback.curate.scorers.ifd import SCORER

    with pytest.raises(HumpbackError, match="no band"):
        SCORER.fault(1.5)
    assert scorers.load("ifd", CurateConfig()).fault(1.5) == "outside_band"
    assert scorers.load("ifd", CurateConfig(ifd_band=(0.9, 2.0))).fault(1.5) is None


@pytest.mark.parametrize("name", scorers.names())
def test_stages_write_the_columns_that_their_scorer_says(name: str, tmp_path: Path) -> None:
    """A column nobody declared is refused when it is written, hours after the model was asked for it."""
    settings = CurationSettings(base="echo", combine=("gain",))
    scorer = scorers.load(name, settings.curate)
    made = scorer.stages(Asking(1, "M_0", "echo", "echo", "echo", settings, fitted=tmp_path))
    assert made and all(set(scorer.columns) <= set(stage.columns.names) for stage in made)
    assert name in scorer.columns and (not scorer.status or scorer.status in scorer.columns)


def test_scorers_that_share_a_stage_run_it_once() -> None:
    """A judge that is asked for its score, and again for the gain, costs twice."""
    settings = CurationSettings(base="echo")
    one = Asking(1, "M_0", "echo", "echo", "echo", settings, fitted=Path())
    assert [stage.name for stage in scoring.stages(scorers.names(), one)] == [
        "scored", "base", "contrast", "backward", "headings", "retrieval", "relevance", "supported-gain", "supported",
        "combined",
    ]  # fmt: skip
    other = Asking(1, "M_0", "openai:judge", "echo", "echo", settings)
    assert [stage.name for stage in scoring.stages(["ifd", "gain", "score"], other)] == ["scored", "likelihood"]


def test_a_combination_that_was_not_fitted_is_refused() -> None:
    """Asked for too early it would rank by nothing."""
    with pytest.raises(HumpbackError, match="before it is fitted"):
        scoring.stages(("combined",), Asking(1, "M_0", "echo", "echo", "", CurationSettings()))
