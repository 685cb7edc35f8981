"""Models that transformers can load, on the CPU or a GPU: batches by token budget after sorting by length.

What the prompts of a batch have in common at their head is computed once, and so is the state that several questions share.
"""

import json
import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from humpback.errors import UsageFault
from humpback.lm import Answer, Completion, Finish, Question, Sampling, Usage, chat, decisions
from humpback.lm._journal import Given, Remembers, key_of
from humpback.lm._memory import give_back_memory, keep_freed_memory
from humpback.lm.spec import EMBEDDED, Spec, TransformersOptions

os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
# Threads that wait for each other spin: beside other work on the same processors everything was several times slower.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
try:
    import torch
    import transformers

    from humpback.lm._sampling import Draws
except ImportError as error:
    raise UsageFault(f"this model needs {error.name}, which is not installed", "pip install 'humpback[local]'") from None

ROLE_FILE = "humpback.json"
# As many logits in one batch as fit a gigabyte in float32.
LOGIT_BYTES = 1 << 30
# A step of generation costs nearly the same for few rows as for many, so that its batches are larger by this factor, as far
# as their cache stays under this size.
LARGER, CACHE_BYTES = 4, 2 << 30
# A head shorter than this costs more to copy than to compute again.
SHORTEST_HEAD = 16
Ids = list[int]


class Transformers(Remembers):
    """One causal language model with its tokenizer, in bfloat16 on processors and GPUs that have it."""

    def __init__(self, model: Any, tokenizer: Any, name: str, role: str, options: TransformersOptions) -> None:
        self.model, self.tokenizer, self.name, self.role = model, tokenizer, name, role
        self.device = model.device
        text = model.config.get_text_config()
        self.context = int(getattr(text, "max_position_embeddings", 2048))
        ends = model.generation_config.eos_token_id
        self.ends = sorted({tokenizer.eos_token_id, *(ends if isinstance(ends, list) else [ends])} - {None})
        self.pad = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else tokenizer.eos_token_id
        self.budget = options.batch_tokens
        self.held = _held_tokens(text, model.dtype, options.batch_tokens)
        self.scored = min(self.budget, LOGIT_BYTES // (4 * text.vocab_size))
        # Caches of other kinds of layers (windows, recurrences) cannot be handed from one prompt to several.
        self.shares = all(kind == "full_attention" for kind in getattr(text, "layer_types", None) or ["full_attention"])
        self.decider = _decider(model, tokenizer)

    def close(self) -> None:
        """Give the memory back."""
        del self.model, self.decider
        give_back_memory()

    def clip(self, text: str, max_tokens: int) -> tuple[str, bool]:
        return chat.clip(self.tokenizer, text, max_tokens)

    @torch.inference_mode()
    def generate(self, prompts: Sequence[str], sampling: Sampling, seeds: Sequence[int]) -> list[Completion]:
        ids = self._encode(prompts)
        fits = [i for i in range(len(ids)) if len(ids[i]) + sampling.max_new_tokens <= self.context]

        def ask(batch: list[int]) -> tuple[list[Given], Usage]:
            made = self._sample([ids[i] for i in batch], sampling, [seeds[i] for i in batch])
            read = sum(len(row) for row in {tuple(ids[i]) for i in batch})
            return list(made), Usage(1, read, sum(completion.tokens for completion in made))

        out = self._ask(
            fits, lambda i: len(ids[i]) + sampling.max_new_tokens, self.held, ask, lambda i: (ids[i], seeds[i]), sampling
        )
        return [out.get(i, Completion("", "too_long", 0, None)) for i in range(len(ids))]

    @torch.inference_mode()
    def logprob(self, prompts: Sequence[str], targets: Sequence[str]) -> list[list[float] | None]:
        heads = self._encode(prompts)
        tails = [chat.plain_ids(self.tokenizer, target) for target in targets]
        fits = [i for i in range(len(heads)) if len(heads[i]) + len(tails[i]) <= self.context]

        def ask(batch: list[int]) -> tuple[list[Given], Usage]:
            read = sum(len(heads[i]) + len(tails[i]) for i in batch)
            return self._score([heads[i] for i in batch], [tails[i] for i in batch]), Usage(1, read, 0)

        out = self._ask(
            fits, lambda i: len(heads[i]) + len(tails[i]), self.scored, ask, lambda i: (heads[i], tails[i]), "logprob"
        )
        return [out.get(i) for i in range(len(heads))]

    @torch.inference_mode()
    def decide(self, states: Sequence[str], questions: Sequence[Question]) -> list[list[Answer]]:
        if self.decider:
            return [self._decided(self.decider, state, questions) for state in states]
        turns = [(q, reverse) for q in questions for reverse in (False, True)]
        asked = [self._encode([decisions.prompt(state, q, reverse) for q, reverse in turns]) for state in states]
        fits = [i for i in range(len(asked)) if turns and max(map(len, asked[i])) < self.context]

        def ask(batch: list[int]) -> tuple[list[Given], Usage]:
            labels = [decisions.label_ids(self.tokenizer, question, self.name) for question, _ in turns]
            rows, read = self._last_logits([asked[i] for i in batch])
            logprobs = torch.log_softmax(rows.float(), dim=-1)
            picked = [row[labels[n % len(turns)]].tolist() for n, row in enumerate(logprobs)]
            return list(picked), Usage(1, read, 0)

        out = self._ask(fits, lambda i: sum(map(len, asked[i])), self.budget, ask, lambda i: asked[i], "decide", len(turns))
        return [self._answers(questions, out.get(i)) for i in range(len(asked))]

    def _decided(self, decider: "_Decider", state: str, questions: Sequence[Question]) -> list[Answer]:
        key = key_of(self.name, "decision", state, list(questions))
        made: list[Any] = self.answered(key, lambda: (list(decider.answers(state, questions)), Usage(1)))
        return made

    def _answers(self, questions: Sequence[Question], read: list[list[float]] | None) -> list[Answer]:
        if read is None:
            return [Answer((), None, None, 0.0)] * len(questions)
        return [decisions.answer(q, read[2 * n], read[2 * n + 1]) for n, q in enumerate(questions)]

    def _ask(
        self, rows: list[int], length: Callable[[int], int], budget: int,
        ask: Callable[[list[int]], tuple[list[Given], Usage]], asked: Callable[[int], Any], call: Any, each: int = 0,
    ) -> dict[int, Any]:  # fmt: skip
        """What `ask` answers for each of `rows`, in batches that the journal knows; each row may have `each` answers."""
        out: dict[int, Any] = {}
        for batch in _batches(rows, length, budget):
            key = key_of(self.name, call, [asked(i) for i in batch])
            made: list[Any] = self.answered(key, lambda batch=batch: ask(batch))  # type: ignore[misc]
            if each:
                made = [made[n : n + each] for n in range(0, len(made), each)]
            out.update(zip(batch, made, strict=True))
        return out

    def _encode(self, prompts: Sequence[str]) -> list[Ids]:
        """Token ids; the same prompt (several candidates of one row) is rendered once."""
        rendered = {prompt: chat.render(self.tokenizer, prompt).prompt for prompt in dict.fromkeys(prompts)}
        return [rendered[prompt] for prompt in prompts]

    def _sample(self, ids: list[Ids], sampling: Sampling, seeds: list[int]) -> list[Completion]:
        unique = {tuple(row): None for row in ids}
        order = {row: i for i, row in enumerate(unique)}
        source = torch.tensor([order[tuple(row)] for row in ids], device=self.device)
        read = self._read([list(row) for row in unique], [[len(row) - 1] for row in unique], cached=True)
        cache = read.cache
        if len(unique) < len(ids):
            cache.batch_select_indices(source)
        logits, mask = read.logits.float()[source], read.mask[source]
        draws = Draws(seeds, sampling, self.device)
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
            if bool(done.all()) or step == sampling.max_new_tokens - 1:
                break
            mask = torch.cat([mask, mask.new_ones(len(ids), 1)], dim=1)
            position = mask.sum(1, keepdim=True) - 1
            made = self.model(
                input_ids=token[:, None], attention_mask=mask, position_ids=position, past_key_values=cache, use_cache=True
            )
            logits, cache = made.logits[:, -1].float(), made.past_key_values
        return self._completions(torch.stack(chosen, 1).tolist(), torch.stack(scores, 1).tolist())

    def _completions(self, rows: list[Ids], scores: list[list[float]]) -> list[Completion]:
        out = []
        for row, score in zip(rows, scores, strict=True):
            end = next((i for i, token in enumerate(row) if token in self.ends), None)
            count = len(row) if end is None else end + 1
            text = self.tokenizer.decode(row[:end] if end is not None else row, skip_special_tokens=True)
            finish: Finish = "length" if end is None else "stop"
            out.append(Completion(chat.strip_reasoning(text), finish, count, sum(score[:count]) / count))
        return out

    def _score(self, heads: list[Ids], tails: list[Ids]) -> list[Given]:
        rows = [head + tail for head, tail in zip(heads, tails, strict=True)]
        # What a token is worth stands in the logits of the place before it.
        before = [list(range(len(head) - 1, len(head) + len(tail) - 1)) for head, tail in zip(heads, tails, strict=True)]
        goal = torch.tensor([token for tail in tails for token in tail], dtype=torch.long, device=self.device)
        if not len(goal):
            return [[] for _ in tails]
        losses = torch.nn.functional.cross_entropy(self._read(rows, before).logits.float(), goal, reduction="none")
        return [(-part).tolist() for part in torch.split(losses, [len(tail) for tail in tails])]

    def _last_logits(self, groups: list[list[Ids]]) -> tuple[Any, int]:
        """(logits at the end of every prompt, group after group; tokens read). A group's common head is computed once."""
        rows = [row for group in groups for row in group]
        heads = [_common(group) for group in groups]
        if not self.shares or min(heads) < SHORTEST_HEAD or len(rows) == len(groups):
            return self._read(rows, [[len(row) - 1] for row in rows]).logits, sum(map(len, rows))
        starts = [group[0][:head] for group, head in zip(groups, heads, strict=True)]
        read = self._read(starts, [[0] for _ in starts], cached=True)
        source = torch.tensor([n for n, group in enumerate(groups) for _ in group], device=self.device)
        read.cache.batch_select_indices(source)
        tails = [row[head:] for group, head in zip(groups, heads, strict=True) for row in group]
        made = self._forward(tails, [[len(tail) - 1] for tail in tails], (read.mask[source], read.cache))
        return made.logits, sum(heads) + sum(map(len, tails))

    def _read(self, rows: list[Ids], wanted: list[list[int]], cached: bool = False) -> "_Read":
        """The logits at the places `wanted` of each row; what all rows begin with, before those places, is computed once."""
        first = min((places[0] for places in wanted if places), default=0)
        head = min(_common(rows), first)
        if not self.shares or len(rows) < 2 or head < SHORTEST_HEAD:
            return self._forward(rows, wanted, None, cached)
        start = self._forward([rows[0][:head]], [[0]], None, cached=True)
        start.cache.batch_repeat_interleave(len(rows))
        before = start.mask.expand(len(rows), -1)
        tails, places = [row[head:] for row in rows], [[place - head for place in each] for each in wanted]
        return self._forward(tails, places, (before, start.cache), cached)

    def _forward(
        self, rows: list[Ids], wanted: list[list[int]], past: tuple[Any, Any] | None, cached: bool = False
    ) -> "_Read":
        """One pass over `rows`, each going on where the row of the same place in `past` (mask, cache) stopped.

        They are padded on the right where attention is full: then no mask is needed without a past, since no token sees
        what comes after it, and kernels without a mask are up to twice as fast. Other layers expect padding on the left.
        """
        width = max(map(len, rows))
        starts = [0 if self.shares else width - len(row) for row in rows]
        tokens, mask = (each.to(self.device) for each in _padded(rows, self.pad, starts, width))
        flat = [i * width + starts[i] + place for i, places in enumerate(wanted) for place in places]
        before, cache = past or (mask[:, :0], None)
        whole = torch.cat([before, mask], dim=1)
        shown: dict[str, Any] = {}
        if past or not self.shares:
            shown = {"attention_mask": whole, "position_ids": (whole.cumsum(1) - 1).clamp(min=0)[:, -width:]}
        with _picked(self.model, flat):
            made = self.model(input_ids=tokens, past_key_values=cache, use_cache=cached or past is not None, **shown)
        return _Read(made.logits[0], whole, made.past_key_values)


class _Decider:
    """A model that ships a head or a template for typed questions is asked as it was trained to be, one state at a time."""

    def __init__(self, model: Any, tokenizer: Any) -> None:
        self.pipeline = transformers.pipeline("decision", model=model, tokenizer=tokenizer)

    def answers(self, state: str, questions: Sequence[Question]) -> list[Answer]:
        asked = {str(n): decisions.to_system_one(question) for n, question in enumerate(questions)}
        given = self.pipeline({"state": state, "questions": asked})
        given = given.get("answers", given)
        return [decisions.from_system_one(q, given[str(n)], None, "decision model") for n, q in enumerate(questions)]


def _held_tokens(config: Any, dtype: Any, tokens: int) -> int:
    """How many tokens a batch of generation may hold."""
    heads = getattr(config, "num_key_value_heads", None) or getattr(config, "num_attention_heads", 1)
    size = getattr(config, "head_dim", None) or config.hidden_size // getattr(config, "num_attention_heads", 1)
    each = 2 * config.num_hidden_layers * heads * size * dtype.itemsize
    return int(max(tokens, min(LARGER * tokens, CACHE_BYTES // each)))


def _decider(model: Any, tokenizer: Any) -> _Decider | None:
    folder = Path(str(getattr(model, "name_or_path", "")))
    ships = any((folder / name).is_file() for name in ("decision.json", "decision_template.jinja"))
    return _Decider(model, tokenizer) if ships else None


def _batches(rows: list[int], length: Callable[[int], int], budget: int) -> Iterator[list[int]]:
    """`rows` sorted by length, in batches whose padded size stays under `budget` tokens."""
    batch: list[int] = []
    for row in sorted(rows, key=lambda i: (length(i), i)):
        if batch and length(row) * (len(batch) + 1) > budget:
            yield batch
            batch = []
        batch.append(row)
    if batch:
        yield batch


def _common(rows: list[Ids]) -> int:
    """How many tokens all of `rows` begin with, short of the whole of any."""
    low, high = min(rows), max(rows)
    shortest = min(map(len, rows)) - 1
    return next((i for i in range(shortest) if low[i] != high[i]), shortest)


@dataclass(frozen=True)
class _Read:
    """What a pass gave: logits (places, vocabulary), the mask (rows, tokens so far), and the cache."""

    logits: Any
    mask: Any
    cache: Any


@contextmanager
def _picked(model: Any, places: list[int]) -> Iterator[None]:
    """Inside, `model` computes logits for `places` alone, counted over all tokens of the batch: (1, places, vocabulary)."""

    def pick(_: Any, given: tuple[Any, ...]) -> tuple[Any, ...]:
        hidden = given[0].reshape(1, -1, given[0].shape[-1])
        return (hidden[:, torch.tensor(places, device=hidden.device)], *given[1:])

    handle = model.get_output_embeddings().register_forward_pre_hook(pick)
    try:
        yield
    finally:
        handle.remove()


def _padded(rows: list[Ids], pad: int, starts: list[int], width: int) -> tuple[Any, Any]:
    """(tokens, mask) of `rows`, each from its start on."""
    tokens = [[pad] * at + row + [pad] * (width - at - len(row)) for row, at in zip(rows, starts, strict=True)]
    mask = [[0] * at + [1] * len(row) + [0] * (width - at - len(row)) for row, at in zip(rows, starts, strict=True)]
    return torch.tensor(tokens), torch.tensor(mask)


def open(spec: Spec) -> Transformers:
    """The model in the folder (or under the hub's name) that `spec` gives."""
    model, options = str(spec.folder or spec.model), spec.options
    if not model:
        raise UsageFault("the transformers backend needs a model", "type it as: transformers:PATH")
    looks_local = Path(model).is_absolute() or model.startswith((".", "runs"))
    if looks_local and not (Path(model) / "config.json").is_file():
        raise UsageFault(f"{model} is not the folder of a model: it has no config.json", "check the path of the model")
    keep_freed_memory()
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    try:
        loaded, tokenizer = _load(model, options)
    except (OSError, ValueError) as error:
        raise UsageFault(f"cannot load the model {model}: {str(error).splitlines()[0]}", "check its name") from None
    loaded.to("cuda" if torch.cuda.is_available() else "cpu").eval()
    # Rows carry the name, and the same rows must come out wherever the run's folder stands.
    shown = Path(model).name if Path(model).is_dir() else model
    name = "embedded" if spec.folder == EMBEDDED else f"transformers:{shown}"
    return Transformers(loaded, tokenizer, name + _adapter_name(options), role_of(Path(model)), options)


def _load(model: str, options: TransformersOptions) -> tuple[Any, Any]:
    code = options.trust_remote_code
    tokenizer = transformers.AutoTokenizer.from_pretrained(model, trust_remote_code=code)
    if options.adapter is None:
        loaded = transformers.AutoModelForCausalLM.from_pretrained(model, dtype=_dtype(options), trust_remote_code=code)
        return loaded, tokenizer
    whole = transformers.AutoModelForCausalLM.from_pretrained(model, dtype=torch.float32, trust_remote_code=code)
    # Merged in float32: merging in bfloat16 loses what the adapter learnt in its last bits.
    return _adapted(whole, options.adapter).to(_dtype(options)), tokenizer


def _adapted(model: Any, adapter: str) -> Any:
    try:
        from peft import PeftModel
    except ImportError:
        raise UsageFault("adapters need peft, which is not installed", "pip install 'humpback[local]'") from None
    if not (Path(adapter) / "adapter_config.json").is_file():
        raise UsageFault(f"{adapter} is not the folder of an adapter: it has no adapter_config.json", "check ?adapter=")
    with warnings.catch_warnings():  # peft asks transformers by a name that it will drop
        warnings.filterwarnings("ignore", "`is_gradient_checkpointing`", FutureWarning)
        return PeftModel.from_pretrained(model, adapter).merge_and_unload()


def _adapter_name(options: TransformersOptions) -> str:
    return f"+{Path(options.adapter).name}" if options.adapter else ""


def role_of(folder: Path) -> str:
    """forward, backward or base, as the folder says; empty where nobody said."""
    path = folder / ROLE_FILE
    return str(json.loads(path.read_text(encoding="utf-8")).get("role", "")) if path.is_file() else ""


def _dtype(options: TransformersOptions) -> Any:
    """What `dtype` asks for; `auto` is bfloat16 where it is multiplied in hardware, elsewhere float32, which is faster."""
    if options.dtype != "auto":
        return getattr(torch, options.dtype)
    return torch.bfloat16 if _has_bfloat16() else torch.float32


def _has_bfloat16() -> bool:
    if torch.cuda.is_available():
        return bool(torch.cuda.is_bf16_supported())
    info = Path("/proc/cpuinfo")
    return not info.exists() or "bf16" in info.read_text()
