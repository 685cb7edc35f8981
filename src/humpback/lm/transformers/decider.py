"""Decision models: those that ship a head or a template for typed questions are asked as they were trained to be."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import transformers

from humpback.lm import Answer, Question, decisions


class Decider:
    """The library's pipeline for typed questions, one state at a time."""

    def __init__(self, model: Any, tokenizer: Any) -> None:
        self.pipeline = transformers.pipeline("decision", model=model, tokenizer=tokenizer)

    def answers(self, state: str, questions: Sequence[Question]) -> list[Answer]:
        asked = {str(n): decisions.to_system_one(question) for n, question in enumerate(questions)}
        given = self.pipeline({"state": state, "questions": asked})
        given = given.get("answers", given)
        return [decisions.from_system_one(q, given[str(n)], None, "decision model") for n, q in enumerate(questions)]


def decider(model: Any, tokenizer: Any) -> Decider | None:
    """For a model whose folder says how it is to be asked; None for all others."""
    folder = Path(str(getattr(model, "name_or_path", "")))
    ships = any((folder / name).is_file() for name in ("decision.json", "decision_template.jinja"))
    return Decider(model, tokenizer) if ships else None
