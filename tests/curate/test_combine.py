"""Scorers combined by rank and by regression."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from humpback.curate import combine as module
from humpback.curate import scorers
from humpback.curate.combine import Calibrated
from humpback.curate.scorers.combined import CombineStage, combine
from humpback.curate.select import CurateConfig
from humpback.errors import UsageFault

CURATE = CurateConfig()
NUMBER = st.none() | st.floats(-5, 5, allow_nan=False)


def rows(**columns: list[float | None]) -> list[dict]:
    count = len(next(iter(columns.values())))
    return [{"id": f"p{i:03d}", **{name: values[i] for name, values in columns.items()}} for i in range(count)]


def by_rank(pairs: list[dict], columns: list[str], curate: CurateConfig = CURATE) -> list[float | None]:
    return module.by_rank(pairs, columns, curate)


def calibrate(pairs: list[dict], columns: list[str], curate: CurateConfig = CURATE) -> tuple[Calibrated, list[float]]:
    return module.calibrate(pairs, columns, curate)


def labelled(count: int = 200, noise: float = 0.3, seed: int = 1) -> list[dict]:
    """Half good, half bad; score tells them apart, gain does a little, and a tenth of the scores is null."""
    draw = random.Random(seed)
    out = []
    for i in range(count):
        label = i % 2
        score = None if draw.random() < 0.1 else 2.0 + label + draw.gauss(0, noise)
        out.append({"id": f"p{i:03d}", "score": score, "gain": 0.3 + 0.1 * label + draw.gauss(0, 0.3), "label": label})
    return out


def test_ranks_know_the_direction_of_each_column() -> None:
    """A retrieval rank of 1 is the best, a score of 1 the worst."""
    assert by_rank(rows(score=[1.0, 3.0, 5.0]), ["score"]) == [0.0, 0.5, 1.0]
    assert by_rank(rows(retrieval_rank=[1, 3, 5]), ["retrieval_rank"]) == [1.0, 0.5, 0.0]
    assert by_rank(rows(score=[1.0, 5.0], retrieval_rank=[1, 2]), ["score", "retrieval_rank"]) == [0.5, 0.5]


def test_outside_the_band_is_the_worst_rank() -> None:
    """The highest IFD of all is that of a wrong instruction."""
    assert by_rank(rows(ifd=[0.1, 0.4, 0.8, 1.2]), ["ifd"]) == [0.0, 0.0, 1.0, 0.0]
    assert by_rank(rows(gain=[-0.1, 0.0, 0.2, 0.4]), ["gain"]) == [0.0, 0.0, 0.0, 1.0]


def test_a_null_is_neither_good_nor_bad() -> None:
    """A mean over what is there would lift a pair whose judge could not decide to the top."""
    pairs = rows(score=[None, 1.0, 5.0, None], gain=[0.9, 0.1, 0.5, None])
    assert by_rank(pairs, ["score", "gain"]) == [(0.5 + 1.0) / 2, 0.0, 0.75, None]


def test_equal_values_have_equal_ranks() -> None:
    """Ranks by place would tell apart what is equal, by accident of order."""
    assert by_rank(rows(score=[2.0, 2.0, 1.0, 3.0]), ["score"]) == [0.5, 0.5, 0.0, 1.0]
    assert by_rank(rows(score=[2.0]), ["score"]) == [0.5] and by_rank([], ["score"]) == []


@given(st.lists(st.tuples(NUMBER, NUMBER, NUMBER), max_size=30))
def test_ranks_stay_between_0_and_1_and_follow_the_rows(values: list[tuple[float | None, ...]]) -> None:
    """Whatever is null, tied or out of bounds; and the order of the rows must not matter."""
    names = ["score", "ifd", "retrieval_rank"]
    pairs = [dict(zip(names, each, strict=True)) for each in values]
    found = by_rank(pairs, names)
    assert all((rank is None) == all(v is None for v in each) for rank, each in zip(found, values, strict=True))
    assert all(0 <= rank <= 1 for rank in found if rank is not None)
    assert by_rank(pairs[::-1], names) == found[::-1]


def test_an_unknown_scorer_is_named() -> None:
    """A column of nulls would otherwise rank everything in the middle."""
    with pytest.raises(UsageFault, match="no scorer 'scroe'"):
        by_rank(rows(score=[1.0]), ["scroe"])


def test_the_regression_finds_what_tells_good_from_bad() -> None:
    """A combination worse than its best part is none."""
    fit, held = calibrate(labelled(), ["score", "gain"])
    assert fit.auc > 0.9 and fit.labels == 200 and all(0 < p < 1 for p in held)
    good, bad = {"score": 3.0, "gain": 0.4}, {"score": 2.0, "gain": 0.3}
    assert fit.predict([good, bad])[0] > 0.8 and fit.predict([good, bad])[1] < 0.2  # type: ignore[operator]


def test_the_auc_is_that_of_unseen_pairs() -> None:
    """Fitted to noise and measured on the same pairs, any combination looks good."""
    draw = random.Random(5)
    names = [name for name in scorers.names() if name != "combined"]
    noise = [{"id": f"n{i}", **{name: draw.random() for name in names}, "label": i % 2} for i in range(40)]
    fit, held = calibrate(noise, names)
    seen = fit.predict(noise)
    flattered = sum((seen[i] > 0.5) == bool(noise[i]["label"]) for i in range(40)) / 40  # type: ignore[operator]
    honest = sum((held[i] > 0.5) == bool(noise[i]["label"]) for i in range(40)) / 40
    assert flattered > 0.65 and fit.auc < 0.65 and honest < flattered


def test_a_null_may_itself_tell() -> None:
    """Where the judge decides about good pairs alone, not to have decided is the sign."""
    pairs = [{"id": f"p{i:02d}", "score": 3.0 if i % 2 else None, "gain": 0.1, "label": i % 2} for i in range(40)]
    fit, _ = calibrate(pairs, ["score", "gain"])
    assert fit.auc == 1.0
    assert fit.predict([{"score": None, "gain": None}, {}]) == [None, None]
    assert fit.predict([]) == []


def test_both_sides_of_the_band_are_bad_to_the_regression() -> None:
    """A line through IFD must call one of the two ends good."""
    pairs = [{"id": f"p{i:02d}", "ifd": (0.6, 0.1, 0.5, 1.4)[i % 4], "label": (1, 0)[i % 2]} for i in range(40)]
    assert calibrate(pairs, ["ifd"])[0].auc == 1.0


def test_the_order_of_the_labels_changes_nothing() -> None:
    """Folds by place would give another AUC for the same labels."""
    pairs = labelled(60, noise=1.0)
    fit, held = calibrate(pairs, ["score", "gain"])
    turned, again = calibrate(pairs[::-1], ["score", "gain"])
    assert turned.auc == fit.auc and again[::-1] == pytest.approx(held)


@pytest.mark.parametrize(
    ("pairs", "told"),
    [
        (labelled(18), "18 labelled pairs, 9 good and 9 bad"),
        ([{**row, "label": 1} for row in labelled(40)], "40 good and 0 bad"),
        ([{**row, "label": int(i < 4)} for i, row in enumerate(labelled(40))], "4 good and 36 bad"),
        ([{**row, "label": 2 * row["label"]} for row in labelled(40)], "20 labels are neither 0 nor 1"),
    ],
)
def test_too_few_labels_are_a_typed_error(pairs: list[dict], told: str) -> None:
    """Three labels give coefficients too, and a perfect fit."""
    with pytest.raises(UsageFault, match=told):
        calibrate(pairs, ["score", "gain"])


def test_coefficients_are_plain_text_and_come_back_as_they_were() -> None:
    """A pickle would run what it holds, and only where the same versions are installed."""
    fit, _ = calibrate(labelled(), ["score", "gain", "ifd"])
    loaded = Calibrated.from_json(fit.to_json())
    assert loaded == fit and loaded.predict(labelled()) == fit.predict(labelled())


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"columns": ["score"]}', "broken"])
def test_other_text_is_refused(text: str) -> None:
    """A file cut short must not become a combination of fewer columns."""
    with pytest.raises(UsageFault, match="not the coefficients"):
        Calibrated.from_json(text)
    fit, _ = calibrate(labelled(), ["score"])
    with pytest.raises(UsageFault, match="2 weights for 2 columns"):
        Calibrated.from_json(fit.to_json().replace('"score"', '"score", "gain"'))


def test_the_band_is_that_of_the_settings() -> None:
    """Applied in three places and forgotten in a fourth: of a small model every pair lay outside a large one's band."""
    pairs = rows(ifd=[0.93, 0.95, 0.99])
    assert by_rank(pairs, ["ifd"]) == [0.0, 0.0, 0.0]
    assert by_rank(pairs, ["ifd"], CurateConfig(ifd_band=(0.9, 0.98))) == [0.0, 1.0, 0.0]
    known = [{"id": f"p{i:02d}", "ifd": (0.95, 1.2)[i % 2], "label": 1 - i % 2} for i in range(40)]
    assert calibrate(known, ["ifd"], CurateConfig(ifd_band=(0.9, 1.0)))[0].bands == ((0.9, 1.0),)


def test_combined_is_a_column_of_every_row() -> None:
    """With labels p(good), without them the mean rank."""
    pairs = labelled()
    fit, _ = calibrate(pairs, ["score", "gain"])
    band = CURATE.ifd_band
    fitted = combine(CombineStage(columns=("score",), ifd_band=band, calibrated=fit), pairs)
    assert [row["combined"] for row in fitted] == fit.predict(pairs)  # type: ignore[index]
    ranked = list(combine(CombineStage(columns=("score", "gain"), ifd_band=band), pairs))
    assert [row["combined"] for row in ranked] == by_rank(pairs, ["score", "gain"])  # type: ignore[index]
    assert [row["id"] for row in ranked] == [row["id"] for row in pairs]  # type: ignore[index]
