"""Chat completions: what is sent, in the dialect that the server turns out to speak, and what comes back."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from humpback.lm import Completion, Finish, Sampling, Usage
from humpback.lm.chat import strip_reasoning, without_reasoning
from humpback.lm.openai import Options
from humpback.lm.openai.faults import Absent, Refused
from humpback.lm.openai.transport import Body, Transport, counted

R = TypeVar("R")

PATH = "/chat/completions"
SEEDS = 2**31
BYTES_PER_TOKEN = 4
# What a template adds around one user turn, about.
TURN_TOKENS = 8
# Left out where a server refuses it: the answer stays the same in kind. A refused penalty or temperature is an error.
_DISPENSABLE = ("seed", "logprobs", "top_logprobs", "chat_template_kwargs", "reasoning_effort")
_LESSER: dict[str, dict[Any, Any]] = {"reasoning_effort": {"none": "minimal"}}
# What servers that say no number allow, and how the others say it.
_FEW_LOGPROBS = 5
_LIMIT = re.compile(
    r"(?:between \d+ and|range [\[(]\d+\s*[,-]|max(?:imum)?(?: allowed| value| is)?|more than|at most|up to|exceeds?"
    r"|or equal to|less than|<=|allowed:?)[^\d\n]{0,30}?(\d+)(?! and\b)",
    re.IGNORECASE,
)
_NUMBERED = re.compile(r"top_logprobs|top_n_tokens|n_probs")
# What servers call the parameters by which they compute what was asked for.
_ALIASES = {"top_logprobs": ("top_n_tokens", "top_logprobs_num", "n_probs")}
_PLAIN = {"temperature": 1, "top_p": 1}
# Where servers put what the model thought, beside the content; the log-probabilities are those of both.
_THOUGHTS = ("reasoning_content", "reasoning")
_UNKNOWN = re.compile(
    r"support|unrecogni[sz]ed|unexpected|unknown|permitted|extra|invalid|allowed|must be|should be|cannot|not available"
    r"|less than|at most|range|enabled",
    re.IGNORECASE,
)
# The control tokens of the usual templates, which a server would read out of the data.
_CONTROL = re.compile(r"<\|[^|<>\s]{1,40}\|>|</?s>|<(?:start|end)_of_turn>|\[/?INST\]")


def defuse(text: str) -> str:
    """`text` with what looks like a control token split after its first character, as `chat.defuse` does by a tokenizer."""
    return _CONTROL.sub(lambda found: f"{found[0][0]} {found[0][1:]}", text)


def estimate(text: str) -> int:
    """About how many tokens `text` is: four bytes of UTF-8 each."""
    return len(text.encode("utf-8", "surrogatepass")) // BYTES_PER_TOKEN + 1


@dataclass
class Dialect:
    """What the server turned out to refuse: `changed` maps a parameter to what is sent instead, None for nothing."""

    changed: dict[str, Any] = field(default_factory=dict)
    renamed: bool = False

    def spoken(self, body: Body) -> Body:
        # What is not as usual is said, whatever the server may say to it.
        refused = {name: value for name, value in self.changed.items() if name not in _PLAIN or body.get(name) == 1}
        said = {name: refused.get(name, value) for name, value in body.items()}
        if said.get("logprobs", True) is None:
            said["top_logprobs"] = None
        if self.renamed and "max_tokens" in said:
            said["max_completion_tokens"] = said.pop("max_tokens")
        return {name: value for name, value in said.items() if value is not None}

    def learn(self, sent: Body, refused: Refused) -> bool:
        """Whether `sent` may be said otherwise, after what the server said about it."""
        if refused.too_long or refused.status not in (400, 403, 422):
            return False
        name = next((name for name in sent if self._blamed(name, sent, refused)), None)
        if name is None:
            return False
        fewer = _fewer(sent.get("top_logprobs"), refused.whole) if name in ("logprobs", "top_logprobs") else None
        if name == "max_tokens":
            self.renamed = True
        elif fewer:
            self.changed["top_logprobs"] = fewer
        else:
            self.changed[name] = _LESSER[name].get(sent[name]) if name in _LESSER else None
        return True

    def _blamed(self, name: str, sent: Body, refused: Refused) -> bool:
        if name not in _DISPENSABLE and name != "max_tokens" and not (name in _PLAIN and sent[name] == 1):
            return False
        if refused.parameter:
            return refused.parameter.partition(".")[0] == name
        words = "|".join((name, *_ALIASES.get(name, ())))
        return bool(
            re.search(rf"(?<![A-Za-z_])(?:{words})\b", refused.whole, re.IGNORECASE) and _UNKNOWN.search(refused.whole)
        )


def _fewer(asked: int | None, said: str) -> int | None:
    """How many log-probabilities to ask for instead, where a server refused so many and not log-probabilities altogether."""
    if not asked or asked <= 1:
        return None
    limits = [int(number) for number in _LIMIT.findall(said)]
    allowed = [number for number in limits if 1 <= number < asked]
    if allowed:
        return min(allowed)
    return _FEW_LOGPROBS if asked > _FEW_LOGPROBS and _NUMBERED.search(said) else None


class Chat:
    """Asks for chat completions of `model`; `official` servers (OpenAI's own) refuse what others offer."""

    def __init__(self, transport: Transport, model: str, options: Options, official: bool) -> None:
        self.transport, self.model, self.options, self.official = transport, model, options, official
        self.dialect = Dialect()

    def body(self, prompt: str, max_tokens: int, thinking: bool = False, **more: Any) -> Body:
        """One user turn."""
        body = {
            "model": self.model,
            "messages": [{"role": "user", "content": defuse(prompt)}],
            "max_tokens": max_tokens,
            # Some servers stream to whoever does not say that they shall not.
            "stream": False,
            **more,
        }
        if not self.official:
            body["chat_template_kwargs"] = {"enable_thinking": thinking}
        elif not thinking:
            body["reasoning_effort"] = "none"
        return body

    def sampled(self, prompt: str, sampling: Sampling, seed: int) -> Body:
        body = self.body(
            prompt, sampling.max_new_tokens, self.options.thinking, temperature=sampling.temperature, logprobs=True
        )
        if sampling.temperature:
            body |= {"top_p": sampling.top_p, "seed": seed % SEEDS}
        if sampling.repetition_penalty != 1:
            body["repetition_penalty"] = sampling.repetition_penalty
        return body

    async def ask(self, body: Body, read: Callable[[Body], R]) -> R:
        """What `read` makes of the completion; a body that the server refuses is said otherwise where it can be."""
        while True:
            said = self.dialect.spoken(body)
            try:
                return await self.transport.post(PATH, said, read, expected(body))
            except Refused as refused:
                if not self.dialect.learn(said, refused):
                    raise

    def usage(self, answer: Body, body: Body) -> Usage:
        """What the server says that `answer` took; where it says nothing, what it took at most, about."""
        read, written = counted(answer) or (prompt_tokens(body), int(body["max_tokens"]))
        return self.priced(read, written)

    def priced(self, read: int, written: int) -> Usage:
        return Usage(1, read, written, self.cost(read, written))

    def cost(self, read: float, written: float) -> float:
        return (read * self.options.input_price + written * self.options.output_price) / 1e6

    def dearest(self, body: Body) -> float:
        """The most that `body` can cost, as far as its prompt is estimated."""
        return self.cost(prompt_tokens(body), body["max_tokens"])


def prompt_tokens(body: Body) -> int:
    return TURN_TOKENS + sum(estimate(message["content"]) for message in body["messages"])


def expected(body: Body) -> int:
    return prompt_tokens(body) + int(body["max_tokens"])


def completion(answer: Body, max_tokens: int) -> Completion:
    """The completion in `answer`; raises what `GARBAGE` names where it holds none.

    `logprob` is None where the server gives none or the model thought, and under the distribution that it gives them for,
    which is the unscaled one in vLLM. Text that a filter cut off counts as cut, and an aborted answer as none.
    """
    choice = answer["choices"][0]
    reason = choice.get("finish_reason")
    if reason in ("error", "abort"):
        raise ValueError(f"finish_reason {reason}")
    message = choice["message"]
    text = _text(message)
    steps = (choice.get("logprobs") or {}).get("content") or []
    logprobs = [float(step["logprob"]) for step in steps]
    _, written = counted(answer) or (0, 0)
    finish: Finish = "length" if reason in ("length", "content_filter") else "stop"
    tokens = written or len(logprobs) or min(estimate(text), max_tokens)
    said, mean = without_reasoning(text, sum(logprobs) / len(logprobs) if logprobs else None)
    return Completion(said, finish, tokens, None if any(message.get(field) for field in _THOUGHTS) else mean)


def _text(message: Mapping[str, Any]) -> str:
    """The content; what the model thought stands in fields of its own and is left there."""
    content = message.get("content")
    if content is None:
        return ""
    if isinstance(content, list):
        return "".join(part if isinstance(part, str) else str(part["text"]) for part in content if _is_text(part))
    if not isinstance(content, str):
        raise ValueError("the content is no text")
    return content


def _is_text(part: Any) -> bool:
    return isinstance(part, str) or part.get("type") in ("text", "output_text")


def written(answer: Body) -> str:
    return strip_reasoning(_text(answer["choices"][0]["message"]))


def first_tokens(answer: Body) -> list[tuple[str, float]]:
    """(token, log-probability) of the likeliest first tokens of the answer; raises `Absent` where the server gives none."""
    choice = answer["choices"][0]
    steps = (choice.get("logprobs") or {}).get("content") or []
    if not steps or not steps[0].get("top_logprobs"):
        choice["message"]  # an answer without it is garbage, not a server without log-probabilities
        raise Absent("no top_logprobs")
    return [(str(each["token"]), float(each["logprob"])) for each in steps[0]["top_logprobs"]]
