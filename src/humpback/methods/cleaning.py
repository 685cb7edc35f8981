"""What instruct models put around an instruction although they were asked for it alone, taken off.

Only what stands around it goes, and only where its form leaves no doubt: an instruction may itself quote, hold code, be
numbered, or spell out the format of its answer.
"""

import re
from collections.abc import Callable

_I, _S, _M = re.IGNORECASE, re.DOTALL, re.MULTILINE
_TAG = "think|thinking|thought|reasoning|analysis"
_THOUGHT = re.compile(rf"\A\s*(?:<({_TAG})>.*?</\1>|\[think\].*?\[/think\]|analysis.*?assistantfinal)", _I | _S)
_UNFINISHED_THOUGHT = re.compile(rf"\A\s*(?:<(?:{_TAG})>|\[think\])[ \t]*(?:\n.*)?\Z", _I | _S)
# Chat templates that open the block themselves leave the closing tag alone in the completion.
_UNOPENED_THOUGHT = re.compile(r"\A.*(?:^[ \t]*</think(?:ing)?>|</think(?:ing)?>[ \t]*$)", _I | _S | _M)

_FENCE = re.compile(r"\A(`{3,}|~{3,})[ \t]*(?:text|txt|plaintext|markdown|md)?[ \t]*\n")
_TAGGED = re.compile(r"\A<(answer|final|instruction|question|query|request|output)>(?P<inner>.*)</\1>\Z", _I | _S)
# Underscores alone around one word are a name of Python.
_EMPHASIS = re.compile(r"\A(\*{1,3}|_{1,3}(?=.*\s))(?P<inner>[^\s*_](?:[^*_\n]*[^\s*_])?)\1\Z")
_BULLET = re.compile(r"\A[-*•]\s+(?P<inner>[^\n]+)\Z")

_SPEAKERS = ("user", "human")  # what has several turns of one is a dialogue, and perhaps the instruction
_NOUNS = "instruction question query prompt request command task keywords user human q".split()
_ADJECTIVES = (
    "the user user's user’s search generated final original likely likeliest most possible best clear concise".split()
)
_NOUNS_ELSEWHERE = """
    anweisung frage aufgabe anfrage suchanfrage consigne requête instrucción pregunta consulta istruzione domanda richiesta
    instrução pergunta vraag instructie opdracht pytanie polecenie soru talimat вопрос запрос задание инструкция سؤال السؤال
    प्रश्न 问题 問題 指令 提问 查询 質問 指示 질문 지시
""".split()
_ANSWERS = """
    answer response reply assistant antwort réponse respuesta risposta resposta antwoord svar odpowiedź cevap ответ الإجابة
    उत्तर 答案 回答 답변
""".split()
_COMMENTS = "asks captures covers focuses invites encourages reflects seeks prompts targets directly".split()

_ADJECTIVE = f"(?:(?:{'|'.join(_ADJECTIVES)}) )*"
_NOUN = f"(?P<noun>{_ADJECTIVE}(?:{'|'.join(_NOUNS)})|{'|'.join(_NOUNS_ELSEWHERE)})"
_NUMBER = r"(?:[ ]?#?\d{1,2})?"
_MARK = r"(?:[-*•]\s+|\d{1,2}[.)]\s+)?(?:#{1,6}\s+)?"  # of a list, of a heading
_LABEL = re.compile(
    rf"\A{_MARK}(?P<open>[*_]{{0,3}}){_NOUN}{_NUMBER}(?P<before>[*_]{{0,3}})\s?[:：](?P<after>[*_]{{0,3}})", _I
)
_HEADING = re.compile(rf"\A(?:#{{1,6}}[ ]+|(?P<bold>\*\*|__)){_NOUN}(?(bold)(?P=bold))[ \t]*\n", _I)
_OPENING = re.compile(
    r"\A(?:(?:sure|certainly|of course|okay|ok|absolutely|great)[!,.]?\s+)?(?:here(?:'s|’s| is)|this is) (?:the|an?|one|my) "
    rf"{_ADJECTIVE}(?:{'|'.join(_NOUNS)})(?: (?:that|for|which|in)\b[^\n:]{{0,80}})?:",
    _I,
)
_ANSWER = re.compile(
    rf"^[ \t]*(?:#{{1,6}} )?[*_]{{0,3}}(?:[a-z]+ )?(?P<word>{'|'.join(_ANSWERS)})[*_]{{0,3}}\s?[:：]", _I | _M
)
_COMMENT = re.compile(
    rf"\n[ \t]*\n[ \t]*[(*_]{{0,3}}this (?:{'|'.join(_NOUNS)}) (?:{'|'.join(_COMMENTS)}|is self-contained|is designed)\b", _I
)
_FIELD = re.compile(r"\n[ \t]*[*_]{0,3}\w[\w ]{0,24}[*_]{0,3}[:：]")

_QUOTES = "\"\" '' `` “” ”” „“ „” ‘’ ‚‘ «» »« ‹› 「」 『』 ＂＂".split()
_APOSTROPHES = "'’"
_LEAST_REPEATED = 12
_MOST_LAYERS = 8


def clean_instruction(text: str) -> str:
    """The one instruction in the completion `text` of an instruct model; what is clean already comes back as it is.

    Taken off: blocks of reasoning (all of the text where such a block never ends), a fence, quotation marks or emphasis
    around the whole, labels before it ("**Instruction 1:**", "Frage:", "Here is the question:"), an answer or a comment
    after it, and repetitions of it. It may come out empty.
    """
    text = _without_reasoning(text).strip()
    for _ in range(_MOST_LAYERS):
        before = text
        for step in _STEPS:
            text = step(text).strip()
        if text == before:
            break
    return text


def _without_reasoning(text: str) -> str:
    text = _THOUGHT.sub("", text, count=1)
    text = _UNOPENED_THOUGHT.sub("", text, count=1) if "</think" in text.casefold() else text
    return "" if _UNFINISHED_THOUGHT.match(text) else text


def _unwrapped(text: str) -> str:
    fence = _FENCE.match(text)
    if fence and text.find(fence[1], fence.end()) == len(text) - len(fence[1]):
        return text[fence.end() : -len(fence[1])]
    found = _TAGGED.match(text) or _EMPHASIS.match(text) or _BULLET.match(text)
    return found["inner"] if found else text


def _unlabelled(text: str) -> str:
    text = _OPENING.sub("", text, count=1).lstrip()
    heading = _HEADING.match(text)
    if heading:
        return text[heading.end() :]
    label = _LABEL.match(text)
    if not label:
        return text
    rest = text[label.end() :]
    if label["open"] and not label["before"] and not label["after"]:
        rest = rest.removesuffix(label["open"])
    first = _until_next(rest, label["noun"])
    return text if first != rest and label["noun"].casefold() in _SPEAKERS else first


def _until_next(rest: str, noun: str) -> str:
    """What stands before the next line with the label `noun`: whoever labels the first labels the others too."""
    again = rf"^[ \t]*{_MARK}[*_]{{0,3}}{re.escape(noun)}{_NUMBER}[*_]{{0,3}}\s?[:：]"
    answered = rf"|^[ \t]*a{_NUMBER}[:：]" if noun.casefold() == "q" else ""
    found = re.search(again + answered, rest, _I | _M)
    return rest[: found.start()] if found else rest


def _unquoted(text: str) -> str:
    bare = text.removesuffix(".") if text[-2:-1] in {marks[1] for marks in _QUOTES} else text
    whole = len(bare) > 2 and bare[0] + bare[-1] in _QUOTES and _is_whole(bare[1:-1], bare[0], bare[-1])
    return bare[1:-1] if whole else text


def _is_whole(inner: str, opening: str, closing: str) -> bool:
    """Whether the marks around `inner` belong together, and not to two quotations at its ends ("a" and "b")."""
    at = [i for i, character in enumerate(inner) if character in (opening, closing) and not _is_apostrophe(inner, i)]
    if opening == closing:
        return len(at) % 2 == 0 and (not at or inner[at[0] - 1 : at[0]] in (" ", "(", "\n"))
    depth = 0
    for i in at:
        depth += 1 if inner[i] == opening else -1
        if depth < 0:
            return False
    return depth == 0


def _is_apostrophe(text: str, at: int) -> bool:
    return text[at] in _APOSTROPHES and text[at - 1 : at].isalpha() and text[at + 1 : at + 2].isalpha()


def _unanswered(text: str) -> str:
    """What stands before an answer or a comment, unless the instruction itself speaks of one or consists of fields."""
    comment = _COMMENT.search(text)
    text = text[: comment.start()] if comment else text
    answer = _ANSWER.search(text)
    if not answer or not (head := text[: answer.start()].rstrip()):
        return text
    meant = head.endswith((":", "：")) or answer["word"].casefold() in head.casefold() or _FIELD.search(head)
    return text if meant or "```" in head else head


def _once(text: str) -> str:
    first, *others = text.split("\n")
    if len(first) >= _LEAST_REPEATED and first in others:
        text = "\n".join([first, *others[: others.index(first)]])
    # A text that repeats its beginning is found in itself, doubled, before its own second copy.
    line = " ".join(text.split()) + " "
    period = (line + line).find(line, 1)
    return line[:period] if _LEAST_REPEATED <= period < len(line) else text


_STEPS: tuple[Callable[[str], str], ...] = (_unwrapped, _unlabelled, _unanswered, _once, _unquoted)
