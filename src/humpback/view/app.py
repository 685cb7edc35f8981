"""The application: what is at each address. Pages need no script but for the keyboard and for what is written down."""

import getpass
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from humpback.errors import HumpbackError
from humpback.report import html
from humpback.report.composed import composed
from humpback.schema import Row
from humpback.view import blind, browsing, labelling, rounds, web_page
from humpback.view.guarding import HEADERS, STYLED, Guard, said
from humpback.view.labels import GRADES, WHY
from humpback.view.lineage import chain
from humpback.view.opened import Opened
from humpback.view.rendering import Templates
from humpback.view.tables import NoSuch


def application(opened: Opened, port: int) -> Starlette:
    """The application over one run; its guard knows this machine by the port."""
    guard = Guard(port)
    site = Site(opened, Templates(guard.token))
    routes = [
        Route("/", site.home),
        Route("/rows/{place:int}", site.rows),
        Route("/row/{place:int}/{number:int}", site.row),
        Route("/page/{place:int}/{number:int}", site.web_page),
        Route("/rounds", site.rounds),
        Route("/label/{place:int}", site.label),
        Route("/blind/{place:int}", site.blind),
        Route("/blind/{place:int}/sheet.jsonl", site.sheet),
        Route("/labels.jsonl", site.labelled),
        Route("/report", site.report),
        Route("/say", site.say, methods=["POST"]),
        Route("/blind/{place:int}/sheet", site.take_in, methods=["POST"]),
        # Some installers make links of all files.
        Mount("/static", StaticFiles(directory=Path(__file__).parent / "static", follow_symlink=True)),
    ]
    handlers: Any = {NoSuch: _missing, HumpbackError: _failed, 404: _missing, Exception: _broken}
    return Starlette(routes=routes, middleware=[Middleware(BaseHTTPMiddleware, dispatch=guard)], exception_handlers=handlers)


def _missing(_: Request, error: Exception) -> Response:
    return PlainTextResponse(f"{error}\n" if isinstance(error, NoSuch) else "there is no such page\n", 404)


def _failed(_: Request, error: Exception) -> Response:
    assert isinstance(error, HumpbackError)
    return PlainTextResponse(f"{error.fact}\n{error.hint}\n", 500)


def _broken(_: Request, error: Exception) -> Response:
    """Outside of the guard, and so with the guard's headers by hand."""
    return PlainTextResponse(f"{type(error).__name__}: this looks like a bug\n", 500, HEADERS)


class Site:
    """The pages of a run. Each is made of what stands on the disk now, so that a run that goes on is seen to."""

    def __init__(self, opened: Opened, templates: Templates) -> None:
        self.opened = opened
        self._show = templates.show

    def home(self, _: Request) -> Response:
        """What there is to look at."""
        return self._page("home", **browsing.overview(self.opened))

    def rows(self, request: Request) -> Response:
        """The rows of a dataset, or what was dropped of it: searched, filtered, sorted, a page at a time."""
        asked = browsing.Asked.of(request.path_params["place"], request.query_params)
        return self._page("rows", **browsing.listing(self.opened, asked))

    def row(self, request: Request) -> Response:
        """One row, whole, with what it comes from and what became of it."""
        place, number = request.path_params["place"], request.path_params["number"]
        table = self.opened.table(place, "dropped" in request.query_params)
        row = table.row(number)
        above, below = chain(self.opened, place, row)
        trained = () if table.is_dropped else self.opened.trained_on(table.dataset)
        return self._page(
            "row", table=table, place=place, number=number, row=row, above=above, below=below, trained=trained,
            said=labelling.said_of(self.opened, row),
        )  # fmt: skip

    def web_page(self, request: Request) -> Response:
        """The page that a segment was cut from, block by block."""
        place, number = request.path_params["place"], request.path_params["number"]
        row = self.opened.table(place).row(number)
        return self._page("page", place=place, number=number, row=row, blocks=web_page.blocks(self.opened, row))

    def rounds(self, _: Request) -> Response:
        """What the rounds kept, beside each other."""
        return self._page("rounds", **rounds.beside(self.opened))

    def label(self, request: Request) -> Response:
        """The next pair that nobody of this name has read."""
        who = self._who(request)
        found = labelling.next_pair(self.opened, request.path_params["place"], who, request.query_params.get("after", ""))
        return self._page("label", who=who, grades=GRADES, why=WHY, **found)

    def blind(self, request: Request) -> Response:
        """The next two answers that nobody of this name has compared; or with `results`, what all have said."""
        who = self._who(request)
        place = request.path_params["place"]
        if "results" in request.query_params:
            return self._page("results", place=place, **labelling.results(self.opened, place))
        found = labelling.next_answers(self.opened, place, who, request.query_params.get("after", ""))
        return self._page("blind", who=who, **found)

    def sheet(self, request: Request) -> Response:
        """All answers to be compared, without names, as lines that somebody fills in elsewhere."""
        rows = (blind.shown(row) for row in labelling.asked(self.opened, request.path_params["place"]).rows())
        return _lines(rows, "sheet.jsonl")

    def labelled(self, _: Request) -> Response:
        """The pairs with the labels that they were given, as `humpback sweep` reads them."""
        return _lines(labelling.pairs(self.opened), "labels.jsonl")

    def report(self, _: Request) -> Response:
        """The report as it is now: every metric that the run has."""
        response = HTMLResponse(html.page(composed(self.opened.folder)))
        response.headers[STYLED] = "1"
        return response

    async def say(self, request: Request) -> Response:
        """Write down a label or a choice: what is answered with 200 is on the disk."""
        return await self._written(request, lambda told: [labelling.line_of(self.opened, told)])

    async def take_in(self, request: Request) -> Response:
        """Write down the choices of a sheet that came back: all of them, or none."""
        place = request.path_params["place"]

        def lines(told: Any) -> list[dict[str, Any]]:
            return labelling.lines_of_sheet(self.opened, place, str(told["who"]), str(told["sheet"]))

        return await self._written(request, lines)

    async def _written(self, request: Request, lines_of: Callable[[Any], list[dict[str, Any]]]) -> Response:
        def write(told: Any) -> int:
            lines = lines_of(told)
            self.opened.labels.add(*lines)
            return len(lines)

        try:
            # Not here, where everybody else would wait.
            return JSONResponse({"taken": await run_in_threadpool(write, await said(request))})
        except (ValueError, TypeError, KeyError) as error:
            return PlainTextResponse(f"{error}\n", 400)
        except OSError as error:
            return PlainTextResponse(f"not written down: {error.strerror}\n", 507)

    def _page(self, name: str, **given: Any) -> Response:
        shared = {"run": self.opened.reading, "nav": browsing.navigation(self.opened.datasets())}
        return HTMLResponse(self._show(name, **shared, **given))

    def _who(self, request: Request) -> str:
        try:
            return request.query_params.get("who", "").strip()[:60] or getpass.getuser()
        except (KeyError, OSError):
            return "somebody"


def _lines(rows: Iterable[Row], name: str) -> Response:
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    return Response(
        text, media_type="application/x-ndjson", headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )
