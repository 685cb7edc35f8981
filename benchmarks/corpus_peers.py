"""What benchmarks/corpus.py compares with: one pass by the Python of the peers' environment, its figures as JSON on stdout.

    PYTHONPATH=src PEERS/bin/python benchmarks/corpus_peers.py datatrove FOLDER OUT

FOLDER holds *.warc.gz, OUT is an empty folder; all but the floor leave OUT/texts.json there, texts by address.
Imports and the first call of each library come before the clock starts.
"""

import gzip
import json
import sys
import time
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

from fastwarc.warc import ArchiveIterator, WarcRecordType
from selectolax.lexbor import LexborHTMLParser

from humpback.corpus.documents.encoding import decode

PAGE = "<html><body><h1>Tea</h1><p>Green tea is steeped for two minutes, at eighty degrees.</p></body></html>"
PACKAGES = ("datatrove", "trafilatura", "resiliparse", "lxml", "warcio", "FastWARC", "selectolax")


def pages(folder: Path) -> Iterator[tuple[str, str]]:
    """(address, HTML) of each response in the archives of `folder`, decoded as humpback decodes."""
    for archive in sorted(folder.glob("*.warc.gz")):
        with archive.open("rb") as file:
            for record in ArchiveIterator(file, record_types=WarcRecordType.response, parse_http=True):
                yield record.headers["WARC-Target-URI"], decode(record.reader.read(), record.http_charset)[0]


def floor(folder: Path, out: Path) -> dict[str, Any]:  # noqa: ARG001 as the others
    """Read, decode, parse, and drop the tree."""
    LexborHTMLParser(PAGE)
    count, started = 0, time.perf_counter()
    for _, html in pages(folder):
        LexborHTMLParser(html)
        count += 1
    return {"seconds": round(time.perf_counter() - started, 3), "pages": count}


def trafilatura(folder: Path, out: Path) -> dict[str, Any]:
    """`trafilatura.extract` as it comes, over pages that are in memory already."""
    from trafilatura import extract

    extract(PAGE)
    decoded = list(pages(folder))
    started = time.perf_counter()
    texts = {url: extract(html) or "" for url, html in decoded}
    seconds = round(time.perf_counter() - started, 3)
    (out / "texts.json").write_text(json.dumps(texts))
    return {"seconds": seconds, "pages": len(decoded), "more": {"with text": sum(map(bool, texts.values()))}}


def resiliparse(folder: Path, out: Path) -> dict[str, Any]:
    """FastWARC and Resiliparse, both compiled: archives in, decoded, main text of each page, Parquet out. No other rule."""
    import pyarrow as pa
    import pyarrow.parquet as pq
    from resiliparse.extract.html2text import extract_plain_text
    from resiliparse.parse.encoding import bytes_to_str, detect_encoding

    extract_plain_text(bytes_to_str(PAGE.encode(), detect_encoding(PAGE.encode())), main_content=True)
    pq.write_table(pa.table({"url": ["a"], "text": ["b"]}), out / "warm-up.parquet")
    urls, texts, started = [], [], time.perf_counter()
    for archive in sorted(folder.glob("*.warc.gz")):
        with archive.open("rb") as file:
            for record in ArchiveIterator(file, record_types=WarcRecordType.response, parse_http=True):
                body = record.reader.read()
                html = bytes_to_str(body, record.http_charset or detect_encoding(body))
                urls.append(record.headers["WARC-Target-URI"])
                texts.append(extract_plain_text(html, main_content=True))
    pq.write_table(pa.table({"url": urls, "text": texts}), out / "rows.parquet", compression="zstd")
    seconds = round(time.perf_counter() - started, 3)
    (out / "texts.json").write_text(json.dumps(dict(zip(urls, texts, strict=True))))
    return {"seconds": seconds, "pages": len(urls), "more": {"with text": sum(map(bool, texts))}}


def datatrove(folder: Path, out: Path) -> dict[str, Any]:
    """The first lines of datatrove's FineWeb example: WarcReader, Trafilatura, JsonlWriter, as one local task."""
    import cchardet
    import magic
    import warcio.archiveiterator  # noqa: F401 the reader imports it when it opens the first file
    from datatrove.executor import LocalPipelineExecutor
    from datatrove.pipeline.extractors import Trafilatura
    from datatrove.pipeline.readers import WarcReader
    from datatrove.pipeline.writers import JsonlWriter

    cchardet.detect(magic.from_buffer(PAGE, mime=True).encode())
    reader = WarcReader(str(folder), glob_pattern="*.warc.gz")
    extractor = Trafilatura(favour_precision=True)
    # Its sandbox is a fork of this process, which has loaded and called everything then.
    extractor.extract(PAGE)
    writer = JsonlWriter(str(out / "rows"))
    executor = LocalPipelineExecutor([reader, extractor, writer], tasks=1, workers=1, logging_dir=str(out / "logs"))
    started = time.perf_counter()
    stats = executor.run().stats
    seconds = round(time.perf_counter() - started, 3)
    (out / "texts.json").write_text(json.dumps(written(out / "rows")))
    counts = {name: int(found.total) for name, found in stats[1].stats.items() if name != "doc_len"}
    return {"seconds": seconds, "pages": counts.pop("total"), "more": counts}


def written(folder: Path) -> dict[str, str]:
    texts = {}
    for path in sorted(folder.glob("*.jsonl.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as file:
            texts.update((row["metadata"]["url"], row["text"]) for row in map(json.loads, file))
    return texts


if __name__ == "__main__":
    measure = {"floor": floor, "trafilatura": trafilatura, "resiliparse": resiliparse, "datatrove": datatrove}[sys.argv[1]]
    found = measure(Path(sys.argv[2]), Path(sys.argv[3]))
    print(json.dumps({**found, "versions": {name: version(name) for name in PACKAGES}}))
