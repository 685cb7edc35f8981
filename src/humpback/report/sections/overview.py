"""A run at a glance: how much there is, which model is best, what is not finished, and the picture of the loop."""

from collections.abc import Iterator

from humpback.report.reading import Reading
from humpback.report.section import Body, Box, Fact, Facts, Figure, Flow, Section, text
from humpback.report.sections import _who
from humpback.store import Dataset

PLACE = 0


def sections(found: Reading) -> Iterator[Section]:
    """Always there."""
    bodies: list[Body] = [Facts(tuple(_facts(found)))]
    left = [
        f"{each.name} ({each.shards} shards done)" if each.shards else each.name
        for each in found.begun
        if each.finished is None
    ]
    bodies += [text("Not finished: " + ", ".join(left) + ".", tone="bad")] if left else []
    bodies += list(_who.writer(found))
    flow = _flow(found)
    bodies += [flow] if flow else []
    yield Section("overview", "At a glance", _says(found), tuple(bodies))


def _says(found: Reading) -> str:
    base = found.settings.get("base")
    told = f"On the base model {base}." if base else ""
    who = "a judge grades the pairs" if _who.asked(found) else "scorers rank the pairs"
    loop = " A good answer already stands on the web: the backward model writes the instruction that it answers, " \
           f"{who}, and the best are trained on."  # fmt: skip
    return (told + (loop if found.finished(kind="selected") and found.finished(kind="segments") else "")).strip()


def _facts(found: Reading) -> Iterator[Fact]:
    pages = [step.kept for each in found.datasets() for step in each.steps if step.step == "documents"]
    if pages:
        yield Fact("pages read", sum(pages))
    segments, pairs, scored = found.last(kind="segments"), first_pairs(found), found.scored(None)
    if segments:
        yield Fact("texts that may be answers", len(segments))
    if pairs:
        yield Fact("pairs past the guards" if pairs.about.get("of") == "guards" else "pairs to choose from", len(pairs))
    if scored and not found.rounds:
        yield Fact("pairs scored", len(scored))
    for round in found.rounds:
        chosen = found.last(kind="selected", round=round)
        if chosen:
            yield Fact(f"kept in round {round}", len(chosen))
    best = found.finished(kind="best")
    if best:
        yield Fact("the best model, by the dev split", str(best[-1].about.get("model") or "–"))
    spent = sum(each.finished.manifest["wall_seconds"] for each in found.begun if each.finished is not None)
    yield Fact("of work", Figure(spent, unit="seconds"))


def first_pairs(found: Reading) -> Dataset | None:
    """The pairs that the first round selects from."""
    return found.last(kind="pairs", round=1) or found.last(kind="pairs")


def _flow(found: Reading) -> Flow | None:
    """The loop with what is done of it; None of runs that are not the whole of it."""
    seed, segments = found.last(kind="seed"), found.last(kind="segments")
    if not segments or not (seed and found.finished(kind="model", role="forward")):
        return None
    pairs = first_pairs(found)
    chosen = [(round, found.last(kind="selected", round=round)) for round in found.rounds]
    kept = [f"{len(made):,} in round {round}" for round, made in chosen if made]
    outside = str(found.settings.get("judge_lm") or "")
    trained = found.finished(kind="model", role="forward")
    models = [str(each.about["model"]) for each in trained if each.about.get("round") is not None]
    judges = dict.fromkeys(str(made.about.get("model")) for _, made in chosen if made)
    pages = sum(step.kept for each in found.datasets() for step in each.steps if step.step == "documents")
    written = str(found.settings.get("backward_lm") or "writes instructions")
    boxes = (
        Box("web pages", f"{pages:,} read" if pages else "", (0, 0)),
        Box("segments", f"{len(segments):,} texts", (1, 0)),
        Box("backward model", written, (2, 0)),
        Box("pairs", f"{len(pairs):,} past guards" if pairs else "…", (3, 0)),
        Box("judge" if _who.asked(found) else "scorers", outside or ", then ".join(judges) or "…", (4, 0)),
        Box("kept pairs", kept[-1] if kept else "…", (4, 1)),
        Box("forward model", ", ".join(models), (2, 1)),
        Box("seed pairs", f"{len(seed):,} human", (1, 1)),
    )
    arrows = [(0, 1), (1, 2), (2, 3), (3, 4), (4, 5), (5, 6), (7, 6)]
    arrows += [] if found.settings.get("backward_lm") else [(7, 2)]
    arrows += [] if outside else [(6, 4)]
    return Flow(boxes, tuple(arrows), "The loop: pages to segments to pairs to kept pairs to models")
