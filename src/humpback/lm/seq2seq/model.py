"""Encoder-decoder models that transformers can load, asked sentence by sentence."""

from collections.abc import Iterator, Sequence
from typing import Any

import torch
import transformers

from humpback.errors import UsageFault
from humpback.lm import Completion
from humpback.lm.memory import give_back_memory
from humpback.lm.seq2seq import Options
from humpback.lm.spec import Spec
from humpback.lm.transformers.vector_math import settle_vector_math
from humpback.lm.translator import Translator


class Seq2Seq(Translator):
    """An encoder and a decoder."""

    def __init__(self, name: str, model: Any, tokenizer: Any, options: Options) -> None:
        known = (getattr(model.config, each, None) for each in ("max_position_embeddings", "n_positions"))
        super().__init__(name, int(next((n for n in known if n), min(tokenizer.model_max_length, 512))))
        self._model, self._tokenizer, self._options = model, tokenizer, options
        languages = [_language(tokenizer, code, name) for code in (options.source, options.target) if code]
        self._first = {"forced_bos_token_id": languages[-1]} if options.target else {}
        end = model.generation_config.eos_token_id
        self._ends = set(end) if isinstance(end, list) else {end}

    def close(self) -> None:
        """Give the memory back."""
        del self._model
        give_back_memory()

    def clip(self, text: str, max_tokens: int) -> tuple[str, bool]:
        ids = self._tokenizer(text, add_special_tokens=False)["input_ids"]
        return (text, False) if len(ids) <= max_tokens else (self._tokenizer.decode(ids[:max_tokens]), True)

    def translated(self, sentences: Sequence[str], max_new_tokens: int) -> list[Completion]:
        ids = self._tokenizer([f"{self._options.mark} {text}".strip() for text in sentences])["input_ids"]
        made = [Completion("", "too_long", 0, None)] * len(sentences)
        fits = sorted((i for i, row in enumerate(ids) if len(row) <= self.context), key=lambda i: len(ids[i]))
        most = max(1, self._options.batch_tokens // (self._options.beams * max((len(ids[i]) for i in fits), default=1)))
        for at in range(0, len(fits), most):
            part = fits[at : at + most]
            for i, said in zip(part, self._batch([ids[i] for i in part], max_new_tokens), strict=True):
                made[i] = said
        return made

    @torch.inference_mode()
    def _batch(self, ids: list[list[int]], max_new_tokens: int) -> Iterator[Completion]:
        batch = self._tokenizer.pad({"input_ids": ids}, return_tensors="pt").to(self._model.device)
        out = self._model.generate(
            input_ids=batch["input_ids"], attention_mask=batch["attention_mask"], num_beams=self._options.beams,
            do_sample=False, max_length=None, max_new_tokens=min(max_new_tokens, self.context), **self._first,
        )  # fmt: skip
        for row in out.tolist():
            # The first token tells the decoder to begin.
            wrote = [token for token in row[1:] if token != self._tokenizer.pad_token_id]
            text = self._tokenizer.decode(wrote, skip_special_tokens=True).strip()
            yield Completion(text, "stop" if self._ends & {*wrote} else "length", len(wrote), None)


def _language(tokenizer: Any, code: str, name: str) -> int:
    """The token of the language `code`; raises `UsageFault` where the model has none."""
    for token in (f"__{code}__", code):
        known: int = tokenizer.convert_tokens_to_ids(token)
        if known not in (None, tokenizer.unk_token_id):
            return known
    raise UsageFault(f"{name} has no language {code!r}", "give the code that its model card has: ?target=fra_Latn")


def load(spec: Spec) -> Seq2Seq:
    """In float32, or as `dtype` says; raises `UsageFault` where it cannot be had."""
    named, options = spec.folder, spec.options
    model = str(named or spec.model)
    settle_vector_math()
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    dtype = getattr(torch, options.dtype)
    source = {"src_lang": options.source} if options.source else {}
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(model, **source)
        loaded = transformers.AutoModelForSeq2SeqLM.from_pretrained(model, dtype=dtype)
    except (OSError, ValueError, KeyError, ImportError) as error:
        raise UsageFault(f"cannot load the model {model}: {str(error).strip().splitlines()[0]}", "check its name") from None
    loaded.to("cuda" if torch.cuda.is_available() else "cpu").eval()
    return Seq2Seq(f"seq2seq:{named.name if named else model}", loaded, tokenizer, options)
