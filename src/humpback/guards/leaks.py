"""Instructions that speak of the task of writing an instruction, instead of giving one: leaked prompts.

One suspicious phrase is no proof: people ask what an instruction set is, and to summarise the text below. So phrases
weigh. What no honest instruction says weighs two, what some say weighs one, and two are needed. A phrase that the
answer says too is what the pair is about, and weighs nothing.
"""

import re
from functools import cache
from typing import NamedTuple

from humpback import prompts
from humpback.guards.pair import PairTexts, WordRun, runs, shared_run
from humpback.guards.phrases import brings_text
from humpback.text.sentences import terms

PROOF, HINT = 2, 1
# A leak stands at the beginning; what comes after this much is a text that was brought along.
_READ_CHARS = 5_000

_ANSWER = "(?:text|passage|response|answer|reply|output|completion)"
_ANSWERS = "text passage response answer reply output completion"
_ASKED = "(?:instruction|prompt|question|query|request)"
_LIKELY = r"(?:(?:most|likely|very|original|possible|user'?s?|\w+ly) ){0,3}"
_THINGS = (
    "(?: (?:manual|booklet|sheet|set|guide|book|card|leaflet|video|plan|page|label|pointer|cycle|engineer|line)"
    r"| for \w+ing\b)"
)


class Sign(NamedTuple):
    """A phrase, what a text must hold for it (a search for a word costs a tenth of one for a phrase), and its weight."""

    stems: tuple[str, ...]
    phrase: re.Pattern[str]
    weight: int


def _sign(weight: int, stems: str, *phrases: str) -> Sign:
    return Sign(tuple(stems.split()), re.compile("|".join(phrases)), weight)


# Each counts once. Read on case-folded text.
_SIGNS = {
    # Control tokens of chat templates, and the frames of instruction data sets.
    "token": _sign(
        PROOF, "< [", r"<\|[a-z_]{2,20}\|?>", r"\[/?inst\]", "<</?sys>>", "<(?:start|end)_of_turn>", "</?think>", "</s>"
    ),
    "frame": _sign(PROOF, "##", r"#{2,4} ?(?:instruction|response|input)s?:"),
    "name": _sign(
        PROOF,
        "translat",
        "instruction[- ]back-?translat",
        r"back-?translat\w* (?:the |this |following |an? |into ){1,3}(?:user )?instruction",
    ),
    "elicit": _sign(
        PROOF,
        _ANSWERS,
        r"(?:would|could|might|may|likely|that|which|to) (?:have )?(?:elicit\w*|prompt(?:ed)?|le(?:d|ad) to|"
        r"result(?:ed)? in|produced?|generated?|get|evoke) (?:the|this|such an?) (?:(?:following|above|given|below|same) )?"
        rf"(?:ai |assistant |model )?{_ANSWER}",
        rf"{_ASKED} (?:that|which) {_LIKELY}(?:best )?(?:match|fit|suit|correspond|belong|lead|led|yield|gave|produced)"
        rf"\w*(?: to| with)? (?:the|this) (?:\w+ )?{_ANSWER}",
    ),
    "assistant": _sign(PROOF, "assistant ai", rf"(?:following|above|given|candidate) (?:ai |assistant ){{1,2}}{_ANSWER}"),
    "predict": _sign(
        PROOF,
        "predict guess infer reconstruct recover engineer",
        r"(?:predict|guess|infer|reconstruct|recover|reverse[- ]engineer) (?:the |what |which |an? )"
        rf"(?:most |likely |possible ){{0,2}}(?:(?:user'?s?|original) {_ASKED}|instruction|prompt)\b",
    ),
    "answers": _sign(
        PROOF,
        "answer respon repl written",
        rf"{_ASKED} (?:that |which |to which |for which )?(?:the |this )(?:(?:following|above|given) )?{_ANSWER} "
        rf"(?:above |below )?{_LIKELY}"
        r"(?:answers|responds|replies|was written|is (?:an?|the) (?:\w+ )?(?:answer|response|reply))",
        rf"{_ASKED} (?:that )?it {_LIKELY}answers",
        rf"{_ASKED} (?:whose|to which the|for which the|with the) (?:\w+ )?(?:answer|response|reply) (?:is|was|would)",
    ),
    "which": _sign(
        PROOF,
        "what which",
        rf"(?:what|which) {_ASKED} (?:would|could|does|did|might|best|most|fits|matches)[^.?!\n]{{0,30}}"
        rf"(?:this|the(?: (?:following|given|above))?) {_ANSWER}",
    ),
    "tag": _sign(PROOF, "assistant search", "in the style of an ai assistant", "with knowledge from web search"),
    "label": _sign(
        PROOF,
        "instruct prompt",
        r"\A\W*(?:(?:generated|user|predicted|possible|likely|original) ){0,2}(?:instruction|prompt)\W{0,3}:",
        rf"\A\W*the {_LIKELY}(?:instruction|prompt)[^:.?\n]{{0,60}} (?:is|was|(?:would|could|might) be)\W{{0,2}}[:\"“]",
    ),
    "reported": _sign(
        PROOF,
        "user",
        r"\A\W*(?:a|the) user (?:is asking|asks|asked|has asked|wants to know|requested|requests|is looking for)\b[^?]*\Z",
    ),
    "back": _sign(HINT, "translat", "back-?translat"),
    "write": _sign(
        HINT,
        "instruction",
        r"(?:write|generate|create|produce|provide|formulate|craft|predict|come up with) (?:me )?"
        rf"(?:an?|the|one|your|another) (?:\w+,? ){{0,3}}instruction\b(?!{_THINGS})",
    ),
    "user": _sign(
        HINT,
        "user",
        "the user(?: is asking| asked| asks| wants| wanted| would like| is looking|'s (?:request|query|question))",
        "(?:a|the) user (?:asked|ask)",
    ),
    "user's": _sign(HINT, "user", r"\buser'?s? (?:instruction|question|query|prompt)\b"),
    "model's": _sign(HINT, "assistant model candidate", rf"(?:assistant|model|candidate)(?:'s)? {_ANSWER}"),
    "for a model": _sign(
        HINT,
        "instruction",
        "instruction (?:for|to) (?:an? |the )?(?:ai|language model|large language|assistant|model|machine|llm)",
    ),
    "thinks": _sign(
        HINT,
        "let i first user",
        r"\A\W*(?:okay|ok|alright|hmm|so)\b,? (?:so,? )?(?:let'?s|let me|i need|i have to|first|the user)",
    ),
    "opens": _sign(HINT, "sure certain course", r"\A\W*(?:sure|certainly|of course)[,!.]"),
    "there": _sign(
        HINT,
        _ANSWERS,
        rf"the (?:(?:above|following|given|provided) {_ANSWER}\b|(?:text|passage|response|answer) (?:above|below))",
        rf"\b(?:given|based on) (?:the|this) {_ANSWER}\b",
    ),
    "here": _sign(HINT, "here", rf"here(?: is| are|'s) (?:the|an?|your|one|my|some) (?:\w+ )?(?:{_ASKED}|{_ANSWER})"),
    "original": _sign(
        HINT,
        "instruction prompt",
        "original (?:instruction|prompt)",
        "(?:the|this|your) instruction (?:that|is|was|should|would|for the)",
    ),
    "to your": _sign(
        HINT, "instruction prompt", "(?:respon(?:se|d)|reply|answer) to (?:your|the|an?|this) (?:instruction|prompt)"
    ),
    "asks": _sign(HINT, "human user", r"(?:\A|\n|[.?!] )\W{0,9}(?:human|user)\W{0,3}:"),
    "replies": _sign(
        HINT, "assistant ai system response", r"(?:\A|\n|[.?!] )\W{0,9}(?:assistant|ai|system|response)\W{0,3}:"
    ),
}
# Who asks and what is asked, beside what is answered: nobody who asks speaks of both, unless they bring them along.
_ASKING = re.compile(
    rf"\b(?:the|an?|this|your|following|original|user'?s?) (?:\w+ )?instruction\b(?!{_THINGS})"
    r"|\b(?:the|this|original|user'?s?) prompt\b|\b(?:ai|the|an) assistant\b|\bthe (?:question|query|request)\b"
    r"|\b(?:the|a) user\b(?! (?:interface|experience|manual|guide|account|group|input|agent|name|id|stor|data))"
)
_ANSWERING = re.compile(
    rf"\b(?:the|this|following|given|above|candidate|assistant's|ai) {_ANSWER}\b(?! (?:to|of|for) )"
    rf"|\bassistant (?:response|reply|output)\b|\b{_ANSWER} (?:above|below)\b"
)


def leak(pair: PairTexts, run: int) -> str | None:
    """What shows that the instruction is about its own task, or None. `run` words in a row of one of the prompts that
    ship are proof as well."""
    words = shared_run(pair.words, prompt_runs(run), run)
    return " ".join(words) if words else _signs(pair)


def _signs(pair: PairTexts) -> str | None:
    text = pair.folded[:_READ_CHARS]
    found: dict[str, str] = {}
    for name, sign in _SIGNS.items():
        if any(stem in text for stem in sign.stems):
            match = sign.phrase.search(text)
            if match and match[0].strip() not in pair.folded_response:
                found[name] = match[0].strip()
    weight = sum(_SIGNS[name].weight for name in found)
    # "Here is the text:", and then a part of it.
    weight += bool("here" in found and any(pair.copied))
    if weight >= PROOF:
        return "; ".join(found.values())
    asking = _said(_ASKING, text, pair.folded_response)
    answering = _said(_ANSWERING, text, pair.folded_response) if asking else None
    brought = brings_text(text) and "instruction" not in (asking or "")
    return f"{asking}; {answering}" if answering and not brought else None


def _said(phrase: re.Pattern[str], text: str, response: str) -> str | None:
    return next((match[0] for match in phrase.finditer(text) if match[0] not in response), None)


@cache
def prompt_runs(size: int) -> frozenset[WordRun]:
    """Every run of `size` words of the prompts that ship; what is filled in there parts runs."""
    pieces = [piece for name in prompts.names() for piece in re.split(r"\{[{%].*?[%}]\}", prompts.source(name))]
    return frozenset(run for piece in pieces for run in runs(terms(piece), size))
