"""Names of models."""

from pathlib import Path

import pytest

from humpback.config import Config, build, planned
from humpback.errors import UsageFault
from humpback.lm.embedded import EMBEDDED
from humpback.lm.spec import ModelName, fingerprint, parse


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("embedded", ("embedded", "", "")),
        ("echo:script.txt", ("echo", "script.txt", "")),
        ("runs/a/13-forward-0", ("transformers", "runs/a/13-forward-0", "")),
        ("transformers:org/name?dtype=float32", ("transformers", "org/name", "")),
        ("openai:qwen3:4b@http://127.0.0.1:8000/v1/?rpm=5", ("openai", "qwen3:4b", "http://127.0.0.1:8000/v1")),
        ("openai:a@b", ("openai", "a@b", "")),
    ],
)
def test_a_name_falls_into_its_parts(text: str, parts: tuple[str, str, str]) -> None:
    """Model names hold colons and at-signs, addresses hold colons too."""
    spec = parse(text)
    assert (spec.backend, spec.model, spec.url) == parts


@pytest.mark.parametrize(
    "text",
    ["nonsense:x", "openai:x?concurency=3", "openai:x?rpm=-1", "echo?a=b", "openai:x@https://me:secret@host/v1",
     "openai:x?api_key=sk-1", "openai:x@http://["],
)  # fmt: skip
def test_a_wrong_name_says_what_to_type(text: str) -> None:
    """A setting that is misspelt and ignored is a price cap that does not hold; a key in a name ends up in every plan."""
    with pytest.raises(UsageFault) as caught:
        parse(text)
    assert caught.value.hint and "secret" not in str(caught.value) and "sk-1" not in str(caught.value)


def test_a_plan_knows_what_changes_answers_and_nothing_else(tmp_path: Path) -> None:
    """More requests at once must not make another dataset; another adapter must."""
    assert fingerprint("openai:m@http://a:1/v1?concurrency=2") == fingerprint("openai:m@http://a:2/v1?max_cost=5")
    assert fingerprint("openai:m@http://a:1/v1") != fingerprint("openai:m@http://b:1/v1")
    assert fingerprint("embedded") != fingerprint("embedded?dtype=float32")
    assert fingerprint("embedded") == fingerprint("embedded?processes=2")
    (tmp_path / "adapter_config.json").write_text("{}")
    assert str(tmp_path) not in fingerprint(f"embedded?adapter={tmp_path}") != fingerprint("embedded")


def test_a_server_that_the_environment_names_is_in_the_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    """OPENAI_BASE_URL chose the model's host, and no plan knew: the rows of one server were taken for another's."""
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    theirs = fingerprint("openai:m")
    assert theirs == fingerprint("openai:m@https://api.openai.com/v1")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://mine:8000/v1")
    assert fingerprint("openai:m") == fingerprint("openai:m@http://mine/v1") != theirs


def test_code_that_comes_with_a_model_is_in_the_plan() -> None:
    """The same weights under somebody's own code are another model."""
    assert fingerprint("embedded?trust_remote_code=true") != fingerprint("embedded")


def test_a_plan_has_what_the_name_of_a_model_stands_for(tmp_path: Path) -> None:
    """A plan that holds the path takes a model that was trained anew for the old one."""

    class Named(Config):
        lm: ModelName = ""

    (tmp_path / "config.json").write_text("{}")
    made = planned(Named(lm=str(tmp_path)))
    (tmp_path / "config.json").write_text("{ }")
    assert str(tmp_path) not in str(made) and made != planned(Named(lm=str(tmp_path)))
    assert planned(Named()) == {"lm": ""}


def test_the_embedded_model_is_one_folder() -> None:
    """Its settings and its weights are found by the same path."""
    assert parse("embedded").folder == EMBEDDED and (EMBEDDED / "humpback.json").is_file()


@pytest.mark.parametrize("text", ["nonsense:x", "transformers:./nowhere", "openai:x?api_key=sk-1"])
def test_settings_refuse_a_wrong_model_at_once(text: str) -> None:
    """A wrong judge must not be found out after the trainings, nor a key be written into the run's settings."""

    class Named(Config):
        lm: ModelName = ""

    with pytest.raises(UsageFault):
        build(Named, [{"lm": text}])
    assert build(Named, [{}]).lm == "" and build(Named, [{"lm": "echo"}]).lm == "echo"
