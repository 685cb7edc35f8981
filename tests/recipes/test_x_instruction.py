"""Pages in German, instructions in English: the loop in a folder of each language, on fakes."""

import random
from pathlib import Path
from typing import Any

import pytest
from rehearsed import SMALL, Refuses, Rehearsed, carried_out, named, rows, rows_of

from humpback import recipes
from humpback.config import build, merge
from humpback.errors import UsageFault
from humpback.recipes.demo import MATERIAL

NOUNS = """
    Felge Speiche Nabe Reifen Schlauch Ventil Achse Mutter Gabel Bremse Kette Kurbel Lenker Sattel Pedal Rahmen Klingel
    Lampe Werkzeug Lappen Pumpe Bürste Korb Schloss Straße Werkstatt Garage Freundin Nachbar Händler
""".split()
VERBS = """
    reinigt prüft dreht trocknet ölt wechselt findet kauft leiht bringt zeigt erklärt misst löst zieht hält trägt braucht
    verliert sucht repariert montiert
""".split()
WHEN = """
    morgens abends danach zuerst später manchmal gestern heute vorsichtig langsam gründlich gemeinsam zuletzt endlich
""".split()


def sentence(draw: random.Random) -> str:
    nouns, verbs, when = (lambda words=words: draw.choice(words) for words in (NOUNS, VERBS, WHEN))  # type: ignore[misc]
    start = f"{when().capitalize()} {verbs()} man die {nouns()} und {verbs()} {when()} den {nouns()}"
    return f"{start}, weil eine {nouns()} am {nouns()} fehlt."


def german(folder: Path, count: int = 6) -> Path:
    """Pages that the rules let through, in German."""
    folder.mkdir()
    draw = random.Random(5)
    for number in range(count):
        sections = ""
        for part in range(3):
            told = " ".join(sentence(draw) for _ in range(9))
            sections += f"<h2>Die Pflege von Teil {part} am Rad {number}</h2><p>{told}</p>"
        page = f"<html lang=de><body><main><h1>Alles über das Rad {number}</h1>{sections}</main></body></html>"
        (folder / f"{number}.html").write_text(page)
    return folder


def wanted(pages: Path, script: Path, **layer: Any) -> Any:
    script.write_text("Das macht man Schritt für Schritt, und mit Geduld.\n")
    own: dict[str, Any] = {
        "corpus": {"inputs": [str(pages)], "sample": 12}, "seed": {"path": str(MATERIAL / "seed.jsonl")},
        "answer_languages": {"de": "German"}, "translators": {"de": f"echo:{script}"}, "reading": {"least_order": -1.0},
        "curate": {"rounds": 1},
    }  # fmt: skip
    return build(recipes.load("x_instruction").Settings, [merge(merge(SMALL, own), layer)])


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Rehearsed, Any]:
    folder, engine = tmp_path_factory.mktemp("runs"), Rehearsed()
    settings = wanted(german(folder / "pages"), folder / "de.txt")
    carried_out("x_instruction", folder / "x", settings, engine)
    return folder / "x", engine, settings


def test_each_language_is_a_run_of_its_own(finished: tuple[Path, Rehearsed, Any]) -> None:
    """With its funnel and report; its pages alone, and the seed's answers in it."""
    own = finished[0] / "de"
    assert {row["lang"] for row in rows(own, "sample")} == {"de"} and (own / "report.html").exists()
    seed = rows(own, "seed-de")
    assert {row["response"] for row in seed} == {"Das macht man Schritt für Schritt, und mit Geduld."}
    assert {row["instruction_lang"] for row in seed} == {"en"} and all(row["draft"] for row in seed)
    assert {row["split"] for row in seed} == {"train", "dev", "test"}


def test_who_answers_is_told_the_language(finished: tuple[Path, Rehearsed, Any]) -> None:
    """An English request alone says nothing of it."""
    folder, engine, _ = finished
    assert all(one.tags.seed.startswith("Answer in German.") for one in engine.trained.values())
    trained = rows_of(named(folder / "de")["forward-1"].path)
    assert {row["response"] for row in trained if row["source"] == "web"}


def test_instructions_in_english_are_no_fault(finished: tuple[Path, Rehearsed, Any]) -> None:
    """They are asked for; the guard would take them for the wrong language."""
    assert {row["instruction_lang"] for row in rows(finished[0] / "de", "pairs")} == {"en"}


def test_a_finished_run_returns_at_once(finished: tuple[Path, Rehearsed, Any]) -> None:
    carried_out("x_instruction", finished[0], finished[2], Refuses())


def test_a_language_that_the_base_does_not_read_is_left_out(tmp_path: Path) -> None:
    """Before anything is trained, and with the figure."""
    engine = Rehearsed()
    settings = wanted(german(tmp_path / "pages"), tmp_path / "de.txt", reading={"least_order": 0.15})
    said = carried_out("x_instruction", tmp_path / "x", settings, engine)
    assert not engine.trained and any("left out" in line and "0.00" in line for line in said)


def test_a_language_without_pages_does_not_end_the_others(finished: tuple[Path, Rehearsed, Any], tmp_path: Path) -> None:
    """What the one has come to is not lost with the other."""
    languages = {"fr": "French", "de": "German"}
    settings = finished[2].model_copy(update={"answer_languages": languages})
    said = carried_out("x_instruction", tmp_path / "x", settings, Rehearsed())
    assert any(line.startswith("fr") and "nothing came of it" in line for line in said)
    assert rows(tmp_path / "x" / "de", "selected-1")


@pytest.mark.parametrize(
    ("layer", "told"),
    [({"answer_languages": {}}, "answer_languages is empty"), ({"translators": {"fr": "echo"}}, "translators names fr")],
)
def test_what_is_missing_is_told_first(layer: dict[str, Any], told: str, tmp_path: Path) -> None:
    settings = wanted(tmp_path, tmp_path / "de.txt")
    with pytest.raises(UsageFault, match=told):
        carried_out("x_instruction", tmp_path / "x", settings.model_copy(update=layer))


def test_an_evaluator_of_three_grades_is_taught_and_the_writer_learns_from_the_best(tmp_path: Path) -> None:
    """Refinement: without lessons of all grades the evaluator tells none apart, and a writer that stays is not refined."""
    grades = {"rubric": "rubric-grades-v1"}
    layer = {
        "judge": {**grades, "stop_valid": 0.0}, "teach": {**grades, "share": 0.5},
        "iterate": {"backward": "retrained", "pool": "regenerated"},
        "curate": {"by": "score", "k": 1.5, "rounds": 2},
    }  # fmt: skip
    engine = Rehearsed(lambda name, _: {"forward-1": 0.1, "forward-2": 0.2}.get(name, 0.0))
    carried_out("x_instruction", tmp_path / "x", wanted(german(tmp_path / "pages"), tmp_path / "de.txt", **layer), engine)
    assert all(engine.trained[name].teach.rubric == "rubric-grades-v1" for name in ("forward-0", "forward-1", "forward-2"))
    scores = [row["score"] for row in rows(tmp_path / "x" / "de", "scored-1")]
    assert scores and all(1 <= score <= 3 for score in scores)
    assert any(name.startswith("backward") and name != "backward" for name in engine.trained)
