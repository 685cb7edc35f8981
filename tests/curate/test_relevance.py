"""Scorers of outside models, on encoders that are counted words."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from humpback.curate import relevance as module
from humpback.curate.relevance import RelevanceConfig, embedding_ranks, relevance
from humpback.errors import UsageFault

VOCABULARY = "blade stone jam plate tide moon chain oil".split()
PAIRS = [
    ("Which stone for a blade?", "A blade needs a fine stone."),
    ("When does jam set?", "Jam has set when a plate stays clean."),
    ("What makes the tide?", "The tide follows the moon."),
]


class Words:
    """An encoder: which words of a vocabulary a text holds."""

    name = "words"
    tasks: list[str]

    def __init__(self) -> None:
        self.tasks = []

    def embed(self, texts: Sequence[str], task: str = "document") -> Any:
        self.tasks.append(task)
        held = np.array([[word in text.lower() for word in VOCABULARY] for text in texts], dtype=np.float32) + 0.01
        return (held / np.linalg.norm(held, axis=1, keepdims=True)).astype(np.float32)

    def read_whole(self, texts: Sequence[Any]) -> list[bool]:
        return [len(str(text)) < 100 for text in texts]


class Judge(Words):
    """A cross-encoder: the length of its second text."""

    def __init__(self, entailment: int | None) -> None:
        super().__init__()
        self.entailment, self.asked = entailment, []  # type: ignore[var-annotated]

    def scores(self, pairs: Sequence[tuple[str, str]]) -> list[float]:
        self.asked += pairs
        return [float(len(second)) for _, second in pairs]


def rows(pairs: list[tuple[str, str]] = PAIRS) -> list[dict]:
    return [{"id": f"p{i}", "instruction": x, "response": y} for i, (x, y) in enumerate(pairs)]


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    models = {"words": Words(), "nli": Judge(1), "passages": Judge(None)}
    monkeypatch.setattr(module, "open_encoder", models.__getitem__)
    monkeypatch.setattr(module, "open_cross_encoder", models.__getitem__)
    return models


def test_off_by_default_nothing_is_opened_and_rows_stay_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """An outside model that judges without being asked for ends self-alignment in silence."""
    monkeypatch.setattr(module, "open_encoder", None)
    monkeypatch.setattr(module, "open_cross_encoder", None)
    assert list(relevance(RelevanceConfig(), rows())) == rows()


def test_cosine_and_rank(opened: dict[str, Any]) -> None:
    """Instruction and response are two sides: models with a prefix for queries need to know which is which."""
    out = list(relevance(RelevanceConfig(embedding="words"), rows()))
    assert [row["embedding_rank"] for row in out] == [1, 1, 1] and opened["words"].tasks == ["query", "document", "document"]
    shown, given = (opened["words"].embed([text])[0] for text in PAIRS[0])
    assert out[0]["relevance"] == pytest.approx(float(shown @ given))
    swapped = [(PAIRS[(i + 1) % 3][0], response) for i, (_, response) in enumerate(PAIRS)]
    worse = list(relevance(RelevanceConfig(embedding="words"), rows(swapped)))
    assert all(row["embedding_rank"] > 1 and row["relevance"] < 0.2 for row in worse)


def test_a_stray_sentence_is_far_from_all_the_rest(opened: dict[str, Any]) -> None:
    """An advert is about something else; in the embedding of the whole answer it is lost."""
    about = "The blade is drawn over the stone until the blade is sharp again.\n"
    advert = "Subscribe to our newsletter now and save twenty percent on jam today.\n"
    asked = rows([("How?", about * 3), ("How?", about * 2 + advert + about), ("How?", "| a | b |")])
    whole, spoilt, none = (row["stray_sentence"] for row in relevance(RelevanceConfig(embedding="words"), asked))
    assert whole == pytest.approx(1.0, abs=1e-5) and spoilt < 0.7 and none is None


def test_the_headings_over_a_text_are_read_as_one(opened: dict[str, Any]) -> None:
    """A text without a heading has no value: an empty one would be as far from every instruction as can be."""
    paths: list[list[str | None] | None] = [["Blades", "Which stone?"], ["The moon", None], None]
    asked = [{**row, "header_path": path} for row, path in zip(rows(), paths, strict=True)]
    near, far, none = (row["heading_relevance"] for row in relevance(RelevanceConfig(embedding="words"), asked))
    assert near > 0.9 > 0.2 > far and none is None


def test_equal_responses_are_one_and_ties_count_against() -> None:
    """A text that stands twice would push its own pair to the second place."""
    given = np.eye(2, dtype=np.float32)[[0, 0, 1]]
    assert embedding_ranks(given, given, ["a", "a", "b"]) == [1, 1, 1]
    flat = np.full((3, 2), 0.5**0.5, dtype=np.float32)
    assert embedding_ranks(flat, flat, ["a", "b", "c"]) == [3, 3, 3]


def test_windows_cover_every_row(opened: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """The last, smaller window is easily lost."""
    monkeypatch.setattr(module, "WINDOW", 2)
    config = RelevanceConfig(embedding="words", entailment="nli")
    assert [row["id"] for row in relevance(config, iter(rows()))] == ["p0", "p1", "p2"]


def test_the_response_is_the_premise(opened: dict[str, Any]) -> None:
    """NLI turned around asks whether the question entails the answer."""
    out = list(relevance(RelevanceConfig(entailment="nli"), rows()[:1]))
    hypothesis = f'This text answers the question: "{PAIRS[0][0]}"'
    assert opened["nli"].asked == [(PAIRS[0][1], hypothesis)]
    assert out[0]["entailment"] == len(hypothesis) and "relevance" not in out[0]


def test_a_relevance_model_reads_query_and_passage(opened: dict[str, Any]) -> None:
    """Such a model was never trained on hypotheses."""
    list(relevance(RelevanceConfig(entailment="passages"), rows()[:1]))
    assert opened["passages"].asked == [PAIRS[0]]


def test_clipped_responses_are_told(opened: dict[str, Any]) -> None:
    """A score of the first tenth of a text must not pass for one of the text."""
    config = RelevanceConfig(embedding="words", entailment="nli")
    out = list(relevance(config, rows([PAIRS[0], ("Long?", "word " * 100)])))
    assert [row["relevance_clipped"] for row in out] == [False, True] and out[1]["entailment_clipped"] is True


def test_a_model_that_is_not_there_is_a_fault_before_any_row_is_scored() -> None:
    """Found out after hours of other work, it would cost them."""
    pytest.importorskip("sentence_transformers")
    with pytest.raises(UsageFault, match="no model 'nobody/nothing'"):
        next(relevance(RelevanceConfig(embedding="nobody/nothing"), rows()))
