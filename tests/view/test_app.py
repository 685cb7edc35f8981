"""The pages of a run: each is there, what is written down is on the disk, and who may ask."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient
from view.conftest import place_of

from humpback.config import build
from humpback.corpus.pages import CorpusSettings
from humpback.corpus.pairs import ReadPairsConfig, read_pairs
from humpback.corpus.tables import table_sources
from humpback.stage import Drop
from humpback.view import labelling, web_page
from humpback.view.app import application
from humpback.view.guarding import TOKEN_HEADER
from humpback.view.opened import Opened
from humpback.view.tables import NoSuch

PORT = 8642
HOME = f"http://127.0.0.1:{PORT}"


def client_of(opened: Opened) -> TestClient:
    return TestClient(application(opened, PORT), base_url=HOME, raise_server_exceptions=False)


@pytest.fixture
def client(whole: Opened) -> Iterator[TestClient]:
    with client_of(whole) as made:
        yield made


def token(client: TestClient) -> dict[str, str]:
    return {TOKEN_HEADER: client.get("/").text.partition('name="humpback-token" content="')[2].partition('"')[0]}


def test_every_dataset_row_and_drop_has_a_page(client: TestClient, whole: Opened) -> None:
    """Whatever kind of rows it has."""
    for dataset in whole.datasets():
        for more, table in (("", whole.of(dataset)), ("?dropped=1", whole.of(dataset, dropped=True))):
            answer = client.get(f"/rows/{dataset.place}{more}")
            assert answer.status_code == 200 and f"of {len(table):,} rows" in answer.text, dataset.path.name
            if len(table):
                assert client.get(f"/row/{dataset.place}/{len(table) - 1}{more}").status_code == 200
    for path in ("/", "/rounds", "/report", "/labels.jsonl", "/static/view.css", "/static/view.js"):
        assert client.get(path).status_code == 200


def test_a_row_is_followed_from_its_page_to_what_was_trained_on_it(client: TestClient, whole: Opened) -> None:
    """The question that a row in a data set raises: where is this from, and what was done with it?"""
    place = place_of(whole, "selected-1")
    text = client.get(f"/row/{place}/0").text
    for name in ("segments", "augmented", "pairs", "selected-1"):
        assert f"<b>{name}</b>" in text, name
    assert "trained M_1" in text and "https://demo.example/" in text
    segment = place_of(whole, "segments")
    whole_page = client.get(f"/page/{segment}/0").text
    row = whole.table(segment).row(0)
    assert 'class="inside' in whole_page and row["header_path"][-1] in whole_page


def test_why_a_row_fell_is_where_it_came_from(client: TestClient, whole: Opened) -> None:
    dropped = whole.of(whole.table(place_of(whole, "selected-1")).dataset, dropped=True)
    row = dropped.row(0)
    pairs = whole.table(place_of(whole, "pairs"))
    number = whole.tables.find(pairs, row["id"])[0]
    text = client.get(f"/row/{place_of(whole, 'pairs')}/{number}").text
    assert f"dropped by selected: {row['reason'].replace('_', ' ')}" in text


@pytest.mark.parametrize("query", [
    "?q=the", "?c=lang&s=%3D&v=en", "?order=n_chars&down=1", "?page=2", "?q=zzzz",
    "?c=n_chars&s=%3E&v=700&c=lang&s=%3D&v=en",
])  # fmt: skip
def test_lists_are_searched_filtered_and_sorted(client: TestClient, whole: Opened, query: str) -> None:
    place = place_of(whole, "segments")
    whole.search.wait(whole.table(place))
    assert client.get(f"/rows/{place}{query}").status_code == 200


@pytest.mark.parametrize("path", [
    "/rows/999", "/row/3/99999999", "/row/3/-1", "/rows/3?page=0", "/rows/3?page=x", "/rows/3?c=nope&s=%3D&v=1", "/nowhere",
    "/rows/3?order=nope", "/label/999", "/blind/3", "/page/3/0", "/rows/3?c=lang&s=bad&v=1", "/rows/x",
])  # fmt: skip
def test_what_is_not_there_is_said_to_be_missing(client: TestClient, path: str) -> None:
    """And not with a traceback."""
    answer = client.get(path)
    assert answer.status_code == 404 and "Traceback" not in answer.text and len(answer.text) < 200


def test_a_label_is_on_the_disk_and_comes_out_as_a_labelled_pair(client: TestClient, whole: Opened) -> None:
    place = place_of(whole, "pairs")
    row = whole.table(place).row(2)
    line = {"kind": "pair", "place": place, "id": row["id"], "who": "ann", "grade": "bad", "why": "part"}
    assert client.post("/say", json=line, headers=token(client)).status_code == 200
    assert [each["grade"] for each in whole.labels.lines()] == ["bad"]
    [pair] = [json.loads(each) for each in client.get("/labels.jsonl").text.splitlines()]
    assert (pair["instruction"], pair["response"], pair["label"]) == (row["instruction"], row["response"], 0)
    assert pair["grades"] == "ann: bad part"
    assert "1 pairs and answers" in client.get("/").text and "<b>bad</b> part" in client.get(f"/row/{place}/2").text


def test_labelling_goes_through_all_pairs_once(client: TestClient, whole: Opened) -> None:
    """Each person by itself; what is skipped comes again, and what was read does not."""
    place = place_of(whole, "pairs")
    headers, seen = token(client), list[str]()
    for _ in range(len(whole.table(place))):
        text = client.get(f"/label/{place}?who=ann").text
        seen.append(text.partition('data-id="')[2].partition('"')[0])
        skipped = client.get(f"/label/{place}?who=ann&after={seen[-1]}").text.partition('data-id="')[2].partition('"')[0]
        assert skipped != seen[-1]
        client.post(
            "/say", json={"kind": "pair", "place": place, "id": seen[-1], "who": "ann", "grade": "good"}, headers=headers
        )
    assert len(set(seen)) == len(whole.table(place)) and "has read all" in client.get(f"/label/{place}?who=ann").text
    assert "data-id" in client.get(f"/label/{place}?who=ben").text


@pytest.mark.parametrize("line", [
    {}, [], "x", None, {"who": "a"}, {"who": "", "kind": "pair"}, {"who": "a", "kind": "pair", "place": "x", "id": "1"},
    {"who": "a", "kind": "pair", "place": 999, "id": "1"}, {"who": "a", "kind": "else", "grade": "good"},
    {"who": "a", "kind": "pair", "grade": "great"}, {"who": ["a"], "kind": "pair", "grade": "good"},
])  # fmt: skip
def test_what_says_nothing_is_refused(client: TestClient, whole: Opened, line: Any) -> None:
    answer = client.post("/say", json=line, headers=token(client))
    assert answer.status_code in (400, 404) and not list(whole.labels.lines())


def test_a_full_disk_is_told(client: TestClient, whole: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    """A choice that was lost must not look like one that was taken."""

    def full(_: Any) -> Any:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(whole.labels, "add", full)
    place = place_of(whole, "pairs")
    line = {"kind": "pair", "place": place, "id": whole.table(place).row(0)["id"], "who": "ann", "grade": "good"}
    answer = client.post("/say", json=line, headers=token(client))
    assert answer.status_code == 507 and "No space left" in answer.text


def test_answers_are_compared_and_counted(answers: Opened) -> None:
    place = place_of(answers, "asked")
    with client_of(answers) as client:
        text = client.get(f"/blind/{place}?who=ann").text
        assert (
            "against"
            not in text.partition("<main")[2].replace("against:", "").partition("</article>")[0].split("aria-label")[0]
        )
        id = text.partition('data-id="')[2].partition('"')[0]
        headers = token(client)
        said = {"kind": "answers", "place": place, "id": id, "who": "ann", "choice": "left"}
        assert client.post("/say", json=said, headers=headers).status_code == 200
        sheet = client.get(f"/blind/{place}/sheet.jsonl").text
        filled = "\n".join(json.dumps({**json.loads(line), "choice": "right"}) for line in sheet.splitlines())
        taken = client.post(f"/blind/{place}/sheet", json={"who": "ben", "sheet": filled}, headers=headers)
        assert taken.json() == {"taken": 12}
        results = client.get(f"/blind/{place}?results=1").text
        assert (
            "outputs against against" in results
            and "2 people have" in results
            and "the judge" in results
            and "kappa" in results
        )
        wrong = client.post(f"/blind/{place}/sheet", json={"who": "ben", "sheet": "no json"}, headers=headers)
        assert wrong.status_code == 400 and wrong.text.startswith("line 1")


def test_a_run_that_has_not_begun_or_is_in_work(tmp_path: Any) -> None:
    """Looked at while it goes on."""
    from made import TestSettings

    from humpback.run import Run

    with Run(tmp_path / "new", "t", TestSettings()):
        pass
    opened = Opened(tmp_path / "new", tmp_path / "cache")
    with client_of(opened) as client:
        assert "Nothing is finished yet" in client.get("/").text and client.get("/rounds").status_code == 200
    opened.close()


def test_several_graders_make_one_label(client: TestClient, whole: Opened, tmp_path: Path) -> None:
    """What most say; what is split, or partly good, is no label. All of it is what a sweep reads."""
    place = place_of(whole, "pairs")
    table, headers = whole.table(place), token(client)
    for number, grades in enumerate(("good good bad", "good bad", "partly", "bad partly", "good")):
        for who, grade in enumerate(grades.split()):
            line = {"kind": "pair", "place": place, "id": table.row(number)["id"], "who": f"r{who}", "grade": grade}
            assert client.post("/say", json=line, headers=headers).status_code == 200
    text = client.get("/labels.jsonl").text
    assert [json.loads(line)["label"] for line in text.splitlines()] == [1, 0, 1]
    (tmp_path / "labels.jsonl").write_text(text, encoding="utf-8")
    read = list(read_pairs(ReadPairsConfig(), table_sources(str(tmp_path / "labels.jsonl"))))
    assert [row["label"] for row in read if not isinstance(row, Drop)] == [1, 0, 1]


def test_labels_of_other_rows_under_the_same_ids(whole: Opened) -> None:
    """A run that was made anew with another model has other instructions: they were not read by anybody."""
    place = place_of(whole, "pairs")
    row = whole.table(place).row(0)
    whole.labels.add({"kind": "pair", "id": row["id"], "who": "ann", "grade": "good", "instruction": "Another?"})
    assert labelling.said_of(whole, row) == []
    whole.labels.add({"kind": "pair", "id": row["id"], "who": "ann", "grade": "bad", "instruction": row["instruction"]})
    assert [line["grade"] for line in labelling.said_of(whole, row)] == ["bad"] and len(whole.labels.latest("pair")) == 2


def test_a_reader_without_a_name(client: TestClient, whole: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a container under a number that no name belongs to."""

    def nobody() -> str:
        raise KeyError("getpwuid(): uid not found: 54321")

    monkeypatch.setattr("getpass.getuser", nobody)
    assert "somebody" in client.get(f"/label/{place_of(whole, 'pairs')}").text


@pytest.mark.parametrize("inputs", [["https://example.org/a.warc.gz"], ["-"], ["cc:CC-MAIN-2026-01"], ["s3://bucket/a"]])
def test_no_page_is_fetched(whole: Opened, monkeypatch: pytest.MonkeyPatch, inputs: list[str]) -> None:
    """Only a click that says so leaves this machine."""
    monkeypatch.setattr(web_page, "_settings", lambda _: build(CorpusSettings, [{"inputs": inputs}]))
    row = whole.table(place_of(whole, "segments")).row(0)
    with pytest.raises(NoSuch, match="nothing is fetched"):
        web_page.blocks(whole, row)


def test_what_is_wrong_with_a_request_is_no_bug(client: TestClient, whole: Opened) -> None:
    headers = token(client)
    assert client.post("/say", content="[" * 100_000, headers=headers).status_code == 400
    assert client.post("/say", content="{}", headers={TOKEN_HEADER: "ü".encode()}).status_code == 403
    for answer in (client.get("/rows/" + "9" * 5000), client.post("/say", content="{", headers=headers)):
        assert answer.status_code in (400, 404, 500) and "content-security-policy" in answer.headers
