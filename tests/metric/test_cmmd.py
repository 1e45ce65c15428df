from __future__ import annotations

import numpy as np
import pytest

from defectgen.errors import InputError
from defectgen.metric.cmmd import SCALE, cmmd
from tests.metric.feature_pieces import normal


def by_hand(x: np.ndarray, y: np.ndarray) -> float:
    def k(a: np.ndarray, b: np.ndarray) -> float:
        a, b = a / np.linalg.norm(a), b / np.linalg.norm(b)
        return float(np.exp(-((a - b) ** 2).sum() / 200))

    def within(z: np.ndarray) -> float:
        return float(np.mean([k(z[i], z[j]) for i in range(len(z)) for j in range(len(z)) if i != j]))

    return 1000 * (within(x) + within(y) - 2 * float(np.mean([k(a, b) for a in x for b in y])))


def test_equals_the_formula_pair_by_pair(rng: np.random.Generator) -> None:
    x, y = normal(rng, 12).astype(float), normal(rng, 9, 8, 0.5).astype(float)
    assert cmmd(x, y) == pytest.approx(by_hand(x, y), rel=1e-9)


def test_opposite_points_have_a_known_distance() -> None:
    """Two copies each of two opposite unit vectors: 1000 (1 + 1 - 2 exp(-4/200))."""
    x = np.array([[1.0, 0.0], [1.0, 0.0]])
    assert cmmd(x, -x) == pytest.approx(SCALE * 2 * (1 - np.exp(-0.02)))


def test_length_of_the_vectors_does_not_matter(rng: np.random.Generator) -> None:
    x, y = normal(rng, 20), normal(rng, 20, 8, 0.5)
    assert cmmd(7 * x, y) == pytest.approx(cmmd(x, y), rel=1e-5)


def test_is_unbiased_between_halves_of_one_set() -> None:
    rng = np.random.default_rng(3)
    found = np.array([cmmd(normal(rng, 12), normal(rng, 30)) for _ in range(400)])
    assert abs(found.mean()) < 2 * found.std(ddof=1) / np.sqrt(len(found))


def test_sees_means_and_hardly_collapse(rng: np.random.Generator) -> None:
    """What the docstring warns of: on unit vectors it is nearly |mean x - mean y|² x 10."""
    x, y = normal(rng, 200, 64), normal(rng, 200, 64, 0.3)
    unit_x, unit_y = (z.astype(float) / np.linalg.norm(z, axis=1, keepdims=True) for z in (x, y))
    chance = sum((1 - (z.mean(0) ** 2).sum()) / (len(z) - 1) for z in (unit_x, unit_y))
    apart = 10 * (((unit_x.mean(0) - unit_y.mean(0)) ** 2).sum() - chance)
    assert cmmd(x, y) == pytest.approx(apart, rel=0.03)
    collapsed = np.concatenate([x[:1] + 0.01 * y[:100], -x[:1] + 0.01 * y[100:]])
    assert abs(cmmd(collapsed, x)) < 0.25 * apart


def test_refuses_one_vector(rng: np.random.Generator) -> None:
    with pytest.raises(InputError, match="CMMD: 9 and 1 feature vectors; at least 2"):
        cmmd(normal(rng, 9), normal(rng, 1))
