"""Scorers combined within a run: what they are fitted to, and that the fit is what its rows say."""

import random
from pathlib import Path
from typing import Any

import pytest
from made import TestSettings, rows_in
from scripted import Opens

from humpback.curate import calibration, competence, scorers
from humpback.curate.calibration import FitConfig
from humpback.curate.combine import fit
from humpback.curate.damage import CLEAN, DAMAGES, GUARDED
from humpback.curate.select import CurateConfig
from humpback.curate.settings import Asking, CurationSettings
from humpback.errors import UsageFault
from humpback.lm.echo import Echo
from humpback.run import Run
from humpback.schema import PAIR, Row

COLUMNS = ("gain", "whole")
BAND = CurateConfig().ifd_band


def damaged(count: int = 20) -> list[Row]:
    """Clean pairs, and the same with each damage: truncated ones are not whole, the others gain less."""
    draw = random.Random(3)
    out: list[Row] = []
    for kind in DAMAGES:
        for i in range(count):
            gain = draw.gauss(0.3, 0.1) - 0.3 * (kind not in (CLEAN, "truncated"))
            whole = draw.gauss(-1, 0.5) - 3 * (kind == "truncated")
            out.append({"id": f"{kind}{i}", "parent": f"p{i}", "method": kind, "gain": gain, "whole": whole, "label": None})
    return out


def labelled(good: int, bad: int) -> list[Row]:
    draw = random.Random(4)
    return [
        {"id": f"l{i}", "parent": "file", "method": None, "label": int(i < good), "whole": -1.0,
         "gain": draw.gauss(0.5 if i < good else 0.2, 0.1)}
        for i in range(good + bad)
    ]  # fmt: skip


def fitted(run: Run, rows: list[Row], name: str = "cases") -> tuple[list[Row], Path]:
    cases = rows_in(run, rows, scorers.schema(), name)
    made = calibration.fitted(run, f"fit-{name}", FitConfig(cases=cases.path, columns=COLUMNS, ifd_band=BAND))
    return list(made.rows()), made.path


def aucs(rows: list[Row]) -> dict[str, float]:
    return {row["part"]: row["value"] for row in rows if row["metric"] == "scorer_auc"}


def test_the_fit_is_what_its_rows_say(run: Run) -> None:
    """What is selected by another fit than the report shows is selected by nobody knows what."""
    rows, path = fitted(run, damaged())
    good, bad, unit = calibration.cases_of(damaged())
    taught = {kind: own for kind, own in bad.items() if kind not in GUARDED}
    read = calibration.combination(path, CurateConfig())
    assert read == fit(good, taught, [scorers.load(name, CurateConfig()) for name in COLUMNS]) and unit == "parent"
    assert rows[0]["note"] == f"20 clean pairs and the same with {len(taught)} kinds of damage"
    made = list(calibration.combine(calibration.CombineStage(fitted=path, ifd_band=BAND), damaged()))
    assert read is not None
    assert [row["combined"] for row in made] == read.among(damaged()).predict(damaged())  # type: ignore[index]


def test_cases_are_read_as_they_are_by_a_fit_that_has_not_seen_them(run: Run) -> None:
    """Among a pool, whose instructions a model wrote, all human pairs lie so low that nothing is told of them; and a fit
    knows again what it has seen. What no fit has seen, as damage where labels are fitted to, is read by the whole."""
    path = rows_in(run, damaged(), scorers.schema(), "cases").path
    config = calibration.FitConfig(cases=path, columns=COLUMNS, ifd_band=BAND)
    good, bad, unit = calibration.cases_of(damaged())
    using = [scorers.load(name, CurateConfig()) for name in COLUMNS]
    made = {row["id"]: row["combined"] for row in calibration.crossed(config)}
    assert [made[row["id"]] for row in good] == calibration.held_out(good, bad, using, unit, without=GUARDED)[""]
    labels = labelled(15, 10)
    path = rows_in(run, [*damaged(), *labels], scorers.schema(), "more").path
    made = {row["id"]: row["combined"] for row in calibration.crossed(config.model_copy(update={"cases": path}))}
    good, bad, _ = calibration.cases_of(labels)
    assert [made[row["id"]] for row in damaged()] == pytest.approx(fit(good, bad, using).predict(damaged()))


def test_each_kind_is_measured_by_a_fit_to_the_others(run: Run) -> None:
    """Who has seen a damage knows it again; the next page has another one."""
    found = aucs(fitted(run, damaged())[0])
    assert {*found} == {*DAMAGES} - {CLEAN} and all(value > 0.8 for value in found.values())
    good, bad, unit = calibration.cases_of(damaged())
    using = [scorers.load(name, CurateConfig()) for name in COLUMNS]
    assert calibration.held_out(good, bad, using, unit)["truncated"] != calibration.held_out(
        good, bad, using, unit, without={"truncated"}
    )["truncated"]  # fmt: skip


def test_labels_take_the_place_of_damage_where_there_are_enough(run: Run) -> None:
    """What people call bad is what is wanted; three labels are no measure of it."""
    rows, _ = fitted(run, [*damaged(), *labelled(15, 10)], "many")
    assert rows[0]["note"] == "15 pairs labelled good and 10 bad" and aucs(rows)[""] > 0.9
    assert "clean pairs" in fitted(run, [*damaged(), *labelled(5, 2)], "few")[0][0]["note"]
    # One file is the parent of all of them: they are no copies of each other.
    assert aucs(fitted(run, labelled(15, 10), "alone")[0])[""] > 0.9


def test_too_few_cases_are_said_and_not_fitted_to(run: Run) -> None:
    """A fit to four pairs is an accident, and one that selects."""
    for name, rows in {"pairs": damaged(4), "labels": labelled(4, 4), "none": []}.items():
        [told], path = fitted(run, rows, name)
        assert told["metric"] == "combined_fit" and told["value"] == 0.0 and "needed are 20, 5 of each" in told["note"]
        with pytest.raises(UsageFault, match="not fitted"):
            list(calibration.combine(calibration.CombineStage(fitted=path, ifd_band=BAND), []))


def test_predictions_for_the_cases_are_of_fits_that_have_not_seen_them(run: Run) -> None:
    """The damage that guards drop is fitted to by nobody, and has its value all the same."""
    cases = rows_in(run, damaged(), scorers.schema())
    made = list(calibration.crossed(FitConfig(cases=cases.path, columns=COLUMNS, ifd_band=BAND)))
    assert all(0 < row["combined"] < 1 for row in made) and len(made) == 20 * len(DAMAGES)


def asked(**settings: Any) -> Asking:
    return Asking(1, "M_0", "echo", "echo", "echo", CurationSettings(**settings), columns=("auto",))


def test_a_round_fits_what_its_models_can_measure(tmp_path: Path) -> None:
    """`auto` stood for judge and gain alone; a scorer whose model nobody named is left out, and said."""
    pairs = [
        {"id": f"d{i}", "instruction": f"How do I do the thing number {i}?", "split": "dev",
         "response": f"First do the part {i}, and do it well.\nThen wait for {i} minutes and look. At last put it back."}
        for i in range(12)
    ]  # fmt: skip
    said: list[str] = []
    with Run(tmp_path / "run", "test", TestSettings(), engine=Opens(echo=Echo())) as run:
        run.progress.say = said.append  # type: ignore[method-assign]
        competence.measured(run, rows_in(run, pairs, PAIR, kind="seed"), asked())
        made = calibration.of_round(run, asked())
        assert made is not None
        weights = {row["against"]: row["value"] for row in made.rows() if row["metric"] == "combined_weight"}
        # No heading stands over these pairs, and one may over those of the pool.
        assert min(weights.values()) < weights.pop("heading_overlap") < max(weights.values())
        assert {*weights} == {"backward_logprob", "gain", "whole", "worst_sentence"} and min(weights.values()) >= 0
        damage = run.one(kind="damaged", round=1)
        assert all(row[name] is not None for row in damage.rows() for name in weights)
        assert calibration.of_round(run, Asking(1, "M_0", "echo", "echo", "", CurationSettings(), columns=("gain",))) is None
    told = "of what is combined: relevance.embedding names no model"
    assert said == [f"{'left out':<22} {name}, {told}" for name in ("relevance", "heading_relevance", "stray_sentence")]
