"""Any OpenAI-compatible server: what is sent, what is made of the answers, pace, money, batches; and one real server."""

import asyncio
import math
import sys
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from lm.servers import FaultServer, chat_answer

from humpback import lm as language_models
from humpback.errors import LMError, UsageFault
from humpback.lm import Question, Sampling

pytest.importorskip("openai")
from humpback.lm.openai import Options, batch, pace, transport
from humpback.lm.openai.chat import Chat
from humpback.lm.openai.faults import refusal
from humpback.lm.openai.pace import BudgetReached

SAMPLING = Sampling(temperature=0.7, max_new_tokens=16)
GREEDY = Sampling(temperature=0, max_new_tokens=12)
QUESTIONS = [
    Question("predicate", "Is it about bicycles?"),
    Question("score", "How clear is it?", ("not", "half", "fully")),
    Question("choice", "Which colour?", ("red", "blue")),
]
Opener = Callable[..., Any]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "FIRST_REST", 0.01)
    monkeypatch.setattr(batch, "FIRST_POLL", 0.01)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)


@pytest.fixture
def opened() -> Iterator[Opener]:
    models = []

    def opener(server: FaultServer, **options: Any) -> Any:
        query = "&".join(f"{name}={value}" for name, value in {"context": 1000, "timeout": 5, **options}.items())
        models.append(language_models.open(f"openai:m@{server.url}?{query}"))
        return models[-1]

    yield opener
    for each in models:
        each.close()


def prompts(count: int) -> list[str]:
    return [f"row number {i}" for i in range(count)]


def chat(official: bool = False, **options: Any) -> Chat:
    return Chat(None, "m", Options(**options), official)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("spec", "hint"),
    [
        ("openai:", "openai:MODEL@http"), ("openai:m", "export OPENAI_API_KEY"),
        ("openai:m@http://?context=1", "openai:MODEL@http"),
        ("openai:m@http://127.0.0.1:9/v1?max_cost=5", "input_price="), ("openai:m?key_env=OTHER_KEY", "export OTHER_KEY"),
        ("openai:m@http://a:99999/v1", "openai:MODEL@http"),
    ],
)  # fmt: skip
def test_what_cannot_be_opened_says_what_to_type(spec: str, hint: str) -> None:
    """Found out at the first request, after an hour of other stages, it is too late."""
    with pytest.raises(UsageFault) as caught:
        language_models.open(spec)
    assert hint in caught.value.hint


def test_a_missing_library_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """The base installation has no network libraries."""
    monkeypatch.setitem(sys.modules, "openai", None)
    monkeypatch.delitem(sys.modules, "humpback.lm.openai.backend", raising=False)
    with pytest.raises(UsageFault, match="needs openai") as caught:
        language_models.open("openai:m@http://127.0.0.1:9/v1")
    assert caught.value.hint == "pip install 'humpback[openai]'"


def test_an_address_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """OPENAI_BASE_URL is how every other tool is pointed at a server; a password in it would be printed with the host."""
    with FaultServer(max_model_len=77) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        lm = language_models.open("openai:m")
        assert lm.context == 77 and lm.name == "openai:m"
        lm.close()
    monkeypatch.setenv("OPENAI_BASE_URL", "http://me:secret@127.0.0.1:9/v1")
    with pytest.raises(UsageFault) as caught:
        language_models.open("openai:m")
    assert "secret" not in caught.value.fact


def test_generate_sends_the_rows_settings_and_reads_the_whole_answer(opened: Opener) -> None:
    """A seed or a limit that does not arrive is a draw of the server's own."""
    with FaultServer() as server:
        made = opened(server).generate(["a b", "c"], Sampling(max_new_tokens=9, repetition_penalty=1.1), [2**31 + 5, 6])
        assert [(c.text, c.finish, c.logprob) for c in made] == [
            ("answer to a b", "stop", -0.5),
            ("answer to c", "stop", -0.5),
        ]
        body = server.bodies[0][1]
        sent = {
            name: body[name] for name in ("temperature", "top_p", "max_tokens", "seed", "repetition_penalty", "logprobs")
        }
        assert sent == {
            "temperature": 0.7,
            "top_p": 0.9,
            "max_tokens": 9,
            "seed": 5,
            "repetition_penalty": 1.1,
            "logprobs": True,
        }
        assert body["chat_template_kwargs"] == {"enable_thinking": False}
        assert server.keys == {"none"}


def test_openais_own_server_is_sent_nothing_that_it_refuses() -> None:
    """It answers 400 to unknown parameters."""
    body = chat(official=True).sampled("a", GREEDY, 1)
    assert "chat_template_kwargs" not in body and body["reasoning_effort"] == "none"
    assert chat(thinking=True).sampled("a", GREEDY, 1)["chat_template_kwargs"] == {"enable_thinking": True}
    assert "reasoning_effort" not in chat(official=True, thinking=True).sampled("a", GREEDY, 1)


def test_a_row_that_occurs_twice_is_paid_once(opened: Opener) -> None:
    """Greedy candidates of one row are the same request."""
    with FaultServer() as server:
        made = opened(server).generate(["a", "a", "b"], GREEDY, [1, 2, 3])
        assert [c.text for c in made] == ["answer to a", "answer to a", "answer to b"] and server.billed == {"a": 1, "b": 1}


@pytest.mark.parametrize(
    ("name", "said", "instead"),
    [
        ("max_tokens", "Unsupported parameter: 'max_tokens' is not supported here. Use 'max_completion_tokens'", True),
        ("seed", "Extra inputs are not permitted: seed", False),
        ("logprobs", "logprobs are not supported with reasoning", False),
        ("chat_template_kwargs", 'Unknown name "chat_template_kwargs": Cannot find field.', False),
    ],
)  # fmt: skip
def test_what_a_server_refuses_is_left_out_from_then_on(opened: Opener, name: str, said: str, instead: bool) -> None:
    """One unknown parameter must not end the run, and must not be refused once for every row either."""
    with FaultServer() as server:
        server.refuses = {name: said}
        made = opened(server).generate(prompts(12), SAMPLING, range(12))
        assert [c.text for c in made] == [f"answer to {p}" for p in prompts(12)]
        assert sum(server.asked.values()) == 13 and ("max_completion_tokens" in server.bodies[-1][1]) == instead


@pytest.mark.parametrize(
    ("said", "allowed"),
    [
        ("Requested sample logprobs of 20, which is greater than max allowed: 5", 5),
        ("Cannot request more than 5 logprobs.", 5),
        ("Invalid value for 'top_logprobs': must be less than or equal to 8.", 8),
        ("`top_logprobs` must be between 0 and 5", 5),
        ("top_logprobs: 20 is not allowed here", 5),
        ("Input validation error: `top_n_tokens` must be >= 0 and <= 5. Given: 20", 5),
        ("top_logprobs should be in range [0, 8]", 8),
        ("logprobs is only allowed to be set between 0 and 5", 5),
        ("1 validation error for X\ntop_logprobs\n  Input should be less than or equal to 5", 5),
        ("top_logprobs_num must be at most 5", 5),
        ("logprobs are not supported by this model", None),
        ("Logprobs is not enabled for models/m", None),
    ],
)
def test_a_server_that_allows_fewer_logprobs(opened: Opener, said: str, allowed: int | None) -> None:
    """vLLM's refusal speaks of "logprobs": all were given up, and scores were whole labels instead of probabilities."""
    with FaultServer(ways=("top_logprobs",)) as server:
        usual = server.reply

        def reply(path: str, body: dict[str, Any]) -> tuple[int, Any]:
            return (400, {"message": said}) if body.get("top_logprobs", 0) > (allowed or 0) else usual(path, body)

        server.reply = reply  # type: ignore[method-assign]
        made = opened(server).decide(["a"], QUESTIONS[:1])[0][0]
        assert made.via == ("top_logprobs" if allowed else "written")
        sent = [body.get("top_logprobs") for path, body in server.bodies if path.endswith("completions")]
        assert (allowed in sent) if allowed else (sent[-1] is None)
        assert all(body["stream"] is False for path, body in server.bodies if path.endswith("completions"))


@pytest.mark.parametrize("name", ["temperature", "repetition_penalty"])
def test_what_changes_the_answers_is_never_left_out(opened: Opener, name: str) -> None:
    """A dropped temperature would be other data under the same plan."""
    with FaultServer() as server:
        server.refuses = {name: f"Unsupported parameter: {name}"}
        with pytest.raises(LMError, match=f"Unsupported parameter: {name}"):
            opened(server).generate(["a"], Sampling(repetition_penalty=1.2), [1])


@pytest.mark.parametrize(
    "said",
    [
        "This model's maximum context length is 4096 tokens. However, your messages took 5000. (parameter=max_tokens)",
        "the request exceeds the available context size. try increasing the context size",
        "The input (5000 tokens) is longer than the model's context length (4096 tokens).",
        "Requested tokens (2285) exceed context window of 2048",
        "The decoder prompt (length 9) is longer than the maximum model length of 8.",
        "prompt is too long: 205000 tokens > 200000 maximum",
        "Input tokens exceed the configured limit of 272000 tokens.",
        "`inputs` tokens + `max_new_tokens` must be <= 4096.",
    ],
)
def test_an_over_long_prompt_is_that_rows_fate_in_every_servers_words(opened: Opener, said: str) -> None:
    """One long page must not end the batch; and the words name max_tokens, which is no reason to rename it."""
    with FaultServer(ways=("systemone",)) as server:
        sound = server.reply

        def reply(path: str, body: dict[str, Any]) -> tuple[int, Any]:
            return (400, {"error": {"message": said, "code": 400}}) if "long" in str(body) else sound(path, body)

        server.reply = reply  # type: ignore[method-assign]
        lm = opened(server)
        assert [c.finish for c in lm.generate(["a", "long"], SAMPLING, [1, 2])] == ["stop", "too_long"]
        made = lm.decide(["a", "long"], QUESTIONS)
        assert made[0][0].probabilities and all(a.probabilities == () and a.label_mass == 0 for a in made[1])
        assert not lm.chat.dialect.renamed


def test_a_server_that_answers_beyond_its_context_is_not_believed(opened: Opener) -> None:
    """Servers that cut the prompt answer another question; a context that is only guessed condemns nothing."""
    with FaultServer() as server:
        assert opened(server, context=20).generate(["word " * 30], SAMPLING, [1])[0].finish == "too_long"
        lm = language_models.open(f"openai:m@{server.url}")
        lm.context = 20
        assert lm.generate(["word " * 30], SAMPLING, [1])[0].finish == "stop"
        lm.close()


@pytest.mark.parametrize(
    ("message", "reason", "text", "finish"),
    [
        ({"content": "<think>hm</think> Yes."}, "stop", "Yes.", "stop"),
        ({"content": "Yes.", "reasoning_content": "hm"}, "length", "Yes.", "length"),
        ({"content": None}, "length", "", "length"),
        ({"content": [{"type": "text", "text": "Yes."}]}, None, "Yes.", "stop"),
        ({"content": [{"type": "output_text", "text": "Ye"}, "s.", {"type": "refusal"}]}, None, "Yes.", "stop"),
        ({"content": "Ye"}, "content_filter", "Ye", "length"),
    ],
)  # fmt: skip
def test_what_is_made_of_a_message(opened: Opener, message: dict[str, Any], reason: str, text: str, finish: str) -> None:
    """Thoughts in the text become training data; a text that a filter cut looks finished."""
    with FaultServer() as server:
        server.reply = lambda path, body: (200, {"choices": [{"message": message, "finish_reason": reason}]})  # type: ignore[method-assign]
        made = opened(server).generate(["a"], SAMPLING, [1])[0]
        assert (made.text, made.finish, made.logprob) == (text, finish, None)


def test_at_most_so_many_at_once(opened: Opener) -> None:
    """Providers lock accounts out that open hundreds of connections."""
    with FaultServer(delay=0.03) as server:
        opened(server, concurrency=5).generate(prompts(40), SAMPLING, range(40))
        assert server.peak == 5


@pytest.mark.slow
@pytest.mark.parametrize(("limit", "rows"), [({"rpm": 1200}, 30), ({"tpm": 36_000}, 100)])
def test_pace(opened: Opener, monkeypatch: pytest.MonkeyPatch, limit: dict[str, int], rows: int) -> None:
    """A burst of a minute's allowance at once is refused by servers that count seconds.

    20 requests a second; or 600 tokens a second after 300 at once, for requests that take 12 and are thought to take 28.
    """
    monkeypatch.setattr(pace, "PORTION", 0.5)
    with FaultServer() as server:
        opened(server, concurrency=32, **limit).generate(prompts(rows), SAMPLING, range(rows))
        assert 0.9 < server.times[-1] - server.times[0] < 4


def test_usage_and_cost_are_what_the_server_says(opened: Opener, tmp_path: Path) -> None:
    """What was recalled was paid for: a run that goes on must not think itself free."""
    with FaultServer() as server:
        lm = opened(server, input_price=2, output_price=10)
        lm.remember(tmp_path / "journal")
        lm.generate(["a b c", "d"], SAMPLING, [1, 2])
        assert (lm.usage.calls, lm.usage.prompt_tokens, lm.usage.completion_tokens) == (2, 12, 8)
        assert lm.usage.cost == pytest.approx((12 * 2 + 8 * 10) / 1e6)
        again = opened(server, input_price=2, output_price=10)
        again.remember(tmp_path / "journal")
        again.generate(["a b c", "d"], SAMPLING, [1, 2])
        assert again.usage == lm.usage and sum(server.asked.values()) == 2


def test_the_cap_on_money_is_never_passed_and_can_be_raised(opened: Opener, tmp_path: Path) -> None:
    """A cap that is looked at after the fact is no cap; and stopping must not waste what was paid."""
    prices = {"input_price": 1000, "output_price": 1000}
    with FaultServer(delay=0.01) as server:
        lm = opened(server, max_cost=0.5, **prices)
        lm.remember(tmp_path / "journal")
        with pytest.raises(BudgetReached, match=r"max_cost=0\.5") as caught:
            lm.generate(prompts(60), SAMPLING, range(60))
        assert lm.usage.cost <= 0.5 and caught.value.spent == lm.usage.cost and not caught.value.retryable
        assert "higher max_cost" in caught.value.hint and caught.value.exit_code == 1
        kept = sum(server.billed.values())
        # Each costs 0.012 and may cost 0.027 at most: what the others did not take is spent too.
        assert kept >= 38
        richer = opened(server, max_cost=5, **prices)
        richer.remember(tmp_path / "journal")
        assert len(richer.generate(prompts(60), SAMPLING, range(60))) == 60
        assert sum(server.billed.values()) == 60 and set(server.billed.values()) == {1}


@pytest.mark.parametrize(
    ("ways", "via"),
    [
        (("decisions", "systemone"), "decisions"),
        (("systemone",), "systemone"),
        (("top_logprobs",), "top_logprobs"),
        ((), "written"),
    ],
)
def test_decide_takes_the_first_way_that_the_server_has(
    opened: Opener, tmp_path: Path, ways: tuple[str, ...], via: str
) -> None:
    """A way that is looked for again at every row doubles the requests; a billed probe must serve as its row's answer."""
    with FaultServer(ways=ways) as server:
        lm = opened(server)
        lm.remember(tmp_path / "journal")
        made = lm.decide(["one state", "two", "three"], QUESTIONS)
        assert {a.via for each in made for a in each} == {via}
        assert all(abs(sum(a.probabilities) - 1) < 1e-9 for each in made for a in each)
        assert [len(a.probabilities) for a in made[2]] == [2, 3, 2] and 1 <= made[0][1].score <= 3
        absent = {"decisions": 0, "systemone": 1, "top_logprobs": 2, "written": 3}[via]
        assert sum(server.asked.values()) <= absent + (3 if via in ("decisions", "systemone") else 18)
        again = opened(server)
        again.remember(tmp_path / "journal")
        asked = sum(server.asked.values())
        assert (
            again.decide(["one state", "two", "three"], QUESTIONS) == made and sum(server.asked.values()) - asked <= absent
        )


def test_each_way_reads_what_it_is_given(opened: Opener) -> None:
    """A distribution that is mapped onto the wrong options is a judge that prefers the worst."""
    with FaultServer(ways=("decisions", "systemone", "top_logprobs")) as server:
        first = opened(server).decide(["s"], [*QUESTIONS, Question("predicate", "REFUSE this")])[0]
        assert first[0].probabilities == (0.25, 0.75) and first[1].probabilities == pytest.approx((0.7, 0.15, 0.15))
        assert first[2].probabilities == pytest.approx((0.7, 0.3)) and first[0].label_mass is None
        assert first[3].probabilities == (0.5, 0.5) and first[3].label_mass == 0.0
        second = opened(server, decide="systemone").decide(["s"], QUESTIONS)[0]
        assert second[1].probabilities == pytest.approx((4 / 7, 2 / 7, 1 / 7)) and second[0].label_mass == 0.9
        third = opened(server, decide="top_logprobs").decide(["s"], QUESTIONS)[0]
        # The fake prefers what is shown first by a factor of e: in both orders, so that neither option wins.
        assert third[2].probabilities == pytest.approx((0.5, 0.5)) and 0.4 < third[2].label_mass < 0.6
        fourth = opened(server, decide="written").decide(["s"], QUESTIONS)[0]
        assert fourth[1].probabilities == (0.5, 0.0, 0.5) and fourth[1].label_mass == 1.0 and fourth[1].order_gap == 2.0


@pytest.mark.parametrize(("way", "gap"), [("decisions", None), ("top_logprobs", 0.0)])
def test_only_what_is_checked_is_asked_in_reverse(opened: Opener, way: str, gap: float | None) -> None:
    """A request that nobody needs is paid for; an interface that shows one order alone tells nothing of another."""
    asked = {}
    with FaultServer(ways=(way,)) as server:
        for orders in ("forward", "checked"):
            before = sum(server.asked.values())
            [[made]] = opened(server, decide=way).decide(["s"], [replace(QUESTIONS[1], orders=orders)])
            asked[orders] = sum(server.asked.values()) - before
            assert made.via == way and (made.order_gap is None) == (orders == "forward" or gap is None)
    assert asked == {"forward": 1, "checked": 1 if gap is None else 2}


def test_a_way_whose_labels_the_model_hardly_knows_gives_way_to_a_better(opened: Opener) -> None:
    """vLLM labels levels with digits: a model trained on letters leaves every pair undecided there."""
    masses = {"decisions": 0.01, "systemone": 0.003, "top_logprobs": 0.9}
    with FaultServer(ways=("decisions", "systemone", "top_logprobs")) as server:
        sound = server.reply

        def reply(path: str, body: dict[str, Any]) -> tuple[int, Any]:
            status, answer = sound(path, body)
            if path == "/decisions":
                answer["answers"] = [each | {"label_mass": masses["decisions"]} for each in answer["answers"]]
            elif path == "/systemone":
                answer["diagnostics"] = {name: {"label_mass": masses["systemone"]} for name in answer["answers"]}
            else:
                shown = answer["choices"][0]["logprobs"]["content"][0]["top_logprobs"]
                short = math.log(masses["top_logprobs"] / sum(math.exp(each["logprob"]) for each in shown))
                shown[:] = [each | {"logprob": each["logprob"] + short} for each in shown]
            return status, answer

        server.reply = reply  # type: ignore[method-assign]
        assert opened(server).decide(["s"], QUESTIONS)[0][0].via == "top_logprobs"
        masses["top_logprobs"] = 0.002
        assert opened(server).decide(["s"], QUESTIONS)[0][0].via == "decisions"
        assert opened(server, decide="systemone").decide(["s"], QUESTIONS)[0][0].via == "systemone"


@pytest.mark.parametrize(
    ("text", "mass"),
    [("B", 1.0), ("**B**", 1.0), ("B: half", 1.0), ("A leek is a vegetable", 0.0), ("The answer is B", 0.0), ("", 0.0)],
)
def test_a_written_label_stands_at_the_beginning(opened: Opener, text: str, mass: float) -> None:
    """`A leek is ...` is not the answer A: a lenient reading turned refusals into top scores elsewhere."""
    with FaultServer() as server:
        server.reply = lambda path, body: (
            (200, {"choices": [{"message": {"content": text}}]}) if "chat" in path else (404, {})
        )  # type: ignore[method-assign]
        assert opened(server).decide(["s"], QUESTIONS[1:2])[0][0].label_mass == mass


def test_sglangs_own_shape_is_read(opened: Opener) -> None:
    """It answers under OpenAI's path with maps, and tells the label mass."""
    given = {
        "answers": [{"id": "q0", "probabilities": {"0": 0.1, "1": 0.2, "2": 0.7}, "label_mass": 0.8}],
        "usage": {"prompt_tokens": 3},
    }
    with FaultServer() as server:
        server.reply = lambda path, body: (200, given)  # type: ignore[method-assign]
        made = opened(server).decide(["s"], QUESTIONS[1:2])[0][0]
        assert made.probabilities == pytest.approx((0.1, 0.2, 0.7)) and made.label_mass == 0.8


def test_refused_labels_are_reported_and_not_worked_around(opened: Opener) -> None:
    """Another way would silently be another judge."""
    with FaultServer() as server:
        server.reply = lambda path, body: (
            (400, {"detail": "label 'yes' takes 2 tokens"}) if path == "/systemone" else (404, {})
        )  # type: ignore[method-assign]
        with pytest.raises(LMError, match="label 'yes' takes 2 tokens") as caught:
            opened(server).decide(["s"], QUESTIONS)
        assert not caught.value.retryable


def test_a_way_that_is_wanted_and_missing(opened: Opener) -> None:
    """A judge fixed by the plan must not be swapped."""
    with FaultServer() as server, pytest.raises(LMError, match="has no systemone interface") as caught:
        opened(server, decide="systemone").decide(["s"], QUESTIONS)
    assert "decide=" in caught.value.hint


def test_a_way_is_not_believed_in_because_a_prompt_was_too_long(opened: Opener) -> None:
    """The first state of a window may be the one that does not fit: it says nothing about what the server can do."""
    with FaultServer() as server:
        sound = server.reply

        def reply(path: str, body: dict[str, Any]) -> tuple[int, Any]:
            long = "chat" in path and "long" in str(body)
            return (400, {"error": "maximum context length is 9 tokens"}) if long else sound(path, body)

        server.reply = reply  # type: ignore[method-assign]
        made = opened(server).decide(["a long state", "short"], QUESTIONS[:1])
        assert made[0][0].probabilities == () and made[1][0].via == "written"


def test_a_way_that_is_gone_in_the_middle_is_a_typed_error(opened: Opener) -> None:
    """Behind a gateway the next request may reach another server."""
    with FaultServer(ways=("top_logprobs",)) as server:
        lm = opened(server)
        lm.decide(["one"], QUESTIONS)
        server.ways = ()
        with pytest.raises(LMError, match="leaves out what was asked for") as caught:
            lm.decide(["two"], QUESTIONS)
        assert caught.value.retryable


def vllm_reply(path: str, body: dict[str, Any]) -> tuple[int, Any]:
    """Words are tokens; a token's log-probability is minus its length; a prompt opens with two tokens and ends with one."""
    user, *rest = [message["content"] for message in body["messages"]]
    opened = "<assistant>melted" if rest and rest[0].startswith("~") else "<assistant>"
    words = ["<user>", *user.split(), opened, *(rest[0].split() if rest else [])]
    ids = [zlib.crc32(word.encode()) for word in words]
    told = {"prompt_token_ids": ids, "usage": {"prompt_tokens": len(ids), "completion_tokens": 1}}
    if "prompt_logprobs" in body:
        entries = [{str(i): {"logprob": -float(len(w))}, "7": {"logprob": -0.1}} for i, w in zip(ids, words, strict=True)]
        told["prompt_logprobs"] = [None, *entries[1:]]
    return 200, chat_answer(body) | told


def test_logprob_takes_the_targets_tokens_alone(opened: Opener, tmp_path: Path) -> None:
    """Scores shifted by one token look plausible and are wrong."""
    with FaultServer() as server:
        server.reply = vllm_reply  # type: ignore[method-assign]
        lm = opened(server)
        lm.remember(tmp_path / "journal")
        made = lm.logprob(["a prompt", "a prompt", "other"], ["yes of course", "no", ""])
        assert made == [[-3.0, -2.0, -6.0], [-2.0], []]
        assert len(server.bodies) == 3 and server.bodies[-1][1]["continue_final_message"] is True
        assert lm.logprob(["a prompt"], ["no"]) == [[-2.0]] and lm.logprob([], []) == []
        lm.remember(tmp_path / "journal")
        assert lm.logprob(["a prompt"], ["no"]) == [[-2.0]] and len(server.bodies) == 5


def test_a_target_that_melts_into_the_prompt_has_no_score(opened: Opener) -> None:
    """Its tokens begin before its text does: a score of the others would be another target's. A template that always does
    so is no server to score with."""
    with FaultServer() as server:
        server.reply = vllm_reply  # type: ignore[method-assign]
        lm = opened(server)
        with pytest.raises(LMError, match="opens an answer otherwise"):
            lm.logprob(["a"], ["~b"])
        assert lm.logprob(["a", "a"], ["b", "~b c"]) == [[-1.0], None]


@pytest.mark.parametrize("refuses", [True, False])
def test_a_server_without_logprobs_of_texts_says_so_once(opened: Opener, refuses: bool) -> None:
    """Four thousand rows that each find out for themselves are four thousand requests."""
    with FaultServer() as server:
        server.refuses = {"return_token_ids": "Unexpected fields in the request: {'return_token_ids'}"} if refuses else {}
        with pytest.raises(LMError, match="gives no log-probabilities of given texts") as caught:
            opened(server).logprob(prompts(50), ["x"] * 50)
        assert not caught.value.retryable and len(server.bodies) == 1


def test_batches_are_read_by_key_and_what_they_leave_goes_the_normal_way(opened: Opener) -> None:
    """The rows of a batch come back in any order, and some not at all."""
    with FaultServer() as server:
        server.row_fault = lambda prompt: prompt.endswith(("3", "7"))
        made = opened(server, batch="true").generate(prompts(10), SAMPLING, range(10))
        assert [c.text for c in made] == [f"answer to {p}" for p in prompts(10)]
        assert set(server.asked) == {"row number 3", "row number 7"} and set(server.billed.values()) == {1}


@pytest.mark.parametrize("moment", ["POST /batches", "GET /batches/batch-0"])
def test_a_run_that_ended_finds_its_batch_again(opened: Opener, tmp_path: Path, moment: str) -> None:
    """A second batch for the same rows is paid a second time; the first may have been begun without our hearing of it."""
    with FaultServer() as server:
        sound = server.batch_reply
        server.batch_reply = lambda method, path, content: (
            (401, {"error": "no"}) if f"{method} {path}" == moment else sound(method, path, content)
        )  # type: ignore[method-assign]
        lm = opened(server, batch="true")
        lm.remember(tmp_path / "journal")
        with pytest.raises(LMError, match="401"):
            lm.generate(prompts(10), SAMPLING, range(10))
        server.batch_reply = sound  # type: ignore[method-assign]
        again = opened(server, batch="true")
        again.remember(tmp_path / "journal")
        # Another window than before, with rows that the batch does not hold.
        made = again.generate(prompts(12)[4:], SAMPLING, range(4, 12))
        assert [c.text for c in made] == [f"answer to {p}" for p in prompts(12)[4:]]
        assert len(server.batches) == 2 and set(server.billed.values()) == {1} and not server.asked


def test_clip_counts_four_bytes_as_a_token(opened: Opener) -> None:
    """There is no tokenizer: a cut in the middle of a word or a character makes another text."""
    with FaultServer() as server:
        lm = opened(server)
        text = "Die Kette möchte einen Tropfen Öl auf jedem Glied. " * 5
        cut, clipped = lm.clip(text, 10)
        assert clipped and text.startswith(cut) and text[len(cut)].isspace() and len(cut.encode()) <= 40
        assert lm.clip("short", 10) == ("short", False) and lm.clip("ö" * 100, 3) == ("ö" * 6, True)


def test_it_works_inside_a_running_loop_and_ends_its_thread() -> None:
    """Notebooks have a loop running: asyncio.run would raise there."""
    with FaultServer() as server:
        before = set(threading.enumerate())
        lm = language_models.open(f"openai:m@{server.url}?context=100")

        async def cell() -> str:
            return str(lm.generate(["a"], SAMPLING, [1])[0].text)

        assert asyncio.run(cell()) == "answer to a"
        lm.close()
        assert set(threading.enumerate()) == before


@pytest.mark.parametrize("body", [{"error": "busy\nmore"}, {"detail": "busy"}, {"message": "busy"}, "busy"])
def test_the_words_of_a_refusal_in_every_shape(body: Any) -> None:
    """vLLM, FastAPI, gateways and plain servers each put them elsewhere."""
    assert refusal(400, body).said == "busy"


@pytest.mark.slow
def test_a_real_server_gives_the_models_own_answers(openai_lm: Any, embedded: Any) -> None:
    """Against fakes alone, we test our own idea of the protocol."""
    made = openai_lm.generate(["How do I oil a chain?", "Why?"], GREEDY, [1, 2])
    assert [c.text for c in made] == [c.text for c in embedded.generate(["How do I oil a chain?", "Why?"], GREEDY, [1, 2])]
    assert [c.tokens for c in made] == [12, 12] and made[0].finish == "length" and openai_lm.name == "openai:model"


@pytest.mark.slow
def test_a_real_server_decides_through_its_interface(openai_lm: Any) -> None:
    """What transformers serves under /v1/systemone must be what the library answers by itself."""
    started = time.monotonic()
    made = openai_lm.decide(["How do I oil a chain?", "word " * 2060], QUESTIONS)
    assert [a.via for a in made[0]] == ["systemone"] * 3 and made[1][0].probabilities == ()
    assert all(abs(sum(a.probabilities) - 1) < 1e-6 and a.label_mass is None for a in made[0])
    assert time.monotonic() - started < 60


@pytest.mark.slow
def test_a_real_server_that_cannot_score_says_so(openai_lm: Any) -> None:
    """transformers serve refuses unknown fields with 422."""
    with pytest.raises(LMError, match="gives no log-probabilities of given texts"):
        openai_lm.logprob(["a"], ["b"])


@pytest.mark.slow
def test_a_real_servers_over_long_prompt(openai_lm: Any) -> None:
    """It reads past its positions without a word."""
    assert openai_lm.generate(["word " * 2060], GREEDY, [1])[0].finish == "too_long"
