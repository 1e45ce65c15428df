from __future__ import annotations

import numpy as np
import pytest

from defectgen.errors import InputError
from defectgen.metric.fid_infinity import fid_infinity, smallest
from tests.metric.feature_pieces import normal


def test_comes_nearer_to_the_true_distance_than_fid_at_n(rng: np.random.Generator) -> None:
    """Gaussians of spread 1 and 1.1 in 16 dimensions are 16 x 0.1² apart; the mean of 8 repeats, its error shown."""
    found = [fid_infinity(normal(rng, 128, 16), 1.1 * normal(rng, 128, 16), rng) for _ in range(8)]
    values = np.array([one.value for one in found])
    error = values.std(ddof=1) / np.sqrt(len(values))
    truth = 16 * 0.1**2
    assert abs(values.mean() - truth) < 3 * error
    assert np.mean([one.distances[-1] for one in found]) > truth + 10 * error
    assert all(one.slope > 0 for one in found)


def test_points_change_the_line(rng: np.random.Generator) -> None:
    x, y = normal(rng, 64), normal(rng, 64, 8, 0.5)
    few = fid_infinity(x, y, np.random.default_rng(1), points=5)
    assert len(few.sizes) == 5 and few.sizes[0] == 32 and few.sizes[-1] == 64
    assert few.value != fid_infinity(x, y, np.random.default_rng(1)).value
    assert few == fid_infinity(x, y, np.random.default_rng(1), points=5)


def test_refuses_fewer_vectors_than_the_line_needs(rng: np.random.Generator) -> None:
    assert smallest(1280) == 5120
    with pytest.raises(InputError, match="31 vectors of 8 dimensions; at least 32"):
        fid_infinity(normal(rng, 31), normal(rng, 90), rng)
