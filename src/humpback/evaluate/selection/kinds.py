"""Which texts and which requests are kept: the yield of each kind of text under each kind of request (paper's reviewer 2).

Kinds are told by form alone, those of requests in English: a text by what most stands out in it, a request by how it begins.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from humpback.metrics.shares import share_of
from humpback.schema import Row

# A cell of fewer pairs says nothing.
LEAST = 5
_CODE = re.compile(r"^```|^ {4}\S.*[;{}()=]", re.MULTILINE)
_STEP = re.compile(r"^\s*(?:\d{1,2}[.)]|step \d+)\s", re.MULTILINE | re.IGNORECASE)
_ITEM = re.compile(r"^\s*[-*•]\s", re.MULTILINE)
_CELL = re.compile(r"^\|.*\|\s*$", re.MULTILINE)
_SELF = re.compile(r"\b(?:I|my|we|our)\b(?! ?=)")
_REQUESTS = (
    ("how", re.compile(r"(?:how|in what way)\b")),
    ("why", re.compile(r"(?:why|for what reason|what (?:is|was) the reason)\b")),
    ("what", re.compile(r"what\b")),
    ("which, who, when, where", re.compile(r"(?:which|who|whom|whose|when|where)\b")),
    ("yes or no", re.compile(r"(?:is|are|was|were|do|does|did|can|could|should|will|would|has|have|had|may|might|must)\b")),
    ("write", re.compile(r"(?:write|create|compose|draft|generate|make|design|produce|invent|imagine)\b")),
    (
        "tell",
        re.compile(r"(?:explain|describe|tell|give|list|name|summari[sz]e|outline|discuss|compare|define|show|provide)\b"),
    ),
)
_POLITE = re.compile(
    r"(?:please|hi|hello|hey|so|well|ok|okay|(?:can|could|would|will) you(?: please)?|i(?: would|'d) like you to)[\s,!.]+"
)


def measure(seed: Sequence[Row], kept: Sequence[Row], dropped: Sequence[Row], told: Mapping[str, Any]) -> Iterator[Row]:
    """Metric rows: yield, the share kept of the pairs of a kind of text under a kind of request (`part`), where there are at
    least `LEAST`; and request_share, how many of the seed's, the kept and the dropped requests (`split`) are of a kind.
    """
    cells = Counter((text_kind(row["response"]), request_kind(row["instruction"])) for row in (*kept, *dropped))
    hits = Counter((text_kind(row["response"]), request_kind(row["instruction"])) for row in kept)
    for (text, request), n in sorted(cells.items()):
        if n >= LEAST:
            yield share_of("yield", hits=hits[text, request], n=n, part=f"{text}, {request}", **told)
    for split, rows in (("seed", seed), ("kept", kept), ("dropped", dropped)):
        requests = Counter(request_kind(row["instruction"]) for row in rows)
        for request in (*(name for name, _ in _REQUESTS), "other"):
            yield share_of("request_share", hits=requests[request], n=len(rows), part=request, split=split, **told)


def text_kind(text: str) -> str:
    """code, table, steps, list, told by somebody, or prose."""
    if _CODE.search(text):
        return "code"
    if len(_CELL.findall(text)) > 1:
        return "table"
    if len(_STEP.findall(text)) > 1:
        return "steps"
    if len(_ITEM.findall(text)) > 2:
        return "list"
    return "told by somebody" if 40 * len(_SELF.findall(text)) > len(text.split()) else "prose"


def request_kind(instruction: str) -> str:
    """How a request begins, without what is only polite."""
    plain = instruction.strip().lower()
    # "Can you swim?" is no polite form of a request to swim.
    begun = (_POLITE.sub("", plain, count=1) if _POLITE.match(plain) else plain, plain)
    return next((name for text in begun for name, form in _REQUESTS if form.match(text)), "other")
