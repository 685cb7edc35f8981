"""The command line: parses, calls, prints. Only here are errors printed: one line of fact, one line of hint.

Exit codes: 0 done, 1 failed, 2 wrong use. Heavy imports stay inside the commands: `humpback --help` answers at once.
"""

import errno
import os
import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

app = typer.Typer(
    help="Instruction backtranslation: web pages in, instruction data and a tuned model out.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
recipes_app = typer.Typer(
    invoke_without_command=True, rich_markup_mode=None, help="List the recipes, or show one's settings."
)
app.add_typer(recipes_app, name="recipes")

Out = Annotated[Path, typer.Option("--out", help="Folder of the run; the same command there goes on where it stopped.")]
Sets = Annotated[list[str] | None, typer.Option("--set", metavar="A.B=C", help="Set one setting; may be repeated.")]
Presets = Annotated[
    list[str] | None, typer.Option("--preset", help="Settings by name (`humpback presets`); may be repeated.")
]
ConfigFile = Annotated[Path | None, typer.Option("--config", help="YAML file of settings.")]
Workers = Annotated[int, typer.Option(min=1, help="Processes for the corpus stages; results do not depend on it.")]
Model = Annotated[str, typer.Option("--lm", help="backend:model, for example embedded or transformers:PATH.")]


@app.command(epilog="Example: humpback run humpback --out runs/a --set seed.path=seed.jsonl --set corpus.inputs='[pages]'")
def run(
    recipe: Annotated[str, typer.Argument(help="The recipe; `humpback recipes` lists them.")],
    out: Annotated[Path | None, typer.Option("--out", help="Folder of the run; the same command goes on there.")] = None,
    preset: Presets = None,
    config: ConfigFile = None,
    set_: Sets = None,
    workers: Workers = 1,
    limit: Annotated[int | None, typer.Option(min=1, help="Use at most so many segments (corpus.sample).")] = None,
    reuse: Annotated[Path | None, typer.Option(help="Take over what another run finished under the same plan.")] = None,
    dry: Annotated[bool, typer.Option("--dry", help="Print the settings that would be used, and stop.")] = False,
) -> None:
    """Run a recipe, or go on with it; a finished run returns at once."""
    from humpback import recipes
    from humpback.errors import UsageFault
    from humpback.report.show import show_run

    module = recipes.load(recipe)
    sets = [*(set_ or []), *([f"corpus.sample={limit}"] if limit else [])]
    settings, origin = _settings(module.Settings, config, sets, base=True, presets=preset or [])
    if dry:
        _print_settings(settings, origin)
        return
    if out is None:
        raise UsageFault("there is no --out", f"humpback run {recipe} --out runs/{recipe}")
    with _run(out, recipe, settings, workers, reuse) as opened:
        module.recipe(opened, settings)
    show_run(out)


@recipes_app.callback()
def recipes_list(context: typer.Context) -> None:
    """List the recipes, each with what it does."""
    from humpback import recipes

    if context.invoked_subcommand is None:
        for name in recipes.names():
            print(f"{name:<15} {(recipes.load(name).__doc__ or '').splitlines()[0]}")


@recipes_app.command("show", epilog="Example: humpback recipes show humpback > my.yaml")
def recipes_show(name: Annotated[str, typer.Argument(help="The recipe.")], preset: Presets = None) -> None:
    """A recipe's settings as YAML, each with its default and the reason for it, or its value by presets and their source."""
    from humpback import recipes
    from humpback.settings_text import as_yaml_of
    from humpback.train.presets import sources

    settings, _ = _settings(recipes.load(name).Settings, None, [], presets=preset or [])
    print(as_yaml_of(settings, sources(preset or [])))


@app.command(
    epilog="Example: humpback presets; humpback recipes show humpback --preset modern shows the source of each value"
)
def presets() -> None:
    """List the presets for training: whose recipe, and what fits which card."""
    from humpback.train.presets import described

    for line in described():
        print(line)


@app.command(epilog="Example: humpback segments 'pages/*.warc.gz' --out runs/segments --to segments.jsonl")
def segments(
    inputs: Annotated[
        list[str], typer.Argument(help="Archives, pages, texts, tables, books: paths, folders, globs, addresses.")
    ],
    out: Annotated[Path | None, typer.Option("--out", help="Folder of the run.")] = None,
    to: Annotated[Path | None, typer.Option("--to", help="Write the segments to this file too, .jsonl or .parquet.")] = None,
    explain: Annotated[str | None, typer.Option(metavar="URL", help="Say what became of one page, and run nothing.")] = None,
    config: ConfigFile = None,
    set_: Sets = None,
    workers: Workers = 1,
) -> None:
    """Cut pages into segments that may be answers: the corpus stages alone."""
    from humpback import alone
    from humpback.errors import UsageFault
    from humpback.export import writer

    settings, _ = _settings(alone.SegmentsSettings, config, set_ or [], {"inputs": inputs})
    if explain:
        for line in alone.explain_page(settings, explain):
            print(line)
        return
    if out is None:
        raise UsageFault("there is no --out", "humpback segments INPUT --out runs/segments")
    write = writer(to) if to else None
    with _run(out, "segments", settings, workers) as opened:
        dataset = alone.segments(opened, settings)
    _told(dataset, out)
    if write:
        print(f"{write(dataset.rows(), dataset.columns)} rows -> {to}")


@app.command(epilog="Example: humpback backtranslate runs/segments --lm transformers:runs/a/09-backward --out runs/pairs")
def backtranslate(
    texts: Annotated[str, typer.Argument(help="A folder of `humpback segments`, or JSONL or Parquet with `text`.")],
    out: Out,
    lm: Model,
    set_: Sets = None,
) -> None:
    """Write the instruction that each text answers, with a backward or an instruct model."""
    from humpback import alone

    settings, _ = _settings(alone.BacktranslateSettings, None, set_ or [], {"texts": texts, "lm": lm}, base=True)
    with _run(out, "backtranslate", settings) as opened:
        _told(alone.backtranslate_texts(opened, settings), out)


@app.command(epilog="Example: humpback score pairs.jsonl --lm transformers:runs/a/10-forward-0 --out runs/scored")
def score(
    pairs: Annotated[str, typer.Argument(help="JSONL or Parquet with instruction and response.")],
    out: Out,
    lm: Model,
    set_: Sets = None,
) -> None:
    """Judge pairs on the five-level rubric, and measure their likelihood gain."""
    from humpback import alone
    from humpback.report.show import show_rounds

    settings, _ = _settings(alone.ScoreSettings, None, set_ or [], {"pairs": pairs, "lm": lm}, base=True)
    with _run(out, "score", settings) as opened:
        _told(alone.score(opened, settings), out)
    show_rounds(out)


@app.command(epilog="Example: humpback guard pairs.jsonl --out runs/guarded")
def guard(
    pairs: Annotated[str, typer.Argument(help="JSONL or Parquet with instruction and response.")],
    out: Out,
    set_: Sets = None,
    workers: Workers = 1,
) -> None:
    """Drop pairs whose instruction is a leaked prompt, a copy of the answer, runaway, empty, or in another language."""
    from humpback import alone

    settings, _ = _settings(alone.GuardSettings, None, set_ or [], {"pairs": pairs})
    with _run(out, "guard", settings, workers) as opened:
        _told(alone.guard(opened, settings), out)


@app.command(epilog="Example: humpback show runs/demo")
def show(run_: Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a run.")]) -> None:
    """The funnel of a run: read, kept, dropped by reason, and its models and examples as far as they are made."""
    from humpback.report.show import show_run

    show_run(run_)


@app.command(epilog="Example: humpback report runs/demo")
def report(run_: Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a run.")]) -> None:
    """Write RUN/report.html: one page that opens offline."""
    from humpback.report import write_report

    print(write_report(run_))


@app.command(epilog="Example: humpback export runs/demo --format messages --out pairs.jsonl")
def export(
    run_: Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a run.")],
    out: Annotated[Path, typer.Option("--out", help="File to write, .jsonl or .parquet.")],
    format_: Annotated[str, typer.Option("--format", help="messages, prompt-completion, alpaca or sharegpt.")] = "messages",
    seed: Annotated[bool, typer.Option("--seed", help="Put the training seed before the selected pairs.")] = False,
) -> None:
    """Write the selected pairs in a format that trainers read."""
    from humpback.export import export as write

    print(f"{write(run_, format_, out, seed)} pairs -> {out}")


@app.command(epilog="Example: humpback doctor --lm embedded")
def doctor(lm: Model = "embedded") -> None:
    """What is installed, which accelerators there are, and one call to a model."""
    from humpback.doctor import examine

    for line in examine(lm):
        print(line)


def _settings(
    kind: Any,
    config: Path | None,
    sets: list[str],
    given: Mapping[str, Any] | None = None,
    base: bool = False,
    presets: Sequence[str] = (),
) -> tuple[Any, dict[str, str]]:
    """The settings of `kind` from all layers, and where each leaf that is not the default came from."""
    from humpback.config import build, from_assignment, from_yaml, leaves, merge
    from humpback.lm.spec import recommended
    from humpback.train.presets import layers as preset_layers

    layers: list[tuple[str, Mapping[str, Any]]] = [("--config", from_yaml(config))] if config else []
    layers += [("--set", from_assignment(text)) for text in sets]
    layers += [("the command line", given)] if given else []
    layers = [*preset_layers(presets), *layers]
    if base:
        wanted: Mapping[str, Any] = {}
        for _, layer in layers:
            wanted = merge(wanted, layer)
        name = str(wanted.get("lm") or wanted.get("base") or kind.model_fields["base"].default)
        known = {key: value for key, value in recommended(name).items() if key in kind.model_fields}
        layers.insert(0, (f"recommended by {name}", known))
        if "run" in kind.model_fields and wanted.get("run"):
            layers.insert(1, (f"the run {wanted['run']}", _settings_of(Path(str(wanted["run"])))))
    origin = {leaf: source for source, layer in layers for leaf, _ in leaves(layer)}
    return build(kind, [layer for _, layer in layers]), origin


def _settings_of(run: Path) -> dict[str, Any]:
    """What the run was made with, for a recipe that starts from it."""
    from humpback.recipes._arms import settings_of

    return settings_of(run)


def _print_settings(settings: Any, origin: dict[str, str]) -> None:
    from humpback.config import leaves

    for leaf, value in leaves(settings.model_dump(mode="json")):
        print(f"{leaf} = {value!r}" + (f"    # {origin[leaf]}" if leaf in origin else ""))


def _run(out: Path, recipe: str, settings: Any, workers: int = 1, reuse: Path | None = None) -> Any:
    from humpback.progress import Progress
    from humpback.run import Run

    words = [a for a in sys.argv[1:] if a != str(out)]
    again = "humpback " + " ".join(shlex.quote(w) for w in words if w != "--out" and not w.startswith("--out="))
    hint = f"{again} --out ANOTHER --reuse {out}" if recipe in _recipe_names() else f"{again} --out ANOTHER"
    return Run(out, recipe, settings, workers=workers, reuse=reuse, again=hint, progress=Progress())


def _recipe_names() -> list[str]:
    from humpback import recipes

    return recipes.names()


def _told(dataset: Any, out: Path) -> None:
    from humpback.report.show import show_funnel

    show_funnel(out)
    print(f"{len(dataset)} rows in {dataset.path}")


def _fail(fact: str, hint: str, code: int) -> int:
    sys.stderr.write(f"error: {fact}\n" + (f"hint:  {hint}\n" if hint else ""))
    return code


def main() -> None:
    """Run the command line; `--debug` anywhere shows tracebacks."""
    from humpback.errors import HumpbackError

    debug = "--debug" in sys.argv
    sys.argv = [argument for argument in sys.argv if argument != "--debug"]
    try:
        app()
    except HumpbackError as error:
        if debug:
            raise
        sys.exit(_fail(error.fact, error.hint, error.exit_code))
    except KeyboardInterrupt:
        sys.exit(_fail("interrupted", "type the same command to go on where it stopped", 1))
    except OSError as error:
        if debug:
            raise
        full = error.errno == errno.ENOSPC
        fact = f"the disk is full: {error.filename or ''}" if full else f"{error.strerror or error}: {error.filename or ''}"
        sys.exit(_fail(fact.rstrip(": "), "what is finished is kept; make room and type the same command to go on", 1))
    except Exception as error:
        if debug:
            raise
        sys.exit(_fail(f"{type(error).__name__}: {error}", "this looks like a bug; --debug shows where", 1))


if __name__ == "__main__":
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    main()
