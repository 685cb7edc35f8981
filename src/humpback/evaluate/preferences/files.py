"""Files of prompts, of models' outputs and of annotations, as AlpacaEval and arenas write them."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Literal

from humpback.config import Config
from humpback.corpus.documents.document import Unread
from humpback.corpus.exchanges import exchange, shape
from humpback.corpus.tables import records_of, table_sources, text_of
from humpback.schema import Row, row_id
from humpback.stage import Drop, Outcome

Kind = Literal["annotations", "outputs", "prompts"]
UNREADABLE = "unreadable"
_ASKED = ("instruction", "prompt", "question", "text")
# What tells rows apart.
_OWN = ("dataset", "instruction", "generator", "generator_1", "generator_2", "annotator")
# What arenas call the winner, as AlpacaEval's preference of the second.
_WINNERS = {"model_a": 1.0, "a": 1.0, "model_b": 2.0, "b": 2.0, "tie": 1.5, "draw": 1.5, "tie (bothbad)": 1.5}


def kind_of(path: str) -> Kind:
    """What a file holds, by its first record."""
    for source in table_sources(path, "annotations, outputs or prompts", "instruction and output"):
        for found in records_of(source):
            if not isinstance(found, Unread) and isinstance(found[1], dict):
                record = found[1]
                if "preference" in record or "winner" in record:
                    return "annotations"
                return "outputs" if "output" in record or exchange(record) else "prompts"
    return "prompts"


class ReadingConfig(Config):
    """What the rows of the files are."""

    kind: Kind


def read(config: ReadingConfig, sources: Iterable[Row]) -> Iterator[Outcome]:
    """The rows of each file; what is none, or names no model, is dropped with the reason.

    An instruction may come more than once in a set; each time is a row of its own, with an id of content and count.
    """
    shaped = {"annotations": _annotation, "outputs": _output, "prompts": _prompt}[config.kind]
    seen: dict[str, int] = {}
    for source in sources:
        for number, found in enumerate(records_of(source)):
            at = {"id": row_id(source["id"], f"{config.kind}-at", number), "parent": source["id"]}
            if isinstance(found, Unread):
                yield Drop(at, found.reason, f"record {number + 1}: {found.value}")
                continue
            record = found[1] if isinstance(found[1], dict) else {}
            made = shaped(record, Path(source["path"]).name.partition(".")[0])
            if isinstance(made, str):
                yield Drop(at, made, f"record {number + 1} has: {shape(record)}")
                continue
            own = "\0".join(str(made.get(name)) for name in _OWN)
            seen[own] = seen.get(own, 0) + 1
            yield {"id": row_id(own, config.kind, seen[own]), "parent": source["id"], **made}


def _asked(record: Row) -> str | None:
    return next((record[name] for name in _ASKED if isinstance(record.get(name), str) and record[name].strip()), None)


def _prompt(record: Row, _: str) -> Row | str:
    asked = _asked(record)
    return {"dataset": text_of(record.get("dataset")), "instruction": asked} if asked else "missing_field"


def _output(record: Row, file: str) -> Row | str:
    """An answer as it is, an empty one too: a model that says nothing has lost."""
    whole = isinstance(record.get("output"), str) and not record.get("input")
    said = (_asked(record), record["output"]) if whole else exchange(record)
    if said is None or not said[0]:
        return "missing_field"
    name = text_of(record.get("generator")) or text_of(record.get("model")) or file
    return {"dataset": text_of(record.get("dataset")), "instruction": said[0], "output": said[1], "generator": name}


def _annotation(record: Row, _: str) -> Row | str:
    """A judgement; one whose preference is none is kept with a null, to be counted."""
    names = [
        text_of(record.get(f"generator_{i}")) or text_of(record.get(f"model_{arena}")) for i, arena in ((1, "a"), (2, "b"))
    ]
    if None in names:
        return "no_model_named"
    preference = _preference(record)
    # An empty answer is one.
    said = [record.get(f"output_{i}", record.get(f"response_{arena}")) for i, arena in ((1, "a"), (2, "b"))]
    return {
        "dataset": text_of(record.get("dataset")), "instruction": _asked(record) or text_of(record.get("question_id")),
        "output_1": said[0] if isinstance(said[0], str) else None, "generator_1": names[0],
        "output_2": said[1] if isinstance(said[1], str) else None, "generator_2": names[1],
        "annotator": text_of(record.get("annotator")) or text_of(record.get("judge")),
        "preference": preference, "status": UNREADABLE if preference is None else "ok",
    }  # fmt: skip


def _preference(record: Row) -> float | None:
    """1 to 2; AlpacaEval's earlier files have 0 for a draw. Anything else is none."""
    told: Any = record.get("preference", record.get("winner"))
    if isinstance(told, str) and told.strip().lower() in _WINNERS:
        return _WINNERS[told.strip().lower()]
    try:
        value = float(told)
    except (TypeError, ValueError):
        return None
    return 1.5 if value == 0 else value if 1 <= value <= 2 else None
