"""Tiny models with random weights, whose layers see the past each in their own way, and what these say alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import torch
import transformers

from humpback.lm import chat
from humpback.lm.embedded import EMBEDDED
from humpback.lm.transformers import Options
from humpback.lm.transformers.model import Transformers

# Weights far larger than usual: what leaks or is left out shows in the logits even of a tiny model.
LOUD = 0.3
# Smaller than any prompt: what looks further back than it may, or is pushed out of it by padding, shows in every answer.
WINDOW = 8
SMALL = {
    "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2,
    "head_dim": 8, "max_position_embeddings": 512,
}  # fmt: skip
LINEAR = {"linear_num_key_heads": 2, "linear_num_value_heads": 2, "linear_key_head_dim": 8, "linear_value_head_dim": 8}
EXPERTS = {"num_local_experts": 4, "num_experts_per_tok": 2}
BOTH = ["sliding_attention", "full_attention"]
GRIFFIN = {"block_types": ["recurrent", "recurrent", "attention"], "num_hidden_layers": 3, "lru_width": 32}
CHUNKED = {"layer_types": ["chunked_attention", "full_attention"], "no_rope_layers": [1, 0], "intermediate_size_mlp": 48}
# Name -> (config's class, what differs from `SMALL`).
ARCHITECTURES: dict[str, tuple[str, dict[str, Any]]] = {
    # All before a token is seen; layers are named, or not.
    "qwen3": ("Qwen3Config", {}),
    "gpt2": ("GPT2Config", {"n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 512}),
    # A window in every layer, and no list of layers.
    "mistral": ("MistralConfig", {"sliding_window": WINDOW}),
    "phi3": ("Phi3Config", {"sliding_window": WINDOW}),
    "starcoder2": ("Starcoder2Config", {"sliding_window": WINDOW}),
    "mixtral": ("MixtralConfig", {"sliding_window": WINDOW, **EXPERTS}),
    # A window that has to be switched on, or stands in some layers.
    "qwen2": ("Qwen2Config", {"sliding_window": WINDOW, "use_sliding_window": True, "max_window_layers": 0}),
    "gemma3": ("Gemma3TextConfig", {"sliding_window": WINDOW, "layer_types": BOTH, "query_pre_attn_scalar": 8}),
    "gpt-oss": ("GptOssConfig", {"sliding_window": WINDOW, "layer_types": BOTH, **EXPERTS}),
    # A window that no cache knows of, and windows that begin anew.
    "gpt-neo": ("GPTNeoConfig", {"hidden_size": 32, "num_heads": 4, "num_layers": 2, "window_size": WINDOW,
                                 "attention_types": [[["global", "local"], 1]]}),
    "llama4": ("Llama4TextConfig", {"attention_chunk_size": WINDOW, "interleave_moe_layer_step": 1, **CHUNKED, **EXPERTS}),
    # Distances instead of positions; positions by what was read before.
    "bloom": ("BloomConfig", {"hidden_size": 32, "n_layer": 2, "n_head": 4}),
    "mpt": ("MptConfig", {"d_model": 32, "n_heads": 4, "n_layers": 2, "max_seq_len": 512}),
    # Recurrences and convolutions, alone and beside attention.
    "mamba": ("MambaConfig", {"hidden_size": 32, "num_hidden_layers": 2, "state_size": 8}),
    "lfm2": ("Lfm2Config", {"layer_types": ["conv", "full_attention"]}),
    "qwen3-next": ("Qwen3NextConfig", {"layer_types": ["linear_attention", "full_attention"], **LINEAR, "num_experts": 4,
                                       "num_experts_per_tok": 2, "moe_intermediate_size": 16}),
    "recurrent-gemma": ("RecurrentGemmaConfig", {**GRIFFIN, "attention_window_size": WINDOW, "num_key_value_heads": 1}),
}  # fmt: skip


@dataclass(frozen=True)
class Tiny:
    """A model, and what it gives for one row at a time, without padding, a batch or a shared head."""

    model: Any
    tokenizer: Any

    def lm(self, **options: Any) -> Transformers:
        return Transformers(self.model, self.tokenizer, "tiny", "", Options(**options))

    def text(self, prompt: str, tokens: int) -> str:
        """What its own `generate` writes, greedily."""
        ids = torch.tensor([chat.render(self.tokenizer, prompt).prompt])
        with torch.no_grad():
            made = self.model.generate(
                ids, attention_mask=torch.ones_like(ids), do_sample=False, max_new_tokens=tokens,
                eos_token_id=self.tokenizer.eos_token_id, pad_token_id=self.tokenizer.pad_token_id,
            )  # fmt: skip
        return str(self.tokenizer.decode(made[0, ids.shape[1] :], skip_special_tokens=True)).strip()

    def logprobs(self, prompt: str, target: Sequence[int]) -> list[float]:
        """Of each id of `target` after the prompt."""
        head = chat.render(self.tokenizer, prompt).prompt
        with torch.no_grad():
            made = self.model(input_ids=torch.tensor([[*head, *target]]), use_cache=False).logits[0]
        read = torch.log_softmax(made.float(), dim=-1)
        return [float(read[len(head) + place - 1, token]) for place, token in enumerate(target)]


def of_model(model: Any) -> Tiny:
    """`model` with random weights that are always the same."""
    torch.manual_seed(0)
    with torch.no_grad():
        for weight in model.parameters():
            if weight.dim() > 1:
                weight.copy_(LOUD * torch.randn_like(weight))
    model.generation_config.eos_token_id = _tokenizer().eos_token_id
    return Tiny(model.float().eval(), _tokenizer())


@cache
def tiny(name: str) -> Tiny:
    """The architecture `name`."""
    kind, settings = ARCHITECTURES[name]
    config = getattr(transformers, kind)
    own = SMALL if "intermediate_size" in config().to_dict() else {}
    ids = {each: getattr(_tokenizer(), each) for each in ("bos_token_id", "eos_token_id", "pad_token_id")}
    made = config(**{**own, **settings}, vocab_size=len(_tokenizer()), **ids)
    return of_model(transformers.AutoModelForCausalLM.from_config(made))


@cache
def _tokenizer() -> Any:
    return transformers.AutoTokenizer.from_pretrained(EMBEDDED)
