from __future__ import annotations

import tracemalloc
from collections.abc import Callable

import numpy as np
import pytest

from defectgen.metric.cmmd import cmmd
from defectgen.metric.density_coverage import density_coverage
from defectgen.metric.frechet import frechet_distance
from defectgen.metric.kid import kid
from defectgen.metric.nearest import nearest_real
from defectgen.metric.pairwise import distances, row_blocks, unit
from defectgen.metric.precision_recall import precision_recall
from tests.metric.feature_pieces import normal

PAIRS = 4000 * 4000 * 8
"""Bytes of all pairs in float64."""


@pytest.mark.parametrize(
    "metric", [kid, cmmd, frechet_distance, precision_recall, density_coverage, nearest_real],
    ids=lambda metric: metric.__name__,
)  # fmt: skip
def test_memory_does_not_grow_with_pairs(metric: Callable[..., object], rng: np.random.Generator) -> None:
    x, y = normal(rng, 4000, 4), normal(rng, 4000, 4)
    tracemalloc.start()
    metric(x, y)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 0.5 * PAIRS


def test_blocks_cover_every_row_once() -> None:
    assert [rows for block in row_blocks(1100, 512) for rows in range(1100)[block]] == list(range(1100))
    assert list(row_blocks(0)) == []


def test_equal_vectors_are_at_no_distance_and_others_at_theirs(rng: np.random.Generator) -> None:
    x = 1000 + normal(rng, 6).astype(float)
    found = distances(x, x)
    assert (np.diagonal(found) == 0).all()
    assert found == pytest.approx(np.linalg.norm(x[:, None] - x[None], axis=2), rel=1e-6)


def test_unit_vectors() -> None:
    assert unit(np.array([[3.0, 4.0], [0.0, 0.0]])) == pytest.approx(np.array([[0.6, 0.8], [0, 0]]))
