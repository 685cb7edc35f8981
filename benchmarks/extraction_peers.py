"""What benchmarks/extraction.py compares with: main texts by the Python of the peers' environment, as JSON on stdout.

    PEERS/bin/python benchmarks/extraction_peers.py NAME < pages.jsonl

A line of the input is {"id", "html"}; {"seconds", "version", "texts": {id: text}} comes out. Imports and the first call come
before the clock starts.
"""

import json
import sys
import time
from collections.abc import Callable
from importlib.metadata import version

PAGE = "<html><body><h1>Tea</h1><p>Green tea is steeped for two minutes, at eighty degrees.</p></body></html>"


def trafilatura() -> Callable[[str], str | None]:
    from trafilatura import extract

    return extract


def resiliparse() -> Callable[[str], str | None]:
    from resiliparse.extract.html2text import extract_plain_text

    return lambda html: extract_plain_text(html, main_content=True)


def turbohtml() -> Callable[[str], str | None]:
    from turbohtml import parse

    return lambda html: parse(html).main_text()


PEERS = {"trafilatura": trafilatura, "resiliparse": resiliparse, "turbohtml": turbohtml}


def main(name: str) -> None:
    extract = PEERS[name]()
    extract(PAGE)
    pages = [json.loads(line) for line in sys.stdin]
    texts, seconds = {}, 0.0
    for page in pages:
        started = time.perf_counter()
        try:
            texts[page["id"]] = extract(page["html"]) or ""
        except Exception as error:  # noqa: BLE001 a page that a peer cannot read has no text
            texts[page["id"]] = ""
            print(f"{name}: {page['id']}: {type(error).__name__}", file=sys.stderr)
        seconds += time.perf_counter() - started
    print(json.dumps({"seconds": seconds, "version": version(name), "texts": texts}))


main(sys.argv[1])
