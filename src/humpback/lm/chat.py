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


# For a base that knows no turns: text alone, as Tülu (Wang et al. 2023) tuned LLaMA, which any tokenizer can encode.
BEGIN, ANSWER = "{{ bos_token }}", "{{ '<|assistant|>\\n' + message['content'] + eos_token }}"
PLAIN_TURNS = (
    f"{BEGIN}{{%- for message in messages %}}"
    f"{{%- if message['role'] == 'assistant' %}}{ANSWER}"
    "{%- else %}{{ '<|user|>\\n' + message['content'] }}{%- endif %}"
    "{%- if not loop.last or add_generation_prompt %}{{ '\\n' }}{%- endif %}"
    "{%- endfor %}"
    "{%- if add_generation_prompt %}{{ '<|assistant|>\\n' }}{%- endif %}"
)
MARKS = "<|user|>\n<|assistant|>\n"
# What an answer may begin with, and what a tokenizer might merge with the end of the turn before it.
BEGINNINGS = ("a", "Wipe it.", "1. one", "- one", "(a)", "`x`", '"So"', "é", "漢字", "😀")
# What a template writes between turns, whether or not its tokenizer has a token for it.
_MARK = re.compile(r"<\|\w+\|>")
_THOUGHT = re.compile(r"<(/?)(think|thinking|reasoning)>")
_OPENED_BEFORE = re.compile(r"\A.*</(?:think|thinking|reasoning)>", re.DOTALL)
_UNENDED = re.compile(r"\A\s*<(?:think|thinking|reasoning)>.*", re.DOTALL)


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


@lru_cache(maxsize=8)
def _marks(template: str) -> tuple[str, ...]:
    return tuple(sorted(set(_MARK.findall(template))))


def defuse(text: str, tokenizer: "PreTrainedTokenizerBase") -> str:
    """`text` with each control token, and each mark of the template, split after its first character: it reads the same and
    controls nothing."""
    for token in (*control_tokens(tokenizer), *_marks(str(tokenizer.chat_template))):
        if token in text:
            text = text.replace(token, f"{token[0]} {token[1:]}")
    return text


def plain_turns(bos: bool, space: bool) -> str:
    """The chat template of a base that has none. `bos`: texts begin with the tokenizer's first token. `space`: one stands
    before an answer, for tokenizers that put one before a text's first word."""
    made = PLAIN_TURNS if bos else PLAIN_TURNS.removeprefix(BEGIN)
    return made.replace(ANSWER, ANSWER.replace("\\n'", "\\n '")) if space else made


def has_plain_turns(tokenizer: "PreTrainedTokenizerBase") -> bool:
    """Whether the template of `tokenizer` is the one that bases are given."""
    return tokenizer.chat_template in [plain_turns(bos, space) for bos in (True, False) for space in (True, False)]


def ready(tokenizer: "PreTrainedTokenizerBase") -> "PreTrainedTokenizerBase":
    """`tokenizer` itself; where it has no chat template it is given `plain_turns`, which are saved with it.

    Raises `UsageFault` where it cannot end a turn, cannot encode the turns, or would merge them with what stands in them.
    """
    if tokenizer.chat_template is not None:
        return tokenizer
    end_of(tokenizer)
    marks = tokenizer.encode(MARKS, add_special_tokens=False)
    if not marks or tokenizer.unk_token_id in marks:
        raise _no_turns(tokenizer, f"cannot encode the turns that it would be given, {MARKS!r}")
    bos = tokenizer.bos_token_id is not None and tokenizer.encode("a")[0] == tokenizer.bos_token_id
    for space in (False, True):
        tokenizer.chat_template = plain_turns(bos, space)
        if all(_is_whole(tokenizer, "How?", beginning) for beginning in BEGINNINGS):
            return tokenizer
    tokenizer.chat_template = None
    raise _no_turns(tokenizer, f"merges the turns that it would be given, {MARKS!r}, with what stands in them")


def _is_whole(tokenizer: "PreTrainedTokenizerBase", prompt: str, completion: str) -> bool:
    """Whether prompt and completion, encoded apart, are what the whole conversation is encoded to."""
    turns = [{"role": "user", "content": prompt}, {"role": "assistant", "content": completion}]
    made, whole = render(tokenizer, prompt, completion), tokenizer.apply_chat_template(turns, tokenize=False)
    ids: list[int] = tokenizer.encode(whole, add_special_tokens=False)
    return made.prompt + made.completion == ids


def _no_turns(tokenizer: "PreTrainedTokenizerBase", why: str) -> UsageFault:
    return UsageFault(
        f"the tokenizer of {tokenizer.name_or_path} has no chat template, and {why}",
        "put a chat_template.jinja into its folder, or take the chat or instruct form of the model",
    )


def render(tokenizer: "PreTrainedTokenizerBase", prompt: str, completion: str | None = None) -> Rendered:
    """One user turn `prompt`, opened for the assistant, and the assistant's `completion` with its end token.

    The template of `tokenizer` says how (`ready`); raises `UsageFault` for a completion that no token can end.
    """
    text = tokenizer.apply_chat_template(
        [{"role": "user", "content": defuse(prompt, tokenizer)}],
        add_generation_prompt=True,
        enable_thinking=False,
        tokenize=False,
    )
    prompt_ids = tokenizer.encode(text, add_special_tokens=False)
    if completion is None:
        return Rendered(prompt_ids, [])
    return Rendered(prompt_ids, [*plain_ids(tokenizer, completion), end_of(tokenizer)])


def end_of(tokenizer: "PreTrainedTokenizerBase") -> int:
    """The token that ends an answer; raises `UsageFault` where there is none."""
    end: int | None = tokenizer.eos_token_id
    if end is None:
        raise UsageFault(
            f"the tokenizer of {tokenizer.name_or_path} has no end token, without which no answer ends",
            f'name it in tokenizer_config.json in {tokenizer.name_or_path}, for example: "eos_token": "</s>"',
        )
    return end


def prompt_ids(tokenizer: "PreTrainedTokenizerBase", prompts: Sequence[str]) -> list[list[int]]:
    """Token ids of each of `prompts` as a user turn; one that stands there several times (candidates) is rendered once."""
    rendered = {prompt: render(tokenizer, prompt).prompt for prompt in dict.fromkeys(prompts)}
    return [rendered[prompt] for prompt in prompts]


def strip_reasoning(text: str) -> str:
    """`text` without what a reasoning model thought: its blocks, one that the template had opened, one that never ended."""
    return _UNENDED.sub("", _OPENED_BEFORE.sub("", _without_blocks(text))).strip()


def _without_blocks(text: str) -> str:
    """In one pass: an expression looks for the end of each block that has none, to the end of the text."""
    tags = list(_THOUGHT.finditer(text))
    last = {tag[2]: tag.start() for tag in tags if tag[1]}
    kept, at, inside = list[str](), 0, ""
    for tag in tags:
        if not inside and not tag[1] and last.get(tag[2], -1) > tag.start():
            kept.append(text[at : tag.start()])
            inside = tag[2]
        elif inside == tag[2] and tag[1]:
            at, inside = tag.end(), ""
    return "".join([*kept, text[at:]])


def without_reasoning(text: str, logprob: float | None) -> tuple[str, float | None]:
    """(`text` without what the model thought, `logprob`): None where it thought, since a mean over its thoughts is not that
    of the rest."""
    said = strip_reasoning(text)
    return said, logprob if said == text.strip() else None


def plain_ids(tokenizer: "PreTrainedTokenizerBase", text: str) -> list[int]:
    """The ids of `text` as data: no special token is added and none is read."""
    ids: list[int] = tokenizer.encode(defuse(text, tokenizer), add_special_tokens=False)
    return ids


def target_ids(tokenizer: "PreTrainedTokenizerBase", targets: Sequence[str], ended: bool) -> list[list[int]]:
    """The ids of each of `targets` as an answer; `ended`: with the token that ends one."""
    end = [end_of(tokenizer)] if ended else []
    return [plain_ids(tokenizer, target) + end for target in targets]


def offsets(tokenizer: "PreTrainedTokenizerBase", text: str) -> list[int]:
    """Where in `text` each token of its `plain_ids` ends, in characters."""
    read, at = defuse(text, tokenizer), 0
    # Blanks that broke up a control token stand in what is read, and not in `text`.
    ends = [0]
    for char in read:
        at += at < len(text) and text[at] == char
        ends.append(at)
    encoded = tokenizer(read, add_special_tokens=False, return_offsets_mapping=True)
    return [ends[end] for _, end in encoded["offset_mapping"]]


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
