"""What a refusal means: a fault that passes, the fate of one row, a setting or a way that the server lacks, or the end."""

import re
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any

# Statuses that are worth another try, beside all of 5xx but what says that it will never be had.
PASSING = frozenset({408, 409, 425, 429})
NEVER = frozenset({501, 505})
# A server that asks for a longer rest than this (seconds) is given up: nobody waits an hour in front of a silent line.
LONGEST_REST = 600.0

# vLLM, OpenAI, llama.cpp and its Python server, SGLang, TGI, Anthropic, Gemini and Mistral, in this order.
_TOO_LONG = re.compile(
    r"maximum context length|maximum model length|context_length_exceeded|string_above_max_length|string too long"
    r"|exceed_context_size|available context size|exceeds? (?:the )?context (?:window|length)|configured limit"
    r"|longer than the model's context|maximum context|max_new_tokens`? must be|prompt is too long"
    r"|input token count|too large for model|too many (?:input )?tokens",
    re.IGNORECASE,
)
_MISSING = re.compile(
    r"not (?:\w+ ){0,2}support|unsupported|unknown (?:url|path|route|endpoint)|not (?:be )?found|not available|is supported"
    r"|not a decision|not allowed",
    re.IGNORECASE,
)
# What servers that speak another dialect under the same path say of a body that is not theirs.
_OTHER_SHAPE = re.compile(
    r"extra_forbidden|extra inputs|field required|union_tag|unexpected field|unknown field", re.IGNORECASE
)
_SPENT = re.compile(r"insufficient_quota|billing_hard_limit", re.IGNORECASE)


class Refused(Exception):
    """The server refused one request for good: `status`, its words (`said`, one line), the parameter that it names."""

    def __init__(self, status: int, said: str, parameter: str | None = None, whole: str = "") -> None:
        super().__init__(said)
        self.status, self.said, self.parameter, self.whole = status, said, parameter, whole or said

    @property
    def too_long(self) -> bool:
        """The prompt does not fit."""
        return "exceed_context_size" in self.whole or (self.status in (400, 413, 422) and bool(_TOO_LONG.search(self.whole)))

    @property
    def unknown(self) -> bool:
        """It says that it does not know what the body holds, or what is asked for."""
        return self.missing or (self.status in (400, 422) and not self.too_long)

    @property
    def missing(self) -> bool:
        """The server does not have what was asked for, or has something else there."""
        if self.status in (404, 405, 501):
            return True
        absent = _MISSING.search(self.whole) or _OTHER_SHAPE.search(self.whole)
        return self.status in (400, 403, 422) and not self.too_long and bool(absent)


class Absent(Exception):
    """A complete answer without the part that was asked for: the server does not have it, and asking again is in vain."""


class GivenUp(Exception):
    """A fault that passes did not pass within all tries."""

    def __init__(self, fault: str, tries: int) -> None:
        super().__init__(fault)
        self.fault, self.tries = fault, tries


def refusal(status: int, body: Any) -> Refused:
    """The refusal that the decoded (or textual) error `body` tells of, in any of the shapes in use."""
    error = body.get("error", body) if isinstance(body, dict) else body
    said = error
    parameter = None
    if isinstance(error, dict):
        said = next((error[name] for name in ("message", "detail", "msg") if error.get(name)), error)
        parameter = error.get("param") if isinstance(error.get("param"), str) else None
    # As text a line end is two signs, and the word behind it begins with one of them.
    return Refused(status, one_line(said), parameter, str(body)[:4000].replace("\\n", "\n"))


def one_line(said: Any) -> str:
    lines = str(said).strip().splitlines()
    return lines[0][:300] if lines else "nothing"


def passes(refused: Refused) -> bool:
    """Whether the same request may be answered later. An account without money says 429 too, and waits for its owner."""
    if _SPENT.search(refused.whole) or refused.too_long:
        return False
    return refused.status in PASSING or (refused.status >= 500 and refused.status not in NEVER)


def rest_asked(headers: Mapping[str, str]) -> float | None:
    """Seconds for which the server asks to be left alone (RFC 9110, section 10.2.3; `retry-after-ms` is OpenAI's)."""
    try:
        if "retry-after-ms" in headers:
            return max(0.0, float(headers["retry-after-ms"]) / 1000)
        asked = headers.get("retry-after", "").strip()
        if not asked:
            return None
        return (
            float(asked)
            if re.fullmatch(r"[\d.]+", asked)
            else max(0.0, parsedate_to_datetime(asked).timestamp() - time.time())
        )
    except ValueError:
        return None
