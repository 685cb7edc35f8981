"""What accelerate is told, and what is told of its failures. The processes themselves: test_launch.py."""

from pathlib import Path

import pytest

from humpback.train import launch

launcher = pytest.importorskip("humpback.train.process.launcher")


def test_what_the_file_leaves_open_is_this_machines(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A number of cards in the file would be that of another machine; one's own file decides for itself."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,5,6")
    given = launcher.arguments(tmp_path, launch.configuration("multi_gpu"))
    assert given[given.index("--num_processes") + 1] == "3" and given[given.index("--main_process_port") + 1] == "0"
    (tmp_path / "mine.yaml").write_text("distributed_type: MULTI_GPU\nnum_processes: 2\nmain_process_port: 1234\n")
    own = launcher.arguments(tmp_path, launch.configuration(str(tmp_path / "mine.yaml")))
    assert "--num_processes" not in own and "--main_process_port" not in own
