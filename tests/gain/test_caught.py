"""Caught: defective pictures above nearly all good ones."""

from __future__ import annotations

import numpy as np
import pytest

from defectgen.gain.caught import alarm_threshold, caught


def test_it_counts_what_lies_above_the_good_ones() -> None:
    good = np.arange(100) / 100
    scores = np.concatenate([good, [0.95, 0.945, 0.5, 2.0]])
    labels = np.array([0] * 100 + [1, 1, 1, 2])
    # Five of the hundred good ones, 0.95 to 0.99, lie above 0.94
    assert alarm_threshold(good) == 0.94 and (good > 0.94).sum() == 5
    assert caught(scores, labels, ("crack", "pit", "dent")) == pytest.approx({"all": 0.75, "crack": 2 / 3, "pit": 1.0})


def test_few_good_pictures_allow_no_alarm_and_ties_are_none() -> None:
    assert alarm_threshold([0.1, 0.9]) == 0.9
    assert caught([0.5] * 4, [0, 0, 1, 1], ("crack",)) == {"all": 0.0, "crack": 0.0}


def test_the_scale_of_the_scores_does_not_matter() -> None:
    rng = np.random.default_rng(0)
    scores, labels = rng.normal(size=200), rng.integers(0, 3, 200)
    assert caught(scores, labels, ("a", "b")) == caught(np.exp(3 * scores + 1), labels, ("a", "b"))


@pytest.mark.parametrize("labels", [[0, 0], [1, 1]])
def test_one_side_alone_has_none(labels: list[int]) -> None:
    assert caught([0.1, 0.2], labels, ("crack",)) == {}
