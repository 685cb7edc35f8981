"""The rounds of a recipe: who judges the next one, whether it is worth its training, and which model is the best so far.

All of it is decided on the dev split and on the selections themselves. The test split is measured on when all is decided.
"""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from humpback import store
from humpback.curate.combine import SCORERS
from humpback.evaluate import held_out, iteration
from humpback.metrics import metric
from humpback.lm import Sampling
from humpback.lm.spec import fingerprint
from humpback.recipes._curation import Judging, damaged_by, plain
from humpback.recipes._models import ModelSettings, held
from humpback.run import Run
from humpback.schema import METRIC, Row
from humpback.store import Dataset

BEST = "best.json"


@dataclass(frozen=True)
class Round:
    """A round that selected: who judged, from which pairs, what was kept, and what was measured of it."""

    who: Judging
    pairs: Dataset
    chosen: Dataset
    metrics: list[Row]


class Rounds:
    """What the rounds have come to. `models` are M_0, M_1, ... in order."""

    def __init__(
        self, run: Run, seed: Dataset, first: Path, settings: ModelSettings, config: iteration.IterateConfig, judge_lm: str
    ) -> None:
        self.run, self.seed, self.settings, self.config, self.judge_lm = run, seed, settings, config, judge_lm
        self.dev = held(seed, "dev", settings)
        self.models = [first]
        self.done: list[Round] = []
        self.verdicts: list[iteration.Verdict] = []
        self._best = self._leading = 0
        self._cases = [self._on_dev(0)]

    @property
    def forward(self) -> str:
        """The model that judges next."""
        return f"transformers:{self.models[self._leading]}"

    @property
    def last(self) -> Round:
        """The last round that was trained on."""
        return self.done[len(self.models) - 2]

    def judging(self, number: int, backward: str, column: str) -> Judging:
        lm = self.judge_lm or self.forward
        return Judging(number, lm, self.forward, backward, (column,), f"M_{self._leading}")

    def are_settled(self, who: Judging, pairs: Dataset) -> bool:
        """Whether the round would only do the last one over again: the same models on the same pairs."""
        if not self.done or _identity(who, pairs) != _identity(self.done[-1].who, self.done[-1].pairs):
            return False
        why = f"{who.name} judges the same pairs again: nothing can change"
        stopped = [metric("stopped", who.name, 1.0, n=1, round=who.round, note=why)]
        self.run.put(f"iteration-{who.round}", lambda: stopped, METRIC, {"stopped": why})
        self._say(who.round, f"stops: {why}")
        return True

    def is_worth_training(self, who: Judging, pairs: Dataset, chosen: Dataset) -> bool:
        """Whether the selection differs from the last one, and is not worse; both are measured, and said."""
        by = chosen.manifest["plan"]["config"]["by"]
        damaged = damaged_by(self.run, by, who, self.settings)
        before = self.done[-1] if self.done else None
        plan = {
            "chosen": chosen.fingerprint, "pairs": pairs.fingerprint, "damaged": damaged.fingerprint, "model": who.name,
            "before": before.chosen.fingerprint if before else None, "iterate": plain(self.config),
        }  # fmt: skip
        this = Round(who, pairs, chosen, [])

        def rows() -> Iterator[Row]:
            found = list(self._measured(this, damaged, before))
            why = iteration.settled(found, before.metrics, self.config) if before else None
            yield from found
            if why:
                yield metric("stopped", who.name, 1.0, n=1, round=who.round, note=why)

        metrics = list(self.run.put(f"iteration-{who.round}", rows, METRIC, plan).rows())
        self.done.append(replace(this, metrics=metrics))
        stopped = next((row["note"] for row in metrics if row["metric"] == "stopped"), None)
        if stopped:
            self._say(who.round, f"stops, and no M_{who.round} is trained: {stopped}")
        return stopped is None

    def add(self, model: Path) -> bool:
        """Hold a new model against the best before it; False if the rounds end with it (`iterate.stop_on_refusal`)."""
        self.models.append(model)
        number = len(self.models) - 1
        self._cases.append(self._on_dev(number))
        best, new = self._cases[self._best], self._cases[number]
        found = iteration.verdict(list(best.rows()), list(new.rows()), self.config.z, number)
        plan = {"best": best.fingerprint, "new": new.fingerprint, "z": self.config.z}
        self.run.put(f"gate-{number}", lambda: found.rows, METRIC, plan)
        self.verdicts.append(found)
        self._best = number if found.better else self._best
        self._leading = self._best if self.config.gate else number
        what = "promoted" if found.better else "refused" if self.config.gate else "not better, and goes on"
        self._say(number, f"M_{number} {what}: {found.why}")
        return found.better or not (self.config.gate and self.config.stop_on_refusal)

    def keep_best(self) -> Path:
        """The folder `best`: the model that was best by the dev split, and why, in `best.json`."""
        best, kept = self.models[self._best], f"M_{self._best}"
        told = self.verdicts[self._best - 1].why if self._best else "no later model is better than M_0"
        choice = {
            "model": kept, "round": self._best, "folder": best.name, "why": told, "split": "dev",
            "verdicts": [{"model": f"M_{i}", "better": each.better, "why": each.why}
                         for i, each in enumerate(self.verdicts, start=1)],
        }  # fmt: skip

        def work(folder: Path) -> None:
            own = shutil.ignore_patterns(store.PLAN, store.MANIFEST)
            shutil.copytree(best, folder, ignore=own, copy_function=_link, dirs_exist_ok=True)
            store.write_json(folder / BEST, choice)

        self.run.progress.say(f"{'best':<22} {kept}, by the dev split: {told}")
        return self.run.step("best", work, {"model": fingerprint(f"transformers:{best}"), "choice": choice})

    def _on_dev(self, number: int) -> Dataset:
        """What the model makes of each dev pair."""
        name, spec = f"M_{number}", f"transformers:{self.models[number]}"
        tags, width, stop = self.settings.tags, self.settings.curate.max_tokens, self.settings.measure.stop_tokens
        plan = {"seed": self.seed.fingerprint, "cases": len(self.dev), "max_tokens": width, "stop": stop,
                "tags": plain(tags), "model": fingerprint(spec)}  # fmt: skip

        def rows() -> Iterator[Row]:
            lm = self.run.lm(spec)
            losses = held_out.forward_nll(self.dev, lm, tags, width)
            ended = held_out.ended(self.dev, lm, tags, Sampling(max_new_tokens=stop))
            yield from iteration.cases(name, self.dev, losses, ended)

        return self.run.put(f"dev-cases-{number}", rows, METRIC, plan)

    def _measured(self, this: Round, damaged: Dataset, before: Round | None) -> Iterator[Row]:
        name, number = this.who.name, this.who.round
        chosen = list(this.chosen.rows(["id", "parent", "instruction", "score", "gain"]))
        by, least = _threshold(this.chosen)
        scorer = SCORERS[by]
        scorer = replace(scorer, band=self.settings.curate.ifd_band) if scorer.band else scorer
        yield from iteration.selection_quality(list(damaged.rows()), by, scorer, least, name, number)
        yield iteration.acceptance(len(chosen), len(this.pairs), name, number)
        then = _scores(before.chosen, {row["id"] for row in chosen}, self.run) if before else {}
        yield from iteration.drift(chosen, then, name, number)
        if before:
            key = "id" if self.config.pool == "fixed" else "parent"
            old = [row[key] for row in before.chosen.rows([key])]
            yield from iteration.overlap(old, [row[key] for row in chosen], name, number)
        if self.config.pool != "fixed":
            yield from self._written(this, before)

    def _written(self, this: Round, before: Round | None) -> Iterator[Row]:
        """Of a pool that changes: how its instructions differ, and what the guards made of the new ones."""
        name, number = this.who.name, this.who.round
        texts = [
            {row["id"]: row["instruction"] for row in each.pairs.rows(["id", "instruction"])} if each else {}
            for each in (this, before)
        ]
        yield from iteration.pool_rows(texts[0], texts[1], name, number)
        guarded = self.run.load("pairs" if number == 1 else f"pairs-{number}")
        yield from iteration.guard_rows(guarded.totals.read, guarded.totals.drops, name, number)

    def _say(self, number: int, line: str) -> None:
        self.run.progress.say(f"{f'round {number}':<22} {line}")


def _identity(who: Judging, pairs: Dataset) -> tuple[str, ...]:
    """What a selection rests on."""
    return pairs.fingerprint, *(fingerprint(each) for each in (who.lm, who.forward, who.backward))


def _threshold(chosen: Dataset) -> tuple[str, float]:
    """The column that a selection was made by, and the lowest value that it keeps."""
    plan: dict[str, Any] = chosen.manifest["plan"]["config"]
    by = plan["by"]
    if "k" in plan:
        return by, float(plan["k"])
    return by, min((row[by] for row in chosen.rows([by])), key=SCORERS[by].quality)


def _scores(chosen: Dataset, ids: set[str], run: Run) -> dict[str, Row]:
    """The scored pairs of those `ids` that an earlier selection was made from, by id."""
    [name] = chosen.manifest["plan"]["inputs"]
    found = Dataset(run.folder / name).rows(["id", "instruction", "score", "gain"])
    return {row["id"]: row for row in found if row["id"] in ids}


def _link(source: str, target: str) -> None:
    """A hard link, or a copy where the disk has none."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
