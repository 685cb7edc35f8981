"""What cannot be a base, said from its files alone, with what is so and what to type."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("trl")
import transformers
from train.families import BASES, base, family

from humpback import store
from humpback.errors import UsageFault
from humpback.lm.embedded import EMBEDDED
from humpback.train.process.examine import examine

SMALL = {"hidden_size": 8, "intermediate_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "vocab_size": 900}


def without(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).unlink()


def changed(file: Path, **more: Any) -> None:
    """The JSON in `file` with `more`; None takes away."""
    known = {**store.read_json(file), **more}
    store.write_json(file, {name: value for name, value in known.items() if value is not None})


def kind_of(folder: Path, name: str, config: str) -> None:
    """The weights and config of another kind of model, beside the tokenizer."""
    made = getattr(transformers, name)(getattr(transformers, config)(**SMALL))
    made.save_pretrained(folder)


def no_end(folder: Path) -> None:
    changed(folder / "tokenizer_config.json", eos_token=None)


def no_end_in_either(folder: Path) -> None:
    no_end(folder)
    changed(folder / "config.json", eos_token_id=None)


def another_tokenizer(folder: Path) -> None:
    changed(folder / "config.json", vocab_size=300)


def a_shard_missing(folder: Path) -> None:
    without(folder, "model.safetensors")
    store.write_json(folder / "model.safetensors.index.json", {"weight_map": {"a": "model-00001-of-00002.safetensors"}})


def a_broken_template(folder: Path) -> None:
    (folder / "chat_template.jinja").write_text("{% for message in messages %}")


FAULTS: list[tuple[Callable[[Path], None], str, str]] = [
    (lambda f: without(f, "tokenizer.json", "tokenizer_config.json"), "no tokenizer that can be read", "tokenizer.json"),
    (no_end, r"no end token.*its config names token \d+, '</s>'", r"python -c .*eos_token='</s>'"),
    (no_end_in_either, "no end token.*its config names none", "--set base="),
    (another_tokenizer, r"writes token \d+, .* knows 300", "the tokenizer that the model was trained with"),
    (
        lambda f: kind_of(f, "BertForMaskedLM", "BertConfig"),
        r"BertForMaskedLM.*no causal.*\(BertLMHeadModel\)",
        "--set base=",
    ),
    (lambda f: kind_of(f, "LlamaForSequenceClassification", "LlamaConfig"), "no causal.*LlamaForCausalLM", "--set base="),
    (lambda f: kind_of(f, "LlamaModel", "LlamaConfig"), "LlamaModel, which is no causal", "--set base="),
    (lambda f: kind_of(f, "T5EncoderModel", "T5Config"), "T5EncoderModel, which is no causal.*none", "--set base="),
    (lambda f: changed(f / "config.json", model_type="unheard"), "cannot read the config.*unheard", "pip install -U"),
    (lambda f: without(f, "model.safetensors"), "no weights", "copy it whole"),
    (a_shard_missing, "names model-00001-of-00002.safetensors, which is not there", "copy it whole"),
    (a_broken_template, "renders no user turn", r"chat_template\.jinja"),
]


@pytest.mark.parametrize(("fault", "fact", "hint"), FAULTS)
def test_what_cannot_be_a_base_is_told_from_its_files(
    fault: Callable[[Path], None], fact: str, hint: str, tmp_path: Path
) -> None:
    """Each was found after hours of pages, or never: transformers makes a head that nobody trained, and a tokenizer that
    knows no word, without an error."""
    folder = base("llama").save(tmp_path / "base")
    assert examine(folder) == "plain"
    fault(folder)
    with pytest.raises(UsageFault) as caught:
        examine(folder)
    told = (caught.value.fact, caught.value.hint)
    assert re.search(fact, told[0]) and re.search(hint, told[1]), told
    assert str(tmp_path) in told[0]


@pytest.mark.parametrize("name", BASES)
def test_a_base_has_plain_turns_and_its_chat_form_its_own(name: str, tmp_path: Path) -> None:
    """A base was refused for what it is: pretrained, and no more."""
    assert examine(base(name).save(tmp_path / "base")) == "plain"
    assert examine(family(name).save(tmp_path / "chat")) == "own"


def test_a_tokenizer_that_knows_no_word(tmp_path: Path) -> None:
    """Where the files of a tokenizer are missing, transformers makes an empty one for some models, and says nothing."""
    names = [path.name for path in EMBEDDED.iterdir() if "token" not in path.name and path.is_file()]
    for name in names:
        shutil.copy(EMBEDDED / name, tmp_path)
    with pytest.raises(UsageFault, match="knows 1 tokens, and none in"):
        examine(tmp_path)
