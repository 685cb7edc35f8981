"""The command line as its user meets it: a line of fact, a line of hint, an exit code."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from humpback import recipes, store
from humpback.recipes.demo import MATERIAL

PAGES = str(MATERIAL / "pages.warc.gz")


def humpback(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "humpback.cli", *arguments], capture_output=True, text=True, check=False, cwd=cwd
    )


def refused(done: subprocess.CompletedProcess[str], code: int, *words: str) -> None:
    assert done.returncode == code, done.stderr
    lines = [line for line in done.stderr.splitlines() if line.startswith(("error:", "hint:"))]
    assert len(lines) == 2 and "Traceback" not in done.stderr, done.stderr
    for word in words:
        assert word in done.stderr


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    rows = [
        {
            "instruction": "How do I oil a bicycle chain?",
            "response": "Put a drop of oil on every link and wipe the rest away.",
        },
        {"instruction": "Which instruction does the text below answer?", "response": "Bread rises because yeast makes gas."},
        {"instruction": "...", "response": "Tides follow the moon, and twice a month the sun helps."},
    ]
    path = tmp_path / "pairs.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.mark.slow
def test_every_verb_has_help_with_an_example() -> None:
    """A verb without an example is tried wrong first."""
    for verb in (
        "run",
        "segments",
        "backtranslate",
        "score",
        "guard",
        "show",
        "report",
        "export",
        "doctor",
        "presets",
        ["recipes", "show"],
    ):
        done = humpback(*([verb] if isinstance(verb, str) else verb), "--help")
        assert done.returncode == 0 and "Example: humpback" in done.stdout.replace("\n", " "), verb


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run", "nonsense"], ["'nonsense'", "demo, guard, humpback"]),
        (["run", "demo", "--set", "curate.kk=4"], ["curate.kk", "curate.k"]),
        (["run", "demo", "--set", "curate.k"], ["name=value"]),
        (["run", "demo", "--config", "nowhere.yaml"], ["nowhere.yaml"]),
        (["run", "demo", "--set", "base=transformers:./nowhere"], ["nowhere"]),
        (["run", "humpback"], ["corpus.inputs is empty"]),
        (["run", "humpback", "--preset", "moderm"], ["'moderm'", "'modern'"]),
        (["run", "demo", "--set", "seed.path=nowhere.jsonl"], ["no file matches nowhere.jsonl"]),
        (["run", "demo", "--set", "corpus.inputs=[nowhere.warc.gz]"], ["no file matches nowhere.warc.gz"]),
        (["segments", "nowhere/*.warc.gz"], ["no file matches"]),
        (["score", "nowhere.jsonl", "--lm", "echo"], ["no file matches"]),
        (["guard", PAGES], ["is no file of pairs"]),
        (["backtranslate", PAGES, "--lm", "echo"], ["holds pages", "humpback segments"]),
    ],
)
def test_wrong_use_is_two_lines_and_exit_code_2(tmp_path: Path, arguments: list[str], words: list[str]) -> None:
    """A traceback for a typing error sends the user away."""
    refused(humpback(*arguments, "--out", "out", cwd=tmp_path), 2, *words)


@pytest.mark.parametrize("verb", ["show", "report"])
def test_a_folder_that_is_no_run(tmp_path: Path, verb: str) -> None:
    """An empty report for a mistyped folder looks like an empty run."""
    refused(humpback(verb, str(tmp_path)), 2, "not the folder of a run")


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ([], "read nothing"),
        (['{"instruction": "only"}'], "1 by 'missing_field'"),
        (["not json", '{"instruction": "", "response": ""}'], "dropped all 2 rows"),
    ],
)
def test_a_seed_without_usable_rows_says_why(tmp_path: Path, lines: list[str], reason: str) -> None:
    """ "0 examples" an hour later hides that the field had another name."""
    (tmp_path / "seed.jsonl").write_text("\n".join(lines))
    refused(humpback("run", "demo", "--set", "seed.path=seed.jsonl", "--out", "out", cwd=tmp_path), 1, reason)


def test_a_missing_traceback_comes_back_with_debug(tmp_path: Path) -> None:
    """Whoever reports a bug needs the traceback that everybody else is spared."""
    assert "Traceback" in humpback("show", str(tmp_path), "--debug").stderr


def test_guard_drops_and_tells(tmp_path: Path, pairs: Path) -> None:
    """Anybody's pairs, not only our own."""
    done = humpback("guard", str(pairs), "--out", str(tmp_path / "out"))
    assert done.returncode == 0, done.stderr
    assert "1 leaked_prompt" in done.stdout and "1 empty" in done.stdout and "1 rows in" in done.stdout


def test_score_on_the_fake(tmp_path: Path, pairs: Path) -> None:
    """Every pair is scored, in one call per chunk."""
    done = humpback("score", str(pairs), "--lm", "echo", "--out", str(tmp_path / "out"))
    assert done.returncode == 0 and "3 rows in" in done.stdout, done.stderr


@pytest.mark.slow
def test_segments_then_backtranslate_then_the_same_again_at_once(tmp_path: Path) -> None:
    """The verbs feed each other, and a finished one returns at once."""
    cut = humpback("segments", PAGES, "--out", str(tmp_path / "s"), "--workers", "2")
    assert cut.returncode == 0, cut.stderr
    stamps = set()
    for _ in range(2):
        done = humpback("backtranslate", str(tmp_path / "s"), "--lm", "echo", "--out", str(tmp_path / "b"))
        assert done.returncode == 0 and "kept" in done.stdout, done.stderr
        stamps.add(tuple((each.path / "manifest.json").stat().st_mtime_ns for each in store.find(tmp_path / "b")))
    assert len(stamps) == 1


def test_texts_under_another_name_are_read_for_backtranslation(tmp_path: Path) -> None:
    """The user's own file calls its text what it likes, here as in `segments`."""
    (tmp_path / "t.jsonl").write_text('{"body": "Oil the chain once a month, and wipe it dry after rain."}\n')
    arguments = ("backtranslate", "t.jsonl", "--lm", "echo", "--out")
    refused(humpback(*arguments, "out", cwd=tmp_path), 1, "1 by 'no_text'")
    done = humpback(*arguments, "other", "--set", "columns.text=body", cwd=tmp_path)
    assert done.returncode == 0 and "1 rows in" in done.stdout, done.stderr


def test_another_setting_in_the_same_folder_is_refused(tmp_path: Path, pairs: Path) -> None:
    """The leaf, both values, and the command to type."""
    humpback("guard", str(pairs), "--out", str(tmp_path / "out"))
    done = humpback("guard", str(pairs), "--out", str(tmp_path / "out"), "--set", "guards.min_chars=2")
    refused(done, 2, "guards.min_chars = 10, now it is 2", "--out ANOTHER")


def test_a_dry_run_shows_the_settings_and_where_they_come_from(tmp_path: Path) -> None:
    """What the base model recommends must not work in secret."""
    done = humpback("run", "demo", "--out", str(tmp_path / "out"), "--set", "curate.k=4", "--dry")
    assert (
        "curate.k = 4.0    # --set" in done.stdout
        and "backward.context = 'heading'    # recommended by embedded" in done.stdout
    )
    assert not (tmp_path / "out").exists()


def test_presets_stand_over_the_base_and_under_what_is_typed(tmp_path: Path) -> None:
    """A preset that the base's recommendation overrides, or that overrides what was typed, is worth nothing."""
    done = humpback("run", "demo", "--preset", "modern", "--preset", "gpu24", "--set", "sft.clip=0.5", "--dry")
    lines = set(done.stdout.splitlines())
    assert {"sft.schedule = 'cosine'    # preset modern", "sft.lr = 0.0002    # preset gpu24"} <= lines, done.stderr
    assert {"sft.clip = 0.5    # --set", "backward.context = 'heading'    # recommended by embedded"} <= lines


def test_a_presets_rows_show_their_source_and_are_settings(tmp_path: Path) -> None:
    """Numbers of unknown origin are what presets are made of elsewhere."""
    shown = humpback("recipes", "show", "humpback", "--all", "--preset", "modern").stdout
    assert "  clip: 0.2  # preset modern: SmolLM3" in shown and "  seed: 42  # order of the data" in shown
    (tmp_path / "my.yaml").write_text(shown)
    dry = humpback("run", "humpback", "--config", str(tmp_path / "my.yaml"), "--dry").stdout
    assert "sft.clip = 0.2    # --config" in dry
    assert "gpu24" in humpback("presets").stdout


def test_recipes_are_listed_with_what_they_do() -> None:
    """The file name is the registration."""
    done = humpback("recipes")
    assert [line.split()[0] for line in done.stdout.splitlines()] == recipes.names()
    assert {"demo", "humpback", "sweep", "coin", "scaling", "ablate_data", "ablate_tags"} <= set(recipes.names())


def test_a_full_disk_is_a_line_and_keeps_what_is_finished(tmp_path: Path, pairs: Path) -> None:
    """Nothing of what was finished may be lost, and the half of a file must not stay."""
    code = (
        "import errno, os, sys\n"
        "real, calls = os.fsync, []\n"
        "def full(handle):\n"
        "    calls.append(handle)\n"
        "    if len(calls) > 9: raise OSError(errno.ENOSPC, 'No space left on device')\n"
        "    real(handle)\n"
        "os.fsync = full\n"
        "from humpback import cli\n"
        f"sys.argv = ['humpback', 'guard', {str(pairs)!r}, '--out', {str(tmp_path / 'out')!r}]\n"
        "cli.main()\n"
    )
    refused(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False), 1, "the disk is full")
    finished = store.find(tmp_path / "out")
    assert finished
    again = humpback("guard", str(pairs), "--out", str(tmp_path / "out"))
    assert again.returncode == 0 and "1 rows in" in again.stdout
    assert [each.path for each in store.find(tmp_path / "out")][: len(finished)] == [each.path for each in finished]
