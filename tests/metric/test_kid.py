from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
import torch
from torch_fidelity.metric_kid import kid_features_to_metric

from defectgen.errors import InputError
from defectgen.metric import pairwise
from defectgen.metric.kid import kid, kid_replicates, kid_subsets
from defectgen.metric.mmd import Weights, once
from tests.metric.feature_pieces import normal


def by_hand(x: np.ndarray, y: np.ndarray) -> float:
    """Exact, in fractions, pair by pair."""

    def k(a: np.ndarray, b: np.ndarray) -> Fraction:
        return (sum(Fraction(float(p)) * Fraction(float(q)) for p, q in zip(a, b, strict=True)) / len(a) + 1) ** 3

    def within(z: np.ndarray) -> Fraction:
        return sum(k(z[i], z[j]) for i in range(len(z)) for j in range(len(z)) if i != j) / (len(z) * (len(z) - 1))

    cross = sum(k(a, b) for a in x for b in y) / (len(x) * len(y))
    return float(within(x) + within(y) - 2 * cross)


def test_equals_exact_fractions(rng: np.random.Generator) -> None:
    x, y = normal(rng, 5, 3), normal(rng, 7, 3, 0.5)
    assert kid(x, y) == pytest.approx(by_hand(x, y), rel=1e-12)


def test_fixed_value() -> None:
    """x = (0), (1); y = (1), (2): (1 + 27 - 2 (1 + 1 + 8 + 27) / 4) with k(0, .) = 1, k(1, 1) = 8, k(1, 2) = 27."""
    assert kid(np.array([[0.0], [1.0]]), np.array([[1.0], [2.0]])) == pytest.approx(1 + 27 - 37 / 2)


@pytest.mark.parametrize("seed", [2020, 7])
def test_subsets_equal_torch_fidelity(seed: int, rng: np.random.Generator) -> None:
    x, y = normal(rng, 130, 32).astype(np.float64), normal(rng, 90, 32, 0.2).astype(np.float64)
    ours = kid_subsets(x, y, size=50, subsets=10, seed=seed)
    theirs = kid_features_to_metric(
        torch.from_numpy(x), torch.from_numpy(y), kid_subsets=10, kid_subset_size=50, rng_seed=seed, verbose=False
    )
    assert ours.mean == pytest.approx(theirs["kernel_inception_distance_mean"], rel=1e-9)
    assert ours.deviation == pytest.approx(theirs["kernel_inception_distance_std"], rel=1e-9)


def test_every_option_of_subsets_changes_something(rng: np.random.Generator) -> None:
    x, y = normal(rng, 60), normal(rng, 60, 8, 0.2)
    found = {
        kid_subsets(x, y, size=30, subsets=5).mean, kid_subsets(x, y, size=20, subsets=5).mean,
        kid_subsets(x, y, size=30, subsets=6).mean, kid_subsets(x, y, size=30, subsets=5, seed=1).mean,
    }  # fmt: skip
    assert len(found) == 4


def test_is_unbiased_between_halves_of_one_set_at_any_n() -> None:
    rng = np.random.default_rng(5)
    for n, m in ((10, 10), (10, 60), (40, 40)):
        found = np.array([kid(normal(rng, n), normal(rng, m)) for _ in range(400)])
        assert abs(found.mean()) < 2 * found.std(ddof=1) / np.sqrt(len(found))


def test_blocks_change_nothing(rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = normal(rng, 70), normal(rng, 45, 8, 0.3)
    found = kid(x, y)
    monkeypatch.setattr(pairwise.row_blocks, "__defaults__", (16,))
    assert kid(x, y) == pytest.approx(found, rel=1e-12)


def test_grows_with_noise_shift_and_collapse(rng: np.random.Generator) -> None:
    real, other, noise = normal(rng, 300), normal(rng, 300), normal(rng, 300)
    noisy = [kid(other + s * noise, real) for s in (0, 1, 2, 3)]
    moved = [kid(other + s, real) for s in (0, 0.3, 0.6, 1)]
    modes = [kid(other[np.arange(300) % kept], real) for kept in (300, 20, 5, 1)]
    for found in (noisy, moved, modes):
        assert found == sorted(found)


def test_float64_is_truly_used(rng: np.random.Generator) -> None:
    """Kernel values near 10⁹ whose means differ in the tenth digit: float32 returns rounding."""
    x = (1000 + rng.normal(size=(12, 2))).astype(np.float32)
    y = (1000.5 + rng.normal(size=(12, 2))).astype(np.float32)
    exact = by_hand(x, y)
    single = kid_features_to_metric(
        torch.from_numpy(x), torch.from_numpy(y), kid_subsets=1, kid_subset_size=12, verbose=False
    )["kernel_inception_distance_mean"]
    assert kid(x, y) == pytest.approx(exact, rel=1e-3)
    assert abs(single - exact) > 0.01 * abs(exact)


def test_a_draw_of_everything_once_is_the_value(rng: np.random.Generator) -> None:
    x, y = normal(rng, 20), normal(rng, 30, 8, 0.2)
    grouped = Weights(np.ones((1, 10)), np.arange(20) // 2)
    assert kid_replicates(x, y, grouped, once(30))[0] == pytest.approx(kid(x, y), rel=1e-12)


def test_a_group_drawn_twice_is_no_pair_of_copies(rng: np.random.Generator) -> None:
    """Group 0 twice, group 1 once, group 2 never; pairs across the two copies of group 0 count nothing."""
    x, y = normal(rng, 6, 3), normal(rng, 8, 3)
    drawn = Weights(np.array([[2.0, 1.0, 0.0]]), np.array([0, 0, 1, 1, 2, 2]))
    rows = [(0, 0), (1, 0), (0, 1), (1, 1), (2, 0), (3, 0)]

    def k(a: int, b: int) -> float:
        return (float(x[a].astype(float) @ x[b].astype(float)) / 3 + 1) ** 3

    pairs = [
        k(a, b) for i, (a, u) in enumerate(rows) for j, (b, v) in enumerate(rows)
        if i != j and not (a < 2 and b < 2 and u != v)
    ]  # fmt: skip
    cross = np.mean([(x[a].astype(float) @ y.astype(float).T / 3 + 1) ** 3 for a, _ in rows])
    y_only = kid(y, y) + 2 * np.mean((y.astype(float) @ y.astype(float).T / 3 + 1) ** 3)
    assert kid_replicates(x, y, drawn, once(8))[0] == pytest.approx(np.mean(pairs) + y_only / 2 - 2 * cross, rel=1e-9)


def test_says_what_does_not_fit(rng: np.random.Generator) -> None:
    with pytest.raises(InputError, match="KID: subsets of 50 from 20 and 60 vectors"):
        kid_subsets(normal(rng, 20), normal(rng, 60), size=50)
    with pytest.raises(InputError, match="KID: 1 and 60 feature vectors; at least 2"):
        kid(normal(rng, 1), normal(rng, 60))
