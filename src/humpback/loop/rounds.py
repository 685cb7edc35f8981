"""Rounds of self-curation over any pairs: score, select, train, hold the new model against the best, and go on.

All of it is decided on the dev split and on the selections themselves. The test split is measured on when all is decided.
"""

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from humpback import store
from humpback.config import OFTEN, Config
from humpback.curate import calibration, competence, injection, scoring
from humpback.curate.scoring import check_readable, scored
from humpback.curate.select import CurateConfig, selected
from humpback.curate.settings import Asking
from humpback.engine import Hands
from humpback.errors import UsageFault
from humpback.evaluate import iteration
from humpback.evaluate.selection import of_selection
from humpback.lm.spec import ModelName, fingerprint
from humpback.loop.models import ModelSettings, WriterSettings, model_folder, trained, training
from humpback.methods import backtranslate
from humpback.metrics import metric
from humpback.run import Run
from humpback.schema import METRIC, Row
from humpback.stage import LMStage, Stage
from humpback.store import Dataset
from humpback.train import bases, launch

BEST = "best.json"


class RoundSettings(ModelSettings):
    """What recipes with rounds can set."""

    iterate: iteration.IterateConfig = iteration.IterateConfig()
    judge_lm: Annotated[ModelName, OFTEN] = Field(
        "", description="an outside judge, backend:model; empty: the model in training (paper)"
    )

    @property
    def selecting(self) -> CurateConfig:
        """What pairs are selected by."""
        return self.curate


def check_made_up(settings: RoundSettings, writer: str) -> None:
    """Of recipes whose pairs `writer` makes up, before anything is done; raises `UsageFault`."""
    if not settings.seed.path:
        raise UsageFault("seed.path is empty: there are no human pairs to begin with", "--set seed.path=seed.jsonl")
    if settings.curate.rounds < 1:
        raise UsageFault(f"curate.rounds is {settings.curate.rounds}: nothing would be selected", "--set curate.rounds=1")
    if (settings.iterate.pool, settings.iterate.backward) != ("fixed", "fixed"):
        raise UsageFault(
            f"iterate.pool is {settings.iterate.pool} and iterate.backward {settings.iterate.backward}: no text "
            "is read here that instructions could be written for anew",
            "leave both out",
        )
    scoring.check((settings.curate.by,), settings, settings.backward_lm)
    bases.check_instructed(writer)
    launch.check(training("forward", settings))
    bases.check(training("forward", settings))


class LoopSettings(RoundSettings, WriterSettings, backtranslate.Settings):
    """What recipes can set that write their pairs by backtranslation, too."""

    @property
    def selecting(self) -> CurateConfig:
        """`curate`; where it chooses among the candidates of a text, with a bound: as many as would be written otherwise."""
        chooses = self.augment.choose == "curation" and self.curate.per_text is None
        return self.curate.model_copy(update={"per_text": self.augment.max_pairs}) if chooses else self.curate


@dataclass(frozen=True)
class Round:
    """A selection: who judged, from which pairs, and what was kept; `measured` is what was measured of it."""

    asking: Asking
    pairs: Dataset
    scored: Dataset
    chosen: Dataset
    measured: Dataset


@dataclass
class Rounds:
    """What the rounds have come to. `models` are M_0, M_1, ... by name; `leading` judges next, `best` is the best by dev.

    `done` are the rounds on whose selection a model was trained.
    """

    models: dict[str, str]
    writers: dict[str, str]
    leading: str = "M_0"
    best: str = "M_0"
    done: list[Round] = field(default_factory=list)
    verdicts: dict[str, iteration.Verdict] = field(default_factory=dict)

    @property
    def writer(self) -> str:
        """The backward model that was trained or named last."""
        return list(self.writers.values())[-1]


# The pairs of a later round, given its number and what the rounds have come to; it may train a new `writer`.
Again = Callable[[int, Rounds], Dataset]


def self_curate(
    run: Run,
    seed: Dataset,
    pairs: Dataset,
    first: str,
    settings: RoundSettings,
    writer: str = "",
    again: Again | None = None,
) -> Rounds:
    """Up to `curate.rounds` rounds from M_0 = `first` (Humpback, section 2.3); the best model is kept in the folder `best`.

    `writer` is the backward model that some scorers ask. `again` makes the pairs of later rounds; unset: the same ones.
    """
    made = Rounds({"M_0": first}, {"backward": writer})
    cases = {"M_0": dev_cases(run, seed, "M_0", first, settings)}
    for number in range(1, settings.curate.rounds + 1):
        pairs = again(number, made) if again and number > 1 else pairs
        forward = made.models[made.leading]
        asking = Asking(
            round=number, model=made.leading, judge=settings.judge_lm or forward, forward=forward, backward=made.writer,
            columns=(settings.curate.by,), settings=settings, cases=settings.measure.cases,
        )  # fmt: skip
        if repeats(run, asking, pairs, made):
            break
        every, chosen = curated(run, seed, pairs, asking, settings.selecting)
        told = measured(run, asking, pairs, chosen, made, settings)
        this = Round(asking, pairs, every, chosen, told)
        if stopped(run, this):
            break
        made.done.append(this)
        name = f"M_{number}"
        made.models[name] = trained(run, "forward", [seed, chosen], settings, name, round=number)
        cases[name] = dev_cases(run, seed, name, made.models[name], settings)
        if not passes(run, cases[made.best], cases[name], made, name, settings):
            break
    keep_best(run, made)
    return made


def curated(run: Run, seed: Dataset, pairs: Dataset, asking: Asking, config: CurateConfig) -> tuple[Dataset, Dataset]:
    """(all pairs scored, A_k^(t)): the judge is measured before it is trusted, and the best are kept."""
    number = asking.round
    known = list(competence.measured(run, seed, asking).rows())
    if asking.settings.judge.ask:
        injection.measured(run, seed, asking)
    fitted = calibration.of_round(run, asking)
    choice = competence.choose([*known, *(fitted.rows() if fitted else ())], config)
    say(run, number, f"selects by {choice.by}: {choice.why}")
    asking = replace(asking, columns=(choice.by,), fitted=fitted.path if fitted else None)
    every = scored(run, f"scored-{number}", pairs, asking)
    if choice.by == "score":
        check_readable(run, every, asking)
    about: dict[str, Any] = {"round": number, "model": asking.model, "k": choice.k, "share": choice.share, "why": choice.why}
    chosen = selected(run, f"selected-{number}", every, choice, config, **about)
    of_selection(run, f"likeness-{number}", seed, every, chosen, model=asking.model, round=number)
    return every, chosen


def repeats(run: Run, asking: Asking, pairs: Dataset, made: Rounds) -> bool:
    """Whether the round would only do the last one over again: the same models on the same pairs."""

    def identity(who: Asking, of: Dataset) -> tuple[str, ...]:
        return of.fingerprint, *(fingerprint(each) for each in (who.judge, who.forward, who.backward) if each)

    if not made.done or identity(asking, pairs) != identity(made.done[-1].asking, made.done[-1].pairs):
        return False
    config = Stopped(
        model=asking.model, round=asking.round, why=f"{asking.model} judges the same pairs again: nothing can change"
    )
    stage = Stage("stopped", METRIC, stop_row, config)
    run.put(f"iteration-{asking.round}", stage, kind="metrics", of="iteration", round=asking.round, model=asking.model)
    say(run, asking.round, f"stops: {config.why}")
    return True


class Stopped(Config):
    """Why the rounds end before one of them."""

    model: str
    round: int
    why: str


def stop_row(config: Stopped) -> list[Row]:
    return [metric("stopped", config.model, 1.0, n=1, round=config.round, note=config.why)]


def measured(run: Run, asking: Asking, pairs: Dataset, chosen: Dataset, made: Rounds, settings: RoundSettings) -> Dataset:
    """What is measured of the selection by itself, and against that of the round before."""
    number, before = asking.round, made.done[-1] if made.done else None
    damaged = competence.damaged_by(run, chosen, asking)
    written = run.find(kind="pairs", of="guards", round=number) if settings.iterate.pool != "fixed" else []
    config = iteration.OfRound(
        model=asking.model, round=number, by=chosen.about["by"], k=chosen.about.get("k"), curate=settings.curate,
        iterate=settings.iterate, chosen=chosen.path, pairs=pairs.path, damaged=damaged.path,
        written=written[-1].path if written else None,
        before=before and iteration.Earlier(
            chosen=before.chosen.path, scored=before.scored.path, pairs=before.pairs.path, metrics=before.measured.path
        ),
    )  # fmt: skip
    stage = Stage("iteration", METRIC, iteration.selection, config, version=2)
    return run.put(f"iteration-{number}", stage, kind="metrics", of="iteration", round=number, model=asking.model)


def stopped(run: Run, this: Round) -> bool:
    """Whether the selection is settled, or worse than the last, so that no model need be trained on it; it is said."""
    why = next((row["note"] for row in this.measured.rows() if row["metric"] == "stopped"), None)
    number = this.asking.round
    if why:
        say(run, number, f"stops, and no M_{number} is trained: {why}")
    return why is not None


def dev_cases(run: Run, seed: Dataset, name: str, model: str, settings: RoundSettings) -> Dataset:
    """What the model makes of each dev pair."""
    config = iteration.DevCases(
        seed=seed.path, cases=settings.measure.cases, model=model, name=name, tags=settings.tags,
        max_tokens=settings.curate.max_tokens, stop_tokens=settings.measure.stop_tokens,
    )  # fmt: skip
    stage = LMStage("dev-cases", METRIC, iteration.dev_cases, config)
    return run.put(f"dev-cases-{name.removeprefix('M_')}", stage, kind="metrics", of="cases", model=name)


def passes(run: Run, best: Dataset, new: Dataset, made: Rounds, name: str, settings: RoundSettings) -> bool:
    """Hold a new model against the best before it; False if the rounds end with it (`iterate.stop_on_refusal`)."""
    config, number = settings.iterate, made.done[-1].asking.round
    stage = Stage("gate", METRIC, iteration.gate, iteration.Gate(best=best.path, new=new.path, z=config.z, round=number))
    found = iteration.verdict(
        list(run.put(f"gate-{number}", stage, kind="metrics", of="gate", round=number, model=name).rows())
    )
    made.verdicts[name] = found
    made.best = name if found.better else made.best
    made.leading = made.best if config.gate else name
    what = "promoted" if found.better else "refused" if config.gate else "not better, and goes on"
    say(run, number, f"{name} {what}: {found.why}")
    return found.better or not (config.gate and config.stop_on_refusal)


class BestConfig(Config):
    """The model that is kept as the best, and what is told of the choice."""

    model: str
    lm: ModelName
    why: str
    verdicts: dict[str, iteration.Verdict]


def keep_best(run: Run, made: Rounds) -> Path:
    """The folder `best`: the model that was best by the dev split, and why, in `best.json`."""
    why = made.verdicts[made.best].why if made.best in made.verdicts else "no later model is better than M_0"
    run.progress.say(f"{'best':<22} {made.best}, by the dev split: {why}")
    config = BestConfig(model=made.best, lm=made.models[made.best], why=why, verdicts=made.verdicts)
    return run.step("best", link_best, config, kind="best", model=made.best, role="forward")


def link_best(config: BestConfig, folder: Path, _: Hands) -> None:
    """The model's files as hard links, or as copies where the disk has none; its own plan stays where it is."""
    own = shutil.ignore_patterns(store.PLAN, store.MANIFEST)
    shutil.copytree(model_folder(config.lm), folder, ignore=own, copy_function=_link, dirs_exist_ok=True)
    verdicts = [{"model": name, "better": each.better, "why": each.why} for name, each in config.verdicts.items()]
    told = {"model": config.model, "folder": model_folder(config.lm).name, "why": config.why, "split": "dev"}
    store.write_json(folder / BEST, {**told, "verdicts": verdicts})


def _link(source: str, target: str) -> None:
    # What was killed here may have linked it already; a copy onto itself is refused.
    Path(target).unlink(missing_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def say(run: Run, number: int, line: str) -> None:
    run.progress.say(f"{f'round {number}':<22} {line}")
