"""Who judged, selected and wrote, by name: the models in training, or others, with which it is no self-alignment."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from humpback.report.gather import Round

# Columns of models that are no part of the loop, and the setting that names the model.
_OUTSIDE = {"relevance": "embedding", "embedding_rank": "embedding", "entailment": "entailment"}


@dataclass(frozen=True)
class Said:
    """A line about a model, in parts; `outside` if it is none of those in training."""

    before: str
    name: str
    after: str
    outside: bool = False

    def __str__(self) -> str:
        return f"{self.before}{self.name}{self.after}"


def judge(config: Mapping[str, Any], round_: Round) -> Said:
    """Who gave the scores of the round."""
    names = Counter(row["judge"] for row in round_.scored if row["judge"])
    model = round_.model
    name = ", ".join(name for name, _ in names.most_common()) or config.get("judge_lm") or model
    if config.get("judge_lm"):
        return Said("judged by ", name, ", not by the model in training: this is no self-alignment", outside=True)
    if not round_.number:
        return Said("judged by ", name, "")
    taught = (config.get("teach") or {}).get("share")
    lessons = f", taught to judge by {taught:.0%} of its training examples" if taught else ""
    told = f", the model in training{lessons}" if name == model else f" ({model}, the model in training{lessons})"
    return Said("judged by ", name, told)


def others(config: Mapping[str, Any], round_: Round) -> list[Said]:
    """The outside models behind other scorers of the round, and whether they select."""
    named: Mapping[str, Any] = config.get("relevance") or {}
    by = round_.plan["by"] if round_.plan else ""
    selecting = {*(config.get("combine") or ())} if by == "combined" else {by}
    columns = [name for name in _OUTSIDE if any(row[name] is not None for row in round_.scored)]
    models: dict[str, list[str]] = {}
    for name in columns:
        models.setdefault(str(named.get(_OUTSIDE[name]) or "an outside model"), []).append(name)
    return [_other(model, measured, bool(selecting & {*measured})) for model, measured in models.items()]


def _other(model: str, columns: list[str], selects: bool) -> Said:
    told = ", which selects: this is no self-alignment" if selects else ", which does not select"
    return Said(f"{' and '.join(columns).replace('_', ' ')} by the outside model ", model, told, outside=selects)


def writer(config: Mapping[str, Any]) -> Said | None:
    """Who wrote the instructions, where it is no model that was trained for it."""
    if config.get("backward_lm") and "corpus" in config:
        told = ", an instruct model that is told what is wanted; no backward model was trained"
        return Said("instructions written by ", str(config["backward_lm"]), told, outside=True)
    return None
