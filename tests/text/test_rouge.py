"""Overlap of texts in any script."""

import pytest
from rouge_score.rouge_scorer import RougeScorer

from humpback.text.rouge import rouge_l


def test_rouge_l_is_the_librarys() -> None:
    """One of the two knows the letters a to z alone; in English they must agree, and in Chinese it finds nothing."""
    scorer = RougeScorer(["rougeL"])
    for one, other in (("the cat sat on the mat", "the cat is on a mat"), ("a b c", "c b a"), ("one", "two")):
        assert rouge_l(one, other) == pytest.approx(scorer.score(one, other)["rougeL"].fmeasure)
    assert rouge_l("", "") == 1.0
    assert rouge_l("北京是中国的首都。", "北京是首都。") == pytest.approx(10 / 13)
