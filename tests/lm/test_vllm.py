"""The engine of vLLM on the model that ships. `make test-vllm` makes the environment in which these run."""

import importlib.util
import json
import multiprocessing
from pathlib import Path
from typing import Any

import pytest
from lm.test_conformance import GREEDY, PROMPTS, QUESTIONS, test_decide_agrees_with_logprob

from humpback import lm as language_models
from humpback.errors import LMError, UsageFault
from humpback.lm import Question, Sampling, chat
from humpback.lm.embedded import EMBEDDED

if importlib.util.find_spec("vllm") is None:
    pytest.skip("vllm is not installed here; it needs an environment of its own: make test-vllm", allow_module_level=True)

pytestmark = pytest.mark.vllm

__all__ = ["test_decide_agrees_with_logprob"]

EAGER = f"vllm:{EMBEDDED}?kv_cache_gib=1&enforce_eager=true"
HOT = Sampling(temperature=0.7, max_new_tokens=24)
PAGE = "The chain is cleaned with a brush, dried with a cloth and oiled link by link; then the rest is wiped off. " * 16


@pytest.fixture
def lm(vllm_lm: Any) -> Any:
    """In this process, so that the engine can be watched."""
    return vllm_lm


@pytest.fixture
def embedded(vllm_lm: Any) -> Any:
    """What one test over every backend calls the model under test."""
    return vllm_lm


@pytest.fixture(scope="module")
def reference() -> language_models.LM:
    return language_models.open_here("embedded")


@pytest.fixture
def asked(lm: Any, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The numbers of the requests that reach the engine."""
    numbers: list[str] = []
    core = lm.engine.llm_engine
    add = core.add_request

    def add_request(number: str, *args: Any, **more: Any) -> Any:
        numbers.append(number)
        return add(number, *args, **more)

    monkeypatch.setattr(core, "add_request", add_request)
    return numbers


def test_texts_agree_with_transformers(lm: Any, reference: language_models.LM) -> None:
    """Another prompt, template or end token than the model was trained with shows in the first words."""
    sampling = Sampling(temperature=0, max_new_tokens=16)
    prompts = [*PROMPTS, "Write a letter.", "List three fruits.", "What does a baker do?", "How old is the sea?"]
    ours, theirs = (model.generate(prompts, sampling, range(8)) for model in (lm, reference))
    same = [a for a, b in zip(ours, theirs, strict=True) if (a.text, a.tokens, a.finish) == (b.text, b.tokens, b.finish)]
    assert len(same) >= 6
    assert [a.logprob for a in ours if a in same] == pytest.approx(
        [b.logprob for a, b in zip(ours, theirs, strict=True) if a in same], abs=0.1
    )


def test_logprobs_agree_with_transformers(lm: Any, reference: language_models.LM) -> None:
    """A target scored one token off, or under a scaled model, looks plausible and is wrong."""
    targets = ["yes of course", "no", "", "It depends on the season and on the place."]
    ours, theirs = (model.logprob(PROMPTS, targets) for model in (lm, reference))
    assert [len(each) for each in ours] == [len(each) for each in theirs]
    assert flat(ours) == pytest.approx(flat(theirs), abs=0.1)


def test_decisions_agree_with_transformers(lm: Any, reference: language_models.LM) -> None:
    """Labels read by rank instead of by id swap the levels of a rubric."""
    ours, theirs = (
        [answer for row in model.decide([PAGE, *PROMPTS], QUESTIONS) for answer in row] for model in (lm, reference)
    )
    for a, b in zip(ours, theirs, strict=True):
        assert a.probabilities == pytest.approx(b.probabilities, abs=0.03)
        assert a.label_mass == pytest.approx(b.label_mass, abs=0.03)


def test_a_completion_and_the_score_of_its_text_agree(lm: Any) -> None:
    """A mean under the tempered or cut distribution would rank candidates by how they were drawn."""
    prompt = "What does a baker do?"
    made = lm.generate([prompt], Sampling(temperature=1.0, top_p=0.5, max_new_tokens=12), [3])[0]
    scored = lm.logprob([prompt], [made.text])[0]
    assert made.finish == "length" and len(scored) == made.tokens
    assert made.logprob == pytest.approx(sum(scored) / len(scored), abs=0.05)


def test_the_end_token_counts_and_is_not_text(lm: Any) -> None:
    """A missing end token biases means of short answers; one left in the text is trained on."""
    made = lm.generate([f"Say yes. ({i})" for i in range(48)], Sampling(temperature=0.7, max_new_tokens=64), range(48))
    ended = [each for each in made if each.finish == "stop"]
    assert ended and all("<|" not in each.text for each in made)
    counts = [(each.tokens, len(chat.plain_ids(lm.tokenizer, each.text))) for each in ended]
    assert all(tokens > given for tokens, given in counts)


def test_a_row_may_fill_the_whole_context(lm: Any) -> None:
    """vLLM refuses a prompt as long as the context, where transformers scores it: the row would be lost without a reason."""
    head = len(chat.render(lm.tokenizer, "Why?").prompt)
    word = " of" * (lm.context - head)
    length = len(chat.plain_ids(lm.tokenizer, word))
    full, over = " of" * (lm.context - head), " of" * (lm.context - head + 1)
    assert length == lm.context - head
    scores = lm.logprob(["Why?", "Why?"], [full, over])
    assert len(scores[0]) == length and scores[1] is None


def test_many_long_prompts_with_seeds(lm: Any) -> None:
    """vLLM 0.32 on a processor dies of a seeded row whose prompt does not fit the rest of a step."""
    made = lm.generate([f"{i} {PAGE}" for i in range(24)], Sampling(max_new_tokens=4), range(24))
    assert all(each.tokens for each in made)


def test_what_prompts_share_is_computed_once(lm: Any) -> None:
    """A rubric that is read again with each of ten pairs costs ten rubrics without the cache."""
    question = Question("score", PAGE, ("not", "half", "fully"), "forward")
    page = len(chat.plain_ids(lm.tokenizer, PAGE))
    lm.engine.llm_engine.reset_prefix_cache()
    before = lm.usage
    lm.decide([f"{i} leeks" for i in range(10)], [question])
    first = (lm.usage - before).prompt_tokens
    assert page > 300 and page < first < 2 * page
    before = lm.usage
    lm.decide(["Why?"], [question])
    assert (lm.usage - before).prompt_tokens < page / 2


@pytest.mark.parametrize("call", ["generate", "logprob", "decide"])
def test_the_journal_is_asked_before_the_engine(lm: Any, asked: list[str], call: str, tmp_path: Path) -> None:
    """A resumed run pays twice for what it has."""
    calls = {
        "generate": lambda: lm.generate(PROMPTS, HOT, range(4)),
        "logprob": lambda: lm.logprob(PROMPTS, ["a b", "", "c", "d e f"]),
        "decide": lambda: lm.decide(PROMPTS, QUESTIONS),
    }
    heard: list[int] = []
    lm.remember(tmp_path / "journal", heard.append)
    first = calls[call]()
    count = len(asked)
    assert count == sum(heard) > 0
    lm.remember(tmp_path / "journal")
    assert calls[call]() == first and len(asked) == count
    lm.remember(None)


def test_a_run_that_is_stopped_keeps_what_has_finished(lm: Any, asked: list[str], tmp_path: Path) -> None:
    """One journal line for a window of 4,096 rows loses hours of a GPU; requests left behind answer the next call."""

    heard: list[int] = []

    def stop(count: int) -> None:
        heard.append(count)
        if len(heard) == 3:
            raise KeyboardInterrupt

    prompts = [f"{prompt} {i}" for i in range(3) for prompt in PROMPTS]
    lm.remember(tmp_path / "journal", stop)
    with pytest.raises(KeyboardInterrupt):
        lm.generate(prompts, HOT, range(12))
    assert not lm.engine.llm_engine.has_unfinished_requests()
    lm.remember(tmp_path / "journal")
    before = len(asked)
    made = lm.generate(prompts, HOT, range(12))
    assert len(made) == 12 and len(asked) - before == 9
    lm.remember(None)


def test_a_failing_engine_is_a_typed_error(lm: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A traceback of the engine's insides tells nobody what to change."""

    def step() -> None:
        raise RuntimeError("out of memory\nlong tail")

    with monkeypatch.context() as patch:
        patch.setattr(lm.engine.llm_engine, "step", step)
        with pytest.raises(LMError, match=r"the engine of vLLM stopped: out of memory$") as caught:
            lm.generate(PROMPTS, GREEDY, range(4))
    assert "max_num_seqs" in caught.value.hint
    assert len(lm.generate(PROMPTS, GREEDY, range(4))) == 4


@pytest.mark.parametrize(
    ("sampling", "fact"),
    [
        (Sampling(repetition_penalty=1.2), "repetition_penalty is 1.2"),
        (Sampling(temperature=3.0), "temperature must be in"),
        (Sampling(top_p=0.0), "top_p must be in"),
    ],
)
def test_sampling_that_vllm_cannot_do_is_refused(lm: Any, sampling: Sampling, fact: str) -> None:
    """vLLM's repetition penalty counts the prompt's tokens: candidates would be told not to name what they are about."""
    with pytest.raises(UsageFault, match=fact):
        lm.generate(PROMPTS[:1], sampling, [0])
    assert not lm.engine.llm_engine.has_unfinished_requests()


def test_labels_must_be_single_tokens(lm: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first half of a label stands for every word that begins so."""
    monkeypatch.setattr("humpback.lm.decisions.labels", lambda question: ["yesterday evening", "no"])
    with pytest.raises(LMError, match="not one distinct token each"):
        lm.decide(["x"], [Question("predicate", "Is it?")])


@pytest.mark.parametrize(
    ("spec", "fact"),
    [
        ("vllm:", "needs a model"),
        ("vllm:./nowhere", "is not the folder of a model"),
        (f"{EAGER}&processes=0&adapter=./nowhere", "is not the folder of an adapter"),
        (f"{EAGER}&processes=0", "this process holds vllm:model already"),
    ],
)
def test_a_model_that_cannot_be_opened_says_what_to_type(lm: Any, spec: str, fact: str) -> None:
    """A second engine in one process works until either of them is closed, and then takes the other down."""
    with pytest.raises(UsageFault, match=fact) as caught:
        language_models.open(spec)
    assert caught.value.hint


def test_an_engine_that_cannot_start_says_why() -> None:
    """vLLM's own message is a page, and its cause stands in another process."""
    with pytest.raises(UsageFault, match=r"cannot load the model .*memory") as caught:
        language_models.open(f"vllm:{EMBEDDED}?enforce_eager=true&processes=1&kv_cache_gib=0.0001")
    assert caught.value.hint and "\n" not in caught.value.fact


def adapter_in(folder: Path, merged: Path) -> None:
    """A LoRA of rank 4 over the queries of the embedded model in `folder`, and the model with it merged in `merged`."""
    import torch
    from safetensors.torch import load_file, save_file

    weights = load_file(EMBEDDED / "model.safetensors")
    generator = torch.Generator().manual_seed(1)
    deltas = {}
    for name in [name for name in weights if name.endswith("q_proj.weight")]:
        rows, columns = weights[name].shape
        down, up = (torch.randn(*shape, generator=generator) for shape in ((4, columns), (rows, 4)))
        deltas |= {
            f"base_model.model.{name.replace('.weight', '.lora_A.weight')}": down / columns**0.5,
            f"base_model.model.{name.replace('.weight', '.lora_B.weight')}": up / 4,
        }
        weights[name] = (weights[name].float() + 2 * (up / 4) @ (down / columns**0.5)).to(weights[name].dtype)
    folder.mkdir()
    merged.mkdir()
    save_file(deltas, folder / "adapter_model.safetensors")
    settings = {"peft_type": "LORA", "r": 4, "lora_alpha": 8, "target_modules": ["q_proj"], "bias": "none"}
    (folder / "adapter_config.json").write_text(
        json.dumps({**settings, "base_model_name_or_path": "m", "task_type": "CAUSAL_LM"})
    )
    for path in EMBEDDED.iterdir():
        if path.name != "model.safetensors":
            (merged / path.name).write_bytes(path.read_bytes())
    save_file(weights, merged / "model.safetensors", metadata={"format": "pt"})


def flat(scores: Any) -> list[float]:
    return [value for row in scores for value in row]


def test_an_adapter_is_the_merged_model(lm: Any, reference: language_models.LM, tmp_path: Path) -> None:
    """An adapter that is named and not applied gives the base model's rows under the adapter's name."""
    adapter_in(tmp_path / "mine", tmp_path / "merged")
    targets = ["yes of course", "It depends on the season."]
    adapted = language_models.open(f"{EAGER}&dtype=float32&processes=1&adapter={tmp_path / 'mine'}")
    scores = flat(adapted.logprob(PROMPTS[:2], targets))
    adapted.close()
    merged, plain = (
        flat(model.logprob(PROMPTS[:2], targets)) for model in (language_models.open_here(str(tmp_path / "merged")), lm)
    )
    assert adapted.name == "vllm:model+mine"
    assert scores == pytest.approx(merged, abs=0.1)
    assert max(abs(a - b) for a, b in zip(scores, plain, strict=True)) > 0.3


def test_its_process_ends_with_all_that_it_started(lm: Any) -> None:
    """Every GPU has its model in a process of its own; one that lives on holds the memory of the next training."""
    import psutil

    before = set(multiprocessing.active_children())
    hosted = language_models.open(f"{EAGER}&processes=1")
    (process,) = set(multiprocessing.active_children()) - before
    started = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
    made = hosted.generate(PROMPTS, GREEDY, range(4))
    hosted.close()
    assert process.exitcode == 0 and hosted.name == lm.name
    assert not any(each.is_running() for each in started)
    assert sum(a.text == b.text for a, b in zip(made, lm.generate(PROMPTS, GREEDY, range(4)), strict=True)) >= 3
