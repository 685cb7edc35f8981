"""Self-Instruct (Wang et al. 2023): a model goes on with a list of human requests, and answers what it made up itself.

The control that Humpback's reviewers asked for: it starts from the same seed and model, and reads no page.
"""

import random
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

from pydantic import Field

from humpback import lm as language_models
from humpback import prompts
from humpback.config import OFTEN, Config
from humpback.errors import LMError, NothingKept
from humpback.lm import LM, Completion, Question, Sampling
from humpback.lm.decisions import PROMPT as DECIDE
from humpback.lm.spec import ModelName
from humpback.methods.cleaning import clean_instruction
from humpback.prompts.forward import FORWARD, forward_prompt
from humpback.schema import PAIR, Row, row_id, row_seed
from humpback.stage import Drop, LMStage, Outcome, Stage
from humpback.store import Dataset, DatasetFolder
from humpback.text.rouge import Pool
from humpback.text.sentences import terms

if TYPE_CHECKING:
    from humpback.run import Run

TASKS, INSTANCE, LABELS = "self-tasks-v1", "self-instance-v1", "self-labels-v1"
METHOD = "self_instruct"
# What a model of text alone cannot do (the authors' list).
BANNED = (
    "image", "images", "graph", "graphs", "picture", "pictures", "file", "files", "map", "maps", "draw", "plot", "go to",
    "video", "audio", "music", "flowchart", "diagram",
)  # fmt: skip
CLASSIFIES = Question("predicate", "Is what comes of this request one of a few fixed labels, as of a classification?")
_NUMBER = re.compile(r"^[ \t]*(?P<number>\d{1,3})[.)](?!\d)[ \t]*", re.MULTILINE)
_PART = re.compile(r"^[ \t*#]*(?P<name>Input|Output|Label)[ \t*]*:(?:[ \t]*\*\*)?[ \t]*", re.MULTILINE | re.IGNORECASE)
_NONE = re.compile(r"\W*(?:none|n/a|no input|not needed)\W*", re.IGNORECASE)


class SelfInstructConfig(Config):
    """How requests are made up, which of them are kept, and how they are answered."""

    tasks: Annotated[int, OFTEN] = Field(1000, ge=1, description="requests wanted (Self-Instruct: 52,445)")
    rounds: int = Field(100, ge=1, description="at most so many rounds of asking, each with what the last ones kept (ours)")
    lists: int = Field(8, ge=1, description="lists that a round asks for (ours)")
    human_shots: int = Field(6, ge=1, description="human requests in a list (Self-Instruct)")
    own_shots: int = Field(2, ge=0, description="own requests in a list, once there are some (Self-Instruct)")
    items: int = Field(8, ge=1, description="requests that each list is to go on with (ours)")
    sampling: Sampling = Field(
        Sampling(temperature=0.7, top_p=0.5, max_new_tokens=1024), description="of requests (Self-Instruct)"
    )
    answers: Sampling = Field(Sampling(temperature=0.0, max_new_tokens=350), description="of answers (Self-Instruct)")
    most_alike: float = Field(0.7, description="largest ROUGE-L with any request that there is (Self-Instruct)")
    least_words: int = Field(4, description="of a request (Self-Instruct)")
    most_words: int = Field(150, description="of a request (Self-Instruct)")
    ascii: bool = Field(True, description="requests begin with a letter of English (Self-Instruct); false: of any script")
    with_inputs: bool = Field(
        True,
        description="something to be done is made up with its input (Self-Instruct); false: requests are answered as they "
        "are, which smaller models can",
    )
    instances: int = Field(5, ge=1, description="answers kept of a request, each on an input of its own (Self-Instruct)")


class Settings(Config):
    """The method's settings; recipes have them among their own."""

    self_instruct: SelfInstructConfig = SelfInstructConfig()
    random_seed: int = Field(42, description="every draw derives from it and the ids of the rows")


def pairs(run: "Run", seed: Dataset, settings: Settings, writer: str) -> Dataset:
    """Requests that `writer` made up after those of the seed that are trained on, with its answers."""
    own, made = settings.self_instruct, list[Dataset]()
    for number in range(1, own.rounds + 1):
        config = Asking(
            seed=seed.path, before=tuple(each.path for each in made), round=number, own=own, lm=writer,
            random_seed=settings.random_seed,
        )  # fmt: skip
        made.append(run.put(f"tasks-{number}", LMStage("tasks", PAIR, tasks, config), kind="tasks", method=METHOD))
        if sum(map(len, made)) >= own.tasks or not len(made[-1]):
            break
    joined = Tasks(sets=tuple(each.path for each in made), most=own.tasks)
    every = run.put("tasks", Stage("all-tasks", PAIR, all_tasks, joined), kind="tasks", method=METHOD)
    if not len(every):
        why = ", ".join(f"{count} {reason}" for reason, count in made[0].totals.drops.items()) or "none was written"
        raise NothingKept(f"no request of {writer} was kept: {why}", "--set writer_lm=MODEL, one that follows instructions")
    answering = Answering(with_inputs=own.with_inputs, sampling=own.answers, random_seed=settings.random_seed)
    raw = run.map("instances", LMStage("instances", PAIR, instances, answering, lm=writer), every, kind="candidates")
    return run.map("self-instruct", Stage("checked", PAIR, checked, own), raw, kind="pairs", method=METHOD)


# Requests.


class Asking(Config):
    """All that the requests of a round depend on."""

    seed: DatasetFolder
    before: tuple[DatasetFolder, ...]
    round: int
    own: SelfInstructConfig
    lm: ModelName
    random_seed: int

    def reads(self) -> Mapping[str, Any]:
        return prompts.digests(TASKS)


def tasks(config: Asking, open: Callable[[str], LM]) -> Iterator[Outcome]:
    """The requests of one round; others are dropped with the reason, the last one of a list that was cut as `unfinished`."""
    own, lm = config.own, language_models.reading(open(config.lm), "forward")
    human = [row["instruction"] for row in Dataset(config.seed).rows() if row["split"] == "train"]
    earlier = [row["instruction"] for folder in config.before for row in Dataset(folder).rows()]
    pool = Pool([*human, *earlier])
    seeds = [row_seed(f"{config.round}/{number}", f"{config.random_seed}/tasks") for number in range(own.lists)]
    shown = [_shown(human, earlier, own, random.Random(seed)) for seed in seeds]
    asked = [prompts.render(TASKS, tasks=each, count=own.items) for each in shown]
    for number, said in enumerate(lm.generate(asked, own.sampling, seeds)):
        listed = items(said, len(shown[number]))
        for place, text in enumerate(listed):
            row = {"id": row_id(f"{METHOD}/{config.round}/{number}", "task", place), "instruction": text.strip(),
                   "method": METHOD, "lm": lm.name, "prompt": TASKS}  # fmt: skip
            cut = said.finish != "stop" and place == len(listed) - 1
            fault = ("unfinished", said.finish) if cut else no_task(row["instruction"], own, pool)
            if not fault:
                pool.add(row["instruction"])
            yield Drop(row, *fault) if fault else {**row, "finish": "stop"}


def _shown(human: Sequence[str], earlier: Sequence[str], own: SelfInstructConfig, draw: random.Random) -> list[str]:
    """Requests to show, shuffled; where there are few own ones, more human ones stand in for them. Each is one line."""
    models = draw.sample(earlier, min(own.own_shots, len(earlier)))
    people = draw.sample(human, min(own.human_shots + own.own_shots - len(models), len(human)))
    shown = [*people, *models]
    draw.shuffle(shown)
    return [" ".join(each.split()) for each in shown]


def items(said: Completion, shown: int) -> list[str]:
    """The requests in a list that a model went on with behind `shown` ones: its numbers count up by one, so that those of a
    list within a request are none. What stands before the first is a request only if the first is the second's number."""
    text, marks = said.text, list(_NUMBER.finditer(said.text))
    if not marks:
        return [clean_instruction(text.strip())] if text.strip() and "\n" not in text.strip() else []
    taken = [marks[0]]
    for mark in marks[1:]:
        if int(mark["number"]) == int(taken[-1]["number"]) + 1:
            taken.append(mark)
    ends = [*(mark.start() for mark in taken[1:]), len(text)]
    parts = [text[mark.end() : end] for mark, end in zip(taken, ends, strict=True)]
    if int(taken[0]["number"]) == shown + 2:
        parts.insert(0, text[: taken[0].start()])
    return [clean_instruction(" ".join(part.split())) for part in parts if part.strip()]


def no_task(text: str, own: SelfInstructConfig, pool: Pool) -> tuple[str, Any] | None:
    """(why `text` is no request to be kept, what shows it), or None: the authors' rules."""
    words = len(text.split() if text.isascii() else terms(text))
    if not own.least_words <= words <= own.most_words:
        return "too_short" if words < own.least_words else "too_long", words
    low = " ".join(re.findall(r"[\w']+", text.casefold()))
    banned = next((word for word in BANNED if f" {word} " in f" {low} "), None)
    if banned or text.casefold().startswith("write a program"):
        return "banned", banned or "write a program"
    first = text[0] if own.ascii else text.lstrip("¿¡")[:1]
    if not first.isalpha() or (own.ascii and not first.isascii()):
        return "odd_beginning", text[:20]
    alike = pool.likest(text, own.most_alike)
    return ("alike", round(alike, 3)) if alike else None


class Tasks(Config):
    """The requests of all rounds, the first `most` of them."""

    sets: tuple[DatasetFolder, ...]
    most: int


def all_tasks(config: Tasks) -> Iterator[Outcome]:
    """What is more than was wanted is dropped as `enough`."""
    rows = (row for folder in config.sets for row in Dataset(folder).rows())
    for number, row in enumerate(rows):
        yield row if number < config.most else Drop(row, "enough", config.most)


# Answers.


class Answering(Config):
    """All that the answers depend on, beside requests and model."""

    with_inputs: bool
    sampling: Sampling
    random_seed: int

    def reads(self) -> Mapping[str, Any]:
        return prompts.digests(INSTANCE, LABELS, DECIDE) if self.with_inputs else prompts.digests(FORWARD)


class Instance(NamedTuple):
    """What a request is done on, if anything, and what comes of it."""

    input: str
    output: str


def instances(config: Answering, rows: list[Row], lm: LM) -> Iterator[Outcome]:
    """Each request as pairs: on an input that the model makes up first; or, where the answer is one of a few labels, these
    first, so that not one label gets all inputs. A request without any is dropped as `no_instance`."""
    language_models.reading(lm, "forward")
    if config.with_inputs:
        names = [LABELS if classifies else INSTANCE for classifies in _classify(rows, lm)]
        asked = [prompts.render(name, task=row["instruction"]) for name, row in zip(names, rows, strict=True)]
    else:
        names = [FORWARD] * len(rows)
        asked = [forward_prompt(row["instruction"], "") for row in rows]
    seeds = [row_seed(row["id"], f"{config.random_seed}/instances") for row in rows]
    for row, name, said in zip(rows, names, lm.generate(asked, config.sampling, seeds), strict=True):
        found = [] if said.finish == "too_long" else parsed(said.text, name)
        for number, each in enumerate(found):
            last = number == len(found) - 1
            yield {
                **row, "id": row_id(row["id"], "instance", number), "parent": row["id"], "prompt": name,
                "instruction": f"{row['instruction']}\n\n{each.input}" if each.input else row["instruction"],
                "response": each.output, "source": METHOD, "finish": said.finish if last else "stop", "lm": lm.name,
            }  # fmt: skip
        if not found:
            yield Drop(row, "no_instance", said.finish)


def _classify(rows: Sequence[Row], lm: LM) -> list[bool]:
    """Whether each request is one of classification; a model that decides nothing is not asked."""
    try:
        told = lm.decide([row["instruction"] for row in rows], [CLASSIFIES])
    except LMError as error:
        if error.retryable:
            raise
        return [False] * len(rows)
    return [bool(answer.probabilities) and answer.probabilities[0] > 0.5 for [answer] in told]


def parsed(text: str, prompt: str) -> list[Instance]:
    """The instances in what a model wrote, in order: labels with inputs; one input with all that is behind its output; or
    all of it, an answer."""
    if prompt == FORWARD:
        return [Instance("", text.strip())] if text.strip() else []
    marks = list(_PART.finditer(text))
    names = [mark["name"].lower() for mark in marks]
    if prompt == INSTANCE:
        if "output" not in names:
            return []
        at = names.index("output")
        given = text[marks[at - 1].end() : marks[at].start()].strip() if at and names[at - 1] == "input" else ""
        return [Instance("" if _NONE.fullmatch(given) else given, text[marks[at].end() :].strip())]
    ends = [*(mark.start() for mark in marks[1:]), len(text)]
    parts = [(name, text[mark.end() : end].strip()) for name, mark, end in zip(names, marks, ends, strict=False)]
    inputs_first = names[:1] == ["input"]
    made = list[Instance]()
    for (name, said), (next_name, then) in pairwise(parts):
        if (name == "input") == inputs_first and (next_name == "input") != inputs_first:
            made.append(Instance(said, then) if inputs_first else Instance(then, said))
    return made


def checked(config: SelfInstructConfig, rows: Iterable[Row]) -> Iterator[Outcome]:
    """The pairs that stand; the others are dropped as unfinished, empty_output, ends_in_colon, input_is_output, two_outputs
    (all of a request that answers one input in two ways), duplicate, enough."""
    by_task: dict[str, list[Row]] = {}
    for row in rows:
        by_task.setdefault(row["parent"], []).append(row)
    for own in by_task.values():
        yield from _of_a_task(config, own)


def _of_a_task(config: SelfInstructConfig, rows: Sequence[Row]) -> Iterator[Outcome]:
    outputs: dict[str, set[str]] = {}
    for row in rows:
        if row["finish"] == "stop" and row["response"]:
            outputs.setdefault(row["instruction"], set()).add(row["response"])
    torn = next((text for text, given in outputs.items() if len(given) > 1), None)
    seen, kept = set[str](), 0
    for row in rows:
        fault = ("two_outputs", len(outputs[torn])) if torn is not None else _fault(row)
        if not fault and row["instruction"] in seen:
            fault = "duplicate", row["response"]
        if not fault and kept == config.instances:
            fault = "enough", config.instances
        seen.add(row["instruction"])
        kept += not fault
        yield Drop(row, *fault) if fault else row


def _fault(row: Row) -> tuple[str, Any] | None:
    given = row["instruction"].partition("\n\n")[2]
    if row["finish"] != "stop":
        return "unfinished", row["finish"]
    if not row["response"]:
        return "empty_output", None
    if given.endswith(":") or row["response"].endswith(":"):
        return "ends_in_colon", row["response"][-20:]
    return ("input_is_output", given[:40]) if given and given == row["response"] else None
