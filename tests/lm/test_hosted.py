"""Models in processes of their own."""

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from humpback.errors import UsageFault
from humpback.lm import Question, Sampling, open_here
from humpback.lm.devices import share
from humpback.lm.echo import Echo
from humpback.lm.hosted import Hosted
from humpback.lm.options import PORTION

pytestmark = pytest.mark.slow
# More than a process is given at once.
PROMPTS = [f"Tell me about {'very ' * (i % 7)}old bridge {i}." for i in range(2 * PORTION + 40)]
SEEDS = list(range(len(PROMPTS)))
WARM = Sampling(temperature=1.0, max_new_tokens=12)


@pytest.fixture
def started() -> Callable[[], list[Any]]:
    """Asks for the processes that were started since, and are alive."""
    before = set(multiprocessing.active_children())
    return lambda: [each for each in multiprocessing.active_children() if each not in before]


@pytest.fixture
def lm(started: Callable[[], list[Any]]) -> Iterator[Hosted]:
    opened = Hosted("echo", 2)
    yield opened
    opened.close()


def test_answers_are_those_of_the_model_itself(lm: Hosted) -> None:
    """Portions come back in any order; an answer in another row's place is a wrong pair that nobody sees."""
    here = open_here("echo")
    assert lm.generate(PROMPTS, WARM, SEEDS) == here.generate(PROMPTS, WARM, SEEDS)
    assert lm.logprob(PROMPTS, PROMPTS[::-1]) == here.logprob(PROMPTS, PROMPTS[::-1])
    questions = [Question("predicate", "Is it old?"), Question("score", "How old?", ("new", "used", "old"))]
    assert lm.decide(PROMPTS, questions) == here.decide(PROMPTS, questions)
    assert lm.clip("a b c", 2) == ("a b", True) and (lm.name, lm.role, lm.context) == ("echo", "", 4096)
    assert lm.usage == here.usage and lm.usage.seconds > 0 and lm.identity == here.identity
    assert lm.generate([], WARM, []) == []


def test_a_process_that_dies_is_replaced(lm: Hosted, started: Callable[[], list[Any]]) -> None:
    """One GPU that falls over must cost the time of its portion, which is given out again, and not the run."""
    killed, other = started()
    os.kill(killed.pid, signal.SIGKILL)
    killed.join()
    assert lm.generate(PROMPTS, WARM, SEEDS) == Echo().generate(PROMPTS, WARM, SEEDS)
    assert len(started()) == 2 and other in started() and killed not in started()


def test_a_fault_in_a_process_is_raised_here_and_the_model_stays(lm: Hosted) -> None:
    """An error that cannot travel, or stale answers of the others, would make the next call wrong."""
    with pytest.raises(ValueError):
        lm.decide(PROMPTS, [Question("score", "No levels at all?", ())])
    assert lm.generate(PROMPTS[:1], WARM, [3]) == Echo().generate(PROMPTS[:1], WARM, [3])


def test_a_model_that_cannot_be_opened_says_why() -> None:
    """What a process prints to nobody is lost."""
    with pytest.raises(UsageFault, match=r"nowhere\.txt"):
        Hosted("echo:nowhere.txt", 1)


def test_each_process_has_its_part_of_the_journal_and_reads_all(lm: Hosted, tmp_path: Path) -> None:
    """After a kill any process may get a portion that another one had finished."""
    journal, heard = tmp_path / "answers", []
    lm.remember(journal, heard.append)
    first = lm.generate(PROMPTS, WARM, SEEDS)
    assert sum(heard) == len(PROMPTS) and {p.name for p in tmp_path.iterdir()} == {"answers.0", "answers.1"}
    again = Echo()
    again.remember(journal)
    assert again.generate(PROMPTS, WARM, SEEDS) == first and again.history == []
    again.remember(None)


def test_closing_ends_the_processes(lm: Hosted, started: Callable[[], list[Any]]) -> None:
    """The memory of a GPU is free only when the process is gone."""
    assert len(started()) == 2
    lm.close()
    assert started() == []


@pytest.mark.parametrize(
    ("devices", "processes", "shares"),
    [([], 2, [None, None]), (["0", "1"], 2, ["0", "1"]), (["0", "1", "2", "3"], 2, ["0,1", "2,3"]), (["5"], 2, ["5", "5"])],
)
def test_gpus_are_shared_out(devices: list[str], processes: int, shares: list[str | None]) -> None:
    """Every copy on the first GPU is out of memory at once."""
    assert [share(devices, number, processes) for number in range(processes)] == shares
