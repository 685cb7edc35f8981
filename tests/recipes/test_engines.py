"""A whole recipe on another engine than that of this machine."""

import hashlib
from pathlib import Path
from typing import Any

import pytest
from engine.subprocesses import Subprocesses

from humpback import recipes, store
from humpback.engine import Engine
from humpback.engine.local import LocalEngine
from humpback.recipes import demo
from humpback.run import Run

SMALL = {
    "base": "embedded",
    "corpus": {"sample": 24},
    "guards": {"min_logprob": -9.0},
    "curate": {"rounds": 1},
    "sft": {"steps": 4},
    "measure": {"cases": 8, "stop_tokens": 16},
}


def made(folder: Path, engine: Engine) -> dict[str, Any]:
    """What the demo makes in `folder`, by place: what it is, its plan, its rows and drops, its weights."""
    settings, _ = recipes.resolve(demo.Settings, [("small", SMALL)])
    with Run(folder, "demo", settings, engine=engine) as run:
        demo.recipe(run, settings)
    found: dict[str, Any] = {}
    for each in store.find(folder):
        rows = [*each.rows(), *each.drops()] if isinstance(each, store.Dataset) else []
        # How long something took is another figure every time.
        kept = [row for row in rows if not str(row.get("metric")).endswith("_seconds")]
        weights = [hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(each.path.glob("*.safetensors"))]
        found[f"{each.place:02d} {each.about['name']}"] = [each.about, each.fingerprint, kept, weights]
    return found


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_the_demo_makes_the_same_rows_where_every_shard_has_a_process_of_its_own(tmp_path: Path) -> None:
    """Corpus, training, measurements and report go through the one interface: an engine for a cluster is one more file."""
    calm = made(tmp_path / "local", LocalEngine())
    apart = made(tmp_path / "apart", Subprocesses(2))
    assert list(calm) == list(apart)
    for name, found in calm.items():
        assert apart[name] == found, name
