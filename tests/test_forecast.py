"""What a run will ask is told from a small one, and then measured."""

from pathlib import Path
from typing import Any

import pytest
from rehearsed import Rehearsed, carried_out, demo
from typer.testing import CliRunner

from humpback import cli, store
from humpback.config import merge
from humpback.errors import UsageFault
from humpback.forecast import Asked, forecast, lines
from humpback.store import Dataset


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "small"
    carried_out("demo", folder, wanted(30), Rehearsed())
    return folder


def wanted(sample: int, **layer: Any) -> Any:
    return demo(**merge({"corpus": {"sample": sample}, "curate": {"rounds": 1}}, layer))


def test_what_is_told_is_what_the_run_then_asks(small: Path, tmp_path: Path) -> None:
    """Within a fifth, in all and in each stage that grows; what is measured on the seed stays as it was."""
    told = {each.stage: each for each in forecast(small, wanted(90))}
    carried_out("demo", tmp_path / "large", wanted(90), Rehearsed())
    took = {each.about["name"]: each.totals.spent for each in store.find(tmp_path / "large") if isinstance(each, Dataset)}
    asked = {name: spent for name, spent in took.items() if spent.get("calls")}
    assert told.keys() - {"all"} == asked.keys()
    for name, spent in asked.items():
        assert told[name].calls == pytest.approx(spent["calls"], rel=0.2), name
        assert told[name].prompt_tokens == pytest.approx(spent["prompt_tokens"], rel=0.2), name
    assert told["all"].prompt_tokens == pytest.approx(sum(spent["prompt_tokens"] for spent in asked.values()), rel=0.2)
    assert told["augmented"].calls == 90 and took["backward-quality"]["calls"] == told["backward-quality"].calls


def test_no_more_texts_than_there_are(small: Path) -> None:
    """A limit that is never reached multiplied nothing."""
    [sample] = store.datasets(small, kind="segments")
    [told] = [each for each in forecast(small, wanted(100_000)) if each.stage == "augmented"]
    assert told.calls == sample.totals.read > 90


def test_another_setting_is_refused(small: Path) -> None:
    """A run by another judge, or of more candidates, asks something else."""
    with pytest.raises(UsageFault, match=r"another augment\.candidates"):
        forecast(small, wanted(90, augment={"candidates": 9}))


def test_a_folder_without_a_run_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageFault, match=r"it has no run\.json"):
        forecast(tmp_path, wanted(90))


def test_languages_are_told_each_by_itself(small: Path, tmp_path: Path) -> None:
    """A recipe with runs in folders below its own asks in each of them."""
    (tmp_path / "run.json").write_text((small / "run.json").read_text())
    (tmp_path / "de").symlink_to(small)
    found = [each.stage for each in forecast(tmp_path, wanted(90))]
    assert found == ["all"], "links are not followed"
    (tmp_path / "de").unlink()
    small.rename(tmp_path / "de")
    try:
        assert "de/augmented" in [each.stage for each in forecast(tmp_path, wanted(90))]
    finally:
        (tmp_path / "de").rename(small)


def test_the_table_has_money_where_there_are_prices() -> None:
    shown = list(lines([Asked("a", 2, 1234567, 80, 0.0, 5), Asked("all", 2, 1234567, 80, 3.25, 5)]))
    assert "1,234,567" in shown[1] and " - " in shown[1] and "3.25" in shown[2]


def test_the_command_prints_it(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = ["run", "demo", "--forecast", str(small), "--set", "base=embedded"]
    done = CliRunner().invoke(cli.app, asked)
    # Rehearsed settings are others than the demo's own.
    assert done.exit_code != 0 and "was made with another" in str(done.exception)
    monkeypatch.setattr("humpback.forecast.forecast", lambda *_: [Asked("all", calls=7)])
    done = CliRunner().invoke(cli.app, asked)
    assert done.exit_code == 0 and done.stdout.splitlines()[-1].split()[:2] == ["all", "7"]
