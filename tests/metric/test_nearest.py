from __future__ import annotations

import numpy as np
import pytest

from defectgen.errors import InputError
from defectgen.metric import pairwise
from defectgen.metric.nearest import nearest_real
from tests.metric.feature_pieces import normal


def test_copies_are_found_and_point_to_their_originals(rng: np.random.Generator) -> None:
    real = normal(rng, 40, 32)
    found = nearest_real(3 * real[[7, 31]], real)
    assert found.rows.tolist() == [7, 31]
    assert found.cosines == pytest.approx(1, abs=1e-6)


def test_known_cosines() -> None:
    found = nearest_real(np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 0.0]]), np.array([[1.0, 1.0], [0.0, 2.0]]))
    assert found.cosines == pytest.approx([np.sqrt(0.5), 0, 0])
    assert found.mean == pytest.approx(np.sqrt(0.5) / 3) and found.quantile(0.5) == pytest.approx(0)


def test_blocks_change_nothing(rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = normal(rng, 50), normal(rng, 70)
    found = nearest_real(x, y)
    monkeypatch.setattr(pairwise.row_blocks, "__defaults__", (16,))
    again = nearest_real(x, y)
    assert again.rows.tolist() == found.rows.tolist() and again.cosines == pytest.approx(found.cosines)


def test_refuses_nothing_at_all(rng: np.random.Generator) -> None:
    with pytest.raises(InputError, match="nearest similarity: 0 and 4 feature vectors; at least 1"):
        nearest_real(normal(rng, 0), normal(rng, 4))
