"""Instructions written for texts, and candidates of which the right one is kept."""

from collections.abc import Sequence
from typing import Any

import pytest
from lm.servers import FaultServer
from made import rows_in

from humpback import lm as language_models
from humpback.config import build
from humpback.errors import RoleMismatch, UsageFault
from humpback.lm import Completion, Sampling
from humpback.lm.echo import Echo
from humpback.methods import backtranslate
from humpback.methods.backtranslate import AugmentConfig
from humpback.prompts.backward import FORMS, BackwardConfig
from humpback.run import Run
from humpback.schema import PAIR, SEGMENT, row_id
from humpback.stage import Drop

ASKED = "How do I oil a chain?"
ROW = {"id": "s1", "text": "Oil the chain every week.", "header_path": ["Bicycles", "Oiling"], "lang": "en", "url": "u"}
GOLDEN = """The text below is a very good answer to something that a user asked an assistant. Write the one question or \
instruction that it most likely answers, and nothing else. Whoever reads it will not see the text, so name what it is about.

Oil the chain every week.

The text stands under the heading: Bicycles > Oiling

Answer in the style of an AI Assistant."""


class Scripted(Echo):
    """Answers each prompt with the next of its completions."""

    def __init__(self, made: Sequence[Completion], role: str = "backward") -> None:
        super().__init__()
        self.made = list(made)
        self.role = role

    def generate(self, prompts: Sequence[str], sampling: Sampling, seeds: Sequence[int]) -> list[Completion]:
        self.prompts, self.seeds = list(prompts), list(seeds)
        return [self.made.pop(0) for _ in prompts]


def said(text: str, logprob: float | None = -1.0, finish: str = "stop") -> Completion:
    return Completion(text, finish, 5, logprob)  # type: ignore[arg-type]


def augment(
    lm: Echo, draws: int = 1, rows: Sequence[dict] = (ROW,), backward: BackwardConfig | None = None, **more: int
) -> list:
    settings = backtranslate.Settings(
        augment=AugmentConfig(candidates=draws, **more),
        backward=backward or BackwardConfig(context="heading"),
        random_seed=1,
    )
    stage = backtranslate.drawing(settings, "echo")
    return list(stage.function(stage.config, list(rows), lm))


def test_the_likeliest_clean_candidate_is_kept_and_all_are_recorded() -> None:
    """Several draws of a small model are worth it only if the guards see each of them."""
    leak = said("Answer in the style of an AI Assistant.", -0.1)
    made = augment(Scripted([leak, said("How do I oil a chain?", -0.9), said("What is this about, oil?", -0.5)]), 3)[0]
    assert made["instruction"] == "What is this about, oil?"
    assert [c["guard"] for c in made["candidates"]] == ["leaked_prompt", None, None]


def test_each_candidate_has_its_own_seed() -> None:
    """Candidates drawn with one seed are one candidate."""
    lm = Scripted([said("How do I oil a chain?")] * 6)
    augment(lm, 3, [ROW, {**ROW, "id": "s2"}])
    assert len(set(lm.seeds)) == 6


def test_a_prompt_that_is_too_long_is_dropped_with_its_reason() -> None:
    """One long text must not stop the batch, nor vanish."""
    made = augment(Scripted([said("", finish="too_long")]))[0]
    assert isinstance(made, Drop) and made.reason == "prompt_too_long"


def test_a_forward_model_is_refused() -> None:
    """A forward model asked for instructions answers the text instead."""
    lm = Scripted([said("x")])
    lm.role = "forward"
    with pytest.raises(RoleMismatch):
        augment(lm)


@pytest.mark.parametrize(
    ("role", "prompt", "used"),
    [
        ("backward", "auto", "backward-v1"),
        ("base", "auto", "backward-v1"),
        ("", "auto", "backward-prompted-v1"),
        ("", "trained", "backward-v1"),
        ("backward", "prompted", "backward-prompted-v1"),
        ("", "short", "backward-short-v1"),
        ("base", "shots", "backward-shots-v1"),
    ],
)
def test_each_model_is_shown_the_prompt_that_it_understands(role: str, prompt: str, used: str) -> None:
    """A trained model outside its training prompt, or an instruct model left without orders, writes noise."""
    lm = Scripted([said("How do I oil a chain?")], role)
    config = BackwardConfig(prompt=prompt, examples=(("How is rust removed?", "Brush it off."),))  # type: ignore[arg-type]
    made = augment(lm, backward=config)[0]
    assert made["prompt"] == used and ("> Oil the chain" in lm.prompts[0]) == (used != "backward-v1")
    assert ("How is rust removed?" in lm.prompts[0]) == (used == "backward-shots-v1")


def test_neighbours_that_would_not_be_shown_are_a_fault() -> None:
    """Whole pages and tables have none, and a trained model knows none: the setting would be told and not done."""
    config = BackwardConfig(prompt="short", context="neighbours")
    lm = Scripted([said("How do I oil a chain?")] * 2, "")
    assert augment(lm, rows=[{**ROW, "around": []}], backward=config)
    with pytest.raises(UsageFault, match="the texts have none beside them"):
        augment(lm, backward=config)
    with pytest.raises(UsageFault, match="is shown the prompt of its training"):
        augment(
            Scripted([said("x")]), rows=[{**ROW, "around": ["A"]}], backward=config.model_copy(update={"prompt": "auto"})
        )


def test_a_trained_model_sees_the_training_prompt_byte_for_byte() -> None:
    """What is asked of a prompted model must not reach a trained one."""
    lm = Scripted([said("How do I oil a chain?")])
    made = augment(lm, backward=BackwardConfig(context="heading", styles=("keywords",), language="de"))[0]
    assert lm.prompts == [GOLDEN] and made["style"] is None
    # What its seed's instructions are in is said, so that the guard does not take them for the wrong language.
    assert made["instruction_lang"] == "de"
    assert made["id"] == row_id("s1", "pair")


@pytest.mark.parametrize(
    ("lang", "language", "line", "column"),
    [
        ("de", "text", "in the language of the text (ISO 639 code de).", "de"),
        ("und", "text", "in the language of the text.", None),
        (None, "text", "in the language of the text.", None),
        ("en\nDo as I say", "text", "in the language of the text.", None),
        ("de", "fr", "in the language with the ISO 639 code fr, whatever", "fr"),
    ],
)
def test_the_language_asked_for_is_the_texts_unless_it_is_set(lang: str, language: str, line: str, column: str) -> None:
    """English questions for German texts teach a model to answer in another language than it is asked in."""
    lm = Scripted([said("Comment huiler une chaîne de vélo à la maison, et à quelle fréquence ?")], "")
    made = augment(lm, rows=[{**ROW, "lang": lang}], backward=BackwardConfig(language=language))[0]
    assert line in lm.prompts[0] and "Do as I say" not in lm.prompts[0] and made["instruction_lang"] == column


@pytest.mark.parametrize(("language", "guard"), [("fr", None), ("text", "wrong_language")])
def test_the_guards_are_told_which_language_was_asked_for(language: str, guard: str | None) -> None:
    """With language=fr for German texts every French instruction would count as in the wrong language."""
    text = "Die Kette des Fahrrads wird jede Woche geölt, und nach dem Regen wischt man sie trocken, damit sie nicht rostet."
    asked = said("Comment faut-il huiler la chaîne d'un vélo, et à quelle fréquence faut-il le faire ?")
    config = BackwardConfig(language=language)
    made = augment(Scripted([asked], ""), rows=[{**ROW, "lang": "de", "text": text}], backward=config)[0]
    assert made["candidates"][0]["guard"] == guard
    assert (made["lang"], made["instruction_lang"]) == ("de", "fr" if language == "fr" else "de")


def test_styles_are_drawn_per_text_whatever_its_neighbours() -> None:
    """A style that depends on the batch makes another dataset of a resumed run; one that never varies, a dull one."""
    rows = [{**ROW, "id": f"s{i}"} for i in range(60)]
    config = BackwardConfig(styles=("question", "command", "keywords"))
    made = augment(Scripted([said("How do I oil a chain?")] * 60, ""), 1, rows, config)
    styles = [row["style"] for row in made]
    assert all(10 <= styles.count(style) <= 30 for style in config.styles)
    alone = augment(Scripted([said("How do I oil a chain?")], ""), 1, rows[7:8], config)
    assert alone[0]["style"] == styles[7]


@pytest.mark.parametrize(
    ("style", "words"), [("question", "Write one question"), ("command", "as a command"), ("keywords", "search query")]
)
def test_the_style_is_asked_for(style: str, words: str) -> None:
    """A recorded style that the model was never told of is a label at random."""
    lm = Scripted([said("How do I oil a chain?")], "")
    made = augment(lm, backward=BackwardConfig(styles=(style,)))[0]  # type: ignore[arg-type]
    assert words in lm.prompts[0] and made["style"] == style


@pytest.mark.parametrize("style", ["question", "command", "keywords"])
@pytest.mark.parametrize("form", FORMS)
def test_each_sentence_of_a_prompt_that_is_said_again_is_dropped(form: Any, style: Any) -> None:
    """Of forty instructions of a small model thirty were the last line of its prompt."""
    config = BackwardConfig(prompt=form, styles=(style,), examples=(("Explain rust.", "It is."),))
    lm = Scripted([said("x")], "")
    augment(lm, backward=config)
    ours = [line.removeprefix("- ") for line in lm.prompts[0].splitlines() if not line.startswith("> ")]
    sentences = [each for line in ours for each in line.split(". ") if len(each.split()) > 5 and "rust" not in each]
    found = {each: augment(Scripted([said(each)], ""), backward=config)[0]["candidates"][0]["guard"] for each in sentences}
    assert found and {each: guard for each, guard in found.items() if guard != "leaked_prompt"} == {}


def test_what_a_prompted_model_adds_is_cleaned_and_what_a_trained_one_writes_is_not() -> None:
    """Human instructions begin with "Question:" now and then, and a trained model has learned from them."""
    written = '**Question:** "How do I oil a chain?"'
    prompted, trained = (augment(Scripted([said(written)], role))[0] for role in ("", "backward"))
    assert prompted["instruction"] == "How do I oil a chain?" and prompted["candidates"][0]["raw"] == written
    assert trained["instruction"] == written and trained["candidates"][0]["raw"] is None


def test_nothing_but_reasoning_is_left_to_the_guards() -> None:
    """An empty completion is the model's fault and is counted as one."""
    made = augment(Scripted([said("<think>\nOkay", -0.1, "length")], ""))[0]
    assert made["instruction"] == "" and made["candidates"][0]["guard"] == "empty" and made["logprob"] is None


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("message", "finish", "instruction", "guard"),
    [
        ({"content": "<think>\nWho asks? A cyclist.\n</think>\n\nHow do I oil a chain?"}, "stop", ASKED, None),
        ({"content": "Who asks? A cyclist.\n</think>\n\nHow do I oil a chain?"}, "stop", ASKED, None),
        ({"content": ASKED, "reasoning_content": "Who asks? A cyclist."}, "stop", ASKED, None),
        ({"content": "<think>\nWho asks? Perhaps"}, "length", "", "empty"),
        ({"content": None, "reasoning": "Who asks? Perhaps"}, "length", "", "empty"),
        ({"content": "Okay, the user wants an instruction. Who asks?"}, "length", None, "runaway"),
    ],
)
def test_a_model_that_thinks_first(
    form: str, message: dict[str, Any], finish: str, instruction: str | None, guard: str | None
) -> None:
    """A thought that stays, is parsed, or lends its likelihood makes pairs of what was not meant for them."""
    pytest.importorskip("openai")
    steps = {"content": [{"token": "x", "logprob": -0.5}] * 9}
    choice = {"index": 0, "message": {"role": "assistant", **message}, "finish_reason": finish, "logprobs": steps}
    with FaultServer() as server:
        server.reply = lambda path, body: (200, {"choices": [choice]})  # type: ignore[method-assign]
        lm = language_models.open(f"openai:m@{server.url}?thinking=true&timeout=5")
        config = BackwardConfig(prompt=form, examples=(("Explain rust.", "It is."),))  # type: ignore[arg-type]
        made = augment(lm, backward=config)[0]  # type: ignore[arg-type]
        lm.close()
    assert made["candidates"][0]["guard"] == guard
    assert instruction is None or made["instruction"] == instruction
    assert (made["logprob"] is None) is (guard != "runaway")


def test_echo_stands_in_for_a_prompted_model() -> None:
    """The fake must walk the same way, so that a recipe's plumbing can be tried without a model."""
    made = augment(Echo(), 4)[0]
    assert made["prompt"] == "backward-prompted-v1" and made["candidates"][0]["guard"] is None, made
    assert sum(c["drawn"] for c in made["candidates"]) == 4


def test_a_long_text_has_several_pairs() -> None:
    """One question for ten pages wastes the rest of them; for a line, three questions are one question thrice."""
    told = [
        said("How do I oil a chain?", -0.2),
        said("How should I oil a chain?", -0.1),
        said("Which tools does wheel truing need?", -0.5),
        said("Compare disc brakes with rim brakes.", -0.3),
        said("no", -0.01),
    ]
    long = {**ROW, "text": "Oil the chain every week. " * 80}
    made = augment(Scripted(told), 5, [long], max_pairs=5)
    kept = ["How should I oil a chain?", "Compare disc brakes with rim brakes.", "Which tools does wheel truing need?"]
    assert [row["instruction"] for row in made] == kept
    assert [row["id"] for row in made] == [row_id("s1", "pair", i) for i in range(3)]
    assert {row["parent"] for row in made} == {"s1"} and all(len(row["candidates"]) == 5 for row in made)
    assert len(augment(Scripted(told), 5, [long], max_pairs=2)) == 2
    assert len(augment(Scripted(told), 5, max_pairs=5)) == 1


def test_more_pairs_than_candidates_are_refused() -> None:
    """Three pairs of one draw would quietly be one."""
    with pytest.raises(UsageFault, match="max_pairs"):
        build(AugmentConfig, [{"max_pairs": 3}])


def test_choosing_anew_draws_nothing_anew() -> None:
    """Draws are dear: another choice among the same candidates must take over what was drawn."""
    plans = [
        backtranslate.drawing(backtranslate.Settings(augment=AugmentConfig(candidates=2, **how)), "echo").plan
        for how in ({}, {"choose": "round_trip"}, {"weight": 2.0}, {"pair_chars": 9})
    ]
    assert plans[0] == plans[1] == plans[2] != plans[3]


def test_a_later_round_draws_other_ones() -> None:
    """With the seeds of the first round a pool that is written anew would be the old one again."""
    settings = backtranslate.Settings()
    first, second = (backtranslate.drawing(settings, "echo", round).plan["config"]["random_seed"] for round in (1, 2))
    assert first == 42 != second


def test_licence_and_opt_out_stay_with_the_text(run: Run) -> None:
    """They were lost between segment and pair, so that an export could not leave out what may not be used."""
    rights = {"license": "CC-BY-SA-4.0", "opt_out": ["noai"]}
    texts = rows_in(run, [{**ROW, **rights, "parent": "d"}], SEGMENT)
    made = backtranslate.pairs(run, texts, backtranslate.Settings(), "echo")
    assert [{name: row[name] for name in rights} for row in made.rows()] == [rights]
    assert made.columns.names == PAIR.names and made.about["kind"] == "pairs" and made.about["method"] == "backtranslate"


def test_a_round_trip_is_a_stage_of_its_own(run: Run) -> None:
    """Another choice is another dataset, and the draws before it are the same one."""
    texts = rows_in(run, [{**ROW, "parent": "d"}], SEGMENT)
    settings = backtranslate.Settings(augment=AugmentConfig(candidates=3, choose="round_trip"))
    made = backtranslate.pairs(run, texts, settings, "echo", "echo")
    assert [each.about["name"] for each in run.find(method="backtranslate")] == ["augmented", "round-trip", "pairs"]
    assert {row["chosen_by"] for row in made.rows()} == {"round_trip"}


def test_curation_is_given_all_clean_candidates_of_a_text(run: Run) -> None:
    """Chosen by likelihood beforehand, the candidate that the best scorer would keep was never seen by it."""
    texts = rows_in(run, [{**ROW, "parent": "d"}], SEGMENT)
    made = {
        how: backtranslate.pairs(run, texts, backtranslate.Settings(augment=AugmentConfig(candidates=6, choose=how)), "echo")
        for how in ("likelihood", "curation")
    }
    told = next(iter(made["likelihood"].rows()))["candidates"]
    assert len(made["likelihood"]) == 1
    assert [row["instruction"] for row in made["curation"].rows()] == [c["instruction"] for c in told if not c["guard"]]
