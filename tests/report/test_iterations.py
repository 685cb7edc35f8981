"""The rounds side by side: in text and on the page."""

from pathlib import Path

import pytest
from conftest import TestSettings

from humpback import store
from humpback.evaluate import iteration
from humpback.metrics import metric
from humpback.report import content, gather, iterations, write_report
from humpback.report.show import show_iterations
from humpback.run import Run
from humpback.schema import METRIC, Row

PAIRS = [{"id": f"p{i}"} for i in range(6)]
LOSSES = {"M_0": 3.0, "M_1": 2.8, "M_2": 2.9}


def selection(round_: int, judge: str) -> list[Row]:
    return [
        metric("selection_precision", judge, 0.4, n=20, se=0.11, unit="share", round=round_),
        metric("acceptance", judge, 0.25, n=40, unit="share", round=round_),
        *(iteration.overlap("abc", "bcd", judge, round_) if round_ > 1 else ()),
    ]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two rounds, of which the second model is refused, and a third that is not begun."""
    folder = tmp_path_factory.mktemp("rounds") / "run"
    cases = {
        name: list(iteration.cases(name, PAIRS, [loss + 0.1 * i for i in range(6)], [1.0] * 6))
        for name, loss in LOSSES.items()
    }
    likeness = [metric("length", "M_0", 61.0, n=9, se=2.0, unit="characters", round=1, note="instruction, kept")]
    ended = [metric("stopped", "M_1", 1.0, n=1, round=3, note="M_1 judges the same pairs again")]
    with Run(folder, "humpback", TestSettings()) as run:
        for number, judge, best, new in ((1, "M_0", "M_0", "M_1"), (2, "M_1", "M_1", "M_2")):
            run.put(f"likeness-{number}", lambda n=number: likeness if n == 1 else [], METRIC, {})  # type: ignore[misc]
            run.put(f"iteration-{number}", lambda n=number, j=judge: selection(n, j), METRIC, {})  # type: ignore[misc]
            found = iteration.verdict(cases[best], cases[new], 2.0, number)
            run.put(f"gate-{number}", lambda rows=found.rows: rows, METRIC, {})  # type: ignore[misc]
        run.put("iteration-3", lambda: ended, METRIC, {})
        told = {"model": "M_1", "round": 1, "why": "it is better"}
        run.step("best", lambda place: store.write_json(place / "best.json", told), {})
    return folder


def test_each_round_is_a_row_and_what_nobody_measured_no_column(folder: Path) -> None:
    """A table of dashes hides what was measured."""
    selected, instructions = iterations.tables(folder)
    assert selected.columns == ("round", "judged by", "kept", "precision", "overlap", "new", "left")
    assert selected.rows[0] == ("1", "M_0", "10 of 40", "40 % ± 11", "-", "-", "-")
    assert selected.rows[1] == ("2", "M_1", "10 of 40", "40 % ± 11", "0.50", "1", "1")
    assert instructions.columns[2:] == ("characters, kept",) and instructions.rows[0][2] == "61 ± 2"


def test_each_model_has_its_verdict(folder: Path) -> None:
    """M_2 is measured against M_1, the best so far, and not against M_0, than which it is better."""
    first, second, third = iterations.gated(folder)
    assert (first.model, first.change, first.verdict) == ("M_0", None, "")
    assert (second.verdict, third.verdict) == ("promoted", "refused")
    assert third.change is not None and third.change["value"] == pytest.approx(0.1) and third.n == 6
    assert "M_2 is not better than M_1" in third.why


def test_show_names_the_best_the_refusal_and_the_end(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Who reads the last model's name alone takes a worse one; and fewer rounds than were asked for need a reason."""
    show_iterations(folder)
    out = " ".join(capsys.readouterr().out.split())
    for words in ("precision 25%", "10 of 40", "-0.2000 ± 0.0000", "promoted", "refused", "M_2 is not better than M_1",
                  "round 3 stops: M_1 judges the same pairs again", f"best by the dev split: M_1, in {folder}"):  # fmt: skip
        assert words in out, words


def test_the_page_has_the_same(folder: Path) -> None:
    """Text and page are made of the same figures."""
    page = write_report(folder).read_text()
    for words in ("The rounds", "10 of 40", "-0.2000 ± 0.0000", 'class="good"', 'class="bad"', "M_2 is not better than M_1",
                  "Round 3 stops: M_1 judges the same pairs again", "the best model, by the dev split"):  # fmt: skip
        assert words in page, words
    gated = content(folder)["gated"]
    assert [row["dot"].at < 50 for row in gated["models"] if row["dot"]] == [True, False]


def test_measurements_of_rounds_are_no_rows_of_the_funnel(folder: Path) -> None:
    """Metric rows that "were read" make the funnel grow at its end."""
    assert {row["kind"] for row in gather.funnel(folder)} == {"internal", "step"}


def test_a_run_without_rounds_has_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Sweeps, single stages, and runs made before rounds were compared."""
    with Run(tmp_path / "run", "t", TestSettings()) as run:
        run.put("scored-1", list, METRIC, {})
    show_iterations(tmp_path / "run")
    assert capsys.readouterr().out == "" and iterations.tables(tmp_path / "run") == []
    assert "<h2>The rounds" not in write_report(tmp_path / "run").read_text()
