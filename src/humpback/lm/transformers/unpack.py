"""`python -m humpback.lm.transformers.unpack FILE FOLDER`: a model in a GGUF file, as transformers opens and trains it."""

import sys
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig, logging


def unpack(file: Path, folder: Path) -> None:
    """Write the model in `file` to `folder`: weights in bfloat16, tokenizer, chat template and config."""
    logging.disable_progress_bar()
    whole = GgufConfig(dequantize=True)
    model = AutoModelForCausalLM.from_pretrained(
        file.parent, gguf_file=file.name, dtype=torch.bfloat16, quantization_config=whole
    )
    model.save_pretrained(folder)
    AutoTokenizer.from_pretrained(file.parent, gguf_file=file.name).save_pretrained(folder)


if __name__ == "__main__":
    unpack(Path(sys.argv[1]), Path(sys.argv[2]))
