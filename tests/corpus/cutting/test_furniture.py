"""What classes and ids say of an element."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from humpback.corpus.cutting.furniture import _TERMS, Strength, strength_of, strength_of_id


@pytest.mark.parametrize(
    ("names", "strength"),
    [
        ("cookie-banner", Strength.SURE),
        ("breadcrumbs", Strength.SURE),
        ("screen-reader-text", Strength.SURE),
        ("sr-only", Strength.SURE),
        ("skip-link", Strength.SURE),
        ("no-comments", Strength.SURE),
        ("comments", Strength.COMMENTS),
        ("comment-list", Strength.COMMENTS),
        ("respond", Strength.COMMENTS),
        ("sidebar", Strength.STRONG),
        ("my_sidebar_box", Strength.STRONG),
        ("mySidebar", Strength.STRONG),
        ("SIDEBAR", Strength.STRONG),
        ("relatedPosts", Strength.STRONG),
        ("tag-list", Strength.STRONG),
        ("postMeta", Strength.STRONG),
        ("no-print", Strength.STRONG),
        ("widget", Strength.WEAK),
        ("byline", Strength.WEAK),
        ("infobox", Strength.WEAK),
    ],
)
def test_names_of_furniture(names: str, strength: Strength) -> None:
    """Each strength, in the ways that names are written."""
    assert strength_of(names) is strength


@pytest.mark.parametrize(
    "names",
    [
        "",
        "   ",
        "content",
        "has-sidebar",
        "no-sidebar",
        "with-related-posts",
        "content-sidebar-wrap",
        "sharing-enabled",
        "sidebar-open",
        "menu-wrapper",
        "elementor-widget elementor-widget-text",
        "et_pb_widget",
        "vc_popup",
        "box--ads",
        "--sidebar",
        "md:sidebar",
        "category-cookies",
        "tag-newsletter",
        "post-12 hentry category-noticias tag-cookies",
        "entry-content related",
        "article__body share",
        "story-text comments",
        "discard",
        "shared",
        "padding",
        "headline",
        "12345 -- __",
        "日本語",
    ],
)
def test_names_that_say_nothing(names: str) -> None:
    """What an element stands beside, how it behaves or what a post is about, is not what it is; and words are whole."""
    assert strength_of(names) is Strength.NONE


def test_every_listed_word_is_found() -> None:
    """Pairs of words that are common each ("tag-list", "author-box") were passed over by the look that saves time."""
    missed = [term for term, strength in _TERMS.items() if strength_of(term) is not strength]
    assert missed == []


def test_the_strongest_of_several_names_counts() -> None:
    """Themes give an element a dozen names."""
    assert strength_of("widget sidebar cookie-notice") is Strength.SURE
    assert strength_of("row widget col-4 sidebar") is Strength.STRONG


def test_only_the_begin_of_a_long_name_is_read() -> None:
    """Some pages keep data in class attributes: a megabyte of them must not be searched for each element."""
    assert strength_of("x " * 500 + "sidebar") is Strength.NONE


@given(
    st.text(max_size=40) | st.lists(st.sampled_from("sidebar has no -- - _ content Widget wrap tag x".split())).map("-".join)
)
def test_any_name_has_a_strength(names: str) -> None:
    """Attributes hold anything: names of nothing but signs have no first word."""
    assert strength_of(names) in Strength


@given(st.lists(st.sampled_from("sidebar widget comments cookies content row".split())))
def test_the_order_of_names_does_not_matter(names: list[str]) -> None:
    """A class attribute is a set."""
    assert strength_of(" ".join(names)) is strength_of(" ".join(reversed(names)))


@pytest.mark.parametrize(
    "name", ["e1e566ad", "jXK9ad", "elementor-element-4ad134f", "block-20a388fd-95b9-4641-adcb-64ab9c672ad0"]
)
def test_letters_of_a_hash(name: str) -> None:
    """Builders of pages number their parts: those with "ad" among the digits were taken for advertisements."""
    assert strength_of(name) is Strength.NONE


@pytest.mark.parametrize(
    ("name", "strength"), [("nav2-link", Strength.STRONG), ("footer-2", Strength.STRONG), ("ad", Strength.STRONG)]
)
def test_names_with_a_number(name: str, strength: Strength) -> None:
    """A number behind a word does not unmake it."""
    assert strength_of(name) is strength


def test_ids_made_of_headings() -> None:
    """The section "UPDATE, FOR SHARE" of a manual was taken for a share bar by its id."""
    assert strength_of_id("SQL-FOR-UPDATE-SHARE") is Strength.NONE
    assert strength_of_id("site-footer") is Strength.STRONG
