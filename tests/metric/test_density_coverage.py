from __future__ import annotations

import numpy as np
import pytest

from defectgen.errors import InputError
from defectgen.metric.density_coverage import density_coverage
from defectgen.metric.precision_recall import precision_recall
from tests.metric.feature_pieces import normal


def test_by_hand() -> None:
    """Real 0, 1, 3 with k = 1 have radii 1, 1, 2: 0.5 lies in two balls, 4 in one, 9 in none."""
    found = density_coverage(np.array([[0.5], [4.0], [9.0]]), np.array([[0.0], [1.0], [3.0]]), 1)
    assert found.density == pytest.approx(3 / 3)
    assert found.coverage == 1.0


def test_equal_distributions_give_what_the_paper_derives() -> None:
    """Lemmas 1 and 2 of Naeem et al.: expected density 1, expected coverage near 1 - 2^-k for equal n."""
    rng = np.random.default_rng(1)
    found = [density_coverage(normal(rng, 200), normal(rng, 200), 5) for _ in range(20)]
    assert np.mean([one.density for one in found]) == pytest.approx(1, abs=0.05)
    assert np.mean([one.coverage for one in found]) == pytest.approx(1 - 2**-5, abs=0.01)
    one = [density_coverage(normal(rng, 200), normal(rng, 200), 1).coverage for _ in range(20)]
    assert np.mean(one) == pytest.approx(1 - 2**-1, abs=0.03)


def test_outliers_move_them_less_than_precision_and_recall(rng: np.random.Generator) -> None:
    real, off = normal(rng, 200, 4), normal(rng, 200, 4) + np.array([4, 0, 0, 0], np.float32)
    outlier = np.array([[200, 0, 0, 0]], np.float32)
    with_outlier = np.concatenate([real, outlier])
    clean, touched = density_coverage(off, real), density_coverage(off, with_outlier)
    assert touched.density == pytest.approx(clean.density, abs=0.25)
    assert precision_recall(off, with_outlier).precision > 0.98 > 0.7 > precision_recall(off, real).precision
    stray = np.concatenate([off, outlier])
    assert density_coverage(stray, real).coverage == clean.coverage
    assert precision_recall(stray, real).recall >= precision_recall(off, real).recall


def test_mode_collapse_leaves_little_covered(rng: np.random.Generator) -> None:
    found = density_coverage(0.05 * normal(rng, 200, 4), normal(rng, 200, 4))
    assert found.density > 1 and found.coverage < 0.3


def test_refuses_no_more_than_k(rng: np.random.Generator) -> None:
    with pytest.raises(InputError, match="density and coverage: 9 and 5 feature vectors; at least 6"):
        density_coverage(normal(rng, 9), normal(rng, 5))
