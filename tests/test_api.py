"""The functions of a notebook: each example in their docstrings is carried out as it stands."""

import doctest
import json
import subprocess
import sys
from pathlib import Path

import pytest

import humpback
from humpback import api

PAGE = (
    "<html><head><title>Chains</title></head><body><article><h1>How to oil a chain</h1><p>Wipe the chain with a dry rag, "
    "and put one drop of oil on each link. Turn the pedals back for a minute, so that the oil runs into the rollers. "
    "Then wipe off what is left on the outside: it would only catch dust and sand on the next ride.</p></article></body>"
    "</html>"
)
PAIRS = [
    {"instruction": "How do I oil a bicycle chain?", "response": "Wipe the chain with a dry rag. Put a drop on each link."},
    {"instruction": "I'm sorry, but I cannot help with that request.", "response": "Wipe the chain with a dry rag."},
]


@pytest.fixture
def there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("page.html").write_text(PAGE)
    Path("texts.jsonl").write_text(json.dumps({"text": "Wipe the chain with a dry rag, then oil each link."}) + "\n")
    Path("pairs.jsonl").write_text("".join(json.dumps(pair) + "\n" for pair in PAIRS))
    return tmp_path


def test_every_example_does_what_it_shows(there: Path) -> None:
    """An example that no test runs goes stale, and is the first thing that a reader tries."""
    found = doctest.DocTestFinder().find(api, globs=vars(api).copy())
    examples = [test for test in sorted(found, key=lambda test: test.lineno or 0) if test.examples]
    runner = doctest.DocTestRunner()
    for test in examples:
        runner.run(test)
    assert runner.summarize(verbose=False).failed == 0
    assert {test.name.rpartition(".")[2] for test in examples} == set(humpback.__all__) - {
        "Config",
        "Dataset",
        "HumpbackError",
    }


def test_all_names_are_there_and_nothing_heavy_is_loaded() -> None:
    """A notebook that imports the package must not wait for torch."""
    code = "import sys, humpback\nfor name in humpback.__all__:\n    getattr(humpback, name)\nprint('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"


def test_a_name_that_there_is_not_is_told() -> None:
    """A lazy module must not answer for everything."""
    with pytest.raises(AttributeError, match="nonsense"):
        _ = humpback.nonsense
