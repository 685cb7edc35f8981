"""Prompts: files that are known by their text, and by who used them."""

import jinja2
import pytest

from humpback import prompts
from humpback.errors import UsageFault


def test_digests_are_of_the_text_and_note_the_prompt() -> None:
    """`Config.reads` names prompts by digests: this is also how a plan is known to name them."""
    with prompts.noted() as used:
        found = prompts.digests("forward-v1", "pair-v2")
    assert used == set(found) == {"forward-v1", "pair-v2"}
    assert len(set(found.values())) == 2 and all(len(each) == 64 for each in found.values())


def test_rendering_and_reading_are_noted_where_they_happen() -> None:
    """A stage that is watched inside another's work must not be taken for it, nor the other for this one."""
    with prompts.noted() as outer:
        prompts.source("forward-v1")
        with prompts.noted() as inner:
            for _ in range(2):
                prompts.render("judge-canary-v1")
        prompts.source("pair-v2")
    assert (outer, inner) == ({"forward-v1", "pair-v2"}, {"judge-canary-v1"})
    prompts.source("rubric-v1")
    assert "rubric-v1" not in outer | inner


def test_notes_end_when_the_work_fails() -> None:
    """A stage that raised must not have the next one's prompts."""
    with pytest.raises(KeyError), prompts.noted() as used:
        raise KeyError
    prompts.source("pair-v2")
    assert not used


def test_a_slot_that_is_not_filled_is_an_error() -> None:
    """An empty slot reads like a prompt, and its answers like answers."""
    with pytest.raises(jinja2.UndefinedError):
        prompts.render("backward-v1")


def test_a_prompt_that_is_not_there_is_told_with_those_that_are() -> None:
    """A mistyped name must not be a traceback of the file system."""
    with pytest.raises(UsageFault) as caught:
        prompts.source("forward-v0")
    assert "forward-v0" in caught.value.fact and "forward-v1" in caught.value.hint
