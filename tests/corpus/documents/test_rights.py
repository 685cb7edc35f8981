"""What pages say about their reuse, in the forms in which real pages say it."""

import pytest

from humpback.corpus.documents.rights import Rights, RightsConfig, by_rights, license_name, rights
from humpback.schema import Row
from humpback.stage import Drop

CC = "https://creativecommons.org"
BY_SA = f"{CC}/licenses/by-sa/4.0/"


def license_of(html: str) -> str | None:
    return rights(html).license


@pytest.mark.parametrize(
    ("address", "name"),
    [
        (f"{CC}/licenses/by-sa/4.0/", "CC-BY-SA-4.0"),
        (f"{CC}/licenses/by/4.0/deed.de", "CC-BY-4.0"),
        (f"{CC}/licenses/by-nc-nd/4.0/legalcode.de", "CC-BY-NC-ND-4.0"),
        (f"{CC}/licenses/by-nc-sa/3.0/de/", "CC-BY-NC-SA-3.0-DE"),
        (f"{CC}/licenses/by/3.0/at/deed.de", "CC-BY-3.0-AT"),
        (f"{CC}/licenses/by-nd-nc/1.0/", "CC-BY-NC-ND-1.0"),
        (f"{CC}/licenses/by-sa/3.0", "CC-BY-SA-3.0"),
        (f"{CC}/licenses/by/3.0/igo/", "CC-BY-3.0-IGO"),
        (f"{CC}/licenses/by/4.0/?ref=chooser-v1", "CC-BY-4.0"),
        (f"{CC}/licenses/by-sa/", "CC-BY-SA"),
        (f"{CC}/publicdomain/zero/1.0/", "CC0-1.0"),
        (f"{CC}/publicdomain/mark/1.0/deed.en", "CC-PDM-1.0"),
        (f"https://web.archive.org/web/2016/http{CC[5:]}/licenses/by/2.0/", "CC-BY-2.0"),
        ("https://www.gnu.org/licenses/fdl-1.3.html", "GFDL-1.3"),
        ("http://www.gnu.org/copyleft/fdl.html", "GFDL"),
        ("https://www.gnu.org/licenses/old-licenses/gpl-2.0.html", "GPL-2.0"),
        ("https://opensource.org/licenses/MIT", "MIT"),
        ("http://www.apache.org/licenses/LICENSE-2.0.html", "Apache-2.0"),
        ("http://www.nationalarchives.gov.uk/doc/open-government-licence/version/3/", "OGL-UK-3"),
        ("https://www.fandom.com/licensing", "https://www.fandom.com/licensing"),
        ("DE/Service/Impressum/impressum_node.html", None),
        ("nur WDR", None),
        ("", None),
    ],
)
def test_addresses_have_names(address: str, name: str | None) -> None:
    """One licence has many addresses; a path into the site is no licence that anybody could know."""
    assert license_name(address) == name


@pytest.mark.parametrize(
    "html",
    [
        f'<a rel="license" href="{BY_SA}">CC</a>',
        '<link rel="license" href="//creativecommons.org/licenses/by-sa/4.0/"/>',
        f"<A HREF='{BY_SA}' CLASS=\"a > b\" REL='license noopener'>",
        f"<a rel=license href={BY_SA}>",
        f'<a href="{BY_SA}"\n  target="_blank"\n  rel="noopener license">',
        f'<a title="&quot;free&quot; &amp; open" rel="license" href="{BY_SA}?a=1&amp;b=2">',
        f'<a rel="license" href="{BY_SA}">a</a> <a rel="license" href="https://wiki.example/Text_of_license">b</a>',
        f'<a rel="license" href="{BY_SA}"></a> Alle Inhalte: <a href="{CC}/licenses/by-nc/4.0/">x</a>',
        f'<a itemprop="license" href="{BY_SA}">',
        f'<meta name="DC.rights" scheme="DCTERMS.URI" content="{BY_SA}" /><i>license</i>',
        f"<meta content='{BY_SA}' name='dcterms.license'>",
        '<script type="application/ld+json">{"@graph": [{"@type": "NewsArticle", "license": "' + BY_SA + '"}]}</script>',
        '<script type=application/ld+json>{"@type": ["WebPage"], "license": {"@id": "' + BY_SA + '"}}</script>',
        f'<p>Alle Inhalte dieses Blogs stehen unter <a href="{BY_SA}deed.de">CC BY-SA</a>',
        f'<p>Except where noted, content on this site is licensed under a <a href="{BY_SA}">Creative Commons</a>',
    ],
)
def test_the_forms_of_a_license(html: str) -> None:
    """Order, case and quotes of attributes, entities, and each vocabulary."""
    assert license_of(f"<html><head></head>{html}" if "<meta" not in html else html) == "CC-BY-SA-4.0"


@pytest.mark.parametrize(
    "html",
    [
        f'<!-- <a rel="license" href="{BY_SA}"> -->',
        f'<script>var a = \'<a rel="license" href="{BY_SA}">\'</script>',
        f'<style>/* <a rel="license" href="{BY_SA}"> */</style>',
        f'<textarea><a rel="license" href="{BY_SA}"></textarea>',
        f'<pre>&lt;a rel="license" href="{BY_SA}"&gt;</pre>',
        f'<img data-caption="&lt;a rel=&quot;license&quot; href=&quot;{BY_SA}&quot;&gt;">',
        f'<p title="rel=license {BY_SA}">',
        '<a title="rel=license" href="https://a.example/">license</a>',
        f'<figure><img><figcaption>Foto: A. B., <a href="{BY_SA}">CC BY-SA</a></figcaption></figure>',
        f'<p>This article. Photo by A. B. / Flickr (<a href="{BY_SA}">CC BY-SA</a>)',
        f'<a href="{BY_SA}"><img src="badge.png"></a>',
        '<script type="application/ld+json">{"@type": "ImageObject", "license": "' + BY_SA + '"}</script>',
        '<script type="application/ld+json">{"@type": "WebPage", "license": </script>',
        '<script>{"@type": "WebPage", "license": "' + BY_SA + '"}</script>',
        '<link rel="license" href="impressum.html">',
        '<meta name="copyright" content="A. B., license on request">',
        f'<a rel="license" href="{BY_SA}',
    ],
)
def test_what_is_no_license_of_the_page(html: str) -> None:
    """A licence of a photo, of a script, or shown as an example would free a page that is not free."""
    assert license_of(html) is None


def test_several_licenses_are_not_one() -> None:
    """An article about licences must not be taken for free."""
    other = f"{CC}/licenses/by-nc/4.0/"
    assert license_of(f'<a rel=license href="{BY_SA}"><a rel=license href="{other}">') == "several"
    assert license_of(f'This site: <a href="{BY_SA}">1</a>. This work: <a href="{other}">2</a>') == "several"


@pytest.mark.parametrize(
    ("html", "words"),
    [
        ('<meta name="robots" content="noai, noimageai">', ("noai", "noimageai")),
        ("<META CONTENT='INDEX,NOAI' NAME='ROBOTS'>", ("noai",)),
        ("<meta name=robots content=noindex>", ("noindex",)),
        ('<meta name="robots" content="none">', ("noindex",)),
        ('<meta data-react-helmet="true" name="robots" content="noarchive, nosnippet"/>', ("noarchive", "nosnippet")),
        ('<meta name="robots" content="index, follow, max-snippet:-1">', ()),
        ('<meta name="GPTBot" content="noindex">', ("noai",)),
        ('<meta name="Google-Extended" content="noindex, nofollow">', ("noai",)),
        ('<meta name="CCBot" content="nofollow">', ()),
        ('<meta name="googlebot" content="noindex">', ()),
        ('<meta name="tdm-reservation" content="1">', ("tdm-reservation",)),
        ('<meta name="tdm-reservation" content="0">', ()),
        ('<meta name="tdm-reservation" content="yes">', ()),
        ('<meta name="tdm-policy" content="https://a.example/policy.json">', ()),
        ('<!-- <meta name="robots" content="noai"> -->', ()),
        ('<script>"<meta name=robots content=noai>"</script>', ()),
        ('</head><body>&lt;meta name="robots" content="noai"&gt;', ()),
        ('<meta name="description" content="robots noai">', ()),
    ],
)
def test_opt_outs_in_the_page(html: str, words: tuple[str, ...]) -> None:
    """An opt-out that is overlooked breaks a promise; one that is only mentioned is none."""
    assert rights(html) == Rights(None, words)


@pytest.mark.parametrize(
    ("headers", "words"),
    [
        ({"X-Robots-Tag": "noai"}, ("noai",)),
        ({"x-robots-tag": "noindex, noimageai"}, ("noimageai", "noindex")),
        ({"X-Robots-Tag": "ccbot: noindex, nofollow"}, ("noai",)),
        ({"X-Robots-Tag": "googlebot: noindex"}, ()),
        ({"X-Robots-Tag": "max-snippet:-1, noai"}, ("noai",)),
        ({"TDM-Reservation": "1", "tdm-policy": "https://a.example/p"}, ("tdm-reservation",)),
        ({"tdm-reservation": "0"}, ()),
        ({}, ()),
    ],
)
def test_opt_outs_in_the_headers(headers: dict[str, str], words: tuple[str, ...]) -> None:
    """A header speaks for pages that say nothing; one for a search engine is not for us."""
    assert rights("<p>", headers).opt_out == words


def test_the_page_overrules_the_header() -> None:
    """TDM Reservation Protocol, section on processing priority."""
    page = '<meta name="tdm-reservation" content="%s">'
    assert rights(page % 0, {"tdm-reservation": "1"}).opt_out == ()
    assert rights(page % 1, {"tdm-reservation": "0"}).opt_out == ("tdm-reservation",)
    assert rights(page % "x", {"tdm-reservation": "1"}).opt_out == ("tdm-reservation",)


def refused(config: RightsConfig, **row: object) -> str | None:
    given: Row = {"id": "a", "parent": "b", **row}
    [outcome] = by_rights(config, [given])
    assert isinstance(outcome, Drop) or outcome == given
    return outcome.reason if isinstance(outcome, Drop) else None


@pytest.mark.parametrize(
    ("wanted", "license", "reason"),
    [
        ((), None, None),
        (("CC-BY",), "CC-BY-4.0", None),
        (("cc-by-sa", "CC0-"), "CC0-1.0", None),
        (("CC-BY",), "CC-BY-NC-4.0", "license"),
        (("CC-BY-4.0",), "CC-BY-4.0", None),
        (("CC-BY-3.0",), "CC-BY-3.0-DE", "license"),
        (("CC-",), "CC-BY-NC-4.0", None),
        (("CC-BY",), None, "license"),
        (("CC-BY",), "several", "license"),
        (("https://a.example",), "https://a.example/terms", None),
    ],
)
def test_only_wanted_licenses_stay(wanted: tuple[str, ...], license: str | None, reason: str | None) -> None:
    """ "CC-BY" must not let CC-BY-NC in: that is another licence whose name begins alike."""
    assert refused(RightsConfig(licenses=wanted), license=license) == reason


def test_opt_outs_are_honoured_where_they_speak_of_training() -> None:
    """What is said to search engines or about images is recorded, but drops no text."""
    assert refused(RightsConfig(), opt_out=["noai"]) == "opt_out"
    assert refused(RightsConfig(), opt_out=["noindex", "tdm-reservation"]) == "opt_out"
    assert refused(RightsConfig(), opt_out=["noarchive", "noimageai", "noindex"]) is None
    assert refused(RightsConfig(honour_opt_out=False), opt_out=["noai"]) is None
    assert refused(RightsConfig()) is None
