"""What a model is, by all that its files hold."""

import json
import os
import shutil
from pathlib import Path

import pytest

from humpback import lm as language_models
from humpback.lm import Sampling
from humpback.lm.embedded import EMBEDDED
from humpback.lm.identity import content, identify
from humpback.lm.spec import fingerprint

MIB = 1 << 20


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    """A folder with a weight file of five MiB."""
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "config.json").write_text("{}")
    (tmp_path / "model" / "model.safetensors").write_bytes(os.urandom(5 * MIB))
    return tmp_path / "model"


def change(file: Path, place: int) -> None:
    """One byte is another, and the time is another too, as when a program writes it."""
    held = bytearray(file.read_bytes())
    held[place] ^= 1
    file.write_bytes(held)
    os.utime(file, ns=(1, file.stat().st_mtime_ns + 1))


@pytest.mark.parametrize("place", [0, 2 * MIB + MIB // 2, 5 * MIB - 1])
def test_a_weight_changed_anywhere_is_another_model(weights: Path, place: int) -> None:
    """The size and the first and last MiB were read: a weight changed in the middle was not seen, and old rows were kept."""
    before = identify(weights)
    change(weights / "model.safetensors", place)
    assert identify(weights) != before


def test_equal_content_elsewhere_is_the_same_model(weights: Path, tmp_path: Path) -> None:
    """A copy of a model answers as the model does, whatever its card says."""
    before = identify(weights)
    shutil.copytree(weights, tmp_path / "copy")
    (tmp_path / "copy" / "README.md").write_text("A copy.")
    assert identify(tmp_path / "copy") == before


@pytest.mark.parametrize("name", ["tokenizer.model", "merges.txt", "modeling_own.py", "chat_template.jinja"])
def test_every_file_that_answers_depend_on_counts(weights: Path, name: str) -> None:
    """Tokenizers and code that models bring along were left out of the digest."""
    before = identify(weights)
    (weights / name).write_text("something")
    assert identify(weights) != before


def test_a_trained_model_is_what_trained_it(weights: Path) -> None:
    """The plan tells two models apart before a byte of them is read; two parts of one folder are not the same."""
    (weights / "manifest.json").write_text(json.dumps({"fingerprint": "f"}))
    assert identify(weights) == "f"
    for part in ("adapter", "checkpoint"):
        (weights / part).mkdir()
        assert identify(weights / part) == f"f/{part}"


def test_a_manifest_of_somebody_else_says_nothing(weights: Path) -> None:
    """Other tools write a manifest.json too."""
    (weights.parent / "manifest.json").write_text("{}")
    assert len(identify(weights)) == len(content(weights / "config.json"))


def test_a_script_of_the_fake_counts_by_its_lines(tmp_path: Path) -> None:
    """Another script under the same name gives other answers."""
    script = tmp_path / "script.txt"
    script.write_text("One?\n")
    before = fingerprint(f"echo:{script}")
    script.write_text("Other?\n")
    assert fingerprint(f"echo:{script}") != before


def test_models_of_one_name_in_two_folders_have_their_own_answers(tmp_path: Path) -> None:
    """In an ablation every refreshed model is `.../01-backward`: the second was told the first one's log-probabilities."""
    torch = pytest.importorskip("torch")
    from safetensors.torch import load_file, save_file

    folders = [tmp_path / arm / "01-backward" for arm in "ab"]
    for folder in folders:
        shutil.copytree(EMBEDDED, folder)
    other = {
        name: weight + 0.1 * torch.ones_like(weight) for name, weight in load_file(EMBEDDED / "model.safetensors").items()
    }
    save_file(other, folders[1] / "model.safetensors", metadata={"format": "pt"})
    told = []
    for folder, journal in [(folders[0], "shared"), (folders[1], "shared"), (folders[1], "own")]:
        lm = language_models.open_here(f"transformers:{folder}?dtype=float32")
        lm.remember(tmp_path / journal)
        told.append(
            (
                lm.name,
                lm.logprob(["How do I oil a chain?"], ["Wipe it first."]),
                lm.generate(["Why?"], Sampling(max_new_tokens=4), [1]),
            )
        )
        lm.remember(None)
        lm.close()
    assert {name for name, *_ in told} == {"transformers:01-backward"}
    assert told[0] != told[1] == told[2]
