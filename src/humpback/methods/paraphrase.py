"""Triples for contrastive tuning: an instruction, the same in other words, and a hard negative (CoIN, section 3.2).

Other wordings come from what the backward model drew for the same text, from an instruct model, or from rules. A wording
that loses a number, a name, a quotation, an address or code asks for something else, whoever wrote it. The hard negative
is the same instruction with another text as its answer, the nearest by wording; or where instructions bring an
input, the same task on another input.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Any, Literal, get_args

import numpy as np
from pydantic import Field

from humpback import lm as language_models
from humpback import prompts
from humpback.config import Config
from humpback.guards.checks import GuardConfig, fault
from humpback.lm import LM, Sampling
from humpback.methods.candidates import SHARED_TERMS, shared_terms
from humpback.methods.cleaning import clean_instruction
from humpback.methods.rewording import TAUGHT, rewordings
from humpback.prompts.quoting import quoted
from humpback.schema import Row, row_id, row_seed
from humpback.stage import Drop, Outcome, keep_or_drop
from humpback.text.sentences import terms

PARAPHRASE = "paraphrase-v1"
By = Literal["candidate", "lm", "pivot", "rule"]
# Names are told by their capitals where other nouns have none.
_CAPITAL_NOUNS = ("de", "lb")
_NAME = re.compile(r"(?<=[^\W_][,;:)\"”]\s)\b[^\W\d_][\w'’-]*|(?<=[^\W_]\s)\b[^\W\d_][\w'’-]*")
_INNER_CAPITALS = re.compile(r"\b\w+[A-Z]\w*")
_SLOTS = (
    re.compile(r"```.*?```", re.DOTALL),
    re.compile(r"`[^`\n]+`"),
    re.compile(r"\"[^\"\n]+\"|“[^”\n]+”|«[^»\n]+»|„[^“”\n]+[“”]|(?<!\w)'[^'\n]+'(?!\w)|(?<!\w)‘[^’\n]+’(?!\w)"),
    re.compile(r"\bhttps?://\S*[\w/]|\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+"),
    re.compile(r"\d+(?:[.,:/-]\d+)*"),
)


class ParaphraseConfig(Config):
    """Where other wordings come from, and which of them are taken for paraphrases."""

    sources: tuple[By, ...] = Field(
        get_args(By),
        min_length=1,
        description="the first that has one gives it: candidate (drawn for the same text), lm (paraphrase_lm), pivot (round "
        "trips that were made), rule (ours)",
    )
    drafts: int = Field(2, ge=1, description="wordings that the instruct model is asked for (ours)")
    sampling: Sampling = Field(Sampling(max_new_tokens=256), description="of the instruct model (ours)")
    shared_terms: float = Field(
        SHARED_TERMS, ge=0, le=1, description="least share of the shorter one's terms in both, of candidates (ours)"
    )
    most_alike: float = Field(
        0.9, gt=0, le=1, description="largest cosine (TF-IDF) of a hard negative's answer with the own one (ours)"
    )


class WordingConfig(Config):
    """What other wordings depend on; `drafted` is whether an instruct model is asked for some."""

    paraphrase: ParaphraseConfig
    random_seed: int
    drafted: bool = False

    def reads(self) -> dict[str, str]:
        return prompts.digests(PARAPHRASE) if self.drafted else {}


def drafted_wordings(config: WordingConfig, rows: list[Row], lm: LM) -> Iterator[Outcome]:
    """Other wordings of each instruction, each as a row of its own, those of the instruct model `lm` among them.

    A pair for which there is none is dropped as `no_wording`.
    """
    language_models.reading(lm, "forward")
    shown = [prompts.render(PARAPHRASE, instruction=quoted(row["instruction"])) for row in rows]
    draws = config.paraphrase.drafts
    made = lm.generate(
        [prompt for prompt in shown for _ in range(draws)],
        config.paraphrase.sampling,
        [row_seed(row["id"], f"{config.random_seed}/paraphrase/{j}") for row in rows for j in range(draws)],
    )
    for i, row in enumerate(rows):
        drafts = [(clean_instruction(each.text), each.finish) for each in made[i * draws : (i + 1) * draws]]
        yield from _listed(config, row, drafts)


def wordings(config: WordingConfig, rows: Iterable[Row]) -> Iterator[Outcome]:
    """As `drafted_wordings`, without a model to ask."""
    for row in rows:
        yield from _listed(config, row, [])


def _listed(config: WordingConfig, row: Row, drafts: Sequence[tuple[str, str]]) -> Iterator[Outcome]:
    found: dict[By, Sequence[tuple[str, str]]] = {
        "candidate": _candidates(row),
        "lm": drafts,
        "pivot": [],
        "rule": [(text, "stop") for text in rewordings(row["instruction"], TAUGHT)],
    }
    every = [(by, *each) for by in config.paraphrase.sources for each in found[by]]
    for ordinal, (by, text, finish) in enumerate(every):
        made = {"paraphrase": text, "paraphrase_by": by, "paraphrase_finish": finish}
        yield {**row, **made, "id": row_id(row["id"], "wording", ordinal), "parent": row["id"]}
    if not every:
        yield Drop(row, "no_wording")


def _candidates(row: Row) -> list[tuple[str, str]]:
    """What else was drawn for the text and passes the guards."""
    drawn = row.get("candidates") or []
    return [(c["instruction"], c["finish"]) for c in drawn if c["guard"] is None and c["instruction"] != row["instruction"]]


class CheckConfig(Config):
    """Which wordings are paraphrases."""

    paraphrase: ParaphraseConfig
    guards: GuardConfig


def paraphrases(config: CheckConfig, rows: Iterable[Row]) -> Iterator[Outcome]:
    """The wordings that ask for the same thing."""
    return keep_or_drop(partial(no_paraphrase, config=config.paraphrase, guards=config.guards), rows)


def no_paraphrase(row: Row, config: ParaphraseConfig, guards: GuardConfig) -> tuple[str, Any] | None:
    """(why the wording of `row` is no paraphrase of its instruction, what shows it), or None."""
    own, other = row["instruction"], row["paraphrase"]
    found = fault({**row, "instruction": other, "finish": row["paraphrase_finish"], "logprob": None}, guards)
    if found:
        return found
    if terms(own) == terms(other):
        return "same_words", other
    lost, added = (lacking(a, b, row.get("lang")) for a, b in ((own, other), (other, own)))
    if lost or added:
        return ("slot_lost", lost[0]) if lost else ("slot_added", added[0])
    shared = shared_terms(own, other)
    return ("other_question", shared) if row["paraphrase_by"] == "candidate" and shared < config.shared_terms else None


def lacking(text: str, other: str, lang: str | None = None) -> list[str]:
    """The slots of `text` that `other` does not hold as they are; names may begin with either letter."""
    return [slot for slot in slots(text, lang) if not _held(slot, other)]


def slots(text: str, lang: str | None = None) -> list[str]:
    """What a paraphrase has to keep: code, quotations, addresses, numbers, and names, which are words with a capital
    inside, or at their beginning where no sentence begins."""
    found, rest = [], text
    for pattern in _SLOTS:
        found += pattern.findall(rest)
        rest = pattern.sub(" ; ", rest)
    names = [] if lang in _CAPITAL_NOUNS else [word for word in _NAME.findall(rest) if word[0].isupper()]
    names = [word for word in names if word.split("'")[0].split("’")[0] != "I"]
    return list(dict.fromkeys([*found, *names, *_INNER_CAPITALS.findall(rest)]))


def _held(slot: str, text: str) -> bool:
    """`slot` stands in `text` by itself, and not inside a longer word or number."""
    slot, text = (" ".join(each.casefold().split()) for each in (slot, text))
    start = r"(?<!\w)(?<!\d[.,])" if slot[:1].isalnum() else ""
    end = r"(?!\w)(?![.,]\d)" if slot[-1:].isalnum() else ""
    return re.search(start + re.escape(slot) + end, text) is not None


def with_negatives(config: WordingConfig, rows: Iterable[Row]) -> Iterator[Outcome]:
    """Of each pair one paraphrase, with the pair's hard negative; the others are dropped as `other_wording`.

    Pairs that no other is unlike enough to are dropped as `no_negative`.
    """
    by_pair: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_pair[row["parent"]].append(row)
    own, seed = config.paraphrase, config.random_seed
    chosen = [_one(each, own.sources, seed) for _, each in sorted(by_pair.items())]
    for row, negative in zip(chosen, hard_negatives(chosen, own.most_alike), strict=True):
        others = [each for each in by_pair[row["parent"]] if each["id"] != row["id"]]
        yield {**row, **negative} if negative else Drop(row, "no_negative")
        yield from (Drop(each, "other_wording", each["paraphrase_by"]) for each in others)


def _one(wordings: list[Row], sources: tuple[By, ...], seed: int) -> Row:
    """Of the first source that has one; within it by a draw, so that rules are used evenly."""
    return min(wordings, key=lambda row: (sources.index(row["paraphrase_by"]), row_seed(row["id"], f"{seed}/wording")))


def hard_negatives(rows: list[Row], most_alike: float) -> list[Row | None]:
    """For each row the columns negative_*, by the other row whose answer is nearest (cosine of TF-IDF), but no nearer than
    `most_alike`: nearly the same text would be a right answer. None where there is no such row.

    If others bring another input to the same task, the nearest of these as it is.
    """
    vectors = _vectors([row["response"] for row in rows])
    tasks = [_task(row["instruction"]) for row in rows]
    found: list[Row | None] = []
    for i, row in enumerate(rows):
        near = (vectors[i] @ vectors.T).toarray().ravel()
        near[near > most_alike] = -1.0
        near[i] = -1.0
        same = np.array([task is not None and task == tasks[i] for task in tasks]) & (near >= 0)
        best = int(np.where(same, near, -1.0).argmax() if same.any() else near.argmax())
        found.append(_negative(row, rows[best], float(near[best]), same.any()) if near[best] >= 0 else None)
    return found


def _negative(row: Row, other: Row, similarity: float, same_task: bool) -> Row:
    asked = other if same_task else row
    return {"negative_instruction": asked["instruction"], "negative_response": other["response"],
            "negative_of": other["parent"], "negative_similarity": similarity}  # fmt: skip


def _task(instruction: str) -> str | None:
    """The paragraph before an input that the instruction brings with it."""
    task, gap, _ = instruction.partition("\n\n")
    return task.strip() if gap else None


def _vectors(texts: list[str]) -> Any:
    """(n, terms), sparse, each row of length one."""
    from sklearn.feature_extraction.text import TfidfVectorizer  # a second of imports, and a finished run needs none

    made = TfidfVectorizer(tokenizer=terms, token_pattern=None, lowercase=False, sublinear_tf=True, dtype=np.float32)
    return made.fit_transform([*texts, "none"])[:-1]
