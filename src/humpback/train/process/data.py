"""From pairs to token ids and labels: the exchanges of a role, by the functions that inference uses."""

from functools import partial
from typing import Any

from humpback.curate import teach
from humpback.lm import chat
from humpback.prompts.backward import backward_example
from humpback.prompts.forward import Example, forward_example
from humpback.schema import Row, row_seed
from humpback.train.training import Training

IGNORED = -100
# Fewer examples than this share fit: sft.max_tokens is wrong for the data. Single ones that do not fit are counted, and
# the count is shown: instructions that are pages long do exist.
MIN_USABLE = 0.9
# Columns of one example, each a value for each of its tokens: input_ids, labels, and where there are lessons weights.
Tokens = dict[str, list[Any]]


def examples(training: Training, rows: list[Row], tokenizer: Any) -> list[Example]:
    """The exchanges of the role that is trained."""
    clip = partial(chat.clip, tokenizer)
    if training.backward:
        return [backward_example(row, training.backward, training.tags, clip) for row in rows]
    width = training.sft.max_tokens
    made = [forward_example(row, training.tags, clip, width) for row in rows]
    if training.teach:
        human = [row for row in rows if row["source"] == "seed"]
        made += teach.lessons(human, len(rows), training.teach, training.sft.seed)
    return made


def tokens(example: Example, tokenizer: Any, max_tokens: int) -> Tokens | None:
    """Ids and labels, the prompt masked; None where there is no room for a target token, or not for all of a lesson's."""
    made = chat.render(tokenizer, example.prompt, example.completion)
    target = made.completion if example.ended else made.completion[:-1]
    ids = (made.prompt + target)[:max_tokens]
    if len(ids) <= len(made.prompt) or (example.lesson and len(ids) < len(made.prompt + target)):
        return None
    return {"input_ids": ids, "labels": [IGNORED] * len(made.prompt) + ids[len(made.prompt) :]}


def weighed(pairs: list[Tokens], lessons: list[Tokens], share: float) -> list[Tokens]:
    """All of them with `weights` of their targets, of which the labels of `lessons` have the `share`; all other targets, and
    the ends of lessons among them, weigh 1, and prompts nothing.
    """
    ends = len(lessons)
    label = share / (1 - share) * (_targets(pairs) + ends) / (_targets(lessons) - ends)
    made = [{**each, "weights": [float(token >= 0) for token in each["labels"]]} for each in [*pairs, *lessons]]
    for each in made[len(pairs) :]:
        each["weights"][:-1] = [label * weight for weight in each["weights"][:-1]]
    return made


def _targets(made: list[Tokens]) -> int:
    return sum(label >= 0 for each in made for label in each["labels"])


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

    Raises `SystemExit` if many pairs had, or all lessons, or if any example that fits would teach nothing.
    """
    shown = [] if training.contrast else examples(training, rows, tokenizer)
    made = [tokens(each, tokenizer, training.sft.max_tokens) for each in shown if not each.lesson]
    taught = [tokens(each, tokenizer, training.sft.max_tokens) for each in shown if each.lesson]
    if training.contrast:
        made = [triple(row, training, tokenizer) for row in rows]
    kept, lessons = ([each for each in some if each is not None] for some in (made, taught))
    if len(kept) < MIN_USABLE * len(made):
        raise SystemExit(f"{len(made) - len(kept)} of {len(made)} examples have a prompt longer than sft.max_tokens")
    mute = sum(max(each["labels"]) < 0 for each in kept)
    if mute:
        raise SystemExit(f"{mute} of {len(kept)} examples have no target that is learnt: their labels are wrong")
    if taught and not lessons:
        raise SystemExit(f"not one of {len(taught)} decisions about pairs (teach.share) fits into sft.max_tokens")
    lost = len(made) + len(taught) - len(kept) - len(lessons)
    return weighed(kept, lessons, training.teach.share) if training.teach and lessons else kept, lost
