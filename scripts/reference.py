"""The reference pages in docs/reference, written from the code.

    python scripts/reference.py            write them
    python scripts/reference.py --check    say which of them are not as the code is, and write nothing

Whoever changes a default, a description, an option or a metric runs it; a test runs the check.
"""

import argparse
import inspect
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args, get_origin

import pyarrow as pa
import typer
from in_code import metrics_of, settings_read

from humpback import cli, engine, exports, lm, recipes, schema
from humpback.config import PACE, Config, Planned, Shown, build, leaves
from humpback.corpus.documents.formats import formats
from humpback.corpus.rules import quality
from humpback.curate import scorers
from humpback.guards import checks
from humpback.lm.spec import recommended
from humpback.train.presets import PRESETS, described

TREE = Path(__file__).parents[1]
PAGES, SOURCE = TREE / "docs" / "reference", TREE / "src" / "humpback"
HEAD = "<!-- Written by scripts/reference.py from the code: change it there, then run the script. -->\n\n"
WIDTH = 100
COLUMNS = ("setting", "default", "what it is, and whose value", "changes rows")


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join("| " + " | ".join(" ".join(cell.split()).replace("|", "\\|") for cell in row) + " |" for row in lines)


def plain(value: Any) -> str:
    """A value as it is typed."""
    if value is None or value == "":
        return "unset" if value is None else "empty"
    return f"`{json.dumps(value, ensure_ascii=False, default=str)}`".replace(str(SOURCE), "PACKAGE")


def codes(names: Iterable[str]) -> str:
    return " ".join(f"`{name}`" for name in names if name)


def page(*parts: str) -> str:
    return "\n\n".join(parts)


def first(text: str | None) -> str:
    """The first paragraph of a docstring."""
    return " ".join((text or "").split("\n\n")[0].split())


def document(module: str) -> str:
    return first(import_module(module).__doc__)


class Leaf(NamedTuple):
    """A setting: `often`, people change it; `in_plan`: rows change with it."""

    name: str
    often: bool
    default: str
    help: str
    in_plan: str

    def row(self, path: str) -> list[str]:
        typed = f"`{path}{self.name}`"
        return [f"**{typed}**" if self.often else typed, self.default, self.help, self.in_plan]


Group = tuple[str, type[Config], list[Leaf]]


def inside(annotation: Any) -> Iterator[Any]:
    """A type, and the types and marks within it."""
    yield annotation
    for part in (*getattr(annotation, "__metadata__", ()), *get_args(annotation)):
        yield from inside(part)


def nested(annotation: Any) -> type[Config] | None:
    """The class of a setting that is itself settings."""
    return annotation if isinstance(annotation, type) and issubclass(annotation, Config) else None


def leaf(name: str, field: Any, value: Any) -> Leaf:
    marks = [*field.metadata, *inside(field.annotation)]
    told = [mark for mark in marks if isinstance(mark, Shown)]
    help_ = field.description or next((mark.help for mark in told if mark.help), "")
    allowed = [str(each) for part in inside(field.annotation) if get_origin(part) is Literal for each in get_args(part)]
    if any(each not in help_ for each in allowed):
        help_ += f"{'; ' if help_ else ''}one of {', '.join(f'`{each}`' for each in allowed)}"
    by_content = any(isinstance(mark, Planned) for mark in marks)
    in_plan = "no" if PACE in marks else "yes, by content" if by_content else "yes"
    return Leaf(name, any(mark.often or mark.place for mark in told), plain(value), help_, in_plan)


def groups(kind: type[Config], value: Config, path: str = "") -> Iterator[Group]:
    """(dotted path, class, its own settings) of a class of settings, and of those in it."""
    fields = kind.model_fields.items()
    yield path, kind, [leaf(name, f, getattr(value, name)) for name, f in fields if not nested(f.annotation)]
    for name, field in fields:
        if inner := nested(field.annotation):
            yield from groups(inner, getattr(value, name), f"{path}{name}.")


def groups_of(recipe: str) -> list[Group]:
    kind = recipes.load(recipe).Settings
    return list(groups(kind, build(kind, [])))


def titled(group: Group) -> str:
    path, kind, found = group
    title = f"**`{path[:-1]}`**: {first(kind.__doc__)}\n\n" if path else ""
    return title + table(COLUMNS, [each.row(path) for each in found])


# Settings that were shown of a recipe before: (dotted name, what it is) -> the recipe.
Told = dict[tuple[str, Leaf], str]


def beside(recipe: str, told: Told) -> Iterator[str]:
    """What the settings of a recipe have that those of `humpback` have not, or not so."""
    whole = {path: found for path, _, found in groups_of("humpback")}
    of = {kind: path for path, kind, _ in groups_of("humpback") if path}
    same: list[str] = []
    rows: list[list[str]] = []
    titles: list[str] = []
    for path, kind, found in groups_of(recipe):
        left = [each for each in found if each not in whole.get(path, [])]
        like = of.get(kind, "") if path not in whole else ""
        other = [each for each in left if each not in whole.get(like, [])]
        if like and len(other) < len(left):
            same.append(f"`{path}*` as `{like}*`" + (" but for what is below" if other else ""))
        again = [each for each in other if (path + each.name, each) in told]
        for before in dict.fromkeys(told[path + each.name, each] for each in again):
            names = [f"`{path}{each.name}`" for each in again if told[path + each.name, each] == before]
            same.append(f"{', '.join(names)} as in `{before}`")
        other = [each for each in other if each not in again]
        told.update({(path + each.name, each): recipe for each in other})
        if other and path and path not in whole and not like:
            titles.append(titled((path, kind, other)))
        else:
            rows += [each.row(path) for each in other]
    yield from [f"{'; '.join(same)}."] if same else []
    yield from [table(COLUMNS, rows)] if rows else []
    yield from titles


def taken(recipe: str) -> str:
    """Which settings a recipe has in common with `humpback`, with the same defaults."""
    whole = {path + each.name: each for path, _, found in groups_of("humpback") for each in found}
    own = {path + each.name: each for path, _, found in groups_of(recipe) for each in found}
    if whole.keys() <= own.keys():
        return "All settings of `humpback`, and:"
    shared = [name for name, each in own.items() if whole.get(name) == each]
    heads = dict.fromkeys(f"{name.split('.')[0]}.*" if "." in name else name for name in shared)
    return f"As in `humpback`: {', '.join(f'`{each}`' for each in heads)}." if heads else ""


def settings_page() -> str:
    usual = [[f"`{name}`", plain(value)] for name, value in leaves(recommended("embedded"))]
    names = [name for name in recipes.names() if name != "humpback"]
    parts = [
        "# Settings",
        "Type them as `--set NAME=VALUE`, or in a YAML file for `--config`. **Bold** are those that `humpback recipes show "
        'RECIPE` prints; `--all` prints every one. "Changes rows": what says yes is in the plan of what it changes, and a '
        'finished folder is refused under another value; "by content" means that the file, model or dataset that is named '
        "counts, and not its name; what says no may change on a finished run.",
        f"## humpback\n\n{recipes.about('humpback')[0]}",
        *(titled(each) for each in groups_of("humpback") if each[2]),
        "### What the model `embedded` recommends\n\nThese take the place of the defaults where `base=embedded`, which is "
        "the default; `--dry` shows where each value comes from.",
        table(("setting", "value"), usual),
    ]
    told: Told = {}
    for name in names:
        parts += [f"## {name}\n\n{recipes.about(name)[0]}", *filter(None, [taken(name)]), *beside(name, told)]
    return page(*parts)


def presets_page() -> str:
    parts = ["# Presets", "`--preset NAME`, or several, later over earlier. Memory is calculated, and not measured."]
    for line, (name, each) in zip(described(), PRESETS.items(), strict=True):
        rows = [[f"`{path}`", plain(value), source] for path, (value, source) in each.values.items()]
        parts += [f"## {name}\n\n{line.removeprefix(name).strip()}", table(("setting", "value", "source"), rows)]
    return page(*parts)


def bounded(functions: Iterable[Callable[..., Any]], kind: type[Config]) -> str:
    """A table of checks in their order, with the settings that each reads."""
    rows = []
    for check in functions:
        fields = {name: kind.model_fields[name] for name in settings_read(check) if name in kind.model_fields}
        told = " ".join(inspect.getdoc(check).split()) if check.__doc__ else ""  # type: ignore[union-attr]
        values = [f"`{name}` = {plain(field.default)}: {field.description}" for name, field in fields.items()]
        rows.append([f"`{check.__name__}`", told, "<br>".join(values)])
    return table(("name", "what it looks at", "settings"), rows)


def checks_page() -> str:
    return page(
        "# Guards and rules",
        "Each is a function whose name is the reason of its drops. They are asked in this order, and the first that a "
        "row fails counts; what was measured is the drop's value.",
        f"## Guards of pairs\n\n{first(checks.__doc__)} Settings: `guards.*`.",
        bounded(checks.GUARDS, checks.GuardConfig),
        "## Rules of segments\n\nSettings: `corpus.rules.*`. Nested segments that pass all of them are told apart by "
        "`overlap`: the others of them drop under that name.",
        bounded(quality.RULES, quality.RuleConfig),
    )


def scorers_page() -> str:
    bounds = build(recipes.load("humpback").Settings, []).curate
    rows, texts = [], []
    for name in scorers.names():
        each = scorers.load(name, bounds)
        better = "more" if each.higher else "less"
        better += f"; above {each.over:g}" if each.over is not None else ""
        better += f"; in `curate.{each.bounded_by}`" if each.bounded_by else ""
        needs = f"`{each.needs}`" if each.needs else ""
        rows.append([f"`{name}`", document(f"{scorers.__name__}.{name}"), better, needs, each.part])
        columns = ", ".join(f"`{column}` {kind}" for column, kind in each.columns.items())
        texts.append([f"`{name}`", columns, f"`{each.status}`" if each.status else ""])
    return page(
        "# Scorers",
        "Names for `curate.by`, `combine`, and `scorers` of `score` and `sweep`. A scorer that asks a model beside those of "
        'the run needs the setting that names it. "Measured with": those of one part share their calls.',
        table(("scorer", "says", "better is", "needs", "measured with"), rows),
        "## Columns that they write",
        table(("scorer", "columns", "says why it is null"), texts),
    )


def backends_page() -> str:
    parts = [
        "# Backends",
        'A model is named `backend:model@address?option=value&option=value`. "Changes answers": what says yes belongs to '
        "the plan; what says no changes only the pace.",
    ]
    for name in lm.backends():
        parts.append(f"## {name}\n\n{document(f'{lm.__name__}.{name}')}")
        kind = import_module(f"{lm.__name__}.{name}").Options
        found = [leaf(option, field, field.default) for option, field in kind.model_fields.items()]
        columns = ("option", "default", "what it is", "changes answers")
        parts.append(table(columns, [each.row("") for each in found]) if found else "It has no options.")
    return page(*parts)


def rows_page() -> str:
    kinds = ("SOURCE", "DOCUMENT", "SEGMENT", "PAIR", "TRIPLE", "METRIC", "DROPPED")
    parts = ["# Columns of rows", "Scored pairs have the columns of pairs and those of [all scorers](scorers.md)."]
    for kind in kinds:
        found: pa.Schema = getattr(schema, kind)
        pair = kind == "TRIPLE"
        own = [f"`{each.name}` {each.type}" for each in found if not (pair and each.name in schema.PAIR.names)]
        parts.append(f"## {kind}\n\n" + ("Those of PAIR, and " if pair else "") + ", ".join(own))
    return page(*parts)


def metrics_page() -> str:
    parts = [
        "# Metrics",
        "Rows of datasets of the kind `metrics`: what each function of the code measures, with the unit where the code "
        "names one. Names with … are completed by a column or a part. The columns of a row: [rows](rows.md#metric).",
    ]
    for path in sorted(SOURCE.rglob("*.py")):
        lines = [] if path.parent.name == "metrics" else list(metrics_of(path))
        if lines:
            told = document(".".join(path.relative_to(SOURCE.parent).with_suffix("").parts))
            parts.append(f"## {path.relative_to(SOURCE)}\n\n{told}\n\n" + "\n".join(lines))
    return page(*parts)


def files_page() -> str:
    read = [
        [f"`{kind}`", codes(found.endings), codes(found.packings), document(f"humpback.corpus.documents.{kind}")]
        for kind, found in formats().items()
    ]
    written = [[f"`{name}`", document(f"{exports.__name__}.{name.replace('-', '_')}")] for name in exports.formats()]
    engines = sorted(path.stem for path in Path(engine.__file__).parent.glob("*.py") if not path.stem.startswith("_"))
    told = [[f"`{name}`", document(f"{engine.__name__}.{name}")] for name in engines]
    return page(
        "# Formats and engines",
        "## Inputs of pages and texts",
        table(("kind", "endings", "may be packed as", "is"), read),
        "## Exports",
        table(("`--format`", "is"), written),
        "## Engines",
        table(("`--engine`", "is"), told),
    )


def commands_page() -> str:
    main = typer.main.get_command(cli.app)
    found = {f"humpback {name}": command for name, command in main.commands.items()}  # type: ignore[attr-defined]
    found |= {f"humpback recipes {name}": each for name, each in found["humpback recipes"].commands.items()}
    for name in recipes.verb_names():
        one = typer.Typer(rich_markup_mode=None, add_completion=False)
        help_, *_, example = recipes.about(name)
        one.command(name, help=help_, epilog=f"Example: {example}")(cli.verb(name, recipes.load(name)))
        found[f"humpback {name}"] = typer.main.get_command(one)
    parts = ["# Commands", "Exit codes: 0 done, 1 failed, 2 wrong use. `--debug` anywhere shows tracebacks."]
    for name, command in sorted(found.items()):
        context = command.context_class(command, info_name=name, terminal_width=WIDTH, max_content_width=WIDTH)
        text = "\n".join(line.rstrip() for line in command.get_help(context).splitlines())
        parts.append(f"## {name}\n\n```\n{text}\n```")
    return page(*parts)


MAKE: dict[str, Callable[[], str]] = {
    "settings": settings_page, "presets": presets_page, "guards": checks_page, "scorers": scorers_page,
    "backends": backends_page, "metrics": metrics_page, "rows": rows_page, "formats": files_page, "commands": commands_page,
}  # fmt: skip


def stale() -> list[str]:
    """The pages that are not as the code is."""
    made = {PAGES / f"{name}.md": make() for name, make in MAKE.items()}
    return [path.name for path, text in made.items() if not path.is_file() or path.read_text() != HEAD + text + "\n"]


def main() -> None:
    parser = argparse.ArgumentParser(description="Write docs/reference from the code.")
    parser.add_argument("--check", action="store_true", help="write nothing, and fail where a page is not as the code is")
    if parser.parse_args().check:
        sys.exit(f"not as the code is: {', '.join(stale())}; type: python scripts/reference.py" if stale() else 0)
    PAGES.mkdir(exist_ok=True)
    for name, make in MAKE.items():
        (PAGES / f"{name}.md").write_text(HEAD + make() + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
