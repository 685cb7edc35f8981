"""Models that transformers can load, on the CPU or a GPU: batches by token budget after sorting by length.

What the prompts of a batch have in common at their head is computed once, and what those of a question begin with once for
all batches of a call.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from typing import Any

import torch

from humpback.lm import Answer, Completion, Finish, Question, Sampling, Usage, chat, decisions
from humpback.lm.journal import Given, Remembers, key_of
from humpback.lm.memory import give_back_memory
from humpback.lm.transformers import Options, layout
from humpback.lm.transformers.decider import Decider, decider
from humpback.lm.transformers.draws import Draws
from humpback.lm.transformers.reader import SHORTEST_HEAD, Ids, Read, Reader

# As many logits in one batch as fit a gigabyte in float32.
LOGIT_BYTES = 1 << 30
# A step of generation costs nearly the same for few rows as for many, so that its batches are larger by this factor, as far
# as their cache stays under this size.
LARGER, CACHE_BYTES = 4, 2 << 30
# Rows with one head are read in one batch unless padding makes them longer by more than this factor.
PADDED = 1.25


class Transformers(Remembers):
    """One causal language model with its tokenizer, in bfloat16 on processors and GPUs that have it."""

    def __init__(self, model: Any, tokenizer: Any, name: str, role: str, options: Options) -> None:
        self.model, self.tokenizer, self.name, self.role = model, chat.ready(tokenizer), name, role
        self.device = model.device
        text = model.config.get_text_config()
        self.context = int(getattr(text, "max_position_embeddings", 2048))
        ends = model.generation_config.eos_token_id
        self.ends = sorted({tokenizer.eos_token_id, *(ends if isinstance(ends, list) else [ends])} - {None})
        self.pad = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else tokenizer.eos_token_id
        found = layout.find(model, self.pad, name)
        self.reader = Reader(model, self.pad, found.layout)
        self.budget = options.batch_tokens
        self.held = max(self.budget, min(LARGER * self.budget, CACHE_BYTES // max(1, found.token_bytes)))
        self.scored = min(self.budget, LOGIT_BYTES // (4 * text.vocab_size))
        self.decider = decider(model, tokenizer)

    def close(self) -> None:
        """Give the memory back."""
        del self.model, self.reader, self.decider
        give_back_memory()

    def clip(self, text: str, max_tokens: int) -> tuple[str, bool]:
        return chat.clip(self.tokenizer, text, max_tokens)

    @torch.inference_mode()
    def generate(self, prompts: Sequence[str], sampling: Sampling, seeds: Sequence[int]) -> list[Completion]:
        ids = chat.prompt_ids(self.tokenizer, prompts)
        lengths = [len(row) + sampling.max_new_tokens for row in ids]
        fits = [i for i, length in enumerate(lengths) if length <= self.context]

        def ask(batch: list[int]) -> tuple[list[Given], Usage]:
            made = self._sample([ids[i] for i in batch], sampling, [seeds[i] for i in batch])
            read = sum(len(row) for row in {tuple(ids[i]) for i in batch})
            return list(made), Usage(1, read, sum(completion.tokens for completion in made))

        batches = _batches(fits, lengths.__getitem__, self.held, self.reader.mixes)
        out = self._ask(batches, ask, lambda i: (ids[i], seeds[i]), sampling)
        return [out.get(i, Completion("", "too_long", 0, None)) for i in range(len(ids))]

    @torch.inference_mode()
    def logprob(self, prompts: Sequence[str], targets: Sequence[str], ended: bool = False) -> list[list[float] | None]:
        heads = chat.prompt_ids(self.tokenizer, prompts)
        tails = chat.target_ids(self.tokenizer, targets, ended)
        lengths = [len(head) + len(tail) for head, tail in zip(heads, tails, strict=True)]
        fits = [i for i, length in enumerate(lengths) if length <= self.context]

        def ask(batch: list[int]) -> tuple[list[Given], Usage]:
            own, targets = [heads[i] for i in batch], [tails[i] for i in batch]
            once = self._share_heads(own, targets)
            read = sum(map(len, set(map(tuple, own)) if once else own)) + sum(map(len, targets))
            return self._score(own, targets, once), Usage(1, read, 0)

        batches = _batches(fits, _together(fits, heads, lengths).__getitem__, self.scored)
        out = self._ask(batches, ask, lambda i: (heads[i], tails[i]), "logprob")
        return [out.get(i) for i in range(len(heads))]

    def offsets(self, texts: Sequence[str]) -> list[list[int]] | None:
        return [chat.offsets(self.tokenizer, text) for text in texts]

    @torch.inference_mode()
    def decide(self, states: Sequence[str], questions: Sequence[Question]) -> list[list[Answer]]:
        if self.decider:
            return [self._decided(self.decider, state, questions) for state in states]
        turns = decisions.turns(questions)
        asked = [chat.prompt_ids(self.tokenizer, [decisions.prompt(state, *turn) for turn in turns]) for state in states]
        fits = [i for i in range(len(asked)) if turns and max(map(len, asked[i])) < self.context]
        read = [self._labels([asked[i][n] for i in fits], question) for n, (question, _) in enumerate(turns)]
        out = dict(zip(fits, zip(*read, strict=True), strict=True))
        return [decisions.answers(questions, out.get(i)) for i in range(len(asked))]

    def _labels(self, rows: list[Ids], question: Question) -> list[list[float]]:
        """The log-probabilities of the labels of `question` behind each of `rows`, whose common head is read once."""
        labels = decisions.label_ids(self.tokenizer, question, self.name)
        head = self.reader.shared(rows)
        begun = cache(lambda: self.reader.begun(rows[0][:head]))

        def size(i: int) -> int:
            # The head is not computed again, but stands in the cache of every row.
            return max(len(rows[i]) - head, len(rows[i]) * self.budget // self.held)

        batches = list(_batches(range(len(rows)), size, self.budget))

        def ask(batch: list[int]) -> tuple[list[Given], Usage]:
            own = [rows[i] for i in batch]
            ends = [[len(row) - 1] for row in own]
            read = self.reader.behind(begun(), own, ends) if head else self.reader.read(own, ends)
            # Whoever goes on after a kill reads the head again, and counts the same tokens as who was not killed.
            tokens = sum(len(row) - head for row in own) + (head if batch is batches[0] else 0)
            return torch.log_softmax(read.logits.float(), dim=-1)[:, labels].tolist(), Usage(1, tokens, 0)

        out = self._ask(batches, ask, rows.__getitem__, "decide")
        return [out[i] for i in range(len(rows))]

    def _decided(self, decider: Decider, state: str, questions: Sequence[Question]) -> list[Answer]:
        key = key_of("decision", state, list(questions))
        made: list[Any] = self.answered(key, lambda: (list(decider.answers(state, questions)), Usage(1)))
        return made

    def _ask(
        self, batches: Iterable[list[int]], ask: Callable[[list[int]], tuple[list[Given], Usage]],
        asked: Callable[[int], Any], call: Any,
    ) -> dict[int, Any]:  # fmt: skip
        """What `ask` answers for the rows of each batch that the journal does not know."""
        out: dict[int, Any] = {}
        for batch in batches:
            made: list[Any] = self.answered(key_of(call, [asked(i) for i in batch]), lambda batch=batch: ask(batch))  # type: ignore[misc]
            out.update(zip(batch, made, strict=True))
        return out

    def _sample(self, ids: list[Ids], sampling: Sampling, seeds: list[int]) -> list[Completion]:
        read = self._begun(ids, sampling.max_new_tokens)
        draws = Draws(seeds, sampling, self.device)
        chosen: list[torch.Tensor] = []
        scores: list[torch.Tensor] = []
        done = torch.zeros(len(ids), dtype=torch.bool, device=self.device)
        ends = torch.tensor(self.ends, device=self.device)
        for step in range(sampling.max_new_tokens):
            token, score = draws.next(read.logits.float(), chosen, step)
            token = torch.where(done, self.pad, token)
            chosen.append(token)
            scores.append(torch.where(done, 0.0, score))
            done = done | torch.isin(token, ends)
            if bool(done.all()) or step == sampling.max_new_tokens - 1:
                break
            read = self.reader.next(token, read)
        return self._completions(torch.stack(chosen, 1).tolist(), torch.stack(scores, 1).tolist())

    def _begun(self, ids: list[Ids], writes: int) -> Read:
        """The prompts `ids`, read to their ends; one that stands there several times (candidates) is read once."""
        unique = list(dict.fromkeys(map(tuple, ids))) if self.reader.layout.selects else ids
        rows = [list(row) for row in unique]
        read = self.reader.read(rows, [[len(row) - 1] for row in rows], cached=True, writes=writes)
        if len(rows) == len(ids):
            return read
        order = {row: i for i, row in enumerate(unique)}
        source = torch.tensor([order[tuple(row)] for row in ids], device=self.device)
        read.cache.batch_select_indices(source)
        return Read(read.logits[source], read.mask[source], read.cache)

    def _completions(self, rows: list[Ids], scores: list[list[float]]) -> list[Completion]:
        out = []
        for row, score in zip(rows, scores, strict=True):
            end = next((i for i, token in enumerate(row) if token in self.ends), None)
            count = len(row) if end is None else end + 1
            text = self.tokenizer.decode(row[:end] if end is not None else row, skip_special_tokens=True)
            finish: Finish = "length" if end is None else "stop"
            said, mean = chat.without_reasoning(text, sum(score[:count]) / count)
            out.append(Completion(said, finish, count, mean))
        return out

    def _score(self, heads: list[Ids], tails: list[Ids], once: bool) -> list[Given]:
        goal = torch.tensor([token for tail in tails for token in tail], dtype=torch.long, device=self.device)
        if not len(goal):
            return [[] for _ in tails]
        logits = self._before_each(heads, tails, once)
        losses = torch.nn.functional.cross_entropy(logits.float(), goal, reduction="none")
        return [(-part).tolist() for part in torch.split(losses, [len(tail) for tail in tails])]

    def _before_each(self, heads: list[Ids], tails: list[Ids], once: bool) -> Any:
        """The logits from which each token of `tails` is told, those of the place before it: (tokens, vocabulary).

        `once`: a head that stands there several times is read once.
        """
        if not once:
            rows = [head + tail for head, tail in zip(heads, tails, strict=True)]
            spans = [range(len(head) - 1, len(row) - 1) for head, row in zip(heads, rows, strict=True)]
            return self.reader.read(rows, [list(span) for span in spans]).logits
        order = {head: i for i, head in enumerate(dict.fromkeys(map(tuple, heads)))}
        # The first token of a tail is told from the last one of its head, which is therefore read with the tail.
        behind = [[head[-1], *tail[:-1]] if tail else [head[-1]] for head, tail in zip(heads, tails, strict=True)]
        source, places = [order[tuple(head)] for head in heads], [list(range(len(tail))) for tail in tails]
        return self.reader.after([list(head[:-1]) for head in order], source, behind, places).logits

    def _share_heads(self, heads: list[Ids], tails: list[Ids]) -> bool:
        """Whether heads that stand there several times, as those of a text with several instructions, are read once."""
        unique = set(map(tuple, heads))
        widest = max(map(len, heads)) + max(map(len, tails))
        return 4 * len(unique) <= 3 * len(heads) and min(map(len, unique)) > SHORTEST_HEAD and self.reader.goes_on(widest)


def _together(rows: Sequence[int], heads: Sequence[Ids], lengths: Sequence[int]) -> dict[int, int]:
    """The length by which each row is put into a batch: that of the longest with the same head, so that these meet in one;
    but its own where most of that would be padding, as of long and short answers behind one line."""
    groups: dict[tuple[int, ...], list[int]] = {}
    for i in rows:
        groups.setdefault(tuple(heads[i]), []).append(i)
    made: dict[int, int] = {}
    for group in groups.values():
        longest, own = max(lengths[i] for i in group), sum(lengths[i] for i in group)
        made |= {i: longest if longest * len(group) <= PADDED * own else lengths[i] for i in group}
    return made


def _batches(
    rows: Sequence[int], length: Callable[[int], int], budget: int, mixes: Callable[[int], bool] = lambda _: True
) -> Iterator[list[int]]:
    """`rows` sorted by length, in batches of at most `budget` tokens when padded; of one length where `mixes` says no."""
    batch: list[int] = []
    for row in sorted(rows, key=lambda i: (length(i), i)):
        unlike = batch and length(row) != length(batch[0]) and not mixes(length(row))
        if batch and (unlike or length(row) * (len(batch) + 1) > budget):
            yield batch
            batch = []
        batch.append(row)
    if batch:
        yield batch
