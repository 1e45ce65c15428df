"""Polygons give their piece back: filled as label readers fill it, or taken as geometry."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from defectgen.dataset.export.edge import edge_polygon
from defectgen.dataset.export.outline import outline
from defectgen.dataset.instance import components


def random_mask(rng: np.random.Generator, kind: int) -> np.ndarray:
    """Dense to sparse noise, one-pixel rings, one-pixel zigzags open and closed, blobs with holes."""
    h, w = (int(side) for side in rng.integers(3, 50, 2))
    mask = np.zeros((h, w), np.uint8)
    if kind == 0:
        return rng.random((h, w)) < rng.choice([0.05, 0.3, 0.5, 0.7, 0.95])
    if kind == 1:
        cv2.circle(mask, (w // 2, h // 2), max(1, min(h, w) // 3), 1, 1)
    if kind == 2:
        corners = rng.integers(0, [w, h], (6, 2)).astype(np.int32)
        cv2.polylines(mask, [corners], bool(rng.integers(2)), 1, 1)
    if kind == 3:
        mask = (cv2.GaussianBlur(rng.normal(size=(h, w)), (0, 0), 2) > 0.02).astype(np.uint8)
    return mask > 0


def filled(points: np.ndarray, hw: tuple[int, int]) -> np.ndarray:
    out = np.zeros(hw, np.uint8)
    cv2.fillPoly(out, [points.astype(np.int32)], 1)
    return out > 0


@pytest.mark.parametrize("kind", range(4))
@pytest.mark.parametrize("whole", [np.round, np.trunc, np.floor])
def test_filling_gives_exactly_the_piece(
    kind: int, whole: Callable[[np.ndarray], np.ndarray], rng: np.random.Generator
) -> None:
    for _ in range(25):
        for piece in components("x", random_mask(rng, kind)):
            assert np.array_equal(filled(whole(outline(piece.mask)), piece.mask.shape), piece.mask)


def test_vertices_lie_inside_the_pixels_of_the_piece(rng: np.random.Generator) -> None:
    for kind in range(4):
        for piece in components("x", random_mask(rng, kind)):
            x, y = np.floor(outline(piece.mask)).astype(int).T
            assert piece.mask[y, x].all()


def test_one_pixel_has_an_area() -> None:
    points = outline(np.ones((1, 1), bool))
    assert len(points) == 4 and np.ptp(points, axis=0).min() > 0


def test_straight_runs_have_no_vertices() -> None:
    assert len(outline(np.ones((40, 30), bool))) == 4


@pytest.mark.parametrize("kind", range(4))
def test_edges_enclose_exactly_the_area(kind: int, rng: np.random.Generator) -> None:
    for _ in range(15):
        for piece in components("x", random_mask(rng, kind)):
            x, y = edge_polygon(piece.mask).T
            assert abs(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2 == pytest.approx(piece.area)


def test_mirrored_pieces_have_outlines_of_the_same_length(rng: np.random.Generator) -> None:
    for piece in components("x", random_mask(rng, 3)):
        assert len(outline(piece.mask)) == len(outline(piece.mask[:, ::-1]))
