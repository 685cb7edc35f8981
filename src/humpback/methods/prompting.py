"""What an instruct model takes best of the prompts for writing instructions: tried on pairs of the seed, before any text.

Large models make use of all that a long prompt says, small ones repeat it; and examples help one model and give another its
topics. So each prompt is tried where people have written the instruction, and a model that none of them helps is refused.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeVar

from humpback.config import Config
from humpback.errors import HumpbackError
from humpback.lm import LM
from humpback.lm.spec import ModelName, parse, role_of
from humpback.methods.backtranslate import AugmentConfig, Drawing, Settings, augment, drawing
from humpback.metrics import mean_of, paired_change
from humpback.prompts.backward import FORMS, BackwardConfig, is_prompted
from humpback.run import Run
from humpback.schema import METRIC, Row, row_seed
from humpback.stage import LMStage
from humpback.store import Dataset, DatasetFolder
from humpback.text.language import identify
from humpback.text.sentences import terms

# Seed pairs that each prompt is tried on, and the share of them for which a model must write something usable (ours): three
# times what is chance.
CASES, FLOOR = 12, 0.25
# The one that says most of what is wanted. Others must beat it.
LONG = "prompted"
# Examples are drawn among so many times as many of the shortest pairs: they cost tokens with every text.
DRAWN_AMONG = 4
S = TypeVar("S", bound=Settings)


class CannotBePrompted(HumpbackError):
    """A model that writes too little of use, however it is told what is wanted."""


def settled(run: Run, seed: Dataset, settings: S, writer: str) -> S:
    """`settings` with all that `writer` is to be shown: its examples, and for `backward.prompt=auto` what it takes best.

    They come back as they are for a model that was trained to write instructions. Raises `CannotBePrompted`.
    """
    backward = settings.backward
    if not is_prompted(role_of(parse(writer)), backward):
        return settings
    shown = backward.model_copy(update={"examples": examples(seed, backward, settings.random_seed)})
    form: str = backward.prompt
    if form == "auto":
        once = AugmentConfig(sampling=settings.augment.sampling)
        config = drawing(settings.model_copy(update={"backward": shown, "augment": once}), writer).config
        assert isinstance(config, Drawing)
        stage = LMStage("prompts", METRIC, tried, Trials(seed=seed.path, lm=writer, drawing=config))
        rows = list(run.put("prompts", stage, kind="metrics", of="prompts").rows())
        form, why = choose(rows)
        run.progress.say(f"{'prompts':<22} {rows[0]['model']} is asked by backward.prompt={form}: {why}")
    return settings.model_copy(
        update={"backward": (shown if form == "shots" else backward).model_copy(update={"prompt": form})}
    )


def examples(seed: Dataset, config: BackwardConfig, random_seed: int) -> tuple[tuple[str, str], ...]:
    """Those that are given, and as many short train pairs as are missing: (instruction, response)."""
    train = sorted(_sound(seed, "train"), key=lambda row: (len(row["instruction"] + row["response"]), row["id"]))
    missing = max(0, config.shots - len(config.examples))
    few = sorted(train[: DRAWN_AMONG * missing], key=lambda row: row_seed(row["id"], f"{random_seed}/shots"))
    return (*config.examples, *((row["instruction"], row["response"]) for row in few[:missing]))


def _sound(seed: Dataset, split: str) -> list[Row]:
    return [row for row in seed.rows() if row["split"] == split and row.get("label") != 0]


class Trials(Config):
    """Who is asked by each prompt, about which pairs, and how."""

    seed: DatasetFolder
    lm: ModelName
    drawing: Drawing
    cases: int = CASES


def tried(config: Trials, open: Callable[[str], LM]) -> Iterator[Row]:
    """Metric rows of each prompt (`part`): how much of what the model writes passes the guards (`prompt_passed`), and how
    much of that is about its text too (`prompt_usable`): nearer to the pair that the text is of than to any other. Equally
    near ones share it, so that of noise it is one in as many as there are. In another language nearness tells nothing, and
    is not asked for. `prompt_change` is how much more is usable than by the long prompt.

    Likelihoods of the human instructions are not asked for: examples raise them by their style alone, and servers tell none.
    """
    lm, rows = open(config.lm), cases(config)
    known = [f"{row['instruction']}\n{row['response']}" for row in rows]
    foreign = [config.drawing.backward.language not in ("text", row["lang"]) for row in rows]
    usable: dict[str, list[float]] = {}
    for form in FORMS:
        asked = config.drawing.model_copy(update={"backward": config.drawing.backward.model_copy(update={"prompt": form})})
        made = [each if isinstance(each, dict) else {} for each in augment(asked, rows, lm)]
        passed = [bool(row) and row["candidates"][0]["guard"] is None for row in made]
        near = nearness([row.get("instruction", "") for row in made], known)
        about = [1.0 if foreign[i] else (each[i] == max(each)) / each.count(max(each)) for i, each in enumerate(near)]
        usable[form] = [ok * share for ok, share in zip(passed, about, strict=True)]
        yield mean_of("prompt_passed", lm.name, [float(ok) for ok in passed], unit="share", part=form)
        yield mean_of("prompt_usable", lm.name, usable[form], unit="share", part=form)
        if form != LONG:
            change = {"unit": "share", "part": form, "against": LONG}
            yield paired_change("prompt_change", lm.name, usable[LONG], usable[form], **change)


def cases(config: Trials) -> list[Row]:
    """The texts that are asked about, each with its `instruction`: dev pairs, then train pairs that are no examples."""
    held, seed = {answer for _, answer in config.drawing.backward.examples}, Dataset(config.seed)
    drawn: list[Row] = []
    for split in ("dev", "train"):
        own = [row for row in _sound(seed, split) if row["response"] not in held]
        drawn += sorted(own, key=lambda row: row_seed(row["id"], f"{config.drawing.random_seed}/prompts"))
    return [
        {**row, "text": row["response"], "lang": row.get("lang") or identify(row["response"])[0]}
        for row in drawn[: config.cases]
    ]


def nearness(written: Sequence[str], known: Sequence[str]) -> list[list[float]]:
    """For each of the texts `written` how near it is to each of the `known` ones: the terms that both have, each with its
    weight, log(n / those of the n known ones that have it), so that what all have is nothing (inverse document frequency).
    """
    held = [set(terms(text)) for text in known]
    counts = Counter(term for each in held for term in each)
    weights = {term: math.log(len(held) / count) for term, count in counts.items()}
    # An exact sum: equally near ones are to be equal, in whatever order their terms come.
    return [[math.fsum(weights[term] for term in own & each) for each in held] for own in (set(terms(w)) for w in written)]


def choose(metrics: Sequence[Row]) -> tuple[str, str]:
    """(the prompt to ask by, why), from what `tried` measured: the long one, unless more is usable by another, and by more
    than the error. Raises `CannotBePrompted` where by none of them `FLOOR` is usable.
    """
    passed, usable, change = (
        {row["part"]: row for row in metrics if row["metric"] == name}
        for name in ("prompt_passed", "prompt_usable", "prompt_change")
    )
    why = f"of what it writes for seed pairs {_told(passed)} are past the guards, and {_told(usable)} about their texts too"
    best = max(usable, key=lambda form: usable[form]["value"])
    if usable[best]["value"] < FLOOR:
        raise CannotBePrompted(
            f"{usable[best]['model']} cannot be prompted: {why}; a quarter must be",
            "train a backward model: leave backward_lm empty; or ask by a prompt all the same: --set backward.prompt=short",
        )
    is_luck = best != LONG and change[best]["value"] <= (change[best]["se"] or 0.0)
    return LONG if is_luck and usable[LONG]["value"] >= FLOOR else best, why


def _told(shares: Mapping[str, Row]) -> str:
    """By each prompt how many, of all that were tried."""
    return ", ".join(f"{round(row['value'] * row['n'])} of {row['n']} ({form})" for form, row in shares.items())
