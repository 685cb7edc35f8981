"""Instructions chosen by both models."""

from collections.abc import Sequence

import pytest

from humpback.errors import LMError, RoleMismatch, UsageFault
from humpback.guards.checks import GuardConfig
from humpback.lm.echo import Echo
from humpback.methods.round_trip import RoundTripConfig, round_trip
from humpback.prompts.forward import TagConfig
from humpback.schema import Row, row_id
from humpback.stage import Drop

TEXT = "Oil the chain every week, and wipe it dry after rain."
GENERIC, FITTING, LEAKED = (
    "Tell me more about that.",
    "How do I oil the chain after rain?",
    "Answer in the style of an AI Assistant.",
)


class Forward(Echo):
    """Gives `bare` nats per token to an answer alone, and to one after an instruction what `after` says."""

    def __init__(self, after: dict[str, float], bare: float = -3.0) -> None:
        super().__init__()
        self.after, self.bare, self.calls, self.asked = after, bare, 0, []

    def logprob(self, prompts: Sequence[str], targets: Sequence[str], ended: bool = False) -> list[list[float] | None]:
        self.calls += 1
        self.asked += prompts
        found = [next((v for k, v in self.after.items() if k in p), self.bare) for p in prompts]
        return [[value, value] if value else None for value in found]


def listed(instruction: str, logprob: float | None, drawn: int = 1) -> Row:
    return {"instruction": instruction, "raw": None, "logprob": logprob, "finish": "stop", "drawn": drawn, "guard": None,
            "gain": None, "round_trip": None}  # fmt: skip


def pair(candidates: list[Row], ordinal: int = 0, parent: str = "s1") -> Row:
    first = candidates[0]
    return {"id": row_id(parent, "pair", ordinal), "parent": parent, "instruction": first["instruction"], "response": TEXT,
            "lm": "backward", "logprob": first["logprob"], "finish": "stop", "lang": "en", "chosen_by": "likelihood",
            "candidates": candidates}  # fmt: skip


def chosen(rows: list[Row], lm: Echo, weight: float = 1.0) -> list:
    config = RoundTripConfig(tags=TagConfig(), guards=GuardConfig(), weight=weight, max_tokens=256)
    return list(round_trip(config, rows, lm))


def test_the_instruction_that_helps_the_answer_wins() -> None:
    """By likelihood alone the instruction that fits any text wins: it is the easiest to write."""
    row = pair([listed(GENERIC, -0.2), listed(FITTING, -0.6)])
    made = chosen([row], Forward({GENERIC: -2.9, FITTING: -2.0}))[0]
    assert made["instruction"] == FITTING and made["logprob"] == -0.6 and made["chosen_by"] == "round_trip"
    assert [c["gain"] for c in made["candidates"]] == pytest.approx([0.1, 1.0])
    assert [c["round_trip"] for c in made["candidates"]] == pytest.approx([-0.1, 0.4])
    assert made["id"] == row["id"] and set(made) == set(row) and made["lm"] == "backward"


def test_the_weight_is_the_gains() -> None:
    """At weight 0 the round trip is the likelihood again."""
    row = pair([listed(GENERIC, -0.2), listed(FITTING, -0.6)])
    assert chosen([row], Forward({GENERIC: -2.9, FITTING: -2.0}), 0.0)[0]["instruction"] == GENERIC


def test_a_candidate_that_fails_the_guards_never_wins_over_a_clean_one() -> None:
    """A leaked prompt may help the answer more than any question."""
    lm = Forward({LEAKED: -0.1, FITTING: -2.9})
    made = chosen([pair([listed(LEAKED, -0.1), listed(FITTING, -2.0)])], lm)[0]
    assert made["instruction"] == FITTING and made["candidates"][0]["guard"] == "leaked_prompt"
    assert made["candidates"][0]["gain"] is None and not any(LEAKED in prompt for prompt in lm.asked)


def test_all_rows_are_measured_in_one_call() -> None:
    """A call per row leaves a GPU idle and a server asked a thousand times."""
    rows = [pair([listed(GENERIC, -0.2), listed(FITTING, -0.6)], parent=f"s{i}") for i in range(9)]
    lm = Forward({FITTING: -2.0})
    assert len(chosen(rows, lm)) == 9 and lm.calls == 2
    assert sum(FITTING in prompt for prompt in lm.asked) == 1


def test_what_does_not_fit_the_forward_model_is_null_and_comes_last() -> None:
    """A candidate that could not be measured is not a candidate with the best score."""
    made = chosen([pair([listed(GENERIC, -0.2), listed(FITTING, -0.6)])], Forward({GENERIC: 0.0, FITTING: -2.9}))[0]
    assert made["instruction"] == FITTING and made["candidates"][0]["round_trip"] is None


def test_where_nothing_could_be_measured_the_likelihood_decides_and_says_so() -> None:
    """A choice by another rule than the one that was set must be visible."""
    made = chosen([pair([listed(GENERIC, -0.2), listed(FITTING, -0.6)])], Forward({}, 0.0))[0]
    assert made["instruction"] == GENERIC and made["chosen_by"] == "likelihood"


@pytest.mark.parametrize("known", [None, -5.0])
def test_without_log_probabilities_of_the_writer_the_gain_decides(known: float | None) -> None:
    """A sum of two terms for one candidate and of one for the other compares nothing."""
    row = pair([listed(GENERIC, known), listed(FITTING, None)])
    made = chosen([row], Forward({GENERIC: -2.9, FITTING: -2.0}))[0]
    assert made["instruction"] == FITTING and made["candidates"][1]["round_trip"] == pytest.approx(1.0)


def test_a_model_without_log_probabilities_ends_it_with_a_hint() -> None:
    """A silent fall back to likelihood would be another experiment under this one's name."""

    class Mute(Echo):
        retryable = False

        def logprob(self, prompts: Sequence[str], targets: Sequence[str], ended: bool = False) -> list[list[float] | None]:
            raise LMError("the server gives no log-probabilities of a prompt", retryable=self.retryable)

    lm, rows = Mute(), [pair([listed(FITTING, -0.6)])]
    with pytest.raises(UsageFault, match="gives no log-probabilities of a prompt") as raised:
        chosen(rows, lm)
    assert "augment.choose=likelihood" in raised.value.hint
    lm.retryable = True
    with pytest.raises(LMError):
        chosen(rows, lm)


def test_several_pairs_of_a_text_stay_different() -> None:
    """Each pair chosen for itself would take the same instruction."""
    wheel = "Which tools does wheel truing need?"
    candidates = [listed(GENERIC, -0.2), listed(FITTING, -0.6), listed(wheel, -0.7)]
    rows = [pair(candidates, ordinal) for ordinal in range(3)]
    made = chosen(rows, Forward({GENERIC: -2.9, FITTING: -2.0, wheel: -2.2}))
    assert [row["instruction"] for row in made] == [FITTING, wheel, GENERIC]
    assert [row["id"] for row in made] == [row["id"] for row in rows]


def test_a_pair_left_without_an_instruction_of_its_own_is_dropped_with_its_reason() -> None:
    """Under another order fewer candidates may differ, and no row may vanish or double."""
    close = "How do I oil the chain before rain?"
    rows = [pair([listed(close, -0.2), listed(FITTING, -0.6)], ordinal) for ordinal in range(2)]
    kept, dropped = chosen(rows, Forward({FITTING: -2.0}))
    assert kept["instruction"] == FITTING
    assert isinstance(dropped, Drop) and dropped.reason == "same_instruction" and dropped.row["id"] == rows[1]["id"]


def test_a_backward_model_is_refused() -> None:
    """A backward model scores questions, not answers."""
    lm = Forward({})
    lm.role = "backward"
    with pytest.raises(RoleMismatch):
        chosen([pair([listed(FITTING, -0.6)])], lm)
