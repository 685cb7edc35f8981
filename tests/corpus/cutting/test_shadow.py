"""Declarative shadow roots: a browser shows them without any script."""

import pytest

from humpback.corpus.cutting.shadow import opened
from humpback.corpus.cutting.tree import parsed


def shown(html: str) -> str:
    body = parsed(f"<body>{html}").body
    assert body is not None
    return " ".join(body.text(deep=True, separator=" ").split())


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<x-a><template shadowrootmode=open><p>in</p></template></x-a>", "in"),
        ("<x-a><template shadowrootmode='closed'><p>in</p><slot></slot>end</template>light <b>b</b></x-a>",
         "in light b end"),
        ("<x-a><template shadowrootmode=open><slot name=t>no title</slot>:<slot></slot></template><i>x</i><b slot=t>T</b>"
        "</x-a>",
         "T : x"),
        ("<x-a><template shadowrootmode=open><slot>else</slot></template></x-a>", "else"),
        ("<x-a><template shadowrootmode=open>in</template>never seen</x-a>", "in"),
        ("<x-a><template shadowrootmode=open>[<slot></slot>]</template><x-b><template shadowrootmode=open>(<slot></slot>)"
         "</template>deep</x-b></x-a>", "[ ( deep ) ]"),
        ("<x-a><template shadowrootmode=open>a<template><p>no</p></template>b</template></x-a>", "a b"),
        ("<template><p>no</p></template>yes", "yes"),
        ("<x-a><TEMPLATE SHADOWROOTMODE=open data-x='shadowrootmode'>in</TEMPLATE></x-a>", "in"),
        ("</template><x-a><template shadowrootmode=open>in", "in"),
    ],
)  # fmt: skip
def test_what_is_shown(html: str, text: str) -> None:
    """Slots are filled from the element's own children; what has no slot is never shown."""
    assert shown(html) == text


def test_tags_without_end() -> None:
    """Each tag that is never closed was looked through to the end of the page."""
    html = "<template " * 100_000 + "shadowrootmode"
    assert opened(html) == html
