"""What judging reads: tokens of the model for one token of the pairs, by the share of the pairs that is asked in reverse.

    .venv/bin/python benchmarks/judging.py MODEL [--pairs N] [--reverse 0 0.02 1]

Prints a table and one line of JSON with all figures. The pairs are those of the demo's seed and, where they are, LIMA's
(instructions/lima_train.jsonl in the folder HUMPBACK_DATA, ../shared/data if unset); responses are cut at 1,000 tokens. A
pair's own tokens are those of its instruction and its response, without their quotation. What is read is what the model
counts itself, and the same on any machine; seconds are not, and are told beside it.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from typing import Any

from _bench import DATA, human_pairs, machine, table, timed

from humpback import lm as language_models
from humpback.curate.judge import JudgeConfig, forgiving, graded
from humpback.lm import chat
from humpback.recipes.demo import MATERIAL
from humpback.schema import Row

CUT = 1000


def demo_pairs() -> list[Row]:
    """All pairs of the demo's seed, in the file's order."""
    return [json.loads(line) for line in (MATERIAL / "seed.jsonl").read_text(encoding="utf-8").splitlines()]


def judged(lm: Any, pairs: Sequence[Row], share: float) -> dict[str, float]:
    """Tokens that a pair has and that are read for it, and how often the reverse order finds another level likeliest."""
    cut = [{**pair, "response": lm.clip(pair["response"], CUT)[0]} for pair in pairs]
    before = lm.usage
    seconds, made = timed(lambda: graded(cut, lm, 2 * CUT, forgiving(JudgeConfig(reverse=share))))
    sent = [pair for pair, row in zip(cut, made, strict=True) if row["status"] != "prompt_too_long"]
    own = sum(len(chat.plain_ids(lm.tokenizer, pair[name])) for pair in sent for name in ("instruction", "response"))
    read, known = (lm.usage - before).prompt_tokens, [row for row in made if row["order_gap"] is not None]
    told = {"pairs": len(sent), "own": own / len(sent), "read": read / len(sent), "share": read / own, "seconds": seconds}
    means = {name: sum(row[name] for row in known) / len(known) for name in ("order_gap", "order_flips") if known}
    return {**told, **{name: round(value, 3) for name, value in means.items()}}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", help="embedded, transformers:PATH, vllm:PATH")
    parser.add_argument("--pairs", type=int, default=300, help="of each source (300)")
    parser.add_argument("--reverse", type=float, nargs="+", default=[0.0, 0.02, 1.0], help="shares (0 0.02 1)")
    asked = parser.parse_args()
    lm: Any = language_models.open(asked.model)
    if not hasattr(lm, "tokenizer"):
        sys.exit(f"{asked.model} lends no tokenizer: give embedded, transformers:PATH or vllm:PATH")
    sources = {"demo": demo_pairs()} | ({"LIMA": human_pairs()} if DATA.is_dir() else {})
    found = {
        f"{name}, reverse {share:g}": judged(lm, pairs[: asked.pairs], share)
        for name, pairs in sources.items()
        for share in asked.reverse
    }
    cells = [
        (name, f"{each['pairs']:.0f}", f"{each['own']:.1f}", f"{each['read']:.1f}", f"{each['share']:.3f}",
         f"{each['seconds']:.1f}", each.get("order_gap", "-"), each.get("order_flips", "-")) for name, each in found.items()
    ]  # fmt: skip
    table(("", "pairs", "tokens a pair", "read a pair", "read per token", "seconds", "order gap", "flips"), cells)
    print("\n" + json.dumps({"model": asked.model, "machine": machine(("humpback", "torch", "vllm")), "figures": found}))


if __name__ == "__main__":
    main()
