"""Pools: what later rounds select from, who writes it, and that nothing held out is ever in it."""

import json
import re
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from made import rows_in
from rehearsed import Refuses, Rehearsed, carried_out, demo, named, rows, rows_of
from report.rendered import section

from humpback.exports import export
from humpback.loop.pool import unseen
from humpback.recipes.demo import MATERIAL
from humpback.report.section import Table
from humpback.run import Run
from humpback.schema import PAIR, Row
from humpback.store import Dataset
from humpback.text.contamination import ContaminationConfig

pytestmark = pytest.mark.slow
POOLS, BACKWARDS = ("fixed", "regenerated", "rejected"), ("fixed", "retrained")


def better() -> Rehearsed:
    """An engine on which each model is better than the one before."""
    return Rehearsed(lambda name, _: {"forward-1": 0.1, "forward-2": 0.2}.get(name, 0.0))


def made(folder: Path, pages: Path, engine: Rehearsed | None = None, **iterate: Any) -> Path:
    carried_out("demo", folder, demo(iterate={"stop_overlap": None, **iterate}), engine or better(), reuse=pages)
    return folder


def by_id(run: Path, name: str) -> dict[str, str]:
    return {row["id"]: row["instruction"] for row in rows(run, name)}


def metric_of(run: Path, name: str) -> Row:
    return next(row for row in rows(run, "iteration-2") if row["metric"] == name)


@pytest.mark.parametrize(("pool", "backward"), list(product(POOLS, BACKWARDS)))
def test_every_way_to_iterate(tmp_path: Path, pages: Path, pool: str, backward: str) -> None:
    """Each model from base and none from the one before; each step named after its round; the second run does nothing."""
    engine = better()
    run = made(tmp_path / "run", pages, engine, pool=pool, backward=backward)
    assert {each.base for each in engine.trained.values()} == {"embedded"}
    written = {"augmented-2", "pairs-2", "unseen-2"} if pool != "fixed" else set()
    written |= {"rejected-2", "pool-2"} if pool == "rejected" else set()
    found = {*named(run)}
    of_pool = {name for name in found if name.startswith(("augmented", "pairs", "unseen", "rejected", "pool"))}
    assert of_pool == written | {"augmented", "pairs", "unseen"}
    again = {"backward-1"} if backward == "retrained" else set()
    assert {name for name in found if name.startswith("backward")} == again | {"backward", "backward-quality"}
    assert {"forward-2", "gate-2", "best", "model-quality"} <= found
    settings = demo(iterate={"stop_overlap": None, "pool": pool, "backward": backward})
    carried_out("demo", run, settings, Refuses())


def test_a_regenerated_pool_is_written_anew_and_always_the_same(tmp_path: Path, pages: Path) -> None:
    """The draws of a round were those of the first, so that nothing was new; or differed from run to run."""
    runs = [made(tmp_path / name, pages, pool="regenerated") for name in ("a", "b")]
    first, second = by_id(runs[0], "augmented"), by_id(runs[0], "augmented-2")
    assert first.keys() == second.keys() and sum(first[each] != second[each] for each in first) > 5
    assert second == by_id(runs[1], "augmented-2")
    assert 0 <= metric_of(runs[0], "pool_unchanged")["value"] < 1
    guarded = named(runs[0])["pairs-2"]
    assert isinstance(guarded, Dataset)
    copied = sum(drop["reason"] in ("copied_answer", "same_as_response") for drop in guarded.drops())
    assert metric_of(runs[0], "copy_rate")["value"] == pytest.approx(copied / 14)


def test_only_rejected_segments_are_written_anew(tmp_path: Path, pages: Path) -> None:
    """What was selected keeps its instruction, and costs nothing."""
    run = made(tmp_path / "run", pages, pool="rejected")
    selected = {row["parent"]: row["instruction"] for row in rows(run, "selected-1")}
    pool = {row["parent"]: row["instruction"] for row in rows(run, "pool-2")}
    asked = {row["id"] for row in rows(run, "rejected-2")}
    assert selected and asked and not asked & selected.keys()
    assert {parent: pool[parent] for parent in selected} == selected
    assert pool.keys() == selected.keys() | {row["parent"] for row in rows(run, "unseen-2")}
    drops = named(run)["rejected-2"]
    assert isinstance(drops, Dataset) and drops.totals.drops == {"keeps_its_pair": len(selected)}


def test_the_backward_model_learns_from_what_was_selected(tmp_path: Path, pages: Path) -> None:
    """It was retrained on the seed alone, or on all pairs; and the next round was written by the old one."""
    run = made(tmp_path / "run", pages, pool="regenerated", backward="retrained")
    trained = rows_of(named(run)["backward-1"].path)
    chosen = {row["id"] for row in rows(run, "selected-1")}
    assert {row["id"] for row in trained if row["source"] == "web"} == chosen
    assert {row["split"] for row in trained if row["source"] == "seed"} == {"train"}
    assert {row["lm"] for row in rows(run, "augmented-2")} == {"backward-1"}
    assert {row["model"] for row in rows(run, "backward-quality")} == {"backward", "backward-1"}


# Held-out pairs.

SEED = [json.loads(line) for line in (MATERIAL / "seed.jsonl").read_text(encoding="utf-8").splitlines()]


def written(path: Path, pairs: list[Row]) -> str:
    path.write_text("".join(json.dumps(pair) + "\n" for pair in pairs), encoding="utf-8")
    return str(path)


def trained_on(run: Path) -> dict[str, list[Row]]:
    """The pairs of each model of the run."""
    return {name: rows_of(each.path) for name, each in named(run).items() if each.about["kind"] == "model"}


def near(text: str) -> str:
    """The text with another last word: nearly the same."""
    return " ".join([*text.split()[:-1], "indeed."])


def test_a_held_out_pair_is_in_no_training_under_whatever_id(tmp_path: Path) -> None:
    """Of 60 pairs, each under two ids, 17 of 23 test pairs stood word for word among those that were trained on."""
    copies = [{**pair, "id": f"{name}{i}"} for i, pair in enumerate(SEED[:70]) for name in ("a", "b")]
    copies += [{**pair, "id": f"c{i}", "response": near(pair["response"])} for i, pair in enumerate(SEED[:70])]
    settings = demo(seed={"path": written(tmp_path / "seed.jsonl", copies), "dev": 0.2, "test": 0.2})
    carried_out("demo", tmp_path / "run", settings)
    seed = named(tmp_path / "run")["seed"]
    assert isinstance(seed, Dataset)
    held = [row for row in seed.rows() if row["split"] != "train"]
    texts = {text for row in held for text in (row["response"], near(row["response"])) if len(row["response"].split()) > 60}
    models = trained_on(tmp_path / "run")
    assert texts and len(models) == 4
    assert not {row["response"] for pairs in models.values() for row in pairs} & texts
    assert named(tmp_path / "run")["seed-pairs"].manifest["steps"][-1]["drops"]["duplicate"] == 70
    assert seed.totals.drops["held_out_pair"] > 10


def test_a_page_that_holds_a_held_out_answer_teaches_it_to_no_model(tmp_path: Path) -> None:
    """Seed pairs come from the web, and the pages that they are from are among those that are crawled."""
    plain = [{**pair, "response": " ".join(re.findall(r"[a-zA-Z,.]+", pair["response"]))} for pair in SEED]
    long = [pair for pair in plain if 700 < len(pair["response"]) < 2000][:12]
    for i, pair in enumerate(long):
        licence = '<a rel="license" href="https://creativecommons.org/licenses/by-sa/4.0/">CC</a>' if i % 2 else ""
        body = f"<p>{pair['response']}</p>{licence}"
        (tmp_path / f"{i}.html").write_text(f"<html lang=en><body><main><h1>Page {i}</h1>{body}</main></body></html>")
    corpus = {"inputs": [str(tmp_path / "*.html")], "sample": None, "rules": {"min_chars": 200}}
    settings = demo(
        corpus=corpus, seed={"path": written(tmp_path / "seed.jsonl", long + SEED[-40:]), "dev": 0.2, "test": 0.3},
        curate={"by": "gain", "share": 1.0, "distinct": None}, guards={"disabled": ["copied_answer"]},
    )  # fmt: skip
    carried_out("demo", tmp_path / "run", settings)
    run = tmp_path / "run"
    held = {row["response"][:200] for row in rows(run, "seed") if row["split"] != "train"}
    on_pages = {row["response"][:200] for row in rows(run, "pairs")}
    unseen = named(run)["unseen"]
    assert isinstance(unseen, Dataset)
    assert 0 < len(held & on_pages) == unseen.totals.drops["held_out_pair"] < len(on_pages)
    assert not held & {row["response"][:200] for pairs in trained_on(run).values() for row in pairs}
    # What may be used of it can be told from the export: the licence has come all the way.
    chosen = rows(run, "selected-1")
    free = [row for row in chosen if row["license"]]
    assert 0 < len(free) < len(chosen)
    assert export(run, "messages", tmp_path / "free.jsonl", licenses=["CC-BY-*"]) == len(free)


def test_what_the_backward_model_knows_by_heart_is_in_no_pool(run: Run) -> None:
    """Counted as a step of its own: read is what was kept and what was dropped, and the report shows both."""
    train = [{**row, "parent": "f", "source": "seed", "split": "train"} for row in SEED[:20]]
    seed = rows_in(run, train, PAIR, "seed", kind="seed")
    asked = [SEED[0]["instruction"], SEED[1]["instruction"], "What is a fret?"]
    texts = [SEED[0]["response"], "A fret is a bar of metal on the neck of a guitar.", "A bar of metal on a neck."]
    made = [
        {"id": f"w{i}", "parent": f"t{i}", "instruction": instruction, "response": text, "method": "backtranslate"}
        for i, (instruction, text) in enumerate(zip(asked, texts, strict=True))
    ]
    pairs = rows_in(run, made, PAIR, "pairs", kind="pairs", of="guards")
    clean = unseen(run, pairs, seed, ContaminationConfig())
    assert [row["id"] for row in clean.rows()] == ["w0", "w2"]
    first, last = clean.steps
    assert (first.step, first.read, first.kept, first.drops) == ("seed-requests", 3, 2, {"seed_request": 1})
    assert (last.read, last.kept) == (2, 2)
    assert [(drop["id"], drop["value"]) for drop in clean.drops()] == [("w1", f"{SEED[1]['id']}: {asked[1]}")]
    [funnel] = section(run.folder, "funnel").bodies
    assert isinstance(funnel, Table)
    assert [row[:3] for row in funnel.rows][-2:] == [("seed-requests", 3, 2), ("unseen", 2, 2)]


def test_evaluation_data_that_is_named_is_in_no_pool(tmp_path: Path, pages: Path) -> None:
    """An instruction that is a benchmark's own teaches the test, whoever wrote it; here in later rounds too."""
    plain = made(tmp_path / "a", pages, pool="regenerated")
    asked = [rows(plain, name)[0]["instruction"] for name in ("pairs", "pairs-2")]
    bench = written(tmp_path / "bench.jsonl", [{"prompt": text} for text in asked])
    against = {"against": [bench], "mode": "drop"}
    settings = demo(iterate={"stop_overlap": None, "pool": "regenerated"}, corpus={"contamination": against})
    carried_out("demo", tmp_path / "b", settings, better())
    for before, after in (("pairs", "decontaminated-pairs"), ("pairs-2", "decontaminated-pairs-2")):
        assert by_id(tmp_path / "b", before) == by_id(plain, before)
        assert 0 < len(by_id(tmp_path / "b", after)) < len(by_id(tmp_path / "b", before))
