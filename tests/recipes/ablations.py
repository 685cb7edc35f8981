"""A finished run of the recipe humpback in little, for ablations to start from: its datasets without its models' work."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from humpback import store
from humpback.config import build
from humpback.curate import select
from humpback.recipes import humpback
from humpback.recipes._arms import ArmSettings, settings_of
from humpback.run import Run
from humpback.schema import PAIR, SCORED, SEGMENT, Row
from humpback.stage import Stage

A = TypeVar("A", bound=ArmSettings)
TEXT = "Take wheel {0} off. Then clean it with water, and dry it. Put it back on the bicycle {0} and turn it by hand."


def seed_row(number: int) -> Row:
    split = ("train", "train", "dev", "test")[number % 4]
    asked = f"How do I fix wheel {number}?"
    return {"id": f"p{number}", "instruction": asked, "response": TEXT.format(number), "source": "seed", "split": split}


def web_rows(count: int, round_: int) -> Iterator[Row]:
    """Scores from 2 to 5, evenly; the gain goes the other way."""
    for number in range(count):
        score = 2 + 3 * ((number * 7 + round_) % count) / (count - 1)
        yield {
            "id": f"w{number}", "parent": f"s{number}", "instruction": f"What is done with wheel {number} of {number * 13}?",
            "response": TEXT.format(number), "source": "web", "score": score, "gain": 6 - score, "round": round_,
        }  # fmt: skip


def segment_rows() -> list[Row]:
    return [{"id": f"s{i}", "text": TEXT.format(i), "header_path": [f"Wheel {i}"], "lang": "en"} for i in range(6)]


def finished_run(folder: Path, rounds: int = 1, trained: int = 1, rule: dict[str, Any] | None = None, web: int = 40) -> Path:
    """`rounds` selections by `rule`, of which models were trained on the first `trained`."""
    rule = rule or {"by": "score", "k": 4.0, "why": "the judge is competent"}
    made = build(humpback.Settings, [{"curate": {"distinct": None}, "backward_lm": "echo", "judge_lm": "echo"}])
    with Run(folder, "humpback", made) as run:
        run.put("seed", lambda: map(seed_row, range(80)), PAIR, {})
        run.put("sample", segment_rows, SEGMENT, {})
        _model(run, "forward-0")
        for round_ in range(1, rounds + 1):
            scored = run.put(f"scored-{round_}", partial(web_rows, web, round_), SCORED, {"round": round_})
            config = made.curate.model_copy(update={"k": rule.get("k", 4.0), "share": rule.get("share", 0.5)})
            keep = partial(select.pick, config, rule["by"], at_k="k" in rule)
            run.map(f"selected-{round_}", Stage("selected", SCORED, keep, rule, scope="dataset"), scored)
            if round_ <= trained:
                _model(run, f"forward-{round_}")
    return folder


def _model(run: Run, name: str) -> None:
    run.step(name, lambda folder: store.write_json(folder / "config.json", {"model": name}), {"model": name})


def settings(kind: type[A], made: Path, **more: Any) -> A:
    """The settings of an ablation that starts from the run `made`, as the command line puts them together."""
    return build(kind, [settings_of(made), {"run": str(made), "seeds": 2, "stop_cases": 2}, more])
