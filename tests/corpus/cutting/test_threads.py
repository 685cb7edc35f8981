"""Threads: each post by itself, without names, dates and signatures; comments below an article make none."""

import pytest

from humpback.corpus.cutting.blocks import outline
from humpback.corpus.cutting.segment import SegmentConfig, segment, whole_text
from humpback.corpus.cutting.threads import software
from humpback.schema import Row
from humpback.stage import Drop

QUESTION = (
    "My two hives stand in the shade of a wall until noon, and they fly late. Should I move them before the winter comes?"
)
ANSWERS = [
    "Yes, but not by a metre a day: wait for the first frost, when they no longer fly, and carry them in one evening.<br>"
    "<br>"
    "Strap lid and floor together first, and close the entrance with a strip of foam until they stand where they shall "
    "stay.",
    "I would leave them. Bees that fly late fly longer in the heat, and a wall gives back at night what it took by day, "
    "so that"
    " mine come through the winter with less food than those in the open field.",
]
FORMS = {
    "xenforo": "<article class='message message--post'><div class=message-cell--user><h4>anna</h4></div><div "
    "class='message-body'>"
    "<div class=bbWrapper>{post}</div></div><aside class=message-signature>SIGNED anna, beekeeper of the year 2009</aside>"
    "</article>",
    "phpbb": "<div class=post><dl class=postprofile><dt>anna</dt></dl><div class=postbody><h3><a href='#p1'>Re: Hives</a>"
    "</h3>"
    "<p class=author>by anna » 3 May</p><div class=content>{post}</div><div class=signature>SIGNED anna</div></div></div>",
    "discourse": "<div id=post_1 class='topic-body crawler-post'><div class=crawler-post-meta>anna May 3</div>"
    "<div class=post itemprop=text><p>{post}</p></div></div>",
    "vbulletin": "<table><tr><td class=alt2>anna</td><td class=alt1><div id=post_message_{n}17>{post}</div>"
    "<div>SIGNED __________<br>anna</div></td></tr></table>",
    "invision": "<article class=ipsComment><aside>anna</aside><div class='ipsComment_content ipsType_medium'>"
    "<div data-role=commentContent><p>{post}</p></div></div></article>",
    "stackexchange": "<div class=post-layout><div class='s-prose js-post-body'><p>{post}</p></div><div>edited by anna, "
    "May 3</div></div>",
    "reddit": "<div class=entry><p class=tagline>anna 9 points</p><div class=usertext-body><div class=md><p>{post}</p>"
    "</div></div></div>",
}  # fmt: skip


HACKER_NEWS = (
    "<tr class=athing><td><span class=comhead>anna 3 hours ago</span><div class='commtext c00'><p>{post}</div></td></tr>"
)


def page(form: str, around: str = "{}") -> str:
    posts = "".join(form.format(post=post, n=n) for n, post in enumerate([QUESTION, *ANSWERS]))
    head = "<html><head><title>Hives in the shade - Bee talk</title></head><body><h1>Hives in the shade</h1>"
    return head + around.format(posts)


def segments(html: str) -> list[Row]:
    return [row for row in segment(SegmentConfig(), [{"id": "1", "html": html}]) if not isinstance(row, Drop)]


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_posts(form: str) -> None:
    """The first post was outside, signatures inside, and answers ran together."""
    whole, *answers = segments(page(form))
    assert [row["text"] for row in answers] == [answer.replace("<br><br>", "\n") for answer in ANSWERS]
    assert {tuple(row["header_path"]) for row in answers} == {("Hives in the shade - Bee talk", "Hives in the shade")}
    assert {row["question"] for row in answers} == {f"Hives in the shade\n\n{QUESTION}"}
    assert whole["question"] is None
    assert whole["text"].startswith(QUESTION)
    assert "anna" not in whole["text"]
    assert "SIGNED" not in whole["text"]


def test_comments_on_something_else() -> None:
    """Where nobody asks, the first comment is no question to the others."""
    _, *answers = segments(page(HACKER_NEWS))
    assert [row["text"] for row in answers] == [post.replace("<br><br>", "\n") for post in (QUESTION, *ANSWERS)]
    assert {row["question"] for row in answers} == {"Hives in the shade"}


@pytest.mark.parametrize("name", ["xenforo", "phpbb", "vbulletin"])
def test_posts_of_one_line(name: str) -> None:
    """Posts without a paragraph or a line break were found in no prose, and made no thread."""
    html = page(FORMS[name]).replace("<br><br>", " ").replace("<br>", " ")
    _, *answers = segments(html)
    assert len(answers) == 2
    assert "anna" not in answers[0]["text"]


@pytest.mark.parametrize("name", ["phpbb", "vbulletin", "xenforo"])
def test_quotations(name: str) -> None:
    """phpBB, SMF, MyBB and vBulletin quote in plain block quotations."""
    quote = "<blockquote class='bbCodeBlock--quote'><div><cite>anna wrote:</cite>QUOTED</div></blockquote>"
    _, *answers = segments(page(FORMS[name].replace("{post}", quote + "{post}")))
    assert "QUOTED" not in " ".join(row["text"] + row["question"] for row in answers)


def test_posts_for_readers_without_scripts() -> None:
    """Discourse draws its pages by a script: all that they say stands in <noscript>, and pages without a heading dropped."""
    _, *answers = segments(page(FORMS["discourse"], "<div id=app></div><noscript data-path=/t/1>{}</noscript>"))
    assert len(answers) == 2


def test_quotes_of_other_posts() -> None:
    """What one post says of another, that one says itself."""
    quote = "<blockquote class='bbCodeBlock bbCodeBlock--quote'>anna said: move them</blockquote>"
    _, *answers = segments(page(FORMS["xenforo"].replace("{post}", quote + "{post}")))
    assert [row["text"] for row in answers] == [answer.replace("<br><br>", "\n") for answer in ANSWERS]


@pytest.mark.parametrize("form", [HACKER_NEWS, "<div class=comment_text><p>{post}</p></div>"])
def test_comments_below_an_article(form: str) -> None:
    """What readers say below an article is no answer to it."""
    article = (
        "<article>"
        + "<p>The wall behind the hives was built of slate, which keeps the heat of the day.</p>" * 9
        + "</article>"
    )
    assert not outline(page(form, article + "{}")).is_thread


def test_one_post() -> None:
    """A page with one post is read as any other."""
    html = f"<h1>Hives</h1><div class=message-body><div class=bbWrapper>{QUESTION}<br>{ANSWERS[1]}</div></div>"
    assert not outline(html).is_thread


def test_the_whole_text_of_a_thread() -> None:
    """Its question once, and each post."""
    text = whole_text({"html": page(FORMS["phpbb"])})
    assert text.count("# Hives in the shade") == 1
    assert text.index(QUESTION) < text.index("Strap lid") < text.index("I would leave them")


def test_the_names_of_software() -> None:
    """One of several names, whole."""
    assert (software("a bbWrapper b"), software("bbWrapperX"), software("")) == ("bbWrapper", None, None)
