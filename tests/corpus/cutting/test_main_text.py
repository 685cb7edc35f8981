"""Which headings and blocks of a page are its main text."""

import pytest

from humpback.corpus.cutting.blocks import outline
from humpback.corpus.cutting.main_text import LEAD, main_text
from humpback.corpus.cutting.page import Heading, Outline
from humpback.corpus.cutting.running_text import BOLD_LEVEL
from humpback.corpus.cutting.segment import SegmentConfig, segment

SENTENCE = "The chain is cleaned with a dry rag, and oiled again before the next ride."


def prose(words: int, mark: str = "") -> str:
    """A paragraph of some `words` times ten words, known by its `mark`."""
    return f"<p>{mark} {f'{SENTENCE} ' * words}</p>"


def texts(html: str) -> list[str]:
    """The main text: headings as they are, blocks by their first word."""
    events = main_text(outline(html))
    return [event.text if isinstance(event, Heading) else event.text.split()[0] for event in events]


def fates(html: str) -> dict[str, str]:
    page = outline(html)
    main_text(page)
    return {event.text.split()[0]: event.fate for event in page.events if event.text}


@pytest.mark.parametrize("name", ["widget", "author", "gallery", "card"])
def test_a_widget_that_holds_the_article_stays(name: str) -> None:
    """Page builders call every element a widget: names alone lost their pages."""
    assert texts(f"<h1>A</h1><div><div class={name}>{prose(12, 'article')}</div></div>") == ["A", "article"]


def test_furniture_by_weak_names_goes_where_it_holds_links_and_little_prose() -> None:
    """A box of links beside the article."""
    box = f"<div class=widget>{prose(1, 'box')}<p>more <a href=x>there</a> and on</p></div>"
    html = f"<div><h1>A</h1>{prose(12, 'article')}{box}{prose(12, 'end')}</div>"
    assert texts(html) == ["A", "article", "end"]
    assert fates(html)["box"] == "furniture: widget"


def test_a_box_without_links_stays() -> None:
    """An information box has a name like furniture and is part of the text."""
    html = f"<div><h1>A</h1>{prose(12, 'article')}<div class=infobox>{prose(1, 'box')}</div></div>"
    assert texts(html) == ["A", "article", "box"]


def test_a_sidebar_goes() -> None:
    """However long, as long as the article is longer."""
    side = f"<div class=sidebar>{prose(10, 'side')}</div>"
    html = f"<div><h1>A</h1>{prose(12, 'article')}{side}{prose(12, 'end')}</div>"
    assert texts(html) == ["A", "article", "end"]
    assert fates(html)["side"] == "furniture: sidebar"


def test_a_sidebar_with_more_than_half_of_the_prose_is_none() -> None:
    """A theme that calls its only column a sidebar."""
    html = f"<div><h1>A</h1>{prose(1, 'intro')}<div class=sidebar>{prose(20, 'article')}</div></div>"
    assert texts(html) == ["A", "intro", "article"]


def test_comments_longer_than_the_article_go() -> None:
    """Comments are prose as good as the article's own, and often more of it."""
    html = f"<div><h1>A</h1>{prose(6, 'article')}<div id=comments>{prose(60, 'comment')}</div></div>"
    assert texts(html) == ["A", "article"]


def test_comments_without_an_article_stay() -> None:
    """A forum is all comments."""
    html = f"<div><h1>A</h1><p>ask</p><div class=comments>{prose(60, 'comment')}</div></div>"
    assert "comment" in texts(html)


def test_cookie_banners_go_whatever_they_hold() -> None:
    """Some banners are longer than the page below them."""
    html = f"<div><h1>A</h1>{prose(8, 'article')}<div class=cookie-consent>{prose(40, 'cookies')}</div></div>"
    assert texts(html) == ["A", "article"]


def test_a_title_in_furniture_is_the_title() -> None:
    """Pages with their title in a banner ("masthead") lost it with the banner."""
    banner = f"<div class=cookies><h1>A</h1>{prose(10, 'banner')}</div>"
    assert texts(f"<div>{banner}<div>{prose(30, 'article')}</div></div>") == ["A", "article"]


def test_the_main_text_is_the_smallest_element_with_most_prose() -> None:
    """Two columns that no name tells apart."""
    html = f"<h1>A</h1><div>{prose(30, 'article')}{prose(30, 'end')}</div><div>{prose(4, 'column')}<h2>B</h2></div>"
    assert texts(html) == ["A", "article", "end"]
    assert fates(html)["column"] == "outside the main text"


def test_one_long_paragraph_is_not_the_main_text() -> None:
    """Recipes: a long story in one paragraph, and a list of short lines below it that weighs nothing."""
    html = f"<h1>A</h1><div>{prose(12, 'story')}<h2>You need</h2><ul><li>oil<li>rag</ul></div>{prose(1, 'foot')}"
    assert texts(html) == ["A", "story", "You need", "-", "-"]


def test_text_in_equal_parts_is_kept_whole() -> None:
    """Sections that are each too little: what holds all of them is the main text."""
    html = "<h1>A</h1>" + "".join(f"<div>{prose(5, str(part))}</div>" for part in range(4))
    assert texts(html) == ["A", "0", "1", "2", "3"]


def test_the_first_paragraph_above_the_article_is_its_lead() -> None:
    """News pages have title, date and first paragraph in a header of their own."""
    top = f"<header><h1>A</h1><p>12 May</p>{prose(2, 'lead')}</header>"
    html = f"<div>{top}<div>{prose(12, 'article')}{prose(12, 'end')}</div></div>"
    assert texts(html) == ["A", "lead", "article", "end"]
    assert {word: fates(html)[word] for word in ("A", "12", "lead")} == {
        "A": LEAD,
        "12": "outside the main text",
        "lead": LEAD,
    }


def test_a_second_heading_close_above_is_the_title_where_there_is_none() -> None:
    """Pages whose title is an <h2>: it becomes the title."""
    page = outline(f"<div>{prose(2)}<h2>A</h2><p>12 May</p><div>{prose(12, 'article')}{prose(12, 'end')}</div></div>")
    assert main_text(page)[0] == Heading("A", 1)


@pytest.mark.parametrize(
    "above", [f"<h2>{'word ' * 40}</h2>", "<h2>A</h2>" + "<p>x</p>" * 9, "<div class=cookies><h2>A</h2><p>x</p></div>"]
)
def test_headings_that_are_no_title(above: str) -> None:
    """Headings far above, as long as a paragraph, or in furniture; then the page's own title counts."""
    html = f"<title>T</title><div>{above}<div>{prose(12, 'article')}{prose(12, 'end')}</div></div>"
    assert texts(html) == ["T", "article", "end"]


def test_the_title_of_the_page_stands_above_text_without_a_heading() -> None:
    """An article whose first heading comes late begins under the page's title, not under nothing."""
    html = f"<title>T</title><div>{prose(6, 'article')}<h2>B</h2>{prose(6, 'end')}</div>"
    assert texts(html) == ["T", "article", "B", "end"]
    assert texts(html.removeprefix("<title>T</title>")) == ["article", "B", "end"]


def test_a_title_in_the_article_needs_no_other() -> None:
    """The logo is an <h1> too; the article has its own."""
    html = f"<div><h1>Logo</h1><p>x</p></div><div><h1>A</h1>{prose(12, 'article')}{prose(12, 'end')}</div>"
    assert texts(html) == ["A", "article", "end"]


def test_bold_lines_that_head_nothing_are_paragraphs() -> None:
    """A bold line above a heading or another bold line, or at the end, is text."""
    html = (
        f"<h1>A</h1><p><b>One</b></p><p><b>Two</b></p>{prose(2, 'text')}<p><b>Three</b></p><h2>B</h2>{prose(2)}<p><b>End</b>"
    )
    events = main_text(outline(html))
    assert [event.text for event in events if isinstance(event, Heading)] == ["A", "Two", "B"]
    assert [event.level for event in events if isinstance(event, Heading)] == [1, BOLD_LEVEL, 2]
    assert {"One", "Three"} <= {event.text for event in events}


@pytest.mark.parametrize(
    "html", ["", "<h1>A</h1>", "<p>x.</p>", "<h1></h1><h1></h1>", "<div class=sidebar><h1>A</h1></div>"]
)
def test_pages_of_next_to_nothing(html: str) -> None:
    """No prose, no heading or neither: no exception, and what there is comes out."""
    assert len(main_text(outline(html))) == len(outline(html).events)


def test_an_empty_outline() -> None:
    """Pages that were hidden altogether."""
    assert main_text(Outline("T")) == []


def test_a_chinese_page() -> None:
    """Bounds count in Latin characters: paragraphs of 40 Chinese ones weighed nothing, and a section of 100 was a teaser."""
    said = "蜂箱要放在早晨阳光照得到的地方，入口朝向东南，前面留出飞行的空间，附近最好有干净的水源。"
    sections = "".join(f"<h2><a href='/{n}'>问题{n}</a></h2><p>{said}</p><p>{said}</p>" for n in range(3))
    menu = "".join(f"<p>更多精彩内容请下载应用程序{n}</p>" for n in range(9))
    head = "<html><head><title>养蜂入门</title></head>"
    html = f"{head}<body><div>{menu}</div><div><h1>养蜂入门</h1>{sections}</div></body></html>"
    rows = [row for row in segment(SegmentConfig(), [{"id": "1", "html": html}]) if isinstance(row, dict)]
    assert rows[0]["text"].count(said) == 6
    assert "更多精彩" not in rows[0]["text"]
