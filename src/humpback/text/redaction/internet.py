"""Internet addresses of hosts that are routed globally."""

import ipaddress
import re
from collections.abc import Iterator
from functools import lru_cache

from humpback.text.redaction.finder import Finder, Span

_COLONS = re.compile(r":[0-9A-Fa-f]{0,4}:")
_IPV4 = re.compile(r"(?<![\w.\]])(?:[0-9]{1,3}\.){3}[0-9]{1,3}(?!\.?\w)")
_IPV6 = re.compile(r"(?<![\w:.\]])[23][0-9A-Fa-f]{3}:[0-9A-Fa-f:]{2,34}(?!\w)")
_IP_BEFORE = re.compile(
    r"\b(?:ip|ipv4|ipv6|ip[- ]?(?:address|adresse|addr)|address|adresse|host|server|ping|ssh|nameserver|dns|client|from|"
    r"inet)\b[^\w\]]{0,4}$",
    re.IGNORECASE,
)
# Four small numbers with dots are also versions, sections and object identifiers.
_VERSION_BEFORE = re.compile(
    r"(?:\b(?:version|versions|vers|ver|v|release|rev|revision|build|update|upgrade|firmware|driver|player|flash|java|chrome|"
    r"chromium|opera|safari|edge|section|sections|sec|chapter|kapitel|abschnitt|figure|fig|table|tabelle|oid|part|skype|"
    r"reader|acrobat|kernel|rc|beta|to|or|and|und|bis)\b|§)[\s.:=v-]{0,3}$",
    re.IGNORECASE,
)
# Google, Cloudflare, Quad9, OpenDNS, Level 3: they stand in every guide to networks.
_RESOLVERS = frozenset(
    "8.8.8.8 8.8.4.4 1.1.1.1 1.0.0.1 9.9.9.9 149.112.112.112 208.67.222.222 208.67.220.220 4.2.2.1 4.2.2.2 "
    "2001:4860:4860::8888 2001:4860:4860::8844 2606:4700:4700::1111 2606:4700:4700::1001 2620:fe::fe".split()
)


def _ipv4(text: str, line: Span, _: tuple[str, ...]) -> Iterator[Span]:
    for match in _IPV4.finditer(text, *line):
        if _is_global(match[0]) and _is_no_version(match):
            yield match.span()


def _ipv6(text: str, line: Span, _: tuple[str, ...]) -> Iterator[Span]:
    for match in _IPV6.finditer(text, *line):
        token = match[0] if match[0].endswith("::") else match[0].rstrip(":")
        if _is_global(token):
            yield match.start(), match.start() + len(token)


@lru_cache(10_000)
def _is_global(address: str) -> bool:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    return parsed.is_global and not parsed.is_multicast and str(parsed) not in _RESOLVERS


def _is_no_version(match: "re.Match[str]") -> bool:
    text, window, start = match.string, max(0, match.start() - 40), match.start()
    # One in fifty addresses has no number of three digits, but nearly all versions.
    if any(len(number) == 3 for number in match[0].split(".")) and not _VERSION_BEFORE.search(text, window, start):
        return not _is_section(match)
    return _IP_BEFORE.search(text, window, start) is not None


def _is_section(match: "re.Match[str]") -> bool:
    """At the head of a line with a title after it."""
    before = match.string[max(0, match.start() - 9) : match.start()].rpartition("\n")[2]
    return not before.strip("# *_") and re.match(r"\s+[A-Z][a-z-]", match.string[match.end() : match.end() + 9]) is not None


IPV4 = Finder("IP_ADDRESS", re.compile(r"\.[0-9]{1,3}\.[0-9]"), _ipv4)
IPV6 = Finder("IP_ADDRESS", _COLONS, _ipv6)
