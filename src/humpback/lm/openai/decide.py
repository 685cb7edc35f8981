"""Typed questions to a server, in the four ways that there are: two interfaces made for them, and two readings of a chat."""

import math
import re
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from humpback.lm import Answer, Question, Usage, decisions
from humpback.lm.journal import Given, key_of
from humpback.lm.openai.chat import Chat, defuse, estimate, first_tokens, written
from humpback.lm.openai.faults import Absent, Refused
from humpback.lm.openai.transport import Body, counted

WAYS = ("decisions", "systemone", "top_logprobs", "written")
TOP = 20
# Room for a label and what a model puts around it.
WRITTEN_TOKENS = 8
# exp() of it is 0: a label that was not seen.
UNSEEN = -1000.0
_YES_NO = re.compile(r"\W*(yes|no)\b", re.IGNORECASE)
_LETTER = re.compile(r"[\s\W_]*([A-Z])(?:[.:,;)\]}*_\"`]|\s*\n|\s*\Z)")

Told = tuple[list[Given], Usage]


@dataclass(frozen=True)
class Call:
    """One request: the `key` under which its answers are kept, the most that it can `cost`, and how it is asked."""

    key: str
    cost: float
    ask: Callable[[], Coroutine[Any, Any, Told]]


class Ways:
    """The requests of each way, and how their answers become ours. `context` is the model's where it is known, else 0."""

    def __init__(self, chat: Chat, context: int) -> None:
        self.chat, self.context = chat, context

    def calls(self, way: str, state: str, questions: Sequence[Question]) -> list[Call]:
        """Both interfaces answer all questions in one request, in one order; a chat is asked each in its turns."""
        if way in ("decisions", "systemone"):
            return [self._posed(way, state, questions)]
        return [self._shown(way, state, *turn) for turn in decisions.turns(questions)]

    def answers(self, way: str, questions: Sequence[Question], made: Sequence[list[Given]]) -> list[Answer]:
        if way in ("decisions", "systemone"):
            return list(made[0])  # type: ignore[arg-type]
        told = iter(made)
        return [_from_turns(way, q, [next(told)[0] for _ in decisions.turns([q])]) for q in questions]

    def _posed(self, way: str, state: str, questions: Sequence[Question]) -> Call:
        body, read = (_decisions if way == "decisions" else _system_one)(self.chat.model, defuse(state), questions)
        # Servers read the state once for each question, with the question and a template around it.
        tokens = sum(estimate(state) + estimate(str(decisions.to_system_one(question))) + 128 for question in questions)

        async def ask() -> Told:
            try:
                return await self.chat.transport.post(f"/{way}", body, self._reader(way, read, questions, tokens), tokens)
            except Refused as refused:
                if not refused.too_long:
                    raise
                return _too_long(way, questions), Usage(1)

        return Call(key_of(way, state, list(questions)), self.chat.cost(tokens, len(questions)), ask)

    def _reader(
        self, way: str, read: Callable[[Body], list[Answer]], questions: Sequence[Question], tokens: int
    ) -> Callable[[Body], Told]:
        def reader(answer: Body) -> Told:
            read_, wrote = counted(answer) or (0, 0)
            usage = self.chat.priced(read_ or tokens, wrote)
            # Servers that do not refuse what is too long count it: once for each question, or once.
            if self.context and read_ > self.context * len(questions):
                return _too_long(way, questions), usage
            return list(read(answer)), usage

        return reader

    def _shown(self, way: str, state: str, question: Question, reverse: bool) -> Call:
        prompt = decisions.prompt(state, question, reverse)
        if way == "top_logprobs":
            body = self.chat.body(prompt, 1, temperature=0, logprobs=True, top_logprobs=TOP)
        else:
            body = self.chat.body(prompt, WRITTEN_TOKENS, temperature=0)

        def read(answer: Body) -> Told:
            usage = self.chat.usage(answer, body)
            if self.context and (counted(answer) or (0, 0))[0] >= self.context:
                return [None], usage
            return [
                _seen(question, first_tokens(answer)) if way == "top_logprobs" else _parsed(question, written(answer))
            ], usage

        async def ask() -> Told:
            try:
                return await self.chat.ask(body, read)
            except Refused as refused:
                if not refused.too_long:
                    raise
                return [None], Usage(1)

        return Call(key_of(way, prompt), self.chat.dearest(body), ask)


def missing(way: str, fault: Exception) -> bool:
    """Whether `fault` says that the server does not have `way`; that it refuses some labels is another matter."""
    return isinstance(fault, Absent) or (isinstance(fault, Refused) and fault.missing and way != "written")


def _from_turns(way: str, question: Question, told: Sequence[Given]) -> Answer:
    read = [each for each in told if isinstance(each, list)]
    if len(read) < len(told):
        return Answer((), None, None, 0.0, via=way)
    return replace(decisions.answer(question, *read), via=way)


def _too_long(way: str, questions: Sequence[Question]) -> list[Given]:
    return [Answer((), None, None, 0.0, via=way) for _ in questions]


def _seen(question: Question, tokens: Sequence[tuple[str, float]]) -> list[float]:
    """The log-probability of each label, its spellings pooled. What the server does not show counts as nothing, so that the
    label mass is a lower bound."""
    fold = str.casefold if question.kind == "predicate" else str
    pooled = dict.fromkeys(decisions.labels(question), 0.0)
    for token, logprob in tokens:
        label = fold(token.strip())
        if label in pooled:
            pooled[label] += math.exp(logprob)
    return [math.log(p) if p > 0 else UNSEEN for p in pooled.values()]


def _parsed(question: Question, text: str) -> list[float]:
    """All on the one label that `text` begins with; nothing anywhere if it begins with none."""
    found = (_YES_NO if question.kind == "predicate" else _LETTER).match(text)
    label = found[1].lower() if found and question.kind == "predicate" else found[1] if found else None
    return [0.0 if each == label else UNSEEN for each in decisions.labels(question)]


def _system_one(model: str, state: str, questions: Sequence[Question]) -> tuple[Body, Callable[[Body], list[Answer]]]:
    """The System One interface: vLLM, SGLang, transformers, llama.cpp."""
    asked = {str(n): decisions.to_system_one(question) for n, question in enumerate(questions)}

    def read(answer: Body) -> list[Answer]:
        told = [(question, answer["answers"][str(n)], _mass(answer, str(n))) for n, question in enumerate(questions)]
        return [decisions.from_system_one(question, given, mass, "systemone") for question, given, mass in told]

    return {"model": model, "state": state, "questions": asked}, read


def _mass(answer: Body, name: str) -> float | None:
    """vLLM tells it under `diagnostics`, SGLang in the answer or beside the answers; others do not."""
    own = answer["answers"][name]
    told = (answer.get("diagnostics") or {}).get(name, {}).get("label_mass", own.get("x_label_mass"))
    if told is None and isinstance(answer.get("x_label_mass"), Mapping):
        told = answer["x_label_mass"].get(name)
    return None if told is None else float(told)


def _decisions(model: str, state: str, questions: Sequence[Question]) -> tuple[Body, Callable[[Body], list[Answer]]]:
    """OpenAI's interface: answers in the order of the questions, any of which may be a refusal."""

    def read(answer: Body) -> list[Answer]:
        given = answer["answers"]
        in_order = [given[_name(n)] for n in range(len(questions))] if isinstance(given, Mapping) else given
        if len(in_order) != len(questions):
            raise ValueError(f"{len(in_order)} answers to {len(questions)} questions")
        return [_decision(question, each) for question, each in zip(questions, in_order, strict=True)]

    return {"model": model, "input": state, "questions": [_posed(n, q) for n, q in enumerate(questions)]}, read


def _name(n: int) -> str:
    return f"q{n}"


def _posed(n: int, question: Question) -> Body:
    asked: Body = {"type": question.kind, "name": _name(n), "instructions": question.text}
    if question.kind == "choice":
        asked["choices"] = [{"value": option} for option in question.options]
    if question.kind == "score":
        asked["levels"] = [{"label": option} for option in question.options]
    return asked


def _decision(question: Question, given: Mapping[str, Any]) -> Answer:
    """One answer. A refusal is undecided: no mass on any label. SGLang's own shape under this path is read too."""
    n = len(decisions.labels(question))
    if given.get("type") == "refusal":
        return decisions.one_order(question, [1 / n] * n, 0.0, "decisions")
    mass = given.get("label_mass")
    return decisions.one_order(question, _distribution(question, given), None if mass is None else float(mass), "decisions")


def _distribution(question: Question, given: Mapping[str, Any]) -> list[float]:
    if question.kind == "predicate" and "probability" in given:
        return [float(given["probability"]), 1 - float(given["probability"])]
    told = given["probabilities"]
    if not isinstance(told, Mapping):
        told = {str(each["value"]): each["probability"] for each in told}
    if question.kind == "predicate":
        return [float(told["yes"]), float(told["no"])]
    names = question.options if question.kind == "choice" else [str(i) for i in range(len(question.options))]
    return [float(told[name]) for name in names]
