"""Models and engines that do what a test wants of them: fail at a call, count what they are asked."""

from collections.abc import Sequence

from humpback.engine.local import LocalEngine
from humpback.lm import LM, Completion, Sampling
from humpback.lm.echo import Echo


class Fragile(Echo):
    """Echo, which is interrupted before its answer number `breaks_after`, once; `history` holds what it was really asked."""

    def __init__(self, breaks_after: int | None = None, script: Sequence[str] = ()) -> None:
        super().__init__(script)
        self.breaks_after = breaks_after

    def generate(self, prompts: Sequence[str], sampling: Sampling, seeds: Sequence[int]) -> list[Completion]:
        out: list[Completion] = []
        for prompt, seed in zip(prompts, seeds, strict=True):
            if len(self.history) == self.breaks_after:
                self.breaks_after = None
                raise KeyboardInterrupt
            out += super().generate([prompt], sampling, [seed])
        return out


class Opens(LocalEngine):
    """An engine of this process that gives `lms` where they are asked for, and nothing else."""

    def __init__(self, **lms: LM) -> None:
        super().__init__()
        self.lms = lms

    def open(self, spec: str) -> LM:
        return self.lms[spec]
