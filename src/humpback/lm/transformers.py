"""Models that transformers can load, on the CPU or a GPU: batches by token budget after sorting by length.

Sampling is written out here because a row's draw must depend on the row alone: `generate` of transformers has one random
state for a whole batch, so that a run resumed in other batches would end in other rows.
"""

import ctypes
import gc
import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from humpback.errors import LMError, UsageFault
from humpback.lm import Answer, Completion, Finish, Question, Sampling, chat, decisions

os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
try:
    import torch
    import transformers
except ImportError as error:
    raise UsageFault(f"this model needs {error.name}, which is not installed", "pip install 'humpback[local]'") from None

ROLE_FILE = "humpback.json"
# Memory of one batch: as many logits as fit a gigabyte in float32, and never more tokens than keep a CPU's caches warm.
LOGIT_BYTES = 1 << 30
BATCH_TOKENS = 8_192
_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD = -1, -2, -3  # malloc.h


def keep_freed_memory() -> None:
    """Have glibc keep what a batch frees for the next: returning and faulting it in again was half of a CPU's time here."""
    if sys.platform == "linux" and hasattr(libc := ctypes.CDLL(None), "mallopt"):
        for option, value in ((_MMAP_THRESHOLD, 1 << 30), (_TRIM_THRESHOLD, (1 << 31) - 1), (_TOP_PAD, 1 << 26)):
            libc.mallopt(option, value)


class Transformers:
    """One causal language model with its tokenizer, in bfloat16 on processors and GPUs that have it."""

    def __init__(self, model: Any, tokenizer: Any, name: str, role: str) -> None:
        self.model, self.tokenizer, self.name, self.role = model, tokenizer, name, role
        self.device = model.device
        self.context = int(getattr(model.config, "max_position_embeddings", 2048))
        ends = model.generation_config.eos_token_id
        self.ends = sorted({tokenizer.eos_token_id, *(ends if isinstance(ends, list) else [ends])} - {None})
        self.pad = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else tokenizer.eos_token_id
        self.budget = min(BATCH_TOKENS, LOGIT_BYTES // (4 * model.config.get_text_config().vocab_size))

    def close(self) -> None:
        """Give the memory back: the next user of this machine is a training in another process."""
        del self.model
        gc.collect()
        if sys.platform == "linux" and hasattr(libc := ctypes.CDLL(None), "malloc_trim"):
            libc.malloc_trim(0)

    def clip(self, text: str, max_tokens: int) -> tuple[str, bool]:
        return chat.clip(self.tokenizer, text, max_tokens)

    @torch.inference_mode()
    def generate(self, prompts: Sequence[str], sampling: Sampling, seeds: Sequence[int]) -> list[Completion]:
        ids = self._encode(prompts)
        out: list[Completion | None] = [None] * len(prompts)
        fits = [i for i in range(len(ids)) if len(ids[i]) + sampling.max_new_tokens <= self.context]
        for batch in self._batches(fits, lambda i: len(ids[i]) + sampling.max_new_tokens, BATCH_TOKENS):
            made = self._sample([ids[i] for i in batch], sampling, [seeds[i] for i in batch])
            for i, completion in zip(batch, made, strict=True):
                out[i] = completion
        return [c or Completion("", "too_long", 0, None) for c in out]

    def _encode(self, prompts: Sequence[str]) -> list[list[int]]:
        """Token ids; the same prompt (several candidates of one row) is rendered once."""
        rendered = {prompt: chat.render(self.tokenizer, prompt).prompt for prompt in dict.fromkeys(prompts)}
        return [rendered[prompt] for prompt in prompts]

    def _sample(self, ids: list[list[int]], sampling: Sampling, seeds: list[int]) -> list[Completion]:
        unique = {tuple(row): None for row in ids}
        order = {row: i for i, row in enumerate(unique)}
        source = torch.tensor([order[tuple(row)] for row in ids], device=self.device)
        tokens, mask = self._left_padded([list(row) for row in unique])
        logits, cache, mask = self._prefill(tokens, mask, source)
        draws = _Draws(seeds, sampling, self.device)
        chosen: list[torch.Tensor] = []
        scores: list[torch.Tensor] = []
        done = torch.zeros(len(ids), dtype=torch.bool, device=self.device)
        ends = torch.tensor(self.ends, device=self.device)
        for step in range(sampling.max_new_tokens):
            token, score = draws.next(logits, chosen, step)
            token = torch.where(done, self.pad, token)
            chosen.append(token)
            scores.append(torch.where(done, 0.0, score))
            done = done | torch.isin(token, ends)
            if bool(done.all()):
                break
            mask = torch.cat([mask, mask.new_ones(len(ids), 1)], dim=1)
            position = mask.sum(1, keepdim=True) - 1
            made = self.model(
                input_ids=token[:, None], attention_mask=mask, position_ids=position, past_key_values=cache, use_cache=True
            )
            logits, cache = made.logits[:, -1].float(), made.past_key_values
        return self._completions(torch.stack(chosen, 1).tolist(), torch.stack(scores, 1).tolist())

    def _prefill(self, tokens: Any, mask: Any, source: Any) -> tuple[Any, Any, Any]:
        """Logits, cache and mask after the prompts, each prompt read once and repeated for its candidates."""
        position = (mask.cumsum(1) - 1).clamp(min=0)
        made = self.model(input_ids=tokens, attention_mask=mask, position_ids=position, use_cache=True, logits_to_keep=1)
        cache = made.past_key_values
        cache.batch_select_indices(source)
        return made.logits[:, -1].float()[source], cache, mask[source]

    def _completions(self, rows: list[list[int]], scores: list[list[float]]) -> list[Completion]:
        out = []
        for row, score in zip(rows, scores, strict=True):
            end = next((i for i, token in enumerate(row) if token in self.ends), None)
            count = len(row) if end is None else end + 1
            text = self.tokenizer.decode(row[:end] if end is not None else row, skip_special_tokens=True)
            finish: Finish = "length" if end is None else "stop"
            out.append(Completion(text.strip(), finish, count, sum(score[:count]) / count))
        return out

    @torch.inference_mode()
    def logprob(self, prompts: Sequence[str], targets: Sequence[str]) -> list[list[float] | None]:
        heads = self._encode(prompts)
        tails = [chat.plain_ids(self.tokenizer, target) for target in targets]
        out: list[list[float] | None] = [None] * len(heads)
        fits = [i for i in range(len(heads)) if len(heads[i]) + len(tails[i]) <= self.context]
        for batch in self._batches(fits, lambda i: len(heads[i]) + len(tails[i]), self.budget):
            tokens, mask = self._left_padded([heads[i] + tails[i] for i in batch])
            longest = max(len(tails[i]) for i in batch)
            position = (mask.cumsum(1) - 1).clamp(min=0)
            logits = self.model(
                input_ids=tokens, attention_mask=mask, position_ids=position, use_cache=False, logits_to_keep=longest + 1
            ).logits
            goal = tokens[:, -longest:] if longest else tokens[:, :0]
            losses = torch.nn.functional.cross_entropy(logits[:, :-1].float().transpose(1, 2), goal, reduction="none")
            for i, row in zip(batch, losses, strict=True):
                out[i] = (-row[longest - len(tails[i]) :]).tolist()
        return out

    @torch.inference_mode()
    def decide(self, states: Sequence[str], questions: Sequence[Question]) -> list[list[Answer]]:
        asked = [
            (q, decisions.prompt(state, q, reverse)) for state in states for q in questions for reverse in (False, True)
        ]
        ids = self._encode([prompt for _, prompt in asked])
        read: list[list[float] | None] = [None] * len(asked)
        fits = [i for i in range(len(asked)) if len(ids[i]) < self.context]
        for batch in self._batches(fits, lambda i: len(ids[i]), BATCH_TOKENS):
            tokens, mask = self._left_padded([ids[i] for i in batch])
            position = (mask.cumsum(1) - 1).clamp(min=0)
            made = self.model(
                input_ids=tokens, attention_mask=mask, position_ids=position, use_cache=False, logits_to_keep=1
            )
            logprobs = torch.log_softmax(made.logits[:, -1].float(), dim=-1)
            for i, row in zip(batch, logprobs, strict=True):
                read[i] = row[self._label_ids(asked[i][0], ids[i])].tolist()
        answers = [
            decisions.answer(question, shown, reverse)
            if shown is not None and reverse is not None
            else Answer((), None, None, 0.0)
            for (question, _), shown, reverse in zip(asked[::2], read[::2], read[1::2], strict=True)
        ]
        return [answers[i : i + len(questions)] for i in range(0, len(answers), len(questions))]

    def _label_ids(self, question: Question, prompt: list[int]) -> list[int]:
        """The id that each label adds after the prompt; raises `LMError` where a label is not one distinct token."""
        ids = [self.tokenizer.encode(label, add_special_tokens=False) for label in decisions.labels(question)]
        if any(len(each) != 1 for each in ids) or len({each[0] for each in ids}) != len(ids):
            raise LMError(
                f"{self.name}: the labels {decisions.labels(question)} are not one distinct token each",
                "judge with another model, or select by likelihood gain: --set curate.by=gain",
            )
        return [each[0] for each in ids]

    def _batches(self, rows: list[int], length: Callable[[int], int], budget: int) -> Iterator[list[int]]:
        """`rows` sorted by length, in batches whose padded size stays under `budget` tokens."""
        batch: list[int] = []
        for row in sorted(rows, key=lambda i: (length(i), i)):
            if batch and length(row) * (len(batch) + 1) > budget:
                yield batch
                batch = []
            batch.append(row)
        if batch:
            yield batch

    def _left_padded(self, rows: list[list[int]]) -> tuple[Any, Any]:
        width = max(len(row) for row in rows)
        tokens = [[self.pad] * (width - len(row)) + row for row in rows]
        mask = [[0] * (width - len(row)) + [1] * len(row) for row in rows]
        return torch.tensor(tokens, device=self.device), torch.tensor(mask, device=self.device)


class _Draws:
    """Nucleus sampling in which the n-th draw of a row is a function of its seed and n alone."""

    def __init__(self, seeds: list[int], sampling: Sampling, device: Any) -> None:
        self.sampling = sampling
        steps = sampling.max_new_tokens
        rows = [torch.rand(steps, generator=torch.Generator().manual_seed(seed)) for seed in seeds]
        self.uniform = torch.stack(rows).to(device)

    def next(self, logits: Any, chosen: list[Any], step: int) -> tuple[Any, Any]:
        """(token, its log-probability under the unscaled model) for each row."""
        raw = torch.log_softmax(logits, dim=-1)
        if chosen and self.sampling.repetition_penalty != 1.0:
            seen = torch.stack(chosen, 1)
            values = logits.gather(1, seen)
            penalty = self.sampling.repetition_penalty
            logits = logits.scatter(1, seen, torch.where(values > 0, values / penalty, values * penalty))
        if self.sampling.temperature == 0:
            token = logits.argmax(-1)
        else:
            token = self._nucleus(logits / self.sampling.temperature, self.uniform[:, step])
        return token, raw.gather(1, token[:, None])[:, 0]

    def _nucleus(self, logits: Any, uniform: Any) -> Any:
        probability, order = torch.softmax(logits, dim=-1).sort(dim=-1, descending=True, stable=True)
        mass = probability.cumsum(-1)
        inside = (mass - probability) < self.sampling.top_p
        kept = torch.where(inside, probability, 0.0)
        steps = kept.cumsum(-1)
        place = (steps < (uniform * steps[:, -1])[:, None]).sum(-1, keepdim=True).clamp(max=logits.shape[-1] - 1)
        return order.gather(1, place)[:, 0]


def open(model: str) -> Transformers:
    """The model in the folder `model` (or a hub's name, if the hub is reachable)."""
    if not model:
        raise UsageFault("the transformers backend needs a model", "type it as: transformers:PATH")
    looks_local = Path(model).is_absolute() or model.startswith((".", "runs"))
    if looks_local and not (Path(model) / "config.json").is_file():
        raise UsageFault(f"{model} is not the folder of a model: it has no config.json", "check the path of the model")
    keep_freed_memory()
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(model)
        dtype = torch.bfloat16 if _has_bfloat16() else torch.float32
        loaded = transformers.AutoModelForCausalLM.from_pretrained(model, dtype=dtype)
    except (OSError, ValueError) as error:
        raise UsageFault(f"cannot load the model {model}: {str(error).splitlines()[0]}", "check its name") from None
    loaded.to("cuda" if torch.cuda.is_available() else "cpu").eval()
    # Rows carry the name, and the same rows must come out wherever the run's folder stands.
    shown = Path(model).name if Path(model).is_dir() else model
    return Transformers(loaded, tokenizer, f"transformers:{shown}", role_of(Path(model)))


def role_of(folder: Path) -> str:
    """forward, backward or base, as the folder says; empty where nobody said."""
    path = folder / ROLE_FILE
    return str(json.loads(path.read_text(encoding="utf-8")).get("role", "")) if path.is_file() else ""


def _has_bfloat16() -> bool:
    """Whether bfloat16 is multiplied in hardware here; elsewhere float32 is faster."""
    if torch.cuda.is_available():
        return bool(torch.cuda.is_bf16_supported())
    info = Path("/proc/cpuinfo")
    return not info.exists() or "bf16" in info.read_text()
