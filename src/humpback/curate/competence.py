"""Can the judge judge? Clean pairs against four kinds of damage, before any of its selections is trusted.

With what else tells how far its scores can be used: agreement with labels where there are any, whether it says the same
twice, whether it uses its levels, whether it reads the question at all, and what it costs.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from humpback import prompts
from humpback.curate.judge import JudgeConfig, forgiving, graded, if_it_can, likelihood_columns, nearest, valid
from humpback.curate.rubric import rubric
from humpback.curate.select import CurateConfig
from humpback.errors import HumpbackError
from humpback.evaluate.agreement import agreement, auc_of
from humpback.lm import LM, Question, Usage
from humpback.metrics import mean_of, metric
from humpback.prompts.forward import TagConfig
from humpback.prompts.judge import CANARY, state
from humpback.schema import Row, row_id

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


CLEAN = "clean"
# Damage that the guards drop before any judge sees it: measured and shown, but not what a judge is chosen for.
GUARDED = ("copied",)
CORRUPTIONS: tuple[Callable[[Sequence[Pair]], list[Pair]], ...] = (shuffled, truncated, advert_inserted, copied)


CANARY_PAIRS = 50


@dataclass(frozen=True)
class _Measured:
    """The judge's columns of pairs, and what it took for them: seconds and tokens."""

    judged: list[Row]
    seconds: float
    used: Usage


def competence(
    rows: list[Row], lm: LM, tags: TagConfig, curate: CurateConfig, round: int, judge: JudgeConfig | None = None,
    forward: Callable[[], LM] | None = None, keep: Callable[[list[Row]], object] | None = None,
) -> Iterator[Row]:  # fmt: skip
    """Metric rows: AUC of the judge's score and of the likelihood gain on each corruption, the judge's valid rate, and more.

    `rows` are clean human pairs, whose scores rank here whatever their label mass; how many of them are valid is a metric
    of its own. Rows with a `label` (1 good, 0 bad) are compared with it instead, by the scores that a run would have.
    `forward` opens the model whose likelihoods are measured, once the judge has been asked everything; unset: the judge.
    `keep` is given the clean and the damaged pairs (`method`) with the scores that a run would have of them.
    """
    judge = judge or JudgeConfig()
    labelled = [row for row in rows if row.get("label") is not None]
    clean = [row for row in rows if row.get("label") is None]
    if labelled:
        scores = [row["score"] for row in graded(labelled, lm, curate.max_tokens, judge, "labelled")]
        yield from agreement(scores, [int(row["label"]) for row in labelled], curate.k, _top(judge), round)
    if clean:
        cases = _cases(clean)
        measured = _measure(cases, lm, curate.max_tokens, judge)
        yield from _judged(clean, measured, lm, curate.max_tokens, round, judge)
        lm = forward() if forward else lm
        likely = likelihood_columns(cases, lm, tags.seed, curate.max_tokens)
        yield from _aucs("gain_auc", [row["gain"] for row in likely], len(clean), round)
        if keep:
            keep(_scored(cases, measured.judged, likely, judge))


def _cases(clean: list[Row]) -> list[Row]:
    """The clean pairs, and then each kind of damage to all of them."""
    pairs = [(row["instruction"], row["response"]) for row in clean]
    everything = [pairs, *(corrupt(pairs) for corrupt in CORRUPTIONS)]
    return [{**row, "instruction": x, "response": y} for each in everything
            for row, (x, y) in zip(clean, each, strict=True)]  # fmt: skip


def _aucs(name: str, values: list[float | None], n: int, round: int) -> Iterator[Row]:
    """How well `values` of `_cases` tell the `n` clean pairs from each kind of damage."""
    for i, corrupt in enumerate(CORRUPTIONS, start=1):
        yield auc_of(name, corrupt.__name__, values[:n], values[i * n : (i + 1) * n], round)


def _scored(cases: list[Row], judged: list[Row], likely: list[Row], judge: JudgeConfig) -> list[Row]:
    """`_cases` as pairs of their own, each with its scores; the judge's is null where a run would have none."""
    kinds = [CLEAN, *(corrupt.__name__ for corrupt in CORRUPTIONS)]
    each = len(cases) // len(kinds)
    return [
        {
            **row, **columns, **likelihood, "id": row_id(row["id"], kinds[i // each]), "parent": row["id"],
            "method": kinds[i // each], "score": columns["score"] if valid(columns, judge) else None,
        }
        for i, (row, columns, likelihood) in enumerate(zip(cases, judged, likely, strict=True))
    ]  # fmt: skip


def _judged(clean: list[Row], measured: _Measured, lm: LM, max_tokens: int, round: int, judge: JudgeConfig) -> Iterator[Row]:
    n = len(clean)
    yield from _aucs("judge_auc", [row["score"] for row in measured.judged], n, round)
    yield from _validity(measured, round, judge)
    yield from _level_usage(measured.judged[:n], round, _top(judge))
    yield from _retest(clean, measured.judged[:n], lm, max_tokens, round, judge)
    yield _canary(clean[:CANARY_PAIRS], lm, max_tokens, round)


def _measure(rows: list[Row], lm: LM, max_tokens: int, judge: JudgeConfig) -> _Measured:
    before, began = lm.usage, time.perf_counter()
    judged = graded(rows, lm, max_tokens, forgiving(judge), "competence")
    return _Measured(judged, time.perf_counter() - began, lm.usage - before)


def _validity(measured: _Measured, round: int, judge: JudgeConfig) -> Iterator[Row]:
    """Which answers are scores, and what a thousand of them cost."""
    model, n = f"M_{round - 1}", len(measured.judged)
    yield mean_of("judge_valid", model, [float(valid(row, judge)) for row in measured.judged], unit="share", round=round)
    undecided = [float(row["score"] is not None and not valid(row, judge)) for row in measured.judged]
    yield mean_of("judge_undecided", model, undecided, unit="share", round=round, note="label mass below the floor")
    used, counted = measured.used, measured.used.calls > 0
    costs = {
        "seconds": measured.seconds,
        "prompt_tokens": used.prompt_tokens if counted else None,
        "completion_tokens": used.completion_tokens if counted else None,
    }
    for name, total in costs.items():
        each = None if total is None else 1000 * total / n
        yield metric(f"judge_{name}", model, each, n=n, unit="per thousand pairs", round=round)


def _level_usage(judged: list[Row], round: int, top: int) -> Iterator[Row]:
    """The share of the clean pairs at each level: a judge that knows one level ranks nothing."""
    levels = [row["level"] for row in judged if row["level"] is not None]
    for level in range(1, top + 1):
        share = [float(each == level) for each in levels]
        yield mean_of("judge_level", f"M_{round - 1}", share, unit="share", round=round, note=f"level {level}")


def _retest(clean: list[Row], first: list[Row], lm: LM, max_tokens: int, round: int, judge: JudgeConfig) -> Iterator[Row]:
    """Does it say the same twice: with its levels in the other order (`expected`), or drawn with other seeds."""
    model = f"M_{round - 1}"
    if judge.mode == "expected":
        known = [
            (row["score"], row["order_gap"]) for row in first if row["score"] is not None and row["order_gap"] is not None
        ]
        note = "levels from lowest to highest against the reverse"
        yield mean_of("judge_order_gap", model, [gap for _, gap in known], unit="levels", round=round, note=note)
        flips = [float(nearest(score + gap / 2) != nearest(score - gap / 2)) for score, gap in known]
        yield mean_of("judge_order_flips", model, flips, unit="share", round=round, note="the nearest level is another")
        return
    # The greedy text of `text` would come out the same; what is asked is how far one draw can be trusted.
    warm = judge.model_copy(update={"mode": "multi", "samples": judge.samples if judge.mode == "multi" else 1})
    again = graded(clean, lm, max_tokens, warm, "retest")
    both = [(a["score"], b["score"]) for a, b in zip(first, again, strict=True)
            if a["score"] is not None and b["score"] is not None]  # fmt: skip
    note = f"against texts drawn at temperature {judge.temperature:g} with other seeds"
    yield mean_of("judge_retest_gap", model, [abs(a - b) for a, b in both], unit="levels", round=round, note=note)
    yield metric("judge_kappa", model, _kappa(both), n=len(both), round=round, note="Cohen, of rounded scores")


def _kappa(both: list[tuple[float, float]]) -> float | None:
    """Cohen's kappa of the nearest levels; None where both know one level only, which leaves it undefined."""
    first, second = [nearest(a) for a, _ in both], [nearest(b) for _, b in both]
    if len({*first, *second}) < 2:
        return None
    from sklearn.metrics import cohen_kappa_score  # half a second, and a finished run needs none of it

    return float(cohen_kappa_score(first, second))


def _canary(clean: list[Row], lm: LM, max_tokens: int, round: int) -> Row:
    """The share of pairs that are told the same on a question and on its negation: small models keep their answer."""
    asked = [Question("predicate", text) for text in prompts.source(CANARY).split("\n\n")]
    states = [state(row["instruction"], row["response"], lm.clip, max_tokens)[0] for row in clean]
    answers = if_it_can(partial(lm.decide, states, asked)) or []
    known = [both for both in answers if all(answer.probabilities for answer in both)]
    same = [float((one.probabilities[0] > 0.5) == (other.probabilities[0] > 0.5)) for one, other in known]
    note = "the same answer to a question and to its negation"
    return mean_of("judge_canary", f"M_{round - 1}", same, unit="share", round=round, note=note)


def _top(judge: JudgeConfig) -> int:
    return len(rubric(judge.rubric)[0].options)


class JudgeBelowChance(HumpbackError):
    """What a round would select by ranks damaged pairs above clean ones."""


@dataclass(frozen=True)
class Choice:
    """How a round selects: by which column, at which threshold (`k`) or share, and why."""

    by: str
    rule: dict[str, float]
    why: str


def choose(metrics: list[Row], curate: CurateConfig) -> Choice:
    """The choice of a round, from what `competence` measured; raises `JudgeBelowChance` if it is worse than chance."""
    below = below_chance(metrics, curate.by)
    if below and curate.stop_below_chance:
        raise JudgeBelowChance(
            below, "judge with a better model, or go on all the same: --set curate.stop_below_chance=false"
        )
    if curate.by != "auto":
        return Choice(
            curate.by, {"k": curate.k} if curate.by == "score" else {"share": curate.share}, f"curate.by = {curate.by}"
        )
    judge = _values(metrics, "judge_auc")
    share = next((row["value"] for row in metrics if row["metric"] == "judge_valid"), None) or 0.0
    worst = min((value if value is not None else 0.0 for value in judge.values()), default=0.0)
    if worst > curate.min_auc and share >= curate.min_valid:
        why = f"the judge ranks clean pairs above every damage (lowest AUC {worst:.2f}, needed {curate.min_auc})"
        return Choice("score", {"k": curate.k}, why)
    means = _means(metrics)
    known = {name: mean for name, mean in means.items() if name != "score" or share >= curate.min_valid}
    by = max(known or means or ("gain",), key=lambda name: (means.get(name, 0.5), name == "gain"))
    better = "likelihood gain" if by == "gain" else "the ranking by its score"
    why = (
        f"the judge is not competent: lowest AUC {worst:.2f} (needed {curate.min_auc}), valid answers {share:.0%}. "
        f"So the best share by {better} is kept (mean AUC on damage that no guard catches: "
        f"{_listed(means)})"
    )
    return Choice(by, {"share": curate.share}, why)


def below_chance(metrics: list[Row], by: str = "auto") -> str | None:
    """What to say if the scorer `by` (of auto, the better one) ranks damage that no guard catches above clean pairs.

    None if it does not, or if nothing was measured of it.
    """
    means = _means(metrics)
    scorers = [by] if by in means else list(means) if by == "auto" else []
    if not scorers or max(means[name] for name in scorers) >= 0.5:
        return None
    told = _listed({name: means[name] for name in scorers})
    return f"damaged pairs rank above clean ones: mean AUC on damage that no guard catches {told}, and chance is 0.50"


def _listed(means: dict[str, float]) -> str:
    return ", ".join(f"{'judge' if name == 'score' else name} {mean:.2f}" for name, mean in means.items())


def _means(metrics: list[Row]) -> dict[str, float]:
    """Mean AUC of each scorer over the damage that no guard catches; a scorer of which nothing was measured is left out."""
    known = {
        by: [value for note, value in _values(metrics, name).items() if note not in GUARDED and value is not None]
        for by, name in (("score", "judge_auc"), ("gain", "gain_auc"))
    }
    return {by: sum(values) / len(values) for by, values in known.items() if values}


def _values(metrics: list[Row], name: str) -> dict[str, float | None]:
    return {row["note"]: row["value"] for row in metrics if row["metric"] == name}
