"""What scorers cost."""

from pathlib import Path
from typing import Any

import pytest
from made import rows_in

from humpback.curate import scorers
from humpback.curate.judge import JudgeConfig
from humpback.evaluate import costs
from humpback.lm import Usage
from humpback.lm.echo import Echo
from humpback.prompts.forward import TagConfig
from humpback.run import Run
from humpback.schema import METRIC, PAIR
from humpback.stage import LMStage
from humpback.store import Dataset


def test_a_cost_is_the_sum_of_what_must_be_run() -> None:
    """A combination is as dear as all its parts, and tokens that nobody counted are not free."""
    parts = {"judge": costs.Cost(2.0, 100, 10), "near": costs.Cost(1.0, None, 20)}
    made = {row["metric"]: row for row in costs.cost_rows("both", parts)}
    assert made["seconds"]["value"] == 250 and made["seconds"]["n"] == 10 and made["prompt_tokens"]["value"] is None
    [_, tokens] = costs.cost_rows("one", {"judge": parts["judge"]})
    assert tokens["value"] == 10_000
    assert [row["value"] for row in costs.cost_rows("none", {"near": costs.Cost(1.0, None, 0)})] == [None, None]


class Counts(Echo):
    """Each decision costs a thousand tokens."""

    def decide(self, *asked: Any) -> Any:
        self.usage += Usage(0, 1000, 0)
        return super().decide(*asked)


@pytest.fixture
def pool(run: Run) -> Dataset:
    return rows_in(run, [{"id": "1", "instruction": "How do I oil a chain?", "response": "With oil."}], PAIR, "pool")


def asked(pool: Dataset) -> costs.Timed:
    return costs.Timed(pool=pool.path, lm="echo", judge=JudgeConfig(), tags=TagConfig(), max_tokens=50)


def test_judge_and_likelihood_are_timed_apart(pool: Dataset) -> None:
    """They are one stage: the judge's tokens on the bill of the gain would make the cheapest scorer the dearest."""
    made = {(row["metric"], row["part"]): row["value"] for row in costs.timed(asked(pool), lambda _: Counts())}
    assert made["prompt_tokens", "judge"] > 1000 > made["prompt_tokens", "likelihood"] > 0
    assert made["seconds", "judge"] > 0


def test_what_a_journal_answers_is_not_timed(pool: Dataset, tmp_path: Path) -> None:
    """Where a run was killed, its journal has the answers, in no time and for no tokens."""
    tokens = []
    for _ in range(2):
        lm = Echo()
        lm.remember(tmp_path / "answers")
        tokens.append([row["value"] for row in costs.timed(asked(pool), lambda _, lm=lm: lm) if row["metric"] != "seconds"])
    assert tokens[0] == tokens[1] and all(tokens[0])


def test_what_was_timed_and_what_stages_counted_are_read_again(run: Run, pool: Dataset) -> None:
    """What training has gained a pair is the difference between two models, and each was asked."""
    timed = run.put("cost", LMStage("cost", METRIC, costs.timed, asked(pool)), kind="metrics", of="cost")
    found = costs.apart(timed.path)
    assert set(found) == {"judge", "likelihood"} and found["judge"].n == 1
    made = [rows_in(run, [{"id": "1", "gain": 0.1}], scorers.schema(), name) for name in ("base", "contrast")]
    both = costs.counted([each.path for each in made])
    assert both.seconds == sum(each.totals.seconds for each in made) and both.prompt_tokens is None
