"""Any server that speaks OpenAI's language: vLLM, SGLang, llama.cpp, transformers, Ollama, gateways, OpenAI itself.

Calls go out side by side, each is answered into the journal by itself, and none that was answered is ever sent again.
Sampling is the server's own: a repetition penalty counts the prompt's tokens too, and a seed holds as far as it keeps it.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import httpx2
import openai

from humpback.errors import LMError
from humpback.lm import Answer, Completion, Question, Sampling, Usage
from humpback.lm.journal import Given, Remembers, key_of
from humpback.lm.openai import Options
from humpback.lm.openai.address import official
from humpback.lm.openai.batch import Batches
from humpback.lm.openai.chat import BYTES_PER_TOKEN, Chat, completion
from humpback.lm.openai.decide import WAYS, Call, Told, Ways, missing
from humpback.lm.openai.faults import Absent, GivenUp, Refused
from humpback.lm.openai.pace import Budget
from humpback.lm.openai.score import Scores
from humpback.lm.openai.transport import GARBAGE, Background, Body, TooLarge, Transport, counted, decoded

# How long (seconds) to wait for the server to say how much its model reads.
LOOK = 10.0
# A judge's answer counts as undecided under it.
DOUBTED_MASS = 0.5
AGAIN = "type the same command again: it asks only for what is missing"
Made = dict[str, list[Given]]


class OpenAI(Remembers):
    """One model behind one server. `context` is what the server or the option says, or a guess (`options.context`)."""

    role = ""

    def __init__(self, model: str, url: str, key: str, options: Options) -> None:
        # Rows carry the name: a server that names its model by the folder must not put that folder into them.
        shown = Path(model).name if Path(model).is_absolute() else model
        self.name, self.options, self.usage = f"openai:{shown}", options, Usage()
        self.official = official(url)
        self._background = Background()
        self.transport = Transport(url, key, options)
        self.chat = Chat(self.transport, model, options, self.official)
        # What is only guessed (the option's default) must not condemn what the server answered.
        given = options.context if options.context != Options().context else 0
        told = 0 if self.official else self._background.run(self._length(model))
        self._read = min((each for each in (given, told) if each), default=0)
        self.context = self._read or options.context
        self._ways = Ways(self.chat, self._read)
        self._scores = Scores(self.chat)
        self._batches = Batches(self.chat)
        self._budget = Budget(options.max_cost, lambda: self.usage.cost)
        self._met = False
        self._way = ""
        self._kept = 0

    def close(self) -> None:
        """End the connections, the thread and the journal."""
        self.remember(None)
        self._background.run(self.transport.client.close())
        self._background.close()

    def remember(self, journal: Path | None, heard: Callable[[int], None] | None = None, part: str = "") -> None:
        super().remember(journal, heard, part)
        self._kept = 0
        if self._journal and self.options.batch:
            self._batches.remember(self._journal)

    def clip(self, text: str, max_tokens: int) -> tuple[str, bool]:
        """`text` cut to `max_tokens`, at a word. Servers lend no tokenizer: four bytes of UTF-8 are counted as one token."""
        head = text.encode("utf-8", "replace")
        if len(head) <= max_tokens * BYTES_PER_TOKEN:
            return text, False
        cut = head[: max_tokens * BYTES_PER_TOKEN].decode("utf-8", "ignore")
        word = cut if text[len(cut) : len(cut) + 1].isspace() else cut.rsplit(None, 1)[0] if cut.split() else cut
        return word.rstrip(), True

    def generate(self, prompts: Sequence[str], sampling: Sampling, seeds: Sequence[int]) -> list[Completion]:
        keys, bodies = [], {}
        for prompt, seed in zip(prompts, seeds, strict=True):
            key = key_of("generate", prompt, sampling, seed if sampling.temperature else 0)
            keys.append(key)
            bodies[key] = self.chat.sampled(prompt, sampling, seed)
        made: Made = {}
        with self._typed():
            if self.options.batch:
                self._batched(bodies, made)
            self._fill([Call(key, self.chat.dearest(body), self._completing(body)) for key, body in bodies.items()], made)
        return [cast(Completion, made[key][0]) for key in keys]

    def logprob(self, prompts: Sequence[str], targets: Sequence[str], ended: bool = False) -> list[list[float] | None]:
        if ended:
            raise self._no_logprobs("what ends an answer is a matter of its template")
        rows = [(p, t) for p, t in dict.fromkeys(zip(prompts, targets, strict=True)) if t]
        if rows and self.official:
            raise self._no_logprobs("OpenAI's own give those of what they write alone")
        made: Made = {}
        # The first row alone: a server that cannot says so once.
        for part in (rows[:1], rows[1:]):
            self._score(part, made)
        return [self._scored(made, p, t) if t else [] for p, t in zip(prompts, targets, strict=True)]

    def offsets(self, texts: Sequence[str]) -> list[list[int]] | None:
        return None

    def decide(self, states: Sequence[str], questions: Sequence[Question]) -> list[list[Answer]]:
        if not states or not questions:
            return [[] for _ in states]
        made: Made = {}
        with self._typed():
            # The shortest: what is too long for the server tells nothing of its ways.
            self._way = self._way or self._find(min(states, key=len), questions, made)
            calls = [self._ways.calls(self._way, state, questions) for state in states]
            self._fill([call for each in calls for call in each], made)
        return [self._ways.answers(self._way, questions, [made[call.key] for call in each]) for each in calls]

    def _find(self, state: str, questions: Sequence[Question], made: Made) -> str:
        """The first way in which the server answers `state`; what it says of the last one is for the user.

        A way whose labels the model hardly knows (a small model trained on letters, where vLLM shows digits) gives way to
        the next, if the model knows that one's better.
        """
        ways = WAYS if self.options.decide == "auto" else (self.options.decide,)
        doubted: dict[str, float] = {}
        for way in ways:
            if doubted and way == "written":
                break
            try:
                calls = self._ways.calls(way, state, questions)
                self._fill(calls if doubted else calls[:1], made)
            except (Absent, Refused) as fault:
                if not missing(way, fault):
                    raise
                if len(ways) == 1:
                    raise LMError(
                        f"{self.transport.host} has no {way} interface: {fault}",
                        "leave out decide=: then a way that the server has is found",
                    ) from None
            else:
                mass = self._mass(way, questions, calls, made)
                if len(ways) == 1 or mass >= DOUBTED_MASS:
                    return way
                doubted[way] = mass
        return max(doubted, key=lambda way: doubted[way])

    def _mass(self, way: str, questions: Sequence[Question], calls: Sequence[Call], made: Made) -> float:
        """The least label mass of the answers by `way`; 1 where the server does not tell, or was not asked everything.

        A refusal, which has none, says nothing of the labels.
        """
        if any(call.key not in made for call in calls):
            return 1.0
        answers = self._ways.answers(way, questions, [made[call.key] for call in calls])
        return min((each.label_mass for each in answers if each.probabilities and each.label_mass), default=1.0)

    def _score(self, rows: Sequence[tuple[str, str]], made: Made) -> None:
        try:
            heads = {prompt: self._scores.opened(prompt) for prompt, _ in rows}
            self._fill(list(heads.values()), made)
            at = {prompt: made[call.key][0] for prompt, call in heads.items()}
            self._fill([self._scores.scored(p, t, head) for p, t in rows if isinstance(head := at[p], list)], made)
        except Absent as absent:
            raise self._no_logprobs(str(absent)) from None
        except Refused as refused:
            raise self._no_logprobs(refused.said) if refused.unknown else self._refusal(refused) from None

    def _scored(self, made: Made, prompt: str, target: str) -> list[float] | None:
        known = made.get(self._scores.scored(prompt, target, ()).key)
        return cast("list[float] | None", known[0]) if known else None

    def _no_logprobs(self, why: str) -> LMError:
        return LMError(
            f"this server gives no log-probabilities of given texts ({self.transport.host}: {why})",
            "measure likelihoods with a vLLM server, or with a local model: vllm:MODEL or transformers:MODEL",
        )

    def _completing(self, body: Body) -> Callable[[], Any]:
        async def ask() -> Told:
            try:
                return await self.chat.ask(body, lambda answer: self._completed(answer, body))
            except Refused as refused:
                if not refused.too_long:
                    raise
                return [Completion("", "too_long", 0, None)], Usage(1)

        return ask

    def _completed(self, answer: Body, body: Body) -> Told:
        """A server that answers beyond what its model can read answered another prompt, or noise."""
        made, usage = completion(answer, body["max_tokens"]), self.chat.usage(answer, body)
        told = counted(answer)
        if self._read and told and told[0] + body["max_tokens"] > self._read:
            made = Completion("", "too_long", 0, None)
        return [made], usage

    def _batched(self, bodies: Mapping[str, Body], made: Made) -> None:
        """Fill `made` through batches, as far as they answer."""
        open_ = {key: body for key, body in bodies.items() if not self._recall(key, made)}

        def heard(key: str, answer: Body) -> None:
            if key in open_ and key not in made:
                self._keep(key, self._completed(answer, open_[key]), made)

        async def work() -> None:
            try:
                await self._batches.run(open_, self._budget.allows, heard, self._journal)
            except GivenUp as fault:
                raise self._given_up(fault) from None

        if open_:
            self.transport.resume()
            self.started()
            self._background.run(work())

    def _fill(self, calls: Sequence[Call], made: Made) -> None:
        """Have each of `calls` answered in `made`: by the journal, or by the server."""
        open_ = {call.key: call for call in calls if call.key not in made and not self._recall(call.key, made)}
        if open_:
            self.transport.resume()
            self.started()
            self._background.run(self._work(deque(open_.values()), made))

    def _recall(self, key: str, made: Made) -> bool:
        """Whether the journal answers `key`. What that took was paid for, and counts."""
        known = self.recalled(key)
        if known is None:
            return False
        made[key] = known
        self._kept += 1
        return True

    def _keep(self, key: str, told: Told, made: Made) -> None:
        made[key] = told[0]
        self.recorded(key, *told)
        self._kept += 1

    async def _work(self, open_: deque[Call], made: Made) -> None:
        """Ask `concurrency` calls at once. After a fault nothing more is sent, and what is in flight is waited for."""
        faults: list[Exception] = []

        async def one() -> None:
            try:
                await self._one(open_.popleft(), made, faults)
            except Exception as fault:  # noqa: BLE001 (raised below, once the others have ended)
                faults.append(fault)
                self.transport.halt()

        async def many() -> None:
            while open_ and not faults:
                await one()

        if not self._met:
            # What the server refuses is learnt from one request instead of from many.
            await one()
            self._met = True
        await asyncio.gather(*(many() for _ in range(min(self.options.concurrency, len(open_)))))
        if faults:
            fault = next((each for each in faults if not isinstance(each, GivenUp)), faults[0])
            raise self._given_up(fault) if isinstance(fault, GivenUp) else fault

    async def _one(self, call: Call, made: Made, faults: list[Exception]) -> None:
        async with self._budget.held(call.cost):
            if not faults:
                self._keep(call.key, await call.ask(), made)

    def _given_up(self, fault: GivenUp) -> LMError:
        kept = f"{self._kept} answers are kept" if self._journal else "no answer is kept, for want of a journal"
        tries = "1 try" if fault.tries == 1 else f"{fault.tries} tries"
        return LMError(f"{fault.fault}, after {tries}; {kept}", AGAIN, retryable=True)

    @contextmanager
    def _typed(self) -> Iterator[None]:
        try:
            yield
        except Refused as refused:
            raise self._refusal(refused) from None
        except Absent as absent:
            fact = f"{self.transport.host} answered before, and now leaves out what was asked for: {absent}"
            raise LMError(fact, AGAIN, retryable=True) from None

    def _refusal(self, refused: Refused) -> LMError:
        hint = _HINTS.get(refused.status, "change what the server names, or ask another one")
        return LMError(
            f"{self.transport.host} refuses with {refused.status}: {refused.said}", hint.format(self.options.key_env)
        )

    async def _length(self, model: str) -> int:
        """How many tokens the model reads, as far as the server says (vLLM and SGLang do), else 0."""
        try:
            async with asyncio.timeout(LOOK):
                listed = decoded((await self.transport.client.get("/models", cast_to=httpx2.Response)).content)
            return next((int(each["max_model_len"] or 0) for each in listed["data"] if each["id"] == model), 0)
        except (openai.OpenAIError, TooLarge, TimeoutError, *GARBAGE):
            return 0


_HINTS = {
    401: "put the right key into the environment: {}",
    402: "top up the account, then type the same command again",
    403: "put a key into the environment that may use this model: {}",
    404: "check the model's name and the address, which ends in /v1 at most servers",
    429: "top up the account, then type the same command again",
}
