"""What an element's class and id say of it: main text, or furniture (menus, share bars, comments, banners), and how surely.

The words are those that pages use, in English and a few neighbours. A name is evidence, not proof: how much text an
element may hold and still be taken for furniture depends on its `Strength`, and is decided in `main_text`.
"""

import re
from enum import IntEnum
from functools import lru_cache
from itertools import pairwise


class Strength(IntEnum):
    """How surely a name means furniture."""

    NONE = 0
    WEAK = 1
    STRONG = 2
    COMMENTS = 3
    SURE = 4


# Furniture whatever it holds.
_SURE = frozenset(
    """cookie cookies cookiebar cookiebanner cookieconsent consent gdpr dsgvo breadcrumb breadcrumbs skiplink skip-link
    skip-links sr-only screen-reader visually-hidden visuallyhidden taboola outbrain shariff sharedaddy addtoany adsense
    nocomments no-comments onetrust usercentrics cc-window mw-editsection headerlink viewcode-link""".split()
)
# Prose as good as the page's own, by others: it may be longer than the main text.
_COMMENTS = frozenset(
    """comment comments commentlist commentform comment-list comment-form kommentar kommentare kommentarbereich commentaires
    comentarios komentarze respond disqus""".split()
)
_STRONG = frozenset(
    """sidebar sidebars newsletter newsletters related relateds relatedlinks recommend recommended recommendation
    recommendations recommends share sharer sharing sharebar social socials subscribe subscription subscriptions footer
    footers prefooter sitefooter pagefooter colophon signup sign-up login signin similar meistgelesen trending aside
    also-like also-read also-interesting read-next read-also next-read nextread most-read most-viewed most-popular
    pagination pager advert adverts advertisement advertisements advertising ad ads adslot advertorial
    sponsor sponsors sponsored nav navi navbar navigationbar menu menus submenu widgets widgetarea widget-area
    popup popups readmore read-more weiterlesen mehr-zum more-stories more-news more-articles more-posts more-about see-also
    supplement copyright imprint impressum site-info site-description masthead tags taglist tagcloud tag-list tag-cloud
    tag-links filed filed-under postmeta post-meta entry-meta article-meta anzeige anzeigen werbung noprint no-print popular
    latest recent ticker author-box author-bio author-info author-description authorbox authorbio linklist
    link-list links-list
    ranking nocontent topbar toolbar news-letter newsletterbox interesting-articles right-rail sidebox marginal
    marginalspalte""".split()
)
_WEAK = frozenset(
    """widget byline bylines author authors autor autorin modal overlay tooltip banner navigation teaser teasers teaserlist
    credit credits caption captions imagedescription bildunterschrift meta metadata rating ratings vote votes poll survey
    feedback toolbox search suche searchform archive-list carousel slider gallery galerie lightbox contact
    kontakt callout cta
    donate donation spende spenden shop infobox info-box right-column column-right col-right toc of-contents
    inhaltsverzeichnis profile bio biography avatar
    vcard follow follow-us disclaimer print secondary extras notice card cards collection topics themen tools
    services promo promos promotion paywall paywalled""".split()
)
# Modifiers that say of an element what it stands beside ("has-sidebar") or how it behaves, not what it is.
_MODIFIERS = frozenset("has no with without is not js u tag category type status format postid elementor et vc".split())
_STATES = frozenset("enabled disabled open opened closed active wrap wrapper visible truncate".split())
_BESIDE = frozenset("content main body page one two layout text".split())
# What blogs call an article, beside words for what it is about ("hentry category-noticias tag-cookies").
_ENTRY = re.compile(
    r"code-toolbar|hentry|type-post|status-publish|(?:entry|article|post|story|main|page|recipe)[-_]*(?:content|body|text|card)|articleBody"
)
# Letters among the digits of a hash ("e1e566ad") are no words.
_WORD = re.compile(r"(?<!\d)(?:[A-Z]?[a-zà-ÿ]{3,}|[A-Z]?[a-zà-ÿ]{1,2}(?!\d)|[A-Z]+(?![a-z]))")
# An id with more joints is a title.
MOST_JOINTS = 2
_TERMS: dict[str, Strength] = {
    **dict.fromkeys(_WEAK, Strength.WEAK),
    **dict.fromkeys(_STRONG, Strength.STRONG),
    **dict.fromkeys(_COMMENTS, Strength.COMMENTS),
    **dict.fromkeys(_SURE, Strength.SURE),
}
_PAIRS = frozenset(term for term in _TERMS if "-" in term)
_FIRST_OF_PAIR = frozenset(pair.split("-")[0] for pair in _PAIRS)
_KEPT_MODIFIERS = frozenset(("tag-list", "tag-cloud", "tag-links", "no-comments", "no-print"))
_NEIGHBOURS = _STRONG | _COMMENTS


@lru_cache(maxsize=50_000)
def strength_of(names: str) -> Strength:
    """How surely `names`, the value of a class or id attribute, means furniture."""
    names = names[:1_000]
    found = max(map(_of_one, names.split()), default=Strength.NONE)
    return Strength.NONE if found and _ENTRY.search(names) else found


def strength_of_id(name: str) -> Strength:
    """As `strength_of`, for an id: a long one is made of the heading that it stands at ("update-for-share")."""
    return strength_of(name) if name.count("-") + name.count("_") <= MOST_JOINTS else Strength.NONE


@lru_cache(maxsize=200_000)
def _of_one(name: str) -> Strength:
    words = [word.lower() for word in _WORD.findall(name.partition("--")[0])]
    known = _TERMS.keys() & words
    if not _FIRST_OF_PAIR.isdisjoint(words):
        known |= _PAIRS.intersection(map("-".join, pairwise(words)))
    if not known or ":" in name or _is_beside(words):
        return Strength.NONE
    return max(map(_TERMS.__getitem__, known))


def _is_beside(words: list[str]) -> bool:
    """ "has-sidebar", "tag-cookies", "content-sidebar-wrap", "sharing-enabled": about the neighbours, or about a state."""
    if words[0] in _MODIFIERS:
        return "-".join(words[:2]) not in _KEPT_MODIFIERS
    return (words[0] in _BESIDE and len(words) > 1 and words[1] in _NEIGHBOURS) or words[-1] in _STATES
