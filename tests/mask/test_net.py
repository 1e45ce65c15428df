"""A net of cracks closes into cells, as many as were asked for where there is room."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from defectgen.mask.draw import draw_shape
from defectgen.mask.shape import Shape
from defectgen.recipe import Morphology


def net(length: float, seed: int, cells: tuple[int, int], **params: object) -> Shape:
    morphology = Morphology(kind="crack", params={"style": "cells", "cells": cells, "width": (0.01, 0.015), **params})
    return draw_shape(morphology, length, 0.4, np.random.default_rng(seed))


def closed_cells(shape: Shape, least: int = 12) -> int:
    """Areas of at least `least` pixels that the net parts from the ground around it."""
    ground = np.pad(shape.alpha < 0.5, 2, constant_values=True)
    count, _, stats, _ = cv2.connectedComponentsWithStats(ground.astype(np.uint8), connectivity=4)
    return int((stats[1:count, cv2.CC_STAT_AREA] >= least).sum()) - 1


@pytest.mark.parametrize("cells", [(8, 8), (20, 20), (40, 40)])
def test_the_cells_are_closed(cells: tuple[int, int]) -> None:
    for seed in range(5):
        assert closed_cells(net(220, seed, cells)) >= 0.6 * cells[0]


def test_more_cells_are_more_cells() -> None:
    few, many = (np.mean([closed_cells(net(200, seed, c)) for seed in range(4)]) for c in ((6, 6), (36, 36)))
    assert many > 3 * few


def test_gaps_do_not_open_a_net_and_hairlines_hold() -> None:
    for seed in range(4):
        assert closed_cells(net(200, seed, (14, 14), gaps=(0.3, 0.4), hairline=1.0)) >= 8


def test_a_small_net_keeps_cells_that_one_can_see() -> None:
    shape = net(40, 1, (60, 60))
    assert 3 <= closed_cells(shape, 5) < 40


def test_the_other_styles_do_not_know_of_cells() -> None:
    params = {"style": "net", "width": (0.01, 0.02)}
    drawn = [
        draw_shape(Morphology(kind="crack", params=params | extra), 90, 0.2, np.random.default_rng(3)).alpha
        for extra in ({}, {"cells": (4, 90)})
    ]
    assert np.array_equal(*drawn)
