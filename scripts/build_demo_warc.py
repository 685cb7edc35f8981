"""Build the demo's archive from the pages in `demo_pages/`: the same bytes on every machine.

    python scripts/build_demo_warc.py src/humpback/recipes/material/pages.warc.gz

Beside the pages it holds what archives hold: a warcinfo, a request, an image, a page that was not found, a redirect, and
an empty body, so that a reader has something to account for.
"""

import gzip
import sys
import uuid
from pathlib import Path

PAGES = Path(__file__).parent / "demo_pages"
DATE = "2026-11-20T00:00:00Z"
# A picture of one pixel.
GIF = bytes.fromhex("47494638396101000100800000000000ffffff21f90401000000002c00000000010001000002024401003b")


def record(kind: str, uri: str, content_type: str, block: bytes) -> bytes:
    name = uuid.uuid5(uuid.NAMESPACE_URL, f"{kind} {uri}")
    head = (
        f"WARC/1.1\r\nWARC-Type: {kind}\r\nWARC-Record-ID: <urn:uuid:{name}>\r\nWARC-Date: {DATE}\r\n"
        f"WARC-Target-URI: {uri}\r\nContent-Type: {content_type}\r\nContent-Length: {len(block)}\r\n\r\n"
    )
    return gzip.compress(head.encode() + block + b"\r\n\r\n", 9, mtime=0)


def response(uri: str, body: bytes, content_type: str = "text/html", status: str = "200 OK") -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n\r\n"
    return record("response", uri, "application/http; msgtype=response", head.encode() + body)


def main(out: Path) -> None:
    site = "https://demo.example/"
    parts = [record("warcinfo", "urn:demo", "application/warc-fields", b"software: build_demo_warc.py\r\n")]
    request = f"GET / HTTP/1.1\r\nHost: {site[8:-1]}\r\n\r\n".encode()
    parts.append(record("request", site, "application/http; msgtype=request", request))
    parts.append(response(f"{site}pixel.gif", GIF, "image/gif"))
    parts.append(response(f"{site}gone", b"<h1>Not found</h1>", status="404 Not Found"))
    parts.append(response(f"{site}old", b"", status="301 Moved Permanently"))
    parts.append(response(f"{site}blank", b"  \n"))
    for page in sorted(PAGES.glob("*.html")):
        wrong = "; charset=utf-8" if page.stem == "bad-charset" else ""
        parts.append(response(site + page.stem, page.read_bytes(), "text/html" + wrong))
    out.write_bytes(b"".join(parts))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
