"""From pairs to token ids and labels: the exchanges of a role, by the functions that inference uses."""

from functools import partial
from typing import Any

from humpback.curate.teach import lessons
from humpback.lm import chat
from humpback.methods.backtranslate import Example, backward_example, forward_example
from humpback.schema import Row
from humpback.train.job import Job

IGNORED = -100
# Fewer examples than this share fit: sft.max_tokens is wrong for the data. Single ones that do not fit are counted.
MIN_USABLE = 0.9
Tokens = dict[str, list[int]]


def examples(job: Job, rows: list[Row], tokenizer: Any) -> list[Example]:
    """The exchanges of the role that is trained."""
    clip = partial(chat.clip, tokenizer)
    if job.role == "backward":
        return [backward_example(row, job.backward, job.tags, clip) for row in rows]
    width = job.sft.max_tokens
    human = [row for row in rows if row["source"] == "seed"]
    taught = lessons(human, len(rows), job.teach, width, clip, job.sft.seed)
    return [forward_example(row, job.tags, clip, width) for row in rows] + taught


def tokens(example: Example, tokenizer: Any, max_tokens: int) -> Tokens | None:
    """Ids and labels, the prompt masked; None where the prompt leaves no room for a target token."""
    made = chat.render(tokenizer, example.prompt, example.completion)
    target = made.completion if example.ended else made.completion[:-1]
    ids = (made.prompt + target)[:max_tokens]
    if len(ids) <= len(made.prompt):
        return None
    return {"input_ids": ids, "labels": [IGNORED] * len(made.prompt) + ids[len(made.prompt) :]}


def usable(job: Job, rows: list[Row], tokenizer: Any) -> tuple[list[Tokens], int]:
    """(what is trained on, how many examples had a prompt too long to be); raises `SystemExit` if many had."""
    made = [tokens(example, tokenizer, job.sft.max_tokens) for example in examples(job, rows, tokenizer)]
    kept = [each for each in made if each is not None]
    if len(kept) < MIN_USABLE * len(made):
        raise SystemExit(f"{len(made) - len(kept)} of {len(made)} examples have a prompt longer than sft.max_tokens")
    return kept, len(made) - len(kept)
