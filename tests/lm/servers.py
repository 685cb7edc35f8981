"""Servers for tests: one on loopback that fails as it is told and offers all that providers offer, and a real one."""

import asyncio
import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

Body = dict[str, Any]
# What to do with a request: (path, body, how often its prompt was asked before) to the name of a fault, or "ok".
Plan = Callable[[str, Body, int], str]


class FaultServer:
    """An OpenAI-compatible server in a thread. `billed` counts complete answers by prompt, `asked` requests by prompt."""

    def __init__(
        self, plan: Plan | None = None, delay: float = 0.0, ways: tuple[str, ...] = (), max_model_len: int = 0
    ) -> None:
        self.plan = plan or (lambda path, body, before: "ok")
        self.delay, self.ways, self.max_model_len = delay, ways, max_model_len
        self.retry_after = "0"
        self.refuses: dict[str, str] = {}
        self.billed: Counter[str] = Counter()
        self.asked: Counter[str] = Counter()
        self.bodies: list[tuple[str, Body]] = []
        self.keys: set[str] = set()
        self.times: list[float] = []
        self.flying = self.peak = 0
        self.files: dict[str, bytes] = {}
        self.batches: dict[str, Body] = {}
        self.polls_to_finish = 2
        self.row_fault: Callable[[str], bool] = lambda prompt: False
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._ready = threading.Event()

    def __enter__(self) -> "FaultServer":
        self._thread.start()
        self._ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def _serve(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._main())

    async def _main(self) -> None:
        self._stop = asyncio.Event()
        server = await asyncio.start_server(self._connection, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stop.wait()
        server.close()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                length = re.search(r"content-length: (\d+)", head, re.IGNORECASE)
                content = await reader.readexactly(int(length[1]) if length else 0)
                self.flying += 1
                self.peak = max(self.peak, self.flying)
                try:
                    await self._answer(head, content, writer)
                finally:
                    self.flying -= 1
        with contextlib.suppress(Exception):
            writer.close()

    async def _answer(self, head: str, content: bytes, writer: asyncio.StreamWriter) -> None:
        method, path, _ = head.split(" ", 2)
        path = path.removeprefix("/v1").partition("?")[0]
        self.keys |= set(re.findall(r"(?i)authorization: Bearer (\S+)", head))
        if path.startswith(("/files", "/batches")):
            await self._send(writer, *self.batch_reply(method, path, content))
            return
        if path == "/models":
            card = {"id": "m"} | ({"max_model_len": self.max_model_len} if self.max_model_len else {})
            await self._send(writer, 200, {"object": "list", "data": [card]})
            return
        body = orjson.loads(content)
        prompt = prompt_of(body)
        before = self.asked[prompt]
        self.asked[prompt] += 1
        self.bodies.append((path, body))
        self.times.append(time.monotonic())
        fault = self.plan(path, body, before)
        if fault != "ok":
            await self._fail(fault, writer, body)
            return
        await asyncio.sleep(self.delay)
        status, answer = self.reply(path, body)
        await self._send(writer, status, answer)
        if status == 200:
            self.billed[prompt] += 1

    def reply(self, path: str, body: Body) -> tuple[int, Any]:
        """A sound answer, or a refusal."""
        for name, said in self.refuses.items():
            if name in body:
                return 400, {"error": {"message": said, "type": "invalid_request_error", "param": None, "code": None}}
        if path == "/chat/completions":
            return 200, chat_answer(body, "top_logprobs" in self.ways)
        if path == "/systemone" and "systemone" in self.ways:
            return 200, system_one_answer(body)
        if path == "/decisions" and "decisions" in self.ways:
            return 200, decisions_answer(body)
        return 404, {"detail": "Not Found"}

    async def _send(self, writer: asyncio.StreamWriter, status: int, answer: Any, **headers: str) -> None:
        content = answer if isinstance(answer, bytes) else orjson.dumps(answer)
        lines = [f"HTTP/1.1 {status} X", f"content-length: {len(content)}", "content-type: application/json"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + content)
        await writer.drain()

    async def _fail(self, fault: str, writer: asyncio.StreamWriter, body: Body) -> None:
        error = {"error": {"message": f"{fault} here", "code": None}}
        if fault.isdigit():
            more = {"retry_after": self.retry_after} if fault in ("429", "503") else {}
            await self._send(writer, int(fault), error, **more)
        elif fault == "drop":
            writer.transport.abort()
        elif fault == "drop after headers":
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n{")
            await writer.drain()
            writer.transport.abort()
        elif fault == "short body":
            content = orjson.dumps(chat_answer(body))
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % (len(content) + 50) + content)
            await writer.drain()
            writer.close()
        elif fault == "garbage":
            await self._send(writer, 200, b"\x00\xff not json {{{")
        elif fault == "html":
            await self._send(writer, 200, b"<html><body>Bad gateway</body></html>")
        elif fault == "no fields":
            await self._send(writer, 200, {"choices": []})
        elif fault == "error in 200":
            await self._send(writer, 200, {"error": {"message": "upstream is gone", "code": 502}})
        elif fault == "duplicate":
            whole = orjson.dumps(chat_answer(body))
            writer.write((b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(whole) + whole) * 2)
            await writer.drain()
            self.billed[prompt_of(body)] += 1
        elif fault in ("endless", "flood"):
            writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
            piece = b" " if fault == "endless" else b" " * 65536
            while True:
                writer.write(b"%x\r\n%s\r\n" % (len(piece), piece))
                await writer.drain()
                await asyncio.sleep(0.02 if fault == "endless" else 0)
        elif fault == "silence":
            await asyncio.sleep(600)
        else:
            raise AssertionError(fault)

    def batch_reply(self, method: str, path: str, content: bytes) -> tuple[int, Any]:
        """The fake of files and batches: a batch ends after so many polls, rows with `row_fault` end as errors."""
        if path == "/files":
            name = f"file-{len(self.files)}"
            self.files[name] = content[content.index(b'{"custom_id"') : content.rindex(b"}\n") + 1]
            return 200, {"id": name, "object": "file"}
        if path.endswith("/content"):
            return 200, self.files[path.split("/")[2]]
        if path == "/batches" and method == "GET":
            return 200, {"object": "list", "data": list(self.batches.values()), "has_more": False}
        if path == "/batches":
            name = f"batch-{len(self.batches)}"
            asked = orjson.loads(content)
            self.batches[name] = {"id": name, "object": "batch", "status": "in_progress", "polls": 0, **asked}
            return 200, self.batches[name]
        batch = self.batches[path.split("/")[2]]
        batch["polls"] += 1
        if batch["polls"] >= self.polls_to_finish and batch["status"] == "in_progress":
            self._finish(batch)
        return 200, batch

    def _finish(self, batch: Body) -> None:
        rows = [orjson.loads(line) for line in self.files[batch["input_file_id"]].splitlines()]
        failed = [row for row in rows if self.row_fault(prompt_of(row["body"]))]
        good = [row for row in rows if row not in failed]
        self.billed.update(prompt_of(row["body"]) for row in good)
        lines = [
            {"custom_id": r["custom_id"], "response": {"status_code": 200, "body": chat_answer(r["body"])}} for r in good
        ]
        errors = [{"custom_id": r["custom_id"], "response": None, "error": {"code": "batch_expired"}} for r in failed]
        for name, each in (("output_file_id", lines), ("error_file_id", errors)):
            batch[name] = f"{batch['id']}-{name}"
            self.files[batch[name]] = b"".join(orjson.dumps(line) + b"\n" for line in each[::-1])
        batch["status"] = "completed"


def prompt_of(body: Body) -> str:
    if "messages" in body:
        return str(body["messages"][0]["content"])
    return str(body.get("state", body.get("input")))


def chat_answer(body: Body, top: bool = False) -> Body:
    """`answer to PROMPT`, or the last label of the question that the prompt shows."""
    prompt = prompt_of(body)
    labels = re.findall(r"^(yes|no|[A-Z]): ", prompt, re.MULTILINE)
    text = labels[-1] if labels else f"answer to {prompt}"
    choice: Body = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    if body.get("logprobs"):
        shown = [{"token": f" {label}", "logprob": -1.0 - i} for i, label in enumerate(labels)] if top else []
        choice["logprobs"] = {"content": [{"token": "x", "logprob": -0.5, "top_logprobs": shown}] * 2}
    usage = {"prompt_tokens": len(prompt.split()) + 4, "completion_tokens": len(text.split())}
    return {"id": "c", "object": "chat.completion", "model": "m", "choices": [choice], "usage": usage}


def system_one_answer(body: Body) -> Body:
    answers: Body = {}
    for name, question in body["questions"].items():
        if question["type"] == "noul":
            answers[name] = {"type": "noul", "noul": 0.75}
        else:
            names = list(question["criteria"]) if question["type"] == "choice" else range(len(question["criteria"]))
            shares = [2.0**-i for i in range(len(list(names)))]
            answers[name] = {"probabilities": {str(n): s / sum(shares) for n, s in zip(names, shares, strict=True)}}
    masses = {name: {"label_mass": 0.9, "argmax_is_label": True} for name in answers}
    return {"answers": answers, "diagnostics": masses, "usage": {"input_tokens": 10, "output_tokens": len(answers)}}


def decisions_answer(body: Body) -> Body:
    """OpenAI's shape; a question that says REFUSE is refused."""
    answers: list[Body] = []
    for question in body["questions"]:
        if "REFUSE" in question["instructions"]:
            answers.append({"type": "refusal", "name": question["name"]})
        elif question["type"] == "predicate":
            answers.append({"type": "predicate", "probability": 0.25})
        else:
            values = [c["value"] for c in question.get("choices", [])] or list(range(len(question["levels"])))
            shares = [0.7] + [0.3 / (len(values) - 1)] * (len(values) - 1)
            told = [{"value": v, "label": str(v), "probability": p} for v, p in zip(values, shares, strict=True)]
            answers.append({"type": question["type"], "confidence": 0.5, "probabilities": told[::-1]})
    return {"answers": answers, "model": "m", "usage": {"input_tokens": 10, "output_tokens": 0, "total_tokens": 10}}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def transformers_server(model: Path, log: Path) -> Iterator[str]:
    """The address of a `transformers serve` over the folder `model`; skips where what it needs is not installed."""
    for needed in ("fastapi", "uvicorn", "torch", "openai"):
        pytest.importorskip(needed)
    port = free_port()
    program = Path(sys.executable).with_name("transformers")
    environment = {
        **os.environ,
        "HF_HUB_OFFLINE": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "DO_NOT_TRACK": "1",
        "OMP_NUM_THREADS": "2",
    }
    command = [
        program,
        "serve",
        str(model),
        "--port",
        str(port),
        "--host",
        "127.0.0.1",
        "--device",
        "cpu",
        "--log-level",
        "error",
    ]
    with log.open("wb") as out:
        server = subprocess.Popen(command, env=environment, stdout=out, stderr=out, start_new_session=True)
    try:
        _wait(f"http://127.0.0.1:{port}/health", server, log)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()


def _wait(address: str, server: "subprocess.Popen[bytes]", log: Path, seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end and server.poll() is None:
        with contextlib.suppress(OSError, urllib.error.URLError), urllib.request.urlopen(address, timeout=2) as answer:
            if answer.status == 200:
                return
        time.sleep(0.2)
    pytest.fail(f"the server did not start: {log.read_text()[-1000:]}")


@pytest.fixture(scope="session")
def openai_lm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The `openai` backend before a real server: `transformers serve` with the model that ships."""
    from humpback import lm
    from humpback.lm.embedded import EMBEDDED

    with transformers_server(EMBEDDED, tmp_path_factory.mktemp("server") / "log") as url:
        opened = lm.open(f"openai:{EMBEDDED}@{url}?context=2048")
        yield opened
        opened.close()
