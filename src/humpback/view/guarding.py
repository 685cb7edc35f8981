"""What keeps a page of a run from the rest of the world, and the rest of the world from the run.

Everything that a run holds is text of strangers. Pages may load nothing but this application's own style and script, be
framed by nobody, and send forms nowhere else; requests under another name than this machine's (a name that somebody else let
point here), or from pages of another origin, are refused; what changes anything needs a word that only our own pages know.
"""

import json
import secrets
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
# The report brings its style with it, and has no script.
OWN_STYLE = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
STYLED = "x-humpback-styled"
TOKEN_HEADER = "x-humpback-token"
MOST_BYTES = 8 << 20

Next = Callable[[Request], Awaitable[Response]]


class Guard:
    """Looks at each request before anything else does."""

    def __init__(self, port: int) -> None:
        self.token = secrets.token_urlsafe(24)
        self._hosts = {f"{name}:{port}" for name in ("127.0.0.1", "localhost", "[::1]")}
        self._origins = {f"http://{host}" for host in self._hosts}

    def refusal(self, request: Request) -> str | None:
        """Why the request is refused; None where it is not."""
        host, origin = request.headers.get("host", ""), request.headers.get("origin")
        site = request.headers.get("sec-fetch-site", "none")
        if host not in self._hosts:
            return f"this is no place called {host[:80]}"
        if origin is not None and origin not in self._origins:
            return "this came from a page of another origin"
        if site not in ("none", "same-origin") and not (site == "cross-site" and _is_visit(request)):
            return "this came from a page of another origin"
        sent = request.headers.get(TOKEN_HEADER, "").encode()
        if request.method not in ("GET", "HEAD") and not secrets.compare_digest(sent, self.token.encode()):
            return "this did not come from a page of this run: load it again"
        return None

    async def __call__(self, request: Request, call_next: Next) -> Response:
        why = self.refusal(request)
        response = PlainTextResponse(why + "\n", 403) if why else await call_next(request)
        own = response.headers.get(STYLED)
        for name, value in HEADERS.items():
            response.headers[name] = OWN_STYLE if own and name == "Content-Security-Policy" else value
        return response


async def said(request: Request) -> Any:
    """The JSON that was sent; raises `ValueError` where it is none, or more than anybody types."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MOST_BYTES:
            raise ValueError(f"more than {MOST_BYTES >> 20} MiB")
    try:
        return json.loads(body)
    except RecursionError:
        raise ValueError("too deep") from None


def _is_visit(request: Request) -> bool:
    """Somebody follows a link to here from elsewhere: the page is shown, and nothing is given to the other one."""
    return request.method == "GET" and request.headers.get("sec-fetch-mode") == "navigate"
