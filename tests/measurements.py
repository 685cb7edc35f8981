"""Metric rows for tests, of all sorts that a run has: by the functions that measure where they take figures, or made up."""

import random
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from humpback.curate.agreement import agreement as agreement_rows
from humpback.curate.damage import CLEAN, DAMAGES
from humpback.evaluate import arms, comparison, iteration, scaling
from humpback.metrics import mean_of, metric, paired_change
from humpback.schema import Row

KINDS = tuple(kind for kind in DAMAGES if kind != CLEAN)
WORDINGS = ("character", "word", "sentence", "meaning")
SCORERS = ("score", "gain", "ifd", "specificity", "combined")
SIZES = (100, 200, 400, 800, 1600)


def competence(round: int, model: str, sure: float) -> Iterator[Row]:
    """Of a judge that tells clean from damaged pairs with an AUC about `sure`."""
    about: dict[str, Any] = {"round": round}
    for i, part in enumerate(KINDS):
        yield metric("scorer_auc", model, sure + 0.03 * i, n=32, se=0.04, part=part, against="score", **about)
    for i, part in enumerate(KINDS):
        value, error = ((0.91, 0.03), (0.33, 0.06), (0.56, 0.07), (0.02, 0.01))[i % 4]
        yield metric("scorer_auc", model, value, n=32, se=error, part=part, against="gain", **about)
    yield metric("judge_valid", model, 0.98, n=160, se=0.011, unit="share", **about)
    yield metric("judge_undecided", model, 0.02, n=160, se=0.011, unit="share", **about)
    for name, value in (("seconds", 37.4), ("prompt_tokens", 739_900.0), ("completion_tokens", None)):
        yield metric(f"judge_{name}", model, value, n=160, unit="per thousand pairs", **about)
    for level, value in enumerate((0.05, 0.2, 0.4, 0.25, 0.1), start=1):
        yield metric("judge_level", model, value, n=32, se=0.06, unit="share", at=float(level), **about)
    yield metric("judge_order_gap", model, 0.28, n=32, se=0.03, unit="levels", **about)
    yield metric("judge_order_flips", model, 0.16, n=32, se=0.065, unit="share", **about)
    yield metric("judge_canary", model, 0.78, n=32, se=0.07, unit="share", **about)


def injection(round: int, model: str) -> Iterator[Row]:
    for i, kind in enumerate(("all", "fake_system", "score_claim", "role_play", "markup")):
        n, se = (71, 0.05) if kind == "all" else (18, 0.11)
        shift, control = 0.1 * i, 0.02 * i - 0.03
        for name, value in (("shift", shift), ("control", control), ("excess", shift - control)):
            yield metric(f"injection_{name}", model, value, n=n, se=se, unit="levels", part=kind, round=round)
        yield metric("injection_lost", model, 0.01 * i, n=n, se=0.01, unit="share", part=kind, round=round)


def selection(round: int | None, model: str) -> Iterator[Row]:
    """As `evaluate.selection` measures what was kept, here half of 96 pairs."""
    for part, length in (("instruction", 46.0), ("response", 1085.0)):
        about: dict[str, Any] = {"part": part, "round": round}
        measures = (("length", length, length / 40, "characters"), ("seed_similarity", 0.17, 0.009, "cosine"))
        for name, value, se, unit in measures:
            yield metric(f"{name}_kept", model, value, n=48, se=se, unit=unit, **about)
            yield metric(f"{name}_dropped", model, 1.05 * value, n=48, se=se, unit=unit, **about)
            yield metric(f"{name}_change", model, -0.05 * value, n=96, se=1.4 * se, unit=unit, **about)
        yield metric("seed_like_auc", model, 0.5 if part == "instruction" else 0.64, n=48, se=0.06, **about)
    for name, value in (("kept", 0.78), ("dropped", 0.79)):
        yield metric(f"distinct_2_{name}", model, value, n=48, unit="share", part="instruction", round=round)


def iterated(round: int, model: str) -> Iterator[Row]:
    """Of a selection, and against that of the round before."""
    about: dict[str, Any] = {"round": round}
    yield metric("selection_precision", model, 0.24 - 0.03 * round, n=79, se=0.05, unit="share", part="gain", **about)
    yield metric("selection_recall", model, 0.59, n=32, se=0.09, unit="share", part="gain", **about)
    yield metric("acceptance", model, 0.5, n=96, unit="share", **about)
    now = [{"id": f"p{i}", "instruction": "", "score": 3.4 + 0.01 * i, "gain": 0.08 - 0.001 * i} for i in range(48)]
    before = {row["id"]: {**row, "score": row["score"] - 0.02} for row in now if round > 1}
    yield from iteration.drift(now, before, model, round)
    if round > 1:
        yield from iteration.overlap([row["id"] for row in now], [row["id"] for row in now[2:]] + ["new"], model, round)


def dev_cases(name: str, mean: float) -> list[Row]:
    """The dev pairs under a model."""
    draw = random.Random(7)
    pairs = [{"id": f"seed{i}"} for i in range(32)]
    losses = [mean + draw.gauss(0, 0.4) + 0.01 * (i % 3) * (name != "M_0") for i in range(32)]
    return list(iteration.cases(name, pairs, losses, [float(i % 6 > 0) for i in range(32)]))


def models(changes: Mapping[str, float]) -> Iterator[Row]:
    """Models on the test split, by their change against the first."""
    first = next(iter(changes))
    for name, change in changes.items():
        yield metric("nll", name, 4.398 + change, n=23, se=0.1, unit="nats/token", split="test")
        more = {"unit": "nats/token", "split": "test", "against": first, "note": "the same pairs"}
        yield metric("nll_change", name, change, n=23, se=0.015 if change else 0.0, **more)
        yield metric("stop_rate", name, 0.87, n=23, se=0.07, unit="share", split="test")


def backward(name: str = "backward") -> Iterator[Row]:
    about: dict[str, Any] = {"split": "test"}
    yield metric("instruction_nll", name, 4.89, n=23, se=0.309, unit="nats/token", **about)
    yield metric("instruction_rouge_l", name, 0.297, n=23, se=0.043, unit="F1", **about)
    yield metric("instruction_rouge_l", name, 0.135, n=23, se=0.02, unit="F1", part="chance", **about)
    yield metric("instruction_stop_rate", name, 1.0, n=23, se=0.0, unit="share", **about)


def agreement(model: str = "") -> Iterator[Row]:
    """60 labelled pairs under a judge that knows something."""
    draw = random.Random(3)
    labels = [int(i % 4 == 0) for i in range(60)]
    scores = [None if i == 7 else min(5.0, max(1.0, draw.gauss(3.0 + label, 0.9))) for i, label in enumerate(labels)]
    return agreement_rows(scores, labels, 3.5, 5, model, 0)


def compared() -> Iterator[Row]:
    """Scorers on 108 pairs, on 40 dev pairs damaged, and against 100 labels; the later ones are better."""
    random = np.random.default_rng(0)
    kinds = [kind for kind in (CLEAN, *KINDS) for _ in range(40)]
    labels = [int(i % 5 == 0) for i in range(100)]
    clean = np.array(kinds) == CLEAN
    damaged = {name: random.normal(0, 1, len(kinds)) + clean * 0.4 * i for i, name in enumerate(SCORERS)}
    labelled = {name: random.normal(0, 1, 100) + np.array(labels) * 0.3 * i for i, name in enumerate(SCORERS)}
    pool = {name: random.normal(0, 1, 108) for name in SCORERS}
    yield from comparison.damage_rows(damaged, kinds)
    yield from comparison.label_rows(labelled, labels, 0.083)
    for i, (name, ranked) in enumerate(pool.items()):
        fell = {"below_share": 90, "near_duplicate_instruction": 9}
        yield from comparison.kept_rows(name, ranked, 9, 108, fell)
        yield from selection(None, name)
        about = {"n": 50, "unit": "per thousand pairs", "note": "judge"}
        yield metric("seconds", name, 30.0 * (i + 1), **about)
        yield metric("prompt_tokens", name, 300_000.0 * (i + 1), **about)
    yield from comparison.overlap_rows({name: {str(j) for j in range(i, i + 9)} for i, name in enumerate(SCORERS)})
    yield from comparison.spearman_rows(pool)


def arm_rows(means: Mapping[str, float], noise: float = 0.01) -> Iterator[Row]:
    """Arms at equal steps, the first of them the reference, with three seeds each."""
    random = np.random.default_rng(0)
    cases = []
    for arm, mean in means.items():
        for seed in range(3):
            for split in ("dev", "test"):
                told: dict[str, Any] = {"seed": seed, "split": split, "unit": "nats/token"}
                losses = [mean + case / 10 + random.normal(0, noise) for case in range(20)]
                cases += [metric("nll", arm, loss, n=1, parent=f"c{i}", **told) for i, loss in enumerate(losses)]
            ended = {"seed": seed, "split": "test", "unit": "share"}
            cases += [metric("stop", arm, float(i % 7 > 0), n=1, parent=f"c{i}", **ended) for i in range(20)]
    for arm in means:
        yield metric("pairs", arm, 125.0 if arm == next(iter(means)) else 173.0, n=1, unit="pairs", note=f"seed, and {arm}")
        yield metric("steps", arm, 75.0, n=1, unit="steps", note="batch 8")
    yield from arms.comparison_rows(cases, next(iter(means)))


def law_rows(source: str, values: Sequence[float], spread: float = 0.004) -> Iterator[Row]:
    """The law of growth through `values`, one for each of `SIZES`."""
    random = np.random.default_rng(1)
    return scaling.law_rows(source, SIZES, [value + random.normal(0, spread, (2, 40)) for value in values])


def robustness() -> Iterator[Row]:
    for i, model in enumerate(("M_1", "control", "coin")):
        nats: dict[str, Any] = {"split": "test", "unit": "nats/token"}
        yield metric("robust_nll", model, 4.3, n=40, se=0.09, part="clean", **nats)
        for j, part in enumerate(WORDINGS):
            yield metric("robust_nll", model, 4.35 + 0.01 * j, n=40, se=0.09, part=part, **nats)
            yield metric("robust_change", model, 0.05 - 0.02 * i + 0.01 * j, n=40, se=0.008, part=part, **nats)
            yield metric("robust_spread", model, 0.03 - 0.005 * i, n=40, se=0.003, part=part, **nats)
            yield metric("wording_mean", model, 4.35, n=38, part=part, **nats)
            yield metric("wording_deviation", model, 0.02, n=38, part=part, **nats)
            yield metric("same_answer", model, 0.2 + 0.1 * i, n=20, se=0.05, unit="share", part=part, split="test")
            yield metric("rouge_l", model, 0.5 + 0.1 * i, n=20, se=0.04, unit="F1", part=part, split="test")
    for other in ("M_1", "control"):
        for part in ("clean", *WORDINGS):
            own: dict[str, Any] = {"split": "test", "part": part, "against": other}
            yield metric("robust_nll_against", "coin", -0.02, n=40, se=0.006, unit="nats/token", **own)
            if part != "clean":
                yield metric("robust_spread_against", "coin", -0.008, n=40, se=0.003, unit="nats/token", **own)
                yield metric("rouge_l_against", "coin", 0.11, n=20, se=0.04, unit="F1", **own)


def unseen() -> list[Row]:
    """What no section knows: of several models with errors, in parts, along a curve, one alone, a change, nothing at all."""
    draw = random.Random(0)
    drawn = {name: [draw.gauss(8 + i, 1) for _ in range(20)] for i, name in enumerate(("M_0", "M_1"))}
    made = [mean_of("vendi_score", name, values, unit="kinds") for name, values in drawn.items()]
    for part, share in (("cooking", 0.3), ("repair_work", 0.7)):
        made.append(metric("topic_share", "M_1", share, n=96, unit="share", part=part))
    for k, name in enumerate(drawn):
        for i in range(6):
            made.append(metric("coverage", name, 0.1 * i + 0.02 * k, n=50, se=0.02, unit="share", at=10.0 * 2**i))
    made.append(metric("grammar", "M_1", 0.993, n=500, se=0.004, unit="share", note="by a parser"))
    made.append(metric("perplexity", "M_1", None, n=0, unit="bits"))
    return [*made, paired_change("fluency", "M_1", [1.0, 2.0, 3.0], [0.5, 1.8, 2.1], unit="points", against="M_0")]
