"""Look for bytes and pages that break the corpus stages: coverage-guided fuzzing with atheris (libFuzzer).

    python -m venv fuzzing
    fuzzing/bin/pip install -c constraints.txt -e . atheris
    fuzzing/bin/python scripts/fuzz_corpus.py page found/page -max_total_time=600

The first argument is a target of `TARGETS`. The second is the folder where inputs that reach new code are kept, from run to
run; it is filled with seeds at first, of outside data too where `HUMPBACK_DATA` has it. Or it is a file, which is run alone.
What follows goes to libFuzzer. An input is a finding if a stage raises, answers for a row twice or not at all, breaks a
promise that is asserted below, or takes more than `SECONDS` of the process's time; libFuzzer writes it to crash-* and ends.
The least that shows it belongs into tests/hostile/test_fuzzed.py.

C extensions (lexbor, isal, Arrow) are not instrumented: their code is run, but does not guide.
"""

import bz2
import csv
import gzip
import io
import json
import os
import random
import sys
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from itertools import count, pairwise
from pathlib import Path
from typing import Any

import atheris
import brotli
import lz4.frame
import pyarrow as pa
import pyarrow.parquet as pq

with atheris.instrument_imports(include=["humpback.corpus"]):
    from humpback.corpus.cutting import furniture, threads
    from humpback.corpus.cutting.segment import STORED_CHARS, SegmentConfig, count_chars, segment, whole_text
    from humpback.corpus.documents import records
    from humpback.corpus.documents.read import DocumentsConfig, read
    from humpback.corpus.documents.rights import RightsConfig, by_rights, rights
    from humpback.corpus.inputs.sources import sources
    from humpback.corpus.rules.quality import RuleConfig, apply_rules
    from humpback.text.language import LanguageConfig, keep_languages
    from humpback.text.redaction import RedactConfig, redact

from humpback.config import Config
from humpback.ledger import Ledger
from humpback.schema import DOCUMENT, SEGMENT, Row
from humpback.stage import Drop, Outcome
from humpback.store import to_table

# Inputs are small: a stage that takes so long on 64 kB takes the square of their length, or unpacks far too much.
SECONDS = 1.0
# What is packed may well hold a hundred thousand lines of one character.
SECONDS_EACH = 20e-6
MOST_BYTES = 1 << 16
# Text may be kept once for each heading above it, and no oftener.
MOST_COPIES = 20
DATA = Path(os.environ.get("HUMPBACK_DATA", Path(__file__).parents[2] / "shared" / "data"))

# Checks


def answered(
    step: str, function: Callable[[Any, Any], Iterator[Outcome]], config: Config, rows: list[Row], reads: bool = False
) -> tuple[list[Row], list[Drop]]:
    """What `function` keeps and drops, each row once, under ids of their own; it `reads` records, or rows."""
    ledger, both = Ledger(step, reads), list[Outcome]()
    began = time.process_time()
    kept = list(ledger.keeping(_noted(function(config, ledger.reading(rows)), both)))
    took = time.process_time() - began
    assert took < SECONDS + SECONDS_EACH * len(both), f"{step}: took {took:.1f} s"
    drops = [outcome for outcome in both if isinstance(outcome, Drop)]
    ledger.totals(0.0)
    ids = [row["id"] for row in kept] + [drop.row["id"] for drop in drops]
    assert len(set(ids)) == len(ids), f"{step}: two rows of one id"
    for drop in drops:
        f"{drop.row['id']} {drop.reason} {drop.value}".encode()
    return kept, drops


def _noted(outcomes: Iterator[Outcome], seen: list[Outcome]) -> Iterator[Outcome]:
    for outcome in outcomes:
        seen.append(outcome)
        yield outcome


def check_file(name: str, data: bytes, split: bool = False) -> None:
    """Read `data` as the file `name`: whole, and in ranges if `split`."""
    most = 1 + max(len(data) // 4, zlib.crc32(data) % (len(data) + 1))
    size = split and (1 if name.endswith(".parquet") else most)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, name)
        path.write_bytes(data)
        kept, drops = answered("read", read, DocumentsConfig(), sources([str(path)], split=False), reads=True)
        parts = sources([str(path)], split=size)
        in_parts = [answered("read", read, DocumentsConfig(), [part], reads=True) for part in parts if len(parts) > 1]
    to_table(kept, DOCUMENT)
    if in_parts:
        found = [outcome for part in in_parts for outcomes in part for outcome in outcomes]
        # A range without a record is silent, and an empty file is not.
        whole = [*kept, *(drop for drop in drops if drop.reason != "empty_source")]
        assert sorted(map(_told, found)) == sorted(map(_told, whole)), "ranges give other rows than the whole file"


def _told(outcome: Outcome) -> str:
    return repr((outcome.row["id"], outcome.reason) if isinstance(outcome, Drop) else outcome)


def check_segments(document: Row) -> None:
    """Take `document` through the stages from its rights to redaction, cut in each way."""
    page = [_with_rights(document)]
    answered("refusals", by_rights, RightsConfig(), page)
    size = sum(len(document.get(name) or "") for name in ("html", "text", "title"))
    # Bounds so wide that the rules behind them are met.
    overlap = ("largest", "smallest", "all")[size % 3]
    config = RuleConfig(min_chars=1, max_chars=10**9, link_share=2, upper_share=2, symbol_share=2, overlap=overlap)
    for unit in ("header_tree", "document", "paragraph"):
        cut = SegmentConfig(unit=unit)
        rows, drops = answered("segment", segment, cut, page)
        assert (rows, drops) == answered("segment", segment, cut, page), "twice is not the same"
        known = {row["id"] for row in rows}
        assert all(row["parent_segment"] in known for row in rows if row["parent_segment"]), "a parent that is not there"
        assert sum(len(row["text"]) for row in rows) <= MOST_COPIES * size + 1000, "text is kept again and again"
        check_lengths(rows)
        answered("rules", apply_rules, config, rows)
        rows, _ = answered("languages", keep_languages, LanguageConfig(), rows)
        whole = {row["id"] for row in rows if len(row["text"]) < STORED_CHARS}
        rows, _ = answered("redact", redact, RedactConfig(), rows)
        check_lengths([row for row in rows if row["id"] in whole])
        again, _ = answered("redact", redact, RedactConfig(), rows)
        assert again == [{**row, "redacted": []} for row in rows], "redacts anew"


def _with_rights(document: Row) -> Row:
    html = document.get("html") or ""
    said = rights(html, {"X-Robots-Tag": html[:200]})
    return {**document, "license": said.license, "opt_out": list(said.opt_out)}


def check_lengths(rows: list[Row]) -> None:
    to_table(rows, SEGMENT)
    for row in rows:
        if len(row["text"]) < STORED_CHARS:
            assert row["n_chars"] == count_chars(row["text"]), "n_chars is not the length"


# Targets


def fuzz_archive(data: bytes) -> None:
    """An archive of any format and compression, whole and in ranges."""
    # So far before a range its reader begins; real archives are a thousand times larger.
    records.LOOKBACK = 8 << 10
    places = [item.offset for item in records.records(io.BytesIO(data))]
    longest = max((after - before for before, after in pairwise([*places, len(data)])), default=0)
    # Within a longer record an archive may lie that a range's reader would not see the end of (see `records`).
    check_file("a.warc", data, split=longest <= records.LOOKBACK)


def fuzz_message(data: bytes) -> None:
    """An HTTP response in an archive: chunks, codings, charsets."""
    head = f"WARC/1.0\r\nWARC-Type: response\r\nContent-Type: application/http\r\nContent-Length: {len(data)}\r\n\r\n"
    check_file("m.warc", head.encode() + data + b"\r\n\r\n")


TABLES = (".jsonl", ".csv", ".tsv", ".parquet", ".jsonl.gz", ".csv.zst", ".jsonl.bz2", ".csv.xz")


def fuzz_table(data: bytes) -> None:
    """A table, its kind by the first byte, whole and in ranges where it can be cut."""
    ending = TABLES[data[0] % len(TABLES)] if data else ".csv"
    check_file(f"t{ending}", data[1:], split=True)


def fuzz_page(data: bytes) -> None:
    """A page as HTML; bytes that are no UTF-8 stand for lone surrogates, which JSON can hold."""
    row = {"id": "d", "parent": "s", "url": "https://a.example.de/", "html": data.decode("utf-8", "surrogateescape")}
    check_segments(row)
    whole_text(row).encode()


def fuzz_text(data: bytes) -> None:
    """A title, and after the first line a text as Markdown."""
    title, _, text = data.decode("utf-8", "surrogateescape").partition("\n")
    check_segments({"id": "d", "parent": "s", "url": None, "text": text, "title": title, "lang": "de"})


TARGETS = {"archive": fuzz_archive, "message": fuzz_message, "table": fuzz_table, "page": fuzz_page, "text": fuzz_text}

# Seeds, and the words that inputs are made of

PAGE = """<!doctype html><html lang="en"><head><title>Chains</title><meta charset="utf-8"><meta name="robots" content="noai">
<link rel="license" href="https://creativecommons.org/licenses/by/4.0/"></head><body><nav><a href="/">Home</a></nav><main>
<h1>Chains</h1><p>Oil each link of the <b>chain</b> and wait; write to a.b@mail.de or call +49 30 901820.</p><h2>Tools</h2>
<ul><li>A brush<li>Oil</ul><ol><li><p>One</ol><table><caption>C</caption><tr><th>A<th>B<tr><td>1<td>2</table><h3>Code</h3>
<pre>x = 1</pre><blockquote>Said</blockquote><dl><dt>T<dd>D</dl><h2>Related</h2><a href="x">More</a></main>
<footer class="comments">IBAN DE89 3704 0044 0532 0130 00, card 4111 1111 1111 1111, 84.23.1.4</footer></body></html>"""
TEXT = """A title\n# Heading\n\nText with [a link](x).\n\n> said\n\n- one\n- two\n\n```\n# code\n```\n
Setext\n===\n\n| a | b |\n|---|---|\n| 1 | 2 |\n"""
TAGS = (
    "a abbr address article aside b blockquote body br button caption center code col dd details div dl dt em figure font "
    "footer form frameset h1 h2 h3 h6 head header hgroup hr html i iframe img li link main math meta nav noscript object ol "
    "option p plaintext pre q script section select span strong style summary sup svg table tbody td template textarea th "
    "title tr ul code input label kbd mi mfrac msup mtable mtr annotation mjx-container rp rt ruby slot sub x-host"
).split()
ATTRIBUTES = (
    ' class="%s"', ' id="%s"', " role=heading", " role=navigation", " aria-level=9", " hidden", ' style="display:none"',
    ' href="https://a.example/%s"', ' rel="license"', ' itemprop="articleBody"', ' aria-hidden="true"', ' name="%s"',
    " content=0", " role=tab", " role=tablist", " role=tabpanel", " aria-expanded=false", ' aria-controls="%s"',
    ' for="%s"', " type=checkbox", " type=math/tex", " rowspan=9", " colspan=9", " shadowrootmode=open", ' slot="%s"',
    " hidden=until-found", " data-toggle=collapse", ' href="#%s"', " data-latex=x", " alt=x",
    " encoding=application/x-tex", " data-mathml=x",
)  # fmt: skip
PIECES = (
    "<!--", "-->", "<![CDATA[", "]]>", "&#0;", "&#xD800;", "&amp;", "&nbsp;", "\u200b", "\u2028", "\u00a0", "。", "漢字かな",
    "عربي", "# ", "## ", "```\n", "~~~\n", "- ", "1. ", "> ", "===\n", "---\n", "|", "[x](y)", "\\", "\t", "\r", "\v",
    "\0", "\n\n", "a@b.de", "a [at] b [dot] de", " at gmail dot com", "+49 30 901820", "(030) 90 18 20",
    "DE89370400440532013000", "84.23.1.4", "4111111111111111", "2a00:1450::200e", "tel. ", "Lorem ipsum ",
    "We use cookies. ", "Read more", "…", "A. ", "Is it? ",
    '<script type="application/ld+json">{"@type":"Article","license":"https://a.example/', "\\ud800", '"}</script>',
    '<a rel="license" href="https://creativecommons.org/licenses/by/4.0/">',
)  # fmt: skip
RECORD = (
    "WARC/1.0\r\n", "\r\n\r\n", "WARC-Type: response\r\n", "Content-Length: 9\r\n", "Content-Type: application/http\r\n",
    "http://a.example/ 192.0.2.1 20240506070809 text/html 9\n", "HTTP/1.1 200 OK\r\n",
    "Content-Type: text/html; charset=", "Transfer-Encoding: chunked\r\n", "Content-Encoding: ", "gzip", "deflate", "br",
    "zstd", "utf-16", "shift_jis", "iso-2022-jp", "utf-7", "idna", "hz", "cp037", "rot13", "\r\n0\r\n\r\n",
    "ffffffffffffffff\r\n", "\x1f\x8b\x08\0", "\xef\xbb\xbf", "<meta charset=",
)  # fmt: skip
CELLS = (
    '{"text": "', '"}\n', '{"html": ', "null", "1e999", "NaN", '"\\ud800"', "[", "{", '"text"', '"html"', '"id"',
    '"license"', '"', '""', ",", ";", "\t", "\r\n", "\n", "\ufeff", "\0", "9" * 400,
)  # fmt: skip
NAMES = sorted(
    {*furniture._TERMS, *threads._WAYS}
    | set(
        "katex katex-html MathJax mwe-math-element latex highlight line gutter lineno fragment tab panel post answer".split()
    )
)


def record(block: bytes) -> bytes:
    head = (
        "WARC/1.0\r\nWARC-Type: response\r\nWARC-Date: 2024-05-06T07:08:09Z\r\nWARC-Target-URI: https://a.example/\r\n"
        f"Content-Type: application/http; msgtype=response\r\nContent-Length: {len(block)}\r\n\r\n"
    )
    return head.encode() + block + b"\r\n\r\n"


def message(body: bytes, *headers: str) -> bytes:
    return "\r\n".join(["HTTP/1.1 200 OK", *headers, "", ""]).encode() + body


def zstd(data: bytes) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(data)
    return sink.getvalue().to_pybytes()


def archive_seeds() -> Iterator[bytes]:
    page = message(PAGE.encode(), "Content-Type: text/html")
    line = f"http://a.example/ 192.0.2.1 20240506070809 text/html {len(page)}\n".encode()
    for records in ([record(page)] * 3, [line + page + b"\n"] * 3, [record(b""), record(page[:300]), line]):
        for pack in (bytes, gzip.compress, zstd, lz4.frame.compress):
            yield b"".join(map(pack, records))
            yield pack(b"".join(records))
    for path in sorted((DATA / "warc-hard").glob("*")):
        data = path.read_bytes()
        yield from {data[: MOST_BYTES - 1], data[:9_000], data[-9_000:]}


def message_seeds() -> Iterator[bytes]:
    page = PAGE.encode()
    codings = {"gzip": gzip.compress, "deflate": zlib.compress, "br": brotli.compress, "zstd": zstd}
    yield from (message(pack(page), f"Content-Encoding: {name}") for name, pack in codings.items())
    yield message(b"9\r\n<h1>A</h1\r\n1;x\r\n>\r\n0\r\n\r\n", "Transfer-Encoding: chunked")
    for name in ("utf-16", "shift_jis", "cp1250", "koi8-r", "big5", "iso-2022-jp"):
        body = (PAGE + "äöü 漢字 かな Привет").encode(name, "replace")
        yield message(body, f"Content-Type: text/html; charset={name}")
        yield message(body, "Content-Type: text/html")


def table_seeds() -> Iterator[bytes]:
    rows = [{"id": str(i), "text": f'Text, with "quotes"\nand {i}', "url": "u", "license": None} for i in range(9)]
    lines = "".join(json.dumps(row) + "\n" for row in rows).encode()
    sheet = io.StringIO()
    writer = csv.writer(sheet)
    writer.writerows([list(rows[0]), *(list(row.values()) for row in rows)])
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pylist(rows), sink, row_group_size=4)
    comma = sheet.getvalue().encode()
    contents = (lines, comma, comma.replace(b",", b"\t"), sink.getvalue().to_pybytes(), gzip.compress(lines), zstd(comma),
                bz2.compress(lines))  # fmt: skip
    yield from (bytes([number]) + content for number, content in enumerate(contents))
    yield b"\1" + sheet.getvalue().replace(",", ";").encode("utf-16")


def page_seeds() -> Iterator[bytes]:
    yield PAGE.encode()
    yield from (
        f"<title>T</title><h1>A</h1><{tag} class={name}>text<h2>B".encode() for tag, name in zip(TAGS, NAMES, strict=False)
    )
    chosen = random.Random(1)
    for path in sorted((DATA / "web").glob("*.warc.gz"))[:1]:
        pages = [row for row in read(DocumentsConfig(), sources([str(path)])) if not isinstance(row, Drop)]
        for page in pages[::3]:
            at, size = chosen.randrange(len(page["html"])), chosen.randint(2_000, 20_000)
            yield page["html"][at : at + size].encode()


def text_seeds() -> Iterator[bytes]:
    yield TEXT.encode()
    yield from (f"T\n# A\n\n{piece * 9}\n\ntext".encode() for piece in PIECES)


SEEDS = {"archive": archive_seeds, "message": message_seeds, "table": table_seeds, "page": page_seeds, "text": text_seeds}


def mutate(target: str, data: bytes, most: int, seed: int) -> bytes:
    """`data` with a word put in, a stretch of it repeated (which shows what takes the square of its length), or as libFuzzer
    changes it."""
    chosen = random.Random(seed)
    at = chosen.randrange(len(data) + 1)
    way = chosen.random()
    if way < 0.35:
        data = data[:at] + word(target, chosen) * chosen.choice([1, 1, 1, 2, 50]) + data[at:]
    elif way < 0.45 and data:
        piece = data[at : at + chosen.choice([1, 4, 20, 200])]
        data = data[:at] + piece * chosen.choice([2, 9, 200, 1_010, most // max(1, len(piece))]) + data[at:]
    else:
        return bytes(atheris.Mutate(data, most))
    return data[:most]


def word(target: str, chosen: random.Random) -> bytes:
    if target in ("archive", "message"):
        return chosen.choice(RECORD).encode("latin-1")
    if target == "table":
        return chosen.choice(CELLS).encode()
    if chosen.random() < 0.4:
        return chosen.choice(PIECES).encode()
    name = chosen.choice(ATTRIBUTES).replace("%s", chosen.choice(NAMES)) if chosen.random() < 0.5 else ""
    return f"<{chosen.choice(['', '', '/'])}{chosen.choice(TAGS)}{name}>".encode()


def main(argv: list[str]) -> None:
    target, corpus, options = argv[1], Path(argv[2]), argv[3:]
    if not corpus.exists():
        corpus.mkdir(parents=True)
        for number, seed in zip(count(), SEEDS[target]()):
            (corpus / f"seed{number:04d}").write_bytes(seed[:MOST_BYTES])
    change: Any = partial(mutate, target)
    arguments = [argv[0], str(corpus), f"-max_len={MOST_BYTES}", "-len_control=0", "-timeout=60", *options]
    atheris.Setup(arguments, TARGETS[target], custom_mutator=change)
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv)
