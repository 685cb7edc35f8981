"""The `openai` backend before vLLM's own server, on loopback. `make test-vllm` makes the environment in which these run."""

import contextlib
import importlib.util
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from lm.servers import free_port
from lm.test_conformance import GREEDY, PROMPTS, QUESTIONS

from humpback import lm as language_models
from humpback.lm import Question, Sampling
from humpback.lm.embedded import EMBEDDED

if importlib.util.find_spec("vllm") is None:
    pytest.skip("vllm is not installed here; it needs an environment of its own: make test-vllm", allow_module_level=True)
pytest.importorskip("aiolimiter")
pytestmark = pytest.mark.vllm

ENVIRONMENT = {
    "VLLM_NO_USAGE_STATS": "1",
    "VLLM_DO_NOT_TRACK": "1",
    "VLLM_CPU_KVCACHE_SPACE": "1",
    "HF_HUB_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
}
# From the first import to the first answer: a minute where nothing else runs.
START_SECONDS = 300


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    port, log = free_port(), tmp_path_factory.mktemp("server") / "log"
    # By its module: the build for processors lacks what `vllm serve` looks for.
    command = [sys.executable, "-m", "vllm.entrypoints.openai.api_server", "--model", str(EMBEDDED), "--host", "127.0.0.1"]
    command += ["--port", str(port), "--served-model-name", "embedded", "--enforce-eager", "--max-num-seqs", "32"]
    with log.open("wb") as out:
        server = subprocess.Popen(command, env=os.environ | ENVIRONMENT, stdout=out, stderr=out, start_new_session=True)
    try:
        wait(f"http://127.0.0.1:{port}/health", server, log)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        server.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.wait(20)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGKILL)
        server.wait()


def wait(address: str, server: "subprocess.Popen[bytes]", log: Path) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and server.poll() is None:
        with contextlib.suppress(OSError), urllib.request.urlopen(address, timeout=2):
            return
        time.sleep(0.5)
    pytest.fail(f"the server did not start: {log.read_text()[-2000:]}")


@pytest.fixture(scope="module")
def served(url: str) -> Iterator[Any]:
    opened = language_models.open(f"openai:embedded@{url}")
    yield opened
    opened.close()


def test_it_says_how_much_its_model_reads(served: Any) -> None:
    """A context that is guessed too large turns long rows into errors, too small into `too_long`."""
    assert served.context == 2048 and served.name == "openai:embedded"


def test_texts_agree_with_transformers(served: Any, embedded: Any) -> None:
    """A server that renders the chat otherwise asks another question."""
    ours, theirs = (model.generate(PROMPTS, GREEDY, range(4)) for model in (served, embedded))
    same = [
        (a, b) for a, b in zip(ours, theirs, strict=True) if (a.text, a.tokens, a.finish) == (b.text, b.tokens, b.finish)
    ]
    assert len(same) >= 3
    assert [a.logprob for a, _ in same] == pytest.approx([b.logprob for _, b in same], abs=0.1)


def test_a_draw_depends_on_its_seed(served: Any, url: str) -> None:
    """Six candidates from one draw are one candidate."""
    hot = Sampling(temperature=1.0, top_p=0.95, max_new_tokens=20)
    forth = served.generate([PROMPTS[0]] * 6, hot, list(range(6)))
    other = language_models.open(f"openai:embedded@{url}?concurrency=2")
    back = other.generate([PROMPTS[0]] * 6, hot, list(range(6))[::-1])[::-1]
    other.close()
    assert len({each.text for each in forth}) > 1
    assert sum(a.text == b.text for a, b in zip(forth, back, strict=True)) >= 5


def test_an_over_long_prompt_is_that_rows_fate(served: Any) -> None:
    """The server answers 400, and one page would end the call."""
    long = "word " * 2100
    assert [each.finish == "too_long" for each in served.generate([PROMPTS[0], long], GREEDY, [0, 1])] == [False, True]
    assert served.logprob([PROMPTS[0], long], ["a b", "c"])[1] is None
    assert served.decide([PROMPTS[0], long], QUESTIONS)[1][0].probabilities == ()


def test_logprobs_agree_with_transformers(served: Any, embedded: Any) -> None:
    """A server scores a whole prompt; where the target begins in it is for us to find."""
    targets = ["yes of course", "no", "", "It depends on the season and on the place."]
    ours, theirs = (model.logprob(PROMPTS, targets) for model in (served, embedded))
    assert [len(each) for each in ours] == [len(each) for each in theirs]
    assert [v for each in ours for v in each] == pytest.approx([v for each in theirs for v in each], abs=0.1)


def test_it_decides_through_the_interface_made_for_it(url: str) -> None:
    """Label mass is the parse-failure rate: a server that tells it must not be read as one that does not."""
    questions = [*QUESTIONS, Question("choice", "What is it about?", ("weather", "bicycles", "food"))]
    asked = language_models.open(f"openai:embedded@{url}?decide=systemone")
    made = asked.decide(PROMPTS[:2], questions)
    asked.close()
    for answer, question in [(a, q) for row in made for a, q in zip(row, questions, strict=True)]:
        assert answer.via == "systemone" and answer.order_gap is None
        assert len(answer.probabilities) == len(question.options) and sum(answer.probabilities) == pytest.approx(1)
        assert answer.label_mass is not None and 0 < answer.label_mass <= 1
    assert made[0][0].probabilities != made[1][0].probabilities


def test_an_interface_whose_labels_the_model_hardly_knows_is_passed_over(served: Any) -> None:
    """vLLM shows digits for levels, and this model was trained on letters: left to choose, it is asked by letters."""
    made = served.decide(PROMPTS[:2], QUESTIONS)
    assert {answer.via for row in made for answer in row} == {"top_logprobs"}


def test_labels_read_from_the_likeliest_tokens_agree_with_transformers(url: str, embedded: Any) -> None:
    """Without that interface the same prompt is asked as by ourselves, and gives the same answer."""
    opened = language_models.open(f"openai:embedded@{url}?decide=top_logprobs")
    ours, theirs = ([answer for row in model.decide(PROMPTS, QUESTIONS) for answer in row] for model in (opened, embedded))
    opened.close()
    for a, b in zip(ours, theirs, strict=True):
        assert a.via == "top_logprobs" and a.probabilities == pytest.approx(b.probabilities, abs=0.04)
        assert a.label_mass == pytest.approx(b.label_mass, abs=0.04)
