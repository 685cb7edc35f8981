"""Texts and pages made to keep a regular expression busy: each must take time in proportion to its length."""

import time

import pytest

from humpback.corpus.documents.rights import Rights, rights
from humpback.text.redaction import KINDS, redacted

# A megabyte of any of these takes under a second; less of it keeps the tests quick and shows a square as well.
LENGTH = 300_000
SECONDS = 1.0
TEXTS = [
    "a@", "a@a.", "@", "a.", "a", "a'", "1", "1 ", "1.", "1-", "1-1 ", ":", "a:", "2001:", "1:1:",
    "(1", "(1)", "((", "+1", "+49 30 1 ",
    "[at]", "a[at]a.", "a [at] ", "a dot ", "a at gmail dot ", "AB12", "AB12 ", "DE10 4405 ",
    "4111 ", "1.1.1.1.", "0 ", "030 1234567 / ",
    "Tel. ", "Tel. 1 ", "a@b.de", "a@b.de+", "+4930123456", "1\n", "a@\n", "0049 30 ", "\u00a0",
    "12/", "[dot]", "://a@b.de",
    "93.184.216.34-", "(212) 555-1234",
]  # fmt: skip
PAGES = [
    "<", "<meta", "<meta ", "<meta name=robots content=noai", "<meta name=robots content='noai'>",
    '<meta name="', "<!--", "<script>",
    "<script type=application/ld+json>", "license", "<a license", "<a rel=license ",
    "<a rel=license href=https://x.org>", "</script>",
    "<!-- --><a rel=license>", '<a href="license', "'\"<a license=",
    "creativecommons.org/licenses/by/4.0/", "<a license" + "<" * 9,
    '<script type="application/ld+json">{"license":', '<script type="application/ld+json">{"license":[</script>',
    "<textarea><style>",
    "<a href=https://creativecommons.org/licenses/by/4.0/>", "<a\nlicense" + " " * 2000,
]  # fmt: skip


@pytest.mark.parametrize("unit", TEXTS)
def test_much_text(unit: str) -> None:
    """Backtracking over what looks like an address again and again took minutes."""
    text = unit * (LENGTH // len(unit))
    start = time.process_time()
    redacted(text, KINDS, ("DE", "FR"))
    assert time.process_time() - start < SECONDS


@pytest.mark.parametrize("unit", PAGES)
def test_much_markup(unit: str) -> None:
    """Tags and comments that are never closed must not be looked for from each of their beginnings."""
    html = unit * (LENGTH // len(unit))
    start = time.process_time()
    rights(html)
    assert time.process_time() - start < SECONDS


@pytest.mark.parametrize(
    "text", ["", "\n", "\x00", "\ud800@a.de", "١٢٣٤٥٦٧٨٩", "+٤٩ ٣٠ ١٢٣٤٥٦٧", "4²²²²²²²²²²", "٤١١١ " * 4]
)
def test_odd_characters(text: str) -> None:
    """Digits of other scripts and halves of characters are no fault."""
    once, _ = redacted(text, KINDS, ("DE",))
    assert redacted(once, KINDS, ("DE",))[0] == once


def test_deep_linked_data() -> None:
    """JSON nested beyond the parser's depth says nothing."""
    for depth in (900, 100_000):
        nested = '{"license":' * depth + '"https://creativecommons.org/licenses/by/4.0/"' + "}" * depth
        assert rights(f'<script type="application/ld+json">{nested}</script>') == Rights()


@pytest.mark.parametrize(
    "value", [": : :", ",,,", "noai" * 9999, "a:b:c:noai", "\x00", "unavailable_after: 25 Jun 2010 15:00:00 PST"]
)
def test_odd_headers(value: str) -> None:
    """Nonsense in a header is no opt-out, and no fault."""
    assert rights("", {"X-Robots-Tag": value, "TDM-Reservation": value}) == Rights()
