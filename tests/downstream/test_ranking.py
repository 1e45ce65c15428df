"""Rankings: the same numbers as scikit-learn and as counting by hand, on all pixels or a part."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics

from defectgen.downstream.ranking import Ranking, alarm_threshold, rank
from defectgen.downstream.region import region_weights, regions


@pytest.fixture(params=[None, 7, 1], ids=["distinct", "seven values", "one value"])
def drawn(request: pytest.FixtureRequest) -> tuple[np.ndarray, np.ndarray]:
    """Maps and masks (6, 20, 20), the maps with so many distinct values."""
    rng = np.random.default_rng(5)
    truth = np.zeros((6, 20, 20), bool)
    truth[0, 2:5, 2:9] = truth[0, 12:14, 3:4] = truth[3, 8:18, 8:18] = truth[4, 0, 0] = True
    maps = (rng.random(truth.shape) + 0.4 * truth).astype(np.float32)
    return (maps if request.param is None else np.floor(maps / 1.41 * request.param).astype(np.float32)), truth


def test_same_as_scikit_learn(drawn: tuple[np.ndarray, np.ndarray]) -> None:
    maps, truth = drawn
    ranking = rank(maps, truth)
    assert ranking.average_precision() == pytest.approx(metrics.average_precision_score(truth.ravel(), maps.ravel()))
    assert ranking.auroc() == pytest.approx(metrics.roc_auc_score(truth.ravel(), maps.ravel()))
    best, threshold = ranking.f1_max()
    precision, recall, _ = metrics.precision_recall_curve(truth.ravel(), maps.ravel())
    assert best == pytest.approx(np.max(2 * precision * recall / np.maximum(precision + recall, 1e-12)))
    assert best == pytest.approx(metrics.f1_score(truth.ravel(), maps.ravel() >= np.float32(threshold)))


def brute_pro(maps: np.ndarray, truth: np.ndarray, limit: float) -> float:
    points = [(0.0, 0.0)]
    for threshold in np.unique(maps)[::-1]:
        marks = maps >= threshold
        shares = []
        for mark, mask in zip(marks, truth, strict=True):
            index, count = regions(mask)
            shares += [mark[index == k].mean() for k in range(1, count + 1)]
        points.append((float(marks[~truth].mean()), float(np.mean(shares))))
    x, y = np.array(points).T
    grid = np.append(x[x <= limit], limit)
    return float(np.trapezoid(np.append(y[x <= limit], np.interp(limit, x, y)), grid) / limit)


@pytest.mark.parametrize("limit", [0.05, 0.3, 1.0])
def test_pro_is_that_of_trying_every_threshold(drawn: tuple[np.ndarray, np.ndarray], limit: float) -> None:
    maps, truth = drawn
    assert rank(maps, truth, region_weights(truth)).pro(limit) == pytest.approx(brute_pro(maps, truth, limit), abs=1e-5)


def test_a_small_region_counts_as_much_as_a_large_one() -> None:
    truth = np.zeros((1, 10, 10), bool)
    truth[0, :5, :5] = truth[0, 8, 8] = True
    only_large, only_small = truth.astype(np.float32), np.zeros((1, 10, 10), np.float32)
    only_large[0, 8, 8], only_small[0, 8, 8] = 0, 1
    weights = region_weights(truth)
    assert rank(only_large, truth, weights).pro(1.0) == pytest.approx(0.75)
    assert rank(only_small, truth, weights).pro(1.0) == pytest.approx(0.75)
    assert rank(only_large, truth).average_precision() > 0.9 > 0.4 > rank(only_small, truth).average_precision()


def test_by_hand() -> None:
    ranking = rank(np.array([0.9, 0.8, 0.7, 0.1]), np.array([True, False, True, False]))
    assert ranking.average_precision() == pytest.approx(0.5 * 1 + 0.5 * 2 / 3)
    assert ranking.auroc() == pytest.approx(3 / 4)
    assert ranking.f1_max() == (pytest.approx(0.8), pytest.approx(0.7))


def test_perfect_inverted_and_constant_scores() -> None:
    truth = np.array([True, True, False, False, False])
    weights = region_weights(truth.reshape(1, 1, 5))

    def of(scores: np.ndarray) -> Ranking:
        return rank(scores.reshape(1, 1, 5), truth.reshape(1, 1, 5), weights)

    perfect, inverted, constant = of(truth * 1.0), of(1.0 - truth), of(np.ones(5))
    assert (perfect.average_precision(), perfect.auroc(), perfect.f1_max()[0], perfect.pro()) == (1, 1, 1, 1)
    assert inverted.auroc() == 0 and inverted.pro() == 0
    assert constant.auroc() == 0.5 and constant.average_precision() == pytest.approx(0.4)


def test_a_part_is_ranked_as_if_it_were_all(drawn: tuple[np.ndarray, np.ndarray]) -> None:
    maps, truth = drawn
    weights = region_weights(truth)
    kept = np.array([True, False, True, True, False, False])
    part, alone = rank(maps, truth, weights).of(kept), rank(maps[kept], truth[kept], weights[kept])
    assert part.average_precision() == alone.average_precision() and part.pro() == pytest.approx(alone.pro())
    assert part.auroc() == alone.auroc() and part.f1_max() == alone.f1_max()


@pytest.mark.parametrize("rate", [0.0, 0.05, 0.1, 0.5])
@pytest.mark.parametrize("values", [None, 4])
def test_the_alarm_threshold_keeps_its_promise_and_is_the_lowest(rate: float, values: int | None) -> None:
    scores = np.random.default_rng(0).random(40).astype(np.float32)
    scores = scores if values is None else np.floor(scores * values).astype(np.float32)
    threshold = np.float32(alarm_threshold(scores, rate))
    assert np.mean(scores >= threshold) <= rate
    lower = scores[scores < threshold].max()
    assert np.mean(scores >= lower) > rate
