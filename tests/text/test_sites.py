"""The site of an address."""

import pytest

from humpback.text.sites import site


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://a.b.example.co.uk/x?y#z", "example.co.uk"),
        ("http://WWW.Example.COM:8080/", "example.com"),
        ("https://someone.github.io/blog", "someone.github.io"),
        ("https://example.com./", "example.com"),
        ("https://例え.jp/", "例え.jp"),
        ("https://user:pw@example.org/", "example.org"),
        ("http://192.168.0.1/a", "192.168.0.1"),
        ("http://[2001:db8::1]/a", "2001:db8::1"),
        ("http://localhost/a", "localhost"),
        ("https://github.io/", "github.io"),
        ("https://", None),
        ("http://[broken/", None),
        ("pages/shop.example.com.html#3", None),
        ("ftp://example.com/", None),
        ("", None),
        (None, None),
    ],
)
def test_sites(url: str | None, expected: str | None) -> None:
    """Blogs of one host are many authors, numbers and bare suffixes are sites of their own, paths are none."""
    assert site(url) == expected
