"""docs/reference/settings-in-plans.md: for every setting whether it changes rows, and in which plan it first stands.

    python scripts/settings_table.py            write it
    python scripts/settings_table.py --check    say whether it is as the code is, and write nothing

It is found out by changing every setting of every recipe on finished runs (tests/recipes/effects.py), in two minutes.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

TREE = Path(__file__).parents[1]
PAGE = TREE / "docs" / "reference" / "settings-in-plans.md"
HEAD = """<!-- Written by scripts/settings_table.py, which tries every setting: change the code, then run the script. -->

# Settings in plans

A dataset is taken over, or refused, by its plan. So all that may change rows has to be in one, and what only changes the
pace in none. Here every setting of every recipe was changed alone on a finished run: told is the first dataset or step that
was then another one. What stands in no plan changes no rows, since a stage is given nothing but what its plan is made of.
"""
COLUMNS = ("setting", "may change rows", "first in the plan of")


def lines(rows: list[tuple[str, ...]]) -> str:
    return "\n".join("| " + " | ".join(row) + " |" for row in (COLUMNS, ("---",) * len(COLUMNS), *rows))


def row(leaf: str, found: str, paces: set[str]) -> tuple[str, ...]:
    told = "no: pace alone" if leaf in paces else "no" if not found else "yes"
    name, _, rest = found.partition(",")
    return f"`{leaf}`", told, f"`{name}`{rest and ',' + rest}" if found else ""


def sections(effects: Any) -> Iterator[str]:
    from humpback import recipes

    shared = effects.of("humpback")
    yield "## humpback, demo\n\n" + lines([row(leaf, found, effects.paces("humpback")) for leaf, found in shared.items()])
    for name in recipes.names():
        if name not in ("humpback", "demo"):
            yield section(name, effects.of(name), shared, effects.paces(name))


def section(name: str, found: dict[str, str], shared: dict[str, str], paces: set[str]) -> str:
    from recipes.effects import NO_EFFECT, REFUSED

    own = [row(leaf, where, paces) for leaf, where in found.items() if leaf not in shared]
    parts = [f"## {name}", lines(own)] if own else [f"## {name}"]
    for why, leaves in NO_EFFECT.get(name, {}).items():
        parts.append(f"No effect, since {why}: {codes(leaves)}.")
    if REFUSED in found.values():
        used = {leaf for leaf, where in found.items() if leaf in shared and where != REFUSED and leaf not in paces}
        left = used - {leaf for leaves in NO_EFFECT.get(name, {}).values() for leaf in leaves}
        parts.append(f"Of the settings of humpback these have an effect with `run`: {codes(left)}. Others are refused.")
    else:
        parts.append("All that it has of the settings of humpback changes rows here too, or the pace.")
    return "\n\n".join(parts)


def codes(leaves: set[str]) -> str:
    return ", ".join(f"`{leaf}`" for leaf in sorted(leaves))


def page(effects: Any) -> str:
    return HEAD + "\n" + "\n\n".join(sections(effects)) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    sys.path.insert(0, str(TREE / "tests"))
    from recipes.effects import Effects

    with tempfile.TemporaryDirectory() as folder:
        text = page(Effects(Path(folder)))
    if not check:
        PAGE.write_text(text, encoding="utf-8")
    elif PAGE.read_text(encoding="utf-8") != text:
        sys.exit(f"{PAGE} is not as the code is: python scripts/settings_table.py")


if __name__ == "__main__":
    main()
