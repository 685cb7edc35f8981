"""The vector functions that torch calls on a CPU, made ready before several threads call them at once."""

import torch

# Those of torch that are computed by MKL where the CPU is Intel's or AMD's, and of which models make use.
FUNCTIONS = ("cos", "erf", "exp", "expm1", "log", "log1p", "sin", "sqrt", "tanh")


def settle_vector_math() -> None:
    """Call each function once from a single thread.

    MKL before 2025 chooses the code for a function at its first call; when two threads make it together, one of them
    may compute its share to three digits (pytorch issue 188792). Three processes of 85 began so, and no two runs
    were sure to be the same.
    """
    for dtype in (torch.float32, torch.float64):
        one = torch.ones(1, dtype=dtype)  # below the size from which torch divides the work
        for name in FUNCTIONS:
            getattr(torch, name)(one)
