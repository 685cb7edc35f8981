"""Which accelerators this machine has, found without loading torch."""

import os
from pathlib import Path


def gpus() -> int:
    """How many GPUs this process may use."""
    return len(visible())


def visible() -> list[str]:
    """The names under which CUDA_VISIBLE_DEVICES knows the GPUs that this process may use."""
    chosen = os.environ.get("CUDA_VISIBLE_DEVICES")
    if chosen is not None:
        return [name.strip() for name in chosen.split(",") if name.strip() not in ("", "-1")]
    found = sorted(int(device.name.removeprefix("nvidia")) for device in Path("/dev").glob("nvidia[0-9]*"))
    return [str(number) for number in found]


def share(devices: list[str], number: int, processes: int) -> str | None:
    """Those of `devices` that process `number` of `processes` uses, as CUDA_VISIBLE_DEVICES; None where there are none."""
    if not devices:
        return None
    each = max(1, len(devices) // processes)
    return ",".join(devices[(number * each + i) % len(devices)] for i in range(each))
