"""The ways of curating that the defaults do not take: outside judges, prompted models, round trips, other scorers, texts."""

from pathlib import Path
from typing import Any

import pytest

from humpback import alone, store
from humpback import lm as language_models
from humpback.config import build
from humpback.curate.judge import JudgeUnreadable
from humpback.errors import UsageFault
from humpback.evaluate.competence import JudgeBelowChance
from humpback.lm import LM
from humpback.lm.echo import Echo
from humpback.recipes import _models, demo, humpback
from humpback.report import gather
from humpback.run import Run
from humpback.train.job import Job

SCORE = "It says what was asked.\nScore: 4\n"


def trained(folder: Path, job: Job, rows: list, *_: object) -> None:
    store.write_json(folder / "humpback.json", {"role": job.role})
    store.write_json(folder / "training.json", {"examples": len(rows), "log": []})


@pytest.fixture
def echoes(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every model is the echo model, under the name that was asked for."""
    asked: list[str] = []
    real = language_models.open

    def opened(spec: str) -> LM:
        asked.append(spec)
        return real(spec) if spec.startswith("echo") else Echo()

    monkeypatch.setattr(_models, "train", trained)
    monkeypatch.setattr(language_models, "open", opened)
    return asked


def made(folder: Path, **layers: Any) -> Path:
    layer = {"corpus": {"sample": 12}, "measure": {"cases": 8, "stop_tokens": 8}, "guards": {"min_logprob": None},
             "curate": {"rounds": 1, "stop_below_chance": False, **layers.pop("curate", {})}, **layers}  # fmt: skip
    settings = build(demo.Settings, [layer])
    with Run(folder, "demo", settings) as run:
        humpback.recipe(run, settings)
    return folder


def test_a_prompted_model_an_outside_judge_and_every_scorer(tmp_path: Path, echoes: list[str]) -> None:
    """Each of these is a setting; a recipe that forgets one runs the default and says nothing."""
    folder = made(
        tmp_path / "run", backward_lm="echo", judge_lm="echo", augment={"candidates": 3, "choose": "round_trip"},
        curate={"by": "combined", "per_site": 50}, combine=("score", "gain", "specificity", "retrieval_rank"),
    )  # fmt: skip
    names = {name for name, _ in gather.folders(folder)}
    assert "backward" not in names and "backward-quality" not in names
    assert {"round-trip", "scored-1", "scored-1-backward", "scored-1-combined", "injection-1", "likeness-1"} <= names
    [row] = gather.rows_of(folder, "augmented")[:1]
    assert row["prompt"] == "backward-prompted-v1" and row["style"] in ("question", "command")
    scored = gather.rows_of(folder, "scored-1-combined")
    assert all(row["combined"] is not None and row["specificity"] is not None for row in scored)
    assert gather.rows_of(folder, "selected-1") and "echo" in echoes


def test_texts_are_parsed_and_kept(tmp_path: Path, echoes: list[str]) -> None:
    """The judge's own words must be there to be read, and to be parsed again."""
    script = tmp_path / "script.txt"
    script.write_text("Good enough. Score: 4\nScore: 4.5\n")
    folder = made(tmp_path / "run", judge_lm=f"echo:{script}", judge={"mode": "text"}, curate={"by": "score", "k": 4})
    rows = gather.rows_of(folder, "scored-1")
    assert {row["score"] for row in rows} <= {4.0, 4.5} and all("Score" in row["judgement"][0] for row in rows)


def test_a_judge_that_cannot_be_read_stops_what_selects_by_it(tmp_path: Path, echoes: list[str]) -> None:
    """45 to 67 % of scores were lost elsewhere, and the run went on."""
    script = tmp_path / "script.txt"
    script.write_text("I would rather not say.\n")
    judge = {"mode": "multi", "samples": 2}
    with pytest.raises(JudgeUnreadable, match="0%"):
        made(tmp_path / "run", judge_lm=f"echo:{script}", judge=judge, curate={"by": "score"})
    folder = made(tmp_path / "gain", judge_lm=f"echo:{script}", judge=judge, curate={"by": "gain"})
    assert {row["status"] for row in gather.rows_of(folder, "scored-1")} == {"too_few_valid"}
    assert gather.rows_of(folder, "selected-1")


def test_what_is_worse_than_chance_stops_the_run(tmp_path: Path, echoes: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A judge that prefers damaged pairs selects harm, and with confidence."""
    real = Echo._decide

    def inverted(self: Echo, state: str, question: Any) -> Any:
        return real(self, "x" * (len(state) % 97), question)

    monkeypatch.setattr(Echo, "_decide", inverted)
    monkeypatch.setattr("humpback.evaluate.competence._means", lambda metrics: {"score": 0.31, "gain": 0.62})
    with pytest.raises(JudgeBelowChance, match=r"0\.31"):
        made(tmp_path / "run", curate={"by": "score", "stop_below_chance": True})


def test_scoring_a_file_with_labels_tells_how_far_they_agree(tmp_path: Path, echoes: list[str]) -> None:
    """A judge is taken on trust where nobody compares it with people."""
    pairs = tmp_path / "pairs.jsonl"
    lines = [f'{{"instruction": "How do I clean {i}?", "response": "Brush {i} and rinse it.", "label": {i % 2}}}'
             for i in range(30)]  # fmt: skip
    pairs.write_text("\n".join(lines))
    settings = build(alone.ScoreSettings, [{"pairs": str(pairs), "lm": "echo", "scorers": ["score", "retrieval_rank"]}])
    with Run(tmp_path / "run", "score", settings) as run:
        rows = list(alone.score(run, settings).rows())
    assert all(row["retrieval_rank"] and row["score"] for row in rows) and {row["label"] for row in rows} == {0, 1}
    metrics = {row["metric"] for row in gather.rows_of(tmp_path / "run", "agreement")}
    assert any("auc" in name for name in metrics), metrics


def test_a_scorer_without_its_model_says_what_to_type(tmp_path: Path) -> None:
    """Silently leaving a column null is a scorer that never ran."""
    settings = build(alone.ScoreSettings, [{"pairs": "x.jsonl", "lm": "echo", "scorers": ["specificity"]}])
    with Run(tmp_path / "run", "score", settings) as run, pytest.raises(UsageFault, match="backward_lm"):
        alone.score(run, settings)


def test_likelihoods_are_the_forward_models_whoever_judges(tmp_path: Path, echoes: list[str]) -> None:
    """An outside judge that is asked for likelihoods too is another scorer than the one that was named."""
    script = tmp_path / "script.txt"
    script.write_text(SCORE)
    folder = made(tmp_path / "run", judge_lm=f"echo:{script}", curate={"by": "gain"})
    assert {"scored-1", "scored-1-likelihood"} <= {name for name, _ in gather.folders(folder)}
    assert all(row["gain"] is None for row in gather.rows_of(folder, "scored-1"))
    assert all(row["gain"] is not None for row in gather.rows_of(folder, "scored-1-likelihood"))


def test_a_scorer_that_there_is_not_is_found_before_any_work(tmp_path: Path, echoes: list[str]) -> None:
    """After the trainings it is too late, and a column of nulls drops every pair."""
    with pytest.raises(UsageFault, match=r"relevance\.embedding"):
        made(tmp_path / "run", curate={"by": "relevance"})
    assert not echoes and not list((tmp_path / "run").glob("0*"))
