"""Scores of whole pictures: scikit-learn's accuracies, and what is found at the alarm threshold."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics

from defectgen.downstream.picture_score import balanced_accuracy, class_scores, overall_scores
from tests.downstream.small_pool import small_pool


def test_same_as_scikit_learn() -> None:
    pool = small_pool(30, 9, seed=0)
    chances = np.random.default_rng(0).dirichlet([1, 1, 1], len(pool)).astype(np.float32)
    predicted, defect = chances.argmax(1), 1 - chances[:, 0]
    scores = overall_scores(chances, pool, 0.5)
    assert scores["accuracy"] == metrics.accuracy_score(pool.labels, predicted)
    assert scores["balanced_accuracy"] == pytest.approx(metrics.balanced_accuracy_score(pool.labels, predicted))
    assert scores["auroc"] == pytest.approx(metrics.roc_auc_score(pool.labels > 0, defect))
    assert scores["average_precision"] == pytest.approx(metrics.average_precision_score(pool.labels > 0, defect))
    rows = class_scores(chances, pool, 0.5)
    f1 = metrics.f1_score(pool.labels, predicted, average=None)
    assert [rows["pit"]["f1"], rows["cut"]["f1"]] == pytest.approx(f1[1:].tolist())


def test_by_hand() -> None:
    pool = small_pool(2, 1, seed=0)
    chances = np.array([[0.9, 0.1, 0], [0.4, 0.6, 0], [0.3, 0.7, 0], [0.6, 0, 0.4]], np.float32)
    scores, rows = overall_scores(chances, pool, 0.5), class_scores(chances, pool, 0.5)
    assert scores["accuracy"] == 0.5 and scores["balanced_accuracy"] == pytest.approx((0.5 + 1 + 0) / 3)
    assert scores["found"] == 0.5 and scores["false_per_good"] == 0.5
    assert rows["pit"] == {"recall": 1.0, "f1": pytest.approx(2 / 3), "auroc": 1.0, "found": 1.0}
    assert rows["cut"] == {"recall": 0.0, "f1": 0.0, "auroc": 0.5, "found": 0.0}


def test_always_saying_good_is_no_better_than_chance() -> None:
    labels = np.array([0] * 90 + [1] * 10)
    assert balanced_accuracy(np.zeros(100, np.int64), labels) == 0.5
