"""E-mail addresses, plain, and as they are hidden from robots: "anna (at) verein (dot) de"."""

import re
from collections.abc import Callable, Iterator

from humpback.text.redaction.finder import Finder, Span

_BRACKETED_AT = re.compile(r"[\[({<]\s?(?:at|ät|æt|arroba|@)\s?[\])}>]", re.IGNORECASE)
_LOCAL = r"(?<![\w.+%@\]-])[\w.+%-]{1,64}(?:'[\w.+%-]{1,64})?"
_TLD = r"[^\W\d_]{2,24}(?![\w@])"
_DOT = r"(?:\.|\s?[\[({<]\s?(?:dot|punkt|point|punto|\.)\s?[\])}>]\s?)"
_EMAIL = re.compile(rf"({_LOCAL})@((?:[\w-]{{1,63}}\.){{1,8}}{_TLD})")
_OBFUSCATED = re.compile(
    rf"{_LOCAL}(?:{_DOT}[\w+-]{{1,64}}){{0,3}}\s?{_BRACKETED_AT.pattern}\s?(?:[\w-]{{1,63}}{_DOT}){{1,8}}{_TLD}",
    re.IGNORECASE,
)
# Without brackets only where the host is known for mail: "a look at our shop dot com" is prose.
_SPELLED = re.compile(
    rf"{_LOCAL} at (?:gmail|googlemail|hotmail|outlook|yahoo|icloud|protonmail|gmx|web|aol|live) dot {_TLD}", re.IGNORECASE
)
# Ends of file names and of service units, which look like domains: logo@2x.png, getty@tty1.service.
_NO_TLD = frozenset(
    "png jpg jpeg gif svg webp avif ico css js ts html htm php json xml yml yaml conf txt log pdf zip tar service socket "
    "timer target mount local localhost localdomain lan internal example test invalid".split()
)
_NOBODY = re.compile(r"git|.*\b(?:no|do-?not|do_not)[-_.]?reply\b.*", re.IGNORECASE)
_USERINFO = re.compile(r"://[^\s/]{0,80}$")


def _emails(text: str, line: Span, _: tuple[str, ...]) -> Iterator[Span]:
    return (match.span() for match in _EMAIL.finditer(text, *line) if _reaches_somebody(match))


def _every(pattern: re.Pattern[str]) -> Callable[[str, Span, tuple[str, ...]], Iterator[Span]]:
    return lambda text, line, _: (match.span() for match in pattern.finditer(text, *line))


def _reaches_somebody(match: "re.Match[str]") -> bool:
    local, domain = match[1], match[2].casefold()
    labels = domain.split(".")
    return not (
        labels[-1] in _NO_TLD
        or "example" in labels
        or re.match(r"\dx\.", domain)
        or not any(c.isalnum() for c in local)
        or _NOBODY.fullmatch(local)
        or _USERINFO.search(match.string, max(0, match.start() - 100), match.start())
    )


EMAILS = (
    Finder("EMAIL_ADDRESS", re.compile("@"), _emails),
    Finder("EMAIL_ADDRESS", _BRACKETED_AT, _every(_OBFUSCATED)),
    Finder("EMAIL_ADDRESS", re.compile(" dot ", re.IGNORECASE), _every(_SPELLED)),
)
