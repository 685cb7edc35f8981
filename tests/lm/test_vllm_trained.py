"""What training saves, opened by vLLM. `make test-vllm` makes the environment in which these run; it has no trainer."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from humpback import lm as language_models
from humpback.lm import Sampling, chat
from humpback.lm.embedded import EMBEDDED

if importlib.util.find_spec("vllm") is None:
    pytest.skip("vllm is not installed here; it needs an environment of its own: make test-vllm", allow_module_level=True)

pytestmark = pytest.mark.vllm

OPTIONS = "kv_cache_gib=1&enforce_eager=true&dtype=float32&processes=1"
PROMPTS = ["What does a baker do?", "How old is the sea?", "Write a letter.", "List three fruits."]
PLAIN = """
import json, sys, vllm
if __name__ == "__main__":
    folder, prompts = json.loads(sys.argv[1])
    llm = vllm.LLM(folder, dtype="float32", enforce_eager=True, max_model_len=512, kv_cache_memory_bytes=1 << 30)
    turns = [[{"role": "user", "content": prompt}] for prompt in prompts]
    made = llm.chat(turns, vllm.SamplingParams(temperature=0, max_tokens=16), use_tqdm=False)
    print(json.dumps([[list(each.prompt_token_ids), each.outputs[0].text] for each in made]))
"""
GREEDY = Sampling(temperature=0, max_new_tokens=16)


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The embedded model with other weights, written as a trained one is."""
    import torch
    import transformers

    from humpback.train.process.save import save
    from humpback.train.training import Training

    model = transformers.AutoModelForCausalLM.from_pretrained(EMBEDDED, dtype=torch.float32)
    words = transformers.AutoTokenizer.from_pretrained(EMBEDDED)
    torch.manual_seed(1)
    with torch.no_grad():
        for weight in model.parameters():
            weight += 0.05 * weight.std() * torch.randn_like(weight)
    folder = tmp_path_factory.mktemp("trained")
    save(model, words, folder, Training(role="forward", base="embedded", data=()), {})
    return folder


@pytest.fixture(scope="module")
def served(saved: Path) -> Any:
    opened = language_models.open(f"vllm:{saved}?{OPTIONS}")
    yield opened
    opened.close()


def test_a_trained_model_opens_with_its_role_and_says_what_it_says(saved: Path, served: Any) -> None:
    """A folder that only its writer can read is no model."""
    plain = language_models.open_here(f"transformers:{saved}?dtype=float32")
    assert served.role == "forward"
    ours, theirs = (lm.generate(PROMPTS, GREEDY, range(4)) for lm in (served, plain))
    assert sum((a.text, a.finish) == (b.text, b.finish) for a, b in zip(ours, theirs, strict=True)) >= 3
    targets = ["A baker bakes.", "Very old.", "Dear", "Pears"]
    for mine, other in zip(served.logprob(PROMPTS, targets), plain.logprob(PROMPTS, targets), strict=True):
        assert mine == pytest.approx(other, abs=0.05)


def test_plain_vllm_asks_it_by_the_template_of_training(saved: Path) -> None:
    """vLLM's chat renders by the template in the folder, and nobody sees what it renders."""
    told = json.dumps([str(saved), PROMPTS])
    done = subprocess.run([sys.executable, "-c", PLAIN, told], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    plain = language_models.open_here(f"transformers:{saved}?dtype=float32")
    made = json.loads(next(line for line in done.stdout.splitlines() if line.startswith("[[")))  # vLLM logs beside it
    assert [ids for ids, _ in made] == [chat.render(plain.tokenizer, prompt).prompt for prompt in PROMPTS]  # type: ignore[attr-defined]
    theirs = [each.text for each in plain.generate(PROMPTS, GREEDY, range(4))]
    assert sum(a.strip() == b.strip() for (_, a), b in zip(made, theirs, strict=True)) >= 3
