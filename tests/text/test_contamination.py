"""Evaluation data found in segments and pairs."""

import gzip
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from humpback.config import planned
from humpback.errors import UsageFault
from humpback.schema import Row
from humpback.stage import Drop, Outcome
from humpback.text.contamination import (
    ContaminationConfig,
    decontaminate,
    evaluation_texts,
    index_of,
)

PROMPT = (
    "I am going to a cocktail party and need a good drink without alcohol that I can mix in advance and bring along. "
    "What would you suggest, and how is it kept cold on the way?"
)
ANSWER = (
    "Try a ginger and lime cooler: boil fresh ginger with sugar until the syrup is thick, let it cool, add the juice of six "
    "limes, and fill it up with soda water only when you arrive, so that it does not go flat."
)
SHORT = "What is the most unusual way to peel a ripe mango?"
FILLER = (
    "The chain of a bicycle is oiled once a month, after the dust was wiped off with an old cloth and the oil has dried. "
)


@pytest.fixture
def items(tmp_path: Path) -> Path:
    return written(tmp_path / "eval.jsonl", [{"instruction": PROMPT, "output": ANSWER}, {"instruction": SHORT}])


def written(path: Path, records: list[Any]) -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return path


def found(path: Path, *texts: str, **settings: Any) -> list[Outcome]:
    config = ContaminationConfig(against=(str(path),), **settings)
    return list(decontaminate(config, [{"id": str(i), "text": text} for i, text in enumerate(texts)]))


def reported(path: Path, text: str, **settings: Any) -> str | None:
    (row,) = found(path, text, **settings)
    assert not isinstance(row, Drop)
    return row["contamination"]


def test_a_match_is_reported_with_its_item_share_and_words(items: Path) -> None:
    """A match nobody can read cannot be judged, and most matches are none."""
    shown = reported(items, FILLER + PROMPT.upper() + FILLER)
    assert shown == "eval.jsonl#1 prompt 1.00: i am going to a cocktail party and need a good drink without"


@pytest.mark.parametrize(("words", "expected"), [(12, None), (13, "0.04"), (24, "0.50"), (36, "1.00")])
def test_the_share_is_of_the_items_ngrams(items: Path, words: int, expected: str | None) -> None:
    """36 terms are 24 13-grams; 12 of them in a row are none, and so no match."""
    text = " ".join(PROMPT.split()[:words])
    shown = reported(items, f"{FILLER}{text} {FILLER}")
    assert (shown and shown.split()[2]) == (expected and f"{expected}:")


def test_drop_only_from_half_on(items: Path) -> None:
    """A quotation of one sentence is reported and kept; half of the item drops the row."""
    some, half = (f"{FILLER}{' '.join(PROMPT.split()[:count])} {FILLER}" for count in (20, 30))
    kept, dropped, clean = found(items, some, half, FILLER, mode="drop")
    assert not isinstance(kept, Drop) and kept["contamination"].startswith("eval.jsonl#1 prompt 0.33")
    assert isinstance(dropped, Drop) and dropped.reason == "contaminated" and "prompt 0.75" in dropped.value
    assert not isinstance(clean, Drop) and clean["contamination"] is None


def test_report_drops_nothing(items: Path) -> None:
    """Report first: matches must be read before anything is lost to them."""
    assert not any(isinstance(outcome, Drop) for outcome in found(items, PROMPT, ANSWER, SHORT))


def test_answers_are_looked_for(items: Path) -> None:
    """Contamination enters through answers too, and a long one must not be diluted by its prompt nor the reverse."""
    shown = reported(items, FILLER + ANSWER)
    assert shown and shown.startswith("eval.jsonl#1 reference 1.00")


def test_both_sides_of_a_pair_are_searched(items: Path) -> None:
    """Instruction and answer of one row, and nothing that spans the two."""
    config = ContaminationConfig(against=(str(items),))
    half = len(PROMPT) // 2
    pairs: list[Row] = [
        {"id": "0", "instruction": PROMPT, "response": FILLER},
        {"id": "1", "instruction": FILLER, "response": PROMPT},
        {"id": "2", "instruction": PROMPT[:50], "response": PROMPT[50:90]},
        {"id": "3", "instruction": PROMPT[:half], "response": PROMPT[half:]},
    ]
    shares = [row["contamination"] and row["contamination"].split()[2] for row in decontaminate(config, pairs)]  # type: ignore[index]
    assert shares[:3] == ["1.00:", "1.00:", None]
    assert shares[3] and 0.3 < float(shares[3][:-1]) < 0.7


def test_rows_do_not_run_into_each_other(items: Path) -> None:
    """Rows are hashed together; an item cut in two by their border is in neither."""
    words = PROMPT.split()
    first, second = found(items, " ".join(words[:10]), " ".join(words[10:20]))
    assert [row["contamination"] for row in (first, second)] == [None, None]  # type: ignore[index]


@pytest.mark.parametrize(
    ("text", "hit"),
    [(SHORT, True), ("what is the MOST unusual way, to peel a ripe mango", True), (SHORT.replace("ripe ", ""), False)],
)
def test_a_short_prompt_matches_whole(items: Path, text: str, hit: bool) -> None:
    """Shorter than an n-gram, it has none: it would never be found."""
    shown = reported(items, FILLER + text + " " + FILLER)
    assert shown == ("eval.jsonl#2 prompt 1.00: what is the most unusual way to peel a ripe mango" if hit else None)


def test_what_is_too_short_to_tell(tmp_path: Path) -> None:
    """ "What is the capital of France?" stands in many pages; so does a short answer without its question."""
    refusal = "I am sorry but I cannot help with that request."
    path = written(
        tmp_path / "e.jsonl",
        [{"question": "What is the capital of France?", "answer": "Paris"}, {"prompt": PROMPT, "response": refusal}],
    )
    assert reported(path, f"What is the capital of France? {FILLER} {refusal}", shortest=8) is None
    assert reported(path, f"What is the capital of France? {FILLER}", shortest=6) is not None


@pytest.mark.parametrize(
    "generic",
    [
        " ".join(str(number) for number in range(40)),
        "0 0 0 1 0 0 0 1 0 0 0 1 0 0 0 1 0 0 0 1",
        "x + y = z, a x + b y = c z, x - y = z, a x - b y = c z, x y = z",
        "if if if else else else if if if else else else if if if else else else",
    ],
)
def test_numbers_formulas_and_stubs_tell_nothing(tmp_path: Path, generic: str) -> None:
    """The first numbers stand in every table: the false positives that audits found."""
    path = written(tmp_path / "e.jsonl", [{"prompt": generic}, {"prompt": PROMPT}])
    assert reported(path, FILLER + generic) is None


def test_set_phrases_of_an_evaluation_tell_nothing(tmp_path: Path) -> None:
    """What all prompts of a file begin with is the form of the file; what is asked then still counts."""
    phrase = "Answer the following multiple choice question and write the letter of the right choice in the last line"
    asked = [f"{phrase}: {PROMPT} {number}" for number in range(6)]
    path = written(tmp_path / "e.jsonl", [{"prompt": text} for text in asked])
    assert reported(path, f"{phrase}, said the teacher. {FILLER}") is None
    four = written(tmp_path / "four.jsonl", [{"prompt": text} for text in asked[:4]])
    assert reported(four, f"{phrase}, said the teacher. {FILLER}") is not None


def test_one_prompt_in_two_files_counts_once(items: Path, tmp_path: Path) -> None:
    """The files of several models' answers hold the same prompts, which must not become set phrases by that."""
    copies = [written(tmp_path / f"model{i}.jsonl", [{"instruction": PROMPT, "output": FILLER}]) for i in range(9)]
    config = ContaminationConfig(against=(str(items), *map(str, copies)))
    (row,) = decontaminate(config, [{"id": "0", "text": PROMPT}])
    assert not isinstance(row, Drop) and row["contamination"].startswith("eval.jsonl#1 prompt 1.00")


def test_scripts_without_spaces(tmp_path: Path) -> None:
    """With words between blanks, a Chinese prompt would be one term and too short to look for."""
    asked = "请写一封信给房东说明厨房的水龙头已经漏水三个星期并要求尽快修理"
    path = written(tmp_path / "e.jsonl", [{"prompt": asked}])
    shown = reported(path, f"昨天有人问：{asked}。")
    assert shown and shown.startswith("e.jsonl#1 prompt 1.00")


@pytest.mark.parametrize(
    ("record", "sides"),
    [
        ({"instruction": "a", "input": "b", "output": "c"}, ["prompt a", "prompt b", "reference c"]),
        ({"question": "a", "answers": {"text": ["b", "c"], "start": [1]}}, ["prompt a", "reference b", "reference c"]),
        ({"prompt": "a", "references": ["b"], "id": "c"}, ["prompt a", "reference b"]),
        ({"conversations": ["a"]}, ["prompt a"]),
        ({"conversations": ["a", "b", "c"]}, ["prompt a", "reference b", "prompt c"]),
        (
            {"messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "a"},
                          {"role": "assistant", "content": [{"type": "text", "text": "b"}]}]},
            ["prompt a", "reference b"],
        ),
        ({"conversations": [{"from": "human", "value": "a"}, {"from": "gpt", "value": "b"}]}, ["prompt a", "reference b"]),
        ("a", ["prompt a"]),
    ],
)  # fmt: skip
def test_shapes_of_evaluation_records(tmp_path: Path, record: Any, sides: list[str]) -> None:
    """Benchmarks call the two sides by many names; one that is not read leaves the benchmark unguarded."""
    path = written(tmp_path / "e.jsonl", [record])
    assert [f"{side} {text}" for _, side, text in evaluation_texts(str(path))] == sides


def test_kinds_of_files(tmp_path: Path) -> None:
    """AlpacaEval is gzipped JSON, LIMA JSONL, the hub Parquet: each must hold the same items."""
    records = [{"instruction": PROMPT}, {"instruction": SHORT}]
    (tmp_path / "e.json.gz").write_bytes(gzip.compress(json.dumps(records).encode(), mtime=0))
    (tmp_path / "e.json").write_text(json.dumps(records), encoding="utf-8-sig")
    written(tmp_path / "e.jsonl", records)
    pq.write_table(pa.Table.from_pylist(records), tmp_path / "e.parquet")
    for path in tmp_path.iterdir():
        assert [text for _, _, text in evaluation_texts(str(path))] == [PROMPT, SHORT]


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    """A benchmark that was not read must stop the run: it would pass for one that was not found."""
    for content in ("{broken", "[1, 2]", '{"id": 3}', "[]", '{"prompt": "too short"}'):
        path = tmp_path / "e.json"
        path.write_text(content, encoding="utf-8")
        with pytest.raises(UsageFault, match=r"e\.json"):
            found(path, FILLER)
    with pytest.raises(UsageFault, match="No such file"):
        found(tmp_path / "absent.jsonl", FILLER)
    (tmp_path / "e.json.gz").write_bytes(gzip.compress(b"[]" * 99, mtime=0)[:20])
    with pytest.raises(UsageFault, match="cannot read"):
        found(tmp_path / "e.json.gz", FILLER)


def test_the_index_is_built_once_for_the_same_contents(items: Path) -> None:
    """Each shard calls the stage; and a file that was replaced must not be answered from the old index."""
    config = ContaminationConfig(against=(str(items),))
    first, before = index_of(config), planned(config)
    assert index_of(config) is first
    written(items, [{"instruction": PROMPT + " Thank you very much."}])
    assert index_of(config) is not first
    assert planned(config) != before


def test_a_file_stands_in_a_plan_by_what_rows_hold_of_it(items: Path, tmp_path: Path) -> None:
    """A moved file gives the same rows; one of another name does not, since its name is in the column."""
    (tmp_path / "moved").mkdir()
    plans = []
    for path in (items, tmp_path / "moved" / items.name, tmp_path / "moved" / f"other-{items.name}"):
        path.write_bytes(items.read_bytes())
        plans.append(planned(ContaminationConfig(against=(str(path),))))
    assert plans[0] == plans[1] != plans[2]


def test_nothing_to_look_for() -> None:
    """Without files every row passes, and has the column all the same."""
    assert list(decontaminate(ContaminationConfig(), [{"id": "0", "text": PROMPT}])) == [
        {"id": "0", "text": PROMPT, "contamination": None}
    ]


def test_rows_without_text(items: Path) -> None:
    """A pair may have an empty side, and a batch no term at all."""
    config = ContaminationConfig(against=(str(items),))
    rows: list[Row] = [{"id": "0", "instruction": None, "response": ""}, {"id": "1", "text": "—"}]
    assert [row["contamination"] for row in decontaminate(config, rows)] == [None, None]  # type: ignore[index]


def test_known_leak_of_lima(data: Path) -> None:
    """One of LIMA's test prompts stands in its training set; nothing else there does."""
    folder = data / "instructions"
    if not (folder / "lima_train.jsonl").exists() or not (folder / "lima_test_prompts.jsonl").exists():
        pytest.skip("there is no LIMA in the outside data")
    config = ContaminationConfig(against=(str(folder / "lima_test_prompts.jsonl"),), mode="drop")
    with (folder / "lima_train.jsonl").open(encoding="utf-8") as file:
        turns = [json.loads(line)["conversations"] for line in file]
    rows = [{"id": str(i), "instruction": turn[0], "response": turn[1]} for i, turn in enumerate(turns)]
    dropped = [outcome.value for outcome in decontaminate(config, rows) if isinstance(outcome, Drop)]
    assert dropped == ["lima_test_prompts.jsonl#84 prompt 1.00: i m feeling a bit lonely these days how can i make new"]
