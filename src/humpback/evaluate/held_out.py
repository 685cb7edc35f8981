"""What a model makes of held-out seed pairs: NLL, stop rate, and for the backward model ROUGE-L.

A model of the other role is refused with `RoleMismatch`: it would answer, and its figures would mean nothing.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from humpback import lm as language_models
from humpback import prompts
from humpback.config import Config
from humpback.lm import LM, Sampling
from humpback.lm.likelihood import mean_nll
from humpback.lm.spec import ModelName
from humpback.metrics import mean_of, paired_change
from humpback.prompts.backward import BACKWARD, BackwardConfig, backward_prompt
from humpback.prompts.forward import FORWARD, TagConfig, forward_prompt
from humpback.schema import Row, row_seed
from humpback.store import Dataset, DatasetFolder

Open = Callable[[str], LM]


def held(seed: Dataset, split: str, cases: int) -> list[Row]:
    """The first `cases` pairs of a split."""
    return [row for row in seed.rows() if row["split"] == split][:cases]


def demonstrations(seed: Dataset, shots: int, draw: str) -> list[Row]:
    """So many train pairs, drawn by `draw` among the half whose answers are shorter."""
    sound = (row for row in seed.rows() if row["split"] == "train" and row.get("label") != 0)
    train = sorted(sound, key=lambda row: len(row["response"]))
    short = train[: max(shots, len(train) // 2)]
    return sorted(short, key=lambda row: row_seed(row["id"], f"{draw}/shots"))[:shots]


def forward_nll(rows: list[Row], lm: LM, tag: str, max_tokens: int, shots: Sequence[Row] = ()) -> list[float | None]:
    """Mean NLL in nats per token of each human response given its instruction, under `tag`; `shots` are shown before it."""
    language_models.reading(lm, "forward")
    asked = [forward_prompt(row["instruction"], tag, shots) for row in rows]
    return mean_nll(asked, [lm.clip(row["response"], max_tokens)[0] for row in rows], lm)


def ended(rows: list[Row], lm: LM, tag: str, max_tokens: int, shots: Sequence[Row] = ()) -> list[float | None]:
    """For each row 1.0 if the answer, drawn under `tag`, ends by itself within `max_tokens`, else 0.0; None of 0 tokens, and
    where the prompt does not fit."""
    language_models.reading(lm, "forward")
    if not max_tokens:
        return [None] * len(rows)
    asked = [forward_prompt(row["instruction"], tag, shots) for row in rows]
    seeds = [row_seed(row["id"], "stop") for row in rows]
    made = lm.generate(asked, Sampling(max_new_tokens=max_tokens), seeds)
    return [None if completion.finish == "too_long" else float(completion.finish == "stop") for completion in made]


class ModelQuality(Config):
    """Forward models by name, on the same held-out pairs; the others are held to the first, and to the `control` if any."""

    seed: DatasetFolder
    split: str = "test"
    cases: int
    models: dict[str, ModelName]
    tags: TagConfig
    max_tokens: int
    stop_tokens: int
    control: str = ""

    @property
    def first(self) -> str:
        return next(iter(self.models))

    def reads(self) -> Mapping[str, Any]:
        return {**prompts.digests(FORWARD), "first": self.first}


def model_quality(config: ModelQuality, open: Open) -> Iterator[Row]:
    """NLL of the human responses, its paired change, and the share of answers that end within `stop_tokens`."""
    rows = held(Dataset(config.seed), config.split, config.cases)
    losses: dict[str, list[float | None]] = {}
    change = {"unit": "nats/token", "split": config.split, "note": "the same pairs"}
    for name, spec in config.models.items():
        lm, split = open(spec), config.split
        losses[name] = forward_nll(rows, lm, config.tags.seed, config.max_tokens)
        yield mean_of("nll", name, losses[name], unit="nats/token", split=split)
        before = losses[config.first]
        yield paired_change("nll_change", name, before, losses[name], **change, against=config.first)
        stops = ended(rows, lm, config.tags.inference, config.stop_tokens)
        yield mean_of("stop_rate", name, stops, unit="share", split=split)
    for name in losses if config.control else ():
        if name not in (config.first, config.control):
            before = losses[config.control]
            yield paired_change("nll_change", name, before, losses[name], **change, against=config.control)


class BackwardQuality(Config):
    """Backward models by name, on the same held-out pairs."""

    seed: DatasetFolder
    split: str = "test"
    cases: int
    models: dict[str, ModelName]
    backward: BackwardConfig
    tags: TagConfig
    sampling: Sampling

    def reads(self) -> Mapping[str, Any]:
        return prompts.digests(BACKWARD)


def backward_quality(config: BackwardQuality, open: Open) -> Iterator[Row]:
    """NLL of the human instructions, the share of those drawn that end, and their ROUGE-L with the human ones.

    Beside it stands what is chance (`part`): ROUGE-L with the instruction of another row.
    """
    from rouge_score.rouge_scorer import RougeScorer  # draws in nltk, and a finished run needs none of it

    rows = held(Dataset(config.seed), config.split, config.cases)
    references = [row["instruction"] for row in rows]
    score = RougeScorer(["rougeL"], use_stemmer=True).score
    for name, spec in config.models.items():
        lm, split = language_models.reading(open(spec), "backward"), config.split
        asked = [backward_prompt(row, config.backward, config.tags.seed, lm.clip)[0] for row in rows]
        losses = mean_nll(asked, references, lm)
        yield mean_of("instruction_nll", name, losses, unit="nats/token", split=split)
        made = lm.generate(asked, config.sampling, [row_seed(row["id"], "backward") for row in rows])
        for part, wanted in (("", references), ("chance", references[1:] + references[:1])):
            overlap = [score(one, each.text)["rougeL"].fmeasure for one, each in zip(wanted, made, strict=True)]
            note = "against another row's instruction" if part else ""
            yield mean_of("instruction_rouge_l", name, overlap, unit="F1", split=split, part=part, note=note)
        stops = [float(each.finish == "stop") for each in made]
        yield mean_of("instruction_stop_rate", name, stops, unit="share", split=split)
