"""Sending one request until it is answered: pace, retries, limits on time and size, and a key that is never seen again."""

import asyncio
import contextlib
import random
import threading
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx2
import openai
import orjson

from humpback.lm.openai import Options
from humpback.lm.openai.faults import LONGEST_REST, GivenUp, passes, refusal, rest_asked
from humpback.lm.openai.pace import Pace

T = TypeVar("T")
R = TypeVar("R")
Body = dict[str, Any]

# The library wants some key; a server of one's own asks for none.
NO_KEY = "none"
LARGEST_ANSWER = 32 << 20
LARGEST_FILE = 1 << 30
FIRST_REST, LONGEST_BACK_OFF = 0.5, 60.0
# Shapes that are not an answer surface as these when they are read.
GARBAGE = (KeyError, IndexError, TypeError, ValueError, AttributeError)


class TooLarge(Exception):
    """An answer that did not end where any sensible one has."""


class Client(httpx2.AsyncClient):
    """Reads every answer whole up to a limit, whatever its status, and takes `secret` out of what servers echo."""

    def __init__(self, secret: str, **settings: Any) -> None:
        super().__init__(**settings)
        self._secret = secret.encode()

    async def send(self, request: httpx2.Request, *, stream: bool = False, **more: Any) -> httpx2.Response:
        response = await super().send(request, stream=True, **more)
        limit = LARGEST_FILE if request.url.path.endswith("/content") else LARGEST_ANSWER
        try:
            if response.headers.get("content-encoding", "identity") not in ("identity", "gzip", "deflate"):
                raise TooLarge("an encoding that nobody asked for")
            body = bytearray()
            async for piece in response.aiter_bytes():
                body += piece
                if len(body) > limit:
                    raise TooLarge(f"an answer of over {limit >> 20} MiB")
        finally:
            await response.aclose()
        told = [(name, value) for name, value in response.headers.items() if name not in _OF_THE_WIRE]
        content = bytes(body).replace(self._secret, b"[key]") if len(self._secret) >= 8 else bytes(body)
        return httpx2.Response(response.status_code, headers=told, content=content, request=request)


_OF_THE_WIRE = ("content-encoding", "content-length", "transfer-encoding")


class Background:
    """An event loop in a thread of its own, so that callers with a loop already (notebooks) can call too."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="humpback-openai", daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """What `work` returns; an interrupt cancels it."""
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def close(self) -> None:
        if not self._loop.is_closed():
            self.run(self._loop.shutdown_default_executor())
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()


class Transport:
    """Requests to the server at `url`. Raises `Refused`, `Absent`, or `GivenUp`."""

    def __init__(self, url: str, key: str, options: Options) -> None:
        self.host = urlsplit(url).netloc
        self.timeout, self.retries = options.timeout, options.retries
        self.pace = Pace(options.rpm, options.tpm)
        here = urlsplit(url).hostname in ("localhost", "127.0.0.1", "::1")
        # No connection is used twice: what a faulty server says too much would be read as the answer to the next request.
        limits = httpx2.Limits(max_connections=None, max_keepalive_connections=0)
        client = Client(
            key, timeout=None, limits=limits, trust_env=not here, follow_redirects=False, headers={"accept-encoding": "gzip"}
        )
        self.client = openai.AsyncOpenAI(
            api_key=key or NO_KEY, base_url=url, max_retries=0, http_client=client,
            default_headers={"accept-encoding": "gzip"}, timeout=None,
        )  # fmt: skip
        self._silent_until = 0.0
        self._halted = asyncio.Event()

    def resume(self) -> None:
        """Send again after a `halt`."""
        self._halted.clear()

    def halt(self) -> None:
        """What is in flight may end; nothing is tried again."""
        self._halted.set()

    async def post(self, path: str, body: Body, read: Callable[[Body], R], tokens: float = 0.0) -> R:
        """What `read` makes of the answer to `body`; `tokens` is about what it will take."""

        async def send() -> Body:
            response = await self.client.post(path, cast_to=httpx2.Response, body=body)
            return decoded(response.content)

        def corrected(answer: Body) -> R:
            made, taken = read(answer), counted(answer)
            if taken:
                self.pace.correct(tokens, sum(taken))
            return made

        return await self.call(send, corrected, tokens)

    async def call(
        self, send: Callable[[], Awaitable[T]], read: Callable[[T], R], tokens: float = 0.0, slow: float = 1.0
    ) -> R:
        """`read` of what `send` brings, tried until it is an answer; `slow` lengthens the time limit (files)."""
        fault, asked, tries = "", None, 0
        while tries <= self.retries:
            if tries:
                await self._rest(tries, asked)
            await self._turn(tokens)
            if self._halted.is_set():
                break
            tries += 1
            fault, asked, made = await self._try(send, read, self.timeout * slow)
            if made:
                return made[0]
            if asked is not None and asked > LONGEST_REST:
                fault = f"{fault}, and asks to be left alone for {asked:.0f} s"
                break
        raise GivenUp(fault, tries)

    async def _try(
        self, send: Callable[[], Awaitable[T]], read: Callable[[T], R], limit: float
    ) -> tuple[str, float | None, list[R]]:
        """(passing fault, seconds of rest that the server asks for, the answer in a list of one or none)."""
        try:
            async with asyncio.timeout(limit):
                brought = await send()
            return "", None, [read(brought)]
        except openai.APIStatusError as error:
            refused = refusal(error.status_code, error.body)
            if not passes(refused):
                raise refused from None
            asked = rest_asked(error.response.headers)
            return f"{self.host} answers {refused.status}: {refused.said}", self._keep_silent(asked), []
        except (TimeoutError, openai.APITimeoutError):
            return f"{self.host} gave no whole answer within {limit:g} s", None, []
        except openai.APIConnectionError as error:
            return f"the connection to {self.host} failed ({type(error.__cause__ or error).__name__})", None, []
        except TooLarge as error:
            return f"{self.host} sends {error}", None, []
        except GARBAGE as error:
            return f"{self.host} sends what is no answer ({type(error).__name__}: {str(error)[:80]})", None, []

    def _keep_silent(self, asked: float | None) -> float | None:
        """A rest that the server asks for is kept by all requests, not by the one that heard of it."""
        if asked is not None and asked <= LONGEST_REST:
            self._silent_until = max(self._silent_until, asyncio.get_running_loop().time() + asked)
        return asked

    async def _turn(self, tokens: float) -> None:
        while (left := self._silent_until - asyncio.get_running_loop().time()) > 0 and not self._halted.is_set():
            await self._halted_within(left)
        await self.pace.turn(tokens)

    async def _rest(self, tries: int, asked: float | None) -> None:
        """Exponential back-off with jitter, or what the server asked for (kept in `_turn`) and a little."""
        back_off = min(LONGEST_BACK_OFF, FIRST_REST * 2 ** (tries - 1))
        await self._halted_within(
            random.uniform(0, FIRST_REST) if asked is not None else random.uniform(back_off / 2, back_off)
        )

    async def _halted_within(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._halted.wait(), seconds)


def decoded(content: bytes) -> Body:
    """The JSON object in `content`; raises `ValueError` for anything else, with the server's words if it holds an error."""
    body = orjson.loads(content)
    if not isinstance(body, dict):
        raise ValueError("not an object")
    if body.get("error") and "choices" not in body and "answers" not in body:
        raise ValueError(refusal(200, body).said)
    return body


def counted(answer: Mapping[str, Any]) -> tuple[int, int] | None:
    """(prompt tokens, answer tokens) of `answer`, under any of the names in use; None where the server does not tell."""
    usage = answer.get("usage")
    if not isinstance(usage, Mapping):
        return None
    read = usage.get("prompt_tokens", usage.get("input_tokens"))
    written = usage.get("completion_tokens", usage.get("output_tokens"))
    return int(read or 0), int(written or 0)
