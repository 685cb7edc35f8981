"""Headings that announce no answer fall, headings about such things stay."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from humpback.corpus.cutting.navigation import navigation_term
from humpback.corpus.cutting.navigation_terms import PAPER, PHRASES, WORDS

LISTED = [term for language in PHRASES.values() for term in language.split("|")]
LISTED += [term for language in WORDS.values() for term in language.split()]


@pytest.mark.parametrize(
    "header",
    [
        "Related articles", "RELATED ARTICLES", "Share this:", "Leave a comment below", "Comments (3)", "2 Kommentare",
        "Noch keine Kommentare", "Das könnte Sie auch interessieren", "Mehr zum Thema", "Artículos relacionados",
        "Articles liés", "Articoli correlati", "Artigos relacionados", "Gerelateerde artikelen", "Zobacz także",
        "Související články", "Läs också", "Læs også", "Les også", "Lue myös", "Kapcsolódó cikkek", "Articole similare",
        "Σχετικά άρθρα", "Похожие статьи", "Схожі статті", "İlgili yazılar", "مقالات ذات صلة", "نوشته‌های مرتبط",
        "כתבות נוספות", "यह भी पढ़ें", "Baca juga", "Bài viết liên quan", "บทความที่เกี่ยวข้อง", "関連記事", "関連記事はこちら",
        "相关文章", "相關文章", "댓글 3", "관련 기사", "検索", "Our Forum", "Python forum", "Free newsletter for you",
    ],
)  # fmt: skip
def test_navigation_in_many_languages(header: str) -> None:
    """One heading or more of each language that the lists promise."""
    assert navigation_term(header)


@pytest.mark.parametrize(
    "header",
    [
        "How do I delete cookies in Firefox?", "Menu design for restaurants", "What is a forum?", "Was ist ein Newsletter?",
        "How to write a newsletter", "Oatmeal cookies", "Research methods", "Cartography", "Commenting code",
        "Forums of ancient Rome", "World Economic Forum", "Read more books this year", "Mehr Frauen für IT begeistern",
        "検索エンジンの仕組み", "コメントの書き方とは", "广告学概论", "Why share this with your doctor and your family",
        "", "42", "???",
    ],
)  # fmt: skip
def test_headings_about_such_things_stay(header: str) -> None:
    """A term in a heading that is about something makes no navigation of it."""
    assert navigation_term(header) is None


@pytest.mark.parametrize("term", [*LISTED, *PAPER])
def test_each_listed_term_is_found(term: str) -> None:
    """A term that can never match (by its folding, an apostrophe, a sign) is a line of list that lies."""
    assert navigation_term(term)
    assert navigation_term(f"{term.title()} (12)")


def test_further_terms() -> None:
    """A user's own terms count as the lists' phrases do, in scripts of both kinds."""
    further = ("wine of the week", "本日のおすすめワイン")
    assert navigation_term("Wine of the week") is None
    assert navigation_term("Our wine of the week", further) == "wine of the week"
    assert navigation_term("本日のおすすめワイン!", further)
    assert navigation_term("How a wine of the week is chosen by our merchants", further) is None


@given(st.text(max_size=100))
def test_no_heading_breaks_the_search(header: str) -> None:
    """Whatever stands in a heading, there is an answer."""
    assert navigation_term(header) is None or header
