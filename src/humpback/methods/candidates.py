"""The instructions drawn for one text: each listed once, marked by the guards, ranked, and the best made into pairs."""

from collections.abc import Iterator
from typing import Literal

from humpback.guards.checks import GuardConfig, fault
from humpback.lm import Completion
from humpback.methods.cleaning import clean_instruction
from humpback.schema import Row, row_id
from humpback.text.sentences import terms

By = Literal["logprob", "round_trip"]
# Two instructions that share so much of the shorter one's terms ask for the same thing (ours).
SHARED_TERMS = 0.6
# Where cleaning left less of a completion than this share, its log-probability is mostly that of something else.
OWN_SHARE = 0.5


def candidate(completion: Completion, cleaned: bool) -> Row:
    """One draw as a row of `candidates`; `raw` is what was written, null where that is the instruction itself."""
    text = clean_instruction(completion.text) if cleaned else completion.text
    own = len(text) >= OWN_SHARE * len(completion.text)
    return {
        "instruction": text,
        "raw": completion.text if text != completion.text else None,
        "logprob": completion.logprob if own else None,
        "finish": completion.finish,
        "drawn": 1,
        "guard": None,
        "gain": None,
        "round_trip": None,
    }


def merged(draws: list[Row]) -> list[Row]:
    """Each instruction once, in the order of its first draw, with `drawn` = how often; of its draws the best one stays."""
    same: dict[str, list[Row]] = {}
    for draw in draws:
        same.setdefault(draw["instruction"], []).append(draw)
    return [
        {**min(group, key=lambda c: (c["finish"] != "stop", _descending(c["logprob"]))), "drawn": len(group)}
        for group in same.values()
    ]


def marked(pair: Row, candidates: list[Row], guards: GuardConfig) -> list[Row]:
    """`candidates` of `pair`, each with the first guard that it fails."""
    found = [fault({**pair, **{key: c[key] for key in ("instruction", "logprob", "finish")}}, guards) for c in candidates]
    return [{**c, "guard": f[0] if f else None} for c, f in zip(candidates, found, strict=True)]


def best(candidates: list[Row], by: By, most: int) -> list[Row]:
    """Up to `most` of `candidates`, the best first and the others only if clean and different from those before.

    Clean ones go before those that fail a guard; then by the measure `by`, where a candidate without it comes last; then
    by log-probability; then by how often it was drawn, and by order. So where no candidate has a log-probability, as
    with servers that give none, the clean one that was drawn most stays, and of equals the first.
    """
    first, *others = sorted(candidates, key=lambda c: _order(c, by))
    kept = [first]
    for each in others:
        if len(kept) == most or each["guard"]:
            break
        if all(shared_terms(each["instruction"], k["instruction"]) < SHARED_TERMS for k in kept):
            kept.append(each)
    return kept


def _order(candidate: Row, by: By) -> tuple[bool, float, float, int]:
    return candidate["guard"] is not None, _descending(candidate[by]), _descending(candidate["logprob"]), -candidate["drawn"]


def _descending(value: float | None) -> float:
    return float("inf") if value is None else -value


def shared_terms(one: str, other: str) -> float:
    """Share of the different terms of the shorter instruction that both hold; 1 where one has none."""
    a, b = set(terms(one)), set(terms(other))
    return len(a & b) / min(len(a), len(b)) if a and b else 1.0


def pairs(base: Row, candidates: list[Row], by: By, most: int) -> Iterator[Row]:
    """`base` with each of the best instructions: rows of their own, each of which lists all candidates."""
    for ordinal, chosen in enumerate(best(candidates, by, most)):
        yield {**base, "id": row_id(base["parent"], "pair", ordinal), **columns(chosen), "candidates": candidates}


def every_clean(base: Row, candidates: list[Row]) -> Iterator[Row]:
    """`base` with each candidate that passed the guards, for what selects to choose; where none did, with the best of all,
    which the guards then drop with its reason."""
    clean = [each for each in candidates if each["guard"] is None] or best(candidates, "logprob", 1)
    for ordinal, each in enumerate(clean):
        about = {**columns(each), "chosen_by": "curation"}
        yield {**base, "id": row_id(base["parent"], "pair", ordinal), **about, "candidates": candidates}


def columns(chosen: Row) -> Row:
    """What a pair takes from its candidate, and what decided for it: `round_trip`, `likelihood`, or `drawn`, how often."""
    decided = (
        "round_trip" if chosen["round_trip"] is not None else "likelihood" if chosen["logprob"] is not None else "drawn"
    )
    return {**{key: chosen[key] for key in ("instruction", "logprob", "finish")}, "chosen_by": decided}
