"""Pasting, cropping, merging, resizing and flipping keep all four maps together."""

from __future__ import annotations

import numpy as np
import pytest

from defectgen.errors import InputError
from defectgen.mask.draw import draw_shape
from defectgen.mask.shape import Shape
from defectgen.mask.transform import crop_shape, enlarge_shape, flip_shape, merge_shapes, paste_shape, resize_shape
from defectgen.recipe import Morphology

MAPS = ("alpha", "profile", "tangent", "half_width")


@pytest.fixture
def crack() -> Shape:
    return draw_shape(Morphology(kind="crack"), 40.0, 0.4, np.random.default_rng(1))


def test_pasting_inside_keeps_every_pixel(crack: Shape) -> None:
    out = paste_shape(crack, (96, 80), (40.0, 50.0))
    assert out.alpha.shape == (96, 80)
    assert out.alpha.sum() == pytest.approx(crack.alpha.sum())
    ys, xs = np.nonzero(out.alpha)
    assert abs((xs.min() + xs.max()) / 2 - 40) <= 2 and abs((ys.min() + ys.max()) / 2 - 50) <= 2


def test_pasting_over_the_border_clips(crack: Shape) -> None:
    out = paste_shape(crack, (64, 64), (0.0, 32.0))
    assert 0 < out.alpha.sum() < crack.alpha.sum()
    assert paste_shape(crack, (64, 64), (900.0, 900.0)).alpha.sum() == 0


def test_a_crop_beyond_the_shape_is_zero_and_reversible(crack: Shape) -> None:
    h, w = crack.alpha.shape
    wide = crop_shape(crack, (-5, -7, w + 3, h + 2))
    assert wide.alpha.shape == (h + 9, w + 8)
    back = crop_shape(wide, (5, 7, 5 + w, 7 + h))
    assert all(np.array_equal(getattr(back, m), getattr(crack, m)) for m in MAPS)
    with pytest.raises(InputError, match="is empty"):
        crop_shape(crack, (4, 4, 4, 9))


def test_merging_takes_the_stronger_cover(crack: Shape) -> None:
    a, b = paste_shape(crack, (90, 90), (30, 30)), paste_shape(crack, (90, 90), (60, 60))
    both = merge_shapes([a, b])
    assert np.array_equal(both.alpha, np.maximum(a.alpha, b.alpha))
    only_b = (b.alpha > 0) & (a.alpha == 0)
    assert np.array_equal(both.tangent[only_b], b.tangent[only_b])
    with pytest.raises(InputError, match="one canvas"):
        merge_shapes([a, crack])
    with pytest.raises(InputError, match="no shapes"):
        merge_shapes([])


@pytest.mark.parametrize("side", [48, 96, 192])
def test_resizing_scales_area_and_half_width(side: int) -> None:
    blob = draw_shape(Morphology(kind="blob"), 50.0, 0.3, np.random.default_rng(0))
    square = paste_shape(blob, (96, 96), (48, 48))
    out = resize_shape(square, side)
    zoom = side / 96
    assert out.alpha.shape == (side, side)
    assert (out.alpha >= 0.5).sum() == pytest.approx((square.alpha >= 0.5).sum() * zoom**2, rel=0.08)
    assert out.half_width.max() == pytest.approx(square.half_width.max() * zoom, rel=0.15)
    inside = out.alpha >= 0.9
    assert np.abs(np.sin(out.tangent[inside] - 0.3)).max() < 0.05


def test_flipping_mirrors_maps_and_tangents(crack: Shape) -> None:
    out = flip_shape(crack, horizontal=True)
    assert np.array_equal(out.alpha, crack.alpha[:, ::-1])
    assert np.array_equal(out.tangent, -crack.tangent[:, ::-1])
    back = flip_shape(flip_shape(crack, vertical=True), vertical=True)
    assert all(np.array_equal(getattr(back, m), getattr(crack, m)) for m in MAPS)


def test_enlarging_keeps_the_edge_sharp() -> None:
    blob = draw_shape(Morphology(kind="blob"), 60.0, 0.0, np.random.default_rng(2))
    big = enlarge_shape(blob, 3.0)
    soft = ((big.alpha > 0.05) & (big.alpha < 0.95)).sum()
    assert (big.alpha >= 0.5).sum() == pytest.approx(9 * (blob.alpha >= 0.5).sum(), rel=0.05)
    assert soft < 6 * ((blob.alpha > 0.05) & (blob.alpha < 0.95)).sum()
    assert enlarge_shape(blob, 1.0) is blob
