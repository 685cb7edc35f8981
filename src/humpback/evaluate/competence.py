"""Can the judge judge? Clean pairs against four kinds of damage, before any of its selections is trusted."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from humpback.curate.judge import grade, verdict
from humpback.curate.likelihood import gains
from humpback.curate.select import CurateConfig
from humpback.evaluate.metrics import mean_of, metric
from humpback.lm import LM
from humpback.methods.backtranslate import TagConfig
from humpback.schema import Row

Pair = tuple[str, str]
ADVERT = (
    "Sponsored: save 20 % today! Click here to claim your free trial, and subscribe to our newsletter for more offers like "
    "this. Share this page with your friends. Terms apply."
)


def shuffled(pairs: Sequence[Pair]) -> list[Pair]:
    """Each answer under the next pair's instruction."""
    return [(pairs[(i + 1) % len(pairs)][0], response) for i, (_, response) in enumerate(pairs)]


def truncated(pairs: Sequence[Pair]) -> list[Pair]:
    """Each answer cut in the middle of a sentence, at two fifths of its words."""
    return [(instruction, _head(response)) for instruction, response in pairs]


def _head(response: str) -> str:
    words = response.split(" ")
    return " ".join(words[: max(1, 2 * len(words) // 5)]).rstrip(".!?:")


def advert_inserted(pairs: Sequence[Pair]) -> list[Pair]:
    """An advert in the middle of each answer."""
    out = []
    for instruction, response in pairs:
        parts = response.split("\n")
        at = max(1, len(parts) // 2)
        out.append((instruction, "\n".join([*parts[:at], "", ADVERT, "", *parts[at:]])))
    return out


def copied(pairs: Sequence[Pair]) -> list[Pair]:
    """The answer's own first words in place of the instruction."""
    return [(" ".join(response.split()[:25]), response) for _, response in pairs]


# Damage that the guards drop before any judge sees it: measured and shown, but not what a judge is chosen for.
GUARDED = ("copied",)
CORRUPTIONS: tuple[Callable[[Sequence[Pair]], list[Pair]], ...] = (shuffled, truncated, advert_inserted, copied)


def competence(rows: list[Row], lm: LM, tags: TagConfig, curate: CurateConfig, round: int) -> Iterator[Row]:
    """AUC of the judge's score and of the likelihood gain on each corruption, and the judge's valid rate."""
    clean = [(row["instruction"], row["response"]) for row in rows]
    scores, gained, valid = _measure(clean, lm, tags, curate)
    every_valid = list(valid)
    for corrupt in CORRUPTIONS:
        bad_scores, bad_gains, bad_valid = _measure(corrupt(clean), lm, tags, curate)
        every_valid += bad_valid
        yield auc_of("judge_auc", corrupt.__name__, scores, bad_scores, round)
        yield auc_of("gain_auc", corrupt.__name__, gained, bad_gains, round)
    yield mean_of("judge_valid", f"M_{round - 1}", every_valid, unit="share", round=round)


def _measure(pairs: list[Pair], lm: LM, tags: TagConfig, curate: CurateConfig) -> tuple[list[Any], list[Any], list[Any]]:
    """(score by the judge whatever its label mass, likelihood gain, 1.0 where the judge's answer is valid)."""
    answers = grade(pairs, lm, curate.max_tokens)
    measured = gains(pairs, lm, tags.seed, curate.max_tokens)
    return [a.score for a in answers], measured, [float(verdict(a)["status"] == "ok") for a in answers]


def auc_of(name: str, corruption: str, good: list[float | None], bad: list[float | None], round: int) -> Row:
    up, down = [v for v in good if v is not None], [v for v in bad if v is not None]
    if not up or not down:
        return metric(name, f"M_{round - 1}", None, n=0, round=round, note=corruption)
    from sklearn.metrics import roc_auc_score  # half a second, and a finished run needs none of it

    auc = float(roc_auc_score([1] * len(up) + [0] * len(down), up + down))
    return metric(
        name, f"M_{round - 1}", auc, se=auc_error(auc, len(up), len(down)), n=len(up), round=round, note=corruption
    )


def auc_error(auc: float, positives: int, negatives: int) -> float:
    """Standard error of an AUC (Hanley and McNeil 1982)."""
    q1, q2 = auc / (2 - auc), 2 * auc * auc / (1 + auc)
    spread = auc * (1 - auc) + (positives - 1) * (q1 - auc * auc) + (negatives - 1) * (q2 - auc * auc)
    return math.sqrt(max(spread, 0.0) / (positives * negatives))


@dataclass(frozen=True)
class Choice:
    """How a round selects: by which column, at which threshold (`k`) or share, and why."""

    by: str
    rule: dict[str, float]
    why: str


def choose(metrics: list[Row], curate: CurateConfig) -> Choice:
    """The choice of a round, from what `competence` measured."""
    if curate.by != "auto":
        return Choice(
            curate.by, {"k": curate.k} if curate.by == "score" else {"share": curate.share}, f"curate.by = {curate.by}"
        )
    judge, gain = ({r["note"]: r["value"] for r in metrics if r["metric"] == name} for name in ("judge_auc", "gain_auc"))
    valid = next(row["value"] for row in metrics if row["metric"] == "judge_valid") or 0.0
    worst = min((value if value is not None else 0.0 for value in judge.values()), default=0.0)
    if worst > curate.min_auc and valid >= curate.min_valid:
        why = f"the judge ranks clean pairs above every damage (lowest AUC {worst:.2f}, needed {curate.min_auc})"
        return Choice("score", {"k": curate.k}, why)
    means = {name: _mean([v for note, v in values.items() if note not in GUARDED]) for name, values in
             (("score", judge), ("gain", gain))}  # fmt: skip
    by = "score" if means["score"] > means["gain"] and valid >= curate.min_valid else "gain"
    better = "likelihood gain" if by == "gain" else "the ranking by its score"
    why = (
        f"the judge is not competent: lowest AUC {worst:.2f} (needed {curate.min_auc}), valid answers {valid:.0%}. "
        f"So the best share by {better} is kept (mean AUC on damage that no guard catches: "
        f"judge {means['score']:.2f}, gain {means['gain']:.2f})"
    )
    return Choice(by, {"share": curate.share}, why)


def _mean(values: list[float | None]) -> float:
    known = [v for v in values if v is not None]
    return sum(known) / len(known) if known else 0.5
