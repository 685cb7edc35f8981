"""The command line as its user meets it: a line of fact, a line of hint, an exit code."""

import bz2
import gzip
import io
import json
import lzma
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from rehearsed import Refuses
from worlds import WORLDS, loop

from humpback import cli, engine, recipes
from humpback.config import build, from_yaml, leaves, nested, shown
from humpback.corpus.inputs import sources
from humpback.recipes.demo import MATERIAL
from humpback.store import read_json

PAGES = str(MATERIAL / "pages.warc.gz")
EMBEDDED = ("--set", "base=embedded")


@dataclass
class Done:
    """What a command came to."""

    returncode: int
    stdout: str
    stderr: str


Humpback = Callable[..., Done]


@pytest.fixture
def humpback(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Humpback:
    """The command, in this process and in the folder of the test."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str) -> Done:
        monkeypatch.setattr(sys, "argv", ["humpback", *arguments])
        try:
            cli.main()
            code = 0
        except SystemExit as ended:
            code = int(ended.code or 0)
        told = capsys.readouterr()
        return Done(code, told.out, told.err)

    return call


def by_itself(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own."""
    command = [sys.executable, "-m", "humpback.cli", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=cwd)


def refused(done: Done, code: int, *words: str) -> None:
    assert done.returncode == code, (done.stderr, done.stdout)
    lines = [line for line in done.stderr.splitlines() if line.startswith(("error:", "hint:"))]
    assert len(lines) == 2 and "Traceback" not in done.stderr and "Usage:" not in done.stderr, done.stderr
    for word in words:
        assert word in done.stderr


@pytest.fixture
def pairs(tmp_path: Path) -> str:
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
    return str(path)


# Help.

VERBS = ("run", "show", "report", "view", "export", "doctor", "presets", "explain", "recipes show", *recipes.verb_names())


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help_with_an_example(humpback: Humpback, verb: str) -> None:
    """A verb without an example is tried wrong first."""
    done = humpback(*verb.split(), "--help")
    assert done.returncode == 0 and f"Example: humpback {verb.split()[0]}" in " ".join(done.stdout.split())


def test_help_names_every_command_and_nothing_typed_is_help(humpback: Humpback) -> None:
    """Who types the name alone wants to know what there is."""
    done = humpback()
    assert done.returncode == 0 and done.stdout == humpback("--help").stdout
    assert {verb.split()[0] for verb in VERBS} <= {line.split()[0] for line in done.stdout.splitlines() if line.strip()}


def test_a_verb_shows_what_its_settings_name(humpback: Humpback) -> None:
    """An option that does nothing for a verb is tried, and believed."""
    cut, scored = (" ".join(humpback(verb, "--help").stdout.split()) for verb in ("segments", "score"))
    assert "Archives, pages, texts, tables, books" in cut and "--limit" in cut and "--lm" not in cut
    assert "Unset: embedded" in scored and "--limit" not in scored and "--to" in scored


# Wrong use.


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run", "nonsense"], ["'nonsense'", "demo, found, gate, guard, humpback"]),
        (["run", "demo", "--set", "curate.kk=4"], ["curate.kk", "curate.k"]),
        (["run", "demo", "--set", "curate.k"], ["name=value"]),
        (["run", "demo", "--set", "curate.k=[1"], ["not YAML"]),
        (["run", "demo", "--set", "curate.per_site=0"], ["curate.per_site", "0", "greater than or equal to 1"]),
        (["run", "demo", "--config", "nowhere.yaml"], ["nowhere.yaml"]),
        (["run", "demo", "--set", "base=transformers:./nowhere"], ["nowhere"]),
        (["run", "demo", "--set", "base=nonsense:x"], ["no model backend 'nonsense'", "backends:"]),
        (["run", "demo", "--engine", "cluster"], ["no engine 'cluster'", "local"]),
        (["run", "demo", "--reuse", "nowhere"], ["nowhere", "--reuse"]),
        (["run", "humpback"], ["corpus.inputs is empty"]),
        (["run", "humpback", "--preset", "moderm"], ["'moderm'", "'modern'"]),
        (["score", "x.jsonl", "--preset", "modern"], ["the preset modern sets nothing that this recipe has"]),
        (["run", "sweep", "--limit", "3"], ["sweep draws no segments", "leave out --limit"]),
        (["run", "demo", "--set", "seed.path=nowhere.jsonl"], ["no file matches nowhere.jsonl"]),
        (["run", "demo", "--set", "corpus.inputs=[nowhere.warc.gz]"], ["no file matches nowhere.warc.gz"]),
        (["run", "ablate_data", "--set", "run=nowhere"], ["nowhere is not the folder of a run"]),
        (["segments", "nowhere/*.warc.gz"], ["no file matches"]),
        (["score", "nowhere.jsonl", "--lm", "echo"], ["no file matches"]),
        (["guard", PAGES], ["is no file of pairs"]),
        (["backtranslate", PAGES, "--lm", "echo"], ["holds pages", "humpback segments"]),
        (["segments", PAGES, "--to", "rows.csv"], ["rows.csv is neither JSONL, JSON nor Parquet"]),
    ],
)
def test_wrong_use_is_two_lines_and_exit_code_2(humpback: Humpback, arguments: list[str], words: list[str]) -> None:
    """A traceback for a typing error sends the user away."""
    refused(humpback(*arguments, "--out", "out"), 2, *words)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nonsense"], ["No such command 'nonsense'", "humpback --help"]),
        (["score"], ["Missing argument 'pairs'", "humpback score --help"]),
        (["guard", "x", "--limit", "3"], ["No such option: --limit", "humpback guard --help"]),
        (["segments", "x", "--workers", "0"], ["--workers"]),
        (["segments", "x", "--workers", "many"], ["--workers", "integer"]),
        (["recipes", "nonsense"], ["nonsense", "humpback recipes --help"]),
        (["recipes", "show", "nonsense"], ["no recipe 'nonsense'"]),
        (["run", "demo"], ["there is no --out", "--out runs/demo"]),
        (["export", "x"], ["--out", "humpback export --help"]),
    ],
)
def test_what_is_typed_wrongly_is_told_in_two_lines_too(humpback: Humpback, arguments: list[str], words: list[str]) -> None:
    """The library's own words for it are a usage line, an invitation, an empty line, and the fault in the last."""
    refused(humpback(*arguments), 2, *words)


@pytest.mark.parametrize("verb", [["show"], ["report"], ["view"], ["show", "--json"], ["export", "--out", "x.jsonl"]])
def test_a_folder_that_is_no_run(humpback: Humpback, tmp_path: Path, verb: list[str]) -> None:
    """An empty report for a mistyped folder looks like an empty run."""
    refused(humpback(verb[0], str(tmp_path), *verb[1:]), 2)


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ([], "read nothing"),
        (['{"instruction": "only"}'], "1 by 'missing_field'"),
        (["not json", '{"instruction": "", "response": ""}'], "dropped all 2 rows"),
    ],
)
def test_a_file_without_usable_rows_says_why(humpback: Humpback, tmp_path: Path, lines: list[str], reason: str) -> None:
    """ "0 examples" an hour later hides that the field had another name."""
    (tmp_path / "seed.jsonl").write_text("\n".join(lines))
    refused(humpback("run", "demo", "--set", "seed.path=seed.jsonl", "--out", "out"), 1, reason)
    refused(humpback("guard", "seed.jsonl", "--out", "guarded"), 1, reason)


def test_a_missing_traceback_comes_back_with_debug(tmp_path: Path) -> None:
    """Whoever reports a bug needs the traceback that everybody else is spared."""
    assert "Traceback" in by_itself("show", str(tmp_path), "--debug").stderr


def test_an_unforeseen_error_is_told_as_a_bug(humpback: Humpback, monkeypatch: pytest.MonkeyPatch, pairs: str) -> None:
    """A traceback is no answer, and neither is silence."""

    def broken(*_: object) -> None:
        raise ValueError("three")

    monkeypatch.setattr(recipes, "resolve", broken)
    refused(humpback("guard", pairs, "--out", "out"), 1, "ValueError: three", "looks like a bug; --debug")


# The verbs.


def test_guard_drops_and_tells(humpback: Humpback, pairs: str) -> None:
    """Anybody's pairs, not only our own."""
    done = humpback("guard", pairs, "--out", "out")
    assert done.returncode == 0, done.stderr
    assert "leaked_prompt" in done.stdout and "empty" in done.stdout and "1 rows in" in done.stdout


def test_score_on_the_fake(humpback: Humpback, pairs: str) -> None:
    """Every pair is scored, in one call per chunk."""
    done = humpback("score", pairs, "--lm", "echo", "--out", "out", "--set", "judge.stop_valid=0")
    assert done.returncode == 0 and "3 rows in" in done.stdout, done.stderr


@pytest.mark.parametrize("name", ["rows.jsonl", "rows.parquet"])
def test_rows_go_to_a_file_too(humpback: Humpback, tmp_path: Path, pairs: str, name: str) -> None:
    """What a verb made is wanted by other programs."""
    done = humpback("guard", pairs, "--out", "out", "--to", name)
    assert f"1 rows -> {name}" in done.stdout and (tmp_path / name).stat().st_size > 0


@pytest.mark.parametrize("where", ["--set", "--config"])
def test_what_is_not_typed_stands_over_nothing(humpback: Humpback, tmp_path: Path, pairs: str, where: str) -> None:
    """The option's default was a layer of its own: a model in the settings file was replaced by it without a word."""
    (tmp_path / "my.yaml").write_text("lm: echo\n")
    given = ["--set", "lm=echo"] if where == "--set" else ["--config", "my.yaml"]
    dry = humpback("score", pairs, *given, "--dry")
    assert f"lm = 'echo'    # {where}" in dry.stdout, dry.stdout
    assert "lm = 'embedded'    # the command line" in humpback("score", pairs, *given, "--lm", "embedded", "--dry").stdout


POND = (
    "<html><title>T</title><body><h1>Ponds</h1><p>{}</p><table><tr><th>Pond<th>Frogs<tr><td>Mill<td>9</table></body></html>"
)


def test_the_whole_text_of_pages(humpback: Humpback, tmp_path: Path) -> None:
    """Whoever wants an extractor gets one: printed, or as rows; and why a page has no text."""
    page = POND.format("Monks dug them. " * 9)
    (tmp_path / "pages").mkdir()
    (tmp_path / "pages" / "a.html").write_text(page)
    printed = humpback("segments", "pages/a.html", "--text").stdout
    assert printed.startswith("# Ponds\n\nMonks dug them.")
    assert "| Mill | 9 |" in printed
    (tmp_path / "pages" / "b.html").write_text("<html><nav>menu</nav></html>")
    several = humpback("segments", "pages", "--text").stdout
    assert f"a.html -->\n\n{printed}" in several
    assert "b.html has no text: no_text -->" in several
    made = humpback("segments", "pages", "--text", "--out", "t", "--to", "t.jsonl")
    assert "1 rows -> t.jsonl" in made.stdout, made.stderr
    row = json.loads((tmp_path / "t.jsonl").read_text())
    assert (row["text"].strip(), row["header_path"], row["lang"]) == (printed.strip(), ["Ponds"], "en")


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (POND.format("Monks dug them. " * 9).encode(), "Monks dug them."),
        (gzip.compress(b'{"text": "# Ponds\\n\\nMonks dug them."}\n', mtime=0), "Monks dug them."),
        (bz2.compress(POND.format("Monks dug them. " * 9).encode()), "Monks dug them."),
        (lzma.compress(b"Monks dug them.\n\nAll of them."), "Monks dug them."),
        (POND.format("Monks dug them. " * 9).encode("utf-16"), "Monks dug them."),
        (b"{{box}} Monks dug them.", "Monks dug them."),
        (b"\x89PNG\r\n\x1a\n and nothing", None),
        (b'{"text": "# Ponds\\n\\nMonks dug them."}\n', "Monks dug them."),
        (b"Monks dug them.\n\nAll of them.", "Monks dug them."),
        (Path(PAGES).read_bytes(), "chain"),
    ],
    ids=[
        "page",
        "packed records",
        "packed page",
        "packed text",
        "utf-16",
        "braces",
        "picture",
        "records",
        "text",
        "archive",
    ],
)
def test_standard_input(
    humpback: Humpback, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: bytes, text: str | None
) -> None:
    """A page, records, an archive or plain text from another program, known by what it begins with."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    sources._standard_input.cache_clear()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
    told = humpback("segments", "-", "--text")
    if text is None:
        assert (told.returncode, "is of no known kind" in told.stderr) == (2, True)
    else:
        assert text in told.stdout, told.stderr
    sources._standard_input.cache_clear()


def test_the_unit_of_segments(humpback: Humpback, tmp_path: Path) -> None:
    """`--unit` stands over `segment.unit`, and what it may be is told."""
    (tmp_path / "a.html").write_text(
        POND.format("Monks dug the ponds by hand, and a mill stood at each of their dams until the farmers came.")
    )
    wanted = ("--set", "rules.min_chars=20", "--out", "u", "--unit")
    assert "1 rows in u/" in humpback("segments", "a.html", *wanted, "document").stdout
    assert "header_tree" in humpback("segments", "a.html", *wanted, "page").stderr


def test_segments_then_backtranslate_then_the_same_again_at_once(
    humpback: Humpback, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What one made the next one reads, and a command typed again asks no model."""
    cut = humpback("segments", PAGES, "--out", "s", "--limit", "20")
    assert cut.returncode == 0 and "20 rows in s/" in cut.stdout, cut.stderr
    first = humpback("backtranslate", "s", "--lm", "echo", "--out", "b")
    assert first.returncode == 0 and "rows in b/" in first.stdout, first.stderr
    monkeypatch.setattr(engine, "open", lambda *_: Refuses())
    assert humpback("backtranslate", "s", "--lm", "echo", "--out", "b").stdout == first.stdout


def test_texts_under_another_name_are_read_for_backtranslation(humpback: Humpback, tmp_path: Path) -> None:
    """The user's own file calls its text what it likes, here as in `segments`."""
    (tmp_path / "t.jsonl").write_text('{"body": "Oil the chain once a month, and wipe it dry after rain."}\n')
    arguments = ("backtranslate", "t.jsonl", "--lm", "echo", "--out")
    refused(humpback(*arguments, "out"), 1, "1 by 'no_text'")
    done = humpback(*arguments, "other", "--set", "columns.text=body")
    assert done.returncode == 0 and "1 rows in" in done.stdout, done.stderr


def test_what_becomes_of_one_page_is_explained(humpback: Humpback, tmp_path: Path) -> None:
    """Why is my page not in it? is the first question, and rules are answered for block by block."""
    (tmp_path / "page.html").write_text("<html><body><main><h1>Chains</h1><p>Oil it.</p></main></body></html>")
    done = humpback("explain", str(tmp_path / "page.html"), "page.html", "--set", "rules.min_chars=5")
    assert done.returncode == 0 and "Oil it." in done.stdout and not (tmp_path / "runs").exists(), done.stderr
    refused(humpback("explain", "https://nowhere.example", "page.html"), 2, "nowhere.example")


def test_another_setting_in_the_same_folder_is_refused(humpback: Humpback, pairs: str) -> None:
    """The leaf, both values, and the command to type."""
    humpback("guard", pairs, "--out", "out")
    done = humpback("guard", pairs, "--out", "out", "--set", "guards.min_chars=2")
    refused(done, 2, "guards.min_chars = 10, now it is 2", "--set guards.min_chars=2 --out ANOTHER --reuse out")


def test_reuse_takes_over_what_is_the_same(humpback: Humpback, pairs: str) -> None:
    """The hint of the refusal must work when it is typed."""
    humpback("guard", pairs, "--out", "out")
    done = humpback("guard", pairs, "--set", "guards.min_chars=2", "--out", "another", "--reuse", "out")
    assert done.returncode == 0 and "taken over from out" in done.stderr + done.stdout, done.stderr


# Settings.


def test_a_dry_run_shows_the_settings_and_where_they_come_from(humpback: Humpback, tmp_path: Path) -> None:
    """What the base model recommends must not work in secret."""
    done = humpback("run", "demo", "--out", "out", "--set", "curate.k=4", "--limit", "7", "--dry", *EMBEDDED)
    lines = set(done.stdout.splitlines())
    assert {"curate.k = 4.0    # --set", "corpus.sample = 7    # --limit"} <= lines
    assert "backward.context = 'heading'    # recommended by embedded" in lines and not (tmp_path / "out").exists()


def test_presets_stand_over_the_base_and_under_what_is_typed(humpback: Humpback) -> None:
    """A preset that the base's recommendation overrides, or that overrides what was typed, is worth nothing."""
    done = humpback("run", "demo", "--preset", "modern", "--preset", "gpu24", "--set", "sft.clip=0.5", "--dry", *EMBEDDED)
    lines = set(done.stdout.splitlines())
    assert {"sft.schedule = 'cosine'    # preset modern", "sft.lr = 0.0002    # preset gpu24"} <= lines, done.stderr
    assert {"sft.clip = 0.5    # --set", "backward.context = 'heading'    # recommended by embedded"} <= lines


def test_a_preset_sets_what_a_recipe_has_of_it(humpback: Humpback) -> None:
    """Presets set the training of both roles; a recipe that trains one of them has no use for the other's settings."""
    for recipe in ("coin", "sweep", "ablate_data"):
        done = humpback("run", recipe, "--preset", "modern", "--dry")
        assert "sft.schedule = 'cosine'    # preset modern" in done.stdout, done.stderr


def test_the_settings_of_a_run_stand_under_what_is_typed(humpback: Humpback, tmp_path: Path) -> None:
    """An ablation by the class's defaults compares other models than those of its run."""
    made = loop(tmp_path / "run", build(recipes.load("humpback").Settings, [{"measure": {"cases": 11}}]))
    lines = humpback("run", "ablate_data", "--set", f"run={made}", "--set", "sft.steps=5", "--dry").stdout.splitlines()
    assert f"measure.cases = 11    # the run {made}" in lines and "sft.steps = 5    # --set" in lines


def test_recipes_are_listed_with_what_they_do(humpback: Humpback) -> None:
    """The file name is the registration."""
    lines = humpback("recipes").stdout.splitlines()
    assert [line.split()[0] for line in lines] == recipes.names()
    assert {"demo", "humpback", "sweep", "coin", "scaling", "ablate_data", "ablate_tags", "score"} <= set(recipes.names())
    assert all(len(line.split()) > 5 for line in lines)


@pytest.mark.parametrize("name", recipes.names())
@pytest.mark.parametrize("every", [[], ["--all"]])
def test_the_settings_shown_are_those_that_would_be_used(humpback: Humpback, name: str, every: list[str]) -> None:
    """Who saves them, edits one line and runs with them must not have changed the others."""
    text = humpback("recipes", "show", name, *every).stdout
    Path("my.yaml").write_text(text)
    kind = recipes.load(name).Settings
    assert recipes.resolve(kind, [("--config", from_yaml(Path("my.yaml")))])[0] == recipes.resolve(kind, [])[0]


def test_few_settings_are_shown_and_all_on_demand(humpback: Humpback) -> None:
    """Two hundred lines are read by nobody."""
    few, every = (
        dict(leaves(yaml.safe_load(humpback("recipes", "show", "humpback", *more).stdout))) for more in ([], ["--all"])
    )
    own = {leaf for leaf in few if not leaf.startswith("backward_sft.")}
    assert 15 <= len(own) <= 28 and few.items() <= every.items() and len(every) > 120
    assert own == {leaf for leaf, mark in shown(recipes.load("humpback").Settings)
                   if mark.often and not leaf.startswith("backward_sft.")}  # fmt: skip


def test_every_setting_shown_says_what_it_is(humpback: Humpback) -> None:
    """A name and a number tell nobody whether to change it."""
    for name in recipes.names():
        for line in humpback("recipes", "show", name).stdout.splitlines():
            assert line.startswith("#") or "  # " in line, (name, line)


def test_whose_values_they_are_is_told(humpback: Humpback) -> None:
    """Numbers of unknown origin are what presets are made of elsewhere; and another base recommends others."""
    text = humpback("recipes", "show", "humpback", "--preset", "modern", "--all").stdout
    assert "  clip: 0.2  # preset modern: SmolLM3" in text and "  seed: 42  # order of the data" in text
    assert '  context: "heading"  # recommended by embedded; else "none": what' in text
    assert "recommended" not in humpback("recipes", "show", "humpback", "--set", "base=echo", "--all").stdout
    assert "gpu24" in humpback("presets").stdout


def test_settings_from_a_file_are_named_as_such(humpback: Humpback, tmp_path: Path) -> None:
    """Three layers may set one leaf, and the last one wins."""
    (tmp_path / "my.yaml").write_text(yaml.safe_dump(nested("sft.clip", 0.25)))
    assert "sft.clip = 0.25    # --config" in humpback("run", "humpback", "--config", "my.yaml", "--dry").stdout
    (tmp_path / "my.yaml").write_text("- a list\n")
    refused(humpback("run", "humpback", "--config", "my.yaml", "--dry"), 2, "my.yaml holds list, not settings")


# What a run has to tell.


@pytest.mark.parametrize("world", WORLDS)
def test_every_kind_of_run_is_shown(humpback: Humpback, tmp_path: Path, world: str) -> None:
    """What there is of a run can be seen, whatever recipe made it; programs read it as one document."""
    made = str(WORLDS[world](tmp_path / "run"))
    assert humpback("show", made).returncode == 0
    assert json.loads(humpback("show", made, "--json").stdout)
    assert humpback("report", made).stdout.strip().endswith("report.html")


def test_exports_by_what_pairs_may_be_used_for(humpback: Humpback, tmp_path: Path) -> None:
    """An empty file is no answer to a licence that no pair has."""
    made = str(loop(tmp_path / "run"))
    done = humpback("export", made, "--format", "messages", "--out", "pairs.jsonl")
    assert done.returncode == 0 and done.stdout.endswith(" pairs -> pairs.jsonl\n")
    refused(humpback("export", made, "--license", "CC0*", "--out", "free.jsonl"), 2, "allowed by: CC0*", "licences")
    refused(humpback("export", made, "--format", "nonsense", "--out", "x.jsonl"), 2, "no format 'nonsense'")


def test_doctor_asks_the_model_that_is_named(humpback: Humpback) -> None:
    """A model that does not answer is found out before the run's dear part."""
    done = humpback("doctor", "--lm", "echo")
    assert done.returncode == 0 and "label mass" in done.stdout
    refused(humpback("doctor", "--lm", "echo:nowhere.txt"), 2, "nowhere.txt")


# Ends.


def test_a_full_disk_is_a_line_and_keeps_what_is_finished(tmp_path: Path, pairs: str) -> None:
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
        f"sys.argv = ['humpback', 'guard', {pairs!r}, '--out', {str(tmp_path / 'out')!r}]\n"
        "cli.main()\n"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    refused(Done(ended.returncode, ended.stdout, ended.stderr), 1, "the disk is full")
    assert read_json(next((tmp_path / "out").glob("01-*")) / "manifest.json")["place"] == 1
    again = by_itself("guard", pairs, "--out", str(tmp_path / "out"))
    assert again.returncode == 0 and "1 rows in" in again.stdout


@pytest.mark.slow
def test_an_interruption_is_told_with_what_to_do(tmp_path: Path) -> None:
    """Ctrl-C ended with exit code 130 and without a word: is what was done lost?"""
    command = [sys.executable, "-m", "humpback.cli", "run", "demo", "--out", "out", "--limit", "24", *EMBEDDED]
    running = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    limit = time.monotonic() + 50
    while not list((tmp_path / "out").glob("0*-sample")) and time.monotonic() < limit:
        time.sleep(0.05)
    os.kill(running.pid, signal.SIGINT)
    _, told = running.communicate(timeout=50)
    refused(Done(running.returncode, "", told), 1, "interrupted", "type the same command")
