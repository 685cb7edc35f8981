"""Finished runs for tests, made by hand in a second: no model is asked, and every figure is known.

A `World` is a run whose datasets are rows that a test gives. The functions below make whole runs of each sort: `loop` (two
rounds), `scored` (a file of labelled pairs), `sweep`, `arms`, `laws`, `robustness`.
"""

import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from humpback import store
from humpback.config import Config
from humpback.curate import scorers
from humpback.curate.select import SelectStage
from humpback.engine import Hands
from humpback.metrics import mean_of, metric, paired_change
from humpback.metrics.shares import share_of
from humpback.run import Run
from humpback.schema import METRIC, PAIR, SEGMENT, SOURCE, Row
from humpback.stage import Chain, Drop, Outcome, Stage
from humpback.store import Dataset

TOPICS = ("a bicycle chain", "a sourdough loaf", "a rescue cat", "a job interview", "a vegetable bed", "a leaking tap")
DAMAGES = ("shuffled", "truncated", "advert_inserted", "copied")


class Given(Config):
    """Rows that a test made up."""

    rows: tuple[dict[str, Any], ...]


def given(config: Given) -> Iterator[Row]:
    yield from config.rows


class Changed(Config):
    """What becomes of rows by their id: further `columns`, or a drop for (reason, value); of others nothing."""

    columns: dict[str, dict[str, Any]] = {}
    drops: dict[str, tuple[str, str | None]] = {}


def changed(config: Changed, rows: Iterable[Row]) -> Iterator[Outcome]:
    for row in rows:
        drop = config.drops.get(row["id"])
        yield Drop(row, *drop) if drop else {**row, **config.columns.get(row["id"], {})}


def read(config: Given, _: Iterable[Row]) -> Iterator[Outcome]:
    """Pages, of which the last four are none."""
    for i, row in enumerate(config.rows):
        left = len(config.rows) - i
        yield Drop(row, ("not_html", "empty_body", "status", "status")[left - 1]) if left <= 4 else row


def cut(config: Given, rows: Iterable[Row]) -> Iterator[Outcome]:
    """The given segments under the pages that they are of."""
    for page in rows:
        own = [row for row in config.rows if row["parent"] == page["id"]]
        yield from own or [Drop(page, "nothing_to_cut")]


class Chosen(SelectStage):
    """A selection whose drops a test gives."""

    drops: dict[str, tuple[str, str | None]] = {}


def chosen(config: Chosen, rows: Iterable[Row]) -> Iterator[Outcome]:
    return changed(Changed(drops=config.drops), rows)


class Trained(Config):
    """The training of a model that is none: its log alone is written."""

    log: dict[str, Any] = {}


def trained(config: Trained, folder: Path, _: Hands) -> None:
    store.write_json(folder / "training.json", config.log)


class Told(Config):
    """What `best.json` says."""

    told: dict[str, Any]


def told(config: Told, folder: Path, _: Hands) -> None:
    store.write_json(folder / "best.json", config.told)


class WorldSettings(Config):
    """The settings of a recipe, as far as reports read them."""

    base: str = "embedded"
    judge_lm: str = ""
    backward_lm: str = ""
    corpus: dict[str, Any] = {"inputs": ["pages.warc.gz"]}
    seed: dict[str, Any] = {"path": "seed.jsonl"}
    teach: dict[str, Any] = {"share": 0.0}
    judge: dict[str, Any] = {"mode": "expected", "rubric": "rubric-v1"}
    curate: dict[str, Any] = {"by": "auto", "k": 4.5, "share": 0.5, "min_auc": 0.8}
    relevance: dict[str, Any] = {"embedding": "", "entailment": ""}
    combine: list[str] = ["score", "gain", "specificity"]
    iterate: dict[str, Any] = {"gate": True}


class World:
    """A run in `folder`, made of rows that are given."""

    def __init__(self, folder: Path, recipe: str = "humpback", settings: Config | None = None) -> None:
        self.folder = folder
        self.run = Run(folder, recipe, settings or WorldSettings())

    def __enter__(self) -> "World":
        return self

    def __exit__(self, *_: object) -> None:
        self.run.__exit__()

    def put(self, name: str, rows: Iterable[Row], columns: pa.Schema, **about: Any) -> Dataset:
        """A dataset of `rows`."""
        return self.run.put(name, Stage(name, columns, given, Given(rows=tuple(rows))), **about)

    def map(
        self, name: str, source: Dataset, columns: pa.Schema | None = None, drops: Mapping[str, tuple[str, str | None]] = {},
        more: Mapping[str, Row] = {}, stage: str = "", **about: Any,
    ) -> Dataset:  # fmt: skip
        """The rows of `source` but for the `drops` (id -> reason and value), with `more` columns (id -> columns)."""
        config = Changed(columns=dict(more), drops=dict(drops))
        made = Stage(stage or name, columns or source.columns, changed, config)
        return self.run.map(name, made, source, may_be_empty=True, **about)

    def select(
        self, name: str, source: Dataset, drops: Mapping[str, tuple[str, str | None]], by: str, **more: Any
    ) -> Dataset:
        """A selection by the column `by`: `k` or `share` are the stage's, the rest is what the dataset is."""
        rule = {"k": more.pop("k", None), "share": more.pop("share", None)}
        gates = {"per_site": None, "distinct": 0.8, "clusters": 0, "cluster_share": 0.2, "ifd_band": (0.3, 0.9)}
        config = Chosen(by=by, drops=dict(drops), **rule, **gates)
        stage = Stage("selected", source.columns, chosen, config, scope="dataset")
        return self.run.map(name, stage, source, may_be_empty=True, **{"kind": "selected", "by": by, **more})

    def metrics(self, name: str, rows: Iterable[Row], of: str, **about: Any) -> Dataset:
        """A measurement."""
        return self.put(name, rows, METRIC, kind="metrics", of=of, **about)

    def model(self, name: str, role: str, model: str = "", losses: Sequence[float] = (), **about: Any) -> Path:
        """A trained model, of which there is the log alone."""
        log = {"examples": 100, "too_long": 2, "log": [{"step": i, "loss": loss} for i, loss in enumerate(losses)]}
        return self.run.step(name, trained, Trained(log=log), kind="model", role=role, model=model, **about)

    def best(self, model: str, why: str, round: int) -> Path:
        said = {"model": model, "why": why, "split": "dev"}
        return self.run.step("best", told, Told(told=said), kind="best", role="forward", model=model, round=round)


def losses(seed: int, steps: int = 60) -> list[float]:
    """A curve as of a training."""
    draw = random.Random(seed)
    return [5.2 - 1.1 * (i / steps) ** 0.5 + draw.gauss(0, 0.08) for i in range(steps)]


def segment(number: int) -> Row:
    topic = TOPICS[number % len(TOPICS)]
    body = (
        f"Before you start with {topic}, lay out all that you need in the order of its use. Work slowly, and look at the "
        f"result after each of the {number + 3} steps: most faults show early, while they cost little.\n\n"
        "Then let it rest. What looks finished at once is seldom finished, and an hour later the second look finds what the "
        "first one has passed over. Write down what you changed, so that next time you begin where you have ended now."
    )
    return {"id": f"s{number:03d}", "parent": f"d{number // 4:02d}", "url": f"https://demo.example/guide-{number // 4}",
            "header_path": ["Guides", f"Care of {topic}"], "level": 2, "text": body, "n_chars": len(body), "lang": "en",
            "warc": "pages.warc.gz", "offset": 4096 * number}  # fmt: skip


def pair(number: int) -> Row:
    topic, of = TOPICS[number % len(TOPICS)], segment(number)
    asked = (
        f"How do I take care of {topic}?",
        f"What should I know before I start with {topic}?",
        f"Explain the care of {topic}.",
    )
    candidates = [
        {"instruction": text, "logprob": -0.2 - 0.05 * i, "guard": None if i < 2 else "improbable", "drawn": 1}
        for i, text in enumerate(asked)
    ]
    return {"id": f"p{number:03d}", "parent": of["id"], "url": of["url"], "header_path": of["header_path"],
            "instruction": asked[number % 3], "response": of["text"], "source": "web", "method": "backtranslate",
            "lm": "transformers:backward", "logprob": -0.2, "candidates": candidates, "style": "question"}  # fmt: skip


def scores(number: int, round: int) -> Row:
    """What scorers say of the pair of that number."""
    draw = random.Random(1000 * round + number)
    if number % 19 == 7:
        return {
            "status": "undecided",
            "judge": f"transformers:M_{round - 1}",
            "gain": draw.gauss(0.05, 0.03),
            "round": round,
        }
    score = min(5.0, max(1.0, draw.gauss(3.2 + 0.1 * round, 0.7)))
    return {"score": score, "level": int(score + 0.5), "confidence": 0.6, "label_mass": 0.8, "order_gap": 0.2, "status": "ok",
            "judge": f"transformers:M_{round - 1}", "mode": "expected", "gain": draw.gauss(0.06, 0.04),
            "judgement": [], "round": round}  # fmt: skip


def competence(round: int, model: str, sure: float) -> Iterator[Row]:
    """What is measured of a judge, which tells clean from damaged with an AUC about `sure`."""
    about: dict[str, Any] = {"round": round}
    for i, part in enumerate(DAMAGES):
        yield metric("judge_auc", model, sure + 0.03 * i, n=32, se=0.04, part=part, **about)
    for i, part in enumerate(DAMAGES):
        yield metric(
            "gain_auc", model, (0.91, 0.33, 0.56, 0.02)[i], n=32, se=(0.03, 0.06, 0.07, 0.01)[i], part=part, **about
        )
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


def selection(round: int, model: str) -> Iterator[Row]:
    """What `evaluate.selection` measures."""
    for part, length in (("instruction", 46.0), ("response", 1085.0)):
        about: dict[str, Any] = {"part": part, "round": round}
        for name, value, se, unit in (
            ("length", length, length / 40, "characters"),
            ("seed_similarity", 0.17, 0.009, "cosine"),
        ):
            yield metric(f"{name}_kept", model, value, n=48, se=se, unit=unit, **about)
            yield metric(f"{name}_dropped", model, 1.05 * value, n=48, se=se, unit=unit, **about)
            yield metric(f"{name}_change", model, -0.05 * value, n=96, se=1.4 * se, unit=unit, **about)
        yield metric("seed_like_auc", model, 0.5 if part == "instruction" else 0.64, n=48, se=0.06, **about)
    for name, value in (("kept", 0.78), ("dropped", 0.79)):
        yield metric(f"distinct_2_{name}", model, value, n=48, unit="share", part="instruction", round=round)


def iteration(round: int, model: str) -> Iterator[Row]:
    about: dict[str, Any] = {"round": round}
    yield metric("selection_precision", model, 0.24 - 0.03 * round, n=79, se=0.05, unit="share", part="gain", **about)
    yield metric("selection_recall", model, 0.59, n=32, se=0.09, unit="share", part="gain", **about)
    yield metric("acceptance", model, 0.5, n=96, unit="share", **about)
    yield metric("selected_score", model, 3.4, n=46, se=0.09, unit="levels", **about)
    yield metric("selected_gain", model, 0.08, n=48, se=0.004, unit="nats/token", **about)
    if round > 1:
        yield metric("score_drift", model, 0.019, n=40, se=0.002, unit="levels", **about)
        yield metric("gain_drift", model, -0.003, n=42, se=0.001, unit="nats/token", **about)
        yield metric("selection_overlap", model, 0.92, n=50, unit="Jaccard", **about)
        yield metric("selection_new", model, 2.0, n=48, unit="pairs", **about)
        yield metric("selection_left", model, 2.0, n=48, unit="pairs", **about)


def dev_losses(name: str, mean: float) -> list[Row]:
    draw = random.Random(7)
    own = [mean + draw.gauss(0, 0.4) + 0.01 * (i % 3) * (name != "M_0") for i in range(32)]
    return [
        metric("dev_nll", name, value, n=1, unit="nats/token", split="dev", parent=f"seed{i}") for i, value in enumerate(own)
    ]


def gate(round: int, old: str, new: str, change: float, better: bool) -> list[Row]:
    about: dict[str, Any] = {"round": round, "split": "dev"}
    why = f"{new} is {'better' if better else 'not better'} than {old} by more than 2 standard errors"
    return [
        metric("gate_nll", old, 4.328, n=32, se=0.088, unit="nats/token", **about),
        metric("gate_nll", new, 4.328 + change, n=32, se=0.084, unit="nats/token", **about),
        metric("gate_stop_rate", old, 0.84, n=32, se=0.07, unit="share", **about),
        metric("gate_stop_rate", new, 0.85, n=32, se=0.07, unit="share", **about),
        metric("gate_nll_change", new, change, n=32, se=0.0103, unit="nats/token", against=old, **about),
        metric("gate_stop_change", new, 0.01, n=32, se=0.02, unit="share", against=old, **about),
        metric("gate_better", new, float(better), n=32, against=old, note=why, **about),
    ]


def model_quality(changes: Mapping[str, float]) -> Iterator[Row]:
    first = next(iter(changes))
    for name, change in changes.items():
        yield metric("nll", name, 4.398 + change, n=23, se=0.1, unit="nats/token", split="test")
        more = {"unit": "nats/token", "split": "test", "against": first, "note": "the same pairs"}
        yield metric("nll_change", name, change, n=23, se=0.015 if change else 0.0, **more)
        yield metric("stop_rate", name, 0.87, n=23, se=0.07, unit="share", split="test")


def backward_quality(name: str = "backward") -> Iterator[Row]:
    about: dict[str, Any] = {"split": "test"}
    yield metric("instruction_nll", name, 4.89, n=23, se=0.309, unit="nats/token", **about)
    yield metric("instruction_rouge_l", name, 0.297, n=23, se=0.043, unit="F1", **about)
    yield metric("instruction_rouge_l", name, 0.135, n=23, se=0.02, unit="F1", part="chance", **about)
    yield metric("instruction_stop_rate", name, 1.0, n=23, se=0.0, unit="share", **about)


# Whole runs.


def pool(world: World, count: int = 96) -> tuple[Dataset, Dataset]:
    """(segments, pairs past the guards) of a run, with all that comes before them."""
    files = world.put("files", [{"id": "f0", "file": "pages.warc.gz", "size": 10_000}], SOURCE, kind="files")
    left = {f"s{count + i:03d}": (("too_short", "language", "not_sampled")[i % 3], None) for i in range(24)}
    ruled, drawn = ({each: why for each, why in left.items() if (why[0] == "not_sampled") is last} for last in (False, True))
    pages = [{"id": f"d{i:02d}", "url": f"https://demo.example/guide-{i}"} for i in range(count // 4 + 6)]
    steps = (
        Stage("documents", SEGMENT, read, Given(rows=tuple(pages)), reads="records"),
        Stage("candidates", SEGMENT, cut, Given(rows=tuple(map(segment, range(count + 24))))),
        Stage("ruled", SEGMENT, changed, Changed(drops=ruled)),
    )
    every = world.run.map("segments", Chain("segments", steps), files, kind="candidates", of="segments")
    sample = world.map("sample", every, drops=drawn, kind="segments")
    made = world.put("augmented", map(pair, range(count)), PAIR, kind="candidates", method="backtranslate", round=1)
    fell = {f"p{i:03d}": (("improbable", "copied_answer")[i % 2], f"{-0.2 - i / 500:.3f}") for i in range(0, count, 5)}
    pairs = world.map("pairs", made, drops=fell, stage="guards", kind="pairs", of="guards", method="backtranslate", round=1)
    return sample, pairs


def curated(world: World, pairs: Dataset, round: int, by: str = "gain") -> Dataset:
    """A round: scored, measured, and half of it selected."""
    model = f"M_{round - 1}"
    about = {"round": round, "model": model}
    world.metrics(f"competence-{round}", competence(round, model, 0.55 + 0.1 * round), of="competence", **about)
    world.metrics(f"injection-{round}", injection(round, model), of="injection", **about)
    own = {row["id"]: scores(int(row["id"][1:]), round) for row in pairs.rows(["id"])}
    every = world.map(f"scored-{round}", pairs, scorers.schema(), more=own, kind="scored", **about)
    ranked = sorted(own, key=lambda each: (-(own[each].get(by) or -9), each))
    fell = {each: ("below_share", f"{own[each].get(by, 0):.3f}") for each in ranked[len(ranked) // 2 :]}
    fell[ranked[1]] = ("near_duplicate_instruction", ranked[0])
    chosen = world.select(f"selected-{round}", every, fell, by, share=0.5, why=f"curate.by = {by}", **about)
    world.metrics(f"likeness-{round}", selection(round, model), of="selection", **about)
    world.metrics(f"iteration-{round}", iteration(round, model), of="iteration", **about)
    return chosen


def loop(folder: Path, settings: Config | None = None, recipe: str = "humpback") -> Path:
    """Two rounds, of which the second model is refused; M_1 is the best."""
    with World(folder, recipe, settings) as world:
        seed = [{"id": f"seed{i}", "instruction": f"How do I fix wheel {i}?", "response": "Turn it. " * 20, "source": "seed",
                 "split": ("train", "train", "dev", "test")[i % 4]} for i in range(120)]  # fmt: skip
        world.put("seed", seed, PAIR, kind="seed")
        _, pairs = pool(world)
        world.model("backward", "backward", losses=losses(1))
        world.model("forward-0", "forward", "M_0", losses(2), round=0)
        world.metrics("dev-cases-0", dev_losses("M_0", 4.328), of="cases", model="M_0")
        for round, change, better in ((1, -0.0799, True), (2, -0.012, False)):
            curated(world, pairs, round)
            world.model(f"forward-{round}", "forward", f"M_{round}", losses(3 + round), round=round)
            world.metrics(f"dev-cases-{round}", dev_losses(f"M_{round}", 4.2), of="cases", model=f"M_{round}")
            old = "M_0" if round == 1 else "M_1"
            world.metrics(f"gate-{round}", gate(round, old, f"M_{round}", change, better), of="gate", round=round)
        world.best("M_1", "M_1 is better than M_0", 1)
        draw = {row["id"]: ("not_drawn", None) for i, row in enumerate(pairs.rows(["id"])) if i % 2}
        world.map("uncurated", pairs, drops=draw, kind="drawn", arm="uncurated")
        world.model("forward-uncurated", "forward", "M_uncurated", losses(9), arm="uncurated")
        world.metrics("backward-quality", backward_quality(), of="backward")
        quality = model_quality({"M_0": 0.0, "M_1": -0.066, "M_2": -0.071, "M_uncurated": -0.046})
        world.metrics("model-quality", quality, of="models")
    return folder


def scored(folder: Path, labelled: bool = True) -> Path:
    """A file of pairs under a judge, compared with labels."""
    with World(folder, "score", WorldSettings(corpus={}, seed={})) as world:
        rows = [{**pair(i), "label": int(i % 4 == 0) if labelled else None} for i in range(60)]
        pairs = world.put("pairs", rows, PAIR, kind="pairs")
        own = {row["id"]: {**scores(i, 1), "judge": "echo", "round": None} for i, row in enumerate(rows)}
        world.map("scored", pairs, scorers.schema(), more=own, kind="scored")
        if labelled:
            world.metrics("agreement", agreement(), of="agreement", model="echo")
    return folder


def agreement(model: str = "echo") -> Iterator[Row]:
    yield share_of("judge_base_rate", model, 15, 60, note="labelled good")
    for name, hits, n in (("judge_precision", 9, 20), ("judge_recall", 9, 15)):
        yield share_of(name, model, hits, n, at=3.5, note="score >= 3.5")
    yield metric("judge_label_auc", model, 0.71, n=15, se=0.07, note="against 45 labelled bad")
    yield metric("judge_ece", model, 0.212, n=60, note="15 bins of equal width")
    yield metric("judge_brier", model, 0.244, n=60)
    for i, (hits, n) in enumerate(((1, 12), (3, 22), (5, 16), (6, 10))):
        yield share_of("judge_calibration", model, hits, n, at=0.15 + 0.2 * i, note=f"p {0.1 + 0.2 * i:.2f} on")


SCORERS = ("score", "gain", "ifd", "specificity", "combined")


def sweep(folder: Path) -> Path:
    """Scorers compared on one pool."""
    with World(folder, "sweep") as world:
        world.metrics("comparison", comparison(), of="comparison")
    return folder


def comparison() -> Iterator[Row]:
    for i, name in enumerate(SCORERS):
        for j, part in enumerate(DAMAGES):
            yield metric("corruption_auc", name, 0.5 + 0.09 * i - 0.04 * j, n=40, se=0.04, part=part)
        yield metric("mean_auc", name, 0.5 + 0.08 * i, n=40, se=0.025, note="mean over damage that no guard catches")
        yield metric("label_auc", name, 0.55 + 0.05 * i, n=20, se=0.05, note="20 good, 80 bad")
        yield share_of("label_precision", name, 3 + i, 9, note="the best 8.3%")
        yield share_of("label_recall", name, 3 + i, 20, note="the best 8.3%")
        yield metric("nll_change", name, -0.01 * i, n=50, se=0.012, unit="nats/token", against="M_0")
        yield metric("ranked", name, 100.0 - i, n=108, unit="pairs")
        yield metric("kept", name, 9.0, n=108, unit="pairs")
        yield metric("dropped", name, 90.0, n=108, unit="pairs", part="below_share")
        yield metric("dropped", name, 9.0, n=108, unit="pairs", part="near_duplicate_instruction")
        yield metric("seed_similarity_change", name, 0.01 * i - 0.02, n=108, se=0.012, unit="cosine", part="response")
        yield metric("seed_like_auc", name, 0.5 + 0.02 * i, n=9, se=0.09, part="instruction")
        yield metric("seconds", name, 30.0 * (i + 1), n=50, unit="per thousand pairs", note="judge")
        yield metric("prompt_tokens", name, 300_000.0 * (i + 1), n=50, unit="per thousand pairs", note="judge")
        for j, other in enumerate(SCORERS[i + 1 :]):
            yield metric("spearman", name, 0.6 - 0.15 * j, n=100, se=0.08, against=other)
            yield metric("overlap", name, 0.3 - 0.05 * j, n=14, unit="Jaccard", against=other)
    yield share_of("label_base_rate", "", 20, 100, note="labelled good")
    yield metric("mean_auc_lead", SCORERS[-1], 0.08, n=40, se=0.031, against=SCORERS[-2])
    yield metric("label_auc_lead", SCORERS[-1], 0.05, n=20, se=0.055, against=SCORERS[-2])


def arms(folder: Path) -> Path:
    """An ablation: three arms on three seeds."""
    with World(folder, "ablate_data") as world:
        world.metrics(
            "comparison", arm_rows({"M_0": 0.0, "curated": -0.052, "uncurated": -0.031, "random": 0.012}), of="arms"
        )
    return folder


def arm_rows(changes: Mapping[str, float]) -> Iterator[Row]:
    """As `evaluate.arms.comparison` gives; the first is the reference, the one that is lowest is chosen."""
    first, *_ = changes
    for name in changes:
        yield metric("pairs", name, 125.0 if name == first else 173.0, n=1, unit="pairs", note=f"seed, and {name} pairs")
        yield metric("steps", name, 75.0, n=1, unit="steps", note="batch 8")
    for name, change in changes.items():
        for split, more in (("dev", -0.004), ("test", 0.0)):
            yield metric("nll", name, 4.33 + change + more, n=40, se=0.09, unit="nats/token", split=split)
            if name != first:
                about: dict[str, Any] = {"against": first, "split": split, "unit": "nats/token"}
                yield metric("nll_change", name, change + more, n=40, se=0.011, **about)
                yield metric("seed_sd", name, 0.006, n=3, **about)
                for seed in range(3):
                    yield metric("seed_change", name, change + more + 0.006 * (seed - 1), n=40, seed=seed, **about)
        yield metric("stop_rate", name, 0.85, n=40, se=0.056, unit="share", split="test")
    best, following = sorted(changes, key=lambda name: changes[name])[:2]
    lead = changes[following] - changes[best]
    yield metric("lead", best, lead, n=40, se=0.009, unit="nats/token", against=following, split="dev")
    yield metric(
        "chosen",
        best,
        4.33 + changes[best] - 0.004,
        n=len(changes),
        unit="nats/token",
        split="dev",
        note="lowest NLL on dev",
    )


SIZES = (100, 200, 400, 800, 1600)


def laws(folder: Path) -> Path:
    """A scaling ablation: two sources over five sizes."""
    with World(folder, "scaling") as world:
        world.metrics("comparison", arm_rows({"M_0": 0.0, "curated-100": -0.05, "curated-1600": -0.2}), of="arms")
        world.metrics("laws", [*law_rows("curated", 0.055, -0.2), *law_rows("uncurated", 0.021, -0.06)], of="laws")
    return folder


def law_rows(source: str, alpha: float, constant: float, sizes: Sequence[int] = SIZES) -> Iterator[Row]:
    """As `evaluate.scaling.law_rows` gives: points that lie about alpha ln N + constant."""
    from math import log

    unit, n = "nats/token", len(sizes)
    for i, size in enumerate(sizes):
        left = 0.006 * (-1) ** i
        yield metric(
            "improvement",
            source,
            alpha * log(size) + constant + left,
            n=40,
            se=0.01,
            unit=unit,
            at=float(size),
            split="test",
        )
        yield metric("residual", source, left, n=40, unit=unit, at=float(size), split="test")
    yield metric(
        "alpha", source, alpha, n=n, se=0.004, low=alpha - 0.008, high=alpha + 0.008, unit=f"{unit} per e-fold of N"
    )
    yield metric("alpha_per_decade", source, 2.3026 * alpha, n=n, note="alpha for the logarithm to base 10")
    yield metric("constant", source, constant, n=n, unit=unit, note="C, at N = 1")
    for i in range(9):
        at = sizes[0] * (sizes[-1] / sizes[0]) ** (i / 8)
        value, reach = alpha * log(at) + constant, 0.008 + 0.002 * abs(i - 4)
        yield metric("band", source, value, n=n, low=value - reach, high=value + reach, unit=unit, at=at)
    yield metric("bend", source, -0.002, n=n, low=-0.01, high=0.006, part="quadratic")
    for name, p, down in (("quadratic", 0.41, 1.0), ("asymptote", 0.03, 1.0)):
        yield metric("saturation_f", source, 1.1 / p, n=2, part=name)
        yield metric("saturation_p", source, p, n=n, part=name)
        yield metric("saturation_bends", source, down, n=n, part=name)


def robust(folder: Path) -> Path:
    """Contrastive tuning against the model before it, under other wordings."""
    with World(folder, "coin") as world:
        world.metrics("robustness", robustness(), of="robustness")
    return folder


def robustness() -> Iterator[Row]:
    for i, model in enumerate(("M_1", "control", "coin")):
        about: dict[str, Any] = {"split": "test"}
        yield metric("robust_nll", model, 4.3, n=40, se=0.09, unit="nats/token", part="clean", **about)
        for j, part in enumerate(("character", "word", "sentence", "meaning")):
            own = {**about, "part": part}
            yield metric("robust_nll", model, 4.35 + 0.01 * j, n=40, se=0.09, unit="nats/token", **own)
            yield metric("robust_change", model, 0.05 - 0.02 * i + 0.01 * j, n=40, se=0.008, unit="nats/token", **own)
            yield metric("robust_spread", model, 0.03 - 0.005 * i, n=40, se=0.003, unit="nats/token", **own)
            yield metric("same_answer", model, 0.2 + 0.1 * i, n=20, se=0.05, unit="share", **own)
            yield metric("rouge_l", model, 0.5 + 0.1 * i, n=20, se=0.04, unit="F1", **own)
            yield metric("wording_mean", model, 4.35, n=38, unit="nats/token", **own)
            yield metric("wording_deviation", model, 0.02, n=38, unit="nats/token", **own)
    for other in ("M_1", "control"):
        for part in ("clean", "character", "word", "sentence", "meaning"):
            own = {"split": "test", "part": part, "against": other}
            yield metric("robust_nll_against", "coin", -0.02, n=40, se=0.006, unit="nats/token", **own)
            if part != "clean":
                yield metric("robust_spread_against", "coin", -0.008, n=40, se=0.003, unit="nats/token", **own)
                yield metric("rouge_l_against", "coin", 0.11, n=20, se=0.04, unit="F1", **own)


def unseen() -> list[Row]:
    """Measurements that no section knows: of one model, of several with errors, in parts, along a curve."""
    draw = random.Random(0)
    diverse = [
        mean_of("vendi_score", name, [draw.gauss(8 + i, 1) for _ in range(20)], unit="kinds")
        for i, name in enumerate(("M_0", "M_1"))
    ]
    topics = [
        metric("topic_share", "M_1", share, n=96, unit="share", part=part)
        for part, share in (("cooking", 0.3), ("repair_work", 0.7))
    ]
    curve = [metric("coverage", name, 0.1 * i + 0.02 * k, n=50, se=0.02, unit="share", at=10.0 * 2**i)
             for k, name in enumerate(("M_0", "M_1")) for i in range(6)]  # fmt: skip
    single = [metric("grammar", "M_1", 0.993, n=500, se=0.004, unit="share", note="by a parser")]
    change = [paired_change("fluency", "M_1", [1.0, 2.0, 3.0], [0.5, 1.8, 2.1], unit="points", against="M_0")]
    return [*diverse, *topics, *curve, *single, *change]


WORLDS: dict[str, Callable[[Path], Path]] = {
    "loop": loop, "scored": scored, "sweep": sweep, "arms": arms, "laws": laws, "robust": robust,
}  # fmt: skip
