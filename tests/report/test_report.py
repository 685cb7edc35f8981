"""The page: of runs that are whole, unfinished, older, and full of hostile text."""

import re
import shutil
from pathlib import Path

import pyarrow as pa
import pytest
from conftest import TestSettings, segments_in

from humpback.metrics import metric
from humpback.report import content, gather, measured, write_report
from humpback.run import Run
from humpback.schema import METRIC, SCORED, SEGMENT, Row
from humpback.stage import Stage

HOSTILE = "<img src=x onerror=alert(1)>"
SECTIONS = {
    "competence": "Can it judge?",
    "injection": "Can a text talk its judge round?",
    "likeness": "Does what was kept only look like the seed?",
}


@pytest.fixture(scope="module")
def pages(own: Path, outside: Path, labelled: Path) -> dict[str, str]:
    runs = {"own": own, "outside": outside, "labelled": labelled}
    return {name: write_report(run).read_text() for name, run in runs.items()}


def test_an_unfinished_run_is_reported_as_such(tmp_path: Path) -> None:
    """A killed run is looked at before it is resumed."""
    with Run(tmp_path, "t", TestSettings()) as run:
        segments_in(run, 4)
    (tmp_path / "09-later").mkdir()
    assert content(tmp_path)["unfinished"] == ["later"]


def test_text_of_pages_is_escaped(tmp_path: Path) -> None:
    """A page's script must not run in the report."""
    with Run(tmp_path / "<b>", "t", TestSettings(name="<script>alert(1)</script>")) as run:
        run.map("sample", Stage("sample", SEGMENT, iter), segments_in(run, 2))
    page = write_report(tmp_path / "<b>").read_text()
    assert "<script>" not in page and "&lt;script&gt;" in page


def hostile(kind: pa.DataType) -> object:
    """A value of the type with the hostile text wherever text can be."""
    if pa.types.is_list(kind):
        return [hostile(kind.value_type)]
    if pa.types.is_struct(kind):
        return {field.name: hostile(field.type) for field in kind}
    return HOSTILE if pa.types.is_string(kind) else True if pa.types.is_boolean(kind) else 1


def test_every_column_is_escaped(tmp_path: Path) -> None:
    """The judge's text, candidates, styles, statuses: whatever a model or a page wrote may hold markup."""
    row: Row = {field.name: hostile(field.type) for field in SCORED}
    rows = [row, {**row, "id": "unscored", "score": None}]
    notes = ["all", HOSTILE]
    attacks = [
        metric(f"injection_{m}", "M_0", 0.1, n=3, note=note) for note in notes for m in ("shift", "control", "excess")
    ]
    damages = [
        metric(name, HOSTILE, 0.6, n=3, unit=HOSTILE, note=HOSTILE) for name in ("judge_auc", "gain_auc", "judge_level")
    ]
    with Run(tmp_path / "run", HOSTILE, TestSettings(name=HOSTILE)) as run:
        pairs = run.put("scored-1", lambda: rows, SCORED, {})
        run.put("competence-1", lambda: damages, METRIC, {})
        run.put("injection-1", lambda: attacks, METRIC, {})
        plan = {"by": "score", "why": HOSTILE, "share": 0.5}
        run.map("selected-1", Stage("selected", SCORED, iter, plan, scope="dataset"), pairs)
    page = write_report(tmp_path / "run").read_text()
    assert "<img" not in page and page.count("&lt;img src=x") > 20


@pytest.mark.parametrize("name", ["own", "outside", "labelled"])
def test_a_page_needs_nothing_else(pages: dict[str, str], name: str) -> None:
    """A page that loads a script or a font from somewhere does not open offline, and tells that it was opened."""
    assert not re.search(r"""(src|href)\s*=\s*["'](https?:)?//|@import|url\(["']?http|<script""", pages[name])


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("own", "Judged by <b>echo</b> (M_0, the model in training)."),
        ("outside", "Judged by <b>echo</b>, not by the model in training: this is no self-alignment."),
        ("outside", "Instructions written by <b>openai:&lt;b&gt;some&lt;/b&gt;</b>, an instruct model"),
        ("labelled", "Judged by <b>echo</b>."),
    ],
)
def test_who_judged_and_wrote_is_said(pages: dict[str, str], name: str, words: str) -> None:
    """What is not said is taken for the paper's self-alignment."""
    assert words in pages[name]
    assert ("no self-alignment" in pages[name]) is (name == "outside")


def test_the_competence_is_on_the_page_with_what_decided(pages: dict[str, str], own: Path) -> None:
    """A selection without what it rests on has to be believed."""
    [found], page = gather.rounds(own), pages["own"]
    for row in found.competence:
        if row["metric"] in ("judge_auc", "gain_auc"):
            assert measured.figure(row, 2) in page
        elif row["value"] is not None and row["metric"] != "judge_level":
            assert f"<b>{measured.quantity(row)}</b>" in page, row["metric"]
    assert found.plan is not None and found.plan["why"] in page and "</b> selects</span>" in page
    for word in ("order flips", "negation canary", "prompt tokens", 'class="levels"', 'style="left:50%"'):
        assert word in page


def test_a_judge_that_writes_has_its_own_measures_and_texts(pages: dict[str, str]) -> None:
    """Order flips are of one mode and retests of the others; and what was written is the reason of the score."""
    page = pages["outside"]
    assert "retest gap" in page and "retest kappa" in page and "order flips" not in page
    for word in ("what the judge wrote, 6 texts", "&lt;img src=x", "aspects ", "round trip</th>", "specificity ",
                 "retrieval rank ", "asked for as a "):  # fmt: skip
        assert word in page, word
    assert "<img" not in page


def test_pairs_without_a_score_say_why(pages: dict[str, str], outside: Path) -> None:
    """They fell under the table: neither best nor worst."""
    statuses = {row["status"] for row in gather.rows_of(outside, "scored-1") if row["score"] is None}
    assert statuses == {"too_few_valid"}
    assert "Without a score" in pages["outside"] and "no score: too_few_valid" in pages["outside"]


def test_pairs_that_were_not_kept_say_why(pages: dict[str, str]) -> None:
    """Below the share, or a near duplicate of a better one: the drop knows."""
    assert re.search(r'class="bad">(below_share|near_duplicate_instruction): ', pages["own"])


def test_injection_and_likeness_are_on_the_page(pages: dict[str, str], own: Path) -> None:
    """With their standard errors, and each kind of attack by itself."""
    [found], page = gather.rounds(own), pages["own"]
    for row in found.injection:
        if row["metric"] == "injection_excess":
            assert measured.figure(row, 2, signed=True) in page
            assert row["note"] == "all" or f'{row["note"].replace("_", " ")} <span class="soft">n&nbsp;=' in page
    for row in found.likeness:
        if row["metric"] == "seed_like_auc":
            assert measured.figure(row, 2) in page
        elif row["value"] is not None:
            assert measured.quantity(row) in page


def test_labels_are_compared_with_the_judge(pages: dict[str, str], labelled: Path) -> None:
    """Precision is nothing without its interval and the base rate."""
    page, metrics = pages["labelled"], gather.rows_of(labelled, "agreement")
    for name in ("judge_base_rate", "judge_precision", "judge_recall"):
        assert str(measured.interval(measured.find(metrics, name))) in page
    for name, digits in (("judge_label_auc", 2), ("judge_ece", 3), ("judge_brier", 3)):
        assert measured.figure(measured.find(metrics, name), digits) in page
    bins = [row for row in metrics if row["metric"] == "judge_calibration"]
    assert page.count("<circle") == len(bins) > 3
    assert sum(int(n) for n in re.findall(r"n = (\d+)</title>", page)) == 60
    assert "kept in round" not in page and "not kept" not in page


def test_what_models_took_is_on_the_page_and_money_if_there_was_any(
    pages: dict[str, str], own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A column of zeroes for who pays nothing; and who pays must find it."""
    [row, *_] = gather.spending(gather.funnel(own))
    assert f"{row['prompt_tokens']:,.0f}" in pages["own"] and "money" not in pages["own"].lower()
    monkeypatch.setattr(gather, "spending", lambda _: [{**row, "cost": 0.125}, {**row, "name": "other", "cost": 0.5}])
    page = write_report(own).read_text()
    assert "0.1250" in page and "Money in all: 0.6250" in page


@pytest.mark.parametrize("missing", SECTIONS)
def test_a_run_that_measured_less_has_a_shorter_page(own: Path, tmp_path: Path, missing: str) -> None:
    """Runs made before a measurement was there are still read."""
    run = Path(shutil.copytree(own, tmp_path / "run"))
    [folder] = run.glob(f"*-{missing}-1")
    shutil.rmtree(folder)
    page = write_report(run).read_text()
    assert {name: words in page for name, words in SECTIONS.items()} == {name: name != missing for name in SECTIONS}


def test_scores_of_an_older_run_lack_columns(tmp_path: Path) -> None:
    """A column that was added later is none of a run that was made before."""
    old = pa.schema([(name, SCORED.field(name).type) for name in ("id", "parent", "url", "header_path", "instruction",
                                                                   "response", "score", "gain")])  # fmt: skip
    rows = [{"id": str(i), "instruction": f"ask {i}", "response": "told", "score": float(i), "gain": 0.1} for i in (1, 2)]
    with Run(tmp_path / "run", "t", TestSettings()) as run:
        run.put("scored-1", lambda: rows, old, {})
    page = write_report(tmp_path / "run").read_text()
    assert "ask 2" in page and "score 2.00" in page and "no status" in page
