"""What a run will ask is told from a small one, and then measured."""

from pathlib import Path
from typing import Any

import pytest
from recipes.effects import layers
from rehearsed import Rehearsed, carried_out, demo
from typer.testing import CliRunner

from humpback import cli, recipes, store
from humpback.config import build, merge, nested
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


def test_what_is_not_finished_or_does_not_grow_tells_nothing(small: Path, tmp_path: Path) -> None:
    """A run that was killed before judging told that judging is free."""
    page = small / "report.html"
    page.rename(tmp_path / "report.html")
    try:
        with pytest.raises(UsageFault, match="is not finished"):
            forecast(small, wanted(90))
    finally:
        (tmp_path / "report.html").rename(page)
    (tmp_path / "run.json").write_text((small / "run.json").read_text())
    (tmp_path / "report.html").write_text("")
    with pytest.raises(UsageFault, match=r"nothing in .* grows"):
        forecast(tmp_path, wanted(90))


@pytest.mark.parametrize(("recipe", "limit"), [("self_instruct", "self_instruct.tasks"), ("codec", "codec.metadata")])
def test_recipes_without_pages(recipe: str, limit: str, tmp_path: Path) -> None:
    """Seed pairs are encoded once, however many combinations are made of them; a round may give more than was wanted."""
    own = next(iter(layers(recipe, tmp_path, {})))
    kind, took = recipes.load(recipe).Settings, {}
    for name, size in (("small", 60), ("large", 150)):
        made = build(kind, [own, nested(limit, size), {"curate": {"rounds": 1}}])
        carried_out(recipe, tmp_path / name, made, Rehearsed())
        took[name] = {each.about["name"]: each.totals.spent.get("calls", 0.0) for each in store.datasets(tmp_path / name)}
    told = {each.stage: each.calls for each in forecast(tmp_path / "small", made)}
    seed_alone = "encoded" if recipe == "codec" else "backward-quality"
    assert told.get(seed_alone, 0) == took["large"].get(seed_alone, 0)
    stage = "scored-1" if recipe == "self_instruct" else "response-1"
    assert told[stage] == pytest.approx(took["large"][stage], rel=0.35)
    # Its eight rounds give no more, however many are wanted.
    assert (told["scored-1"] > took["small"]["scored-1"]) is (recipe == "codec")
    assert told["all"] == pytest.approx(sum(took["large"].values()), rel=0.35)


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
    (tmp_path / "report.html").write_text("")
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
