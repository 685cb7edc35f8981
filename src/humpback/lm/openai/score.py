"""Log-probabilities of given texts, from servers that give those of a prompt's tokens (vLLM's `prompt_logprobs`)."""

import zlib
from collections.abc import Sequence
from typing import Any

from humpback.lm.journal import key_of
from humpback.lm.openai.chat import PATH, Chat, defuse, estimate
from humpback.lm.openai.decide import Call, Told
from humpback.lm.openai.faults import Absent, Refused
from humpback.lm.openai.transport import Body


class Scores:
    """Two requests: the prompt alone, opened for the assistant, says where the target begins; both together are scored.

    The answer to the first is [number of its tokens, a checksum of their ids]; the second must begin with the same.
    """

    def __init__(self, chat: Chat) -> None:
        self.chat = chat
        self._begun_alike = False

    def opened(self, prompt: str) -> Call:
        body = self.chat.body(prompt, 1, temperature=0, return_token_ids=True)

        def read(answer: Body) -> Told:
            return [_head(answer["prompt_token_ids"])], self.chat.usage(answer, body)

        return Call(key_of("opened", prompt), self.chat.dearest(body), lambda: self._ask(body, read))

    def scored(self, prompt: str, target: str, head: Sequence[float]) -> Call:
        body = self.chat.body(prompt, 1, temperature=0)
        body["messages"].append({"role": "assistant", "content": defuse(target)})
        body |= {
            "prompt_logprobs": 0,
            "return_token_ids": True,
            "add_generation_prompt": False,
            "continue_final_message": True,
        }

        def read(answer: Body) -> Told:
            return [self._tail(answer, head)], self.chat.usage(answer, body)

        return Call(key_of("scored", prompt, target), self.chat.dearest(body), lambda: self._ask(body, read))

    def _tail(self, answer: Body, head: Sequence[float]) -> list[float] | None:
        """The log-probability of each token after `head`; None for a target whose beginning melts into the prompt's end."""
        ids, told = answer["prompt_token_ids"], answer.get("prompt_logprobs")
        if told is None:
            raise Absent("no prompt_logprobs")
        count = int(head[0])
        alike = _head(ids[:count]) == list(head)
        if not alike and not self._begun_alike:
            raise Absent("its template opens an answer otherwise than it renders one")
        self._begun_alike = True
        return [float(told[i][str(ids[i])]["logprob"]) for i in range(count, len(ids))] if alike else None

    async def _ask(self, body: Body, read: Any) -> Told:
        tokens = sum(estimate(message["content"]) for message in body["messages"])
        try:
            return await self.chat.transport.post(PATH, body, _told(read), tokens)
        except Refused as refused:
            if not refused.too_long:
                raise
            return [None], self.chat.priced(0, 0)


def _told(read: Any) -> Any:
    """`read`, after a look at whether the answer holds what was asked for: a server that ignores the question has none."""

    def told(answer: Body) -> Told:
        answer["choices"][0]  # an answer without it is garbage, not a server without log-probabilities
        if answer.get("prompt_token_ids") is None:
            raise Absent("no prompt_token_ids")
        made: Told = read(answer)
        return made

    return told


def _head(ids: Sequence[int]) -> list[float]:
    return [float(len(ids)), float(zlib.crc32(repr(list(ids)).encode()))]
