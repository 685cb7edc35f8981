"""One self-contained HTML page from a run: it opens offline, and every number on it is read from the run's folder."""

import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from humpback import store
from humpback.report import charts, examples, gather, iterations, measured, who
from humpback.report.gather import Round

PAGE = "report.html"
_ALIKE = 1e-6
_SUBSCRIPT = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


def write_report(run: Path, _: Path | None = None) -> Path:
    """Write RUN/report.html and return its path; a run that is not finished is reported as far as it is."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("humpback", "report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(figure=measured.figure, quantity=measured.quantity, share=measured.share)
    page = environment.get_template("page.html.jinja").render(**content(run))
    store.write_bytes(run / PAGE, page.encode())
    return run / PAGE


def content(run: Path) -> dict[str, Any]:
    """Everything that the page shows."""
    funnel, done, about = gather.funnel(run), gather.rounds(run), gather.read_run(run)
    return {
        "run": about,
        "name": run.resolve().name,
        "funnel": [_bar(row) for row in funnel if row.get("kind") == "data" and row["read"]],
        "unfinished": [row["name"] for row in funnel if row["state"] != "finished" and row["name"] != "report"],
        "totals": {row["name"]: row for row in funnel},
        "seconds": sum(row.get("seconds", 0) for row in funnel),
        "spending": _spending(funnel),
        "loop": _loop(about["config"], done, [row["name"] for row in funnel if row["state"] == "finished"]),
        "writer": who.writer(about["config"]),
        "iterations": iterations.tables(run),
        "stopped": iterations.stopped(run),
        "gated": _gated(run),
        "best": gather.best(run),
        "rounds": [_round(each, about["config"]) for each in done],
        "models": _models(run),
        "backward": gather.backward(run),
        "examples": examples.groups(run, done),
        "settings": gather.settings(run),
    }


def _bar(row: dict[str, Any]) -> dict[str, Any]:
    drops = sorted(row["drops"].items(), key=lambda item: -item[1])
    return {**row, "share": row["kept"] / row["read"], "dropped": row["read"] - row["kept"], "reasons": drops}


def _spending(funnel: list[dict[str, Any]]) -> dict[str, Any]:
    rows = gather.spending(funnel)
    return {"rows": rows, "cost": sum(row.get("cost", 0.0) for row in rows)}


def _loop(config: Mapping[str, Any], done: list[Round], steps: list[str]) -> dict[str, str] | None:
    """The notes in the picture of the loop, of what is done of it; None for runs that are not the whole of it."""
    if "base" not in config:
        return None
    judges = [_subscript(name) for name in dict.fromkeys(each.model for each in done if each.number)] or ["…"]
    trained = [_subscript(name.replace("forward-", "M_")) for name in steps if re.fullmatch(r"forward-[1-9]\d*", name)]
    outside = config.get("judge_lm") or ""
    return {
        "judge": who.judge(config, done[0]).name if outside and done else outside or ", then ".join(judges),
        "trained": f"{', '.join(trained) or '…'} from base",
        "backward": config.get("backward_lm") or "writes instructions",
        "outside": outside,
        "prompted": config.get("backward_lm") or "",
    }


def _subscript(model: str) -> str:
    return model.replace("_", "").translate(_SUBSCRIPT)


def _round(each: Round, config: Mapping[str, Any]) -> dict[str, Any]:
    least = (config.get("curate") or {}).get("min_auc")
    return {
        "number": each.number, "plan": each.plan, "read": len(each.scored), "kept": len(each.kept),
        "judge": who.judge(config, each), "others": who.others(config, each),
        **_scores(each),
        "competence": _competence(each, least),
        "labelled": _labelled(each),
        "injection": _injection(each),
        "likeness": _likeness(each),
    }  # fmt: skip


def _scores(each: Round) -> dict[str, Any]:
    scores = [(row["score"], row["id"] in each.kept) for row in each.scored if row["score"] is not None]
    gains = [(row["gain"], row["id"] in each.kept) for row in each.scored if row["gain"] is not None]
    masses = [row["label_mass"] for row in each.scored if row["label_mass"] is not None]
    low, high = _range([gain for gain, _ in gains])
    top = max([5, len(measured.levels(each.competence)), *(score for score, _ in scores)])
    return {
        "top": top,
        "score_bins": charts.histogram(scores, 1.0, top, 48) if scores else [],
        "gain_bins": charts.histogram(gains, low, high, 24) if gains else [],
        "gain_digits": 2 if high - low >= 0.1 else 4,
        "statuses": Counter(row["status"] or "no status" for row in each.scored).most_common(),
        "label_mass": sum(masses) / len(masses) if masses else None,
    }


def _range(values: list[float]) -> tuple[float, float]:
    """The least and the highest; equal values get some room, so that what they differ by in the last digit is not shown."""
    low, high = min(values, default=0.0), max(values, default=1.0)
    return (low, high) if high - low > _ALIKE else (low - 0.5, high + 0.5)


def _competence(each: Round, least: float | None) -> dict[str, Any] | None:
    damages = measured.damages(each.competence)
    if not damages:
        return None
    scale = charts.Scale(0.0, 1.0)
    levels = measured.levels(each.competence)
    tallest = max((row["value"] for row in levels), default=0.0) or 1.0
    return {
        "damages": [{"is": row, "judge": scale.dot(row.judge), "gain": scale.dot(row.gain)} for row in damages],
        "means": {name: measured.mean_auc(damages, name) for name in ("judge", "gain")},
        "n": next((row.judge["n"] for row in damages if row.judge), 0),
        "least": least,
        "facts": measured.facts(each.competence),
        "levels": [{"row": row, "height": 100 * row["value"] / tallest} for row in levels],
    }


def _labelled(each: Round) -> dict[str, Any] | None:
    found = measured.labelled(each.competence)
    return {**found, "plot": charts.calibration(found["curve"], 240)} if found else None


def _injection(each: Round) -> dict[str, Any] | None:
    found = measured.injection(each.injection)
    if found is None:
        return None
    every, kinds = found
    scale = charts.around([row[move] for row in kinds for move in ("shift", "control")], least=0.5, even=True)
    dots = [{"is": row, "shift": scale.dot(row["shift"]), "control": scale.dot(row["control"])} for row in kinds]
    return {"every": every, "kinds": dots, "far": scale.high}


def _likeness(each: Round) -> dict[str, Any] | None:
    compared, told = measured.likeness(each.likeness)
    if not compared:
        return None
    scale = charts.Scale(0.0, 1.0)
    return {"compared": compared, "told": [{"column": c, "row": row, "dot": scale.dot(row)} for c, row in told]}


def _gated(run: Path) -> dict[str, Any] | None:
    models = iterations.gated(run)
    if not models:
        return None
    scale = charts.around([each.change for each in models], even=True)
    return {"models": [{"is": each, "dot": scale.dot(each.change)} for each in models], "far": scale.high}


def _models(run: Path) -> list[dict[str, Any]]:
    models = gather.models(run)
    scale = charts.around([model.get("nll") for model in models])
    for model in models:
        model["plot"] = scale.dot(model.get("nll"))
        model["losses"] = charts.sparkline([entry["loss"] for entry in model["training"].get("log", [])])
    return models
