"""The score in what a judge wrote: its last word, never its first.

Public parsers of such judgements lost 45 % of them (a loose pattern) or 67 % (one anchored at the end), took 10 and 91 for
scores, and read "it could be Score: 5, but ... Score: 2" as 5.
"""

import re
from dataclasses import dataclass
from typing import Literal

from humpback.lm.chat import strip_reasoning

Status = Literal["ok", "missing", "out_of_range", "truncated"]

_SPECIAL = re.compile(r"<[|｜][^<>|｜\s]{1,40}[|｜]>|</?s>|<(?:eos|bos|pad|end_of_turn|start_of_turn)>|\[/?INST\]")
_EMPHASIS = str.maketrans(dict.fromkeys('*_`~"#', " "))
# Quantifiers are possessive, so that a hostile text costs one pass. A range ("1-5", "4 to 5") names no score, and a number
# that goes on as a word ("5th") is none.
_SCORE = re.compile(
    r"""(?<![^\W_])(?:(?P<before>(?:max|min)\.|[^\W\d_]++)[ \t-]++(?=score))?+score\s*+
        (?:\(\s*+\d\s*+[-–]\s*+\d+\s*+\)\s*+)?+
        (?:is\b\s*+[:=：]?|[:=：])\s*+
        [\[(<{]?+\s*+
        (?P<value>[+-]?+\d++(?:[.,]\d++)?+)(?![^\W_])
        (?![-–—~]\s*+\d)(?!\s++(?:to|or)\b\s*+\d)(?!\s++[-–—~]\s*+\d++(?!\s*+[a-z]))
        (?:\s*+[\])>}])?+
        (?:\s*+(?:/|(?:points?\s++)?+\(?+(?:out\s++)?+of\b|\(?+(?:von|sur|de|su)\b|on\s++a\s++scale\s++of\b)
        \s*+(?P<top>\d++(?:\.\d++)?+)
        |\s*+(?P<percent>%))?+""",
    re.VERBOSE | re.IGNORECASE,
)
# What a score is called that is no score of the answer, and what the score of the whole answer is called.
_NO_SCORE = frozenset(
    "max maximum maximal min minimum minimal highest lowest best worst possible achievable attainable confidence certainty "
    "threshold passing reference baseline previous target ideal expected top average mean".split()
)
_WHOLE = frozenset("the a an my your this that its final overall total judge perfect full so and is be give assign".split())


@dataclass(frozen=True)
class Parsed:
    """`value` in levels counted from 1; None unless `status` is ok."""

    value: float | None
    status: Status


def parse_score(text: str, top: int = 5, cut: bool = False) -> Parsed:
    """The score that `text` ends with, on levels from 1 to `top`; `cut` says that the text hit its limit of tokens.

    The last score in the last lines counts, or else the last anywhere, which is one rule: the last of all. One that is
    out of range, or of another scale ("4/10"), is no reason to take an earlier one.
    """
    said = strip_reasoning(text)
    found = part = None
    for each in _SCORE.finditer(_SPECIAL.sub(" ", said).translate(_EMPHASIS)):
        before = (each["before"] or "").lower().rstrip(".")
        if before in _NO_SCORE:
            continue
        if not before or before in _WHOLE:
            found = each
        else:
            # Of an aspect ("clarity score"), or behind a word of the sentence before: of the answer if no other is told.
            part = each
    found = found or part
    if found is None:
        # Nothing but thoughts: they were cut before they came to an end.
        return Parsed(None, "truncated" if cut or (text.strip() and not said) else "missing")
    value = float(found["value"].replace(",", "."))
    fits = 1 <= value <= top and (found["top"] is None or float(found["top"]) == top) and not found["percent"]
    return Parsed(value, "ok") if fits else Parsed(None, "out_of_range")
