"""What is read of a run's folder."""

from collections.abc import Callable
from pathlib import Path

import measurements
import pytest
from worlds import World

from humpback import store
from humpback.errors import UsageFault
from humpback.metrics import metric
from humpback.report.reading import Reading
from humpback.schema import PAIR

Made = Callable[[str], Path]


def test_what_is_no_run_is_refused(tmp_path: Path) -> None:
    """With the command to type."""
    with pytest.raises(UsageFault, match=r"it has no run\.json"):
        Reading(tmp_path)
    store.write_json(tmp_path / "run.json", {"recipe": "humpback", "config": {}})
    with pytest.raises(UsageFault, match="an older humpback") as fault:
        Reading(tmp_path)
    assert "make it again" in fault.value.hint


def test_names_of_folders_say_nothing(made: Made, tmp_path: Path) -> None:
    """They are for people: a run with other names is the same run."""
    with World(tmp_path / "a", "humpback") as world:
        world.metrics("anything", measurements.competence(3, "M_2", 0.8), of="competence", round=3)
        world.put("else", [{"id": "p"}], PAIR, kind="scored", round=3)
    found = Reading(tmp_path / "a")
    assert found.rounds == [3] and {row.model for row in found.metrics(of="competence")} == {"M_2"}
    assert found.scored(3) is not None and found.scored(3).about["name"] == "else"  # type: ignore[union-attr]


def test_what_is_in_work_is_begun(tmp_path: Path) -> None:
    """A killed run is looked at before it is resumed."""
    with World(tmp_path / "a") as world:
        world.put("seed", [{"id": "p"}], PAIR, kind="seed")
    plan = {"about": {"name": "later", "kind": "pairs"}, "place": 2}
    store.write_json(tmp_path / "a" / "02-later.partial" / "plan.json", plan)
    (tmp_path / "a" / "02-later.partial" / "part-00000.parquet").write_bytes(b"")
    seed, later = Reading(tmp_path / "a").begun
    assert seed.finished and not later.finished and (later.name, later.shards) == ("later", 1)


def test_rows_of_single_cases_are_no_figures(made: Made) -> None:
    """Half a million losses of single pairs are what figures are computed of."""
    found = Reading(made("loop"))
    assert found.datasets(of="cases") and not found.metrics(of="cases")


def test_metrics_are_found_by_their_columns_whatever_the_kind(tmp_path: Path) -> None:
    """Who forgets the kind of a measurement has it shown all the same."""
    with World(tmp_path / "a") as world:
        world.metrics("x", [metric("m", "M_0", 1.0, n=1, part="a"), metric("m", "M_0", 2.0, n=1, part="b")], of="y")
        world.put("z", [metric("m", "M_0", 3.0, n=1)], store.datasets(tmp_path / "a")[0].columns)
    found = Reading(tmp_path / "a")
    assert [row.value for row in found.metrics(part=("b", ""))] == [2.0, 3.0] and found.metrics()[2].of == "z"


def test_the_scores_of_a_file_are_not_those_of_a_round(made: Made) -> None:
    """A comparison of scorers has scored pairs of several sorts; those that people ask about are the pool's."""
    assert Reading(made("scored")).scored(None) and not Reading(made("scored")).rounds
    assert Reading(made("loop")).scored(None) is None and Reading(made("loop")).rounds == [1, 2]
