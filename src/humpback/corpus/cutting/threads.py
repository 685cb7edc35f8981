"""Threads: pages of posts, of which the first asks and the others answer (forums, questions and answers, discussions).

A post's text lies in an element that its software names, and that is how posts are found; names and dates of authors, their
signatures and the buttons of a post lie beside it. A page is a thread where the posts hold most of what is said on it: the
comments below an article are none.
"""

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
    "postbody": ".postbody .content",  # phpBB 3
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
# What one post says of another, which says it itself.
_QUOTES = ".ipsQuote, .bbCodeBlock--quote, aside.quote, .quotecontent, .bbcode_quote, .quotetitle, .quoteheader"
LEAST_POSTS = 2
# What a page of comments may have beside them.
OTHER_PROSE = 300


@lru_cache(maxsize=50_000)
def software(names: str) -> str | None:
    """The word among the `names` of an element by which it is known to stand around a post."""
    return next((name for name in names.split() if name in _WAYS), None)


def posts(page: LexborHTMLParser, words: set[str]) -> list[Node]:
    """The elements that hold the texts of the posts of a thread, in their order; none if `page` is no thread.

    `words` are what `software` found around its prose.
    """
    for word in (word for word in _WAYS if word in words):
        found = outermost(page, _WAYS[word])
        if len(found) >= LEAST_POSTS:
            said = 0 if word in _COMMENTS else sum(len(post.text(deep=True)) for post in found)
            if _prose_beside(page, found) < max(OTHER_PROSE, 2 * said):
                for quote in (each for post in found for each in post.css(_QUOTES) if each.mem_id != post.mem_id):
                    quote.remove()
                return found
    return []


def _prose_beside(page: LexborHTMLParser, found: list[Node]) -> int:
    own = {paragraph.mem_id for post in found for paragraph in post.css("p")}
    return sum(len(paragraph.text(deep=True)) for paragraph in page.css("p") if paragraph.mem_id not in own)
