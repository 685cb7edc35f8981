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
    r"""(?<![^\W_])(?P<other>(?:max(?:imum|imal)?|min(?:imum|imal)?|highest|lowest|best|possible|perfect|full|confidence|certainty
        |threshold|passing)\.?\s++(?:possible\s++)?+)?+score\s*+
        (?:is\b\s*+[:=：]?|[:=：])\s*+
        [\[(<{]?+\s*+
        (?P<value>[+-]?+\d++(?:[.,]\d++)?+)(?![^\W_])
        (?!\s*+(?:[-–—]|to\b)\s*+\d)
        (?:\s*+[\])>}])?+
        (?:\s*+(?:/|out\s++of\b)\s*+(?P<top>\d++(?:\.\d++)?+))?+""",
    re.VERBOSE | re.IGNORECASE,
)


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
    found = None
    for each in _SCORE.finditer(_SPECIAL.sub(" ", said).translate(_EMPHASIS)):
        # "max_score", "highest possible score", "confidence_score" are no scores of the answer.
        found = found if each["other"] else each
    if found is None:
        # Nothing but thoughts: they were cut before they came to an end.
        return Parsed(None, "truncated" if cut or (text.strip() and not said) else "missing")
    value = float(found["value"].replace(",", "."))
    fits = 1 <= value <= top and (found["top"] is None or float(found["top"]) == top)
    return Parsed(value, "ok") if fits else Parsed(None, "out_of_range")
