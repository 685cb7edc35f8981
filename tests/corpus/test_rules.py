"""The rules: each fires on its fault, and does not on what nearly is one."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from humpback.corpus.dedup import DedupConfig, unique
from humpback.corpus.language import keep_languages
from humpback.corpus.read import read, sources
from humpback.corpus.rules import NAVIGATION, RULES, RuleConfig, apply_rules, repetition
from humpback.corpus.segment import segment
from humpback.schema import Row
from humpback.stage import Drop, Outcome

DEMO = Path(__file__).parents[2] / "src" / "humpback" / "recipes" / "material" / "pages.warc.gz"
SENTENCES = (
    "A worn chain ruins the cassette long before it breaks.",
    "Measure twelve links with a plain steel ruler.",
    "Clean every plate with a stiff brush and warm soapy water.",
    "Wipe off the surplus oil, since dust clings to it.",
    "Ride slowly around the block and listen for a faint clicking.",
)


def row(**more: Any) -> Row:
    base = {"id": "a", "parent": "page", "header_path": ["How to oil a chain"], "parent_segment": None, "flags": []}
    text = more.get("text", " ".join(SENTENCES))
    return {**base, "text": text, "n_chars": 1000, **more}


def reason(config: RuleConfig | None = None, **more: Any) -> str | None:
    out = list(apply_rules(config or RuleConfig(), [row(**more)]))
    return out[0].reason if isinstance(out[0], Drop) else None


@pytest.mark.parametrize(
    ("length", "expected"),
    [(0, "too_short"), (599, "too_short"), (600, None), (3000, None), (3001, "too_long"), (99_999, "too_long")],
)
def test_length(length: int, expected: str | None) -> None:
    """The paper keeps 600 to 3000 characters, both included."""
    assert reason(n_chars=length) == expected


@pytest.mark.parametrize(("flags", "expected"), [(["empty_header"], "empty_header"), ([], None), (None, None)])
def test_empty_header(flags: list[str] | None, expected: str | None) -> None:
    """A heading without a letter or digit asks nothing."""
    assert reason(flags=flags) == expected


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("HOW TO OIL A CHAIN", "uppercase_header"),
        ("ÖL UND FETT 2", "uppercase_header"),
        ("FAQ", None),
        ("USB", None),
        ("How to oil a CHAIN", None),
        ("自転車 の 修理", None),
        ("2024 10", None),
    ],
)
def test_uppercase_header(header: str, expected: str | None) -> None:
    """Shouting falls, names of one word and scripts without case do not."""
    assert reason(header_path=[header]) == expected


@pytest.mark.parametrize(("upper", "expected"), [(10, "uppercase_text"), (9, "uppercase_text"), (8, None), (0, None)])
def test_uppercase_text(upper: int, expected: str | None) -> None:
    """From nine letters in ten on a text is uppercase; digits and signs do not count."""
    assert reason(text="A" * upper + "a" * (10 - upper) + " 123 !!!") == expected


def test_text_without_case() -> None:
    """Chinese has no upper case, and a text of digits no letters: neither is uppercase, nor a division by zero."""
    assert (reason(text="自転車の修理"), reason(text="123"), reason(text="")) == (None, None, None)


@pytest.mark.parametrize("term", NAVIGATION)
def test_navigation_header(term: str) -> None:
    """Every term of the list drops a header that holds it, in any case."""
    assert reason(header_path=["Our " + term.title()]) == "navigation_header"


@pytest.mark.parametrize(
    "header", ["Research methods", "Cartography", "Forums of ancient Rome", "Commenting code", "Stage design"]
)
def test_navigation_terms_are_whole_words(header: str) -> None:
    """ "search" must not drop "Research", nor "cart" "Cartography"."""
    assert reason(header_path=[header]) is None


def test_only_the_segments_own_header_is_navigation() -> None:
    """A recipe under "Categories" is still a recipe."""
    assert reason(header_path=["Categories", "Bread with rye"]) is None


def test_repeated_sentences() -> None:
    """The same sentence twice is boilerplate."""
    assert reason(text=" ".join([*SENTENCES, SENTENCES[0]])) == "repetition"


def test_sentences_that_share_some_words() -> None:
    """Different sentences stay, also when they begin alike."""
    assert reason(text="Clean the chain with a brush and oil. Clean the chain before the long winter comes again.") is None


def test_many_sentences_somewhat_alike() -> None:
    """No two are the same, but all are one template: so are lists of products."""
    text = " ".join(f"The big red bicycle number {i} costs three hundred euro." for i in range(8))
    measured = repetition(row(text=text), RuleConfig(tau_max=0.99, tau_pair=0.3))
    assert measured == 1.0


def test_short_sentences_do_not_repeat() -> None:
    """ "Yes." twice is a conversation."""
    assert reason(text="Yes it is. Quite so. Yes it is. Quite so.") is None


def test_headings_of_one_template_in_a_list() -> None:
    """Lines are sentences too: a list that says one thing three times falls."""
    assert reason(text="\n".join(["- press the red button firmly now"] * 3)) == "repetition"


def three(**passing: bool) -> list[Row]:
    length = {True: 1000, False: 100}
    ids = ["outer", "middle", "inner"]
    return [
        row(id=name, parent_segment=ids[i - 1] if i else None, n_chars=length[passing.get(name, True)])
        for i, name in enumerate(ids)
    ]


@pytest.mark.parametrize(
    ("policy", "failing", "kept"),
    [
        ("largest", [], ["outer"]),
        ("smallest", [], ["inner"]),
        ("all", [], ["outer", "middle", "inner"]),
        ("largest", ["outer"], ["middle"]),
        ("largest", ["middle"], ["outer"]),
        ("smallest", ["inner"], ["middle"]),
        ("smallest", ["middle"], ["inner"]),
        ("all", ["outer"], ["middle", "inner"]),
        ("largest", ["outer", "middle", "inner"], []),
    ],
)
def test_nested_segments(policy: Any, failing: list[str], kept: list[str]) -> None:
    """One text must not be two answers: of nested segments that pass one stays, also across one that fell."""
    rows = three(**{name: name not in failing for name in ("outer", "middle", "inner")})
    out = list(apply_rules(RuleConfig(overlap=policy), rows))
    assert [outcome["id"] for outcome in out if not isinstance(outcome, Drop)] == kept
    assert len(out) == 3


def test_an_overlap_names_the_one_that_stays() -> None:
    """The drop says which segment holds the text now."""
    out = list(apply_rules(RuleConfig(), three()))
    assert [(drop.row["id"], drop.value) for drop in out if isinstance(drop, Drop)] == [
        ("middle", "outer"),
        ("inner", "outer"),
    ]


def test_siblings_do_not_overlap() -> None:
    """Two segments side by side are two answers."""
    rows = [row(id="a", parent_segment="top"), row(id="b", parent_segment="top")]
    assert list(apply_rules(RuleConfig(), rows)) == rows


def test_the_first_rule_gives_the_reason() -> None:
    """A segment with several faults is dropped once, in the paper's order."""
    assert reason(n_chars=10, flags=["empty_header"], header_path=["MENU AND CART"]) == "too_short"


def demo() -> Counter[str | None]:
    def kept(outcomes: list[Outcome]) -> list[Row]:
        reasons.update(outcome.reason for outcome in outcomes if isinstance(outcome, Drop))
        return [outcome for outcome in outcomes if not isinstance(outcome, Drop)]

    reasons: Counter[str | None] = Counter()
    rows = kept(list(read(sources([str(DEMO)]))))
    rows = kept(list(segment(rows)))
    rows = kept(list(apply_rules(RuleConfig(), rows)))
    rows = kept(list(keep_languages(("en",), 0.65, rows)))
    reasons[None] = len(kept(list(unique(DedupConfig(), rows))))
    return reasons


def test_every_reason_occurs_in_the_demo() -> None:
    """The demo shows what falls and why: a rule that never fires there shows nothing."""
    reasons = demo()
    wanted = {rule.__name__ for rule in RULES} | {"overlap", "no_heading", "language", "duplicate", "near_duplicate"}
    assert wanted - set(reasons) == set()
    assert reasons[None] > 150
