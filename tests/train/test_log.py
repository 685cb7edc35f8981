"""A log that several processes write into, and what is read from it."""

import subprocess
import sys
from pathlib import Path

from humpback.train.log import last_word

WRITER = """
import sys
from humpback.train.log import whole_lines
whole_lines()
sys.stdin.readline()
for number in range(2000):
    print("line", number, "of", sys.argv[1], file=sys.stderr)
raise ValueError(sys.argv[1])
"""


def test_lines_of_two_processes_stay_whole(tmp_path: Path) -> None:
    """Unbuffered, as torch's launcher starts Python, `print` writes its parts one by one: on a busy machine a line of one
    process stood inside a line of the other."""
    names = ("one", "other")
    with (tmp_path / "train.log").open("a") as log:
        writers = [
            subprocess.Popen([sys.executable, "-u", "-c", WRITER, name], stderr=log, stdin=subprocess.PIPE, text=True)
            for name in names
        ]
    for each in writers:
        assert each.stdin
        each.stdin.write("\n")
        each.stdin.flush()
    for each in writers:
        each.communicate(timeout=60)
    text = (tmp_path / "train.log").read_text()
    told = [f"line {number} of {name}" for number in range(2000) for name in names]
    assert sorted(line for line in text.splitlines() if line.startswith("line")) == sorted(told)
    assert all(f"in <module>\nValueError: {name}\n" in text for name in names)


def test_the_last_word_is_the_trainings_and_not_the_launchers(tmp_path: Path) -> None:
    """The launcher ends with pages about ranks and signals."""
    lines = ["Traceback", "ValueError: the batch", "E1121 18:45:35.388000 19786 failed", "", "======", "------"]
    (tmp_path / "train.log").write_text("\n".join(lines))
    assert last_word(tmp_path / "train.log") == "ValueError: the batch"
    (tmp_path / "train.log").write_text("======\n")
    assert last_word(tmp_path / "train.log") == "it said nothing"
