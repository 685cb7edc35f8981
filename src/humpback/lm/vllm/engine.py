"""Models that vLLM runs in this process: requests join and leave its batch as they come and end, and what prompts have in
common at their head is computed once for all calls.
"""

import contextlib
import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import vllm
from vllm.exceptions import VLLMError
from vllm.inputs.engine import tokens_input
from vllm.sampling_params import RequestOutputKind
from vllm.v1.engine.exceptions import EngineDeadError

from humpback.errors import LMError, UsageFault
from humpback.lm import Answer, Completion, Question, Sampling, Usage, chat, decisions
from humpback.lm.journal import Given, Remembers, key_of
from humpback.lm.memory import give_back_memory

# vLLM seeds with a signed number of 64 bits.
SEEDS = 1 << 63
# vLLM writes at least one token, also where only the probabilities before it are wanted.
READ = {"temperature": 0.0, "max_tokens": 1}
Ids = list[int]
# The model that this process holds: an engine that ends tears down what a second one would stand on.
held: list[str] = []


class Request(NamedTuple):
    """One request: what is sent, how it is sampled, and from which place of its prompt it is scored."""

    ids: Ids
    settings: dict[str, Any]
    start: int = 0


class Vllm(Remembers):
    """One engine of vLLM with the tokenizer of its model. Every request that finishes is remembered for itself."""

    def __init__(self, engine: Any, name: str, role: str, adapter: Any) -> None:
        self.engine, self.name, self.role, self.adapter = engine, name, role, adapter
        self.tokenizer = chat.ready(engine.get_tokenizer())
        self.context = int(engine.model_config.max_model_len)
        self._numbers = map(str, itertools.count())
        held.append(name)

    def close(self) -> None:
        """End the engine with the processes it started, and give the memory back."""
        self.engine.llm_engine.engine_core.shutdown()
        del self.engine
        held.clear()
        give_back_memory()

    def clip(self, text: str, max_tokens: int) -> tuple[str, bool]:
        return chat.clip(self.tokenizer, text, max_tokens)

    def generate(self, prompts: Sequence[str], sampling: Sampling, seeds: Sequence[int]) -> list[Completion]:
        """Raises `UsageFault` for a repetition penalty: vLLM's counts the prompt's tokens too, which is another thing."""
        if sampling.repetition_penalty != 1.0:
            raise UsageFault(
                f"repetition_penalty is {sampling.repetition_penalty}, and vLLM's would punish the words of the prompt too",
                "set it to 1.0, or take the transformers backend",
            )
        ids = chat.prompt_ids(self.tokenizer, prompts)
        drawn = {"temperature": sampling.temperature, "top_p": sampling.top_p, "max_tokens": sampling.max_new_tokens}
        asked = {
            i: Request(row, {**drawn, "logprobs": 0, "seed": seeds[i] % SEEDS})
            for i, row in enumerate(ids)
            if len(row) + sampling.max_new_tokens <= self.context
        }
        made = self._ask("generate", asked, self._completion)
        return [made.get(i, Completion("", "too_long", 0, None)) for i in range(len(ids))]

    def logprob(self, prompts: Sequence[str], targets: Sequence[str], ended: bool = False) -> list[list[float] | None]:
        heads = chat.prompt_ids(self.tokenizer, prompts)
        tails = chat.target_ids(self.tokenizer, targets, ended)
        fits = [len(head) + len(tail) <= self.context for head, tail in zip(heads, tails, strict=True)]
        asked = {i: _scored(heads[i], tails[i]) for i, fit in enumerate(fits) if fit and tails[i]}
        made = self._ask("logprob", asked, lambda i, output: _target_logprobs(output, len(heads[i]), tails[i]))
        return [made.get(i, []) if fit else None for i, fit in enumerate(fits)]

    def offsets(self, texts: Sequence[str]) -> list[list[int]] | None:
        return [chat.offsets(self.tokenizer, text) for text in texts]

    def decide(self, states: Sequence[str], questions: Sequence[Question]) -> list[list[Answer]]:
        turns = decisions.turns(questions)
        labels = [decisions.label_ids(self.tokenizer, question, self.name) for question, _ in turns]
        rendered = [chat.prompt_ids(self.tokenizer, [decisions.prompt(state, *turn) for turn in turns]) for state in states]
        fits = [i for i in range(len(states)) if turns and max(map(len, rendered[i])) < self.context]
        asked = {
            i * len(turns) + n: Request(rendered[i][n], {**READ, "logprob_token_ids": labels[n]})
            for i in fits
            for n in range(len(turns))
        }
        read = self._ask("decide", asked, lambda i, output: _label_logprobs(output, labels[i % len(turns)]))
        told = {i: [read[i * len(turns) + n] for n in range(len(turns))] for i in fits}
        return [decisions.answers(questions, told.get(i)) for i in range(len(states))]

    def _completion(self, row: int, output: Any) -> Completion:
        made = output.outputs[0]
        ids = list(made.token_ids)
        ended = made.finish_reason == "stop"
        text = self.tokenizer.decode(ids[:-1] if ended else ids, skip_special_tokens=True)
        said, mean = chat.without_reasoning(text, made.cumulative_logprob / len(ids))
        return Completion(said, "stop" if ended else "length", len(ids), mean)

    def _ask(self, call: str, asked: dict[int, Request], read: Callable[[int, Any], Given]) -> dict[int, Any]:
        """What `read` makes of the engine's answer to each of `asked`, by row; what the journal answers is not asked."""
        keys = {row: key_of(call, *each) for row, each in asked.items()}
        out = {row: known[0] for row, key in keys.items() if (known := self.recalled(key)) is not None}
        self.started()
        for row, output in self._finished({row: each for row, each in asked.items() if row not in out}):
            if output.outputs[0].finish_reason not in ("stop", "length"):
                raise LMError(
                    f"{self.name}: vLLM gave a request up: {output.outputs[0].finish_reason}", "run again", retryable=True
                )
            out[row] = read(row, output)
            anew = len(output.prompt_token_ids) - (output.num_cached_tokens or 0)
            written = len(output.outputs[0].token_ids) if call == "generate" else 0
            self.recorded(keys[row], [out[row]], Usage(1, anew, written))
        return out

    def _finished(self, asked: dict[int, Request]) -> Iterator[tuple[int, Any]]:
        """Rows with the engine's answers, in the order in which they finish. One kind of request at a time.

        The rows of a batch share one table of log-probabilities: beside a request that names its tokens, one that asks for
        the most likely would get none.
        """
        core = self.engine.llm_engine
        rows: dict[str, int] = {}
        try:
            for row, each in asked.items():
                rows[number := next(self._numbers)] = row
                core.add_request(number, tokens_input(each.ids), params(each.settings), lora_request=self.adapter)
            while core.has_unfinished_requests():
                for output in core.step():
                    yield rows.pop(output.request_id), output
        except BaseException as error:
            with contextlib.suppress(EngineDeadError):
                core.abort_request(list(rows))
            if not isinstance(error, EngineDeadError | RuntimeError):
                raise
            raise LMError(
                f"{self.name}: the engine of vLLM stopped: {fact(error)}",
                "give it less work at once, for example: ?max_num_seqs=64",
            ) from error


def params(settings: dict[str, Any]) -> Any:
    try:
        return vllm.SamplingParams(**settings, detokenize=False, output_kind=RequestOutputKind.FINAL_ONLY)
    except VLLMError as error:
        raise UsageFault(f"vllm cannot sample so: {fact(error)}", "change the sampling") from None


def _scored(head: Ids, tail: Ids) -> Request:
    """The request that scores `tail`. Its last token is not sent but read where the answer would begin, so that a row may
    fill the whole context, and a target of one token is read from the cache."""
    inside = {"prompt_logprobs": 0} if len(tail) > 1 else {}
    return Request(head + tail[:-1], {**READ, **inside, "logprob_token_ids": tail[-1:]}, len(head))


def _target_logprobs(output: Any, start: int, target: Ids) -> list[float]:
    """Values at the places of `target`, whose last token is what was asked for after the prompt."""
    places = (output.prompt_logprobs or [])[start:]
    inside = [float(place[token].logprob) for place, token in zip(places, target[:-1], strict=True)]
    return inside + _label_logprobs(output, target[-1:])


def _label_logprobs(output: Any, ids: Ids) -> list[float]:
    first = output.outputs[0].logprobs[0]
    return [float(first[each].logprob) for each in ids]


def fact(error: Exception) -> str:
    """The line of `error` that tells what is so; a validation error keeps it inside."""
    inner = error.errors()[0]["msg"] if hasattr(error, "errors") else str(error)
    return next((line.strip() for line in inner.splitlines() if line.strip()), type(error).__name__)
