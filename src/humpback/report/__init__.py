"""One self-contained HTML page from a run: it opens offline, and every number on it is read from the run's folder."""

import math
from pathlib import Path
from typing import Any

from humpback import store
from humpback.report import gather
from humpback.schema import Row

PAGE = "report.html"
SHOWN = 6


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
    environment.filters["figure"] = gather.figure
    page = environment.get_template("page.html.jinja").render(**content(run))
    store.write_bytes(run / PAGE, page.encode())
    return run / PAGE


def content(run: Path) -> dict[str, Any]:
    """Everything that the page shows."""
    funnel, done = gather.funnel(run), gather.rounds(run)
    segments = {row["id"]: row for row in gather.rows_of(run, "sample")}
    return {
        "run": gather.read_run(run),
        "name": run.name,
        "funnel": [_bar(row) for row in funnel if row.get("kind") == "data" and row["read"]],
        "unfinished": [row["name"] for row in funnel if row["state"] != "finished" and row["name"] != "report"],
        "totals": {row["name"]: row for row in funnel},
        "seconds": sum(row.get("seconds", 0) for row in funnel),
        "steps": [row for row in funnel if row.get("kind") == "step" and row["name"] != "report"],
        "rounds": [_round(each) for each in done],
        "models": _models(run),
        "backward": gather.backward(run),
        "examples": _examples(run, done, segments),
        "settings": gather.settings(run),
    }


def _bar(row: dict[str, Any]) -> dict[str, Any]:
    drops = sorted(row["drops"].items(), key=lambda item: -item[1])
    return {**row, "share": row["kept"] / row["read"], "dropped": row["read"] - row["kept"], "reasons": drops}


def _round(each: dict[str, Any]) -> dict[str, Any]:
    scores = [(row["score"], row["id"] in each["kept"]) for row in each["scored"] if row["score"] is not None]
    gains = [(row["gain"], row["id"] in each["kept"]) for row in each["scored"] if row["gain"] is not None]
    masses = [row["label_mass"] for row in each["scored"] if row["label_mass"] is not None]
    auc = {name: [r for r in each["competence"] if r["metric"] == name] for name in ("judge_auc", "gain_auc")}
    valid = next((r for r in each["competence"] if r["metric"] == "judge_valid"), None)
    return {
        **each,
        "score_bins": histogram(scores, 1.0, 5.0, 48),
        "gain_bins": histogram(gains, *_range([g for g, _ in gains]), 24),
        "unscored": len(each["scored"]) - len(scores),
        "label_mass": sum(masses) / len(masses) if masses else None,
        "auc": list(zip(auc["judge_auc"], auc["gain_auc"], strict=True)),
        "valid": valid,
    }


def _range(values: list[float]) -> tuple[float, float]:
    return (min(values), max(values)) if values else (0.0, 1.0)


def histogram(values: list[tuple[float, bool]], low: float, high: float, bins: int) -> list[dict[str, Any]]:
    """Bins with their bounds, how many of their values were kept and how many not, and heights relative to the tallest."""
    width = (high - low) / bins or 1.0
    counts = [[0, 0] for _ in range(bins)]
    for value, kept in values:
        place = min(bins - 1, max(0, math.floor((value - low) / width)))
        counts[place][0 if kept else 1] += 1
    tallest = max((sum(c) for c in counts), default=0) or 1
    return [
        {"low": low + i * width, "high": low + (i + 1) * width, "kept": kept, "other": other,
         "kept_height": 100 * kept / tallest, "other_height": 100 * other / tallest}
        for i, (kept, other) in enumerate(counts)
    ]  # fmt: skip


def _models(run: Path) -> list[dict[str, Any]]:
    models = gather.models(run)
    values = [m["nll"]["value"] for m in models if m.get("nll") and m["nll"]["value"] is not None]
    errors = [m["nll"]["se"] or 0 for m in models if m.get("nll") and m["nll"]["value"] is not None]
    low = min((v - e for v, e in zip(values, errors, strict=True)), default=0)
    span = max((v + e for v, e in zip(values, errors, strict=True)), default=1) - low or 1.0
    for model in models:
        nll = model.get("nll") or {}
        if nll.get("value") is not None:
            error = nll["se"] or 0
            model["plot"] = {"at": 100 * (nll["value"] - low) / span, "from": 100 * (nll["value"] - error - low) / span,
                             "width": 100 * 2 * error / span}  # fmt: skip
        model["losses"] = sparkline([entry["loss"] for entry in model["training"].get("log", [])])
    return models


def sparkline(losses: list[float], width: int = 160, height: int = 28) -> str:
    """The points of an SVG polyline through `losses`, smoothed over a twentieth of them; empty for fewer than two."""
    if len(losses) < 2:
        return ""
    window = max(1, len(losses) // 20)
    smooth = [sum(losses[max(0, i - window) : i + 1]) / len(losses[max(0, i - window) : i + 1]) for i in range(len(losses))]
    low, span = min(smooth), (max(smooth) - min(smooth)) or 1.0
    return " ".join(
        f"{i * width / (len(smooth) - 1):.1f},{height - (value - low) / span * height:.1f}" for i, value in enumerate(smooth)
    )


def _examples(run: Path, done: list[dict[str, Any]], segments: dict[str, Row]) -> list[dict[str, Any]]:
    """Groups of pairs: best kept, lowest kept, highest not kept, lowest of all, and what the guards and rules dropped."""
    groups = []
    if done:
        last = done[-1]
        order = gather.ranked(last)
        kept = [row for row in order if row["id"] in last["kept"]]
        other = [row for row in order if row["id"] not in last["kept"]]
        names = {"Best, kept": kept[:SHOWN], "Lowest that was kept": kept[-SHOWN:][::-1],
                 "Highest that was not kept": other[:SHOWN],
                 "Worst": other[-SHOWN:][::-1]}  # fmt: skip
        groups = [
            {"title": title, "rows": [_lineage(row, segments) for row in rows]} for title, rows in names.items() if rows
        ]
    guarded = _guard_drops(run, segments)
    if guarded:
        groups.append({"title": "Dropped by the guards", "rows": guarded})
    return groups


def _guard_drops(run: Path, segments: dict[str, Row]) -> list[dict[str, Any]]:
    """Up to three pairs for each reason."""
    augmented = {row["id"]: row for row in gather.rows_of(run, "augmented")}
    pairs = gather.dataset(run, "pairs")
    seen: dict[str, list[dict[str, Any]]] = {}
    for drop in pairs.drops() if pairs else []:
        listed = seen.setdefault(drop["reason"], [])
        if drop["id"] in augmented and len(listed) < 3:
            row = _lineage(augmented[drop["id"]], segments)
            listed.append({**row, "fault": f"{drop['reason']}: {drop['value'] or ''}"})
    return [row for listed in seen.values() for row in listed]


def _lineage(row: Row, segments: dict[str, Row]) -> dict[str, Any]:
    segment = segments.get(row["parent"] or "", {})
    where = [f"pair {row['id']}", f"segment {row['parent']}"]
    if segment:
        where.append(f"document {segment['parent']}")
        if segment.get("warc"):
            where.append(f"{segment['warc']} at byte {segment['offset']}")
    return {**row, "lineage": where, "fault": ""}
