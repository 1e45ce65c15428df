"""Shapes keep their promises: length, direction, coverage, ranges, variety."""

from __future__ import annotations

import numpy as np
import pytest

from defectgen.errors import InputError, RecipeError
from defectgen.mask.draw import draw_shape, shape_extent
from defectgen.mask.params import KINDS, shape_params
from defectgen.mask.shape import Shape
from defectgen.recipe import Morphology

ELONGATED = ("scratch", "weave", "fold")


def drawn(kind: str, length: float, angle: float, seed: int, **params: object) -> Shape:
    return draw_shape(Morphology(kind=kind, params=params), length, angle, np.random.default_rng(seed))  # type: ignore[arg-type]


def axis_of(mask: np.ndarray) -> float:
    ys, xs = np.nonzero(mask)
    cloud = np.stack([xs - xs.mean(), -(ys - ys.mean())])
    vector = np.linalg.eigh(cloud @ cloud.T)[1][:, 1]
    return float(np.arctan2(vector[1], vector[0]))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("length", [8.0, 33.3, 90.0, 300.0])
def test_length_is_met_and_the_shape_is_never_empty(kind: str, length: float) -> None:
    for seed in range(12 if length < 200 else 2):
        mask = drawn(kind, length, seed * 0.7, seed).alpha >= 0.5
        assert np.count_nonzero(mask) >= 4
        assert abs(shape_extent(mask) / length - 1) <= 0.15


@pytest.mark.parametrize("kind", KINDS)
def test_maps_are_float32_in_range_and_vanish_at_the_border(kind: str) -> None:
    for seed in range(6):
        shape = drawn(kind, 40.0, 1.0, seed)
        for values in (shape.alpha, shape.profile, shape.tangent, shape.half_width):
            assert values.dtype == np.float32
            assert values.shape == shape.alpha.shape
            assert np.isfinite(values).all()
        for values in (shape.alpha, shape.profile):
            assert values.min() >= 0 and values.max() <= 1
        border = np.concatenate([shape.alpha[[0, -1]].ravel(), shape.alpha[:, [0, -1]].ravel()])
        assert border.max() == 0
        assert (shape.profile[shape.alpha == 0] == 0).all()
        assert (shape.half_width[shape.alpha >= 0.5] >= 0.4).all()
        assert shape.profile.max() > 0.3


@pytest.mark.parametrize("kind", KINDS)
def test_a_seed_repeats_and_seeds_differ(kind: str) -> None:
    masks = [drawn(kind, 48.0, 0.3, seed).alpha for seed in range(8)]
    assert np.array_equal(masks[0], drawn(kind, 48.0, 0.3, 0).alpha)
    areas = {int((m >= 0.5).sum()) for m in masks}
    assert len(areas) >= 5, areas


@pytest.mark.parametrize("kind", ELONGATED)
@pytest.mark.parametrize("angle", [0.0, 0.6, np.pi / 2, 2.5])
def test_elongated_kinds_follow_the_angle(kind: str, angle: float) -> None:
    for seed in range(6):
        shape = drawn(kind, 80.0, angle, seed)
        inside = shape.alpha >= 0.5
        along = np.angle(np.exp(2j * shape.tangent[inside]).sum()) / 2
        assert abs(np.sin(along - angle)) < 0.45
        if kind != "fold":  # ridges side by side may be broader than long
            assert abs(np.sin(axis_of(inside) - angle)) < 0.45


def test_a_missing_pick_lies_exactly_along_the_thread() -> None:
    shape = drawn("weave", 60.0, 0.0, 3, style="missing", count=(1, 1))
    inside = shape.alpha >= 0.5
    assert np.abs(np.sin(shape.tangent[inside])).max() < 1e-3


@pytest.mark.parametrize("angle", np.linspace(0, np.pi, 9))
def test_a_hairline_stays_connected_at_any_angle(angle: float) -> None:
    from scipy.ndimage import label

    params = {"style": "single", "hairline": 1.0, "gaps": (0.0, 0.0), "branching": (0.0, 0.0), "tortuosity": (0.0, 0.1)}
    mask = drawn("crack", 60.0, float(angle), 5, **params).alpha >= 0.5
    assert label(mask, np.ones((3, 3)))[1] == 1
    assert mask.sum() <= 2.3 * 60


def test_scratches_run_along_their_tangent() -> None:
    shape = drawn("scratch", 80.0, 0.5, 1, curvature=(0.0, 0.0))
    inside = shape.alpha >= 0.5
    assert np.abs(np.sin(shape.tangent[inside] - 0.5)).mean() < 0.12


def test_parameters_change_the_shape() -> None:
    thin = drawn("crack", 100.0, 0.0, 2, hairline=0.0, width=(0.01, 0.01), style="single")
    wide = drawn("crack", 100.0, 0.0, 2, hairline=0.0, width=(0.09, 0.09), style="single")
    assert (wide.alpha >= 0.5).sum() > 2 * (thin.alpha >= 0.5).sum()
    few = drawn("spatter", 100.0, 0.0, 2, count=(8, 8), radius=(0.01, 0.01))
    many = drawn("spatter", 100.0, 0.0, 2, count=(60, 60), radius=(0.01, 0.01))
    assert (many.alpha >= 0.5).sum() > (few.alpha >= 0.5).sum()


def test_a_bulge_rises_to_one_summit() -> None:
    shape = drawn("bulge", 60.0, 0.0, 4, domes=(1, 1), roughness=(0.0, 0.0))
    peak = np.unravel_index(int(shape.profile.argmax()), shape.profile.shape)
    assert shape.profile.max() > 0.9
    assert abs(peak[0] - shape.alpha.shape[0] / 2) < 6 and abs(peak[1] - shape.alpha.shape[1] / 2) < 6


def test_an_unknown_key_names_itself_and_the_allowed_ones() -> None:
    with pytest.raises(RecipeError, match=r"params\.widht .*'crack'.*width"):
        shape_params("crack", {"widht": 3})


def test_a_falling_range_is_refused() -> None:
    with pytest.raises(RecipeError, match="width"):
        shape_params("crack", {"width": (0.2, 0.1)})


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(RecipeError, match="'dragon' is unknown"):
        shape_params("dragon", {})


def test_a_length_below_four_pixels_is_refused() -> None:
    with pytest.raises(InputError, match="too small"):
        drawn("pit", 2.0, 0.0, 0)
