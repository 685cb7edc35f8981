"""The page: whole by itself, escaped, readable by machines that read aloud."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest
import worlds
from report.rendered import of, page
from selectolax.lexbor import LexborHTMLParser
from worlds import World, WorldSettings

from humpback.curate import scorers
from humpback.metrics import metric
from humpback.report import html, write_report
from humpback.report.composed import composed
from humpback.report.section import (
    Box,
    Curve,
    Fact,
    Facts,
    Figure,
    Flow,
    Histogram,
    Pair,
    Pairs,
    Plot,
    Section,
    Spark,
    Table,
    Track,
    Word,
    text,
)
from humpback.schema import Row

Made = Callable[[str], Path]
HOSTILE = "<img src=x onerror=alert(1)>"


def parsed(*sections: Section) -> LexborHTMLParser:
    return LexborHTMLParser(page(of(*sections)))


def body(*bodies: object) -> LexborHTMLParser:
    return parsed(Section("k", "t", "", bodies))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def pages(made: Made) -> dict[str, str]:
    return {name: write_report(made(name)).read_text(encoding="utf-8") for name in [*worlds.WORLDS, "unseen"]}


@pytest.mark.parametrize("name", [*worlds.WORLDS, "unseen"])
def test_a_page_needs_nothing_else(pages: dict[str, str], name: str) -> None:
    """A page that loads a script or a font from somewhere does not open offline, and tells that it was opened."""
    assert not re.search(r"""(src|href)\s*=\s*["'](https?:)?//|@import|url\(["']?http|<script""", pages[name])


@pytest.mark.parametrize("name", [*worlds.WORLDS, "unseen"])
def test_a_page_is_well_formed(pages: dict[str, str], name: str) -> None:
    """Ids are those of one element, links lead somewhere, rows have as many cells as there are headings."""
    tree = LexborHTMLParser(pages[name])
    ids = [each.attributes["id"] for each in tree.css("[id]")]
    assert len({*ids}) == len(ids) and {each.attributes["href"] for each in tree.css("nav a")} <= {
        f"#{each}" for each in ids
    }
    for table in tree.css("table"):
        widths = {len(row.css("td, th")) for row in table.css("tr")}
        assert len(widths) == 1, table.text()[:200]


@pytest.mark.parametrize("name", worlds.WORLDS)
def test_a_page_can_be_read_aloud(pages: dict[str, str], name: str) -> None:
    """Tables have headings for columns and rows; a picture has words, or is left out where its figures stand beside it."""
    tree = LexborHTMLParser(pages[name])
    assert tree.css_first("html").attributes["lang"] == "en" and tree.css_first("meta[name=viewport]")
    for table in tree.css("table"):
        assert all(each.attributes.get("scope") == "col" for each in table.css("thead th"))
        assert all(each.css_first("th[scope=row]") for each in table.css("tbody tr"))
    for picture in tree.css("svg"):
        inside = picture.parent is not None and picture.parent.tag in ("svg", "g")
        named = picture.attributes.get("aria-label") or picture.attributes.get("aria-hidden") or inside
        assert named or picture.css_matches(".ticks"), picture.html
    levels = [int(each.tag[1]) for each in tree.css("h1, h2, h3, h4")]
    assert levels[0] == 1 and levels.count(1) == 1


def hostile(kind: pa.DataType) -> object:
    """A value of the type with the hostile text wherever text can be."""
    if pa.types.is_list(kind):
        return [hostile(kind.value_type)]
    if pa.types.is_struct(kind):
        return {field.name: hostile(field.type) for field in kind}
    return HOSTILE if pa.types.is_string(kind) else True if pa.types.is_boolean(kind) else 1


def test_every_column_is_escaped(tmp_path: Path) -> None:
    """The judge's text, candidates, styles, statuses: whatever a model or a page wrote may hold markup."""
    row: Row = {field.name: hostile(field.type) for field in scorers.schema()}
    words = {"part": HOSTILE, "against": HOSTILE, "split": HOSTILE, "unit": HOSTILE, "note": HOSTILE}
    known = (
        "scorer_auc",
        "combined_weight",
        "combined_fit",
        "judge_level",
        "injection_shift",
        "gate_better",
        "nll",
        "stopped",
        HOSTILE,
    )
    measured = [metric(name, HOSTILE, 0.6, n=3, se=0.1, round=1, **words) for name in known]
    with World(tmp_path / "<b>", HOSTILE, WorldSettings(base=HOSTILE, backward_lm=HOSTILE)) as world:
        pairs = world.put("scored", [row, {**row, "id": "no", "score": None}], scorers.schema(), kind="scored", round=1)
        for of_ in ("competence", "injection", "gate", "iteration", "models", "comparison", "arms", "laws", "robustness"):
            world.metrics(of_, measured, of=of_, round=1)
        world.select("selected", pairs, {"no": (HOSTILE, HOSTILE)}, "score", k=1.0, round=1, why=HOSTILE, model=HOSTILE)
    found = write_report(tmp_path / "<b>").read_text(encoding="utf-8")
    assert "<img" not in found and "<b></h1>" not in found and found.count("&lt;img src=x") > 60


def test_marks_stand_where_their_values_are() -> None:
    """An axis the wrong way round tells the opposite; the whisker is the 95 % interval."""
    track = Track(("change",), -1.0, 1.0, ((0.0, "no change"),))
    tree = body(Table(("model", "change"), (("M_1", Figure(-0.5, se=0.1)), ("M_2", None)), track=track))
    [whisker], [mark], lines = tree.css(".whisker"), tree.css("tbody .mark"), tree.css("line.ref")
    assert (whisker.attributes["x1"], whisker.attributes["x2"]) == ("15.00%", "35.00%")
    assert mark.attributes["x"] == "25.00%" and [line.attributes["x1"] for line in lines] == ["50.00%"] * 2
    assert "0: no change." in tree.css_first(".key").text()


def test_a_plot_stands_where_it_was_measured() -> None:
    """A plot with predicted and observed exchanged praises an overconfident judge."""
    points = ((0.2, Figure(0.5, "share", low=0.4, high=0.6)),)
    tree = body(Plot((Curve("", points),), "predicted", "observed", even=True))
    [mark] = tree.css(".plot .mark")
    assert (mark.attributes["x"], mark.attributes["y"]) == ("20.00%", "50.00%")
    assert [text_.text() for text_ in tree.css(".plot text")][:3] == ["0 %", "20 %", "40 %"]
    assert "50 % [40, 60]" in tree.css_first(".data table").text()


def test_a_band_is_drawn_about_its_line() -> None:
    """From the left end to the right above, and back below."""
    line = tuple((x, Figure(0.5, low=0.25, high=0.75)) for x in (1.0, 10.0))
    made = html.plot(Plot((Curve("a", (), line),), "N", "w", log=True))
    band = [tuple(map(float, each.split(","))) for each in made["curves"][0]["band"].split()]
    (left, top), (right, _), (_, bottom), _ = band
    assert left < right and top < bottom


def test_histograms_stand_side_by_side() -> None:
    """Score and gain of one round are compared."""
    shown = Histogram("score", (0.0, 1.0, 2.0), (("kept", (1, 0)), ("not kept", (1, 2))), "Round 1")
    tree = body(shown, shown, text("after"))
    assert len(tree.css(".side figure")) == 2 and len(tree.css("rect")) == 6
    assert "1 to 2: 2 not kept" in tree.text()
    assert [len(group) for group in html.grouped((shown, text("a"), shown, shown))] == [1, 1, 2]


def test_a_pair_is_shown_with_all_that_is_known() -> None:
    """The instruction beside the response; why it fell; where it comes from."""
    candidates = Table(("candidate", "guard"), (("Ask", "improbable"),))
    lineage, facts = (("pair", "p1"), ("segment", "s1")), (Fact("score", Figure(4.5), "of 5"),)
    pair = Pair("How?", "So.", facts, "below_k: 4.5", ("https://a.example",), ("Well.", "Good."), lineage, candidates)
    shown = body(Pairs((pair,), "Best", 3)).css_first("section").text()
    for words in ("How?", "So.", "below_k: 4.5", "https://a.example", "what the judge wrote, 2 texts", "1 candidate",
                  "improbable", "And 3 more."):  # fmt: skip
        assert words in shown, words


def test_a_picture_of_boxes_has_two_forms() -> None:
    """Wide for a desk and tall for a phone; no box lies on another."""
    flow = Flow(
        (Box("a", "x" * 40, (0, 0)), Box("b", "", (1, 0)), Box("c", "", (1, 1))), ((0, 1), (1, 2), (2, 0)), "The loop"
    )
    tree = body(flow)
    assert [each.attributes["class"] for each in tree.css("svg.flow")] == ["flow long", "flow tall"]
    for tall in (False, True):
        made = html.flow(flow, tall)
        places = {(box["x"], box["y"]) for box in made["boxes"]}
        assert len(places) == 3 and all(
            x + html.WIDE <= made["width"] and y + html.HIGH <= made["height"] for x, y in places
        )


def test_what_is_left_out_is_told() -> None:
    """A page of a hundred megabytes is opened by nobody."""
    long = Pairs((Pair("ask", "x" * 50_000),))
    tree = body(Table(("a", "b"), tuple((f"r{i}", i) for i in range(3000)), left_out=5), long)
    assert len(tree.css("tbody tr")) == html.ROWS and "And 2,505 more rows." in tree.text()
    assert "… (30,000 characters more)" in tree.text() and len(tree.html or "") < 400_000
    many = Plot((Curve("c", tuple((float(i), Figure(1.0)) for i in range(5000))),), "x", "y")
    assert len(body(many).css(".plot .area .mark")) <= html.POINTS


def test_sections_under_another_stand_in_it() -> None:
    """One heading, one anchor each; what is seldom read is folded."""
    tree = parsed(Section("a", "A"), Section("b", "B", under=True), Section("c", "C", folded=True))
    assert [each.text() for each in tree.css("nav a")] == ["A", "C"]
    assert tree.css_first("#a h3#b") and tree.css_first("#c details summary h2")


def test_an_unfinished_run_is_told_to_be(made: Made, tmp_path: Path) -> None:
    """Above everything else."""
    report = replace(composed(made("loop")), unfinished=("forward-3",))
    assert "not finished" in LexborHTMLParser(html.page(report)).css_first("header").text()
    assert "not finished" not in LexborHTMLParser(html.page(composed(made("loop")))).css_first("header").text()


def test_words_have_their_tone_and_curves_their_line() -> None:
    """Refused in red, and a training's losses beside its model."""
    tree = body(
        Table(("m", "v", "loss"), (("M_1", Word("refused", "bad"), Spark((3.0, 2.0, 1.0))),)), Facts((Fact("n", 3, "it"),))
    )
    assert tree.css_first("span.bad").text() == "refused"
    assert tree.css_first(".spark polyline").attributes["points"] == "0.0,0.0 500.0,500.0 1000.0,1000.0"
    assert tree.css_first(".facts dt").text() == "n" and "it" in tree.css_first(".facts dd").text()


def luminance(colour: str) -> float:
    """Of a colour (WCAG 2.2, relative luminance)."""
    digits = colour.lstrip("#")
    digits = "".join(2 * each for each in digits) if len(digits) == 3 else digits
    parts = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_letters_can_be_read_in_both_modes(pages: dict[str, str], mode: str) -> None:
    """Grey on grey is read by young eyes alone: 4.5 to 1 at least (WCAG 2.2, 1.4.3)."""
    light, dark, *_ = re.findall(r":root \{([^}]*)\}", pages["loop"])
    colours = dict(re.findall(r"--([\w]+):\s*(#[0-9a-f]+)", light if mode == "light" else dark))
    for name in ("ink", "soft", "main", "good", "bad", *(f"k{i}" for i in range(6))):
        both = sorted((luminance(colours[name]), luminance(colours["paper"])))
        assert (both[1] + 0.05) / (both[0] + 0.05) >= 4.5, name
