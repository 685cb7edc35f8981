"""Common Crawl by name, against a small crawl of the same layout that a server on this machine serves."""

import gzip
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from humpback.corpus.documents.read import DocumentsConfig, read
from humpback.corpus.inputs.crawl import BASE_VARIABLE, archives
from humpback.corpus.inputs.sources import sources
from humpback.errors import HumpbackError, UsageFault
from humpback.stage import Drop

pytest.importorskip("aiohttp")

DEMO = Path(__file__).parents[3] / "src" / "humpback" / "recipes" / "material" / "pages.warc.gz"
NAME = "CC-MAIN-2026-30"
LIST = f"/crawl-data/{NAME}/warc.paths.gz"


class Crawl(BaseHTTPRequestHandler):
    """Serves `files`, whole or in ranges, and refuses the first `failures` requests for a range."""

    files: dict[str, bytes]
    failures = 0

    def do_HEAD(self) -> None:
        self.answer(body=False)

    def do_GET(self) -> None:
        self.answer(body=True)

    def answer(self, body: bool) -> None:
        data = self.files.get(self.path)
        wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        if data is None or (wanted and type(self).failures > 0):
            type(self).failures -= data is not None
            self.send_error(404 if data is None else 503)
            return
        start, end = (int(wanted[1]), int(wanted[2] or len(data) - 1) + 1) if wanted else (0, len(data))
        part = data[start:end]
        self.send_response(206 if wanted else 200)
        self.send_header("Content-Length", str(len(part)))
        self.send_header("Accept-Ranges", "bytes")
        if wanted:
            self.send_header("Content-Range", f"bytes {start}-{start + len(part) - 1}/{len(data)}")
        self.end_headers()
        if body:
            self.wfile.write(part)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: the log of a test is its outcome."""


@pytest.fixture
def crawl(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Crawl]]:
    paths = [f"crawl-data/{NAME}/segments/1/warc/{n:05d}.warc.gz" for n in range(20)]
    Crawl.files = {f"/{path}": DEMO.read_bytes() for path in paths}
    Crawl.files[LIST] = gzip.compress("".join(f"{path}\n" for path in paths).encode(), mtime=0)
    Crawl.failures = 0
    with ThreadingHTTPServer(("127.0.0.1", 0), Crawl) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        monkeypatch.setenv(BASE_VARIABLE, f"http://127.0.0.1:{server.server_port}")
        yield Crawl
        server.shutdown()
        thread.join()


def test_archives_of_a_crawl(crawl: type[Crawl]) -> None:
    """Two of twenty archives are read over the network as they would be from the disk."""
    found = sources([f"cc:{NAME}?files=2"])
    rows = [outcome for outcome in read(DocumentsConfig(), found[:1]) if not isinstance(outcome, Drop)]
    assert (len(found), len(rows)) == (2, 52)
    assert rows[0]["warc"] == found[0]["path"].rsplit("/", 1)[-1]


def test_the_draw(crawl: type[Crawl]) -> None:
    """The same on every machine; another seed draws others, and a larger number the same and more."""
    two, five, other = (set(archives(f"cc:{NAME}?{options}")) for options in ("files=2", "files=5", "files=5&seed=1"))
    assert (len(two), len(five), two < five, other != five) == (2, 5, True, True)
    assert len(archives(f"cc:{NAME}")) == 1


@pytest.mark.parametrize("name", ["cc:CC-MAIN-1999-01", "cc:", "cc:2026-30", f"cc:{NAME}?files=0", f"cc:{NAME}?file=3"])
def test_a_crawl_that_is_not_there(crawl: type[Crawl], name: str) -> None:
    """A mistyped crawl or option is told, not guessed at."""
    with pytest.raises(UsageFault):
        archives(name)


def test_a_list_that_is_none(crawl: type[Crawl]) -> None:
    """An error page in the place of the list."""
    crawl.files[LIST] = b"<html>"
    with pytest.raises(UsageFault, match="no list of archives"):
        archives(f"cc:{NAME}")


def test_a_connection_that_fails_for_a_moment(crawl: type[Crawl], monkeypatch: pytest.MonkeyPatch) -> None:
    """Servers refuse now and then: two refusals cost no page."""
    monkeypatch.setattr("humpback.corpus.documents.files.time.sleep", lambda seconds: None)
    found = sources([f"cc:{NAME}"])
    crawl.failures = 2
    assert len([outcome for outcome in read(DocumentsConfig(), found) if not isinstance(outcome, Drop)]) == 52


def test_a_connection_that_is_gone(crawl: type[Crawl], monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be fetched ends the run: as a damaged file it would be an archive less in the corpus, unseen."""
    monkeypatch.setattr("humpback.corpus.documents.files.time.sleep", lambda seconds: None)
    found = sources([f"cc:{NAME}"])
    crawl.failures = 99
    with pytest.raises(HumpbackError, match="cannot read"):
        list(read(DocumentsConfig(), found))
