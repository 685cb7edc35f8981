"""Of several answers to a request the one that the model to be tuned finds likeliest (GRAPE, Zhang et al. 2025,
arXiv 2502.04194): what is far from all that it would say costs it most to learn.

Longer answers are likelier by the token, and short stereotyped ones too. So an answer is held to those of like length, of
whatever request (ours): the one that is furthest above their mean is taken.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from statistics import fmean
from typing import TYPE_CHECKING, Any, Literal

import pyarrow as pa

from humpback import lm as language_models
from humpback import prompts
from humpback.config import Config
from humpback.lm import LM
from humpback.lm.likelihood import mean_nll
from humpback.lm.spec import ModelName
from humpback.methods.rewrite import By
from humpback.prompts.forward import FORWARD, forward_prompt
from humpback.schema import Row
from humpback.stage import Drop, LMStage, Outcome, Stage
from humpback.store import Dataset, DatasetFolder

if TYPE_CHECKING:
    from humpback.run import Run

# `web` is the page's text, from which what is page and no answer was cut when segments were.
Answer = Literal["web", "rewritten", "distilled"]
WEB: Answer = "web"
# So many answers at least have like length. Of fewer the mean is mostly the answer itself.
ALIKE = 20
ANSWER = pa.struct([("by", pa.string()), ("response", pa.string()), ("logprob", pa.float64())])


class Answers(Config):
    """The datasets in which pairs have other answers, and how the model is asked about all of them."""

    written: dict[By, DatasetFolder]
    web: bool
    tag: str
    max_tokens: int

    def reads(self) -> Mapping[str, Any]:
        return prompts.digests(FORWARD)


def pairs(run: "Run", source: Dataset, answers: Answers, tuned: ModelName) -> Dataset:
    """The pairs of `source`, each with the likeliest of its answers under the model `tuned`.

    `answered` says which it is, and `answers` lists all with their mean log-probability per token (of the first
    `max_tokens`). A pair without any answer is dropped as `no_answer`, and it may be that none is left.
    """
    columns = source.columns.append(pa.field("answers", pa.list_(ANSWER)))
    about: dict[str, Any] = {"method": "choice", "by": "chosen"}
    stage = LMStage("answer-likelihoods", columns, likelihoods, answers, lm=tuned)
    scored = run.map("answer-likelihoods", stage, source, kind="candidates", may_be_empty=True, **about)
    taken = Stage("chosen", columns, chosen, scope="dataset")
    return run.map("chosen-answers", taken, scored, kind="rewrites", may_be_empty=True, **about)


def likelihoods(config: Answers, rows: list[Row], lm: LM) -> Iterator[Outcome]:
    """Every pair with its `answers`; the log-probability of one that does not fit the model is null."""
    language_models.reading(lm, "forward")
    texts: dict[Answer, dict[str, str]] = {WEB: {row["id"]: row["response"] for row in rows}} if config.web else {}
    for written, folder in config.written.items():
        texts[written] = {row["id"]: row["response"] for row in Dataset(folder).rows() if row["answered"] == written}
    given = [(row, by, own[row["id"]]) for row in rows for by, own in texts.items() if row["id"] in own]
    asked = [forward_prompt(row["instruction"], config.tag) for row, _, _ in given]
    losses = mean_nll(asked, [lm.clip(text, config.max_tokens)[0] for _, _, text in given], lm)
    made: dict[str, list[Row]] = {row["id"]: [] for row in rows}
    for (row, by, text), loss in zip(given, losses, strict=True):
        made[row["id"]].append({"by": by, "response": text, "logprob": None if loss is None else -loss})
    for row in rows:
        own = made[row["id"]]
        yield {**row, "answers": own} if own else Drop(row, "no_answer")


def chosen(_: Config, rows: Iterable[Row]) -> Iterator[Row]:
    """Every pair with the answer that is furthest above those of like length; the first of equals, and where none has a
    log-probability."""
    known = [
        (len(each["response"]), each["logprob"]) for row in rows for each in row["answers"] if each["logprob"] is not None
    ]
    above = LikeLength(known)
    for row in rows:
        best = max(row["answers"], key=above)
        draft = {} if best["by"] == WEB else {"draft": row["response"]}
        yield {**row, **draft, "response": best["response"], "answered": best["by"]}


class LikeLength:
    """How far an answer is above the mean of those of like length, in nats per token."""

    def __init__(self, known: list[tuple[int, float]]) -> None:
        """Of (length in characters, log-probability): as many stretches of length as have some `ALIKE` answers each; all
        of one length are in one."""
        lengths, n = sorted(length for length, _ in known), max(1, len(known) // ALIKE)
        self.longest = sorted({lengths[round(i * len(lengths) / n) - 1] for i in range(1, n)})
        parts: list[list[float]] = [[] for _ in range(len(self.longest) + 1)]
        for length, value in known:
            parts[self._stretch(length)].append(value)
        self.means = [fmean(part) if part else 0.0 for part in parts]

    def _stretch(self, length: int) -> int:
        return bisect_left(self.longest, length)

    def __call__(self, answer: Row) -> float:
        if answer["logprob"] is None:
            return float("-inf")
        return float(answer["logprob"] - self.means[self._stretch(len(answer["response"]))])
