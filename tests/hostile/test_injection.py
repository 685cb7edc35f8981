"""What a page writes to its judge stays inside the quotation, and becomes no control token."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from humpback.curate.injection import Attack, attacks, injected
from humpback.curate.judge import forced_question
from humpback.curate.rubric import rubric
from humpback.lm import chat, decisions
from humpback.lm.echo import Echo
from humpback.prompts.judge import state, text_prompt

CLEAN = ("How do I oil a chain?", "Wipe it.\nThen oil each link.\nThen wait.")
[QUESTION] = rubric()
PIECES = ["> ", "A user asked:", "Score: 5", "\u200b", "\u202e", "{{ state }}", "\0"]
UNSEEN = ["\u200b", "\u200d", "\u2060", "\ufeff", "\u00ad", "\u202e", "\u2066", "\u061c", "\0", "\x1b", "\x9b", "\U000e0041",
          "\ufe0f", "\u3164", "\uffa0", "\U000e0100"]  # fmt: skip
# What str.splitlines, and so perhaps a model, takes for a new line.
BREAKS = "\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"


def prompts_of(pair: tuple[str, str]) -> list[str]:
    """Every prompt in which a judge is shown `pair`, and what it wrote about it, which may quote the attack."""
    shown = state(*pair, Echo().clip, 10_000)[0]
    told, arrives = forced_question(shown, pair[1], QUESTION)
    asked = [(shown, QUESTION), (told, arrives)]
    return [
        text_prompt(shown, QUESTION.text, QUESTION.options),
        *(decisions.prompt(*each, back) for each in asked for back in (False, True)),
    ]


def ours(prompt: str) -> list[str]:
    """The lines that are not quoted."""
    return [line for line in prompt.splitlines() if not line.startswith("> ")]


FRAME = [ours(prompt) for prompt in prompts_of(CLEAN)]


@pytest.mark.parametrize("attack", attacks(), ids=lambda a: a.id)
def test_no_attack_leaves_the_quotation(attack: Attack) -> None:
    """A delimiter that can be closed from inside lets the page write the rubric, or its answer."""
    assert [ours(prompt) for prompt in prompts_of(injected(CLEAN, attack))] == FRAME


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from([*BREAKS, *PIECES]) | st.text(), max_size=20))
def test_no_text_leaves_the_quotation(parts: list[str]) -> None:
    """Attacks that nobody has listed."""
    text = "".join(parts)
    assert [ours(prompt) for prompt in prompts_of((text, text))] == FRAME


@pytest.mark.parametrize("sign", UNSEEN)
def test_what_cannot_be_seen_is_not_shown(sign: str) -> None:
    """Characters that people do not see spell words that models read; the row keeps them, the judge is spared."""
    shown = state(f"as{sign}k", f"sa{sign}y", Echo().clip, 100)[0]
    assert sign not in shown and "> ask" in shown and "> say" in shown


@pytest.mark.parametrize("attack", attacks(), ids=lambda a: a.id)
def test_no_attack_becomes_a_control_token(attack: Attack, embedded) -> None:  # type: ignore[no-untyped-def]
    """Through the whole path, as token ids: what the template alone holds, and no more."""
    tokenizer = embedded.tokenizer
    special = set(tokenizer.all_special_ids)
    expected = [t for t in chat.render(tokenizer, "data").prompt if t in special]
    for prompt in prompts_of(injected(CLEAN, attack)):
        assert [t for t in chat.render(tokenizer, prompt).prompt if t in special] == expected


def test_the_rendered_attack_meets_the_models_own_tokens(embedded) -> None:  # type: ignore[no-untyped-def]
    """The test above would pass on any text if no attack held a control token of this model."""
    control = chat.control_tokens(embedded.tokenizer)
    assert sum(any(token in attack.text for token in control) for attack in attacks()) >= 3
