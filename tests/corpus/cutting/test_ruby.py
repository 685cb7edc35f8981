"""Readings beside characters."""

import pytest

from humpback.corpus.cutting.tree import parsed


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<ruby>湖<rt>みずうみ</rt></ruby>", "湖（みずうみ）"),
        ("<ruby>湖<rp>（</rp><rt>みずうみ</rt><rp>）</rp></ruby>", "湖（みずうみ）"),
        ("<ruby>東<rt>とう</rt>京<rt>きょう</rt></ruby>", "東（とう）京（きょう）"),
        ("<ruby><rb>東<rb>京<rt>とう<rt>きょう</ruby>", "東京（とうきょう）"),
        ("<ruby>湖<rt>hú</rt></ruby>", "湖（hú）"),
        ("<ruby>湖<rt>lake</rt></ruby>", "湖(lake)"),
        ("<ruby>湖<rt></rt></ruby>", "湖"),
    ],
)
def test_readings(html: str, text: str) -> None:
    """Without brackets the reading ran into the text: 蜂はちの巣箱すばこは."""
    body = parsed(f"<body><p>{html}</p>").body
    assert body is not None
    assert body.text(deep=True) == text
