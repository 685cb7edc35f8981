"""Recipes of one stage, on anybody's files."""

import json
from pathlib import Path
from typing import Any

import pytest
from recipes.ablations import page
from rehearsed import Refuses, carried_out, named, rows
from worlds import World

from humpback import recipes
from humpback.config import shown
from humpback.errors import UsageFault
from humpback.recipes.demo import MATERIAL
from humpback.schema import SEGMENT, Row

PAIRS = [{"instruction": f"How do I clean {i}?", "response": f"Brush {i} and rinse it.", "label": i % 2} for i in range(30)]


def written(path: Path, lines: list[Row]) -> str:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return str(path)


def test_each_is_one_stage_whose_settings_say_what_is_typed() -> None:
    """The command line knows none of them by name."""
    assert recipes.verb_names() == ["backtranslate", "guard", "score", "segments", "winrate"]
    for name in recipes.verb_names():
        assert [leaf for leaf, mark in shown(recipes.load(name).Settings) if mark.place == "argument"], name


def test_scoring_a_file_with_labels_tells_how_far_they_agree(tmp_path: Path) -> None:
    """A judge is taken on trust where nobody compares it with people."""
    settings: dict[str, Any] = {"pairs": written(tmp_path / "pairs.jsonl", PAIRS), "lm": "echo"}
    carried_out("score", tmp_path / "run", {**settings, "scorers": ["score", "retrieval_rank"], "judge": {"stop_valid": 0}})
    found = rows(tmp_path / "run", "scored-retrieval")
    assert all(row["retrieval_rank"] and row["score"] for row in found) and {row["label"] for row in found} == {0, 1}
    assert any("auc" in row["metric"] for row in rows(tmp_path / "run", "agreement"))


def test_a_scorer_without_its_model_says_what_to_type(tmp_path: Path) -> None:
    """Silently leaving a column null is a scorer that never ran."""
    with pytest.raises(UsageFault, match="backward_lm"):
        carried_out("score", tmp_path / "run", {"pairs": "x.jsonl", "lm": "echo", "scorers": ["specificity"]}, Refuses())


def test_pairs_that_name_no_language_get_the_one_of_their_answer(tmp_path: Path) -> None:
    """Without one the guard of languages looks at nothing."""
    answer = "Die Kette wird jede Woche geölt, und nach dem Regen wischt man sie trocken, damit sie nicht rostet."
    pairs = [{"instruction": "How often should I oil the chain of my bicycle, and why?", "response": answer, "lang": lang}
             for lang in (None, "de")]  # fmt: skip
    pairs[1]["response"] = f"{answer} Das gilt auch im Winter."
    pairs.append(
        {"instruction": "How do I oil a chain?", "response": "Put a drop on each link, and wipe it dry.", "lang": None}
    )
    carried_out("guard", tmp_path / "run", {"pairs": written(tmp_path / "pairs.jsonl", pairs)})
    assert [row["lang"] for row in rows(tmp_path / "run", "language")] == ["de", "de", "en"]
    assert [row["lang"] for row in rows(tmp_path / "run", "guarded")] == ["en"]


def test_texts_of_a_run_of_a_dataset_and_of_a_file(tmp_path: Path) -> None:
    """The verbs feed each other; pages have to be cut first."""
    text = {"id": "s", "parent": "d", "text": "Oil the chain every week.", "header_path": ["Oiling"], "lang": "en"}
    with World(tmp_path / "cut", "segments") as world:
        made = world.put("sample", [text], SEGMENT, kind="segments")
    given = (str(tmp_path / "cut"), str(made.path), written(tmp_path / "t.jsonl", [{"text": text["text"]}]))
    for i, texts in enumerate(given):
        carried_out("backtranslate", tmp_path / str(i), {"texts": texts, "lm": "echo"})
        assert [row["response"] for row in rows(tmp_path / str(i), "pairs")] == [text["text"]]
    (tmp_path / "page.html").write_text("<html><body><h1>Chains</h1><p>Oil it.</p></body></html>")
    with pytest.raises(UsageFault, match="holds pages") as fault:
        carried_out("backtranslate", tmp_path / "x", {"texts": str(tmp_path / "page.html"), "lm": "echo"})
    assert fault.value.hint.startswith("cut them first: humpback segments")


def test_with_a_seed_the_prompt_is_chosen_and_without_one_it_is_the_long_one(tmp_path: Path) -> None:
    """What a model takes best is not to be read off its name; and nobody need have a seed."""
    texts = written(tmp_path / "t.jsonl", [{"text": "Oil the chain every week, and wipe it dry after rain."}])
    carried_out("backtranslate", tmp_path / "a", {"texts": texts, "lm": "echo"})
    assert "prompts" not in named(tmp_path / "a") and rows(tmp_path / "a", "pairs")[0]["prompt"] == "backward-prompted-v1"
    given = {"texts": texts, "lm": "echo", "seed": {"path": str(MATERIAL / "seed.jsonl")}}
    said = carried_out("backtranslate", tmp_path / "b", given)
    assert {row["part"] for row in rows(tmp_path / "b", "prompts")} == {"prompted", "short", "shots"}
    assert any("echo is asked by backward.prompt=" in line for line in said)
    carried_out("backtranslate", tmp_path / "c", {**given, "backward": {"prompt": "shots"}})
    assert "prompts" not in named(tmp_path / "c") and rows(tmp_path / "c", "pairs")[0]["prompt"] == "backward-shots-v1"
    with pytest.raises(UsageFault, match=r"neither backward\.examples nor seed pairs"):
        carried_out("backtranslate", tmp_path / "d", {"texts": texts, "lm": "echo", "backward": {"prompt": "shots"}})


def test_a_round_trip_asks_the_forward_model_that_is_named(tmp_path: Path) -> None:
    """The one that writes cannot say what an instruction gains an answer."""
    texts = written(tmp_path / "t.jsonl", [{"text": "Oil the chain every week, and wipe it dry after rain."}])
    script = tmp_path / "script.txt"
    script.write_text("How do I oil the chain of a bicycle?\nWhat does a chain need after rain?\n")
    chosen = {"candidates": 4, "choose": "round_trip"}
    wanted = {"texts": texts, "lm": f"echo:{script}", "forward": "echo", "augment": chosen}
    carried_out("backtranslate", tmp_path / "run", wanted)
    assert named(tmp_path / "run")["round-trip"].plan["lm"] == "echo"
    assert {row["chosen_by"] for row in rows(tmp_path / "run", "pairs")} == {"round_trip"}


def test_licence_and_opt_out_of_a_page_arrive_in_its_pairs(tmp_path: Path) -> None:
    """They were lost between segment and pair: an export could not leave out what may not be used."""
    licence = '<a rel="license" href="https://creativecommons.org/licenses/by-sa/4.0/">CC</a>'
    (tmp_path / "p.html").write_text(page(1, '<meta name="robots" content="noai">', licence))
    corpus = {"inputs": [str(tmp_path / "p.html")], "rights": {"honour_opt_out": False}, "rules": {"min_chars": 100}}
    carried_out("segments", tmp_path / "cut", corpus)
    carried_out("backtranslate", tmp_path / "pairs", {"texts": str(tmp_path / "cut"), "lm": "echo"})
    segment, pair = rows(tmp_path / "cut", "sample")[0], rows(tmp_path / "pairs", "pairs")[0]
    assert segment["license"] and segment["opt_out"]
    assert (pair["license"], pair["opt_out"]) == (segment["license"], segment["opt_out"])
