from pathlib import Path

import pytest

from humpback.lm.transformers.precision import is_bfloat16_fast


@pytest.mark.parametrize(
    ("said", "fast"),
    [
        ("flags\t\t: fpu avx512f avx512_bf16 amx_bf16 amx_tile\n", True),
        ("flags\t\t: fpu avx512f avx512_bf16 avx512_fp16\n", False),
        ("flags\t\t: fpu sse2 avx2\n", False),
        ("processor\t: 0\nFeatures\t: fp asimd sve i8mm bf16\n", True),
        ("Features\t: fp asimd\n", False),
    ],
)
def test_processors_that_know_bfloat16_and_are_no_faster_for_it(tmp_path: Path, said: str, fast: bool) -> None:
    """Whoever knew bfloat16 was given it: with AVX-512 alone a training took 1.6 times as long as in float32."""
    (tmp_path / "cpuinfo").write_text(said, encoding="utf-8")
    assert is_bfloat16_fast(False, tmp_path / "cpuinfo") is fast


def test_where_the_processor_says_nothing_it_is(tmp_path: Path) -> None:
    """Macs have no such file, and are fast."""
    assert is_bfloat16_fast(False, tmp_path / "none")
