from __future__ import annotations

import numpy as np
import pytest

from defectgen.metric.bootstrap import draw_groups, group_index, half_rows, half_scale, interval_of
from defectgen.metric.frechet import frechet_distance
from defectgen.metric.kid import kid, kid_replicates
from tests.metric.feature_pieces import normal

SHIFT = 0.7


def true_kid(a: float, b: float) -> float:
    """One dimension, unit variance: (xy + 1)³ is 1 + 3xy + 3x²y² + x³y³, so moments give MMD² in closed form."""
    moments = [np.array([m, m * m + 1, m**3 + 3 * m]) for m in (a, b)]
    return float(np.array([3, 3, 1]) @ (moments[0] - moments[1]) ** 2)


def covered(interval: tuple[float, float], truth: float) -> bool:
    return interval[0] <= truth <= interval[1]


def kid_interval(x: np.ndarray, y: np.ndarray, group: int, rng: np.random.Generator) -> tuple[float, float]:
    draws = [draw_groups(np.arange(len(z)) // group, 80, rng) for z in (x, y)]
    found = kid_replicates(x, y, *draws)
    interval = interval_of(found[0], found[1:])
    assert interval.low is not None and interval.high is not None
    return interval.low, interval.high


def test_kid_intervals_cover_the_truth_of_two_gaussians() -> None:
    """200 collections of 100 and 100; the binomial error of 95% is 1.5%, and a cubic kernel's tails cost some."""
    rng = np.random.default_rng(4)
    found = [kid_interval(normal(rng, 100, 1, SHIFT), normal(rng, 100, 1), 1, rng) for _ in range(200)]
    assert 0.88 <= np.mean([covered(one, true_kid(SHIFT, 0)) for one in found]) <= 0.995


def test_kid_intervals_of_equal_gaussians_hold_zero() -> None:
    """Degenerate: too wide rather than too narrow."""
    rng = np.random.default_rng(4)
    found = [kid_interval(normal(rng, 60, 1), normal(rng, 60, 1), 1, rng) for _ in range(100)]
    assert np.mean([covered(one, 0) for one in found]) >= 0.93


def test_draws_of_rows_within_groups_would_be_far_too_sure() -> None:
    """25 groups of 4 near copies: drawn by group the truth is covered, drawn by row it mostly is not."""
    rng = np.random.default_rng(8)
    hits = {1: 0, 4: 0}
    for _ in range(60):
        x, y = (np.repeat(normal(rng, 25, 1, shift), 4, axis=0) for shift in (1.0, 0.0))
        x, y = x + 0.01 * normal(rng, 100, 1), y + 0.01 * normal(rng, 100, 1)
        for group in hits:
            hits[group] += covered(kid_interval(x, y, group, rng), true_kid(1.0, 0))
    assert hits[4] >= 50 > hits[1]


def test_copies_push_a_plain_bootstrap_up_but_not_this_one() -> None:
    rng = np.random.default_rng(2)
    x, y = normal(rng, 40), normal(rng, 40)
    value = kid(x, y)
    index = np.arange(40)
    ours = kid_replicates(x, y, draw_groups(index, 300, rng), draw_groups(index, 300, rng))[1:]
    plain = np.array([kid(x[rng.integers(0, 40, 40)], y[rng.integers(0, 40, 40)]) for _ in range(300)])
    error = ours.std(ddof=1) / np.sqrt(300)
    assert abs(ours.mean() - value) < 3 * error
    assert plain.mean() - value > 20 * error


def test_halves_cover_the_frechet_distance_at_that_n() -> None:
    """200 collections of 80 in 2 dimensions; the truth is the mean distance at n = 80, bias and all."""
    rng = np.random.default_rng(6)
    pairs = [(normal(rng, 80, 2, SHIFT), normal(rng, 80, 2)) for _ in range(200)]
    values = np.array([frechet_distance(x, y) for x, y in pairs])
    index, hits = np.arange(80), 0
    for (x, y), value in zip(pairs, values, strict=True):
        halves = np.array([frechet_distance(x[half_rows(index, rng)], y[half_rows(index, rng)]) for _ in range(60)])
        interval = interval_of(float(value), halves, half_scale(index))
        assert interval.low is not None and interval.high is not None
        hits += covered((interval.low, interval.high), values.mean())
    assert 0.89 <= hits / 200 <= 0.99


def test_no_group_is_torn(rng: np.random.Generator) -> None:
    groups, names = ("a", "a", "b", "", "", "b", "c"), tuple("1234467")
    index = group_index(groups, names)
    assert index.tolist() == [0, 0, 1, 2, 2, 1, 3]
    for _ in range(20):
        kept = set(half_rows(index, rng).tolist())
        assert len({index[i] for i in kept}) == 2
        assert all({i for i in range(7) if index[i] == index[k]} <= kept for k in kept)
    weights = draw_groups(index, 30, rng)
    assert weights.counts.shape == (31, 4) and weights.counts[0].tolist() == [1, 1, 1, 1]
    assert (weights.counts.sum(1) == 4).all()
    assert (weights.of_rows[0] == weights.of_rows[1]).all()


def test_interval_options_change_it(rng: np.random.Generator) -> None:
    found = rng.normal(size=500) + 3
    plain, wide, cut = interval_of(1.0, found), interval_of(1.0, found, 2.0), interval_of(1.0, found, 1.0, (0.5, 2.0))
    assert plain.low == pytest.approx(1 - 1.96, abs=0.25) and plain.high == pytest.approx(1 + 1.96, abs=0.25)
    assert wide.low is not None and wide.low < -2 and (cut.low, cut.high) == (0.5, 2.0)
    few = interval_of(1.0, found[:20])
    assert few.high == pytest.approx(1 + 1.96 * found[:20].std(ddof=1))
    assert interval_of(1.0, np.array([np.nan, 1.0])).low is None


def test_odd_groups_have_a_scale_of_their_own() -> None:
    assert half_scale(np.arange(10)) == 1
    assert half_scale(np.arange(9)) == pytest.approx(np.sqrt(4 / 5))
