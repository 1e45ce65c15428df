from __future__ import annotations

import numpy as np
import pytest
import torch
from torch_fidelity.metric_prc import prc_features_to_metric

from defectgen.errors import InputError
from defectgen.metric.precision_recall import precision_recall
from tests.metric.feature_pieces import normal


@pytest.mark.parametrize("k", [1, 3, 5])
def test_equals_torch_fidelity(k: int, rng: np.random.Generator) -> None:
    x, y = normal(rng, 150, 8, 0.4).astype(float), normal(rng, 220).astype(float)
    ours = precision_recall(x, y, k)
    theirs = prc_features_to_metric(torch.from_numpy(x), torch.from_numpy(y), prc_neighborhood=k, verbose=False)
    assert (ours.precision, ours.recall) == pytest.approx((theirs["precision"], theirs["recall"]), abs=1e-6)


def test_by_hand() -> None:
    """Real 0, 1, 2, 10 with k = 1 have radii 1, 1, 1, 8; generated 2.5, 19, 20 have radii 16.5, 1, 1."""
    found = precision_recall(np.array([[2.5], [19.0], [20.0]]), np.array([[0.0], [1.0], [2.0], [10.0]]), 1)
    assert found.precision == pytest.approx(1 / 3)
    assert found.recall == 1.0


def test_a_set_against_itself_is_all_inside(rng: np.random.Generator) -> None:
    x = 1000 + normal(rng, 60)
    x[:10] = x[0]
    found = precision_recall(x, x.copy())
    assert (found.precision, found.recall) == (1.0, 1.0)


def test_mode_collapse_is_precise_without_recall(rng: np.random.Generator) -> None:
    real = normal(rng, 300, 4)
    collapsed = 0.05 * normal(rng, 300, 4)
    found = precision_recall(collapsed, real)
    assert found.precision > 0.95 and found.recall < 0.05


def test_strange_pictures_beside_good_ones_cost_precision_only(rng: np.random.Generator) -> None:
    real, good = normal(rng, 300, 4), normal(rng, 300, 4)
    strange = good.copy()
    strange[::2] += 20
    before, after = precision_recall(good, real), precision_recall(strange, real)
    assert after.precision < 0.6 * before.precision
    assert after.recall > 0.8 * before.recall


def test_refuses_no_more_than_k(rng: np.random.Generator) -> None:
    with pytest.raises(InputError, match="precision and recall: 3 and 9 feature vectors; at least 4"):
        precision_recall(normal(rng, 3), normal(rng, 9))
