"""What `humpback show` prints."""

import shutil
from pathlib import Path

import pytest
from conftest import TestSettings

from humpback.report import gather
from humpback.report.measured import figure, find
from humpback.report.show import plain, show_funnel, show_pairs, show_run
from humpback.run import Run
from humpback.schema import SCORED
from humpback.stage import Drop, Stage


def test_the_round_in_short(own: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Who judged, what decided, and all that was measured, without opening a browser."""
    show_run(own)
    out = " ".join(capsys.readouterr().out.split())
    [found] = gather.rounds(own)
    for words in ("judged by echo (M_0, the model in training)", "AUC, shuffled: judge 0.", "a guard drops it",
                  "negation canary", "a thousand pairs: seconds", "levels of clean pairs: 1:", "What models were asked",
                  "likeness to the seed, instruction: AUC"):  # fmt: skip
        assert words in out, words
    assert f"excess {figure(find(found.injection, 'injection_excess', 'all'), 2, signed=True)}" in out
    assert "money" not in out and "no self-alignment" not in out


def test_an_outside_judge_is_told(outside: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The line that takes the claim back must be in the text too."""
    show_run(outside)
    out = " ".join(capsys.readouterr().out.split())
    assert "judged by echo, not by the model in training: this is no self-alignment" in out
    assert "instructions written by openai:<b>some</b>" in out


def test_labels_are_told(labelled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`humpback score` on labelled pairs is asked for just these figures."""
    show_run(labelled)
    out = " ".join(capsys.readouterr().out.split())
    assert "60 labelled pairs, 25 % [16, 37] good: precision " in out and "(score >= 3.5)" in out and "Brier" in out


def test_a_run_that_measured_nothing_is_shown(own: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Older runs, and those that are not so far yet."""
    run = Path(shutil.copytree(own, tmp_path / "run"))
    for name in ("competence", "injection", "likeness", "scored", "selected"):
        shutil.rmtree(next(run.glob(f"*-{name}-1")))
    show_run(run)
    assert "The funnel" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x1b[31mred\x1b]0;title\x07", "a [31mred ]0;title"),
        ("one\r\ntwo\u2028three\x85four", "one two three four"),
        ("safe \u202ednuor\u202c\u2066x", "safe dnuor x"),
        ("سلام\u200cها and 👩\u200d🔧", "سلام\u200cها and 👩\u200d🔧"),
    ],
)
def test_a_terminal_obeys_no_text_of_the_web(text: str, shown: str) -> None:
    """An escape sequence in a page could rewrite what was printed; joiners inside of words are no such thing."""
    assert plain(text) == shown


def test_pairs_of_the_web_are_printed_plain(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The instruction, the text, the address and the headings all come from outside."""
    bad = "x\x1b[2J\x07y"
    row = {"id": "a", "instruction": bad, "response": bad, "url": bad, "header_path": [bad], "score": 5.0}
    with Run(tmp_path / "run", "t", TestSettings()) as run:
        pairs = run.put("scored-1", lambda: [row], SCORED, {})
        run.map("selected-1", Stage("selected", SCORED, iter, {"by": "score", "k": 4.5, "why": "w"}, scope="dataset"), pairs)
    show_pairs(tmp_path / "run")
    out = capsys.readouterr().out
    assert "x [2J y" in out and "\x1b" not in out and "\x07" not in out


def test_reasons_in_brackets_are_no_markup(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The table swallowed what stood in brackets."""
    rows = [{"id": "a"}, {"id": "b"}]
    with Run(tmp_path / "run", "t", TestSettings()) as run:
        pairs = run.put("scored-1", lambda: rows, SCORED, {})
        stage = Stage("s", SCORED, lambda rows: (Drop(r, "[red]odd") if r["id"] == "b" else r for r in rows))
        run.map("odd", stage, pairs)
    show_funnel(tmp_path / "run")
    assert "1 [red]odd" in capsys.readouterr().out
