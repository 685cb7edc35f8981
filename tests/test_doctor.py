"""`humpback doctor`."""

import pytest

from humpback.doctor import ask, examine
from humpback.errors import LMError, UsageFault
from humpback.lm.echo import Echo


def test_it_tries_all_three_calls() -> None:
    """A model that generates may still be unable to judge: the user learns it after the run's dear part."""
    lines = list(ask("echo"))
    assert [line.split()[0] for line in lines] == ["echo", "generate", "logprob", "decide"]
    assert "label mass" in lines[-1] and "reads 4096 tokens" in lines[0]


def test_a_call_that_cannot_be_had_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chat servers score no given texts, and that is no failure of the others."""

    def refused(*_: object) -> None:
        raise LMError("it gives no log-probabilities", "use vllm")

    monkeypatch.setattr(Echo, "logprob", refused)
    assert any("no: it gives no log-probabilities" in line for line in ask("echo"))


def test_a_model_that_does_not_open_is_told_before_the_error() -> None:
    """What else is installed is still wanted."""
    told: list[str] = []
    with pytest.raises(UsageFault):
        for line in examine("echo:nowhere.txt"):
            told.append(line)
    assert any(line.startswith("core") for line in told) and "does not answer" in told[-1]
