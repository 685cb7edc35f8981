"""A pair as the guards read it: its texts are cut into words once, whichever guard asks first."""

from collections.abc import Iterable
from functools import cached_property

from humpback.schema import Row
from humpback.text.sentences import terms

WordRun = tuple[str, ...]
# Words in a row that two texts on one thing share by copying only.
RUN = 8


class PairTexts:
    """The texts of `row`, and their words. Words are the terms of `humpback.text.sentences`, so that scripts
    without blanks between words have them too."""

    def __init__(self, row: Row) -> None:
        self.row = row
        self.instruction: str = row.get("instruction") or ""
        self.response: str = row.get("response") or ""

    @cached_property
    def folded(self) -> str:
        return self.instruction.casefold().replace("’", "'")

    @cached_property
    def folded_response(self) -> str:
        return self.response.casefold().replace("’", "'")

    @cached_property
    def words(self) -> list[str]:
        return terms(self.instruction)

    @cached_property
    def response_words(self) -> list[str]:
        return terms(self.response)

    @cached_property
    def copied(self) -> list[bool]:
        """For each word of the instruction, whether it lies in a run of `RUN` words of the response."""
        return covered(self.words, self.response_words, RUN)


def copied_share(instruction: str, response: str, run: int = RUN) -> float:
    """Share of the words of `instruction` that lie in a run of `run` words which `response` holds too."""
    words = terms(instruction)
    return sum(covered(words, terms(response), run)) / len(words) if words else 0.0


def covered(words: list[str], theirs: list[str], size: int) -> list[bool]:
    """For each of `words`, whether it lies in a run of `size` words that `theirs` holds too."""
    marks = [False] * len(words)
    if not _may_share(words, theirs, size):
        return marks
    shared = runs(theirs, size)
    for i, run in enumerate(zip(*(words[k:] for k in range(size)), strict=False)):
        if run in shared:
            marks[i : i + size] = [True] * size
    return marks


def _may_share(words: list[str], theirs: list[str], size: int) -> bool:
    """Whether `size` words in a row occur there at all, wherever: most pairs end here, at a fifth of the cost."""
    there, row = set(theirs), 0
    for word in words:
        row = row + 1 if word in there else 0
        if row == size:
            return True
    return False


def runs(words: list[str], size: int) -> set[WordRun]:
    return set(zip(*(words[k:] for k in range(size)), strict=False))


def shared_run(words: list[str], known: frozenset[WordRun], size: int) -> WordRun | None:
    """The first run of `size` words that is among `known`."""
    found: Iterable[WordRun] = zip(*(words[k:] for k in range(size)), strict=False)
    return next((run for run in found if run in known), None)


def loops(words: list[str]) -> str | None:
    """What shows that `words` go in circles: few different runs of three (distinct-3, Li et al. 2016), or an end that
    says one thing three times. Of what people wrote nothing comes near 0.6; numbers may repeat."""
    if _repeats(words) and _repeats(text := [word for word in words if not word.isdecimal()]):
        triples = _triples(text)
        return f"{len(triples)} runs of three words, {len(set(triples))} different"
    for period in range(1, 41):
        length = max(9, 3 * period)
        end = words[-length:]
        if (
            len(end) == length
            and end[-1] == end[-1 - period]
            and end[period:] == end[:-period]
            and any(word[0].isalpha() for word in end)
        ):
            return f"ends in {length // period} times: {' '.join(end[:period])}"
    return None


def _repeats(words: list[str]) -> bool:
    triples = _triples(words)
    return len(triples) > 5 and len(set(triples)) < 0.6 * len(triples)


def _triples(words: list[str]) -> list[tuple[str, str, str]]:
    return list(zip(words, words[1:], words[2:], strict=False))
