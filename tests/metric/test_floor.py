from __future__ import annotations

import numpy as np
import pytest

from defectgen.metric.floor import REPEATS, draw_floor, range_of
from defectgen.metric.kid import kid
from tests.metric.feature_pieces import normal


def test_halves_share_no_group_and_have_one_size(rng: np.random.Generator) -> None:
    index = rng.integers(0, 9, 60)
    index[:9] = np.arange(9)
    draws = draw_floor(index, 200, rng)
    assert len(draws.halves) == len(draws.matched) == REPEATS == 20
    assert 20 <= draws.n <= 30
    for a, b in draws.halves:
        assert len(a) == len(b) == draws.n == len(set(a)) == len(set(b))
        assert not set(index[a]) & set(index[b])
    for rows_set, rows_real in draws.matched:
        assert len(set(rows_set)) == len(set(rows_real)) == draws.n and max(rows_set) < 200 and max(rows_real) < 60


def test_a_small_set_sets_n(rng: np.random.Generator) -> None:
    assert draw_floor(np.arange(100), 12, rng).n == 12


def test_one_group_has_no_halves(rng: np.random.Generator) -> None:
    assert draw_floor(np.zeros(50, np.int64), 12, rng).n == 0


def test_repeats_and_seed_change_the_draws() -> None:
    index = np.arange(40)
    one, two = (draw_floor(index, 40, np.random.default_rng(seed), repeats=3) for seed in (1, 2))
    assert len(one.halves) == 3
    assert one.halves[0][0].tolist() != two.halves[0][0].tolist()
    assert one.halves[0][0].tolist() == draw_floor(index, 40, np.random.default_rng(1), 3).halves[0][0].tolist()


def test_near_copies_within_groups_raise_the_floor_as_they_should(rng: np.random.Generator) -> None:
    """Tearing groups apart would put twins on both sides, and call that the nearest two real sets can be."""
    twins = np.repeat(normal(rng, 20, 64), 4, axis=0) + 0.01 * normal(rng, 80, 64)
    spread = {}
    for name, index in (("by group", np.arange(80) // 4), ("by row", np.arange(80))):
        halves = draw_floor(index, 80, np.random.default_rng(0)).halves
        spread[name] = range_of(np.array([kid(twins[a], twins[b]) for a, b in halves])).value
    assert spread["by group"] > spread["by row"]


def test_range_of_draws() -> None:
    found = range_of(np.arange(101.0))
    assert (found.value, found.low, found.high) == pytest.approx((50, 2.5, 97.5))
