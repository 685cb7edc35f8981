"""The corpus pipeline beside datatrove, Trafilatura and Resiliparse: speed, quality, workers, memory.

    .venv/bin/python benchmarks/corpus.py [--speed] [--quality] [--workers] [--memory]      (speed and quality if none)

Prints tables, the targets met and missed, and one line of JSON with all figures. Speed and quality take about three minutes.
Reads web/ in the folder HUMPBACK_DATA (../shared/data if unset): archives of real pages, and gold.json with strings that an
extraction of a page must and must not hold. The peers are installed once, in an environment outside of the tree. Linux.

Speed: the same archives, one core, one thread, each pass in a fresh process that has imported and called everything once
before its clock starts. Passes alternate, so that all share the machine's noise; ratios are of the fastest ones.
- humpback: the whole recipe as `humpback segments` runs it, every rule on: archives in, Parquet of segments out.
  Nothing is dropped for its language, so that no page is spared the work.
- datatrove: reader, Trafilatura and JSONL writer of its FineWeb example, without the filters and deduplication that follow
  there: it does less than humpback. It passes over pages that libmagic takes for no HTML; they do not count as read, and
  have none of their gold strings below.
- resiliparse: FastWARC and Resiliparse, both compiled: archives in, Parquet of each page's main text out. No headings, no
  segments, no rules on them, no redaction, no deduplication.
- trafilatura: extract() alone, over decoded pages in memory: no archive to read, nothing to write.
- floor: fastwarc, humpback's decode and the parser, the tree dropped at once. No pipeline on this parser can be faster.

Quality: the share of the gold strings found in the text of each page, white space collapsed; purity is the share of main
text found over that and the share of boilerplate found. The rules were tuned on three quarters of the pages; the rest is
held out. humpback's two rows are all headings and what stands below them, and the segments that the rules keep: those are
to be pure, and need not be complete.

Workers and memory: the archives repeated to the size wanted, as two files. The copies are dropped as duplicates at the end,
and what humpback remembers between pages (class names, hosts, licences) comes again more often than in a crawl.
"""

import argparse
import hashlib
import json
import multiprocessing
import os
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from importlib.metadata import version
from itertools import islice
from operator import ge, le
from pathlib import Path
from statistics import median
from typing import Any

import humpback
from humpback.corpus.cutting.segment import SegmentConfig, segment
from humpback.corpus.documents.read import DocumentsConfig, read
from humpback.corpus.documents.records import Record, records
from humpback.corpus.inputs.sources import sources
from humpback.corpus.pages import CorpusSettings, segments
from humpback.corpus.rules.quality import RuleConfig, apply_rules
from humpback.engine.local import LocalEngine
from humpback.run import Run
from humpback.stage import Drop

HERE = Path(__file__).parent
REQUIREMENTS = HERE / "corpus-requirements.txt"
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "humpback-benchmarks" / "corpus"
# Arrow takes its number of threads from OMP_NUM_THREADS, too.
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS"), "1")
PEERS = ("datatrove", "trafilatura", "resiliparse")
HEADED, KEPT = "humpback headed", "humpback kept"
PARTS = ("speed", "quality", "workers", "memory")
WARM_UP_PAGES = 40


@dataclass(frozen=True)
class Pass:
    """One pass over archives: `pages` read in `seconds`, and what else was seen."""

    seconds: float
    pages: int
    more: dict[str, Any] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)


class Results:
    """The figures of all parts, and the targets among them."""

    def __init__(self) -> None:
        self.figures: dict[str, Any] = {}
        self.targets: list[dict[str, Any]] = []

    def target(self, what: str, value: float, compare: Callable[[float, float], bool], bound: float) -> None:
        """Print whether `value` meets its bound, and keep it."""
        met, sign = compare(value, bound), ">=" if compare is ge else "<="
        print(f"  {'met   ' if met else 'MISSED'}  {what}: {value:.3g} (target {sign} {bound:g})")
        self.targets.append({"what": what, "value": round(value, 4), "target": f"{sign} {bound:g}", "met": met})


# Passes


def ours(folder: Path, out: Path, workers: int) -> Pass:
    """The whole recipe over the archives of `folder`, in this process or in as many workers of it."""
    warm_up(folder, out)
    settings = CorpusSettings(inputs=(str(folder / "*.warc.gz"),), languages=())
    started = time.perf_counter()
    with Run(out / "run", "segments", settings, engine=LocalEngine(workers)) as run:
        kept = segments(run, settings, 42)
        cut = run.one(of="segments")
    seconds = round(time.perf_counter() - started, 3)
    steps = {step.step: step.kept for step in cut.steps}
    more = {"allowed": steps["allowed"], "segments": len(kept), "stage_seconds": cut.manifest["wall_seconds"]}
    # Of the largest worker: they have ended by now, and this process has no other children.
    worker = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
    return Pass(seconds, steps["documents"], {**more, "worker_mb": worker, "main_mb": peak_megabytes(os.getpid())})


def warm_up(folder: Path, out: Path) -> None:
    few = repeated(folder, out / "few", WARM_UP_PAGES)
    settings = CorpusSettings(inputs=(str(few),), languages=())
    with Run(out / "warm-up", "segments", settings) as run:
        segments(run, settings, 42)


def peak_megabytes(process: int | None) -> int:
    """The most memory that a live process has held at once."""
    status = Path(f"/proc/{process}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) // 1024


def repeated(web: Path, folder: Path, pages: int) -> Path:
    """Archives that hold `pages` pages together, those of `web` again and again, in as many files."""
    folder.mkdir(parents=True)
    archives = sorted(web.glob("*.warc.gz"))
    for number, archive in enumerate(archives):
        wanted = pages * (number + 1) // len(archives) - pages * number // len(archives)
        # No more is read than is written: the memory of this process is measured too.
        ends = ends_of_pages(archive, wanted)
        times, rest = divmod(wanted, len(ends))
        with archive.open("rb") as source:
            data = source.read(ends[-1])
        with (folder / f"pages-{number}.warc.gz").open("wb") as file:
            for _ in range(times):
                file.write(data)
            file.write(data[: ends[rest - 1]] if rest else b"")
    return folder


def ends_of_pages(archive: Path, most: int) -> list[int]:
    """Where the first `most` pages of `archive` end."""
    with archive.open("rb") as file:
        pages = (item.offset for item in records(file) if isinstance(item, Record) and item.kind == "response")
        starts = list(islice(pages, most + 1))
    return starts[1:] if len(starts) > most else [*starts[1:], archive.stat().st_size]


def in_fresh_process(function: Callable[..., Any]) -> Any:
    """What `function` returns in a process of its own."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(function).result()


def our_pass(folder: Path, workers: int = 1) -> Pass:
    with tempfile.TemporaryDirectory() as out:
        return told("humpback", in_fresh_process(partial(ours, folder, Path(out), workers)))


def peer_pass(python: Path, name: str, folder: Path, texts: Path) -> Pass:
    """A pass of benchmarks/corpus_peers.py; the texts that it extracts are left at `texts`."""
    source = str(Path(humpback.__file__ or "").parents[1])
    with tempfile.TemporaryDirectory() as out:
        command = [str(python), str(HERE / "corpus_peers.py"), name, str(folder), out]
        done = subprocess.run(command, env={**os.environ, "PYTHONPATH": source}, capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"{' '.join(command)} failed:\n{done.stderr[-4000:]}")
        if name != "floor":
            shutil.copy(Path(out) / "texts.json", texts)
    return told(name, Pass(**json.loads(done.stdout.splitlines()[-1])))


def told(name: str, found: Pass) -> Pass:
    print(f"  {name}: {found.pages} pages in {found.seconds:.2f} s", file=sys.stderr, flush=True)
    return found


# Parts


def speed(web: Path, python: Path, texts: Path, rounds: int, results: Results) -> None:
    """Each of `rounds` has two passes of ours and of the floor, and one of each peer."""
    passes: dict[str, list[Pass]] = {name: [] for name in ("floor", "humpback", *PEERS)}
    with one_core():
        for _ in range(rounds):
            for peer in PEERS:
                passes["floor"].append(peer_pass(python, "floor", web, texts))
                passes["humpback"].append(our_pass(web))
                passes[peer].append(peer_pass(python, peer, web, texts / f"{peer}.json"))
    best = {name: min(found, key=lambda each: each.seconds) for name, found in passes.items()}
    print("\nSpeed: one core; the fastest pass, in brackets the median")
    print(f"  {'':<14}{'pages read':>12}{'seconds':>20}{'pages/s':>10}   passes")
    for name, found in passes.items():
        middle, fastest = median(each.seconds for each in found), best[name]
        seconds = f"{fastest.seconds:.2f} ({middle:.2f})"
        print(f"  {name:<14}{fastest.pages:>12}{seconds:>20}{rate(fastest):>10.1f}   {len(found)}  {counts(fastest)}")
        results.figures[name] = {"pages": fastest.pages, "seconds": fastest.seconds, "median": middle, **fastest.more}
    judge_speed(best, results)


def judge_speed(best: dict[str, Pass], results: Results) -> None:
    us, datatrove = best["humpback"], best["datatrove"]
    results.target("humpback / datatrove, pages per second", rate(us) / rate(datatrove), ge, 10)
    print(f"          (time for the same archives, whatever was read of them: {datatrove.seconds / us.seconds:.3g} times)")
    print(f"          (humpback / trafilatura alone, pages per second: {rate(us) / rate(best['trafilatura']):.3g})")
    results.target("humpback / FastWARC and Resiliparse, pages per second", rate(us) / rate(best["resiliparse"]), ge, 1.2)
    results.target("humpback / floor, time", us.seconds / best["floor"].seconds, le, 2.5)
    results.target("pages that humpback read, of those in the archives", us.pages / best["floor"].pages, ge, 1)
    parsers = best["floor"].versions["selectolax"], version("selectolax")
    if len(set(parsers)) > 1:
        print(f"  the floor is of selectolax {parsers[0]}, humpback runs {parsers[1]}: mend {REQUIREMENTS.name}")


def rate(found: Pass) -> float:
    return found.pages / found.seconds


def counts(found: Pass) -> str:
    return ", ".join(f"{name} {value}" for name, value in found.more.items() if isinstance(value, int))


@contextmanager
def one_core() -> Iterator[None]:
    """This process and all that it starts on one core."""
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(cores)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)


def quality(web: Path, python: Path, texts: Path, results: Results) -> None:
    """Gold strings in what each extracts; the texts of a peer that `speed` has run are there already."""
    gold = json.loads((web / "gold.json").read_text())
    for peer in PEERS:
        if not (texts / f"{peer}.json").exists():
            peer_pass(python, peer, web, texts / f"{peer}.json")
    extracted = {peer: json.loads((texts / f"{peer}.json").read_text()) for peer in PEERS}
    extracted |= our_texts(web)
    print(f"\nQuality: gold strings found\n  {'pages':<14}{'':<17}{'main text':>16}{'boilerplate':>16}{'purity':>9}")
    for part, pages in (("all", list(gold)), ("held out", [url for url in gold if is_held_out(url)])):
        scores = {name: score(found, {url: gold[url] for url in pages}) for name, found in extracted.items()}
        for name, found in scores.items():
            cells = [f"{found[kind]:.1%} of {found[kind + '_n']}" for kind in ("main", "boilerplate")]
            print(f"  {f'{part}, {len(pages)}':<14}{name:<17}{cells[0]:>16}{cells[1]:>16}{found['purity']:>9.3f}")
        results.figures[f"quality, {part}"] = scores
        judge_quality(scores, part, results)


def judge_quality(scores: dict[str, dict[str, float]], part: str, results: Results) -> None:
    headed, kept = scores[HEADED], scores[KEPT]
    results.target(f"kept, {part}: purity", kept["purity"], ge, 0.95)
    results.target(f"kept, {part}: main text", kept["main"], ge, 0.45)
    results.target(f"headed, {part}: main text", headed["main"], ge, 0.93)
    results.target(f"headed, {part}: boilerplate", headed["boilerplate"], le, 0.10)


def our_texts(web: Path) -> dict[str, dict[str, str]]:
    """By address: the headings of a page with what stands below them, and the text of the segments that the rules keep."""
    documents = [row for row in read(DocumentsConfig(), sources([str(web / "*.warc.gz")])) if not isinstance(row, Drop)]
    urls = {row["id"]: row["url"] for row in documents}
    candidates = [row for row in segment(SegmentConfig(), documents) if not isinstance(row, Drop)]
    texts: dict[str, dict[str, str]] = {HEADED: {}, KEPT: {}}
    for row in candidates:
        add(texts[HEADED], urls[row["parent"]], row["header_path"][-1] + "\n" + row["text"])
    for row in apply_rules(RuleConfig(), candidates):
        if not isinstance(row, Drop):
            add(texts[KEPT], urls[row["parent"]], row["text"])
    return texts


def add(texts: dict[str, str], url: str, text: str) -> None:
    texts[url] = texts.get(url, "") + "\n" + text


def is_held_out(url: str) -> bool:
    """A quarter of the pages, on which nothing was tuned."""
    return hashlib.md5(url.encode()).digest()[0] & 3 == 3


def score(texts: dict[str, str], gold: dict[str, dict[str, list[str]]]) -> dict[str, float]:
    """Shares of the gold strings found in `texts`; a page without a text has none of its strings."""
    found: dict[str, list[bool]] = {"with": [], "without": []}
    for url, strings in gold.items():
        text = collapsed(texts.get(url, ""))
        for kind, hits in found.items():
            hits += [collapsed(string) in text for string in strings[kind]]
    main, boilerplate = (sum(hits) / len(hits) for hits in found.values())
    purity = main / (main + boilerplate) if main + boilerplate else 0.0
    sizes = {"main_n": len(found["with"]), "boilerplate_n": len(found["without"])}
    return {"main": round(main, 4), "boilerplate": round(boilerplate, 4), "purity": round(purity, 4), **sizes}


def collapsed(text: str) -> str:
    return " ".join(text.split())


def two_workers(web: Path, pages: int, rounds: int, results: Results) -> None:
    """The whole run with two workers against one, in alternation."""
    with tempfile.TemporaryDirectory() as work:
        folder = repeated(web, Path(work) / "pages", pages)
        passes = [(our_pass(folder, 1), our_pass(folder, 2)) for _ in range(rounds)]
    one, two = (min(found, key=lambda each: each.seconds) for found in zip(*passes, strict=True))
    serial = round(one.seconds - one.more["stage_seconds"], 3)
    print(f"\nWorkers: {one.pages} pages, the fastest of {rounds}")
    for count, found in ((1, one), (2, two)):
        print(
            f"  {count}: {found.seconds:.1f} s, of which {found.more['stage_seconds']:.1f} s in the stage that workers share"
        )
    print(f"  serial (deduplication, caps, sample): {serial / one.seconds:.1%} of one worker's time")
    print(f"  the shared stage alone: {one.more['stage_seconds'] / two.more['stage_seconds']:.2f} times")
    results.figures["workers"] = {"pages": one.pages, "one": one.seconds, "two": two.seconds, "serial": serial}
    results.target("two workers against one, the whole run", one.seconds / two.seconds, ge, 1.8)


def memory(web: Path, most: int, results: Results) -> None:
    """The peak of a worker over ever more pages, up to `most`; its ranges of an archive are full from 3,000 pages on."""
    sizes = [size for size in (100, 1_000, 10_000, 100_000) if size < most] + [most]
    print(f"\nMemory: peak resident MB\n  {'pages':>8}{'worker':>8}{'main process':>14}")
    peaks = {}
    for size in sizes:
        with tempfile.TemporaryDirectory() as work:
            found = our_pass(repeated(web, Path(work) / "pages", size), 2)
        peaks[size] = found.more["worker_mb"]
        results.figures[f"memory, {size} pages"] = {"worker": peaks[size], "main": found.more["main_mb"]}
        print(f"  {size:>8}{peaks[size]:>8}{found.more['main_mb']:>14}", flush=True)
    results.target("peak MB of a worker", max(peaks.values()), le, 600)
    if len(sizes) > 1:
        before, last = sizes[-2:]
        results.target(f"peak of a worker, {last} pages against {before}", peaks[last] / peaks[before], le, 1.25)


# The environment, the machine, the command line


def peers_python(folder: Path) -> Path:
    """The Python of the peers' environment, which is made on the first call and whenever its requirements change."""
    python, stamp = folder / "bin" / "python", folder / "requirements.txt"
    if not stamp.exists() or stamp.read_bytes() != REQUIREMENTS.read_bytes():
        print(f"installing the peers in {folder}", file=sys.stderr, flush=True)
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", str(REQUIREMENTS)]
        done = subprocess.run(install, stderr=subprocess.PIPE, text=True)
        if done.returncode:
            sys.exit(f"the peers cannot be installed in {folder}:\n{done.stderr[-4000:]}")
        shutil.copy(REQUIREMENTS, stamp)
    return python


def machine() -> dict[str, Any]:
    models = [
        line.partition(":")[2].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line
    ]
    describe = ["git", "-C", str(HERE), "describe", "--always", "--dirty"]
    revision = subprocess.run(describe, capture_output=True, text=True).stdout.strip()
    return {
        "cpu": models[0] if models else platform.machine(),
        "cpus": os.cpu_count(),
        "load": round(os.getloadavg()[0], 2),
        "python": platform.python_version(),
        "revision": revision,
        **{name: version(name) for name in ("humpback", "selectolax", "pyarrow")},
        "peers": [pin for pin in REQUIREMENTS.read_text().splitlines() if pin.startswith(PEERS)],
    }


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for part in PARTS:
        parser.add_argument(f"--{part}", action="store_true")
    parser.add_argument("--rounds", type=int, default=3, help="of passes; each has two of ours and one of each peer (3)")
    parser.add_argument("--worker-pages", type=int, default=12_000, help="pages for --workers (12000: over 20 s)")
    parser.add_argument("--memory-pages", type=int, default=10_000, help="most pages for --memory (10000: 280 MB of disk)")
    parser.add_argument("--peers", type=Path, default=CACHE, help=f"the peers' environment ({CACHE})")
    found = parser.parse_args()
    if not any(getattr(found, part) for part in PARTS):
        found.speed = found.quality = True
    return found


def main() -> None:
    asked = arguments()
    web = Path(os.environ.get("HUMPBACK_DATA", "../shared/data")) / "web"
    if not any(web.glob("*.warc.gz")):
        sys.exit(f"{web} holds no archives: set HUMPBACK_DATA")
    os.environ.update(ONE_THREAD)
    results, described = Results(), machine()
    with tempfile.TemporaryDirectory() as work:
        texts = Path(work)
        if asked.speed:
            speed(web, peers_python(asked.peers), texts, asked.rounds, results)
        if asked.quality:
            quality(web, peers_python(asked.peers), texts, results)
    if asked.workers:
        two_workers(web, asked.worker_pages, asked.rounds, results)
    if asked.memory:
        memory(web, asked.memory_pages, results)
    print("\n" + json.dumps({"machine": described, "targets": results.targets, "figures": results.figures}))


if __name__ == "__main__":
    main()
