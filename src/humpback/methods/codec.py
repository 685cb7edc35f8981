"""CodecLM (Wang et al. 2024): requests like those that there are, as hard as the model to be tuned needs them.

Requests are encoded to what they are for and what skills they need, and decoded to new ones; these are made harder until the
answers of a strong model and of the target differ.
"""

import random
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from pydantic import Field

from humpback import lm as language_models
from humpback import prompts
from humpback.config import Config
from humpback.errors import NothingKept
from humpback.lm import LM, Question, Sampling
from humpback.lm.decisions import PROMPT as DECIDE
from humpback.methods.cleaning import clean_instruction
from humpback.methods.contrast import COLUMNS, ContrastConfig, Sides, apart
from humpback.prompts.quoting import quoted
from humpback.schema import PAIR, Row, row_id, row_seed
from humpback.stage import Drop, LMStage, Outcome, Stage
from humpback.store import Dataset, DatasetFolder

if TYPE_CHECKING:
    from humpback.run import Run

ENCODE, DECODE, RUBRIC, IMPROVE = "codec-encode-v1", "codec-decode-v1", "codec-rubric-v1", "codec-improve-v1"
METHOD = "codec"
FITS = Question("predicate", "Would a request for this purpose need these skills for its answer?")
CODEC = pa.schema([*PAIR, ("use_case", pa.string()), ("skills", pa.list_(pa.string())), ("made_harder", pa.int32()),
                   *COLUMNS])  # fmt: skip
_USE = re.compile(r"\buse case[*_ ]*[:：][*_ ]*(?P<said>[^\n]*)", re.IGNORECASE)
_SKILLS = re.compile(r"\bskills?[*_ ]*[:：][*_ ]*(?P<said>.*)", re.IGNORECASE | re.DOTALL)
_ITEM = re.compile(r"^[ \t]*\d{1,3}[.)](?!\d)[ \t]*(?P<item>[^\n]+)", re.MULTILINE)
_MARK = re.compile(r"^[ \t]*(?:[-*•]|\d{1,2}[.)])[ \t]+")


class CodecConfig(Config):
    """How requests are encoded, decoded, and made harder."""

    most_skills: int = Field(3, ge=1, description="of a request (CodecLM)")
    metadata: int = Field(200, ge=1, description="combinations of a use case and skills (CodecLM)")
    instructions: int = Field(5, ge=1, description="requests for each combination (CodecLM: several)")
    rubrics: int = Field(4, ge=1, description="ways to make a request harder, of which one is drawn (CodecLM)")
    iterations: int = Field(4, ge=1, description="versions of a request, the first one counted (CodecLM)")
    sampling: Sampling = Field(
        Sampling(temperature=0.7, max_new_tokens=1024), description="of all but answers (CodecLM: 0.7, 2,048 tokens)"
    )
    contrast: ContrastConfig = ContrastConfig()


class Settings(Config):
    """The method's settings; recipes have them among their own."""

    codec: CodecConfig = CodecConfig()
    random_seed: int = Field(42, description="every draw derives from it and the ids of the rows")


def pairs(run: "Run", source: Dataset, settings: Settings, sides: Sides) -> Dataset:
    """New requests like those of `source`, each with the better one of the two answers, where these differ enough."""
    own, seed = settings.codec, settings.random_seed
    asked = Asked(own=own.model_copy(update={"contrast": ContrastConfig()}), random_seed=seed)
    about: dict[str, Any] = {"method": METHOD}
    known = run.map("encoded", LMStage("encoded", CODEC, encoded, asked, lm=sides.strong), source, kind="metadata", **about)
    mixed = Mixing(encoded=known.path, size=own.metadata, most_skills=own.most_skills, random_seed=seed)
    drawn = run.put("mixed", Stage("mixed", CODEC, combinations, mixed), kind="metadata", **about)
    fit = run.map("fitting", LMStage("fitting", CODEC, fitting, Fitting(), lm=sides.judge), drawn, kind="metadata", **about)
    made = run.map("decoded", LMStage("decoded", CODEC, decoded, asked, lm=sides.strong), fit, kind="tasks", **about)
    kept = []
    for number in range(1, own.iterations + 1):
        chosen, left = apart(run, made, sides, own.contrast, seed, f"{number}")
        kept.append(chosen.path)
        if number == own.iterations or not len(left):
            break
        harder = LMStage("harder", CODEC, made_harder, asked, lm=sides.strong)
        made = run.map(f"harder-{number}", harder, left, may_be_empty=True, kind="tasks", **about)
    joined = Stage("codec", PAIR, every, Kept(sets=tuple(kept)))
    made = run.put("codec", joined, kind="pairs", **about)
    if not len(made):
        theta = own.contrast.theta
        raise NothingKept(
            f"of no request do the two answers differ by more than {theta:g} of 10, by the judge {sides.judge}",
            f"--set codec.contrast.theta={theta / 2:g}",
        )
    return made


class Asked(Config):
    """All that encoding, decoding and making harder depend on, beside rows and model."""

    own: CodecConfig
    random_seed: int

    def reads(self) -> Mapping[str, Any]:
        return prompts.digests(ENCODE, DECODE, RUBRIC, IMPROVE)

    def seeds(self, rows: Sequence[Row], salt: str) -> list[int]:
        return [row_seed(row["id"], f"{self.random_seed}/codec/{salt}/{row.get('made_harder') or 0}") for row in rows]


def encoded(config: Asked, rows: list[Row], lm: LM) -> Iterator[Outcome]:
    """Each request with what it is for and the skills that it needs; what says neither is dropped as `not_encoded`."""
    language_models.reading(lm, "forward")
    asked = [prompts.render(ENCODE, instruction=quoted(row["instruction"])) for row in rows]
    for row, said in zip(rows, lm.generate(asked, config.own.sampling, config.seeds(rows, "encode")), strict=True):
        use, names = _read(said.text)
        if not use or not names:
            yield Drop(row, "not_encoded", said.text[:80] or said.finish)
            continue
        kept = {name: row.get(name) for name in PAIR.names}
        yield {**kept, "use_case": use, "skills": names[: config.own.most_skills]}


def _read(text: str) -> tuple[str, list[str]]:
    """(use case, skills) as they were written: on lines of their own, or on one; skills in a row, or as a list."""
    use, skills = _USE.search(text), _SKILLS.search(text)
    case = _SKILLS.sub("", use["said"]).strip(" .*_") if use else ""
    block = skills["said"].split("\n\n")[0] if skills else ""
    listed = [_MARK.sub("", part).strip(" .*_\n") for part in re.split(r"[,;\n]", block)]
    return case, [each for each in listed if each]


class Mixing(Config):
    """Encoded requests, and how many combinations of their use cases and skills are drawn."""

    encoded: DatasetFolder
    size: int
    most_skills: int
    random_seed: int


def combinations(config: Mixing) -> Iterator[Row]:
    """A use case with one skill or more, drawn without replacement; each combination once, as many as there are."""
    rows = list(Dataset(config.encoded).rows())
    uses = sorted({row["use_case"].casefold() for row in rows})
    skills = sorted({skill.casefold() for row in rows for skill in row["skills"]})
    draw, known = random.Random(config.random_seed), set[str]()
    for _ in range(20 * config.size if rows else 0):
        use = draw.choice(uses)
        own = draw.sample(skills, min(draw.randint(1, config.most_skills), len(skills)))
        id = row_id("\n".join([use, *sorted(own)]), METHOD)
        if id not in known:
            known.add(id)
            yield {"id": id, "parent": None, "use_case": use, "skills": own, "method": METHOD}
        if len(known) == config.size:
            return


class Fitting(Config):
    """What is asked of combinations: nothing can be set."""

    def reads(self) -> Mapping[str, Any]:
        return {**prompts.digests(DECIDE), "question": FITS.text}


def fitting(_: Fitting, rows: list[Row], lm: LM) -> Iterator[Outcome]:
    """The combinations that make sense, by a typed question (the authors sorted them by hand)."""
    states = [f"Purpose: {row['use_case']}\nSkills: {', '.join(row['skills'])}" for row in rows]
    for row, [answer] in zip(rows, lm.decide(states, [FITS]), strict=True):
        sure = answer.probabilities[0] if answer.probabilities else 0.0
        yield row if sure > 0.5 else Drop(row, "unlikely", round(sure, 3))


def decoded(config: Asked, rows: list[Row], lm: LM) -> Iterator[Outcome]:
    """Requests for each combination; one for which none is written is dropped as `not_decoded`."""
    language_models.reading(lm, "forward")
    asked = [
        prompts.render(DECODE, count=config.own.instructions, use_case=row["use_case"], skills=", ".join(row["skills"]))
        for row in rows
    ]
    for row, said in zip(rows, lm.generate(asked, config.own.sampling, config.seeds(rows, "decode")), strict=True):
        listed = _items(said.text)
        listed = (listed[:-1] if said.finish == "length" else listed)[: config.own.instructions]
        for number, text in enumerate(dict.fromkeys(listed)):
            yield {**row, "id": row_id(row["id"], "decoded", number), "parent": row["id"], "instruction": text,
                   "made_harder": 0, "source": METHOD, "lm": lm.name, "prompt": DECODE, "finish": "stop"}  # fmt: skip
        if not listed:
            yield Drop(row, "not_decoded", said.finish)


def made_harder(config: Asked, rows: list[Row], lm: LM) -> Iterator[Outcome]:
    """Each request changed by one of several ways to make it harder that are written for it first (Self-Rubrics)."""
    language_models.reading(lm, "forward")
    own = config.own
    ways = lm.generate(
        [
            prompts.render(RUBRIC, use_case=row["use_case"], skills=", ".join(row["skills"]),
                           instruction=quoted(row["instruction"]), count=own.rubrics)
            for row in rows
        ],
        own.sampling,
        config.seeds(rows, "rubric"),
    )  # fmt: skip
    actions = [_items(said.text)[: own.rubrics] for said in ways]
    able = [row for row, listed in zip(rows, actions, strict=True) if listed]
    seeds = config.seeds(able, "improve")
    drawn = [random.Random(seed).choice(listed) for seed, listed in zip(seeds, filter(None, actions), strict=True)]
    asked = [
        prompts.render(IMPROVE, action=action, instruction=quoted(row["instruction"]))
        for row, action in zip(able, drawn, strict=True)
    ]
    changed = dict(zip((row["id"] for row in able), lm.generate(asked, own.sampling, seeds), strict=True))
    for row in rows:
        said = changed.get(row["id"])
        text = clean_instruction(said.text) if said else ""
        fault = "no_rubrics" if said is None else "unfinished" if said.finish != "stop" else "" if text else "nothing_said"
        if not fault and text == row["instruction"]:
            fault = "not_changed"
        new = {"instruction": text, "made_harder": row["made_harder"] + 1, "prompt": IMPROVE, "gap": None}
        yield Drop(row, fault) if fault else {**row, **new}


def _items(text: str) -> list[str]:
    return [clean for found in _ITEM.finditer(text) if (clean := clean_instruction(found["item"]).strip())]


class Kept(Config):
    """What was kept of each version."""

    sets: tuple[DatasetFolder, ...]


def every(config: Kept) -> Iterable[Row]:
    """All of it, as pairs."""
    return ({name: row.get(name) for name in PAIR.names} for folder in config.sets for row in Dataset(folder).rows())
