"""Four kinds of tokenizers with the chat templates of their kind, and tiny models of the architectures that go with them.

The tokenizers are trained on the demo's own seed; nothing is downloaded. What differs among real ones differs here: how
words begin, whether bytes stand for what is unknown, who writes the first token, what ends a turn, whether there is a pad.
"""

import copy
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import pyarrow as pa
import torch
import transformers
from made import rows_in
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers

from humpback.config import Empty
from humpback.lm import chat
from humpback.lm.embedded import EMBEDDED
from humpback.lm.transformers import Options
from humpback.lm.transformers.model import Transformers
from humpback.run import Run
from humpback.schema import PAIR, Row
from humpback.train.config import HardwareConfig, SftConfig
from humpback.train.process import packing
from humpback.train.process.child import Report, dataset, main, trl_config
from humpback.train.process.data import Tokens
from humpback.train.process.trainer import Trainer
from humpback.train.sft import prepare
from humpback.train.training import Data, Training

LLAMA_2 = (
    "{{ bos_token }}{% for message in messages %}"
    "{% if message['role'] == 'user' %}{{ '[INST] ' + message['content'].strip() + ' [/INST]' }}"
    "{% else %}{{ ' ' + message['content'].strip() + ' ' + eos_token }}{% endif %}{% endfor %}"
)
LLAMA_3 = (
    "{{ bos_token }}{% for message in messages %}{{ '<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n' "
    "+ message['content'] | trim + '<|eot_id|>' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{% endif %}"
)
GEMMA = (
    "{{ bos_token }}{% for message in messages %}"
    "{{ '<start_of_turn>' + ('model' if message['role'] == 'assistant' else 'user') + '\n' "
    "+ message['content'] | trim + '<end_of_turn>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<start_of_turn>model\n' }}{% endif %}"
)
# Warnings of the libraries that nothing here can help.
OUTSIDE = ["ignore:`gradient_checkpointing` is deprecated:FutureWarning"]
BYTES = [f"<0x{i:02X}>" for i in range(256)]
VOCABULARY = 600
TOKENIZERS = ["chatml", "llama-2", "llama-3", "gemma"]
# Weights far larger than usual: what leaks or is left out shows in the logits even of a tiny model.
LOUD = 0.3
SMALL = {
    "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2,
    "max_position_embeddings": 512, "initializer_range": LOUD,
}  # fmt: skip
WINDOW = {"head_dim": 8, "sliding_window": 8}
CAPPED = {**WINDOW, "query_pre_attn_scalar": 8, "attn_logit_softcapping": 1.0}
GPT_2 = {"n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 512, "initializer_range": LOUD}
# Name of an architecture -> (its tokenizer, its config's class, what differs). Windows are smaller than any example.
ARCHITECTURES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "qwen3": ("chatml", "Qwen3Config", {**SMALL, "head_dim": 8, "tie_word_embeddings": True}),
    "llama": ("llama-2", "LlamaConfig", SMALL),
    "llama-3": ("llama-3", "LlamaConfig", {**SMALL, "attention_bias": True}),
    "mistral": ("llama-2", "MistralConfig", {**SMALL, **WINDOW}),
    "gemma3": ("gemma", "Gemma3TextConfig", {**SMALL, **WINDOW, "query_pre_attn_scalar": 8, "sliding_window_pattern": 2}),
    "gpt2": ("llama-3", "GPT2Config", GPT_2),
    "gpt-neox": ("llama-3", "GPTNeoXConfig", {k: v for k, v in SMALL.items() if k != "num_key_value_heads"}),
}
ROUTER = {"num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 16, "router_aux_loss_coef": 0.1}
# A model whose loss has a part that balances its experts.
ROUTED = {"qwen3-moe": ("chatml", "Qwen3MoeConfig", {**SMALL, "head_dim": 8, **ROUTER})}
LFM = {**{k: v for k, v in SMALL.items() if k != "intermediate_size"}, "full_attn_idxs": [1]}
# Models that cannot be packed: a recurrence, a convolution, and attention that is more than a sum over the past.
UNPACKED: dict[str, tuple[str, str, dict[str, Any]]] = {
    "mamba": ("chatml", "MambaConfig", {"hidden_size": 32, "num_hidden_layers": 2, "initializer_range": LOUD}),
    "lfm2": ("chatml", "Lfm2Config", LFM),
    "gemma2": ("gemma", "Gemma2Config", {**SMALL, **CAPPED}),
    "gpt-oss": ("llama-3", "GptOssConfig", {**SMALL, **WINDOW, "num_local_experts": 4, "num_experts_per_tok": 2}),
}


@dataclass(frozen=True)
class Family:
    """A tiny model and the tokenizer of its kind."""

    name: str
    model: Any
    tokenizer: Any

    def lm(self, role: str = "") -> Transformers:
        """As inference opens it."""
        return Transformers(self.model, self.tokenizer, self.name, role, Options())

    def save(self, folder: Path) -> Path:
        """As a base model lies on the disk."""
        self.model.save_pretrained(folder)
        self.tokenizer.save_pretrained(folder)
        return folder


def seed_rows() -> list[Row]:
    lines = (resources.files("humpback") / "recipes" / "material" / "seed.jsonl").read_text(encoding="utf-8").splitlines()
    return [{**json.loads(line), "source": "seed"} for line in lines]


# Four pairs with answers that a tiny model learns in seconds.
FOUR = [
    {**row, "response": answer}
    for row, answer in zip(
        seed_rows(), ["Wipe it, then oil each link.", "Use the csv module.", "Water it less.", "Yes."], strict=False
    )
]


@cache
def tokenizer(kind: str) -> Any:
    """The tokenizer `kind`, for reading; a trainer gives it a pad token, and gets a copy."""
    return {"chatml": _chatml, "llama-2": _llama_2, "llama-3": _llama_3, "gemma": _gemma}[kind]()


def family(name: str, attention: str = packing.ATTENTION) -> Family:
    """The architecture `name` with random weights that are always the same."""
    kind, config, settings = (ARCHITECTURES | UNPACKED | ROUTED)[name]
    words = copy.deepcopy(tokenizer(kind))
    ids = {"vocab_size": len(words), "bos_token_id": words.bos_token_id, "eos_token_id": words.eos_token_id}
    made = getattr(transformers, config)(**settings, **ids, pad_token_id=words.pad_token_id)
    torch.manual_seed(0)
    model = transformers.AutoModelForCausalLM.from_config(made, attn_implementation=attention).eval()
    if kind == "gemma":
        turn = words.convert_tokens_to_ids("<end_of_turn>")
        model.generation_config.eos_token_id = [words.eos_token_id, turn]
    return Family(name, model, words)


# Architectures whose models exist as pretrained, in the kinds of tokenizers that there are.
BASES = ["qwen3", "llama", "llama-3", "gemma3"]


def base(name: str) -> Family:
    """`family(name)` as pretrained: without a template; texts begin with the first token of kinds that have one.

    chatml's end of text is another than its end of turn, and is its pad token; gemma's model knows the end of turn alone.
    """
    made = family(name, "eager")
    words = made.tokenizer
    words.chat_template = None
    if words.bos_token:
        words.add_bos_token = True
    else:
        words.eos_token = words.pad_token
    made.model.config.eos_token_id = words.eos_token_id
    made.model.generation_config.eos_token_id = words.convert_tokens_to_ids("<end_of_turn>") or words.eos_token_id
    return made


# A fine-tuning whose steps can be followed by hand.
PLAIN = {"weight_decay": 0.0, "dropout": 0.0, "precision": "fp32", "optimizer": "sgd"}


def trainer(family: Family, made: list[Tokens], folder: Path, sft: dict[str, Any], **hardware: Any) -> Trainer:
    """The child's trainer over `made`, in this process; AdamW and dropout only where they are asked for."""
    settings = SftConfig(**{**PLAIN, "batch": len(made), "steps": 1, **sft})
    machine = HardwareConfig(**{"checkpoint_steps": 0, **hardware})
    wanted = Training(role="forward", base="embedded", data=(), sft=settings, hardware=machine)
    assert settings.batch and settings.steps
    return Trainer(
        model=family.model,
        args=trl_config(wanted, folder, settings.batch, settings.steps),
        train_dataset=dataset(settings, made),
        processing_class=family.tokenizer,
        callbacks=[Report()],
    )


def data_in(folder: Path, rows: Iterable[Row], columns: pa.Schema = PAIR) -> tuple[Data, ...]:
    """`rows` as a dataset in `folder`, to train on."""
    known = [{name: row[name] for name in columns.names if name in row} for row in rows]
    with Run(folder, "test", Empty()) as run:
        return (Data(folder=rows_in(run, known, columns).path),)


def train_here(training: Training, folder: Path) -> Path:
    """Train in this process, which has loaded the libraries already."""
    prepare(training, folder)
    main(folder)
    return folder


def _texts() -> Iterator[str]:
    for row in seed_rows():
        yield row["instruction"]
        yield row["response"]


def _chatml() -> Any:
    return transformers.AutoTokenizer.from_pretrained(EMBEDDED)


def _llama_3() -> Any:
    """Byte-level BPE, headers, and no pad token."""
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    plain = trainers.BpeTrainer(vocab_size=VOCABULARY, show_progress=False, initial_alphabet=alphabet)
    made.train_from_iterator(_texts(), plain)
    return _wrapped(made, LLAMA_3, "<|eot_id|>", "<|begin_of_text|>", ["<|start_header_id|>", "<|end_header_id|>"])


def _llama_2() -> Any:
    """BPE whose words begin with a block, bytes where it knows nothing, and no pad token."""
    learnt = Tokenizer(models.BPE(unk_token="<unk>"))
    learnt.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first")
    learnt.train_from_iterator(
        _texts(),
        trainers.BpeTrainer(vocab_size=VOCABULARY, show_progress=False, special_tokens=["<unk>"], limit_alphabet=80),
    )
    found = json.loads(learnt.to_str())["model"]
    pieces = ["<unk>", *BYTES, *(piece for piece in found["vocab"] if piece != "<unk>")]
    merges = [tuple(pair) for pair in found["merges"]]
    vocabulary = {piece: i for i, piece in enumerate(pieces)}
    made = Tokenizer(models.BPE(vocabulary, merges, unk_token="<unk>", byte_fallback=True, fuse_unk=True))
    made.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first")
    made.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    return _wrapped(made, LLAMA_2, "</s>", "<s>", [])


def _gemma() -> Any:
    """Unigram with bytes, blocks that are not put before a text, a pad token, and an end of turn beside the end token."""
    learnt = Tokenizer(models.Unigram())
    learnt.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="never")
    plain = trainers.UnigramTrainer(vocab_size=VOCABULARY, show_progress=False, special_tokens=["<unk>"], unk_token="<unk>")
    learnt.train_from_iterator((row["instruction"] for row in seed_rows()), plain)
    found = [(piece, score) for piece, score in json.loads(learnt.to_str())["model"]["vocab"] if piece != "<unk>"]
    vocabulary = [("<unk>", 0.0), *((byte, -20.0) for byte in BYTES), *found]
    made = Tokenizer(models.Unigram(vocabulary, 0, byte_fallback=True))
    made.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="never")
    made.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])
    return _wrapped(made, GEMMA, "<eos>", "<bos>", ["<start_of_turn>", "<end_of_turn>"], "<pad>")


def _wrapped(made: Tokenizer, template: str, end: str, start: str, others: list[str], pad: str | None = None) -> Any:
    special = [token for token in (pad, start, end, *others) if token]
    made.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in special])
    wrapped = transformers.PreTrainedTokenizerFast(
        tokenizer_object=made, bos_token=start, eos_token=end, pad_token=pad, extra_special_tokens=others
    )
    wrapped.chat_template = template
    assert chat.control_tokens(wrapped)
    return wrapped
