"""Training does what it says, on four kinds of tokenizers and seven architectures. Each check is asked again, with a fault
put in, by `test_faults.py`."""

import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

pytest.importorskip("trl")
from train import checks
from train.families import ARCHITECTURES, OUTSIDE, TOKENIZERS, family, tokenizer

from humpback import store
from humpback.curate.judge import JudgeConfig
from humpback.train.process import trainer as trainers

pytestmark = pytest.mark.filterwarnings(*OUTSIDE)


@pytest.mark.parametrize("kind", TOKENIZERS)
def test_loss_falls_on_target_and_end_only(kind: str) -> None:
    """A hard-coded offset of one tokenizer masked other families' rows whole."""
    checks.loss_falls_on_target_and_end_only(tokenizer(kind))


@pytest.mark.parametrize("name", ["qwen3", "llama", "gemma3"])
def test_the_gradient_is_that_of_the_target(name: str, tmp_path: Path) -> None:
    """Labels that look right and are shifted by one train something else."""
    checks.the_gradient_is_that_of_the_target(family(name), tmp_path)


@pytest.mark.parametrize("kind", TOKENIZERS)
def test_tags_are_on_their_own_rows(kind: str) -> None:
    """The one public implementation trained seed rows under the tag of web rows, and the other way round."""
    checks.tags_are_on_their_own_rows(tokenizer(kind))


def test_every_prompt_is_golden() -> None:
    """A backward sentence stood in a forward template for months; a file that is compared would have shown it."""
    checks.prompts_are_golden()


@pytest.mark.parametrize("name", ["qwen3", "llama", "llama-3", "gemma3"])
def test_inference_asks_as_training_did(name: str, tmp_path: Path) -> None:
    """Public models were trained under one template and asked, and judged, under others."""
    tiny = family(name)
    checks.inference_asks_as_training_did(tiny.tokenizer, tiny.save(tmp_path))


def test_answers_are_drawn_under_both_tags() -> None:
    """The combination at inference is part of the method: 66.5 % of wins with both tags, 60.0 % with none."""
    checks.answers_are_drawn_under_both_tags()


@pytest.mark.parametrize("role", ["forward", "backward"])
def test_the_other_role_is_refused(role: str, tmp_path: Path) -> None:
    """A published table came from a forward model that was asked to guess instructions."""
    folder = family("llama").save(tmp_path)
    store.write_json(folder / "humpback.json", {"role": role})
    checks.the_other_role_is_refused(folder, role)


def test_the_rate_falls_in_a_line_to_lr_end(tmp_path: Path) -> None:
    """9e-6 used as a factor ends at 9e-11."""
    checks.the_rate_falls_in_a_line_to_lr_end(family("llama"), tmp_path)


@pytest.mark.parametrize("name", ["llama", "gpt2", "gpt-neox"])
def test_dropout_is_what_was_asked_for(name: str) -> None:
    """Layers are made before the setting is known, and keep the rate that they were made with."""
    checks.dropout_is_what_was_asked_for(family(name))


@pytest.mark.parametrize("name", ["qwen3", "llama", "llama-3", "gemma3"])
def test_the_end_is_learnt_beside_padding(name: str, tmp_path: Path) -> None:
    """Two of these have no pad token and are padded with their end token."""
    checks.the_end_is_learnt_beside_padding(family(name), tmp_path)


@pytest.mark.parametrize("packing", ["batch", "none"])
def test_accumulation_changes_nothing(packing: str, tmp_path: Path) -> None:
    """A mean of means lets a target of three tokens weigh as much as one of two hundred."""
    checks.accumulation_changes_nothing(partial(family, "llama"), packing, tmp_path)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_packing_changes_nothing(name: str, tmp_path: Path) -> None:
    """Attention across examples, positions that run on, a window that is forgotten: all train, and all are wrong."""
    checks.packing_changes_nothing(family(name), family(name, "eager"), tmp_path)


@pytest.mark.parametrize("large", [False, True], ids=["small", "large"])
@pytest.mark.parametrize("how", ["batch", "none"])
@pytest.mark.parametrize("name", ["qwen3", "gemma3", "gpt2"])
def test_the_loss_is_trls_and_the_models_own(
    name: str, how: str, large: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The logits of prompts are not made; what is left out must be just that. Large batches go to TRL itself."""
    if large:
        monkeypatch.setattr(trainers, "LOGIT_BYTES", 0)
    attention = {"none": ["sdpa"], "batch": []}[how]
    checks.the_loss_is_trls_and_the_models_own(partial(family, name, *attention), how, tmp_path)


@pytest.mark.parametrize("name", ["llama", "llama-3", "gemma3"])
def test_a_saved_model_opens_anywhere_and_stops(name: str, by_heart: Callable[..., Path]) -> None:
    """Without its template a model is asked as nobody trained it, without its end it never stops."""
    checks.opens_anywhere_and_stops(by_heart(name))


def test_its_answers_end(by_heart: Callable[..., Path]) -> None:
    """The stop rate is what tells a model that learnt its ends, under tags that it never saw together."""
    checks.its_answers_end(by_heart("llama"))


def test_a_pair_judged_again_has_the_same_score() -> None:
    """Scores of the public judge were drawn once, warm, and their noise never measured."""
    checks.a_pair_judged_again_has_the_same_score(JudgeConfig())


def test_the_best_is_chosen_on_dev_pairs(tmp_path: Path) -> None:
    """The best of many on the test split is better there by luck, and its figures are no measurement."""
    checks.the_best_is_chosen_on_dev_pairs(tmp_path)


@pytest.mark.slow
def test_saving_needs_no_trainer() -> None:
    """vLLM's environment has none of these, and there it is tested that what was saved can be opened."""
    missing = ["trl", "peft", "accelerate", "datasets"]
    code = f"import sys; sys.modules.update(dict.fromkeys({missing})); import humpback.train.process.save"
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, timeout=60)
