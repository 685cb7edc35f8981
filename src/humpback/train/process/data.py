"""From pairs to token ids and labels: the exchanges of a role, by the functions that inference uses."""

from functools import partial
from typing import Any

from humpback.curate.teach import lessons
from humpback.lm import chat
from humpback.prompts.backward import backward_example
from humpback.prompts.forward import Example, forward_example
from humpback.schema import Row, row_seed
from humpback.train.training import Training

IGNORED = -100
# Fewer examples than this share fit: sft.max_tokens is wrong for the data. Single ones that do not fit are counted, and
# the count is shown: instructions that are pages long do exist.
MIN_USABLE = 0.9
Tokens = dict[str, list[int]]


def examples(training: Training, rows: list[Row], tokenizer: Any) -> list[Example]:
    """The exchanges of the role that is trained."""
    clip = partial(chat.clip, tokenizer)
    if training.backward:
        return [backward_example(row, training.backward, training.tags, clip) for row in rows]
    width = training.sft.max_tokens
    made = [forward_example(row, training.tags, clip, width) for row in rows]
    if training.teach:
        human = [row for row in rows if row["source"] == "seed"]
        made += lessons(human, len(rows), training.teach, width, clip, training.sft.seed)
    return made


def tokens(example: Example, tokenizer: Any, max_tokens: int) -> Tokens | None:
    """Ids and labels, the prompt masked; None where the prompt leaves no room for a target token."""
    made = chat.render(tokenizer, example.prompt, example.completion)
    target = made.completion if example.ended else made.completion[:-1]
    ids = (made.prompt + target)[:max_tokens]
    if len(ids) <= len(made.prompt):
        return None
    return {"input_ids": ids, "labels": [IGNORED] * len(made.prompt) + ids[len(made.prompt) :]}


def triple(row: Row, training: Training, tokenizer: Any) -> Tokens | None:
    """An instruction, its paraphrase and its hard negative, each with its answer, one after another.

    `lengths` parts them, `groups` are the numbers of their two answers. Labels are on the answers of the first two, which
    are cut alike. None where a prompt leaves no room.
    """
    clip, width = partial(chat.clip, tokenizer), training.sft.max_tokens
    negative = {"instruction": row["negative_instruction"], "response": row["negative_response"]}
    asked = [row, {**row, "instruction": row["paraphrase"]}, {**row, **negative}]
    parts = [tokens(forward_example(each, training.tags, clip, width), tokenizer, width) for each in asked]
    if any(part is None for part in parts):
        return None
    one, other, far = (part for part in parts if part is not None)
    one, other = _cut_alike(one, other)
    ids = [one["input_ids"], other["input_ids"], far["input_ids"]]
    return {
        "input_ids": [token for each in ids for token in each],
        "labels": [*one["labels"], *other["labels"], *[IGNORED] * len(far["labels"])],
        "lengths": [len(each) for each in ids],
        "groups": [row_seed(each, "answer") for each in (row["response"], row["negative_response"])],
    }


def _cut_alike(one: Tokens, other: Tokens) -> tuple[Tokens, Tokens]:
    """Both with as many target tokens as the shorter: the longer wording leaves less room for the answer."""
    prompts = [each["labels"].count(IGNORED) for each in (one, other)]
    least = min(len(each["labels"]) - start for each, start in zip((one, other), prompts, strict=True))
    one, other = (
        {name: values[: start + least] for name, values in each.items()}
        for each, start in zip((one, other), prompts, strict=True)
    )
    return one, other


def usable(training: Training, rows: list[Row], tokenizer: Any) -> tuple[list[Tokens], int]:
    """(what is trained on, how many examples had a prompt too long to be).

    Raises `SystemExit` if many had, or if any example that fits would teach nothing.
    """
    if training.contrast:
        made = [triple(row, training, tokenizer) for row in rows]
    else:
        made = [tokens(each, tokenizer, training.sft.max_tokens) for each in examples(training, rows, tokenizer)]
    kept = [each for each in made if each is not None]
    if len(kept) < MIN_USABLE * len(made):
        raise SystemExit(f"{len(made) - len(kept)} of {len(made)} examples have a prompt longer than sft.max_tokens")
    mute = sum(max(each["labels"]) < 0 for each in kept)
    if mute:
        raise SystemExit(f"{mute} of {len(kept)} examples have no target that is learnt: their labels are wrong")
    return kept, len(made) - len(kept)
