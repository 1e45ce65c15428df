"""Polygons and boxes inside a picture: clipped at its edge, refused outside, never empty."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from defectgen.dataset.instance import box_of
from defectgen.dataset.item import DropError
from defectgen.dataset.polygon import box_inside, polygon_mask

HW = (40, 60)


def test_a_rectangle_with_its_outline() -> None:
    mask, clipped = polygon_mask([(10, 5), (20, 5), (20, 15), (10, 15)], HW)
    assert mask.shape == HW and mask.dtype == np.bool_
    assert box_of(mask) == (10, 5, 21, 16) and mask.sum() == 11 * 11
    assert not clipped


def test_direction_and_start_do_not_matter(rng: np.random.Generator) -> None:
    angles = np.sort(rng.uniform(0, 2 * np.pi, 9))
    points = np.stack([30 + 12 * np.cos(angles), 20 + 12 * np.sin(angles)], axis=1)
    mask, _ = polygon_mask(points, HW)
    assert (polygon_mask(points[::-1], HW)[0] == mask).all()
    assert (polygon_mask(np.roll(points, 4, axis=0), HW)[0] == mask).all()


def test_a_line_keeps_its_pixels() -> None:
    mask, _ = polygon_mask([(5, 5), (30, 5), (5, 5)], HW)
    assert mask.sum() == 26


def test_what_reaches_over_the_edge_is_cut_off() -> None:
    mask, clipped = polygon_mask([(50, 30), (90, 30), (90, 70), (50, 70)], HW)
    assert clipped and box_of(mask) == (50, 30, 60, 40)
    _, clipped = polygon_mask([(50, 30), (60, 30), (60, 40), (50, 40)], HW)
    assert not clipped, "the picture's own edge is inside"


BAD: dict[str, tuple[Any, str]] = {
    "outside": ([(70, 5), (80, 5), (80, 15)], "outside image"),
    "absurdly far": ([(1, 1), (1e12, 1), (1, 1e12)], "outside image"),
    "two points": ([(1, 1), (2, 2)], "unreadable"),
    "no points": ([], "unreadable"),
    "three coordinates": ([(1, 1, 1)] * 4, "unreadable"),
    "words": ([("a", "b")] * 3, "unreadable"),
    "not finite": ([(1, 1), (math.nan, 5), (9, 9)], "unreadable"),
}


@pytest.mark.parametrize(("points", "reason"), BAD.values(), ids=BAD)
def test_bad_polygons(points: Any, reason: str) -> None:
    with pytest.raises(DropError) as caught:
        polygon_mask(points, HW)
    assert caught.value.reason == reason
    assert "\n" not in str(caught.value)


def test_whole_boxes_stay() -> None:
    assert box_inside((3, 4, 10, 12), HW) == ((3, 4, 10, 12), False)
    assert box_inside((3.0004, 3.9996, 9.9997, 12.0003), HW) == ((3, 4, 10, 12), False)
    assert box_inside((0, 0, 60, 40), HW) == ((0, 0, 60, 40), False)


def test_boxes_are_never_empty_and_always_inside(rng: np.random.Generator) -> None:
    for _ in range(300):
        x0, y0 = rng.uniform(-20, 59), rng.uniform(-20, 39)
        edges = (x0, y0, x0 + rng.exponential(10) + 1e-3, y0 + rng.exponential(10) + 1e-3)
        if edges[2] <= 0 or edges[3] <= 0:
            continue
        box, clipped = box_inside(edges, HW)
        assert 0 <= box[0] < box[2] <= 60 and 0 <= box[1] < box[3] <= 40
        assert clipped == (x0 < -0.5 or y0 < -0.5 or edges[2] > 60.5 or edges[3] > 40.5)


@pytest.mark.parametrize(
    ("edges", "reason"),
    [
        ((61, 1, 70, 9), "outside image"), ((-9, 1, 0, 9), "outside image"), ((5, 5, 5, 9), "unreadable"),
        ((5, 9, 9, 5), "unreadable"), ((math.inf, 1, 2, 3), "unreadable"), ((1, 1, math.nan, 3), "unreadable"),
    ],
)  # fmt: skip
def test_bad_boxes(edges: tuple[float, float, float, float], reason: str) -> None:
    with pytest.raises(DropError) as caught:
        box_inside(edges, HW)
    assert caught.value.reason == reason
