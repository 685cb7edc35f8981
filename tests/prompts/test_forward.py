"""The tags that tell the sources of answers apart."""

import pytest

from humpback import prompts
from humpback.config import planned
from humpback.prompts.backward import BACKWARD, FORMS, BackwardConfig
from humpback.prompts.forward import FORWARD, TagConfig, forward_example, forward_prompt

TAGS = TagConfig()


def test_the_tags_go_to_their_own_rows() -> None:
    """Public runs trained seed rows under the other's template."""
    pair = {"instruction": "How?", "response": "So."}
    seed, web = (
        forward_example({**pair, "source": source}, TAGS, lambda text, _: (text, False), 99).prompt
        for source in ("seed", "web")
    )
    assert seed == "How?\n\nAnswer in the style of an AI Assistant."
    assert web == "How?\n\nAnswer with knowledge from web search."
    assert forward_prompt("How?", TAGS.inference) == f"How?\n\n{TAGS.seed} {TAGS.web}"


def test_a_clipped_answer_has_no_end_token() -> None:
    """A model taught that a cut is an end learns to stop in mid-sentence."""
    row = {"instruction": "i", "response": "r " * 9, "source": "seed"}
    assert not forward_example(row, TAGS, lambda text, most: (text[:most], True), 4).ended


@pytest.mark.parametrize(("seed", "web", "asked"), [("A.", "B.", "A. B."), ("A.", "", "A."), ("", "", "")])
def test_a_tag_that_is_not_there_leaves_no_blank(seed: str, web: str, asked: str) -> None:
    """Models trained without tags were asked under a blank that they had never seen."""
    assert TagConfig(seed=seed, web=web).inference == asked


def test_whoever_has_tags_or_a_backward_model_names_the_prompts() -> None:
    """The quality of models was measured under the tags, and named them in one recipe and not in the other."""
    assert planned(TAGS) == {"seed": TAGS.seed, "web": TAGS.web, "reads": prompts.digests(FORWARD)}
    assert planned(BackwardConfig())["reads"] == prompts.digests(BACKWARD, *FORMS.values())
