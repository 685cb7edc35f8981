"""Text of others shown inside a prompt: as quoted lines, which it cannot close from within."""

import re

# What str.splitlines breaks at, each as one break; a reader (model or person) may see a new line in any of them.
_BREAK = re.compile("\r\n|[\r\v\f\x1c\x1d\x1e\x85\u2028\u2029]")
# Unseen, so that what is read and what is shown could differ: C0 and C1 controls, soft hyphen, zero-width characters
# and joiners, fillers and variation selectors, directional marks, embeddings and isolates, invisible operators, the byte
# order mark, annotations, tags.
_UNSEEN = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f"
    "\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e007f\U000e0100-\U000e01ef]"
)


def quoted(text: str) -> str:
    """`text` as lines that each begin with "> ", so that nothing in it can stand outside the quotation.

    Every Unicode line break becomes a newline; controls other than newline and tab, zero-width and bidirectional
    control characters are removed. An empty text is one empty quoted line.
    """
    plain = _UNSEEN.sub("", _BREAK.sub("\n", text))
    return "\n".join(f"> {line}" for line in plain.split("\n"))
