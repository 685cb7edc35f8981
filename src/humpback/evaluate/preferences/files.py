"""Files of prompts, of models' outputs and of annotations, as AlpacaEval and arenas write them."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Literal

from humpback.config import Config
from humpback.corpus.documents.document import Unread
from humpback.corpus.exchanges import exchange, shape
from humpback.corpus.tables import records_of, table_sources, text_of
from humpback.errors import UsageFault
from humpback.schema import Row, row_id
from humpback.stage import Drop, Outcome

Kind = Literal["annotations", "outputs", "prompts"]
UNREADABLE = "unreadable"
_ASKED = ("instruction", "prompt", "question", "text")
# What tells rows apart: a judgement of an answer is none of another one by the same model.
_OWN = ("dataset", "instruction", "generator", "generator_1", "generator_2", "annotator", "output", "output_1", "output_2")
# What arenas call the winner, as AlpacaEval's preference of the second; without signs and spaces.
_WINNERS = {
    **dict.fromkeys(("modela", "a", "model1", "left"), 1.0), **dict.fromkeys(("modelb", "b", "model2", "right"), 2.0),
    **dict.fromkeys(("tie", "draw", "both", "tiebothbad", "bothbad", "bothgood", "neither"), 1.5),
}  # fmt: skip
# One column for each outcome, and one for each of two games with the places exchanged.
_COLUMNS = {"winner_model_a": 1.0, "winner_model_b": 2.0, "winner_tie": 1.5}
_GAMES = ("g1_winner", "g2_winner")
_JUDGED = ("preference", "winner", *_COLUMNS, *_GAMES)


def kind_of(path: str) -> Kind:
    """What a file holds, by its first record; raises `UsageFault` where there is none."""
    for source in table_sources(path, "annotations, outputs or prompts", "instruction and output"):
        for found in records_of(source):
            if not isinstance(found, Unread) and isinstance(found[1], dict):
                record = found[1]
                if any(name in record for name in _JUDGED):
                    return "annotations"
                return "outputs" if "output" in record or exchange(record) else "prompts"
    raise UsageFault(
        f"{path} holds no record that can be read", "give JSON, JSONL, Parquet or CSV with instruction and output"
    )


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
    """What is asked, with the input that it is about, if that stands apart."""
    asked = next((record[name] for name in _ASKED if isinstance(record.get(name), str) and record[name].strip()), None)
    given = record.get("input")
    return f"{asked}\n\n{given}" if asked and isinstance(given, str) and given.strip() else asked


def _prompt(record: Row, _: str) -> Row | str:
    asked = _asked(record)
    return {"dataset": text_of(record.get("dataset")), "instruction": asked} if asked else "missing_field"


def _output(record: Row, file: str) -> Row | str:
    """An answer as it is, an empty one too: a model that says nothing has lost."""
    said = (_asked(record), record["output"]) if isinstance(record.get("output"), str) else exchange(record)
    if said is None or not said[0]:
        return "missing_field"
    name = text_of(record.get("generator")) or text_of(record.get("model")) or file
    return {"dataset": text_of(record.get("dataset")), "instruction": said[0], "output": said[1], "generator": name}


def _annotation(record: Row, _: str) -> Row | str:
    """A judgement; one whose preference is none is kept with a null, to be counted."""
    names, said = [], []
    for number, letter in ((1, "a"), (2, "b")):
        places = (f"generator_{number}", f"model_{letter}", f"model_{number}")
        names.append(next(filter(None, (text_of(record.get(place)) for place in places)), None))
        talk = exchange({"conversation": record.get(f"conversation_{letter}")})
        # An empty answer is one.
        answer = record.get(f"output_{number}", record.get(f"response_{letter}", talk[1] if talk else None))
        said.append((answer if isinstance(answer, str) else None, talk[0] if talk else None))
    if None in names:
        return "no_model_named"
    preference = _preference(record)
    asked = _asked(record) or said[0][1] or text_of(record.get("question_id"))
    return {
        "dataset": text_of(record.get("dataset")) or text_of(record.get("turn")), "instruction": asked,
        "output_1": said[0][0], "generator_1": names[0], "output_2": said[1][0], "generator_2": names[1],
        "annotator": text_of(record.get("annotator")) or text_of(record.get("judge")),
        "preference": preference, "status": UNREADABLE if preference is None else "ok",
    }  # fmt: skip


def _preference(record: Row) -> float | None:
    """1 to 2; AlpacaEval's earlier files have 0 for a draw. Anything else is none."""
    told: Any = record.get("preference")
    if told not in (None, ""):
        try:
            value = float(told)
        except (TypeError, ValueError):
            return _winner(told)
        return 1.5 if value == 0 else value if 1 <= value <= 2 else None
    games = [_winner(record[name]) for name in _GAMES if name in record]
    if games:
        known = [game for game in games if game is not None]
        return sum(known) / len(known) if len(known) == len(games) else None
    columns = [value for name, value in _COLUMNS.items() if str(record.get(name)) in ("1", "1.0", "True")]
    return columns[0] if len(columns) == 1 else _winner(record.get("winner"))


def _winner(told: Any) -> float | None:
    return _WINNERS.get("".join(char for char in told.lower() if char.isalnum())) if isinstance(told, str) else None
