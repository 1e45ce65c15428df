"""Defects: pieces of masks, found where enough of them is marked, in sizes that do not depend on resolution."""

from __future__ import annotations

import numpy as np
import pytest

from defectgen.downstream.found import defects, found_shares, size_of, smoothed
from defectgen.downstream.region import regions


def test_each_piece_is_one_defect_and_corners_connect() -> None:
    truth = np.zeros((2, 40, 40), bool)
    truth[0, 1, 1] = truth[0, 2, 2] = truth[0, 20:30, 20:30] = truth[1, 5, :] = True
    marks = np.zeros_like(truth)
    marks[0, 1, 1] = marks[0, 20:30, 20:22] = marks[1, 5, :12] = True
    seen = defects(marks, truth)
    assert [(one.picture, one.area, one.size) for one in seen] == [(0, 2, "small"), (0, 100, "large"), (1, 40, "large")]
    assert [one.marked for one in seen] == [0.5, 0.2, 0.3]
    assert [one.found for one in seen] == [True, False, True]
    assert found_shares(seen) == {"found": pytest.approx(2 / 3), "found_small": 1.0, "found_large": 0.5}


def test_no_defect_no_share() -> None:
    empty = np.zeros((1, 8, 8), bool)
    assert found_shares(defects(empty, empty)) == {}
    assert regions(empty[0])[1] == 0


@pytest.mark.parametrize(("share", "size"), [
    (0.0, "small"), (0.049, "small"), (0.05, "medium"), (0.15, "large"), (1.0, "large"),
])  # fmt: skip
def test_bounds_of_sizes(share: float, size: str) -> None:
    assert size_of(share) == size


def test_a_lone_pixel_is_smoothed_to_a_ninth() -> None:
    maps = np.zeros((1, 9, 9), np.float32)
    maps[0, 4, 4] = 0.9
    assert smoothed(maps).max() == pytest.approx(0.1)
