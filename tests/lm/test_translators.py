"""Translators behind the calls of language models: Firefox's real English-Portuguese, and tiny random Marian and NLLB."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from humpback import lm as language_models
from humpback.errors import LMError, RoleMismatch, UsageFault
from humpback.lm import Completion, Question, Sampling
from humpback.lm.spec import parse
from humpback.lm.translator import BATCH, Translator

GREEDY = Sampling(temperature=0.0, max_new_tokens=64)


class Shouting(Translator):
    """Translates into capitals; `told` are the sentences of each call."""

    def __init__(self) -> None:
        super().__init__("shouting", 5)
        self.identity, self.told = "shouting", list[list[str]]()

    def clip(self, text: str, max_tokens: int) -> tuple[str, bool]:
        return text, False

    def translated(self, sentences: Any, max_new_tokens: int) -> list[Completion]:
        self.told.append(list(sentences))
        return [
            Completion("", "too_long", 0, None) if len(each.split()) > self.context
            else Completion(each.upper(), "length" if "cut" in each else "stop", 1, None)
            for each in sentences
        ]  # fmt: skip


def said(lm: Any, *texts: str) -> list[Completion]:
    made: list[Completion] = lm.generate(texts, GREEDY, range(len(texts)))
    return made


def test_sentences_are_translated_and_what_stands_between_them_stays() -> None:
    """Code that comes back in Portuguese, and lists that come back as one line, are no translation."""
    text = "Do this now. Then that:\n\n- one thing\n- two things\n\n```\nx = no\n```\n\n| a | b |\n"
    assert said(Shouting(), text)[0].text == text.replace("Do this now. Then that:", "DO THIS NOW. THEN THAT:").replace(
        "one thing", "ONE THING"
    ).replace("two things", "TWO THINGS")


def test_words_that_code_and_tables_have_too_are_translated_where_they_are_prose() -> None:
    """Sought from the beginning, "print no" was found in the code, which came back in Portuguese."""
    text = "What does it print?\n~~~\nprint no\n~~~\n| no | the house |\nprint no\n\nthe house"
    assert (
        said(Shouting(), text)[0].text
        == "WHAT DOES IT PRINT?\n~~~\nprint no\n~~~\n| no | the house |\nPRINT NO\n\nTHE HOUSE"
    )


def test_the_worst_fate_of_a_sentence_is_that_of_its_text() -> None:
    """Half a text that looks whole becomes a request without its end."""
    made = said(Shouting(), "Fine. Is cut here.", "Fine. This one is far too long now.", "Fine.")
    assert [each.finish for each in made] == ["length", "too_long", "stop"] and made[1].text == ""


def test_equal_texts_and_sentences_are_translated_once(tmp_path: Path) -> None:
    """And what a killed run has is not asked again."""
    lm = Shouting()
    lm.remember(tmp_path / "j")
    texts = ["Same one.", "Same one. Other.", "Same one.", *(f"Number {i}." for i in range(BATCH))]
    first = [each.text for each in said(lm, *texts)]
    assert len(lm.told) == 2 and [sentence for told in lm.told for sentence in told].count("Same one.") <= 2
    lm.remember(None)
    again = Shouting()
    again.remember(tmp_path / "j")
    assert [each.text for each in said(again, *texts)] == first and not again.told and again.usage == lm.usage
    again.remember(None)


def test_a_translator_neither_judges_nor_answers() -> None:
    """One that is named as a judge must be refused, and not asked for a judgement in Portuguese."""
    lm = Shouting()
    with pytest.raises(RoleMismatch):
        language_models.reading(lm, "forward")
    for asked in (lambda: lm.logprob(["a"], ["b"]), lambda: lm.decide(["a"], [Question("predicate", "?")])):
        with pytest.raises(LMError) as caught:
            asked()
        assert not caught.value.retryable and caught.value.hint


# Firefox's.


@pytest.fixture(scope="module")
def there() -> Any:
    pytest.importorskip("fxtranslate")
    return language_models.open("firefox:en-pt")


def test_the_model_of_the_package_translates(there: Any) -> None:
    """The weights are found without the package's own engine, which swaps "in the" for "not"."""
    made = said(there, "How can I save money on heating my home in winter?", "`x = 1`", "What is X0X?")
    assert all(word in made[0].text for word in ("dinheiro", "casa", "inverno")) and "não" not in made[0].text
    assert made[0].finish == "stop" and "X0X" in made[2].text and there.role == "translator"
    back = said(language_models.open("firefox:pt-en"), made[0].text)[0].text
    assert {"money", "winter"} <= {*re.findall(r"\w+", back.lower())}


def test_what_is_longer_than_the_bound_is_cut_and_says_so(there: Any) -> None:
    made = there.generate(["How can I save money on heating my home?"], Sampling(max_new_tokens=3), [0])[0]
    assert made.finish == "length" and made.tokens == 3


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("firefox:en-xx", "en-xx"),
        ("firefox:./nothing", "nothing"),
        ("firefox:{}", "model"),
        ("firefox:**", "**"),
        ("firefox:*", "*"),
    ],
)
def test_a_model_that_is_not_there(name: str, told: str, tmp_path: Path) -> None:
    """The next command stands in the error."""
    pytest.importorskip("fxtranslate")
    (tmp_path / "vocab.enpt.spm").write_bytes(b"none")
    with pytest.raises(UsageFault) as caught:
        language_models.open(name.format(tmp_path))
    assert told in caught.value.fact and caught.value.hint


def test_a_broken_model_is_told(tmp_path: Path) -> None:
    pytest.importorskip("fxtranslate")
    for name in ("model.enpt.bin", "vocab.enpt.spm"):
        (tmp_path / name).write_bytes(b"no such thing")
    with pytest.raises(UsageFault, match="cannot load"):
        language_models.open(f"firefox:{tmp_path}")


# Marian and NLLB, with weights at random: the calls are those of real ones.


@pytest.fixture(scope="module")
def marian(tmp_path_factory: pytest.TempPathFactory) -> Path:
    spm = pytest.importorskip("sentencepiece")
    transformers = pytest.importorskip("transformers")
    folder = tmp_path_factory.mktemp("marian")
    (folder / "text").write_text("How do I oil a chain?\nWhat is a leek?\nWhy is the sea salt?\nX0X and X1X\n" * 20)
    spm.SentencePieceTrainer.train(
        input=str(folder / "text"), model_prefix=str(folder / "source"), vocab_size=29, minloglevel=9
    )
    (folder / "source.model").rename(folder / "source.spm")
    (folder / "target.spm").write_bytes((folder / "source.spm").read_bytes())
    pieces = spm.SentencePieceProcessor(model_file=str(folder / "source.spm"))
    words = [pieces.id_to_piece(i) for i in range(pieces.get_piece_size())]
    vocab = {word: i for i, word in enumerate(["</s>", "<unk>", *(w for w in words if w[0] != "<"), ">>fra<<", "<pad>"])}
    (folder / "vocab.json").write_text(json.dumps(vocab))
    tokenizer = transformers.MarianTokenizer(
        str(folder / "source.spm"), str(folder / "target.spm"), str(folder / "vocab.json")
    )
    tokenizer.save_pretrained(folder)
    pad = vocab["<pad>"]
    config = transformers.MarianConfig(
        vocab_size=len(vocab), d_model=16, encoder_layers=1, decoder_layers=1, encoder_attention_heads=2,
        decoder_attention_heads=2, encoder_ffn_dim=16, decoder_ffn_dim=16, max_position_embeddings=40, pad_token_id=pad,
        eos_token_id=0, decoder_start_token_id=pad, forced_eos_token_id=0, bos_token_id=0, init_std=0.5,
    )  # fmt: skip
    transformers.set_seed(1)
    transformers.MarianMTModel(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def nllb(tmp_path_factory: pytest.TempPathFactory) -> Path:
    transformers = pytest.importorskip("transformers")
    folder = tmp_path_factory.mktemp("nllb")
    letters = "▁abcdefghijklmnopqrstuvwxyzHWXIO?.0123456789"
    vocab = {word: i for i, word in enumerate(["<s>", "<pad>", "</s>", "<unk>", *letters])}
    tokenizer = transformers.NllbTokenizer(
        vocab=vocab, merges=[], src_lang="eng_Latn", additional_special_tokens=["eng_Latn", "fra_Latn"]
    )
    tokenizer.save_pretrained(folder)
    config = transformers.M2M100Config(
        vocab_size=len(tokenizer), d_model=16, encoder_layers=1, decoder_layers=1, encoder_attention_heads=2,
        decoder_attention_heads=2, encoder_ffn_dim=16, decoder_ffn_dim=16, max_position_embeddings=64, init_std=0.5,
        scale_embedding=True,
    )  # fmt: skip
    transformers.set_seed(1)
    transformers.M2M100ForConditionalGeneration(config).save_pretrained(folder)
    return folder


def test_marian_and_nllb_are_opened_and_asked(marian: Path, nllb: Path) -> None:
    """Alone and in a batch the same; equal texts the same; a long one is told and does not end the others."""
    for name in (f"seq2seq:{marian}?beams=2", f"seq2seq:{nllb}?source=eng_Latn&target=fra_Latn&beams=1"):
        lm = language_models.open_here(name)
        texts = ["How do I oil a chain?", "What is a leek?", "oil " * 90, "What is a leek?"]
        short = Sampling(temperature=0.0, max_new_tokens=12)
        made = lm.generate(texts, short, [0] * 4)
        assert [each.finish == "too_long" for each in made] == [False, False, True, False]
        assert made[1] == made[3] and all(0 < each.tokens <= 12 for each in (made[0], made[1]))
        assert lm.generate(texts[:1], short, [0]) == made[:1] and lm.role == "translator"


def test_a_language_that_the_model_has_not_is_refused(nllb: Path) -> None:
    """A model that is told no language writes in any."""
    for given in ("source=eng_Latn&target=fr", "source=en&target=fra_Latn"):
        with pytest.raises(UsageFault, match="no language"):
            language_models.open_here(f"seq2seq:{nllb}?{given}")


def test_the_language_to_write_is_the_first_token(nllb: Path) -> None:
    """Else NLLB answers in the language that it was asked in."""
    lm: Any = language_models.open_here(f"seq2seq:{nllb}?source=eng_Latn&target=fra_Latn")
    assert lm._first == {"forced_bos_token_id": lm._tokenizer.convert_tokens_to_ids("fra_Latn")}


def test_a_code_is_no_piece_of_a_word(nllb: Path) -> None:
    """M2M100 writes its languages as __fr__, and may have the piece fr too."""
    from humpback.lm.seq2seq.model import _language

    class Pieces:
        unk_token_id = 3

        def convert_tokens_to_ids(self, token: str) -> int:
            return {"fr": 4, "__fr__": 48, "fra_Latn": 9}.get(token, 3)

    assert _language(Pieces(), "fr", "m") == 48 and _language(Pieces(), "fra_Latn", "m") == 9


def test_a_mark_stands_before_every_text(marian: Path) -> None:
    plain, marked = (parse(f"seq2seq:{marian}{more}") for more in ("", "?mark=>>fra<<"))
    assert plain.options.mark == "" and marked.options.mark == ">>fra<<"
    short = Sampling(temperature=0.0, max_new_tokens=12)
    made = [
        language_models.open_here(f"seq2seq:{marian}{more}").generate(["What is a leek?"], short, [0])
        for more in ("", "?mark=>>fra<<")
    ]
    assert made[0] != made[1]


def test_what_is_no_translation_model_is_told(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    pytest.importorskip("transformers")
    with pytest.raises(UsageFault, match="cannot load"):
        language_models.open_here(f"seq2seq:{tmp_path}")
