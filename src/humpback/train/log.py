"""The log of a training, which several processes write into at once."""

import re
import sys
import traceback
from io import TextIOWrapper
from pathlib import Path
from types import TracebackType

# Lines that torch's launcher writes about its processes, the frame around its last word, and where a silent process stands.
_LAUNCHERS_OWN = re.compile(r"[WEI]\d{4} |\s*$|[=-]+$|Timeout \(|(Current thread|Thread) 0x|  File ")


def whole_lines() -> None:
    """From here on each line of stderr is written in one piece, and so is a traceback.

    torch's launcher starts Python unbuffered: what `print` is given would be written part by part, between those of others.
    """

    def told(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        sys.stderr.write("".join(traceback.format_exception(kind, error, trace)))

    assert isinstance(sys.stderr, TextIOWrapper)
    sys.stderr.reconfigure(line_buffering=True, write_through=False)
    sys.excepthook = told


def last_word(log: Path) -> str:
    """The last line of a training process, before what the launcher says about its end."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    return next((line for line in reversed(lines) if not _LAUNCHERS_OWN.match(line)), "it said nothing")
