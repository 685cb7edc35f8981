"""What the headings over a text say of its instruction."""

from humpback.curate.scorers import heading_overlap

PATH = ["Mixed berry jam", None, "How do I know when it has set?"]


def overlap(instruction: str, path: list[str | None] | None) -> float | None:
    row = {"id": "p", "instruction": instruction, "header_path": path}
    return next(heading_overlap.overlap(heading_overlap.Empty(), [row]))["heading_overlap"]


def test_what_the_headings_ask_ranks_above_what_the_text_says_along_the_way() -> None:
    """Words of the text are close to it, and are not what it answers."""
    told = [overlap(asked, PATH) for asked in ("How do I know when a mixed berry jam has set?", "Which saucer is cold?")]
    assert told[0] is not None and told[1] is not None and told[0] > 0.8 and told[1] < 0.1


def test_endings_of_words_are_passed_over() -> None:
    """A heading says "Pruning tomato plants" where people ask "How do I prune a tomato plant?"."""
    told = overlap("How do I prune a tomato plant?", ["Pruning tomato plants"])
    assert told is not None and told > 0.4


def test_scripts_without_blanks_are_read() -> None:
    """Groups of four letters of words of one letter were none, and every such pair had 0."""
    same, other = overlap("如何修剪番茄", ["修剪番茄的方法"]), overlap("天气怎么样", ["修剪番茄的方法"])
    assert same is not None and other is not None and same > 0.4 > other


def test_where_no_heading_stands_there_is_no_value() -> None:
    """A zero would be the worst of all, for a text that nobody gave a heading."""
    assert [overlap("What is rust?", path) for path in (None, [], [None])] == [None] * 3
