"""What each setting changes: in which plan of a run it first stands, by trying all of them on finished runs.

A run is made once, on fakes. Then each setting is changed alone, and the recipe carried out again in the same folder, where
nothing may be worked on: what stops it is the first dataset that would be another one. What stops nothing is in no plan, and
since a stage is given nothing but what its plan is made of, changes no rows. Some settings have an effect only where others
have a certain value, so that there are several runs of a recipe, and a setting is tried on each until it stops one.
"""

import json
import random
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from changes import other, settings_of, value_of
from pydantic.fields import FieldInfo
from recipes.ablations import LOOSE, finished_run, page, settings
from recipes.test_x_instruction import german
from rehearsed import SMALL, Refuses, Rehearsed, WorkLeft, carried_out

from humpback import recipes, store
from humpback.config import PACE, Config, build, merge, nested
from humpback.curate.select import Choice
from humpback.errors import HumpbackError, PlanMismatch, UsageFault
from humpback.recipes.demo import MATERIAL
from humpback.run import RUN_FILE, Run

PAGES, SEED = MATERIAL / "pages.warc.gz", MATERIAL / "seed.jsonl"
Layer = Mapping[str, Any]
REFUSED = "refused"


class Noting(Run):
    """Remembers in `at` what is asked for, also beside."""

    at: list[str]

    @classmethod
    def of(cls, folder: Path, recipe: str, wanted: Config, at: list[str]) -> "Noting":
        made = cls(folder, recipe, wanted, engine=Refuses())
        made.at = at
        return made

    def put(self, name: str, *rest: Any, **about: Any) -> Any:
        self.at.append(name)
        return super().put(name, *rest, **about)

    def map(self, name: str, *rest: Any, **about: Any) -> Any:
        self.at.append(name)
        return super().map(name, *rest, **about)

    def step(self, name: str, *rest: Any, **about: Any) -> Any:
        self.at.append(name)
        return super().step(name, *rest, **about)

    def beside(self, name: str) -> Run:
        return self.of(self.folder / name, self.recipe, self.config, self.at)


def first_changed(folder: Path, recipe: str, wanted: Config) -> str:
    """The first dataset or step of the finished run in `folder` that is another one with `wanted`; empty: none is.

    Raises `UsageFault` where the recipe refuses these settings.
    """
    for path in folder.rglob(RUN_FILE):
        path.unlink()
    at: list[str] = []
    try:
        with Noting.of(folder, recipe, wanted, at) as run:
            recipes.load(recipe).recipe(run, wanted)
    except (PlanMismatch, WorkLeft):
        return at[-1]
    except HumpbackError as error:
        if isinstance(error, UsageFault):
            raise
        return f"{at[-1]}, which ends the run"
    finally:
        for plan in list(folder.rglob(store.PLAN)):
            if not (plan.parent / store.MANIFEST).exists():
                shutil.rmtree(plan.parent)
    return ""


@dataclass
class Context:
    """A finished run of a recipe, and the settings that it was made with."""

    recipe: str
    folder: Path
    made: Config
    files: Layer = field(default_factory=dict)

    def changed(self, leaf: str, mark: FieldInfo) -> Config:
        value = other(leaf, mark, value_of(self.made, leaf, mark), self.files)
        return build(type(self.made), [self.made.model_dump(), nested(leaf, value)])


# What has no effect in a recipe that has it, and why not.
NO_EFFECT = {
    "pivot": {"without it nothing is trained, and nothing else changes": {"train"}},
    "x_instruction": {
        "the recipe sets them, for each language": {"backward.language", "corpus.languages"},
        "it says whether a language is left out": {"reading.least_order"},
    },
    "ablate_tags": {"all ways to ask are compared": {"asked"}},
    "ablate_unit": {
        "they choose what a round selects by, and where that stays they change nothing": {
            "curate.min_auc", "curate.min_valid", "curate.stop_below_chance",
        }
    },
}  # fmt: skip


class Effects:
    """By recipe and setting: the first plan that it stands in, `REFUSED`, or nothing; `marks` are the settings' fields."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.found: dict[str, dict[str, str]] = {}
        self.marks: dict[str, dict[str, FieldInfo]] = {}

    def of(self, recipe: str) -> dict[str, str]:
        if recipe not in self.found:
            self.marks[recipe] = dict(settings_of(recipes.load(recipe).Settings))
            found = dict.fromkeys(self.marks[recipe], "")
            for context in contexts(recipe, self.folder / recipe):
                for leaf, known in found.items():
                    # What one run refuses beside its other settings, another may take.
                    if not known or known.startswith("fault"):
                        found[leaf] = self._tried(context, leaf, self.marks[recipe][leaf]) or known
            self.found[recipe] = found
        return self.found[recipe]

    def _tried(self, context: Context, leaf: str, mark: FieldInfo) -> str:
        try:
            return first_changed(context.folder, context.recipe, context.changed(leaf, mark))
        except UsageFault as fault:
            always = ("whose results are taken over", "no triple is held out", "no text is read here")
            return REFUSED if any(told in fault.fact for told in always) else f"fault: {fault.fact}"

    def paces(self, recipe: str) -> set[str]:
        return {leaf for leaf, mark in self.marks[recipe].items() if PACE in mark.metadata}


# The runs of each recipe.

# Stands for an encoder: any folder, as it is not opened.
ENCODER = str(MATERIAL)
BOTH: dict[str, Any] = {"iterate": {"stop_overlap": None, "stop_precision": None}}
OUTSIDE: dict[str, Any] = {
    "backward_lm": "echo", "judge_lm": "echo", "judge": {"mode": "multi", "samples": 2, "stop_valid": 0.0},
    "augment": {"candidates": 3, "choose": "round_trip", "max_pairs": 2}, "curate": {"by": "combined", "clusters": 3},
    "corpus": {"caps": {"per_page": 5}, "contamination": {"against": [str(SEED)]}},
}  # fmt: skip
LOOP: tuple[Layer, ...] = (
    {**BOTH, "teach": {"share": 0.1}},
    {**OUTSIDE, "iterate": {**BOTH["iterate"], "pool": "regenerated"}},
    {"curate": {"by": "relevance"}, "relevance": {"embedding": ENCODER, "entailment": ENCODER}},
)
REWRITING: Layer = {
    "rewriter": "echo", "min_supported": 0.5, "relevance": {"embedding": ENCODER}, "distilled": True,
    "choose": ["web", "rewritten", "distilled"], "curate": {"rounds": 1},
}  # fmt: skip


# Round trips by a model that is asked by prompt.
TRIPS: Layer = {
    "routes": [{"through": "Portuguese", "there": "echo"}, {"through": "French", "there": "echo"}], "depth": 2,
    "drift": {"embedding": ENCODER, "entailment": ENCODER, "least_cosine": 0.3, "longest": 9.0},
}  # fmt: skip
ASKED_LITTLE: Layer = {"cases": 3, "answers": 2, "answer_tokens": 4, "wordings": 3}


def contexts(recipe: str, folder: Path) -> Iterator[Context]:
    """Finished runs of `recipe`, made when they are asked for."""
    folder.mkdir(parents=True)
    files = written(folder)
    (folder / "other").mkdir()
    (folder / "other" / "p.html").write_text(page(9))
    others = {
        "pairs": files["texts"], "labels": files["pairs"], "texts": files["seed"], "seed.path": files["seed"],
        "inputs": [str(folder / "other")], "contamination.against": [files["pairs"]], "ks": [3.0, 3.5, 4.0, 4.5, 4.9],
        "requests": files["seed"], "shares": [0.8, 0.6, 0.388, 0.083, 0.03], "run": str(folder / "another"),
    }  # fmt: skip
    if recipe == "winrate":
        others |= {"answers": [files["other"]], "against": files["other"], "prompts": files["texts"]}
        others |= {"difficulty": files["easier"]}
    if "run" in recipes.load(recipe).Settings.model_fields:
        finished_run(folder / "another", seeds=76, backward_lm="", **LOOSE)
    for i, layer in enumerate(layers(recipe, folder, files)):
        made = recipes.resolve(recipes.load(recipe).Settings, [("--set", layer)])[0]
        engine = Rehearsed(lambda name, _: {"forward-1": 0.1, "forward-2": 0.2}.get(name, 0.0))
        carried_out(recipe, folder / str(i), made, engine)
        yield Context(recipe, folder / str(i), made, others)


def layers(recipe: str, folder: Path, files: dict[str, Any]) -> Iterator[Layer]:
    if recipe in ("humpback", "demo", "back_and_forth"):
        own = {"corpus": {"inputs": [str(PAGES)]}, "seed": {"path": str(SEED), "dev": 0.15, "test": 0.15}}
        more = (REWRITING,) if recipe == "back_and_forth" else ()
        yield from (merge(merge(SMALL, own), layer) for layer in (*LOOP, *more))
    elif recipe == "sweep":
        seed = {"path": str(SEED), "dev": 0.15, "test": 0.15}
        every = {"pairs": files["labels"], "lm": "echo", "backward_lm": "echo", "seed": seed, "labels": files["labels"]}
        yield {**every, "train": True, "teach": {"share": 0.1}, "measure": {"cases": 8}, "relevance": {"embedding": ENCODER}}
        yield {**every, "labels": "", "scorers": ["gain"]}
    elif recipe == "coin":
        small = {"robustness": ASKED_LITTLE, "paraphrase_lm": "echo"}
        yield {**small, "seed": {"path": str(SEED)}, "pairs": files["pairs"], "pivot": TRIPS}
        made = finished_run(folder / "made", **LOOSE)
        yield recipes.resolve(recipes.load(recipe).Settings, [("--set", {**small, "run": str(made)})])[0].model_dump()
    elif recipe == "found":
        yield {"corpus": {"inputs": [str(PAGES)], "caps": {"per_page": 5}, "contamination": {"against": [str(SEED)]}}}
    elif recipe == "compare":
        made_up = self_made(folder, "writer_lm")
        made = finished_run(folder / "made", seeds=76, backward_lm="", **{**LOOSE, "guards": made_up["guards"]})
        (folder / "back.txt").write_text("In what way do I fix wheel X0X?\n")
        routes = [{"through": name, "there": f"echo:{folder / 'back.txt'}"} for name in ("Portuguese", "French")]
        many = {**MANY, **TAILORED, "pivot": {**TRIPS, "routes": routes}}
        taken = {"rewrite": {"guards": {"facts": False, "longest": 9.0}}, "writer_lm": made_up["writer_lm"], "seeds": 1}
        yield settings(recipe, made, **many, **taken).model_dump()
    elif recipe == "codec":
        yield from (merge(self_made(folder, "strong_lm"), merge(TAILORED, layer)) for layer in SELF_MADE)
    elif recipe == "self_instruct":
        yield from (merge(self_made(folder, "writer_lm"), merge(MANY, layer)) for layer in SELF_MADE)
    elif recipe == "x_instruction":
        (folder / "de.txt").write_text("Das macht man Schritt für Schritt, und mit Geduld.\n")
        own = {
            "corpus": {"inputs": [str(german(folder / "german"))]},
            "seed": {"path": str(SEED), "dev": 0.15, "test": 0.15},
        }
        told = {
            "answer_languages": {"de": "German"},
            "translators": {"de": f"echo:{folder / 'de.txt'}"},
            "reading": {"least_order": -1.0},
        }
        yield from (merge(merge(SMALL, {**own, **told}), layer) for layer in LOOP)
    elif recipe == "pivot":
        yield {"seed": {"path": str(SEED)}, "pairs": files["pairs"], "pivot": TRIPS, "robustness": ASKED_LITTLE}
    elif recipe == "segments":
        yield {"inputs": [str(PAGES)], "sample": 20, "caps": {"per_page": 5}, "contamination": {"against": [str(SEED)]}}
        yield {"inputs": [str(PAGES)], "sample": 20, "unit": "document"}
    elif recipe == "backtranslate":
        chosen = {"candidates": 3, "choose": "round_trip", "max_pairs": 2}
        yield {"texts": files["texts"], "lm": "echo", "forward": "echo", "augment": chosen}
        yield {"texts": files["texts"], "lm": "echo", "seed": {"path": str(SEED)}}
    elif recipe == "guard":
        yield {"pairs": files["pairs"]}
    elif recipe == "winrate":
        made = {
            "answers": [files["outputs"], "echo"],
            "against": files["against"],
            "prompts": files["prompts"],
            "lm": "echo",
        }
        yield from ({**made, "prefer": {"mode": mode}} for mode in ("labels", "text"))
        yield {"answers": [files["annotations"]], "difficulty": files["difficulty"]}
    elif recipe == "score":
        yield {
            "pairs": files["labels"], "lm": "echo", "backward_lm": "echo", "base": "echo",
            "scorers": ["combined", "seed_gain", "retrieval_rank", "relevance"], "relevance": {"embedding": ENCODER},
            "judge": {"mode": "multi", "samples": 2, "stop_valid": 0.0},
        }  # fmt: skip
    else:
        yield from of_ablation(recipe, folder)


# As `LOOP`, where no page is read.
SELF_MADE: tuple[Layer, ...] = (
    {**BOTH, "teach": {"share": 0.1}},
    {**{name: value for name, value in OUTSIDE.items() if name not in ("augment", "corpus")}, "iterate": BOTH["iterate"]},
    {"curate": {"by": "relevance"}, "relevance": {"embedding": ENCODER, "entailment": ENCODER}},
)


TAILORED: Layer = {"codec": {"metadata": 150, "instructions": 3, "iterations": 2, "contrast": {"theta": 1.0}}}
MANY: Layer = {"self_instruct": {"tasks": 60, "rounds": 8}}


def self_made(folder: Path, who: str) -> Layer:
    """A writer that says a line of a script to whatever it is asked: requests, answers to them, and what they are for."""
    things = ("a lamp", "old shoes", "the garden gate", "my neighbour's cat", "a wet tent", "bread dough", "an oak table")
    words = """
        river candle market winter ladder pocket window button silver garden letter mirror basket bottle hammer island
        jacket kettle lemon meadow needle orange pepper rabbit saddle ticket valley wagon yellow bridge
    """.split()
    does = ("Explain", "Describe", "Compare", "Name", "Why would anyone like", "Tell me about")
    lines = [f"9. {does[n % 6]} {' '.join(random.Random(n).sample(words, 6))}" for n in range(60)]
    uses = [f"Use case: care of {thing}. Skills: patience, {thing.split()[-1]} lore" for thing in things]
    path = folder / "writer.txt"
    path.write_text("\n".join([*lines, *(f"Output: {line[3:]} is done step by step." for line in lines), *uses * 8]))
    own = {name: value for name, value in SMALL.items() if name != "corpus"}
    guards = {"min_logprob": None, "disabled": ["leaked_prompt", "not_an_instruction"]}
    return merge(own, {"seed": {"path": str(SEED)}, who: f"echo:{path}", "guards": guards})


def of_ablation(recipe: str, folder: Path) -> Iterator[Layer]:
    made = finished_run(folder / "made", choice=Choice("gain", share=0.5), web=160, backward_lm="", **LOOSE)
    if recipe != "ablate_unit":
        more: dict[str, Any] = {
            "ablate_k": {"random": True},
            "scaling": {"sizes": [5, 10, 20]},
            "gate": {"contrast": {"theta": 0.5}},
        }.get(recipe, {})
        yield settings(recipe, made, **more).model_dump()
        return
    for number in range(4):
        (folder / f"{number}.html").write_text(page(number))
    pages = {"inputs": [str(folder / "*.html")], "rules": {"min_chars": 50}, "caps": {"per_page": 5}}
    yield settings(recipe, made, corpus=pages).model_dump()
    curate, chosen = {**LOOSE["curate"], "by": "combined"}, {"candidates": 3, "choose": "round_trip"}
    against = {"contamination": {"against": [str(SEED)]}}
    yield settings(
        recipe, made, corpus={**pages, **against}, augment=chosen, curate=curate, combine=["gain", "relevance"],
        relevance={"embedding": ENCODER, "entailment": ENCODER},
    ).model_dump()  # fmt: skip


def written(folder: Path) -> dict[str, Any]:
    """Files of pairs and texts."""
    seed = [json.loads(line) for line in SEED.read_text(encoding="utf-8").splitlines()]
    few = seed[-24:]
    labelled = [{**row, "id": f"l{i}", "label": i % 2} for i, row in enumerate(few)]
    texts = [{"text": row["response"], "body": row["response"]} for row in few]
    rows = {"pairs": seed[:30], "labels": labelled, "texts": texts, "seed": seed[:90]} | compared(few)
    made = {name: folder / f"{name}.jsonl" for name in rows}
    for name, path in made.items():
        path.write_text("".join(json.dumps(row) + "\n" for row in rows[name]), encoding="utf-8")
    return {name: str(path) for name, path in made.items()}


def compared(pairs: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Files of prompts, of three models' outputs, of annotations, and of difficulties."""
    prompts = [{"instruction": row["instruction"]} for row in pairs]
    said = {
        name: [
            {**row, "output": f"{name}: {i * row['instruction'][: 3 * size]}", "generator": name}
            for i, row in enumerate(prompts)
        ]
        for size, name in enumerate(("outputs", "against", "other"), start=1)
    }
    verdicts = [
        {**row, "output_1": "a" * (i % 5), "output_2": "b" * (i % 7), "generator_1": "x", "generator_2": "y",
         "annotator": "z", "preference": 1 + i % 2}
        for i, row in enumerate(prompts)
    ]  # fmt: skip
    gamed = [
        [
            {"index": i, "preference": 0.5, "std_delta_len": 0.1, "instruction_difficulty": size * i}
            for i in range(len(prompts))
        ]
        for size in (0.1, 0.2)
    ]
    return {"prompts": prompts, **said, "annotations": verdicts, "difficulty": gamed[0], "easier": gamed[1]}
