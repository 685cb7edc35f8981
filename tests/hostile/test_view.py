"""The viewer against pages, rows and requests that mean harm: everything that a run holds was written by strangers."""

import json
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import pyarrow as pa
import pytest

pytest.importorskip("duckdb")
pytest.importorskip("starlette")

from made import TestSettings, rows_in
from served import Served
from starlette.testclient import TestClient

from humpback.run import Run
from humpback.schema import PAIR, VERDICT
from humpback.view.app import application
from humpback.view.guarding import TOKEN_HEADER
from humpback.view.opened import Opened

PORT = 8642
HOME = f"http://127.0.0.1:{PORT}"
# What is written into texts, addresses, names and reasons, so that a browser that shows it does something.
ATTACKS = [
    "<script>alert(1)</script>", "</script><script>alert(1)</script>", "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)>", "\"><script>alert(1)</script>", "'><img src=x onerror=alert(1)>",
    "\" onmouseover=\"alert(1)", "' onfocus='alert(1)' autofocus='", "</title><script>alert(1)</script>",
    "</textarea><script>alert(1)</script>", "<iframe src=javascript:alert(1)>", "<a href=javascript:alert(1)>x</a>",
    "javascript:alert(1)", "data:text/html,<script>alert(1)</script>", "vbscript:x",
    "<meta http-equiv=refresh content='0;url=https://evil.example'>", "<base href=https://evil.example/>",
    "<link rel=stylesheet href=https://evil.example/x.css>", "<style>*{background:url(https://evil.example)}</style>",
    "<form action=https://evil.example><button>x", "<object data=https://evil.example>",
    "<embed src=https://evil.example>", "<math><mtext><script>alert(1)</script></mtext></math>",
    "<details open ontoggle=alert(1)>", "<body onload=alert(1)>", "<template><script>alert(1)</script></template>",
    "{{ 7*7 }}", "{% raw %}{{ config }}{% endraw %}", "${alert(1)}", "\u202e<script>alert(1)</script>",
    "&lt;script&gt;alert(1)&lt;/script&gt;", "<!--><script>alert(1)</script>-->",
    "<![CDATA[<script>alert(1)</script>]]>", "\u0000<script>alert(1)</script>",
    "<scr\u0000ipt>alert(1)</scr\u0000ipt>", "<ScRiPt>alert(1)</sCrIpT>", "<video><source onerror=alert(1)>",
    "<input autofocus onfocus=alert(1)>", "`onclick=alert(1)`",
    "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\">",
]  # fmt: skip
PATHS = [
    "/static/../app.py", "/static/..%2fapp.py", "/static/%2e%2e/app.py", "/static/%2e%2e%2f%2e%2e%2fcli.py",
    "/static//etc/passwd", "/static/..\\app.py", "/static/%5c..%5capp.py", "/static/view.css%00.py",
    "/rows/..%2f..%2fetc", "/row/1/..%2f0", "/rows/1%00", "/page/1/%2e%2e", "/labels.jsonl/../../run.json",
    "/run.json", "/.lock", "/01-pairs/part-00000.parquet", "/report/../run.json", "//evil.example/rows/1",
    "/blind/1/sheet.jsonl/..", "/static/", "/proc/self/environ",
]  # fmt: skip


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Opened]:
    folder = tmp_path_factory.mktemp("hostile")
    with Run(folder / "<b>run</b>", "t", TestSettings()) as run:
        strings = [each.name for each in PAIR if each.type == pa.string()]
        rows = [{**dict.fromkeys(strings, attack), "header_path": [attack]} for attack in ATTACKS]
        rows_in(run, rows, PAIR, "pairs", kind="pairs")
        names = ("id", "instruction", "output_1", "generator_1")
        verdicts = [
            {**dict.fromkeys(names, attack), "output_2": f"{attack} ", "generator_2": f"{attack}2"} for attack in ATTACKS
        ]
        rows_in(run, verdicts, VERDICT, "asked", kind="asked")
    made = Opened(folder / "<b>run</b>", folder / "cache")
    yield made
    made.close()


@pytest.fixture
def client(opened: Opened) -> Iterator[TestClient]:
    with TestClient(application(opened, PORT), base_url=HOME, raise_server_exceptions=False, follow_redirects=False) as made:
        yield made


def harmless(html: str) -> bool:
    """Whether the page has no tag and no attribute but ours: by a parser, as a browser would."""
    from selectolax.lexbor import LexborHTMLParser

    tree = LexborHTMLParser(html)
    scripts = [node.attributes for node in tree.css("script")]
    ours = scripts == [{"src": "/static/view.js", "defer": None}]
    no_tags = not tree.css(
        "iframe, object, embed, base, style, svg[onload], math, video, template, form[action^=http], meta[http-equiv]"
    )
    links = [node.attributes.get("href") or "" for node in tree.css("a, link")]
    safe = all(link.startswith(("/", "#", "data:,")) and not link.startswith("//") for link in links)
    return ours and no_tags and safe and not any(name.startswith("on") for node in tree.css("*") for name in node.attributes)


@pytest.mark.parametrize("number", range(len(ATTACKS)))
def test_texts_of_strangers_are_text(client: TestClient, number: int) -> None:
    """In lists, rows, titles, the pages for labels and answers, and what is typed comes back in no other way."""
    for path in (f"/row/1/{number}", f"/row/2/{number}"):
        answer = client.get(path)
        assert answer.status_code == 200 and harmless(answer.text), path
    attack = ATTACKS[number]
    for path in ("/rows/1", "/label/1", "/blind/2"):
        query = {"q": attack, "c": "lang", "s": "=", "v": attack, "who": attack, "after": attack, "order": "lang"}
        answer = client.get(path, params=query)
        assert answer.status_code == 200 and harmless(answer.text), path


def test_whole_lists_and_results(client: TestClient) -> None:
    for path in ("/", "/rows/1", "/rows/2", "/rows/1?dropped=1", "/rounds", "/label/1", "/blind/2", "/blind/2?results=1"):
        assert harmless(client.get(path).text), path


def test_no_path_leaves_the_run(opened: Opened) -> None:
    """By a client that sends each path as it is: others make them harmless themselves."""
    with Served(opened) as address:
        host = address.removeprefix("http://")
        for path in PATHS:
            connection = HTTPConnection(host, timeout=10)
            connection.request("GET", path)
            answer = connection.getresponse()
            text = answer.read().decode("utf-8", "replace")
            connection.close()
            assert answer.status in (400, 404), path
            assert "import" not in text and "root:" not in text and not answer.headers.get("location"), path


@pytest.mark.parametrize("headers", [
    {"host": "evil.example"}, {"host": f"evil.example:{PORT}"}, {"host": "127.0.0.1"},
    {"host": f"127.0.0.1.evil.example:{PORT}"},
    {"origin": "https://evil.example"}, {"origin": "null"}, {"origin": f"http://evil.example:{PORT}"},
    {"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors"}, {"sec-fetch-site": "same-site", "sec-fetch-mode": "cors"},
])  # fmt: skip
def test_other_names_and_other_origins_are_refused(client: TestClient, headers: dict[str, str]) -> None:
    """A page elsewhere that lets its own name point to this machine would else read everything."""
    answer = client.get("/", headers=headers)
    assert answer.status_code == 403 and "humpback-token" not in answer.text


def test_nothing_is_written_down_for_others(client: TestClient, opened: Opened) -> None:
    """A form or a script of another page, and one of ours that was loaded from an earlier viewer."""
    line = json.dumps({"kind": "pair", "place": 1, "id": ATTACKS[0], "who": "x", "grade": "good"})
    for headers in (
        {},
        {TOKEN_HEADER: "guess"},
        {TOKEN_HEADER: "", "origin": "https://evil.example"},
        {"content-type": "text/plain"},
    ):
        assert client.post("/say", content=line, headers=headers).status_code == 403
    assert client.post("/blind/2/sheet", content=line).status_code == 403
    assert client.request("DELETE", "/rows/1").status_code == 403
    assert not list(opened.labels.lines())


def test_every_answer_has_the_policy(client: TestClient) -> None:
    for path in ("/", "/rows/1", "/static/view.js", "/nowhere", "/labels.jsonl"):
        policy = client.get(path).headers["content-security-policy"]
        assert "default-src 'none'" in policy and "unsafe" not in policy and "frame-ancestors 'none'" in policy, path
    report = client.get("/report").headers["content-security-policy"]
    assert "script-src" not in report and "default-src 'none'" in report
    assert client.get("/").headers["x-content-type-options"] == "nosniff"


def test_too_much_is_refused(client: TestClient) -> None:
    headers = {TOKEN_HEADER: client.get("/").text.partition('name="humpback-token" content="')[2].partition('"')[0]}
    assert client.post("/say", content=b"x" * (9 << 20), headers=headers).status_code == 400


def test_a_run_may_name_no_file_outside_its_inputs(tmp_path: Path) -> None:
    """The page of a segment is read from where the run says that its inputs are, and a row cannot say otherwise."""
    with Run(tmp_path / "run", "t", TestSettings()) as run:
        row = {"id": "1", "url": "file:///etc/passwd", "header_path": ["x"], "instruction": "a", "response": "b"}
        rows_in(run, [row], PAIR, "pairs", kind="pairs")
    made = Opened(tmp_path / "run", tmp_path / "cache")
    with TestClient(application(made, PORT), base_url=HOME, raise_server_exceptions=False) as client:
        answer = client.get("/page/1/0")
        assert answer.status_code == 404 and "root:" not in answer.text
    made.close()
