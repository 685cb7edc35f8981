"""What changes when an instruction is worded otherwise: its letters, its words, a sentence beside it, its whole wording.

The four kinds follow PromptBench (Zhu et al. 2023, section 3.2), which CoIN is measured with (section 4.1): character
(as DeepWordBug), word (as TextFooler), sentence (as CheckList) and meaning. The perturbations are not searched for
against a model but drawn by the row, so that each model is asked the same. Held-out human answers stand in the place of
labels: how likely are they still, and does the model itself answer the same?
"""

import hashlib
import json
import random
import re
import string
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from importlib import resources
from itertools import combinations
from statistics import pstdev
from typing import Any

from pydantic import Field

from humpback import prompts
from humpback.config import Config
from humpback.evaluate.held_out import Open, held
from humpback.lm import LM, Sampling
from humpback.lm.likelihood import mean_nll
from humpback.lm.spec import ModelName
from humpback.methods.rewording import MEASURED, rewordings
from humpback.metrics import mean_of, metric, paired_change
from humpback.prompts.forward import FORWARD, TagConfig, forward_prompt
from humpback.schema import Row, row_seed
from humpback.store import Dataset, DatasetFolder
from humpback.text.rouge import rouge_l

CLEAN, KINDS = "clean", ("character", "word", "sentence", "meaning")
# What tells one instruction from another has so many letters at least.
_WORD, _ANY_WORD = re.compile(r"[^\W\d_]{4,}"), re.compile(r"[^\W\d_]+")
_ARTICLE = re.compile(r"\b([Aa])n? ([a-z])")
_HOMOGLYPHS = dict(zip("aceiopsxyABCEHKMOPTX", "асеіорѕхуАВСЕНКМОРТХ", strict=True))
_ASIDES = ("and true is true", "and false is not true", "By the way, it is raining here.", "My neighbour has a black cat.")
_MARKS = string.ascii_letters + string.digits


class RobustnessConfig(Config):
    """On what, and how often."""

    cases: int = Field(50, ge=2, description="at most so many held-out pairs (PromptBench: 300 of a task)")
    wordings: int = Field(6, ge=2, description="wordings of each instruction, by kind of perturbation (CoIN: 6)")
    answers: int = Field(20, ge=0, description="of so many of the pairs all wordings are answered too")
    answer_tokens: int = Field(48, ge=1, description="length of these answers (ours)")
    max_tokens: int = Field(256, description="human answers are clipped to this many tokens")
    share: float = Field(0.2, gt=0, le=1, description="of the words with four letters or more that change (ours)")


class Robustness(Config):
    """Forward models by name, each by itself; and the last one held against every other, case by case."""

    seed: DatasetFolder
    split: str = "test"
    cases: int
    models: dict[str, ModelName]
    tags: TagConfig
    robustness: RobustnessConfig

    def reads(self) -> Mapping[str, Any]:
        listed = hashlib.sha256(_text().encode()).hexdigest()
        return {**prompts.digests(FORWARD), "synonyms": listed, "last": [*self.models][-1]}


def measured(config: Robustness, open: Open) -> Iterator[Row]:
    """The rows of `robustness` and of `against`."""
    rows = held(Dataset(config.seed), config.split, config.cases)
    asked = {name: ask(rows, open(lm), config.tags, config.robustness) for name, lm in config.models.items()}
    for name, found in asked.items():
        yield from robustness(found, name, config.split)
    *others, last = asked
    for name in others:
        yield from against(asked[name], asked[last], last, name, config.split)


Perturbation = Callable[[str, random.Random, float], str | None]


def character(text: str, draw: random.Random, share: float) -> str | None:
    """In some words two letters swapped, one dropped, one put in, or one in the look-alike of another script."""
    return _each_drawn(_WORD.findall(text), text, draw, share, partial(_misspelt, draw))


def word(text: str, draw: random.Random, share: float) -> str | None:
    """Some words replaced by synonyms, and the articles before them put right."""
    known = [each for each in _ANY_WORD.findall(text) if each.casefold() in synonyms()]
    made = _each_drawn(known, text, draw, share, partial(_synonym, draw))
    return _ARTICLE.sub(lambda found: found[1] + ("n " if found[2] in "aeiou" else " ") + found[2], made) if made else None


def sentence(text: str, draw: random.Random, _: float) -> str | None:
    """A random string, an address, a handle, or an idle sentence behind it."""
    mark = "".join(draw.choices(_MARKS, k=10))
    return f"{text} {draw.choice([mark, f'https://t.co/{mark}', f'@{mark}', *_ASIDES])}"


PERTURBATIONS: dict[str, Perturbation] = {"character": character, "word": word, "sentence": sentence}


def _each_drawn(words: list[str], text: str, draw: random.Random, share: float, change: Callable[[str], str]) -> str | None:
    """`text` with a `share` of its words with four letters changed, drawn from `words`; None where there are none."""
    distinct = list(dict.fromkeys(words))
    most = max(1, round(share * len(set(_WORD.findall(text)))))
    for each in draw.sample(distinct, min(most, len(distinct))):
        text = re.sub(rf"\b{each}\b", change(each), text)
    return text if distinct else None


def _misspelt(draw: random.Random, word: str) -> str:
    """The first and the last letter stay, by which readers know the word; of a look-alike all may be."""
    at = draw.randrange(1, len(word) - 2)
    ways = [
        word[:at] + word[at + 1] + word[at] + word[at + 2 :],
        word[:at] + word[at + 1 :],
        word[:at] + draw.choice(string.ascii_lowercase) + word[at:],
    ]
    like = [i for i, letter in enumerate(word) if letter in _HOMOGLYPHS]
    if like:
        i = draw.choice(like)
        ways.append(word[:i] + _HOMOGLYPHS[word[i]] + word[i + 1 :])
    return draw.choice([way for way in ways if way != word] or ways[1:2])


def _synonym(draw: random.Random, word: str) -> str:
    found = draw.choice(synonyms()[word.casefold()])
    return found.capitalize() if word[0].isupper() else found


@cache
def synonyms() -> dict[str, list[str]]:
    """Word -> those that may stand for it, of the list that ships."""
    found: dict[str, list[str]] = {}
    for line in _text().splitlines():
        group = json.loads(line)
        for each in group:
            found.setdefault(each, []).extend(other for other in group if other != each)
    return found


@cache
def _text() -> str:
    return (resources.files(__name__.rpartition(".")[0]) / "synonyms.jsonl").read_text(encoding="utf-8")


def wordings(row: Row, kind: str, config: RobustnessConfig) -> list[str]:
    """So many wordings of the instruction as `config` says, the same on every machine; of `meaning` the first is its own.

    Short ones have few words to change, and may have one wording twice. Empty where there is none: no known word to
    replace, or no English for the rules.
    """
    text = row["instruction"]
    if kind == "meaning":
        other = rewordings(text, MEASURED)
        return [text, *other][: config.wordings] if other else []
    draws = (random.Random(row_seed(row["id"], f"{kind}/{i}")) for i in range(config.wordings))
    made = [PERTURBATIONS[kind](text, draw, config.share) for draw in draws]
    return [each for each in made if each is not None]


@dataclass(frozen=True)
class Answered:
    """What a model makes of all wordings of some pairs, by kind of perturbation and case.

    `losses`: of the human answer under each wording, nats per token. `answers`: greedy ones to the first pairs and all
    their wordings. Both are None, or not there, where a prompt was too long.
    """

    rows: Sequence[Row]
    texts: dict[str, list[list[str]]]
    losses: dict[str, list[list[float | None]]]
    answers: dict[str, str]

    def means(self, kind: str) -> list[float | None]:
        """The mean loss of each case over its wordings."""
        known = [[loss for loss in case if loss is not None] for case in self.losses[kind]]
        return [_mean(case) for case in known]

    def spreads(self, kind: str) -> list[float | None]:
        """The standard deviation of the loss of each case over its wordings."""
        known = [[loss for loss in case if loss is not None] for case in self.losses[kind]]
        return [pstdev(case) if len(case) > 1 else None for case in known]

    def overlaps(self, kind: str) -> list[float | None]:
        """The mean ROUGE-L of all pairs of answers to a case: to its wordings, and to the instruction as it was."""
        return [_mean([rouge_l(one, other) for one, other in pairs]) for pairs in self._answered(kind)]

    def equals(self, kind: str) -> list[float | None]:
        """The share of these pairs of answers that are equal."""
        return [_mean([float(one == other) for one, other in pairs]) for pairs in self._answered(kind)]

    def _answered(self, kind: str) -> list[list[tuple[str, str]]]:
        given = (dict.fromkeys([row["instruction"], *texts] if texts else [])
                 for row, texts in zip(self.rows, self.texts[kind], strict=True))  # fmt: skip
        return [list(combinations([self.answers[text] for text in own if text in self.answers], 2)) for own in given]


def _mean(values: list[float]) -> float | None:
    return sum(values) / len(values) if values else None


def ask(rows: Sequence[Row], lm: LM, tags: TagConfig, config: RobustnessConfig) -> Answered:
    """Held-out human pairs, each in all its wordings; one call for likelihoods, and one for answers."""
    rows = rows[: config.cases]
    texts = {kind: [wordings(row, kind, config) for row in rows] for kind in KINDS}
    texts[CLEAN] = [[row["instruction"]] for row in rows]
    return Answered(rows, texts, _losses(rows, texts, lm, tags, config), _answers(texts, lm, tags, config))


def _losses(
    rows: Sequence[Row], texts: dict[str, list[list[str]]], lm: LM, tags: TagConfig, config: RobustnessConfig
) -> dict[str, list[list[float | None]]]:
    """Equal wordings of a case are asked once."""
    targets = [lm.clip(row["response"], config.max_tokens)[0] for row in rows]
    flat = list(dict.fromkeys((i, text) for own in texts.values() for i, case in enumerate(own) for text in case))
    made = mean_nll([forward_prompt(text, tags.seed) for _, text in flat], [targets[i] for i, _ in flat], lm)
    found = dict(zip(flat, made, strict=True))
    return {kind: [[found[i, text] for text in case] for i, case in enumerate(own)] for kind, own in texts.items()}


def _answers(texts: dict[str, list[list[str]]], lm: LM, tags: TagConfig, config: RobustnessConfig) -> dict[str, str]:
    flat = list(dict.fromkeys(text for own in texts.values() for case in own[: config.answers] for text in case))
    greedy = Sampling(temperature=0.0, max_new_tokens=config.answer_tokens)
    made = lm.generate([forward_prompt(text, tags.inference) for text in flat], greedy, [0] * len(flat)) if flat else []
    return {text: each.text.strip() for text, each in zip(flat, made, strict=True) if each.finish != "too_long"}


def robustness(asked: Answered, model: str, split: str = "") -> Iterator[Row]:
    """Metric rows; the part is the kind of perturbation.

    robust_nll: of the human answer, nats per token, mean over the wordings of a case. robust_change: that minus the NLL
    under the instruction as it was. robust_spread: standard deviation over the wordings of a case. wording_mean and
    wording_deviation: over the numbers of the wordings, of the mean over cases of each, as CoIN reports. same_answer and
    rouge_l: how alike a model's own answers to the wordings of a case are.
    """
    nats, before = {"unit": "nats/token", "split": split}, asked.means(CLEAN)
    yield mean_of("robust_nll", model, before, part=CLEAN, **nats)
    for kind in KINDS:
        yield mean_of("robust_nll", model, asked.means(kind), part=kind, **nats)
        yield paired_change("robust_change", model, before, asked.means(kind), part=kind, **nats)
        yield mean_of("robust_spread", model, asked.spreads(kind), part=kind, **nats)
        yield from _wording_rows(asked.losses[kind], model, part=kind, **nats)
        yield mean_of("same_answer", model, asked.equals(kind), unit="share", part=kind, split=split)
        yield mean_of("rouge_l", model, asked.overlaps(kind), unit="F1", part=kind, split=split)


def _wording_rows(losses: list[list[float | None]], model: str, **about: Any) -> Iterator[Row]:
    """Of the cases that have as many wordings as any: means over different cases would spread by themselves."""
    most = max((len(case) for case in losses), default=0)
    whole = [case for case in losses if len(case) == most > 1 and None not in case]
    means = [sum(loss or 0.0 for loss in column) / len(whole) for column in zip(*whole, strict=True)]
    yield metric("wording_mean", model, _mean(means), n=len(whole), **about)
    yield metric("wording_deviation", model, pstdev(means) if means else None, n=len(whole), **about)


def against(baseline: Answered, asked: Answered, model: str, name: str, split: str = "") -> Iterator[Row]:
    """Metric rows, case by case against the baseline `name`: how much lower a loss, and how much more alike answers, `model`
    has. Below 0 is better for robust_nll_against and robust_spread_against, above 0 for rouge_l_against."""
    for kind in (CLEAN, *KINDS):
        compared = [("robust_nll_against", Answered.means, "nats/token")]
        if kind != CLEAN:
            compared += [
                ("robust_spread_against", Answered.spreads, "nats/token"),
                ("rouge_l_against", Answered.overlaps, "F1"),
            ]
        for metric_, of, unit in compared:
            about = {"unit": unit, "part": kind, "against": name, "split": split}
            yield paired_change(metric_, model, of(baseline, kind), of(asked, kind), **about)
