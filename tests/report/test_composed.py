"""A report is made of the files of its sections, and no metric row is lost or shown by two of them."""

from collections import Counter
from collections.abc import Callable
from itertools import chain
from pathlib import Path

import pytest
import worlds
from report.rendered import section, titles
from worlds import World

from humpback.report import composed as rooms
from humpback.report import sections
from humpback.report.composed import composed
from humpback.report.reading import Reading
from humpback.report.section import rows_in

Made = Callable[[str], Path]
EVERY = [*worlds.WORLDS, "unseen"]
# What is told twice on purpose: in a sentence that says what came of it, or in a summary with the details folded below.
SAID = {"gate_better", "chosen", "lead", "nll_change", "mean_auc", "label_auc", "mean_auc_lead", "label_auc_lead"}
SUMMED = {"seed_similarity_change", "seed_like_auc"}


@pytest.mark.parametrize("name", EVERY)
def test_every_metric_row_is_shown_once(made: Made, name: str) -> None:
    """What no section claims is shown by its columns: a metric that is measured is seen."""
    found = Counter(row for each in composed(made(name)).sections for row in rows_in(each))
    assert found.keys() == set(Reading(made(name)).metrics())
    assert {row.metric for row, times in found.items() if times > 1} <= SAID | SUMMED


@pytest.mark.parametrize("name", worlds.WORLDS)
def test_what_is_known_has_a_section(made: Made, name: str) -> None:
    """A metric that is renamed where it is measured, and not where it is shown, would be shown as a stranger."""
    assert [key for key in titles(made(name)) if key.startswith("measured-")] == []


def test_keys_are_those_of_one_section(made: Made) -> None:
    """Links and programs find a section by its key."""
    for name in EVERY:
        keys = titles(made(name))
        assert len({*keys}) == len(keys) and all(key == key.lower() and " " not in key for key in keys)


def test_a_section_is_a_file(made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is found by its name, and stands by its place; what it shows nobody else shows."""
    code = (
        "from humpback.report.section import Section, figure, text\n"
        "PLACE = 1\n"
        "def sections(found):\n"
        "    rows = found.metrics(metric='grammar')\n"
        "    if rows:\n"
        "        yield Section('grammar', 'Grammar', '', (text(figure(rows[0])),))\n"
    )
    (tmp_path / "grammar.py").write_text(code)
    monkeypatch.setattr(sections, "__path__", [*sections.__path__, str(tmp_path)])
    keys = titles(made("unseen"))
    assert keys[:2] == ["overview", "grammar"] and "grammar" not in {
        row.metric for row in rows_in(section(made("unseen"), "measured-novel_thing"))
    }


def test_places_are_told_apart() -> None:
    """Two sections at one place would change places with their names."""
    places = [file.PLACE for file in rooms.files()]
    assert len({*places}) == len(places)


def test_a_run_of_nothing_has_a_report(tmp_path: Path) -> None:
    """It was begun a minute ago."""
    with World(tmp_path / "a", "humpback"):
        pass
    report = composed(tmp_path / "a")
    assert [each.key for each in report.sections] == ["overview", "settings"] and report.unfinished == ()
    assert list(chain.from_iterable(map(rows_in, report.sections))) == []
