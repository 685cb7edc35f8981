"""The command line: parses, calls, prints. Only here are errors printed: one line of fact, one line of hint.

Exit codes: 0 done, 1 failed, 2 wrong use. Heavy imports stay inside the commands: `humpback --help` answers at once. Recipes
of one stage are commands of their own, whose arguments their settings name; none is known here by its name.
"""

import errno
import inspect
import os
import shlex
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

# Typer's error for what is typed wrongly, which it gives no name of its own, and what it returns after a Ctrl-C.
WrongUse: Any = typer.BadParameter.__base__
INTERRUPTED = 130

app = typer.Typer(
    help="Instruction backtranslation: web pages in, instruction data and a tuned model out.",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
recipes_app = typer.Typer(
    invoke_without_command=True, rich_markup_mode=None, help="List the recipes, or show one's settings."
)
app.add_typer(recipes_app, name="recipes")

Out = Annotated[Path | None, typer.Option("--out", help="Folder of the run; the same command there goes on.")]
Sets = Annotated[list[str] | None, typer.Option("--set", metavar="A.B=C", help="Set one setting; may be repeated.")]
Presets = Annotated[
    list[str] | None, typer.Option("--preset", help="Settings by name (`humpback presets`); may be repeated.")
]
ConfigFile = Annotated[Path | None, typer.Option("--config", help="YAML file of settings.")]
EngineName = Annotated[str, typer.Option("--engine", help="Where the work is done.")]
Workers = Annotated[int, typer.Option(min=1, help="Processes for stages without a model; results do not depend on it.")]
Limit = Annotated[int | None, typer.Option(min=1, help="Use at most so many segments.")]
Reuse = Annotated[Path | None, typer.Option(help="Take over what another run finished under the same plan.")]
Dry = Annotated[bool, typer.Option("--dry", help="Print the settings that would be used, and stop.")]
Small = Annotated[Path | None, typer.Option("--forecast", help="Print what it will ask, told from this small run.")]
To = Annotated[Path | None, typer.Option("--to", help="Write the rows to this file too, .jsonl, .json or .parquet.")]
RunFolder = Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a run.")]


@app.command(epilog="Example: humpback run humpback --out runs/a --set seed.path=seed.jsonl --set corpus.inputs='[pages]'")
def run(
    recipe: Annotated[str, typer.Argument(help="The recipe; `humpback recipes` lists them.")],
    out: Out = None,
    preset: Presets = None,
    config: ConfigFile = None,
    set_: Sets = None,
    engine: EngineName = "local",
    workers: Workers = 1,
    limit: Limit = None,
    reuse: Reuse = None,
    dry: Dry = False,
    forecast: Small = None,
) -> None:
    """Run a recipe, or go on with it; a finished run returns at once."""
    _carry_out(recipe, {}, out, preset, config, set_, engine, workers, limit, reuse, dry, small=forecast)


def _carry_out(
    recipe: str, given: Mapping[str, Any], out: Path | None, preset: list[str] | None, config: Path | None,
    set_: list[str] | None, engine: str, workers: int, limit: int | None, reuse: Path | None, dry: bool,
    to: Path | None = None, small: Path | None = None,
) -> None:  # fmt: skip
    from humpback import recipes
    from humpback.config import from_yaml, leaves, nested
    from humpback.errors import UsageFault
    from humpback.exports import writer
    from humpback.report import show as show_run

    module = recipes.load(recipe)
    layers: list[tuple[str, Mapping[str, Any]]] = [("--config", from_yaml(config))] if config else []
    layers += [("--set", each) for each in _assigned(set_ or [])]
    layers += [("--limit", nested(recipes.limit(module.Settings, recipe), limit))] if limit else []
    layers += [("the command line", nested(leaf, value)) for leaf, value in given.items()]
    settings, origin = recipes.resolve(module.Settings, layers, preset or [])
    if dry:
        for leaf, value in leaves(settings.model_dump(mode="json")):
            print(f"{leaf} = {value!r}" + (f"    # {origin[leaf]}" if leaf in origin else ""))
        return
    if small:
        from humpback.forecast import forecast, lines

        print(*lines(forecast(small, settings)), sep="\n")
        return
    printed = module.printed(settings) if out is None and to is None and hasattr(module, "printed") else None
    if printed is not None:
        for text in printed:
            print(text)
        return
    if out is None:
        raise UsageFault("there is no --out", f"add a folder for the run: --out runs/{recipe}")
    write = writer(to) if to else None
    with _opened(out, recipe, settings, engine, workers, reuse) as opened:
        made = module.recipe(opened, settings)
    show_run(out)
    if made is not None:
        print(f"{len(made)} rows in {made.path}")
    if write and made is not None:
        print(f"{write(made.rows(), made.columns)} rows -> {to}")


def _assigned(texts: list[str]) -> list[Mapping[str, Any]]:
    from humpback.config import from_assignment

    return [from_assignment(text) for text in texts]


def _opened(out: Path, recipe: str, settings: Any, engine: str, workers: int, reuse: Path | None) -> Any:
    from humpback import engine as engines
    from humpback.progress import Progress
    from humpback.run import Run

    words = [word for word in sys.argv[1:] if word != str(out)]
    again = "humpback " + " ".join(shlex.quote(w) for w in words if w != "--out" and not w.startswith("--out="))
    progress = Progress()
    return Run(
        out, recipe, settings, engine=engines.open(engine, workers, progress), reuse=reuse,
        again=f"{again} --out ANOTHER --reuse {out}", progress=progress,
    )  # fmt: skip


def verb(name: str, module: Any) -> Callable[..., None]:
    """The command of a recipe of one stage: what its settings say is an argument or an option, and what all have."""
    from humpback.config import shown

    typed, unknown = [], {"given"}
    if not any(mark.layer == "limit" for _, mark in shown(module.Settings)):
        unknown.add("limit")
    for leaf, mark in shown(module.Settings):
        if mark.place:
            field = module.Settings.model_fields[leaf]
            kind: Any = list[str] if str(field.annotation).startswith("tuple") else str
            placed: Any = typer.Argument(help=mark.help)
            default: Any = inspect.Parameter.empty
            if mark.place == "option":
                # What is not typed is None, so that it stands over nothing that --config or --set says.
                unset = f" Unset: {field.default}." if field.default else ""
                placed = typer.Option(f"--{leaf.replace('_', '-')}", help=f"{mark.help}{unset}")
                kind, default = (bool if field.annotation is bool else kind) | None, None
            typed.append(
                inspect.Parameter(leaf, inspect.Parameter.KEYWORD_ONLY, annotation=Annotated[kind, placed], default=default)
            )

    def command(
        *, out: Out = None, to: To = None, preset: Presets = None, config: ConfigFile = None, set_: Sets = None,
        engine: EngineName = "local", workers: Workers = 1, limit: Limit = None, reuse: Reuse = None, dry: Dry = False,
        **given: Any,
    ) -> None:  # fmt: skip
        said = {leaf: value for leaf, value in given.items() if value is not None}
        _carry_out(name, said, out, preset, config, set_, engine, workers, limit, reuse, dry, to)

    common = [each for each in inspect.signature(command).parameters.values() if each.name not in unknown]
    command.__signature__ = inspect.Signature([*typed, *common])  # type: ignore[attr-defined]
    return command


@recipes_app.callback()
def recipes_list(context: typer.Context) -> None:
    """List the recipes, each with what it does."""
    from humpback import recipes

    if context.invoked_subcommand is None:
        for name in recipes.names():
            print(f"{name:<15} {recipes.about(name)[0]}")


@recipes_app.command("show", epilog="Example: humpback recipes show humpback > my.yaml")
def recipes_show(
    name: Annotated[str, typer.Argument(help="The recipe.")],
    preset: Presets = None,
    set_: Sets = None,
    every: Annotated[bool, typer.Option("--all", help="All settings, not only those that people change.")] = False,
) -> None:
    """A recipe's settings as YAML, each with its default and the reason for it, or its value and who recommends it.

    Models recommend settings: --set base=MODEL shows those that go with another base.
    """
    from humpback import recipes
    from humpback.settings_text import as_yaml
    from humpback.train.presets import sources

    settings, origin = recipes.resolve(
        recipes.load(name).Settings, [("--set", each) for each in _assigned(set_ or [])], preset or []
    )
    print(as_yaml(settings, {**origin, **sources(preset or [])}, every))
    if not every:
        print(f"# all settings: humpback recipes show {name} --all")


@app.command(
    epilog="Example: humpback presets; humpback recipes show humpback --preset modern shows the source of each value"
)
def presets() -> None:
    """List the presets for training: whose recipe, and what fits which card."""
    from humpback.train.presets import described

    for line in described():
        print(line)


@app.command(epilog="Example: humpback explain https://example.org/chains 'pages/*.warc.gz'")
def explain(
    url: Annotated[str, typer.Argument(help="The address of the page.")],
    inputs: Annotated[list[str], typer.Argument(help="Where the page is: archives, files, folders.")],
    config: ConfigFile = None,
    set_: Sets = None,
) -> None:
    """Say what becomes of one page, block by block, and run nothing."""
    from humpback.config import build, from_yaml
    from humpback.corpus.explain import explain as lines
    from humpback.corpus.pages import CorpusSettings

    layers = [*([from_yaml(config)] if config else []), *_assigned(set_ or []), {"inputs": inputs}]
    for line in lines(build(CorpusSettings, layers), url):
        print(line)


@app.command(epilog="Example: humpback show runs/demo")
def show(
    run_: RunFolder, json: Annotated[bool, typer.Option("--json", help="As one JSON document, for programs.")] = False
) -> None:
    """What a run has so far: read, kept, dropped by reason, its rounds, models, measurements and examples."""
    from humpback.report import show as show_run

    show_run(run_, as_json=json)


@app.command(epilog="Example: humpback report runs/demo")
def report(run_: RunFolder) -> None:
    """Write RUN/report.html: one page that opens offline."""
    from humpback.report import write_report

    print(write_report(run_))


@app.command(epilog="Example: humpback view runs/demo")
def view(
    run_: RunFolder, port: Annotated[int, typer.Option(min=1024, max=65535, help="Where, on this machine alone.")] = 8642
) -> None:
    """Look at every row of a run in the browser: search, follow, label, compare blindly."""
    from humpback.view import serve

    serve(run_, port)


@app.command(epilog="Example: humpback export runs/demo --format messages --out pairs.jsonl")
def export(
    run_: RunFolder,
    out: Annotated[Path, typer.Option("--out", help="File to write, .jsonl, .json or .parquet.")],
    format_: Annotated[
        str, typer.Option("--format", help="messages, prompt-completion, alpaca, sharegpt, preference, preference-backward.")
    ] = "messages",
    seed: Annotated[bool, typer.Option("--seed", help="Put the training seed before the selected pairs.")] = False,
    license_: Annotated[
        list[str] | None, typer.Option("--license", metavar="PATTERN", help="Only pairs under such a licence; repeatable.")
    ] = None,
    opt_out: Annotated[bool, typer.Option(help="Also pairs of pages that opted out of such use.")] = True,
    card: Annotated[bool, typer.Option("--card", help="Write README.md beside it: the data set's card for a hub.")] = False,
) -> None:
    """Write the selected pairs in a format that trainers read."""
    from humpback.errors import UsageFault
    from humpback.exports import export as write
    from humpback.report.card import write_card

    if card and out.with_name("README.md").exists():
        raise UsageFault(f"{out.with_name('README.md')} is there already", "export into a folder of its own")
    print(f"{write(run_, format_, out, seed, licenses=license_ or (), opt_out=opt_out)} pairs -> {out}")
    if card:
        print(f"card -> {write_card(run_, out, format_)}")


@app.command(epilog="Example: humpback doctor --lm embedded")
def doctor(
    lm: Annotated[str, typer.Option("--lm", help="backend:model, for example embedded or transformers:PATH.")] = "embedded",
) -> None:
    """What is installed, which accelerators there are, and one call to a model."""
    from humpback.doctor import examine

    for line in examine(lm):
        print(line)


def add_verbs(wanted: str) -> None:
    """The recipes of one stage as commands; only the one that is typed is loaded."""
    from humpback import recipes

    for name in recipes.verb_names():
        help_, *_, example = recipes.about(name)
        typed = verb(name, recipes.load(name)) if name == wanted else lambda: None
        app.command(name, help=help_, epilog=f"Example: {example}")(typed)


def _fail(fact: str, hint: str, code: int) -> int:
    sys.stderr.write(f"error: {fact}\n" + (f"hint:  {hint}\n" if hint else ""))
    return code


def _writable(arguments: list[str]) -> list[str]:
    """Paths whose bytes are no UTF-8 as addresses, which settings and rows can hold."""
    if all(argument.isprintable() for argument in arguments):
        return arguments
    from humpback.corpus.documents.files import shown

    before = ["", *arguments]
    return [each if before[i].startswith("-") else shown(each) for i, each in enumerate(arguments)]


def main() -> None:
    """Run the command line; `--debug` anywhere shows tracebacks."""
    from humpback.errors import HumpbackError

    debug = "--debug" in sys.argv
    sys.argv = _writable([argument for argument in sys.argv if argument != "--debug"])
    try:
        add_verbs(next(iter(sys.argv[1:]), ""))
        code = app(sys.argv[1:] or ["--help"], prog_name="humpback", standalone_mode=False)
        if code == INTERRUPTED:
            sys.exit(_fail("interrupted", "type the same command to go on where it stopped", 1))
    except HumpbackError as error:
        if debug:
            raise
        sys.exit(_fail(error.fact, error.hint, error.exit_code))
    except WrongUse as error:
        within = error.ctx.command_path if error.ctx else "humpback"
        sys.exit(_fail(error.format_message().rstrip("."), f"see: {within} --help", 2))
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
