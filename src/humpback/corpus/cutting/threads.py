"""Threads: pages of posts, of which the first asks and the others answer (forums, questions and answers, discussions).

A post's text lies in an element that its software names, and that is how posts are found; names and dates of authors, their
signatures and the buttons of a post lie beside it. A page is a thread where the posts hold most of what is said on it: the
comments below an article are none.
"""

from dataclasses import dataclass
from functools import lru_cache

from selectolax.lexbor import LexborHTMLParser

from humpback.corpus.cutting.nodes import Node, outermost

# The text of a post in the markup of each software, by a word in the names of elements around it.
_POSTS = {
    "crawler-post": ".crawler-post .post",  # Discourse, for who reads without scripts
    "cooked": ".topic-post .cooked",
    "bbWrapper": ".message-body .bbWrapper",  # XenForo 2, 1
    "messageText": ".messageContent .messageText",
    "ipsComment_content": "[data-role='commentContent']",  # Invision 4, 5
    "ipsEntry__post": ".ipsEntry__post .ipsRichText--user",
    "postbody": ".postbody .content, span.postbody",  # phpBB 3, 2
    "postcontent": "[id^='post_message_']",  # vBulletin 4, 3, 5
    "post_message_": "[id^='post_message_']",
    "js-post__content-text": ".js-post__content-text",
    "inner": ".post .inner[id^='msg_']",  # SMF
    "post_body": ".post_body",  # MyBB
    "Post-body": ".Post-body",  # Flarum
    "usertext-body": ".usertext-body .md",  # Reddit
    "js-post-body": ".js-post-body",  # Stack Exchange
    "bbp-reply-content": ".bbp-topic-content, .bbp-reply-content",  # bbPress
    "userContent": ".Item .userContent",  # Vanilla
    "js-comment-body": ".js-comment-body",  # GitHub
    "lia-message-body-content": ".lia-message-body-content",  # Khoros
}
# These hold comments on articles as often: posts only where the page has no other prose.
_COMMENTS = {
    "commtext": ".commtext",  # Hacker News
    "comment_text": ".comment_text",
    "commentBody": ".commentBody",
    "field-name-comment-body": ".field-name-comment-body",  # Drupal
    "field--name-comment-body": ".field--name-comment-body",
}
_WAYS = _POSTS | _COMMENTS
# What one post says of another, which says it itself. Where a block quotation is no source of what is said, all of them.
_QUOTES = (
    ".ipsQuote, .bbCodeBlock--quote, aside.quote, .quotecontent, .bbcode_quote, .bbcode_container, .quotetitle, "
    ".quoteheader, .topslice_quote, .botslice_quote"
)
_PLAIN = "blockquote:not(.postcontent):not(.messageText):not(.restore)"
_QUOTING = frozenset("postbody postcontent post_message_ inner post_body messageText bbp-reply-content".split())
# The signs of posts without paragraphs and line breaks, which no prose is found in.
_UNPARTED = ".bbWrapper, .messageText, .postcontent, .postbody, .post_body, [id^='post_message_'], .js-post__content-text"
LEAST_POSTS = 2
# What a page of comments may have beside them.
OTHER_PROSE = 300


@lru_cache(maxsize=50_000)
def software(names: str) -> str | None:
    """The word among the `names` of an element by which it is known to stand around a post."""
    return next((name for name in names.split() if name in _WAYS), None)


@dataclass
class Thread:
    """The elements that hold the texts of posts, in their order; whether the first one asks what the others answer."""

    posts: list[Node]
    asks: bool


def thread_of(page: LexborHTMLParser, words: set[str], has_prose: bool = True) -> Thread | None:
    """The thread that `page` is, or None; `words` are what `software` found around its prose, if it has any."""
    if not words and not has_prose:
        first = page.css_first(_UNPARTED)
        names = "" if first is None else first.attributes.get("class") or (first.id or "").rstrip("0123456789")
        words = {word} if (word := software(names)) else words
    for word in (word for word in _WAYS if word in words):
        found = outermost(page, _WAYS[word])
        if len(found) >= LEAST_POSTS:
            said = 0 if word in _COMMENTS else sum(len(post.text(deep=True)) for post in found)
            if _prose_beside(page, found) < max(OTHER_PROSE, 2 * said):
                _leave_out_quotes(found, f"{_QUOTES}, {_PLAIN}" if word in _QUOTING else _QUOTES)
                return Thread(found, asks=word not in _COMMENTS)
    return None


def _leave_out_quotes(posts: list[Node], selector: str) -> None:
    for post in posts:
        for quote in post.css(selector):
            # A search from a node finds the node itself too.
            if quote.mem_id != post.mem_id:
                quote.remove()


def _prose_beside(page: LexborHTMLParser, found: list[Node]) -> int:
    own = {paragraph.mem_id for post in found for paragraph in post.css("p")}
    return sum(len(paragraph.text(deep=True)) for paragraph in page.css("p") if paragraph.mem_id not in own)
