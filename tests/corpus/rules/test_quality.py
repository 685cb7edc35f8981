"""The rules: each fires on its fault, and does not on what nearly is one."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from humpback.corpus.cutting.segment import SegmentConfig, segment
from humpback.corpus.documents.read import DocumentsConfig, read
from humpback.corpus.inputs.sources import sources
from humpback.corpus.rules.quality import RULES, RuleConfig, apply_rules, no_prose, repetition
from humpback.schema import Row
from humpback.stage import Drop, Outcome
from humpback.text.language import LanguageConfig, keep_languages
from humpback.text.near_duplicates import DedupConfig, unique
from humpback.text.scripts import latin_length

DEMO = Path(__file__).parents[3] / "src" / "humpback" / "recipes" / "material" / "pages.warc.gz"
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
        ("自転車 の USB と HDMI", None),
        ("كيف تعمل USB و HDMI", None),
        ("КАК СМАЗАТЬ ЦЕПЬ", "uppercase_header"),
        ("2024 10", None),
    ],
)
def test_uppercase_header(header: str, expected: str | None) -> None:
    """Shouting falls, names of one word and scripts without case do not."""
    assert reason(header_path=[header]) == expected


@pytest.mark.parametrize(("upper", "expected"), [(10, "uppercase_text"), (9, "uppercase_text"), (8, None), (0, None)])
def test_uppercase_text(upper: int, expected: str | None) -> None:
    """From nine letters in ten on a text is uppercase; digits and signs do not count."""
    shouted = f"{'WIPE CHAIN' * upper}{'wipe chain' * (10 - upper)} and so on."
    assert reason(text=shouted.replace(" and so on.", " 123 !!! 4 5 6.")) == expected
    assert (
        reason(text=shouted.translate(str.maketrans("WIPECHANwipechan", "ЖИПЕЦХАНжипецхан"))[:-11] + " 1 2 3 4.") == expected
    )


@pytest.mark.parametrize(
    "text",
    [
        "自転車の修理には USB と HDMI と LED を使います。",
        "يعمل هذا الجهاز عبر USB و HDMI و LED دائما.",
        "המכשיר עובד דרך USB ו HDMI ו LED תמיד.",
        "यह उपकरण USB और HDMI और LED से चलता है।",
        "อุปกรณ์นี้ทำงานผ่าน USB และ HDMI และ LED เสมอ",
    ],
)
def test_text_without_case(text: str) -> None:
    """Scripts without case are not uppercase because the few cased letters in them are acronyms."""
    assert reason(text=text) is None


@pytest.mark.parametrize("text", ["123", "", "。", "\ud800"])
def test_text_without_letters(text: str) -> None:
    """No letters, no division by zero, no encoding that fails."""
    assert reason(text=text) in (None, "no_prose", "symbols")


@pytest.mark.parametrize(
    ("text", "worth"),
    [
        ("chain " * 100, 600),
        ("鏈" * 150, 600),
        ("체인" * 120, 600),
        ("سلسلة" * 100, 600),
        ("цепь" * 150, 600),
        ("ひ" * 400, 520),
    ],
)
def test_length_means_the_same_in_every_script(text: str, worth: int) -> None:
    """150 Chinese characters say what 600 Latin ones say; the bound is for what is said."""
    assert latin_length(text, len(text), RuleConfig().script_scale) == worth
    assert latin_length(text, len(text), {}) == len(text)


def test_mixed_scripts_weigh_by_their_share() -> None:
    """Chinese with English commands in it is counted character by character."""
    text = "鏈" * 50 + "apt-get install" * 10
    assert latin_length(text, len(text), RuleConfig().script_scale) == 50 * 4 + 150
    assert reason(text=text, n_chars=len(text)) == "too_short"
    assert reason(RuleConfig(min_chars=350), text=text + "。", n_chars=len(text)) is None


@pytest.mark.parametrize(("share", "expected"), [(0.5, "link_list"), (0.49, None), (None, None)])
def test_link_list(share: float | None, expected: str | None) -> None:
    """Half of the text in links is a menu; rows of before that was counted have no share."""
    assert reason(link_share=share) == expected
    assert reason() is None


def test_lorem_ipsum() -> None:
    """Filler falls, an article on filler stays."""
    text = "Lorem ipsum dolor sit amet, consectetur adipiscing elit."
    assert reason(text=text) == "lorem_ipsum"
    assert reason(text=text, header_path=["Where lorem ipsum comes from"]) is None


@pytest.mark.parametrize(
    "text",
    [
        "We use cookies to give you the best experience on our site.",
        "Wir verwenden diese Cookies und Technologien, um Ihnen Funktionen anbieten zu können.",
        "Nous utilisons des cookies pour améliorer votre visite.",
        "JavaScript is disabled in your browser. Please switch it on.",
        "Please disable your ad blocker to go on reading.",
    ],
)
def test_site_notice(text: str) -> None:
    """A segment that begins with what the site wants of its visitor answers nothing."""
    assert reason(text=text) == "site_notice"
    assert reason(text=" ".join(SENTENCES) + " Let it dry over night. " + text) is None


def test_an_answer_about_cookies() -> None:
    """How to delete cookies, or to enable JavaScript, is a question that people ask."""
    assert (
        reason(text="To delete cookies in Firefox, open the settings. To switch JavaScript on, type about:config.") is None
    )


def test_symbols() -> None:
    """Ornaments and broken encodings fall; formulas and prices in prose, and code, do not."""
    assert reason(text="★☆★ ═══ ►► Chain ◄◄ ═══ ★☆★ we oil it here.") == "symbols"
    assert reason(text="\ufffd\ufffd the ch\ufffdin \ufffd is \ufffdiled here.") == "symbols"
    assert reason(text="The chain costs $12 + 7 % tax = $12.84, and a + b < c holds for all of its links 🚲.") is None
    assert reason(text="Run this command on the chain:\n```\n$ a=$((b+c)) && d<e >f\n```") is None


def test_unfinished() -> None:
    """A list of teasers, each of which breaks off; a tale with dots in it is finished."""
    teasers = [
        "A worn chain ruins the cassette long...",
        "Measure twelve links with a plain… Read more",
        "Clean every plate [...]",
    ]
    assert reason(text="\n\n".join(teasers)) == "unfinished"
    assert reason(text="\n\n".join(["So it goes...", "Then it rains…", *SENTENCES])) is None


@pytest.mark.parametrize(
    "text",
    [
        "Home\nShop\n- Chains 12.50 €\n- Oils 3.20 €\nContact us",
        "| part | price |\n| --- | --- |\n| chain | 12.50 |\n| the finest oil that money can buy in our small town | 3 |",
        "### How do I oil a chain?\n4 min\n### Which oil is the best for it?\n3 min",
        "首页\n联系我们\n关于我们",
    ],
)
def test_no_prose(text: str) -> None:
    """Menus, tables and lists of headings say nothing in a sentence."""
    assert no_prose(row(text=text), RuleConfig()) == "no sentence"


@pytest.mark.parametrize(
    "text",
    [
        "- 200 g flour\n- 2 eggs\n\n1. Mix the flour with the eggs.\n2. Bake.",
        "1. Turn left at the old mill and follow the river to the bridge\n2. Cross it",
        "Whose woods these are I think I know\nHis house is in the village though;\nHe will not see me stopping here\n"
        "To watch his woods fill up with snow.",
        "```python\nprint(1)\n```",
        "清洗链条。",
        "ล้างโซ่ด้วยแปรงและน้ำสบู่ก่อนเสมอ",
    ],
)
def test_answers_of_few_sentences(text: str) -> None:
    """Recipes, steps without stops, poems and code are good answers."""
    assert no_prose(row(text=text), RuleConfig()) is None


def test_navigation_header() -> None:
    """The list of terms is asked, and the user's own terms are added to it."""
    assert reason(header_path=["Leave a comment"]) == "navigation_header"
    assert reason(header_path=["Our harvest letter"]) is None
    assert reason(RuleConfig(navigation=("harvest letter",)), header_path=["Our harvest letter"]) == "navigation_header"


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
    assert reason(text="\n".join(["- press the red button firmly and wait until it rings twice"] * 3)) == "repetition"


@pytest.mark.parametrize(
    "text",
    [
        "磨损的链条会损坏飞轮。请用刷子清洗链条。磨损的链条会损坏飞轮。",
        "摩耗したチェーンはカセットを傷める。掃除をする。摩耗したチェーンはカセットを傷める。",
        "โซ่ที่สึกหรอทำลายเฟือง ล้างด้วยแปรง โซ่ที่สึกหรอทำลายเฟือง",
        "السلسلة البالية تتلف الترس. نظفها. هل السلسلة البالية تتلف الترس؟ السلسلة البالية تتلف الترس.",
        "घिसी हुई चेन कैसेट को खराब करती है। साफ करें। घिसी हुई चेन कैसेट को खराब करती है।",
    ],
)
def test_repeated_sentences_in_every_script(text: str) -> None:
    """A sentence twice is a sentence twice also where no blank parts words and no blank follows a stop."""
    assert reason(text=text) == "repetition"


@pytest.mark.parametrize(
    "text",
    [
        "Print it twice:\n\n```python\nprint('the same long line of code')\nprint('the same long line of code')\n```",
        "The prices are these.\n\n| 1 | 2 | 3 | 4 |\n| --- | --- | --- | --- |\n| 1 | 2 | 3 | 4 |\n| 1 | 2 | 3 | 4 |",
        "彼は言った。「はい。」彼女も言った。「はい。」それで終わりだった。",
    ],
)
def test_code_tables_and_short_answers_do_not_repeat(text: str) -> None:
    """Code says the same line twice with reason, and so do a table of numbers and two people."""
    assert repetition(row(text=text), RuleConfig()) is None


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
    rows = kept(list(read(DocumentsConfig(), sources([str(DEMO)]))))
    rows = kept(list(segment(SegmentConfig(), rows)))
    rows = kept(list(apply_rules(RuleConfig(), rows)))
    rows = kept(list(keep_languages(LanguageConfig(languages=("en",), min_probability=0.65), rows)))
    reasons[None] = len(kept(list(unique(DedupConfig(), rows))))
    return reasons


# Rules that no page of the demo breaks.
NOT_IN_THE_DEMO = {"link_list", "lorem_ipsum", "site_notice", "symbols", "unfinished", "no_prose"}


def test_every_reason_occurs_in_the_demo() -> None:
    """The demo shows what falls and why: a rule that never fires there shows nothing."""
    reasons = demo()
    wanted = {rule.__name__ for rule in RULES} - NOT_IN_THE_DEMO
    wanted |= {"overlap", "language", "duplicate", "near_duplicate"}
    assert wanted - set(reasons) == set()
    assert reasons[None] > 150
