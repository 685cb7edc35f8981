"""Whether a rewrite says what its draft says, by encoders that are counted words, and by likelihood."""

from collections.abc import Sequence
from typing import Any

import pytest
from curate.test_relevance import Judge, Words

from humpback.curate import support
from humpback.curate.support import SupportConfig, SupportGainConfig, passages, support_gain, supported
from humpback.lm.echo import Echo
from humpback.schema import Row
from humpback.text.sentences import pieces

DRAFT = "A blade needs a fine stone and some oil. The tide follows the moon all year long."
SAME = "With a fine stone and some oil, a blade cuts. All year long the moon has the tide follow."
OTHER = "With a fine stone and some oil, a blade cuts. The jam has set when it is on a cold plate."


@pytest.fixture(autouse=True)
def opened(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    models = {"words": Words(), "nli": Entails(1)}
    monkeypatch.setattr(support, "open_encoder", models.__getitem__)
    monkeypatch.setattr(support, "open_cross_encoder", models.__getitem__)
    return models


class Entails(Judge):
    """A passage entails a sentence with which it shares a word of the vocabulary."""

    def scores(self, pairs: Sequence[tuple[str, str]]) -> list[float]:
        self.asked += pairs
        return [
            float(any(word in one.lower() and word in other.lower() for word in ("blade", "moon"))) for one, other in pairs
        ]


def row(response: str, draft: str | None = DRAFT) -> Row:
    return {"id": "p", "instruction": "How?", "response": response, "draft": draft}


def columns(response: str, draft: str | None = DRAFT, **named: Any) -> Row:
    [made] = supported(SupportConfig(**named), [row(response, draft)])
    assert isinstance(made, dict)
    return made


def test_the_share_of_sentences_that_a_passage_supports() -> None:
    """One made up sentence in two is half, by whatever model; the lowest tells how far off the worst is."""
    both = columns(SAME, embedding="words", entailment="nli")
    assert (both["supported"], both["supported_nli"]) == (1.0, 1.0) and both["supported_least"] > 0.6
    half = columns(OTHER, embedding="words", entailment="nli")
    assert (half["supported"], half["supported_nli"]) == (0.5, 0.5) and half["supported_least"] < 0.3
    assert columns(OTHER, embedding="words", least_cosine=0.0)["supported"] == 1.0


def test_what_is_no_rewrite_has_no_value() -> None:
    """A page's own text is not supported by a page: it is one. Nor is a model asked that nobody named."""
    assert columns(SAME, None, embedding="words", entailment="nli")["supported"] is None
    only = columns(SAME, embedding="words")
    assert only["supported"] == 1.0 and only["supported_nli"] is None
    assert columns("| a | b |\n| --- | --- |", embedding="words")["supported"] is None
    assert columns(SAME, "| a | b |\n| --- | --- |", embedding="words", entailment="nli")["supported"] == 0.0


def test_two_neighbours_may_support_one_sentence() -> None:
    """A rewrite draws together what the page says in two."""
    assert passages("One thing is said here first. Another thing is said there next.")[-1].startswith("One thing")
    assert len(passages(DRAFT)) == 3
    both = "A blade needs a stone and oil as the tide needs the moon."
    alone = pieces(DRAFT, support.SHORTEST)
    assert columns(both, embedding="words", least_cosine=0.95)["supported"] == 1.0
    assert all(columns(both, each, embedding="words", least_cosine=0.95)["supported"] == 0.0 for each in alone)


class Reads(Echo):
    """Finds a target likelier by a nat for each of its words that the prompt shows."""

    def logprob(self, prompts: Sequence[str], targets: Sequence[str], ended: bool = False) -> list[list[float] | None]:
        self.history += prompts
        return [
            [-3.0 + (word in prompt) for word in target.split()] for prompt, target in zip(prompts, targets, strict=True)
        ]


def test_what_the_draft_gains_the_least_supported_sentence() -> None:
    """A mean over sentences hides the one that is made up."""
    lm = Reads()
    same, other, none = support_gain(SupportGainConfig(max_tokens=100), [row(DRAFT), row(OTHER), row(SAME, None)], lm)
    assert none["supported_gain"] is None and same["supported_gain"] > 0.6 > 0.3 > other["supported_gain"]
    assert all("> A blade" in prompt or "N/A" in prompt for prompt in lm.history)
