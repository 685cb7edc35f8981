"""X-Instruction (Li et al. 2024): instructions in English for pages in other languages, each language by itself.

humpback run x_instruction --out runs/x --set corpus.inputs='["pages/*.warc.gz"]' --set seed.path=seed.jsonl \\
    --set 'answer_languages={pt: Portuguese}' --set 'translators={pt: "firefox:en-pt"}'
"""

from typing import Annotated

from pydantic import Field

from humpback.config import OFTEN
from humpback.corpus import pages
from humpback.corpus.pairs import seed_pairs
from humpback.errors import NothingKept, UsageFault
from humpback.lm import Sampling
from humpback.lm.spec import ModelName
from humpback.loop.worth import measure
from humpback.methods import x_instruction
from humpback.methods.x_instruction import Answers, ReadingConfig
from humpback.prompts.forward import TagConfig
from humpback.recipes import humpback
from humpback.report import report
from humpback.run import Run
from humpback.store import Dataset


class Settings(humpback.Settings):
    """Pages in several languages, a seed in English, and who translates its answers."""

    answer_languages: Annotated[dict[str, str], OFTEN] = Field(
        {}, description="languages of the answers, ISO 639 code: as a model is told it, for example pt: Portuguese"
    )
    translators: Annotated[dict[str, ModelName], OFTEN] = Field(
        {}, description="by code, a model that puts the seed's answers into the language; without: the base, told to"
    )
    translation: Sampling = Field(
        Sampling(temperature=0.0, max_new_tokens=2048), description="of models that translate by prompt (ours)"
    )
    reading: ReadingConfig = ReadingConfig()


def recipe(run: Run, settings: Settings) -> None:
    """For each language that the base reads, the whole loop in a folder of its own; of one that gives nothing it is said."""
    check(settings)
    for code, language in settings.answer_languages.items():
        with run.beside(code) as own:
            try:
                in_language(own, code, language, settings)
            except NothingKept as error:
                run.progress.say(f"{code:<22} nothing came of it: {error.fact}")
    report(run)


def in_language(run: Run, code: str, language: str, settings: Settings) -> None:
    """Pages in one language; the seed's answers in it; and the rounds of humpback on both."""
    settings = told_in(settings, code, language)
    segments = pages.segments(run, settings.corpus, settings.random_seed)
    order = x_instruction.reading(run, segments, code, settings.base, settings.reading)
    if order is None or order < settings.reading.least_order:
        share = "nothing" if order is None else f"{order:.2f} of its loss"
        run.progress.say(
            f"{code:<22} left out: the order of its words saves {settings.base} {share}, so that it does not read it"
        )
        report(run)
        return
    seed = translated_seed(run, code, language, settings)
    made = humpback.pool_of(run, settings, seed, segments)
    measure(run, seed, humpback.rounds(run, made), made.settings)
    report(run)


def told_in(settings: Settings, code: str, language: str) -> Settings:
    """The settings of one language: its pages, English instructions, and tags that tell which one to answer in."""
    tags = TagConfig(**{name: f"Answer in {language}. {getattr(settings.tags, name)}".strip() for name in ("seed", "web")})
    return settings.model_copy(update={
        "corpus": settings.corpus.model_copy(update={"languages": (code,)}), "tags": tags,
        "backward": settings.backward.model_copy(update={"language": "en"}),
    })  # fmt: skip


def translated_seed(run: Run, code: str, language: str, settings: Settings) -> Dataset:
    config = Answers(code=code, language=language, sampling=settings.translation, random_seed=settings.random_seed)
    seed = seed_pairs(run, settings.seed, settings.random_seed)
    return x_instruction.seed_in(run, seed, config, settings.translators.get(code) or settings.base)


def check(settings: Settings) -> None:
    """Before anything is done; raises `UsageFault`."""
    humpback.check(settings)
    if not settings.answer_languages:
        raise UsageFault(
            "answer_languages is empty: there is no language to make pairs in", "--set 'answer_languages={pt: Portuguese}'"
        )
    strange = sorted(settings.translators.keys() - settings.answer_languages.keys())
    if strange:
        raise UsageFault(
            f"translators names {strange[0]}, which is none of answer_languages",
            "add it to answer_languages, or leave it out",
        )
