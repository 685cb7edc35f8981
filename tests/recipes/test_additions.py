"""What an addition costs: a method one file, its prompt and a short recipe; a scorer one file; a metric one file.

Each is put beside the source as it is, in a copy of the package, and tried there in a process of its own, whole runs of it
(on fakes in the place of models). Nothing else is touched: whoever finds that a second place has to be edited finds it here.
"""

import ast
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from rehearsed import SMALL

import humpback
from humpback.recipes.demo import MATERIAL

pytestmark = pytest.mark.slow
SOURCE, TESTS = Path(humpback.__file__).parent, Path(__file__).parents[1]

PROMPT = """Write the question that somebody asks who is looking for a section of a page with this heading:

{{ heading }}"""
METHOD = '''"""Questions that lead to a heading: the text is not shown at all."""

from collections.abc import Iterator, Mapping
from typing import Any

from humpback import prompts
from humpback.config import Config
from humpback.guards.checks import GuardConfig, guarded
from humpback.lm import LM, Sampling
from humpback.run import Run
from humpback.schema import PAIR, Row, row_id, row_seed
from humpback.stage import LMStage, Outcome, Stage
from humpback.store import Dataset

PROMPT = "titled-v1"


class TitledConfig(Config):
    """How questions are drawn."""

    sampling: Sampling = Sampling(temperature=0.5)

    def reads(self) -> Mapping[str, Any]:
        return prompts.digests(PROMPT)


class Settings(Config):
    """The method's settings."""

    titled: TitledConfig = TitledConfig()
    guards: GuardConfig = GuardConfig()


def pairs(run: Run, source: Dataset, settings: Settings, writer: str) -> Dataset:
    """A question for each text, as far as the guards let it through."""
    about = {"method": "titled", "round": 1}
    stage = LMStage("titled", PAIR, asked, settings.titled, lm=writer)
    made = run.map("titled", stage, source, kind="candidates", **about)
    return run.map("pairs", Stage("guards", PAIR, guarded, settings.guards), made, kind="pairs", of="guards", **about)


def asked(config: TitledConfig, rows: list[Row], lm: LM) -> Iterator[Outcome]:
    shown = [prompts.render(PROMPT, heading=(row["header_path"] or ["this"])[-1]) for row in rows]
    made = lm.generate(shown, config.sampling, [row_seed(row["id"], "titled") for row in rows])
    for row, each in zip(rows, made, strict=True):
        kept = {name: row.get(name) for name in ("url", "header_path", "lang", "license", "opt_out")}
        yield {"id": row_id(row["id"], "pair"), "parent": row["id"], "instruction": each.text, "response": row["text"],
               "source": "web", "method": "titled", "finish": each.finish, "logprob": each.logprob, **kept}
'''
RECIPE = '''"""Rounds over pairs whose instructions were written from the headings alone.

humpback run titled --out runs/titled
"""

from humpback.corpus import pages
from humpback.corpus.pairs import seed_pairs
from humpback.loop.models import trained
from humpback.loop.pool import unseen
from humpback.loop.rounds import self_curate
from humpback.loop.worth import measure
from humpback.methods import titled
from humpback.recipes import demo
from humpback.report import report
from humpback.run import Run


class Settings(demo.Settings, titled.Settings):
    """Those of rounds, and those of the method."""


def recipe(run: Run, settings: Settings) -> None:
    """Pages and seed in, models out."""
    seed = seed_pairs(run, settings.seed, settings.random_seed)
    segments = pages.segments(run, settings.corpus, settings.random_seed)
    writer = settings.backward_lm or "embedded"
    first = trained(run, "forward", [seed], settings, "M_0", round=0)
    pairs = unseen(run, titled.pairs(run, segments, settings, writer), seed, settings.corpus.contamination)
    rounds = self_curate(run, seed, pairs, first, settings, writer)
    measure(run, seed, rounds, settings)
    report(run)
'''
SCORER = '''"""How many different words the instruction has: a stand-in for a scorer that asks no model."""

from collections.abc import Iterable, Iterator

import pyarrow as pa

from humpback.config import Empty
from humpback.curate import scorers
from humpback.curate.scorers import Scorer
from humpback.curate.settings import Asking
from humpback.schema import Row
from humpback.stage import Outcome, Stage


def words(_: Empty, rows: Iterable[Row]) -> Iterator[Outcome]:
    for row in rows:
        yield {**row, "different_words": float(len({*row["instruction"].split()}))}


def stages(_: Asking) -> tuple[Stage, ...]:
    return (Stage("different_words", scorers.schema(), words),)


SCORER = Scorer("different_words", {"different_words": pa.float64()}, stages, part="different_words")
'''
METRIC = '''"""The share of kept and dropped instructions that are questions."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from humpback.metrics import mean_of
from humpback.schema import Row


def measure(seed: Sequence[Row], kept: Sequence[Row], dropped: Sequence[Row], told: Mapping[str, Any]) -> Iterator[Row]:
    for part, rows in (("kept", kept), ("dropped", dropped)):
        yield mean_of("questions_asked", values=[float(row["instruction"].endswith("?")) for row in rows], unit="share",
                      part=part, **told)
'''


class House:
    """A copy of the package with further files."""

    def __init__(self, folder: Path, **files: str) -> None:
        self.folder = folder
        package = folder / "source" / "humpback"
        for path in SOURCE.rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                link = package / path.relative_to(SOURCE)
                link.parent.mkdir(parents=True, exist_ok=True)
                link.symlink_to(path)
        for name, text in files.items():
            path = package / name
            assert not path.exists()
            path.write_text(text, encoding="utf-8")

    def python(self, code: str) -> str:
        paths = os.pathsep.join([str(self.folder / "source"), str(TESTS)])
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=self.folder,
            env={**os.environ, "PYTHONPATH": paths, "PYTHONDONTWRITEBYTECODE": "1"},
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    def carried_out(self, recipe: str, out: str, settings: dict[str, Any]) -> None:
        """The recipe on an engine that rehearses trainings."""
        self.python(f"from rehearsed import carried_out, Path\ncarried_out({recipe!r}, Path({out!r}), {settings!r})")

    def humpback(self, *arguments: str) -> str:
        return self.python(f"import sys; from humpback import cli\nsys.argv = {['humpback', *arguments]!r}\ncli.main()")


def statements(code: str) -> int:
    """The lines of code but imports, docstrings, and blank ones."""
    tree = ast.parse(code)
    left = set[int]()
    for node in ast.walk(tree):
        left |= set(range(getattr(node, "lineno", 0), (getattr(node, "end_lineno", 0) or 0) + 1))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom) or (
            isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        ):
            left -= set(range(node.lineno, (node.end_lineno or 0) + 1))
    return len([line for line in sorted(left) if line and code.splitlines()[line - 1].strip()])


def test_a_method_is_one_file_with_its_prompt_and_a_short_recipe(tmp_path: Path) -> None:
    """A method cost four new files and seven edited ones."""
    assert statements(RECIPE) <= 15
    house = House(tmp_path, **{"methods/titled.py": METHOD, "prompts/titled-v1.txt": PROMPT, "recipes/titled.py": RECIPE})
    assert "titled " in house.humpback("recipes")
    assert "titled:" in house.humpback("recipes", "show", "titled", "--all")
    house.carried_out("titled", "out", {**SMALL, "backward_lm": "echo"})
    shown = json.loads(house.humpback("show", "out", "--json"))
    assert "M_uncurated" in json.dumps(shown) and (tmp_path / "out" / "report.html").exists()
    assert "pairs -> pairs.jsonl" in house.humpback("export", "out", "--out", "pairs.jsonl")
    plans = [json.loads(path.read_text()) for path in (tmp_path / "out").glob("*/plan.json")]
    [asked] = [plan for plan in plans if plan["about"]["name"] == "titled"]
    assert "titled-v1" in asked["config"]["reads"]


def test_another_prompt_makes_other_guards(tmp_path: Path) -> None:
    """Guards compare with every prompt that ships, and their plan named none: `--reuse` took over what a new one drops."""
    leak = PROMPT.splitlines()[0]
    pairs = [{"instruction": leak, "response": "Oil the chain every week."},
             {"instruction": "How do I oil a chain?", "response": "Put a drop on each link."}]  # fmt: skip
    (tmp_path / "pairs.jsonl").write_text("".join(json.dumps(pair) + "\n" for pair in pairs))
    for name, files in (("before", {}), ("after", {"prompts/titled-v1.txt": PROMPT})):
        (tmp_path / name).mkdir()
        house, pairs_file = House(tmp_path / name, **files), str(tmp_path / "pairs.jsonl")
        reuse = ["--reuse", str(tmp_path / "before" / "out")] if name == "after" else []
        told = house.humpback("guard", pairs_file, "--out", "out", *reuse)
        assert ("leaked_prompt" in told) is (name == "after"), told


def test_a_scorer_is_one_file(tmp_path: Path) -> None:
    """A scorer cost one new file and six edited ones, at fourteen places."""
    house = House(tmp_path, **{"curate/scorers/different_words.py": SCORER})
    curate = {**SMALL["curate"], "by": "different_words", "rounds": 1}
    house.carried_out("demo", "out", {**SMALL, "curate": curate})
    assert "different_words" in house.humpback("show", "out")
    seed = str(MATERIAL / "seed.jsonl")
    compared = {"pairs": seed, "lm": "echo", "scorers": ["gain", "different_words"], "share": 0.2}
    house.carried_out("sweep", "compared", compared)
    assert "different_words" in house.humpback("show", "compared")
    assert "different_words" in (tmp_path / "compared" / "report.html").read_text()
    assert "curate.by = 'different_words'" in house.humpback("run", "demo", "--set", "curate.by=different_words", "--dry")


VIEWED = """
from pathlib import Path
from starlette.testclient import TestClient
from humpback.view.app import application
from humpback.view.opened import Opened
opened = Opened(Path("out"), Path("cache"))
print(TestClient(application(opened, 8642), base_url="http://127.0.0.1:8642").get("/report").text)
opened.close()
"""


def test_a_metric_is_one_file_and_is_in_terminal_html_json_and_the_viewer(tmp_path: Path) -> None:
    """A metric cost seven edits in the report alone."""
    house = House(tmp_path, **{"evaluate/selection/questions.py": METRIC})
    house.carried_out("demo", "out", {**SMALL, "curate": {**SMALL["curate"], "rounds": 1}})
    assert "questions asked" in house.humpback("show", "out")
    assert "questions_asked" in house.humpback("show", "out", "--json")
    assert "questions asked" in (tmp_path / "out" / "report.html").read_text()
    pytest.importorskip("duckdb")
    assert "questions asked" in house.python(VIEWED)
