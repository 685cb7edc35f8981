"""The only place where text becomes tokens for a chat model: training and inference render here, so they cannot differ.

Control tokens that stand in the data are broken up before the template sees them: web text can neither end its turn
nor open another.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from humpback.errors import UsageFault

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

CHATML = (
    "{%- for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' }}"
    "{%- if not loop.last or add_generation_prompt %}{{ '\\n' }}{% endif %}"
    "{%- endfor %}"
    "{%- if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)


_THOUGHT = re.compile(r"<(think|thinking|reasoning)>.*?</\1>|\A\s*<(?:think|thinking|reasoning)>.*", re.DOTALL)
_OPENED_BEFORE = re.compile(r"\A.*</(?:think|thinking|reasoning)>", re.DOTALL)


@dataclass(frozen=True)
class Rendered:
    """Token ids of one exchange; `completion` ends with the end token and is empty where nothing was given."""

    prompt: list[int]
    completion: list[int]


@lru_cache(maxsize=8)
def control_tokens(tokenizer: "PreTrainedTokenizerBase") -> tuple[str, ...]:
    """Every special token of `tokenizer`, longest first."""
    added = [str(token) for token in tokenizer.added_tokens_decoder.values() if token.special]
    return tuple(sorted({*added, *tokenizer.all_special_tokens}, key=lambda token: (-len(token), token)))


def defuse(text: str, tokenizer: "PreTrainedTokenizerBase") -> str:
    """`text` with each control token split after its first character, so that it reads the same and controls nothing."""
    for token in control_tokens(tokenizer):
        if token in text:
            text = text.replace(token, f"{token[0]} {token[1:]}")
    return text


def render(tokenizer: "PreTrainedTokenizerBase", prompt: str, completion: str | None = None) -> Rendered:
    """One user turn `prompt`, opened for the assistant, and the assistant's `completion` with its end token."""
    if tokenizer.chat_template is None:
        raise UsageFault(
            f"the tokenizer of {tokenizer.name_or_path} has no chat template, so that nobody knows how to ask the model",
            "put a chat_template.jinja into its folder, or take the chat or instruct form of the model",
        )
    text = tokenizer.apply_chat_template(
        [{"role": "user", "content": defuse(prompt, tokenizer)}],
        add_generation_prompt=True,
        enable_thinking=False,
        tokenize=False,
    )
    prompt_ids = tokenizer.encode(text, add_special_tokens=False)
    if completion is None:
        return Rendered(prompt_ids, [])
    return Rendered(prompt_ids, [*plain_ids(tokenizer, completion), tokenizer.eos_token_id])


def prompt_ids(tokenizer: "PreTrainedTokenizerBase", prompts: Sequence[str]) -> list[list[int]]:
    """Token ids of each of `prompts` as a user turn; one that stands there several times (candidates) is rendered once."""
    rendered = {prompt: render(tokenizer, prompt).prompt for prompt in dict.fromkeys(prompts)}
    return [rendered[prompt] for prompt in prompts]


def strip_reasoning(text: str) -> str:
    """`text` without what a reasoning model thought: its blocks, one that the template had opened, one that never ended."""
    return _OPENED_BEFORE.sub("", _THOUGHT.sub("", text)).strip()


def plain_ids(tokenizer: "PreTrainedTokenizerBase", text: str) -> list[int]:
    """The ids of `text` as data: no special token is added and none is read."""
    ids: list[int] = tokenizer.encode(defuse(text, tokenizer), add_special_tokens=False)
    return ids


def clip(tokenizer: "PreTrainedTokenizerBase", text: str, max_tokens: int) -> tuple[str, bool]:
    """`text` cut from its tail to at most `max_tokens` tokens, at a word where there is one, and whether it was cut."""
    if len(text.encode("utf-8", "replace")) < max_tokens:
        return text, False  # no token is shorter than a byte: most texts need not be encoded to know that they fit
    encoded = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
    if len(encoded["input_ids"]) <= max_tokens:
        return text, False
    end = encoded["offset_mapping"][max_tokens - 1][1]
    head = text[:end]
    word = head.rsplit(None, 1)[0] if not text[end : end + 1].isspace() else head
    return (word or head).rstrip(), True
