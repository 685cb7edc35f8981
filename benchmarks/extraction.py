"""The main text of pages beside other extractors, on a public benchmark of seven kinds of pages.

    .venv/bin/python benchmarks/extraction.py [--peers trafilatura resiliparse turbohtml] [--worst 10]

Reads extraction/wcxb_dev.jsonl.gz in the folder HUMPBACK_DATA (../shared/data if unset): 300 development pages of WCXB (Web
Content eXtraction Benchmark, M. Foley 2026, CC BY 4.0), with the main text that people made of each. Prints the F1 of words
by kind: of the words of a text and those of the main text, each as often as it comes, in small letters. `all` weighs the
kinds as the whole development set does (1,497 pages). Ours is what `humpback segments --text` gives; "kept" is what stands
in segments that the rules keep, which is to be pure and need not be complete. The peers are installed once, in an
environment outside of the tree.

`half` is one of two halves of the pages, by their ids: figures that differ much between them hang on few pages.
"""

import argparse
import gzip
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

from humpback.corpus.cutting.segment import SegmentConfig, segment, whole_text
from humpback.corpus.rules.quality import RuleConfig, apply_rules
from humpback.stage import Drop

HERE = Path(__file__).parent
DATA = Path(os.environ.get("HUMPBACK_DATA", "../shared/data"))
REQUIREMENTS = HERE / "extraction-requirements.txt"
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "humpback-benchmarks" / "extraction"
# Pages of each kind in the whole development set.
KINDS = {
    "article": 793, "documentation": 91, "forum": 113, "service": 165, "product": 119, "collection": 117, "listing": 99,
}  # fmt: skip
_WORD = re.compile(r"\w+")

Page = dict[str, Any]
Texts = dict[str, str]


def pages() -> list[Page]:
    file = DATA / "extraction" / "wcxb_dev.jsonl.gz"
    if not file.is_file():
        sys.exit(f"{file} is not there: set HUMPBACK_DATA")
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def f1(text: str, main: str) -> float:
    found, wanted = (Counter(_WORD.findall(each.lower())) for each in (text, main))
    both = sum((found & wanted).values())
    return 2 * both / (sum(found.values()) + sum(wanted.values())) if found or wanted else 1.0


def ours(all_pages: list[Page]) -> tuple[float, str, Texts]:
    whole_text({"html": all_pages[0]["html"]})
    started = time.perf_counter()
    texts = {page["id"]: whole_text({"html": page["html"]}) for page in all_pages}
    return time.perf_counter() - started, version("humpback"), texts


def kept(all_pages: list[Page]) -> tuple[float, str, Texts]:
    started = time.perf_counter()
    texts = {}
    for page in all_pages:
        candidates = (row for row in segment(SegmentConfig(), [page]) if not isinstance(row, Drop))
        rows = [row for row in apply_rules(RuleConfig(), candidates) if not isinstance(row, Drop)]
        texts[page["id"]] = "\n".join(dict.fromkeys(line for row in rows for line in row["text"].split("\n")))
    return time.perf_counter() - started, version("humpback"), texts


def peer(name: str, all_pages: list[Page]) -> tuple[float, str, Texts]:
    lines = "".join(json.dumps({"id": page["id"], "html": page["html"]}) + "\n" for page in all_pages)
    command = [str(peers_python()), str(HERE / "extraction_peers.py"), name]
    done = subprocess.run(command, input=lines, stdout=subprocess.PIPE, text=True, check=True)
    told = json.loads(done.stdout)
    return told["seconds"], told["version"], told["texts"]


def peers_python() -> Path:
    """The Python of the peers' environment, which is made on the first call and whenever its requirements change."""
    python, stamp = CACHE / "bin" / "python", CACHE / "requirements.txt"
    if not stamp.exists() or stamp.read_bytes() != REQUIREMENTS.read_bytes():
        print(f"installing the peers in {CACHE}", file=sys.stderr, flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(CACHE)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "-q", "--no-deps", "-r", str(REQUIREMENTS)], check=True)
        shutil.copy(REQUIREMENTS, stamp)
    return python


def half(page: Page) -> str:
    return "ab"[hashlib.md5(page["id"].encode()).digest()[0] & 1]


def scores(texts: Texts, chosen: list[Page]) -> dict[str, float]:
    by_kind: dict[str, list[float]] = defaultdict(list)
    for page in chosen:
        by_kind[page["type"]].append(f1(texts.get(page["id"], ""), page["main"]))
    means = {kind: sum(found) / len(found) for kind, found in by_kind.items()}
    return {**means, "all": sum(means[kind] * share for kind, share in KINDS.items()) / sum(KINDS.values())}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", nargs="*", default=["trafilatura", "resiliparse", "turbohtml"])
    parser.add_argument("--worst", type=int, default=0, help="the pages of ours with the lowest F1")
    asked = parser.parse_args()
    all_pages = pages()
    ways: dict[str, Callable[[], tuple[float, str, Texts]]] = {
        "humpback": lambda: ours(all_pages),
        **{name: lambda name=name: peer(name, all_pages) for name in asked.peers},  # type: ignore[misc]
        "humpback, kept": lambda: kept(all_pages),
    }
    parts = {"all": all_pages, **{name: [page for page in all_pages if half(page) == name] for name in "ab"}}
    print(f"{'':<28}{'half':>5}{''.join(f'{kind[:9]:>10}' for kind in KINDS)}{'all':>8}{'pages/s':>9}")
    texts: dict[str, Texts] = {}
    for name, way in ways.items():
        seconds, its_version, texts[name] = way()
        for part, chosen in parts.items():
            found = scores(texts[name], chosen)
            figures = "".join(f"{found[kind]:>10.3f}" for kind in KINDS)
            speed = f"{len(all_pages) / seconds:>9.0f}" if part == "all" else ""
            print(f"{f'{name} {its_version}':<28}{part:>5}{figures}{found['all']:>8.3f}{speed}")
    worst = sorted(all_pages, key=lambda page: f1(texts["humpback"][page["id"]], page["main"]))
    for page in worst[: asked.worst]:
        print(f"{f1(texts['humpback'][page['id']], page['main']):.2f} {page['type']:<14}{page['url']}")


if __name__ == "__main__":
    main()
