"""What a page says about its reuse: its licence, and whether it opts out of text and data mining or AI training.

Read from the raw HTML without parsing it. Sources: `rel=license` (HTML standard, 4.6.7), Creative Commons deeds,
schema.org and Dublin Core licences; `noai` and `noimageai` (DeviantArt, 2022), the robots directives as Google documents
them, in `<meta>` and `X-Robots-Tag`; `tdm-reservation` (W3C community group report "TDM Reservation Protocol"), where
the page overrules the header. What robots.txt or /.well-known/tdmrep.json say is not on the page and so not read.

A page may show licences that are not its own (of a photo, in an article about licences). So the strongest statement
wins: `rel=license`; then metadata of the page; then links to Creative Commons after words about the page or its text (a
badge without words is not enough). Where that names several licences, the licence is `several`: none of them is known
to cover the text.
"""

import json
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from html import unescape
from typing import Any

from pydantic import Field

from humpback.config import Config
from humpback.schema import Row
from humpback.stage import Outcome, keep_or_drop

# Words of `opt_out` that speak of training a text model; the others speak of images or of search engines.
AI_OPT_OUTS = ("noai", "noml", "tdm-reservation")
_DIRECTIVES = ("noai", "noml", "noimageai", "noindex", "noarchive", "nosnippet")
# Crawlers that gather text to train models: where one of them is told not to index, AI is told to keep out.
_AI_CRAWLERS = frozenset(
    "ai2bot amazonbot anthropic-ai applebot-extended bytespider ccbot claude-web claudebot cohere-ai "
    "cohere-training-data-crawler diffbot google-cloudvertexbot google-extended gptbot meta-externalagent omgili pangubot "
    "webzio-extended".split()
)
_UNWRITABLE = re.compile("\x00|[\ud800-\udfff]")
_FORBIDS = re.compile(rf"\b(?:{'|'.join(_DIRECTIVES)}|none)\b", re.IGNORECASE)
Span = tuple[int, int]


@dataclass(frozen=True)
class Rights:
    """`license`: an SPDX name such as "CC-BY-SA-4.0", else the address of the licence, "several", or None (nothing said).

    `opt_out`: words of the page or its server, sorted: noai, noml, noimageai, tdm-reservation, noindex, noarchive,
    nosnippet. A rule for one crawler counts only if the crawler gathers training data, and then as noai.
    """

    license: str | None = None
    opt_out: tuple[str, ...] = ()


class RightsConfig(Config):
    """Which pages may be used, by what they say about it."""

    licenses: tuple[str, ...] = Field(
        (), description='keep only pages under these, e.g. ["CC-BY-4.0", "CC0-"]; the beginning of a name is enough'
    )
    honour_opt_out: bool = Field(True, description="drop pages that opt out of AI training or text and data mining")


def by_rights(config: RightsConfig, rows: Iterable[Row]) -> Iterator[Outcome]:
    """Each document kept, or dropped for what its `license` or `opt_out` says."""
    return keep_or_drop(partial(_refused, config), rows)


def _refused(config: RightsConfig, row: Row) -> tuple[str, Any] | None:
    refused = [word for word in row.get("opt_out") or () if word in AI_OPT_OUTS]
    if config.honour_opt_out and refused:
        return "opt_out", " ".join(refused)
    name = (row.get("license") or "").casefold()
    if config.licenses and not any(_covers(wanted.casefold(), name) for wanted in config.licenses):
        return "license", row.get("license")
    return None


def _covers(wanted: str, name: str) -> bool:
    """Whole parts of a name: "CC-BY" is the beginning of CC-BY-4.0, but CC-BY-NC-4.0 is another licence."""
    if not name.startswith(wanted):
        return False
    rest = name[len(wanted) :]
    return not rest or wanted[-1:] in "-/" or re.match(r"-[0-9]|[/#?]", rest) is not None


def rights(html: str, http_headers: Mapping[str, str] | None = None) -> Rights:
    """The licence and the opt-outs that the page `html` and the headers of its response state."""
    headers = {name.casefold(): value for name, value in (http_headers or {}).items()}
    page = _Page(html)
    metas = list(_metas(page))
    words = set(_robots_header(headers.get("x-robots-tag", "")))
    for name, content in metas:
        words.update(_directives(name, content))
    if _reserved(headers, metas):
        words.add("tdm-reservation")
    return Rights(_license(page, metas), tuple(sorted(words)))


# Opting out


def _directives(agent: str, content: str) -> Iterator[str]:
    """The known words among comma-separated robots directives `content` for the crawler `agent`."""
    said = {word.strip() for word in content.casefold().split(",")}
    if agent == "robots":
        yield from said.intersection(_DIRECTIVES)
        if "none" in said:
            yield "noindex"
    elif agent in _AI_CRAWLERS and said & {"noindex", "none", "noai", "noml"}:
        yield "noai"


def _robots_header(value: str) -> Iterator[str]:
    """X-Robots-Tag: "noai, ccbot: noindex, nofollow"; a crawler's name holds for what follows it."""
    agent = "robots"
    for part in value.casefold().split(","):
        name, colon, directive = part.rpartition(":")
        # "max-snippet:-1" and "unavailable_after: 25 Jun" have a colon too, and are no crawlers.
        if colon and not re.match(r"\s*(?:max-|unavailable_after)", name):
            agent = name.strip()
        yield from _directives(agent, directive if colon else part)


def _reserved(headers: Mapping[str, str], metas: list[tuple[str, str]]) -> bool:
    """TDM rights reserved; a value that is neither 0 nor 1 says nothing, and the page overrules the header."""
    said = [headers.get("tdm-reservation", ""), *(content for name, content in metas if name == "tdm-reservation")]
    valid = [value.strip() for value in said if value.strip() in ("0", "1")]
    return bool(valid) and valid[-1] == "1"


# Licences

_CREATIVE_COMMONS = re.compile(
    r"creativecommons\.org/(?:licen[sc]es/(?P<terms>by(?:-(?:nc|nd|sa))*|nc(?:-sa)?|nd|sa)|publicdomain/(?P<public>zero|mark))"
    r"(?:/(?P<version>[1-4]\.[05]))?(?:/(?P<country>igo|[a-z]{2,3})(?![\w.]))?",
    re.IGNORECASE,
)
# Other licences of texts and of code: what their addresses hold, and the SPDX name without its version.
_OTHERS = (
    (r"gnu\.org/(?:licenses|copyleft)/(?:old-licenses/)?fdl(?:-([0-9.]+[0-9]))?", "GFDL"),
    (r"gnu\.org/(?:licenses|copyleft)/(?:old-licenses/)?gpl(?:-([0-9.]+[0-9]))?", "GPL"),
    (r"gnu\.org/licenses/(?:old-licenses/)?lgpl(?:-([0-9.]+[0-9]))?", "LGPL"),
    (r"gnu\.org/licenses/agpl(?:-([0-9.]+[0-9]))?", "AGPL"),
    (r"opensource\.org/licenses?/mit\b()", "MIT"),
    (r"apache\.org/licenses/LICENSE-(2\.0)", "Apache"),
    (r"opendatacommons\.org/licenses/odbl/?([0-9.]+[0-9])?", "ODbL"),
    (r"opendatacommons\.org/licenses/by/?([0-9.]+[0-9])?", "ODC-By"),
    (r"nationalarchives\.gov\.uk/doc/open-government-licence(?:/version/([0-9]))?", "OGL-UK"),
)
_OTHER = tuple((re.compile(pattern, re.IGNORECASE), name) for pattern, name in _OTHERS)
_OF_A_PAGE = re.compile(
    r"Article|Posting|Page|WebSite|CreativeWork|LearningResource|Course|Recipe|HowTo|Report|Book|Chapter|Blog"
)
_OF_A_TEXT = re.compile(
    r"site|blog|seite|inhalt|content|contenu|contenid|contenut|article|artikel|artículo|articol|beitr[aä]g|\btext|\bwork\b|\bwerk\b|"
    r"document|dokument|podcast|\bpages?\b|\bpost\b|journal|tekst|treść|treści|obra|œuvre",
    re.IGNORECASE,
)
_OF_AN_IMAGE = re.compile(
    r"foto|photo|image|\bbild|bild(?:er)?\b|picture|imagen|immagine|flickr|wikimedia|pixabay|unsplash|caption|credit|openstreetmap|"
    r"icon|video|youtube|musi[ck]|sound|own work",
    re.IGNORECASE,
)


def license_name(address: str) -> str | None:
    """The SPDX name of the licence at `address`; the address itself if it is another's; None if it is no address."""
    found = _CREATIVE_COMMONS.search(address)
    if found:
        return _creative_commons(found)
    for pattern, name in _OTHER:
        match = pattern.search(address)
        if match:
            return f"{name}-{match[1]}" if match[1] else name
    # JSON-LD, of which a tag's limits do not hold, may have addresses of a megabyte, and halves of characters in them.
    return _UNWRITABLE.sub("\ufffd", address[:LONGEST_TAG]) if re.match(r"https?://[^\s/]", address) else None


def _creative_commons(found: "re.Match[str]") -> str:
    if found["public"]:
        return "CC0-1.0" if found["public"].casefold() == "zero" else "CC-PDM-1.0"
    terms = found["terms"].upper().replace("ND-NC", "NC-ND")
    return "-".join(part for part in ("CC", terms, found["version"], (found["country"] or "").upper()) if part)


def _license(page: "_Page", metas: list[tuple[str, str]]) -> str | None:
    """The licence by the strongest statement there is, "several" if that names more than one."""
    if "license" not in page.html:
        return None
    declared, linked = _links(page)
    if not declared:
        of_meta = [content for name, content in metas if name in _LICENSE_METAS]
        declared = {name for name in map(license_name, [*of_meta, *_json_ld(page)]) if name}
    # Beside a licence that has a name, an address without one is a page that explains it.
    stated = {name for name in declared if "/" not in name} or declared or linked
    return None if not stated else next(iter(stated)) if len(stated) == 1 else "several"


def _links(page: "_Page") -> tuple[set[str], set[str]]:
    """(licences that are declared by rel or itemprop, Creative Commons licences that are only linked)."""
    declared, linked = set(), set()
    for start, attributes in _tags_with_license(page):
        address = attributes.get("href") or attributes.get("content") or ""
        name = license_name("https:" + address if address.startswith("//") else address)
        stated = f"{attributes.get('rel', '')} {attributes.get('itemprop', '')}".casefold().split()
        if name is None or page.is_hidden(start):
            continue
        if "license" in stated:
            declared.add(name)
        elif _CREATIVE_COMMONS.search(address) and page.speaks_of_the_page(start):
            linked.add(name)
    return declared, linked


def _tags_with_license(page: "_Page") -> Iterator[tuple[int, dict[str, str]]]:
    """(place, attributes) of the links and metas that hold the word, which is also in addresses of Creative Commons."""
    html, at = page.html, 0
    for _ in range(MOST_TAGS):
        at = html.find("license", at)
        if at < 0:
            return
        start = html.rfind("<", max(0, at - LONGEST_TAG), at)
        end = at + 1
        if start >= 0 and _LINK.match(html, start):
            attributes, end = _attributes(html, start)
            if end > at:
                yield start, attributes
        at = max(at + 1, end)


def _json_ld(page: "_Page") -> Iterator[str]:
    """Addresses of the licences that schema.org data gives for a page or text, not for its images or software."""
    for script in page.linked_data():
        try:
            nodes: list[Any] = [json.loads(script)]
        except (ValueError, RecursionError):
            continue
        while nodes:
            node = nodes.pop()
            if isinstance(node, list):
                nodes += node
            elif isinstance(node, dict):
                nodes += [value for value in node.values() if isinstance(value, dict | list)]
                yield from _licenses_of(node)


def _licenses_of(node: dict[str, Any]) -> Iterator[str]:
    license = node.get("license")
    if license and _OF_A_PAGE.search(str(node.get("@type", ""))):
        for one in license if isinstance(license, list) else [license]:
            address = (one.get("@id") or one.get("url")) if isinstance(one, dict) else one
            yield str(address or "")


# Reading HTML without a parser

# No honest page has more; a hostile one shall not cost more.
MOST_TAGS = 2_000
LONGEST_TAG = 2_000
_HEAD_END = re.compile(r"</head|<body", re.IGNORECASE)
_LINK = re.compile(r"<(?:a|area|link|meta)[\s/]", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"""[\s/]*+([^\s/>="'][^\s/>=]*+)(?:\s*+=\s*+(?:"([^"]*)"|'([^']*)'|([^\s>"']*)))?+""")
_UNSEEN = re.compile(r"<!--|<(script|style|textarea|template|xmp|iframe|noembed|noframes)\b", re.IGNORECASE)
_MARKUP = re.compile(r"^[^<>]*>|<[^<>]*>|\s+")
_LINKED_DATA = re.compile(r"<script\b[^>]*?ld\+json[^>]*>", re.IGNORECASE)
_TAG_NAME = re.compile("<[a-zA-Z]+")
_LICENSE_METAS = frozenset("dc.rights dc.license dc.rights.license dcterms.license dcterms.rights license".split())
_RIGHTS_METAS = _LICENSE_METAS | {"robots", "tdm-reservation"}

# Most metas are of no interest, as their first attribute shows.
_META = re.compile(
    rf"<meta\s++(?:name\s*+=\s*+[\"']?+\s*+(?:{'|'.join(sorted(map(re.escape, _RIGHTS_METAS | _AI_CRAWLERS)))})\b"
    r"|(?!name|property|charset|http-equiv|itemprop)[a-z])",
    re.IGNORECASE,
)


class _Page:
    """Raw HTML, and what in it is no markup: comments, scripts, examples to copy. Looked through as far as is asked for."""

    def __init__(self, html: str) -> None:
        self.html = html
        self._unseen: list[Span] = []
        self._end = 0

    def unseen(self, before: int) -> list[Span]:
        """Spans in order that begin before `before`; one that never ends goes to the end of the page, as in a browser."""
        while self._end < before and (opening := _UNSEEN.search(self.html, self._end, before)):
            closing = re.compile(rf"</{opening[1]}" if opening[1] else "-->", re.IGNORECASE).search(self.html, opening.end())
            self._end = closing.end() if closing else len(self.html)
            self._unseen.append((opening.start(), self._end))
        return self._unseen

    def is_hidden(self, place: int) -> bool:
        spans = self.unseen(place)
        before = bisect_right(spans, (place, 0)) - 1
        return before >= 0 and place < spans[before][1]

    def speaks_of_the_page(self, place: int) -> bool:
        """Whether the words before the link at `place` are about the page or its text, and not about an image."""
        words = _MARKUP.sub(" ", self.html[max(0, place - 600) : place])[-120:]
        return _OF_A_TEXT.search(words) is not None and not _OF_AN_IMAGE.search(words[-70:])

    def linked_data(self) -> Iterator[str]:
        """The contents of the JSON-LD scripts that speak of a licence."""
        if "ld+json" in self.html and '"license"' in self.html:
            for start, end in self.unseen(len(self.html)):
                opening = _LINKED_DATA.match(self.html, start)
                if opening and '"license"' in (script := self.html[opening.end() : end]):
                    yield script.rpartition("</")[0]


def _metas(page: _Page) -> Iterator[tuple[str, str]]:
    """(name in lower case, content) of the metas in the head that speak of rights."""
    end = page.html.find("</head>")
    if end < 0:
        head_end = _HEAD_END.search(page.html)
        end = head_end.start() if head_end else len(page.html)
    for meta, _ in zip(_META.finditer(page.html, 0, end), range(MOST_TAGS), strict=False):
        attributes, _ = _attributes(page.html, meta.start())
        name, content = attributes.get("name", "").strip().casefold(), attributes.get("content", "")
        speaks = _FORBIDS.search(content) if name == "robots" else name in _AI_CRAWLERS or name in _RIGHTS_METAS
        if speaks and not page.is_hidden(meta.start()):
            yield name, content


def _attributes(html: str, start: int) -> tuple[dict[str, str], int]:
    """The attributes of the tag at `start`, names in lower case, and where they end."""
    at = _TAG_NAME.match(html, start).end()  # type: ignore[union-attr]
    limit = at + LONGEST_TAG
    found: dict[str, str] = {}
    while attribute := _ATTRIBUTE.match(html, at, limit):
        at = attribute.end()
        found.setdefault(attribute[1].casefold(), unescape(attribute[2] or attribute[3] or attribute[4] or "").strip())
    return found, at
