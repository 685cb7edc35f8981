"""Win rates beside AlpacaEval's own code, on annotations that it published: they are to agree to the last digits.

    .venv/bin/python benchmarks/winrate.py

Reads alpaca_eval/ in the folder HUMPBACK_DATA (../shared/data if unset). AlpacaEval is installed once, in an environment
outside of the tree. Its table of difficulties lies on a hub; one drawn here stands in its place for both, so that the
fit with difficulties is compared too, though the rates that come of it mean nothing.
"""

import argparse
import csv
import gzip
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from _bench import CACHE, DATA, HERE, peers_python, table

from humpback.corpus.tables import table_sources
from humpback.evaluate.preferences.files import ReadingConfig, read
from humpback.evaluate.preferences.measured import CONTROLLED, DISCRETE, RAW, rates
from humpback.schema import VERDICT

MODELS = ("humpback-llama2-70b", "text_davinci_003")
PROMPTS = 805


def difficulties(path: Path) -> Path:
    """A table in the form of df_gamed.csv: two models that were told to be long and short, on each prompt."""
    random = np.random.default_rng(5)
    hard = random.normal(size=PROMPTS)
    with path.open("w", newline="") as file:
        out = csv.writer(file)
        out.writerow(["model", "index", "preference", "std_delta_len", "instruction_difficulty", "not_gamed_baseline"])
        for name, lean in (("verbose", -1.0), ("concise", 1.0)):
            for place, gap in enumerate(random.normal(lean, 0.5, PROMPTS)):
                p = 1 / (1 + np.exp(1.5 * np.tanh(gap) + random.normal(0, 0.3)))
                out.writerow([name, place, p, gap, hard[place], False])
    return path


def ours(annotations: Path, gamed: str) -> dict[str, float]:
    rows = [
        {**dict.fromkeys(VERDICT.names), **row}
        for row in read(ReadingConfig(kind="annotations"), table_sources(str(annotations)))
    ]
    found = {(row["metric"], row["part"]): row for row in rates([rows], gamed)}
    raw, level = found["win_rate", RAW], found["win_rate", CONTROLLED]
    return {
        "win_rate": 100 * raw["value"], "standard_error": 100 * raw["se"],
        "discrete_win_rate": 100 * found["win_rate", DISCRETE]["value"],
        "length_controlled_winrate": 100 * level["value"], "lc_standard_error": 100 * level["se"],
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", type=Path, default=CACHE.with_name("winrate"), help="AlpacaEval's environment")
    given = parser.parse_args()
    if not (DATA / "alpaca_eval").is_dir():
        sys.exit(f"{DATA} holds no alpaca_eval: set HUMPBACK_DATA")
    python = peers_python(given.peers, HERE / "winrate-requirements.txt")
    worst, shown = 0.0, []
    with tempfile.TemporaryDirectory() as work:
        gamed = difficulties(Path(work) / "df_gamed.csv")
        for model in MODELS:
            plain = Path(work) / f"{model}.json"
            plain.write_bytes(gzip.decompress((DATA / "alpaca_eval" / f"{model}.annotations.json.gz").read_bytes()))
            command = [str(python), str(HERE / "winrate_peers.py"), str(plain), str(gamed)]
            done = subprocess.run(command, capture_output=True, text=True)
            if done.returncode:
                sys.exit(f"{' '.join(command)} failed:\n{done.stderr[-4000:]}")
            theirs = json.loads(done.stdout.splitlines()[-1])
            for kind, table_ in (("length_controlled_v1", str(gamed)), ("length_controlled_minimal", "")):
                own = ours(plain, table_)
                for name, value in own.items():
                    if name == "lc_standard_error" and not table_:
                        continue
                    gap = abs(value - theirs[kind][name])
                    worst = max(worst, gap)
                    shown.append((f"{model}, {kind}", name, f"{value:.9f}", f"{theirs[kind][name]:.9f}", f"{gap:.1e}"))
    table(("annotations", "figure, per cent", "humpback", "alpaca_eval", "gap"), shown)
    print(f"\nlargest gap: {worst:.2e} points")


if __name__ == "__main__":
    main()
