"""Who judged, selected and wrote, by name: the models in training, or others, with which it is no self-alignment."""

from collections import Counter
from collections.abc import Iterator

import numpy as np

from humpback.curate import scorers
from humpback.curate.select import CurateConfig
from humpback.report.columns import column, words
from humpback.report.reading import Reading
from humpback.report.section import Code, Figure, Text, text
from humpback.store import Dataset


def judge(found: Reading, scored: Dataset | None, round: int | None, model: str) -> Text:
    """Who gave the scores of a round; `model` is what its forward model is called."""
    outside = str(found.settings.get("judge_lm") or "")
    names = Counter(name for name in words(scored, "judge") if name) if scored else Counter()
    name = ", ".join(name for name, _ in names.most_common()) or outside or model
    before = f"Round {round}: judged by " if round is not None else "Judged by "
    if not asked(found):
        return text(
            "" if round is None else f"Round {round}: ", "no judge was asked for scores (", Code("judge.ask=false"), ")."
        )
    if outside:
        return text(before, Code(name), ", not by the model in training: this is no self-alignment.", tone="bad")
    if round is None:
        return text(before, Code(name), ".")
    share = found.settings.get("teach.share")
    taught = (", taught to judge by ", Figure(float(share), "share"), " of its training loss") if share else ()
    inner = f"{model}, the model in training" if name != model else "the model in training"
    return text(before, Code(name), f" ({inner}", *taught, ").")


def asked(found: Reading) -> bool:
    """Whether a judge was asked for scores at all."""
    return found.settings.get("judge.ask") is not False


def others(found: Reading, scored: Dataset | None, by: str) -> Iterator[Text]:
    """The outside models behind other scorers, and whether they select."""
    combined = found.settings.get("combine") or ()
    selecting = {*combined} if by == "combined" else {by}
    models: dict[str, list[str]] = {}
    for name in scorers.names():
        needs = scorers.load(name, CurateConfig()).needs
        asked = scored is not None and needs not in ("", "base", "backward_lm")
        if scored and asked and np.isfinite(column(scored, name)).any():
            models.setdefault(str(found.settings.get(needs) or "an outside model"), []).append(name)
    for model, columns in models.items():
        told = " and ".join(columns).replace("_", " ")
        if selecting & {*columns}:
            yield text(
                f"{told} by the outside model ", Code(model), ", which selects: this is no self-alignment.", tone="bad"
            )
        else:
            yield text(f"{told} by the outside model ", Code(model), ", which does not select.")


def writer(found: Reading) -> Iterator[Text]:
    """Who wrote the instructions, where it is no model that was trained for it."""
    name = found.settings.get("backward_lm")
    if name and found.last(kind="pairs") and not found.finished(kind="model", role="backward"):
        told = ", an instruct model that is told what is wanted; no backward model was trained."
        yield text("Instructions written by ", Code(str(name)), told, tone="bad")
