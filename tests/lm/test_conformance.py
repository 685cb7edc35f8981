"""One test over every backend: what the protocol promises. `vllm` runs where it is installed (`make test-vllm`)."""

import math
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from humpback import lm as language_models
from humpback.errors import LMError, RoleMismatch, UsageFault
from humpback.lm import Question, Sampling
from humpback.lm.echo import Echo
from humpback.lm.hosted import Hosted

PROMPTS = ["How do I oil a chain?", "Tell me about tides.", "What is a leek and how is it cooked with potatoes?", "Why?"]
GREEDY = Sampling(temperature=0, max_new_tokens=12)
QUESTIONS = [
    Question("predicate", "Is this about bicycles?"),
    Question("score", "How clear is it?", ("not", "half", "fully")),
]


# What a backend does not promise: `transformers serve` scores no given texts, draws greedily whatever the temperature, and
# tells no label mass.
CANNOT = {"openai": ("logprob", "draw", "label_mass")}


@pytest.fixture(scope="module")
def hosted() -> Iterator[Hosted]:
    pytest.importorskip("torch")
    opened = Hosted("embedded", 1)
    yield opened
    opened.close()


SLOW = [pytest.param(name, marks=pytest.mark.slow) for name in ("hosted", "openai")]


@pytest.fixture(params=["echo", "embedded", *SLOW, pytest.param("vllm", marks=pytest.mark.vllm)])
def lm(request: pytest.FixtureRequest) -> language_models.LM:
    if request.param == "echo":
        return Echo()
    name = {"openai": "openai_lm", "vllm": "vllm_lm"}.get(request.param, request.param)
    opened: language_models.LM = request.getfixturevalue(name)
    return opened


@pytest.fixture
def can(request: pytest.FixtureRequest) -> Callable[[str], bool]:
    """Whether the backend under test promises the thing."""
    chosen = request.node.callspec.params["lm"]
    return lambda what: what not in CANNOT.get(chosen, ())


def test_generate_keeps_order_and_length(lm: language_models.LM) -> None:
    """Sorting by length inside must not show outside: a shuffled batch marries answers to other rows."""
    forth = lm.generate(PROMPTS, GREEDY, [1, 2, 3, 4])
    back = lm.generate(PROMPTS[::-1], GREEDY, [4, 3, 2, 1])
    assert [c.text for c in forth] == [c.text for c in back[::-1]]
    assert len({c.text for c in forth}) > 1


def test_greedy_is_repeatable(lm: language_models.LM) -> None:
    """Temperature 0 that depends on the seed is not greedy."""
    first, second = (lm.generate(PROMPTS[:2], GREEDY, seeds) for seeds in ([1, 2], [3, 4]))
    assert [c.text for c in first] == [c.text for c in second]


def test_a_draw_depends_on_its_seed_and_not_on_its_place(lm: language_models.LM, can: Callable[[str], bool]) -> None:
    """8 GPUs with one seed each gave identical 'random' data elsewhere; and a resumed run forms other batches."""
    if not can("draw"):
        pytest.skip("the server draws greedily")
    hot = Sampling(temperature=1.0, top_p=0.95, max_new_tokens=20)
    forth = lm.generate([PROMPTS[0]] * 6, hot, list(range(6)))
    back = lm.generate([PROMPTS[0]] * 6, hot, list(range(6))[::-1])
    assert [c.text for c in forth] == [c.text for c in back[::-1]]
    assert len({c.text for c in forth}) > 1


def test_finish_reasons(lm: language_models.LM) -> None:
    """A cut answer that looks finished becomes training data without an end."""
    made = lm.generate([PROMPTS[2]], Sampling(temperature=0, max_new_tokens=1), [0])[0]
    assert made.finish == "length" and made.tokens == 1


def test_an_over_long_prompt_is_that_rows_fate(lm: language_models.LM, can: Callable[[str], bool]) -> None:
    """One long page must not end the batch: synthetic-data-kit and vLLM users meet this crash every week."""
    long = "word " * (lm.context + 10)
    made = lm.generate([PROMPTS[0], long], GREEDY, [0, 1])
    assert [c.finish == "too_long" for c in made] == [False, True]
    assert not can("logprob") or lm.logprob([PROMPTS[0], long], ["a b", "c"])[1] is None
    assert lm.decide([PROMPTS[0], long], QUESTIONS)[1][0].probabilities == ()


def test_logprob_gives_one_value_per_target_token(lm: language_models.LM, can: Callable[[str], bool]) -> None:
    """Scores shifted by one token look plausible and are wrong; a model that cannot must say so once and for all."""
    if not can("logprob"):
        with pytest.raises(LMError) as caught:
            lm.logprob(PROMPTS, PROMPTS)
        assert not caught.value.retryable and caught.value.hint
        return
    made = lm.logprob(PROMPTS, ["yes of course", "no", "it depends on the season", "never"])
    assert all(each and all(value <= 0 for value in each) for each in made)
    assert made[1] == pytest.approx(lm.logprob([PROMPTS[1]], ["no"])[0], abs=0.15)


def test_logprob_adds_up(lm: language_models.LM, can: Callable[[str], bool]) -> None:
    """The probability of a text is that of its first half times that of the rest: a chain with a gap scores nonsense."""
    if not can("logprob"):
        pytest.skip("the server scores no given texts")
    whole, half = (lm.logprob([PROMPTS[0]], [text])[0] for text in ("Wipe it with a dry cloth", "Wipe it with"))
    assert whole and half and len(half) < len(whole)
    assert sum(half) == pytest.approx(sum(whole[: len(half)]), abs=0.3)


def test_the_end_of_a_target_is_its_last_value(lm: language_models.LM, can: Callable[[str], bool]) -> None:
    """An end that is counted among the words, or taken for the last of them, is nobody's."""
    if not can("logprob"):
        with pytest.raises(LMError):
            lm.logprob(PROMPTS[:1], ["Wipe it."], ended=True)
        return
    for target in ("Wipe it with a dry cloth.", "Wipe it with a"):
        [bare], [ended] = (lm.logprob(PROMPTS[:1], [target], ended=end) for end in (False, True))
        assert bare and ended and ended[:-1] == pytest.approx(bare, abs=0.15) and ended[-1] <= 0


def test_offsets_are_of_the_tokens_that_are_scored(lm: language_models.LM, can: Callable[[str], bool]) -> None:
    """A sentence would be given its neighbour's likelihood."""
    texts = ["Wipe it, then oil\n\n- each link.", "Nun \u00fc\u2013 \u65e5\u672c \U0001f642 <|im_end|> so", "no"]
    found = lm.offsets(texts)
    if found is None:
        assert not can("logprob")
        return
    scored = lm.logprob([PROMPTS[0]] * len(texts), texts)
    assert [len(each) for each in found] == [len(each or ()) for each in scored]
    assert all(each == sorted(each) and each[-1] <= len(text) for each, text in zip(found, texts, strict=True))
    assert [texts[0][:end] for end in found[0]][-1].endswith("link") or found[0][-1] == len(texts[0])


def test_decide_answers_every_question_of_every_state(lm: language_models.LM, can: Callable[[str], bool]) -> None:
    """Answers are joined to rows by position."""
    made = lm.decide(PROMPTS, QUESTIONS)
    assert len(made) == len(PROMPTS) and all(len(each) == len(QUESTIONS) for each in made)
    assert all(abs(sum(a.probabilities) - 1) < 1e-6 for each in made for a in each)
    assert all(0 <= a.label_mass <= 1 + 1e-6 if can("label_mass") else a.label_mass is None for each in made for a in each)
    assert all(1 <= each[1].score <= 3 for each in made)


def test_empty_batches(lm: language_models.LM) -> None:
    """The last shard of a run may hold nothing."""
    assert lm.generate([], GREEDY, []) == [] and lm.logprob([], []) == [] and lm.decide([], QUESTIONS) == []


def test_what_was_answered_is_remembered(lm: language_models.LM, tmp_path: Path) -> None:
    """A killed run takes its answers from the journal, and counts what they took."""
    journal, used = tmp_path / "answers", []
    for _ in range(2):
        lm.remember(journal)
        before = lm.usage
        made = lm.generate(PROMPTS, GREEDY, [1, 2, 3, 4])
        used.append((lm.usage - before, made))
        lm.remember(None)
    assert used[0] == used[1] and used[0][0].prompt_tokens > 0
    assert used[1][0].seconds == pytest.approx(used[0][0].seconds, abs=1e-6) and used[1][0].seconds > 0


def test_it_says_what_plans_and_journals_know_it_by(lm: language_models.LM) -> None:
    """The last name of a model's folder is that of other models too."""
    assert lm.identity and lm.identity != "embedded"


def test_decide_agrees_with_logprob(embedded) -> None:  # type: ignore[no-untyped-def]
    """A label read at the wrong position, or another token than the one meant, would show here."""
    from humpback.lm.decisions import prompt

    question = QUESTIONS[1]
    made = embedded.decide([PROMPTS[0]], [question])[0][0]
    read = [
        [math.exp(embedded.logprob([prompt(PROMPTS[0], question, reverse)], [label])[0][0]) for label in "ABC"]
        for reverse in (False, True)
    ]
    masses = [sum(values) for values in read]
    expected = [(a / masses[0] + b / masses[1]) / 2 for a, b in zip(read[0], read[1][::-1], strict=True)]
    assert made.probabilities == pytest.approx(expected, abs=0.03)
    assert made.label_mass == pytest.approx(sum(masses) / 2, abs=0.03)


def test_the_embedded_tokenizer_meets_the_contract_of_decisions(embedded) -> None:  # type: ignore[no-untyped-def]
    """vLLM and transformers serve refuse a tokenizer in which yes, no, Yes or No is not one token after the prompt."""
    from humpback.lm import chat

    tokenizer = embedded.tokenizer
    prompt = chat.render(tokenizer, "State.").prompt
    text = tokenizer.decode(prompt)
    for label in [*"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", "yes", "no", "Yes", "No"]:
        ids = tokenizer.encode(text + label, add_special_tokens=False)
        assert ids[:-1] == prompt, label


@pytest.mark.parametrize("spec", ["nonsense", "nonsense:x", "transformers:", "transformers:./nowhere", "echo:nowhere.txt"])
def test_an_unknown_model_says_what_to_type(spec: str) -> None:
    """A traceback of import errors tells the user nothing."""
    with pytest.raises(UsageFault) as caught:
        language_models.open(spec)
    assert caught.value.hint


def test_a_wrong_role_is_refused() -> None:
    """Asking the forward model for instructions made a published table worthless."""
    lm = Echo()
    lm.role = "forward"
    with pytest.raises(RoleMismatch, match="forward model, and this needs a backward"):
        language_models.reading(lm, "backward")
    assert language_models.reading(Echo(), "backward").name == "echo"


def test_echo_takes_a_script(tmp_path) -> None:  # type: ignore[no-untyped-def]
    """Users script the fake for their own tests."""
    path = tmp_path / "script.txt"
    path.write_text("What is oil?\n\n")
    lm = language_models.open(f"echo:{path}")
    assert lm.generate(["x"], GREEDY, [0])[0].text == "What is oil?"
