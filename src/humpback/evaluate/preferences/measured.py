"""Win rates of verdicts as metric rows: each with who was asked, how many answers there are, and how many have none."""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Annotated, Any

import numpy as np

from humpback.config import Config, Planned
from humpback.corpus.documents.document import Unread
from humpback.corpus.tables import records_of, table_sources
from humpback.errors import UsageFault
from humpback.evaluate.preferences.files import UNREADABLE
from humpback.evaluate.preferences.judging import IDENTICAL
from humpback.evaluate.preferences.length_control import Controlled, Gamed, controlled
from humpback.evaluate.preferences.rates import Rate, change, is_extreme, win_rate
from humpback.metrics import mean_of, metric
from humpback.metrics.shares import share_of
from humpback.schema import Row, row_id
from humpback.store import Dataset, DatasetFolder
from humpback.text.contamination import named_content

RAW, DISCRETE, CONTROLLED = "raw", "whole wins", "at equal lengths"
WITHOUT = "without"
# More annotators than this are people who judge a little each.
MANY = 12
_TURNED = {"output_1": "output_2", "output_2": "output_1", "generator_1": "generator_2", "generator_2": "generator_1"}
_TURNED_SHARES = {"shown_second": "shown_first", "shown_first": "shown_second"}
# What the rate would be if what has no preference were lost, and if it were won.
IF = ("all without lost", "all without won")


class Pairing(Config):
    """Whose answers are shown beside whose."""

    reference: DatasetFolder
    model: DatasetFolder


def paired(config: Pairing) -> Iterator[Row]:
    """Rows of `schema.VERDICT` to be judged; raises `UsageFault` where the prompts differ, or a side is not of one model."""
    sides = [list(Dataset(folder).rows()) for folder in (config.reference, config.model)]
    names = [dict.fromkeys(row["generator"] for row in side) for side in sides]
    for own in names:
        if len(own) != 1:
            raise UsageFault(f"a file of outputs is of {len(own)} models: {', '.join(own)}", "give a file for each model")
    if names[0] == names[1]:
        raise UsageFault(f"both files are of {min(names[0])}", "give the outputs another `generator`, or another file")
    first, second = (dict(zip(keys(side), side, strict=True)) for side in sides)
    lacking = [key for key in first if key not in second], [key for key in second if key not in first]
    if any(lacking):
        raise UsageFault(
            f"the prompts do not match: of {len(first)} of {min(names[0])} {len(lacking[0])} are not among the "
            f"{len(second)} of {min(names[1])}, and {len(lacking[1])} the other way round",
            "answer the same prompts; the first that is missing: " + [*lacking[0], *lacking[1]][0][0][:60],
        )
    for key, row in first.items():
        answer, same = second[key], row["output"] == second[key]["output"]
        yield {
            "id": row_id(answer["id"], f"against {row['generator']}"), "parent": answer["id"],
            "dataset": row["dataset"], "instruction": row["instruction"],
            "output_1": row["output"], "generator_1": row["generator"],
            "output_2": answer["output"], "generator_2": answer["generator"], "status": IDENTICAL if same else "",
        }  # fmt: skip


def keys(rows: Sequence[Row]) -> list[tuple[str, int]]:
    """(instruction, how often it came before) of each row: sets ask some things twice."""
    seen: Counter[str] = Counter()
    made = []
    for row in rows:
        made.append((row["instruction"], seen[row["instruction"]]))
        seen[row["instruction"]] += 1
    return made


class RatesConfig(Config):
    """The verdicts, and AlpacaEval's table of difficulties, which is of its own prompts alone."""

    verdicts: tuple[DatasetFolder, ...]
    difficulty: Annotated[str, Planned(named_content)] = ""


def measured(config: RatesConfig) -> Iterator[Row]:
    """Metric rows of each model against its reference by each judge.

    win_rate: a draw is a half (part raw), a preference is a win or a loss (whole wins), and at equal lengths; and what it
    would be if all that have no preference were lost or won, where there are some. win_rate_moved: from raw to equal
    lengths, where that is suspiciously far. verdicts: how many were won, lost, drawn, or are without (part). order_flips:
    share that another order turned. answer_length: characters of model and reference. win_rate_change: of two models
    against one reference on the same prompts; sign_test: the probability of so uneven a split if both were equal.
    """
    yield from rates([list(Dataset(folder).rows()) for folder in config.verdicts], config.difficulty)


def rates(sets: Sequence[Sequence[Row]], difficulty: str = "") -> Iterator[Row]:
    """The metric rows of `measured`, of verdicts that are at hand; raises `UsageFault` where two sets are of one model."""
    gamed = _gamed(difficulty) if difficulty else None
    groups: dict[tuple[str, str, str], list[Row]] = {}
    for rows in sets:
        own = _grouped(rows)
        twice = next((key for key in own if key in groups), None)
        if twice:
            fact = f"two sets of verdicts are of {twice[0]} against {twice[1]} by {twice[2]}"
            raise UsageFault(fact, "give the outputs another `generator`, or leave one out")
        groups |= own
    for (model, against, judge), rows in groups.items():
        yield from _of_group(rows, gamed, {"model": model, "against": against, "judge": judge})
    alike: dict[tuple[str, str], list[str]] = {}
    for model, against, judge in groups:
        alike.setdefault((against, judge), []).append(model)
    for (against, judge), models in alike.items():
        for one, other in combinations(models, 2):
            pair = (groups[one, against, judge], groups[other, against, judge])
            yield from _changed(*pair, one, {"model": other, "judge": judge, "part": against})


def _grouped(rows: Sequence[Row]) -> dict[tuple[str, str, str], list[Row]]:
    """Verdicts by (model, reference, judge). In arenas the places say nothing, so that those of two models are turned to
    stand as the first one did; and there many people judge a little each, who are one judge together.
    """
    judges = {row["annotator"] or "unknown" for row in rows}
    together = f"{len(judges)} annotators" if len(judges) > MANY else ""
    groups: dict[tuple[str, str, str], list[Row]] = {}
    for row in rows:
        model, against, judge = row["generator_2"], row["generator_1"], together or row["annotator"] or "unknown"
        if (against, model, judge) in groups:
            groups[against, model, judge].append(_turned(row))
        else:
            groups.setdefault((model, against, judge), []).append(row)
    return groups


def _turned(row: Row) -> Row:
    """The verdict with its two sides exchanged."""
    preference = None if row["preference"] is None else 3 - row["preference"]
    shares = {name: None if row[other] is None else 1 - row[other] for name, other in _TURNED_SHARES.items()}
    return {**row, **{name: row[other] for name, other in _TURNED.items()}, **shares, "preference": preference}


def _of_group(rows: Sequence[Row], gamed: Gamed | None, who: dict[str, Any]) -> Iterator[Row]:
    preferences = _preferences(rows)
    rate = win_rate(preferences)
    about = {**who, "n": rate.n, "unit": "share"}
    yield metric("win_rate", value=rate.value, se=rate.se, part=RAW, **about)
    yield metric("win_rate", value=rate.discrete, part=DISCRETE, **about)
    if gamed is not None and len(rows) != len(gamed.difficulty):
        raise UsageFault(
            f"there are difficulties of {len(gamed.difficulty)} prompts, and {len(rows)} verdicts on {who['model']}",
            "they are of AlpacaEval's own prompts, in its order: leave out --difficulty for others",
        )
    told = [[row[name] for row in rows] for name in ("output_2", "output_1")]
    if all(isinstance(text, str) for texts in told for text in texts):
        own, other = ([len(text) for text in texts] for texts in told)
        yield from _at_equal_lengths(controlled(preferences, own, other, gamed), rate, about)
        for part, each in (("model", own), ("reference", other)):
            yield mean_of("answer_length", values=[float(n) for n in each], part=part, unit="characters", **who)
    without = Counter(row["status"] or UNREADABLE for row in rows if row["preference"] is None)
    told_why = ", ".join(f"{count} {status}" for status, count in without.items())
    counts = {"won": rate.wins, "lost": rate.losses, "drawn": rate.draws, WITHOUT: rate.missing}
    for part, count in counts.items():
        yield metric("verdicts", value=float(count), part=part, n=len(rows), note=told_why if part == WITHOUT else "", **who)
    if rate.missing:
        for part, bound in zip(IF, rate.bounds, strict=True):
            yield metric("win_rate", value=bound, part=part, **{**about, "n": len(rows)})
    both = [(row["shown_second"], row["shown_first"]) for row in rows]
    turned = [(a > 0.5) != (b > 0.5) for a, b in both if a is not None and b is not None]
    if turned:
        yield share_of("order_flips", hits=sum(turned), n=len(turned), **who)


def _at_equal_lengths(found: Controlled | None, rate: Rate, about: dict[str, Any]) -> Iterator[Row]:
    if found is None or rate.value is None:
        yield metric(
            "win_rate", value=None, part=CONTROLLED, note="too few wins or losses, or no difference in length", **about
        )
        return
    kind = "length_controlled_v1" if found.difficulty is not None else "length_controlled_minimal: no difficulties"
    yield metric("win_rate", value=found.value, se=found.se, part=CONTROLLED, note=kind, **about)
    if is_extreme(rate.value, found.value):
        yield metric("win_rate_moved", value=found.value - rate.value, note="the fit may have failed", **about)


def _preferences(rows: Sequence[Row]) -> list[float | None]:
    return [None if row["preference"] is None else row["preference"] - 1 for row in rows]


def _changed(one: Sequence[Row], two: Sequence[Row], against: str, who: dict[str, Any]) -> Iterator[Row]:
    first, second = (dict(zip(keys(rows), _preferences(rows), strict=True)) for rows in (one, two))
    common = [key for key in first if key in second and key[0] is not None]
    found = change([first[key] for key in common], [second[key] for key in common])
    if found is None:
        yield metric("win_rate_change", value=None, n=0, against=against, note="no prompt has both", **who)
        return
    n = found.better + found.worse + found.equal
    left = len(first) + len(second) - 2 * n
    note = f"{found.better} better, {found.worse} worse, {found.equal} equal" + (
        f"; {left} without the other" if left else ""
    )
    yield metric("win_rate_change", value=found.value, se=found.se, low=found.low, high=found.high, n=n, against=against,
                 unit="share", note=note, **who)  # fmt: skip
    yield metric("sign_test", value=found.sign_p, n=found.better + found.worse, against=against, unit="p", **who)


def _gamed(path: str) -> Gamed:
    """AlpacaEval's df_gamed.csv."""
    told: dict[int, float] = {}
    rows: list[tuple[int, float, float]] = []
    try:
        for source in table_sources(path, "difficulties", "index, preference, std_delta_len, instruction_difficulty"):
            for found in records_of(source):
                if not isinstance(found, Unread):
                    record = found[1]
                    place = int(record["index"])
                    told.setdefault(place, float(record["instruction_difficulty"]))
                    rows.append((place, float(record["preference"]), float(record["std_delta_len"])))
    except (KeyError, TypeError, ValueError) as error:
        hint = "give df_gamed.csv of the data set tatsu-lab/alpaca_eval"
        raise UsageFault(f"{path} is no table of difficulties: {error!r}", hint) from None
    if sorted(told) != list(range(len(told))):
        fact = f"{path} has difficulties of {len(told)} prompts, the last of which is number {max(told, default=0)}"
        raise UsageFault(fact, "give the whole table")
    return Gamed(np.array([told[place] for place in range(len(told))]), tuple(rows))
