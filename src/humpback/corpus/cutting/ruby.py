"""The readings beside Chinese characters, in brackets: 蜂（はち）."""

from selectolax.lexbor import LexborHTMLParser

from humpback.corpus.cutting.nodes import Node


def bracket_readings(page: LexborHTMLParser) -> None:
    """Put brackets around each reading for which the page has none; readings side by side share one."""
    # Rubies in one another are a mistake or an attack, and each would be asked for all of the text below it.
    if page.css_first("ruby ruby") is None:
        for ruby in page.css("ruby"):
            if ruby.css_first("rp") is None:
                _bracket(ruby.css("rt"))


def _bracket(readings: list[Node]) -> None:
    run: list[Node] = []
    for reading in readings:
        run.append(reading)
        following = reading.next
        while following is not None and not following.is_element_node and following.is_empty_text_node:
            following = following.next
        if following is not None and following.tag == "rt":
            continue
        text = "".join(each.text(deep=True).strip() for each in run)
        left, right = "()" if text.isascii() else "（）"
        for each in run[:-1]:
            each.remove()
        run[-1].replace_with(f"{left}{text}{right}" if text else "")
        run = []
