"""A run at a glance."""

from collections.abc import Callable
from pathlib import Path

from report.rendered import section
from worlds import World, WorldSettings, pair, pool

from humpback import store
from humpback.curate import scorers
from humpback.report.section import Facts, Flow, Text
from humpback.schema import PAIR

Made = Callable[[str], Path]


def test_the_run_in_numbers(made: Made) -> None:
    """Pages, texts, pairs, what was kept, the best model."""
    shown = section(made("loop"), "overview")
    facts = {fact.name: fact.value for body in shown.bodies if isinstance(body, Facts) for fact in body.facts}
    assert facts["pages read"] == 26 and facts["texts that may be answers"] == 96 and facts["pairs past the guards"] == 76
    assert facts["kept in round 2"] == 37 and facts["the best model, by the dev split"] == "M_1"
    assert "of work" in facts and "embedded" in shown.says


def test_the_loop_is_drawn_as_far_as_it_is_done(made: Made) -> None:
    """And who has no seed or no model in training has no loop."""
    [flow] = [body for body in section(made("loop"), "overview").bodies if isinstance(body, Flow)]
    notes = {box.name: box.note for box in flow.boxes}
    assert (
        notes["judge"] == "M_0, then M_1"
        and notes["forward model"] == "M_0, M_1, M_2"
        and notes["kept pairs"] == "37 in round 2"
    )
    assert len(flow.arrows) == 9
    assert not [body for body in section(made("scored"), "overview").bodies if isinstance(body, Flow)]


def test_an_outside_judge_and_writer_take_no_part_in_the_loop(tmp_path: Path) -> None:
    """An arrow from the model in training to an outside judge would tell of self-alignment."""
    with World(tmp_path / "a", settings=WorldSettings(judge_lm="openai:x", backward_lm="openai:y")) as world:
        world.put("seed", [{"id": "s"}], PAIR, kind="seed")
        pool(world)
        world.model("forward-0", "forward", "M_0", round=0)
    shown = section(tmp_path / "a", "overview")
    [flow] = [body for body in shown.bodies if isinstance(body, Flow)]
    assert len(flow.arrows) == 7 and "openai:x" in {box.note for box in flow.boxes}
    [told] = [body for body in shown.bodies if isinstance(body, Text)]
    assert told.tone == "bad" and "no backward model was trained" in str(told.parts)


def test_what_is_not_finished_is_told(made: Made, tmp_path: Path) -> None:
    """With how far it is."""
    with World(tmp_path / "a") as world:
        world.put("seed", [{"id": "s"}], PAIR, kind="seed")
    store.write_json(
        tmp_path / "a" / "02-scored" / "plan.json", {"about": {"name": "scored-1", "kind": "scored"}, "place": 2}
    )
    (tmp_path / "a" / "02-scored" / "part-00000.parquet").write_bytes(b"")
    [told] = [body for body in section(tmp_path / "a", "overview").bodies if isinstance(body, Text)]
    assert told.parts == ("Not finished: scored-1 (1 shards done).",) and told.tone == "bad"


def test_where_no_judge_was_asked_none_is_named(tmp_path: Path) -> None:
    """A run whose pairs were ranked by likelihoods told of a judge who graded them."""
    with World(tmp_path / "a", settings=WorldSettings(judge={"ask": False})) as world:
        every = world.put("scored", [{**pair(0), "gain": 1.0}], scorers.schema(), kind="scored", round=1, model="M_0")
        world.select("selected", every, {}, "gain", share=1.0, round=1, model="M_0")
    told = " ".join(str(part) for body in section(tmp_path / "a", "rounds").bodies for part in getattr(body, "parts", ()))
    assert "no judge was asked" in told and "judged by" not in told
