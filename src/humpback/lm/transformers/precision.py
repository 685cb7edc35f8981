"""Whether this machine multiplies bfloat16 faster than float32."""

import re
from pathlib import Path

import torch

CPU = Path("/proc/cpuinfo")
# Instructions for whole tiles of bfloat16 (AMX), and those of ARM. AVX-512 knows bfloat16 too and is no faster for it:
# without AMX a training step took 1.6 times as long as in float32, and a product of matrices up to twice as long.
FAST = re.compile(r"\bamx_bf16\b|^Features\s*:.*\bbf16\b", re.MULTILINE)


def is_bfloat16_fast(on_gpu: bool, cpu: Path = CPU) -> bool:
    """By the GPU, or else by what the file `cpu` says of the processor; where there is none, it is."""
    if on_gpu:
        return bool(torch.cuda.is_bf16_supported())
    return not cpu.exists() or bool(FAST.search(cpu.read_text(encoding="utf-8")))
