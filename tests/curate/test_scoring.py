"""Which stages scorers take, and what must be named for them."""

from pathlib import Path
from typing import Any

import pytest
from made import TestSettings, rows_in
from scripted import Opens

from humpback.curate import scorers, scoring
from humpback.curate.judge import JudgeUnreadable
from humpback.curate.relevance import RelevanceConfig
from humpback.curate.settings import Asking, CurationSettings
from humpback.errors import UsageFault
from humpback.lm.echo import Echo
from humpback.run import Run
from humpback.schema import PAIR

ROWS = [
    {"id": f"p{i}", "instruction": f"How is part {i} cleaned?", "response": f"Brush part {i}, rinse, dry."} for i in range(6)
]


def asking(columns: tuple[str, ...] = (), judge: str = "echo", **settings: Any) -> Asking:
    return Asking(1, "M_0", judge, "echo", "echo", CurationSettings(**settings), columns)


@pytest.mark.parametrize(
    ("columns", "settings", "backward", "lack"),
    [
        (("auto", "score", "gain"), {}, "", None),
        (("specificity",), {}, "", "backward_lm"),
        (("specificity",), {}, "trained", None),
        (("combined",), {}, "", None),
        (("auto",), {"combine": ("gain", "relevance")}, "", None),
        (("seed_gain",), {}, "", "base"),
        (("seed_gain",), {"base": "echo"}, "", None),
        (("entailment",), {"relevance": RelevanceConfig(embedding="x")}, "", "relevance.entailment"),
    ],
)
def test_a_scorer_without_its_model_says_what_to_type(
    columns: tuple[str, ...], settings: dict, backward: str, lack: str | None
) -> None:
    """Silently leaving a column null is a scorer that never ran."""
    if lack is None:
        scoring.check(columns, CurationSettings(**settings), backward)
        return
    with pytest.raises(UsageFault, match=rf"needs {lack}") as fault:
        scoring.check(columns, CurationSettings(**settings), backward)
    assert fault.value.hint == f"--set {lack}=MODEL"


@pytest.mark.parametrize(
    ("combine", "told"),
    [(("gain", "retrieval_rank"), "retrieval_rank, which is no value"), (("combined",), "combined, which is no value"),
     (("relevance",), "no scorer: relevance.embedding is empty"), ((), "no scorer"), (("scroe",), "no scorer 'scroe'")],
)  # fmt: skip
def test_what_cannot_be_combined_is_refused(combine: tuple[str, ...], told: str) -> None:
    """Ranks among copies of one pair are no values, and a combination of nothing selects by nothing."""
    with pytest.raises(UsageFault, match=told):
        scoring.check(("auto",), CurationSettings(combine=combine), "")


def test_what_is_combined_follows_the_models_that_are_named() -> None:
    """A column of nulls in a combination is a scorer that never ran; that it is left out is said by name."""
    settings = CurationSettings()
    assert scoring.parts_of("combined", settings, "") == ("gain", "whole", "worst_sentence", "heading_overlap")
    embedded = ("relevance", "heading_relevance", "stray_sentence")
    lacking = {"backward_logprob": "backward_lm"} | dict.fromkeys(embedded, "relevance.embedding")
    assert scoring.left_out(settings, "") == lacking
    whole = settings.model_copy(update={"relevance": RelevanceConfig(embedding="minilm")})
    assert scoring.parts_of("combined", whole, "trained") == whole.combine and not scoring.left_out(whole, "trained")


def test_the_last_stage_makes_what_is_scored(run: Run) -> None:
    """What lies between is not what a selection is made from, and whoever asks for round 1 must not get it."""
    pairs = rows_in(run, ROWS, PAIR, "pairs")
    made = scoring.scored(run, "scored-1", pairs, asking(("retrieval_rank", "combined"), combine=("score", "gain")))
    assert run.one(kind="scored", round=1, model="M_0").path == made.path
    assert [each.about["name"] for each in run.find(kind="scoring")] == ["scored-1"]
    row = next(made.rows())
    assert all(row[name] is not None for name in ("score", "gain", "ifd", "retrieval_rank", "whole", "worst_sentence"))
    assert row["specificity"] is None and row["combined"] is None


def test_sets_are_scored_stage_by_stage(run: Run) -> None:
    """Set by set, a large model would be loaded for each of them again."""
    sets = {name: rows_in(run, ROWS, PAIR, name) for name in ("one", "two")}
    made = scoring.scored_together(run, sets, asking(("specificity",)))
    order = [each.about["name"] for each in [*run.find(kind="scoring"), *run.find(kind="scored")]]
    assert order == ["one", "two", "one-backward", "two-backward"] and set(made) == {"one", "two"}


def test_likelihoods_are_the_forward_models_whoever_judges(tmp_path: Path) -> None:
    """An outside judge that is asked for likelihoods too is another scorer than the one that was named."""

    class Never(Echo):
        def logprob(self, prompts: Any, targets: Any, ended: bool = False) -> Any:
            raise AssertionError("the judge is asked for likelihoods")

    with Run(tmp_path / "run", "test", TestSettings(), engine=Opens(echo=Echo(), **{"openai:judge": Never()})) as run:
        made = scoring.scored(run, "scored-1", rows_in(run, ROWS, PAIR), asking(judge="openai:judge"))
        assert all(row["gain"] is not None and row["score"] is not None for row in made.rows())
        assert all(row["gain"] is None for row in run.one(kind="scoring").rows())


def test_a_judge_that_cannot_be_read_stops_what_selects_by_it(run: Run) -> None:
    """45 to 67 % of scores were lost elsewhere, and the run went on."""
    who = Asking(1, "M_0", "echo", "echo", "", CurationSettings())
    rows = [{**row, "score": 3.0 if i < 3 else None} for i, row in enumerate(ROWS)]
    with pytest.raises(JudgeUnreadable, match="3 of 6"):
        scoring.check_readable(run, rows_in(run, rows, scorers.schema()), who)
