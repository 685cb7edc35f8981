"""Rules that reword an English instruction and keep its meaning: questions as commands, commands as questions, polite forms.

There are two sets, of different words: what is taught with the one is measured with the other, so that what is measured is
whether wordings matter less, and not whether these were learned by heart.
"""

import re
from typing import Literal, NamedTuple

from humpback.guards.phrases import is_english
from humpback.text.sentences import sentences, terms

Set = Literal["taught", "measured"]
TAUGHT: Set = "taught"
MEASURED: Set = "measured"

_VERBS = """
    add advise analyze analyse arrange calculate change choose classify compare complete compose compute convert correct
    create define describe design discuss draft edit evaluate explain find fix generate give help identify list make name
    offer outline paraphrase plan produce propose provide recommend rephrase rewrite sketch suggest summarize summarise tell
    translate write
""".split()
# Short instructions have few of the words that English is told by.
_OPENS_IN_ENGLISH = re.compile(
    rf"(?:how|what|why|when|where|which|who|whose|can|could|should|would|do|does|did|{'|'.join(_VERBS)})\b", re.IGNORECASE
)


class Rule(NamedTuple):
    """What it is for, and its wordings: `{x}` stands for a named group of `pattern`."""

    pattern: re.Pattern[str]
    taught: tuple[str, ...]
    measured: tuple[str, ...]


def _rule(pattern: str, taught: tuple[str, ...], measured: tuple[str, ...]) -> Rule:
    return Rule(re.compile(pattern, re.IGNORECASE | re.DOTALL), taught, measured)


# Of one sentence. `{low}` is the instruction with a small first letter and without its stop, `{text}` as it is.
_OF_A_SENTENCE = (
    _rule(
        r"how (?:do|can|should|could|would) (?:i|you|we|one) (?P<x>[^?]+)\?",
        ("Explain how to {x}.", "Please show me how to {x}."),
        ("Tell me how to {x}.", "I want to know how to {x}.", "What do I have to do to {x}?"),
    ),
    _rule(
        r"what (?P<be>is|are|was|were) (?P<x>(?:the|an?|my|our|its|their|some) [^?,]+)\?",
        ("Explain what {x} {be}.",),
        ("Tell me what {x} {be}.", "I want to know what {x} {be}."),
    ),
    _rule(r"(?:explain|describe|show me) how to (?P<x>[^.?!]+)[.!]?", ("How do I {x}?",), ("How can I {x}?",)),
    _rule(
        r"[^?]+\?",
        ("Please answer this: {text}", "I would like an answer to this question: {text}"),
        ("I have a question: {text}", "Do you know the answer to this? {text}", "{text} Thank you in advance.",
         "Can you help me with a question? {text}", "This is what I want to know: {text}"),
    ),
    _rule(
        rf"(?:{'|'.join(_VERBS)})\b[^.?!]*[.!]?",
        ("Please {low}.", "Could you {low}?"),
        ("I would like you to {low}.", "Would you {low}, please?", "{text} Thank you.", "Do the following for me: {text}",
         "I need you to {low}."),
    ),
)  # fmt: skip
# Of whatever is asked.
_OF_ALL = _rule(
    r".+",
    ("I need help with this. {text}", "Here is what I would like to have answered. {text}"),
    ("Can you help me with the following? {text}", "Hello! {text}", "This is my request. {text}",
     "I am asking you for the following. {text}", "Give me a good answer. {text}"),
)  # fmt: skip


def rewordings(instruction: str, of: Set) -> list[str]:
    """The wordings that the rules of a set have for `instruction`, the most specific first; none if it is not English."""
    text = instruction.strip()
    said = sentences(text)
    if not (is_english(terms(text)) or any(map(_OPENS_IN_ENGLISH.match, said))):
        return []
    single = len(said) == 1 and "\n" not in text
    made = [wording for rule in ((*_OF_A_SENTENCE, _OF_ALL) if single else (_OF_ALL,)) for wording in _by(rule, text, of)]
    return [wording for wording in dict.fromkeys(made) if wording != text]


def _by(rule: Rule, text: str, of: Set) -> list[str]:
    match = rule.pattern.fullmatch(text)
    if not match:
        return []
    low = (text[0].lower() + text[1:]).rstrip(".! ")
    given = {name: " ".join(part.split()) for name, part in match.groupdict().items()}
    return [wording.format(text=text, low=low, **given) for wording in (rule.taught if of == TAUGHT else rule.measured)]
