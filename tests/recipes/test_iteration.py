"""Rounds: pools, backward models, the gate, when to stop, and the best by dev. Models are fakes whose worth is set here."""

import shutil
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from humpback.recipes._corpus import corpus
from humpback.train.job import Job

from humpback import lm as language_models
from humpback import store
from humpback.config import build
from humpback.errors import UsageFault
from humpback.evaluate import held_out
from humpback.lm import LM, Answer, Completion, Question, Sampling
from humpback.lm.echo import Echo
from humpback.recipes import _models, demo, humpback
from humpback.report import gather
from humpback.run import Run
from humpback.schema import Row

POOLS, BACKWARDS = ("fixed", "regenerated", "rejected"), ("fixed", "retrained")


class Model(Echo):
    """Judges after its own taste, so that selections differ, and loses `worth` nats per token less than M_0."""

    def __init__(self, name: str, worth: float, talks: bool) -> None:
        super().__init__()
        self.name, self.worth, self.talks = name, worth, talks

    def answered(self, key: str, ask: Any) -> Any:
        return super().answered(f"{self.name} {key}", ask)

    def _score(self, prompt: str, target: str) -> list[float] | None:
        known = super()._score(prompt, target)
        return known and [value + self.worth for value in known]

    def _decide(self, state: str, question: Question) -> Answer:
        return super()._decide(state + self.name, question)

    def _complete(self, prompt: str, sampling: Sampling, seed: int) -> Completion:
        made = super()._complete(prompt, sampling, seed)
        return Completion(made.text, "length", made.tokens, made.logprob) if self.talks else made


class World:
    """What was trained, asked and measured, and what the models are worth, by the name of their step."""

    def __init__(self) -> None:
        self.worth: dict[str, float] = {}
        self.talk: tuple[str, ...] = ()
        self.trained: list[tuple[str, str, list[Row]]] = []
        self.measured: list[tuple[str, str]] = []
        self.opened: list[str] = []

    def train(self, folder: Path, job: Job, rows: list[Row], *_: object) -> None:
        self.trained.append((folder.name.split("-", 1)[1].removesuffix(".partial"), job.base_name, rows))
        store.write_json(folder / "humpback.json", {"role": job.role})
        store.write_json(folder / "training.json", {"examples": len(rows), "log": []})

    def open(self, spec: str) -> LM:
        name = Path(spec).name.split("-", 1)[-1]
        self.opened.append(name)
        return Echo() if spec == "echo" else Model(name, self.worth.get(name, 0.0), name in self.talk)

    def forward_nll(self, rows: list[Row], lm: LM, *rest: Any) -> list[float | None]:
        self.measured += [(lm.name, row["split"]) for row in rows]
        return NLL(rows, lm, *rest)


NLL = held_out.forward_nll


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    made = World()
    monkeypatch.setattr(_models, "train", made.train)
    monkeypatch.setattr(language_models, "open", made.open)
    monkeypatch.setattr(held_out, "forward_nll", made.forward_nll)
    return made


def settings(**layers: Any) -> humpback.Settings:
    layer = {
        "corpus": {"sample": 14}, "measure": {"cases": 8, "stop_tokens": 40}, "guards": {"min_logprob": None},
        "curate": {"by": "score", "k": 3.0, "stop_below_chance": False, **layers.pop("curate", {})},
        "judge": {"stop_valid": 0.0}, "iterate": {"stop_precision": None, **layers.pop("iterate", {})}, **layers,
    }  # fmt: skip
    return build(demo.Settings, [layer])


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that has read its pages and its seed, for others to take over."""
    folder = tmp_path_factory.mktemp("pages") / "run"
    with Run(folder, "demo", settings()) as run:
        _models.seed_pairs(run, settings())
        corpus(run, settings().corpus, settings().random_seed)
    return folder


def made(folder: Path, pages: Path, **layers: Any) -> Path:
    wanted = settings(**layers)
    with Run(folder, "demo", wanted, reuse=pages) as run:
        humpback.recipe(run, wanted)
    return folder


def names(run: Path) -> set[str]:
    return {name for name, _ in gather.folders(run)}


def metric_of(run: Path, dataset: str, name: str) -> Row:
    return next(row for row in gather.rows_of(run, dataset) if row["metric"] == name)


def by_id(run: Path, name: str) -> dict[str, str]:
    return {row["id"]: row["instruction"] for row in gather.rows_of(run, name)}


# The gate.


def test_better_models_go_on_and_the_best_is_kept(tmp_path: Path, pages: Path, world: World) -> None:
    """M_2 is worse than M_1: the last model is not the best, and whoever takes the last takes the wrong one."""
    world.worth = {"forward-1": 0.2, "forward-2": 0.1}
    run = made(tmp_path / "run", pages)
    [best] = run.glob("*-best")
    told = store.read_json(best / "best.json")
    assert (told["model"], told["round"], told["split"]) == ("M_1", 1, "dev")
    assert "better than M_0" in told["why"] and [each["better"] for each in told["verdicts"]] == [True, False]
    assert metric_of(run, "gate-1", "gate_nll_change")["value"] == pytest.approx(-0.2)
    assert metric_of(run, "gate-2", "gate_nll_change")["value"] == pytest.approx(0.1)
    assert metric_of(run, "competence-2", "judge_valid")["model"] == "M_1"


def test_the_best_costs_no_disk_and_is_a_model(tmp_path: Path, pages: Path, world: World) -> None:
    """Weights are gigabytes; and a folder with another step's plan would be refused at the next start."""
    world.worth = {"forward-1": 0.2}
    run = made(tmp_path / "run", pages, curate={"rounds": 1})
    [best], [model] = run.glob("*-best"), run.glob("*-forward-1")
    assert (best / "humpback.json").samefile(model / "humpback.json")
    assert store.read_json(best / "plan.json")["step"] == "best"
    assert store.read_json(model / "plan.json")["role"] == "forward"


def test_a_model_that_is_no_better_is_refused_and_the_rounds_end(
    tmp_path: Path, pages: Path, world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    """It went on, and judged the next round. With M_0 as the judge of the same pairs another round changes nothing."""
    run = made(tmp_path / "run", pages)
    assert store.read_json(next(run.glob("*-best")) / "best.json")["model"] == "M_0"
    assert metric_of(run, "gate-1", "gate_better")["value"] == 0.0
    assert "M_1 is not better than M_0" in metric_of(run, "gate-1", "gate_better")["note"]
    assert "nothing can change" in metric_of(run, "iteration-2", "stopped")["note"]
    assert not names(run) & {"scored-2", "forward-2"} and {"model-quality", "report", "forward-uncurated"} <= names(run)


def test_after_a_refusal_the_best_so_far_judges(tmp_path: Path, pages: Path, world: World) -> None:
    """Where the pool is written anew the run goes on, with M_0 as its judge and as the measure of M_2."""
    world.worth = {"forward-1": -0.1, "forward-2": 0.1}
    run = made(tmp_path / "run", pages, iterate={"pool": "regenerated"})
    assert {row["judge"] for row in gather.rows_of(run, "scored-2")} == {"forward-0"}
    assert metric_of(run, "iteration-2", "acceptance")["model"] == "M_0"
    assert "M_2 is better than M_0" in store.read_json(next(run.glob("*-best")) / "best.json")["why"]


def test_a_run_may_end_with_a_refusal(tmp_path: Path, pages: Path, world: World) -> None:
    """Rounds that nobody will use cost days."""
    run = made(tmp_path / "run", pages, iterate={"pool": "regenerated", "stop_on_refusal": True})
    assert "augmented-2" not in names(run) and "best" in names(run)


def test_without_the_gate_the_last_model_goes_on_and_the_best_is_kept_all_the_same(
    tmp_path: Path, pages: Path, world: World
) -> None:
    """That is the paper's loop; its figures are measured as well."""
    world.worth = {"forward-1": -0.3, "forward-2": -0.2}
    run = made(tmp_path / "run", pages, iterate={"gate": False})
    assert {row["judge"] for row in gather.rows_of(run, "scored-2")} == {"forward-1"}
    assert store.read_json(next(run.glob("*-best")) / "best.json")["model"] == "M_0"


def test_a_lower_loss_does_not_make_up_for_answers_without_end(tmp_path: Path, pages: Path, world: World) -> None:
    """A model that never stops looks fine in its loss."""
    world.worth, world.talk = {"forward-1": 0.5}, ("forward-1",)
    run = made(tmp_path / "run", pages, curate={"rounds": 1})
    assert metric_of(run, "gate-1", "gate_stop_change")["value"] == -1.0
    assert "ends fewer of its answers" in metric_of(run, "gate-1", "gate_better")["note"]


def test_nothing_is_decided_on_the_test_split(tmp_path: Path, pages: Path, world: World) -> None:
    """Public runs chose their best step on the test set: no test pair may be looked at before the best is kept."""
    world.worth = {"forward-1": 0.1, "forward-2": 0.2}
    seen: list[list[tuple[str, str]]] = []
    real = humpback.Rounds.keep_best

    def keep_best(rounds: humpback.Rounds) -> Path:
        seen.append(list(world.measured))
        return real(rounds)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(humpback.Rounds, "keep_best", keep_best)
        made(tmp_path / "run", pages)
    [before] = seen
    assert {name for name, _ in before} == {"forward-0", "forward-1", "forward-2"}
    assert {split for _, split in before} == {"dev"}
    assert {split for _, split in world.measured[len(before) :]} == {"test"}


# When to stop.


def test_rounds_end_where_the_selection_stays(tmp_path: Path, pages: Path, world: World) -> None:
    """An outside judge says the same of the same pairs: a third model on the same data would be the second again."""
    world.worth = {"forward-1": 0.2}
    run = made(tmp_path / "run", pages, judge_lm="echo")
    assert metric_of(run, "iteration-2", "selection_overlap")["value"] == 1.0
    assert "overlap 1.00" in metric_of(run, "iteration-2", "stopped")["note"]
    assert "selected-2" in names(run) and "forward-2" not in names(run)


def test_rounds_end_where_precision_falls(tmp_path: Path, pages: Path, world: World) -> None:
    """A judge that takes more damaged pairs for good than the one before spoils the next model."""
    world.worth = {"forward-1": 0.2}
    real = Model._decide

    def fooled(self: Model, state: str, question: Question) -> Answer:
        made = real(self, state, question)
        good = self.name != "forward-0" or "Sponsored" not in state
        return Answer(made.probabilities, 5.0 if good else 1.0, made.confidence, 1.0, 0.0)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Model, "_decide", fooled)
        run = made(tmp_path / "run", pages, iterate={"stop_precision": 0.5, "stop_overlap": None})
    first, second = (metric_of(run, f"iteration-{i}", "selection_precision") for i in (1, 2))
    assert (first["value"], second["value"]) == (pytest.approx(1 / 3), 0.25)
    assert "precision on damaged dev pairs fell" in metric_of(run, "iteration-2", "stopped")["note"]
    assert "forward-2" not in names(run)


def test_the_control_is_of_the_size_that_was_trained_on(tmp_path: Path, pages: Path, world: World) -> None:
    """A selection that was not trained on may have another size, and the comparison would be none."""
    world.worth = {"forward-1": 0.2}
    made(tmp_path / "run", pages, iterate={"stop_overlap": 0.01})
    sizes = {name: len(rows) for name, _, rows in world.trained}
    assert "forward-2" not in sizes and sizes["forward-uncurated"] == sizes["forward-1"]


def test_what_was_killed_between_two_measurements_is_measured_again(tmp_path: Path, pages: Path, world: World) -> None:
    """The damaged pairs' scores come with the competence, which a rerun finds finished and does not ask for."""
    world.worth = {"forward-1": 0.2}
    run = made(tmp_path / "run", pages, curate={"rounds": 1})
    before = gather.rows_of(run, "damaged-1")
    assert {row["method"] for row in before} == {"clean", "shuffled", "truncated", "advert_inserted", "copied"}
    [folder] = run.glob("*-damaged-1")
    shutil.rmtree(folder)
    made(run, pages, curate={"rounds": 1})
    assert gather.rows_of(run, "damaged-1") == before and len(before) == 40


def test_precision_is_of_what_selects(tmp_path: Path, pages: Path, world: World) -> None:
    """Another scorer than judge and gain is asked for the damaged pairs too; a rank among copies of itself means nothing."""
    run = made(tmp_path / "a", pages, curate={"rounds": 1, "by": "specificity"})
    assert metric_of(run, "iteration-1", "selection_recall")["note"].startswith("specificity, lowest kept ")
    assert all(row["specificity"] is not None for row in gather.rows_of(run, "damaged-1-backward"))
    ranked = made(tmp_path / "b", pages, curate={"rounds": 1, "by": "retrieval_rank"})
    assert metric_of(ranked, "iteration-1", "selection_precision")["value"] is None
    assert metric_of(ranked, "iteration-1", "selection_recall")["value"] is None


# Pools and backward models.


@pytest.mark.parametrize(("pool", "backward"), list(product(POOLS, BACKWARDS)))
def test_every_way_to_iterate(tmp_path: Path, pages: Path, world: World, pool: str, backward: str) -> None:
    """Each model from base and none from the one before; each step named after its round; the second run does nothing."""
    world.worth = {"forward-1": 0.1, "forward-2": 0.2}
    ways = {"iterate": {"pool": pool, "backward": backward, "stop_overlap": None}}
    run = made(tmp_path / "run", pages, **ways)
    assert {base for _, base, _ in world.trained} == {"embedded"}
    written = {"augmented-2", "pairs-2"} if pool != "fixed" else set()
    written |= {"rejected-2", "pool-2"} if pool == "rejected" else set()
    again = {"backward-1"} if backward == "retrained" else set()
    found = names(run)
    assert {name for name in found if name.startswith(("augmented", "pairs", "rejected", "pool"))} == written | {
        "augmented", "pairs"
    }  # fmt: skip
    assert {name for name in found if name.startswith("backward")} == again | {"backward", "backward-quality"}
    assert {"forward-2", "gate-2", "best", "report"} <= found
    world.opened.clear()
    world.trained.clear()
    made(run, pages, **ways)
    assert not world.opened and not world.trained


def test_a_regenerated_pool_is_written_anew_and_always_the_same(tmp_path: Path, pages: Path, world: World) -> None:
    """The draws of a round were those of the first, so that nothing was new; or differed from run to run."""
    world.worth = {"forward-1": 0.1, "forward-2": 0.2}
    runs = [made(tmp_path / name, pages, iterate={"pool": "regenerated", "stop_overlap": None}) for name in ("a", "b")]
    first, second = by_id(runs[0], "augmented"), by_id(runs[0], "augmented-2")
    assert first.keys() == second.keys() and sum(first[each] != second[each] for each in first) > 5
    assert second == by_id(runs[1], "augmented-2")
    assert 0 <= metric_of(runs[0], "iteration-2", "pool_unchanged")["value"] < 1
    guarded = gather.dataset(runs[0], "pairs-2")
    assert guarded is not None
    copied = sum(drop["reason"] in ("copied_answer", "same_as_response") for drop in guarded.drops())
    assert metric_of(runs[0], "iteration-2", "copy_rate")["value"] == pytest.approx(copied / 14)


def test_only_rejected_segments_are_written_anew(tmp_path: Path, pages: Path, world: World) -> None:
    """What was selected keeps its instruction, and costs nothing."""
    world.worth = {"forward-1": 0.1, "forward-2": 0.2}
    run = made(tmp_path / "run", pages, iterate={"pool": "rejected", "stop_overlap": None})
    selected = {row["parent"]: row["instruction"] for row in gather.rows_of(run, "selected-1")}
    pool = {row["parent"]: row["instruction"] for row in gather.rows_of(run, "pool-2")}
    asked = {row["id"] for row in gather.rows_of(run, "rejected-2")}
    assert selected and asked and not asked & selected.keys()
    assert {parent: pool[parent] for parent in selected} == selected
    assert pool.keys() == selected.keys() | {row["parent"] for row in gather.rows_of(run, "pairs-2")}
    drops = gather.dataset(run, "rejected-2")
    assert drops is not None and drops.totals.drops == {"keeps_its_pair": len(selected)}


def test_the_backward_model_learns_from_what_was_selected(tmp_path: Path, pages: Path, world: World) -> None:
    """It was retrained on the seed alone, or on all pairs; and the next round was written by the old one."""
    world.worth = {"forward-1": 0.1, "forward-2": 0.2}
    run = made(tmp_path / "run", pages, iterate={"pool": "regenerated", "backward": "retrained", "stop_overlap": None})
    rows = {name: rows for name, _, rows in world.trained}
    chosen = {row["id"] for row in gather.rows_of(run, "selected-1")}
    assert {row["id"] for row in rows["backward-1"] if row["source"] == "web"} == chosen
    assert {row["split"] for row in rows["backward-1"] if row["source"] == "seed"} == {"train"}
    assert {row["lm"] for row in gather.rows_of(run, "augmented-2")} == {"backward-1"}
    quality = {row["model"] for row in gather.rows_of(run, "backward-quality")}
    assert quality == {"backward", "backward-1"}


@pytest.mark.parametrize(
    ("layers", "words"),
    [
        ({"curate": {"rounds": 0}}, "nothing would be selected"),
        ({"backward_lm": "echo", "iterate": {"backward": "retrained"}}, "which is not trained"),
    ],
)
def test_settings_that_contradict_each_other(tmp_path: Path, pages: Path, layers: dict[str, Any], words: str) -> None:
    """Hours later the run would fail, or do something else than was asked for."""
    with pytest.raises(UsageFault, match=words):
        made(tmp_path / "run", pages, **layers)
