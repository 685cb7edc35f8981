"""Thresholds, shares, and the gates that keep a selection diverse."""

import random
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from humpback.curate import scorers
from humpback.curate.select import Choice, CurateConfig, DrawnConfig, SelectStage, at_random, cluster
from humpback.curate.select import pick as stage
from humpback.errors import UsageFault
from humpback.stage import Drop, Outcome
from humpback.text.sites import site

OFF: dict[str, Any] = {"distinct": None}


def rows(scores: list[float | None], gains: list[float | None] | None = None) -> list[dict]:
    gains = gains or [0.1] * len(scores)
    return [{"id": f"p{i}", "score": s, "gain": g, "status": "ok" if s is not None else "undecided"}
            for i, (s, g) in enumerate(zip(scores, gains, strict=True))]  # fmt: skip


def pick(config: CurateConfig, by: str, rows: list[dict], *, at_k: bool = True) -> list[Outcome]:
    """By the score at k, or as every other column the best share."""
    choice = Choice(by, k=config.k) if by == "score" and at_k else Choice(by, share=config.share)
    return list(stage(SelectStage.of(choice, config), rows))


def kept(outcomes) -> list[str]:  # type: ignore[no-untyped-def]
    return [o["id"] for o in outcomes if not isinstance(o, Drop)]


def test_k_is_a_float_and_inclusive() -> None:
    """4.5 on integer ratings meant exactly 5; on expected scores it means 4.5."""
    assert kept(pick(CurateConfig(**OFF), "score", rows([4.49, 4.5, 4.51]))) == ["p1", "p2"]


def test_a_higher_k_keeps_a_subset() -> None:
    """A_5 must lie in A_4."""
    scores = [3.9, 4.0, 4.4, 4.6, None]
    five, four = (set(kept(pick(CurateConfig(k=k, **OFF), "score", rows(scores)))) for k in (4.5, 4.0))
    assert five and five <= four


def test_unscored_pairs_are_dropped_as_such() -> None:
    """Data-Juicer keeps a row that got no score."""
    drops = [o for o in pick(CurateConfig(**OFF), "score", rows([None, 5.0])) if isinstance(o, Drop)]
    assert [(d.reason, d.value) for d in drops] == [("unscored", "undecided")]


def test_the_share_keeps_the_highest() -> None:
    """Rank, not threshold: a likelihood gain has no scale of its own."""
    assert kept(pick(CurateConfig(share=0.5, **OFF), "gain", rows([1.0] * 4, [0.1, 0.4, 0.3, 0.2]))) == ["p1", "p2"]


@pytest.mark.parametrize(("gain", "reason"), [(0.0, "negative_gain"), (-0.1, "negative_gain"), (None, "unscored")])
def test_an_instruction_that_does_not_help_is_never_kept(gain: float | None, reason: str) -> None:
    """IFD above 1: the instruction makes its answer less likely."""
    out = pick(CurateConfig(share=1.0, **OFF), "gain", rows([1.0, 1.0], [0.5, gain]))
    assert isinstance(out[1], Drop) and out[1].reason == reason


def test_the_random_control_is_seeded_and_of_the_size_asked() -> None:
    """Uncurated of equal size is the arm that curation must beat."""
    pool, first, other = rows([1.0] * 20), DrawnConfig(size=7, seed=1), DrawnConfig(size=7, seed=2)
    assert kept(at_random(first, pool)) == kept(at_random(first, pool[::-1]))[::-1]
    assert len(kept(at_random(first, pool))) == 7 and kept(at_random(first, pool)) != kept(at_random(other, pool))


# The gates of `pick`.

REASONS = {
    "text_full", "unscored", "negative_gain", "outside_band", "below_k", "below_share", "site_full",
    "near_duplicate_instruction", "cluster_full",
}  # fmt: skip
TOPICS = ("carpet", "bicycle chain", "wool sweater", "iron pan", "leather sofa", "fish tank", "silver ring", "wooden deck",
          "coffee grinder", "brick chimney", "paint brush", "suede shoe", "tile floor", "gas grill")  # fmt: skip


def pairs(**columns: list) -> list[dict]:
    count = len(next(iter(columns.values())))
    names = ["Explain", "Describe", "Compare", "Sketch", "Weigh", "Sum up", "Draft", "Plan", "Edit", "List"]
    base = [{"id": f"p{i}", "url": None, "instruction": f"{names[i % 10]} matter number {i} {names[i // 10 % 10]}"}
            for i in range(count)]  # fmt: skip
    return [{**row, **{name: values[i] for name, values in columns.items()}} for i, row in enumerate(base)]


def dropped(outcomes) -> dict[str, tuple]:  # type: ignore[no-untyped-def, type-arg]
    return {o.row["id"]: (o.reason, o.value) for o in outcomes if isinstance(o, Drop)}


def test_every_name_that_can_be_typed_is_a_scorer() -> None:
    """A setting that passes its check and fails hours later in the selection."""
    assert {CurateConfig(by=name).by for name in ("auto", *scorers.names())} == {"auto", *scorers.names()}
    with pytest.raises(UsageFault, match="no scorer 'scroe'") as fault:
        CurateConfig(by="scroe")
    assert "score, gain" in fault.value.hint


@pytest.mark.parametrize(
    ("by", "values", "best"),
    [
        ("score", [1.0, 5.0, 3.0, None], {"p1", "p2"}),
        ("backward_logprob", [-3.0, -1.0, -2.0, -0.5], {"p1", "p3"}),
        ("retrieval_rank", [1, 8, 2, None], {"p0", "p2"}),
        ("ifd", [0.2, 0.5, 0.85, 1.1], {"p1", "p2"}),
        ("ifd", [0.4, 0.5, 0.6, 0.7], {"p2", "p3"}),
        ("combined", [0.4, 0.5, 0.6, 0.7], {"p2", "p3"}),
    ],
)
def test_each_scorer_keeps_its_better_half(by: str, values: list, best: set[str]) -> None:
    """A rank sorted as if it were a score keeps the worst."""
    assert set(kept(pick(CurateConfig(share=0.5), by, pairs(**{by: values}), at_k=False))) == best


def test_each_drop_says_why() -> None:
    """ "Below the share" for a pair that no share would have kept hides what was wrong with it."""
    status = {"retrieval_status": ["ok", "alone", "ok"]}
    assert dropped(pick(CurateConfig(share=0.34), "retrieval_rank", pairs(retrieval_rank=[1, None, 2], **status))) == {
        "p1": ("unscored", "alone"),
        "p2": ("below_share", 2),
    }
    found = dropped(pick(CurateConfig(share=1.0), "ifd", pairs(ifd=[0.29, 0.3, 0.9, 0.91, None, float("nan")])))
    assert found == {
        "p0": ("outside_band", 0.29),
        "p3": ("outside_band", 0.91),
        "p4": ("unscored", "no ifd"),
        "p5": ("unscored", "no ifd"),
    }
    assert dropped(pick(CurateConfig(k=4.0), "score", pairs(score=[3.9, 4.0]))) == {"p0": ("below_k", 3.9)}


def test_the_band_is_the_models() -> None:
    """Of a small model every pair lies near 1, and the band of a large one drops them all."""
    rows = pairs(ifd=[0.95, 0.97, 0.99, 1.01])
    assert kept(pick(CurateConfig(share=1.0), "ifd", rows)) == []
    assert kept(pick(CurateConfig(share=0.25, ifd_band=(0.9, 0.98)), "ifd", rows)) == ["p1"]


def test_the_score_goes_by_k_unless_it_is_told_to_rank() -> None:
    """A judge that is not competent ranks, and its levels mean nothing."""
    scored = pairs(score=[4.6, 4.8, 4.9, 1.0])
    assert kept(pick(CurateConfig(share=0.25), "score", scored)) == ["p0", "p1", "p2"]
    assert kept(pick(CurateConfig(share=0.25), "score", scored, at_k=False)) == ["p2"]


def test_the_best_of_each_site_stay_and_make_room_for_other_sites() -> None:
    """One large site fills the set with its style; what it gives up must not be lost to the number kept."""
    rows = pairs(gain=[0.9, 0.8, 0.7, 0.6, 0.5, 0.4])
    hosts = ["www.big.com", "shop.big.com", "big.com", "small.org", "big.com", None]
    rows = [{**row, "url": f"https://{host}/x" if host else None} for row, host in zip(rows, hosts, strict=True)]
    out = list(pick(CurateConfig(per_site=2, share=0.5), "gain", rows))
    assert kept(out) == ["p0", "p1", "p3"]
    assert dropped(out) == {"p2": ("site_full", "big.com"), "p4": ("site_full", "big.com"), "p5": ("below_share", 0.4)}


def test_of_each_text_the_best_stays_and_the_share_is_one_of_texts() -> None:
    """Half of six candidates for two texts was three pairs: one text twice."""
    asked = ["How do I oil it?", "What is rust?", "When do I clean?", "Why oil?", "Which brush?", "Who made it?"]
    listed = pairs(score=[5.0, 4.9, 4.8, 4.7, 4.6, 4.5], instruction=asked, parent=["a", "a", "b", "a", "b", "b"])
    config = CurateConfig(per_text=1, share=1.0)
    out = pick(config, "score", listed, at_k=False)
    assert kept(out) == ["p0", "p2"] and dropped(out)["p1"] == ("text_full", "a")
    assert kept(pick(config.model_copy(update={"share": 0.5}), "score", listed, at_k=False)) == ["p0"]


def test_the_random_control_draws_one_of_a_text_too() -> None:
    """A control with two instructions for one text, beside a selection with one, is on fewer texts."""
    listed = pairs(score=[1.0] * 9, parent=["a", "b", "c"] * 3)
    made = [kept(at_random(DrawnConfig(size=3, seed=seed, per_text=1), listed)) for seed in range(5)]
    assert all(sorted(int(name[1:]) % 3 for name in each) == [0, 1, 2] for each in made) and len(set(map(tuple, made))) > 1


def test_rows_of_no_site_are_not_one_site() -> None:
    """Books and tables have no address, and are not all by one author."""
    assert len(kept(pick(CurateConfig(per_site=1, share=1.0), "gain", pairs(gain=[0.1] * 5)))) == 5


ASKED = "What are the most important things to keep in mind when buying an old house?"


@pytest.mark.parametrize(
    "other", [ASKED, ASKED.lower().rstrip("?"), f"Please, {ASKED[0].lower()}{ASKED[1:]}", f"Can you tell me: {ASKED}"]
)
def test_of_equal_instructions_the_best_pair_stays(other: str) -> None:
    """Two answers to one question teach the worse one too."""
    rows = [{**row, "instruction": text} for row, text in zip(pairs(score=[4.6, 4.9]), (ASKED, other), strict=True)]
    out = list(pick(CurateConfig(), "score", rows))
    assert kept(out) == ["p1"]
    reason, value = dropped(out)["p0"]
    assert reason == "near_duplicate_instruction" and value.startswith("p1")
    assert kept(pick(CurateConfig(**OFF), "score", rows)) == ["p0", "p1"]


@pytest.mark.parametrize(
    "pattern",
    ["How do I clean a {}?", "What is the best way to clean a {}?", "Write a short guide that explains how to repair a {}.",
     "What should I keep in mind when I want to clean an old {} at home without damaging it?"],
)  # fmt: skip
def test_instructions_of_one_pattern_are_no_duplicates(pattern: str) -> None:
    """They share most of their words, and each asks for something else."""
    rows = pairs(score=[5.0] * len(TOPICS))
    rows = [{**row, "instruction": pattern.format(topic)} for row, topic in zip(rows, TOPICS, strict=True)]
    assert len(kept(pick(CurateConfig(), "score", rows))) == len(TOPICS)


def test_a_topic_has_at_most_its_share() -> None:
    """The judge likes recipes, and the selection becomes a cookbook."""
    asked = [f"Which soup has {i} onions, leeks and some broth in the pot?" for i in range(12)]
    asked += [f"Which moon circles planet {i} of the outer solar system?" for i in range(4)]
    rows = [{**row, "instruction": x} for row, x in zip(pairs(gain=[1 - i / 20 for i in range(16)]), asked, strict=True)]
    out = list(pick(CurateConfig(clusters=2, cluster_share=0.5, share=0.5, **OFF), "gain", rows))
    assert kept(out) == ["p0", "p1", "p2", "p3", "p12", "p13", "p14", "p15"]
    assert [reason for reason, _ in dropped(out).values()] == ["cluster_full"] * 8
    without = kept(pick(CurateConfig(share=0.5, **OFF), "gain", rows))
    assert without == [f"p{i}" for i in range(8)]


def test_topics_of_many_instructions_are_found() -> None:
    """k-means over short texts puts most of them into one cluster, whose cap then falls on all of them."""
    draw, groups = (
        random.Random(3),
        ("soup leek broth onion pot stew", "moon planet orbit comet star sun", "git merge commit branch"),
    )
    asked = [" ".join(draw.choices(words.split(), k=3)) + f" in case {i} of b{i}" for words in groups for i in range(60)]
    found = cluster(asked, 3)
    purity = sum(Counter(found[start : start + 60]).most_common(1)[0][1] for start in (0, 60, 120)) / 180
    assert purity > 0.9 and max(Counter(found).values()) < 90


@pytest.mark.parametrize("texts", [["?", "!", "..."], ["one"], ["same"] * 5, ["人工知能とは", "月はなぜ光る", "猫"]])
def test_clusters_of_odd_texts(texts: list[str]) -> None:
    """No word at all, one text, equal texts, scripts without blanks: k-means complains of each."""
    found = cluster(texts, 4)
    assert len(found) == len(texts) and all(0 <= topic < 4 for topic in found)


def test_ties_are_settled_by_id_and_not_by_place() -> None:
    """Shards read in another order would give another set."""
    rows = pairs(gain=[0.5] * 10)
    config = CurateConfig(share=0.3)
    assert kept(pick(config, "gain", rows)) == ["p0", "p1", "p2"] == kept(pick(config, "gain", rows[::-1]))[::-1]


ROW = st.fixed_dictionaries(
    {
        "score": st.none() | st.floats(1, 5),
        "gain": st.none() | st.floats(-1, 2),
        "ifd": st.none() | st.floats(0, 1.5),
        "retrieval_rank": st.none() | st.integers(1, 8),
        "status": st.just("undecided"),
        "url": st.sampled_from(
            [None, "", "https://a.example/1", "https://b.a.example/2", "http://[broken", "https://c.org"]
        ),
        "instruction": st.sampled_from(
            ["", "?", "How do I clean a pan?", "how do i clean a pan", "Why is the sky blue?", "月"]
        ),
    }
)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(ROW, max_size=25),
    st.sampled_from(["score", "gain", "ifd", "retrieval_rank"]),
    st.booleans(),
    st.none() | st.integers(1, 3),
    st.none() | st.just(0.8),
    st.sampled_from([0, 3]),
    st.floats(0, 1),
)
def test_every_row_is_kept_or_dropped_once(
    drawn: list[dict], by: str, at_k: bool, per_site: int | None, distinct: float | None, clusters: int, share: float
) -> None:
    """A gate that forgets a row, or answers for one twice, breaks the books of the run."""
    rows = [{**row, "id": f"r{i}"} for i, row in enumerate(drawn)]
    config = CurateConfig(k=3.0, share=share, per_site=per_site, distinct=distinct, clusters=clusters, cluster_share=0.5)
    out = list(pick(config, by, rows, at_k=at_k))
    assert [o.row["id"] if isinstance(o, Drop) else o["id"] for o in out] == [row["id"] for row in rows]
    assert {reason for reason, _ in dropped(out).values()} <= REASONS
    stay = [o for o in out if not isinstance(o, Drop)]
    scorer = scorers.load(by, config)
    assert all(row in rows and scorer.fault(row[by]) is None for row in stay)
    if not (by == "score" and at_k):
        assert len(stay) <= max(1, round(share * len(rows)))
    if per_site:
        assert max(Counter(site(row["url"]) for row in stay if site(row["url"])).values(), default=0) <= per_site
    worst = min((scorer.quality(row[by]) for row in stay), default=None)
    for o in out:
        if isinstance(o, Drop) and o.reason == "below_share":
            assert worst is not None and scorer.quality(o.value) <= worst
