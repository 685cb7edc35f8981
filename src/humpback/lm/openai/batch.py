"""Completions through files and batches: half the price at some servers, within a day.

The journal names a batch's file before the batch exists, so that a killed run finds it again instead of paying for another.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

import orjson

from humpback.lm import Completion, Usage
from humpback.lm.journal import Journal, key_of
from humpback.lm.openai.chat import PATH, Chat
from humpback.lm.openai.faults import Refused, one_line
from humpback.lm.openai.transport import GARBAGE, Body

FIRST_POLL, LONGEST_POLL = 1.0, 60.0
# OpenAI's limits are 50,000 requests and 200 MB a file.
MOST_ROWS, MOST_BYTES = 50_000, 150_000_000
# How much longer than a request a file may take.
SLOW = 10.0
_ENDED = ("completed", "failed", "expired", "cancelled")


@dataclass(frozen=True)
class Batch:
    """One file of requests at the server, and the keys of its rows."""

    file: str
    keys: frozenset[str]


class Batches:
    """Sends rows in batches; what these leave unanswered is for the normal way."""

    def __init__(self, chat: Chat) -> None:
        self.chat = chat
        self._known: list[Batch] = []

    def remember(self, journal: Journal) -> None:
        """Take up the batches that `journal` names."""
        self._known = []
        while known := journal.recall(self._key()):
            file, *keys = cast(Completion, known[0][0]).text.split()
            self._known.append(Batch(file, frozenset(keys)))

    def _key(self) -> str:
        return key_of("batch", len(self._known))

    async def run(
        self, bodies: Mapping[str, Body], afford: Callable[[float], bool], heard: Callable[[str, Body], None],
        journal: Journal | None,
    ) -> None:  # fmt: skip
        """Tell `heard` the answer to each of `bodies` (by key): of batches that were begun before, then of new ones."""
        under_way: set[str] = set()
        for batch in [each for each in self._known if each.keys & bodies.keys()]:
            ended = await self._ended(batch.file)
            if ended.status != "failed":
                under_way |= batch.keys
                await self._hand_on(batch, ended, heard)
        rest = {key: body for key, body in bodies.items() if key not in under_way}
        for keys in _portions(rest):
            if not afford(sum(self.chat.dearest(rest[key]) for key in keys)):
                return
            batch = await self._upload({key: rest[key] for key in keys}, journal)
            ended = await self._ended(batch.file)
            if ended.status == "failed":
                errors = (ended.errors and ended.errors.data) or []
                why = one_line(errors[0].message) if errors else "the server does not say why"
                raise Refused(400, f"the batch failed: {why}")
            await self._hand_on(batch, ended, heard)

    async def _upload(self, bodies: Mapping[str, Body], journal: Journal | None) -> Batch:
        lines = b"".join(_line(key, self.chat.dialect.spoken(body)) for key, body in bodies.items())
        files = self.chat.transport.client.files

        async def send() -> Any:
            return await files.create(file=("humpback.jsonl", lines), purpose="batch")

        batch = Batch(await self.chat.transport.call(send, lambda made: str(made.id), slow=SLOW), frozenset(bodies))
        if journal:
            journal.record(self._key(), [Completion(" ".join([batch.file, *bodies]), "stop", 0, None)], Usage())
        self._known.append(batch)
        return batch

    async def _hand_on(self, batch: Batch, ended: Any, heard: Callable[[str, Body], None]) -> None:
        if not ended.output_file_id:
            return
        for key, answer in await self._lines(ended.output_file_id):
            # A row without a sound answer is left for the normal way, and so is one that the batch gave an error for.
            with contextlib.suppress(*GARBAGE):
                if key in batch.keys:
                    heard(key, answer)

    async def _ended(self, file: str) -> Any:
        """The batch over `file` once it ended; it is created only if the server has none, so that it is paid for once."""
        transport, client = self.chat.transport, self.chat.transport.client

        async def find_or_create() -> Any:
            async for each in client.batches.list(limit=100):
                if each.input_file_id == file:
                    return each
            return await client.batches.create(input_file_id=file, endpoint=f"/v1{PATH}", completion_window="24h")  # type: ignore[arg-type]

        found = await transport.call(find_or_create, _with_id, slow=SLOW)
        rest = FIRST_POLL
        while found.status not in _ENDED:
            await asyncio.sleep(rest)
            rest = min(LONGEST_POLL, rest * 1.5)
            found = await transport.call(_bound(client.batches.retrieve, found.id), _with_id)
        return found

    async def _lines(self, file: str) -> list[tuple[str, Body]]:
        client = self.chat.transport.client
        return await self.chat.transport.call(_bound(client.files.content, file), _read_lines, slow=SLOW)


def _portions(bodies: Mapping[str, Body]) -> Iterator[list[str]]:
    keys: list[str] = []
    size = 0
    for key, body in bodies.items():
        length = len(_line(key, body))
        if keys and (len(keys) == MOST_ROWS or size + length > MOST_BYTES):
            yield keys
            keys, size = [], 0
        keys.append(key)
        size += length
    if keys:
        yield keys


def _line(key: str, body: Body) -> bytes:
    return orjson.dumps({"custom_id": key, "method": "POST", "url": f"/v1{PATH}", "body": body}) + b"\n"


def _bound(call: Callable[[str], Awaitable[Any]], name: str) -> Callable[[], Awaitable[Any]]:
    return lambda: call(name)


def _with_id(made: Any) -> Any:
    if not isinstance(made.id, str) or not isinstance(made.status, str):
        raise ValueError("no batch")
    return made


def _read_lines(content: Any) -> list[tuple[str, Body]]:
    """(key, body of the answer) of every row that was answered; errors are left for the normal way."""
    rows = [orjson.loads(line) for line in content.content.splitlines() if line.strip()]
    return [
        (str(row["custom_id"]), row["response"]["body"])
        for row in rows
        if row.get("response") and row["response"].get("status_code") == 200
    ]
