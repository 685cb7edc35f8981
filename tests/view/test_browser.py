"""The viewer in a real browser: every view, by keyboard alone, at two widths, by axe-core; and nothing goes out.

The browser is a Chromium that is installed already (HUMPBACK_CHROMIUM, or `chromium` on the path), without a window.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

playwright = pytest.importorskip("playwright.sync_api")
pytest.importorskip("duckdb")

from served import Served  # noqa: E402 the libraries above may be missing
from view.conftest import place_of  # noqa: E402

from humpback.view.opened import Opened  # noqa: E402

pytestmark = pytest.mark.slow
CHROMIUM = os.environ.get("HUMPBACK_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
SIZES = {"desktop": (1280, 900), "phone": (390, 844)}


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if not CHROMIUM:
        pytest.skip("there is no Chromium: apt install chromium, or set HUMPBACK_CHROMIUM")
    with playwright.sync_playwright() as started:
        made = started.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--host-resolver-rules=MAP * 127.0.0.1"]
        )
        yield made
        made.close()


class Watched:
    """A page whose requests beyond `home`, errors and dialogs are noted: there must be none."""

    def __init__(self, browser: Any, home: str, size: tuple[int, int] = SIZES["desktop"]) -> None:
        self.home, self.faults = home, list[str]()
        self.context = browser.new_context(viewport={"width": size[0], "height": size[1]}, accept_downloads=True)
        self.page = self.context.new_page()
        self.context.route("**/*", self._routed)
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("dialog", lambda dialog: (self.faults.append(f"dialog {dialog.message}"), dialog.dismiss()))
        self.page.on("console", lambda told: self.faults.append(told.text) if told.type == "error" else None)

    def _routed(self, route: Any) -> None:
        if route.request.url.startswith(self.home):
            route.continue_()
        else:
            self.faults.append(route.request.url)
            route.abort()

    def __enter__(self) -> Any:
        return self.page

    def __exit__(self, *_: object) -> None:
        self.context.close()
        assert self.faults == []


def views(opened: Opened) -> list[str]:
    """A path to each kind of page."""
    scored = place_of(opened, "scored-1")
    return ["/", f"/rows/{scored}", f"/rows/{scored}?c=lang&s=%3D&v=en&order=score&down=1", f"/row/{scored}/0",
            f"/rows/{place_of(opened, 'selected-1')}?dropped=1", f"/page/{place_of(opened, 'segments')}/0", "/rounds",
            f"/label/{scored}", f"/rows/{place_of(opened, 'segments')}?q=zzzz"]  # fmt: skip


@pytest.mark.parametrize("size", SIZES)
def test_every_view_fits_and_says_nothing_to_the_world(browser: Any, whole: Opened, answers: Opened, size: str) -> None:
    """No request but to this machine, no fault of a script, nothing wider than the screen."""
    for opened, paths in ((whole, views(whole)), (answers, ["/", f"/blind/{place_of(answers, 'asked')}"])):
        with Served(opened) as home, Watched(browser, home, SIZES[size]) as page:
            for path in paths:
                assert page.goto(home + path).ok, path
                wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
                assert wide <= 0, (path, wide)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_keeps_anybody_out(browser: Any, whole: Opened, answers: Opened, scheme: str) -> None:
    """By axe-core: contrast in both schemes, names of fields and buttons, headings, landmarks."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    place = place_of(answers, "asked")
    for opened, paths in ((whole, views(whole)), (answers, [f"/blind/{place}", f"/blind/{place}?results=1"])):
        with Served(opened) as home, Watched(browser, home) as page:
            page.emulate_media(color_scheme=scheme)
            for path in paths:
                page.goto(home + path)
                # The checker is put in by the test's own hand, beside the page's policy.
                found = axe.run(page).response["violations"]
                grave = [
                    f"{each['id']}: {each['nodes'][0]['html'][:120]}"
                    for each in found
                    if each["impact"] in ("serious", "critical")
                ]
                assert grave == [], path


def test_a_search_by_keyboard_alone(browser: Any, whole: Opened) -> None:
    """From the first page to a row that holds a word, and to its page on the web as it was cut."""
    segments = place_of(whole, "segments")
    whole.search.wait(whole.table(segments))
    with Served(whole) as home, Watched(browser, home) as page:
        page.goto(f"{home}/rows/{segments}")
        page.keyboard.press("/")
        page.keyboard.type("water")
        page.keyboard.press("Enter")
        page.wait_for_url("**q=water*")
        assert page.locator(".list > li").count() > 0
        page.keyboard.press("j")
        page.keyboard.press("Enter")
        page.wait_for_url("**/row/**")
        assert "water" in page.locator("article").inner_text().lower()
        for _ in range(30):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.textContent") == "see it inside its page":
                break
        page.keyboard.press("Enter")
        page.wait_for_url("**/page/**")
        assert page.locator(".web .inside").count() > 0


def test_labels_by_keyboard_alone(browser: Any, whole: Opened) -> None:
    """A key for the grade, one for the reason before it, one to pass over."""
    place = place_of(whole, "scored-1")
    with Served(whole) as home, Watched(browser, home) as page:
        page.goto(f"{home}/label/{place}?who=ann")
        first = page.locator("article").get_attribute("data-id")
        page.keyboard.press("1")
        page.wait_for_function("id => document.querySelector('article').dataset.id !== id", arg=first)
        second = page.locator("article").get_attribute("data-id")
        page.keyboard.press("w")
        page.keyboard.press("3")
        page.wait_for_function("id => document.querySelector('article').dataset.id !== id", arg=second)
        third = page.locator("article").get_attribute("data-id")
        page.keyboard.press("s")
        page.wait_for_url("**after=*")
        assert page.locator("article").get_attribute("data-id") not in (first, second, third)
    said = [(line["id"], line["grade"], line["why"]) for line in whole.labels.lines()]
    assert said == [(first, "good", ""), (second, "bad", "not answered")]


def test_a_choice_that_is_not_written_down_stays_on_the_page(browser: Any, whole: Opened, monkeypatch: Any) -> None:
    """On a full disk the reader sees it, and says it again when there is room."""
    place, real = place_of(whole, "scored-1"), whole.labels.add

    def full(_: Any) -> Any:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(whole.labels, "add", full)
    with Served(whole) as home:
        watched = Watched(browser, home)
        page = watched.page
        page.goto(f"{home}/label/{place}?who=ann")
        id = page.locator("article").get_attribute("data-id")
        page.keyboard.press("1")
        page.locator(".fault").wait_for()
        assert "No space left" in page.locator(".told").inner_text()
        monkeypatch.setattr(whole.labels, "add", real)
        page.keyboard.press("2")
        page.wait_for_function("id => document.querySelector('article').dataset.id !== id", arg=id)
        watched.context.close()
    assert [(line["id"], line["grade"]) for line in whole.labels.lines()] == [(id, "partly")]


def test_two_tabs_label_at_once(browser: Any, whole: Opened) -> None:
    place = place_of(whole, "scored-1")
    with Served(whole) as home, Watched(browser, home) as one, Watched(browser, home) as other:
        for page, who in ((one, "ann"), (other, "ben")):
            page.goto(f"{home}/label/{place}?who={who}")
        for key in "123":
            for page in (one, other):
                id = page.locator("article").get_attribute("data-id")
                page.keyboard.press(key)
                page.wait_for_function("id => document.querySelector('article').dataset.id !== id", arg=id)
    assert len(whole.labels.latest("pair")) == 6


def test_answers_are_compared_and_a_sheet_comes_back(browser: Any, answers: Opened, tmp_path: Path) -> None:
    """By hand, and by a file that somebody filled in; the names come only with the results."""
    place = place_of(answers, "asked")
    with Served(answers) as home, Watched(browser, home) as page:
        page.goto(f"{home}/blind/{place}?who=ann")
        assert "outputs of" not in page.content() and page.locator(".say").count() == 2
        id = page.locator("article").get_attribute("data-id")
        page.keyboard.press("2")
        page.wait_for_function("id => document.querySelector('article').dataset.id !== id", arg=id)
        with page.expect_download() as download:
            page.get_by_role("link", name="sheet.jsonl").click()
        text = Path(download.value.path()).read_text(encoding="utf-8")
        assert "generator" not in text
        filled = tmp_path / "filled.jsonl"
        filled.write_text(text.replace('"choice": ""', '"choice": "left"'), encoding="utf-8")
        page.get_by_label("Filled in by").fill("ben")
        page.get_by_label("The sheet").set_input_files(str(filled))
        page.get_by_role("button", name="Take it in").click()
        page.get_by_text("12 choices taken in.").wait_for()
        page.get_by_role("link", name="What came of it").click()
        page.wait_for_url("**results=1")
        assert page.locator("tbody").first.locator("tr").count() == 3


def test_without_a_script_all_can_be_read(browser: Any, whole: Opened) -> None:
    """Lists, rows, searches and filters need none."""
    with Served(whole) as home:
        context = browser.new_context(java_script_enabled=False)
        page = context.new_page()
        for path in views(whole):
            assert page.goto(home + path).ok, path
        context.close()
