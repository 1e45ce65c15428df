"""Measures of defects whose place, size, shape and tone are known because they were drawn."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from defectgen.dataset.instance import Instance, Mask, components
from defectgen.dataset.measure import Frame, measure_extent, measure_outline, measure_place, touched_cells
from defectgen.dataset.tone import LEVELS, View, level_word, measure_surface, measure_tone, measure_visibility

SIDE = 240
IMAGE = Frame.of_image((SIDE, SIDE))


def line(angle: float, length: float, breadth: float, centre: tuple[float, float] = (120, 120)) -> Mask:
    """A bar at an angle counter-clockwise from the x axis."""
    y, x = np.mgrid[:SIDE, :SIDE] + 0.5
    u, v = math.cos(math.radians(angle)), -math.sin(math.radians(angle))
    along = (x - centre[0]) * u + (y - centre[1]) * v
    across = -(x - centre[0]) * v + (y - centre[1]) * u
    return np.asarray((abs(along) <= length / 2) & (abs(across) <= breadth / 2))


def disc(radius: float, centre: tuple[float, float] = (120, 120)) -> Mask:
    y, x = np.mgrid[:SIDE, :SIDE] + 0.5
    return np.asarray(np.hypot(x - centre[0], y - centre[1]) <= radius)


def spot(mask: Mask) -> Instance:
    return Instance.of_mask("crack", mask)


def picture(
    mask: Mask, level: float, colour: tuple[int, int, int] | None = None, noise: float = 2.0
) -> NDArray[np.uint8]:
    """Grey 130 with noise, `level` brighter on the mask, or of a colour there."""
    rng = np.random.default_rng(1)
    grey = np.full((SIDE, SIDE, 3), 130.0) + rng.normal(0, noise, (SIDE, SIDE, 1))
    grey[mask] += level if colour is None else np.array(colour) - 130.0
    return np.asarray(np.clip(np.rint(grey), 0, 255), np.uint8)


@pytest.mark.parametrize("angle", [0, 17, 30, 45, 63, 90, 120, 135, 171])
@pytest.mark.parametrize("breadth", [1.5, 4, 9])
def test_a_bar_is_measured_as_it_was_drawn(angle: float, breadth: float) -> None:
    mask = line(angle, 110, breadth)
    outline, extent = measure_outline(mask), measure_extent(spot(mask), IMAGE, 0.5)
    assert outline.form == "elongated"
    assert outline.course == "straight"
    assert outline.forks == 0
    assert outline.orientation is not None
    assert abs((outline.orientation - angle + 90) % 180 - 90) < 2
    assert extent.length_px == pytest.approx(math.hypot(110, breadth), rel=0.03)
    assert extent.width_px == pytest.approx(mask.sum() / 110, rel=0.12)
    assert extent.percent == pytest.approx(100 * mask.sum() / SIDE**2, abs=1e-3)
    assert extent.length_mm == pytest.approx(extent.length_px / 2, abs=1e-3)
    assert extent.area_mm2 == pytest.approx(mask.sum() / 4, abs=1e-3)


@pytest.mark.parametrize("radius", [4, 12, 40])
def test_a_disc_is_round(radius: float) -> None:
    mask = disc(radius)
    outline, extent = measure_outline(mask), measure_extent(spot(mask), IMAGE, None)
    assert (outline.form, outline.orientation, outline.forks) == ("round", None, 0)
    assert extent.length_px == pytest.approx(2 * radius, rel=0.12)
    assert extent.width_px == pytest.approx(2 * radius, rel=0.12)
    assert extent.length_mm is None


def test_forms_tell_shapes_apart() -> None:
    branch = line(0, 160, 3) | line(55, 80, 3, (143, 87))
    cross = line(40, 160, 3) | line(130, 160, 3)
    arc = disc(60) & ~disc(56)
    arc[: SIDE // 2] = False
    square = np.zeros((SIDE, SIDE), np.bool_)
    square[80:120, 80:120] = True
    star = line(0, 120, 24) | line(60, 120, 24) | line(120, 120, 24)
    dots = disc(6) | disc(6, (60, 90)) | disc(6, (170, 60)) | disc(6, (140, 190))
    assert measure_outline(branch).form == "branching"
    assert measure_outline(cross).form == "branching"
    assert measure_outline(arc).form == "elongated"
    assert measure_outline(arc).course == "curved"
    assert measure_outline(square).form == "compact"
    assert measure_outline(star).form in ("irregular", "branching")
    assert (measure_outline(dots).form, measure_outline(dots).pieces) == ("scattered", 4)


def test_a_single_pixel_has_a_size_and_no_direction() -> None:
    mask = np.zeros((SIDE, SIDE), np.bool_)
    mask[5, 230] = True
    extent, outline = measure_extent(spot(mask), IMAGE, None), measure_outline(mask)
    assert (extent.length_px, extent.width_px, extent.area_px) == (1, 1, 1)
    assert (outline.form, outline.orientation) == ("compact", None)
    assert measure_place(spot(mask), IMAGE, (SIDE, SIDE)).cell == "top-right"


@pytest.mark.parametrize(
    ("centre", "cell"),
    [((40, 40), "top-left"), ((120, 30), "top"), ((210, 50), "top-right"), ((30, 120), "left"), ((120, 120), "centre"),
     ((215, 115), "right"), ((35, 200), "bottom-left"), ((120, 215), "bottom"), ((200, 205), "bottom-right")],
)  # fmt: skip
def test_places_are_named_over_the_image_and_over_the_part(centre: tuple[float, float], cell: str) -> None:
    place = measure_place(spot(disc(10, centre)), IMAGE, (SIDE, SIDE))
    assert (place.cell, place.reference, place.spans) == (cell, "image", None)
    assert place.centre == pytest.approx((centre[0] / SIDE, centre[1] / SIDE), abs=0.01)
    part = np.zeros((3 * SIDE, 2 * SIDE), np.bool_)
    part[SIDE : 2 * SIDE, :SIDE] = True
    moved = np.zeros_like(part)
    moved[SIDE : 2 * SIDE, :SIDE] = disc(10, centre)
    on_part = measure_place(spot(moved), Frame.of_part(part), (3 * SIDE, 2 * SIDE))
    assert (on_part.cell, on_part.reference) == (cell, "part")


def test_what_reaches_across_is_said_to() -> None:
    assert measure_place(spot(line(0, 200, 5)), IMAGE, (SIDE, SIDE)).spans == "width"
    assert measure_place(spot(line(90, 200, 5)), IMAGE, (SIDE, SIDE)).spans == "height"
    assert measure_place(spot(line(45, 250, 5)), IMAGE, (SIDE, SIDE)).spans == "both"


def test_boxes_reach_into_cells() -> None:
    assert touched_cells((0, 0, 80, 80), IMAGE.box) == {"top-left"}
    assert touched_cells((0, 0, 81, 80), IMAGE.box) == {"top-left", "top"}
    assert len(touched_cells((0, 0, SIDE, SIDE), IMAGE.box)) == 9
    assert touched_cells((239, 239, 240, 240), IMAGE.box) == {"bottom-right"}


@pytest.mark.parametrize("level", [-60, -25, 18, 70])
def test_contrast_is_that_of_the_drawing(level: float) -> None:
    mask = disc(20)
    view = View.of(picture(mask, level), None)
    tone = measure_tone(view, spot(mask), mask, None)
    assert tone is not None
    assert tone.contrast == pytest.approx(level, abs=1.5)
    assert tone.side == ("darker" if level < 0 else "lighter")
    assert tone.hue is None
    assert tone.border == "sharp"


def test_no_contrast_is_called_none_and_two_sides_mixed() -> None:
    mask = disc(20)
    assert measure_tone(View.of(picture(mask, 1), None), spot(mask), mask, None).side is None  # type: ignore[union-attr]
    halves = picture(mask, 40)
    halves[mask & (np.arange(SIDE) < 120)] -= 80
    assert measure_tone(View.of(halves, None), spot(mask), mask, None).side == "mixed"  # type: ignore[union-attr]


def test_a_soft_spot_is_diffuse() -> None:
    y, x = np.mgrid[:SIDE, :SIDE] + 0.5
    soft = picture(np.zeros((SIDE, SIDE), np.bool_), 0, noise=1.0).astype(float)
    soft -= 60 * np.exp(-((x - 120) ** 2 + (y - 120) ** 2) / (2 * 30**2))[..., None]
    mask = disc(45)
    tone = measure_tone(View.of(np.asarray(soft, np.uint8), None), spot(mask), mask, None)
    assert tone is not None
    assert tone.border == "diffuse"


@pytest.mark.parametrize(
    ("colour", "hue"),
    [((170, 60, 50), "red"), ((60, 140, 60), "green"), ((60, 80, 190), "blue"), ((110, 75, 40), "brown")],
)
def test_hues_are_named_where_there_are_any(colour: tuple[int, int, int], hue: str) -> None:
    mask = disc(20)
    tone = measure_tone(View.of(picture(mask, 0, colour), None), spot(mask), mask, None)
    assert tone is not None
    assert tone.hue == hue


def test_visibility_rises_with_the_change_and_is_the_same_with_and_without_the_good_picture() -> None:
    mask = disc(20)
    good = picture(mask, 0)
    found = []
    for level in (3, 8, 20, 50, 100):
        pixels = picture(mask, -level)
        alone = measure_visibility(View.of(pixels, None), spot(mask), mask, None, 40)
        paired = measure_visibility(View.of(pixels, good), spot(mask), mask, None, 40)
        assert alone == pytest.approx(paired, abs=0.1)
        found.append(paired)
    assert found == sorted(found)
    assert level_word(found[0]) == "faint"
    assert level_word(found[-1]) in ("strong", "severe")


def test_every_visibility_has_a_word() -> None:
    words = [level_word(value) for value in np.linspace(0, 1, 101)]
    assert set(words) <= set(LEVELS)
    assert [LEVELS.index(word) for word in words] == sorted(LEVELS.index(word) for word in words)


def test_surfaces_are_told_even_or_not() -> None:
    flat = picture(np.zeros((SIDE, SIDE), np.bool_), 0)
    ramp = np.asarray(flat + np.linspace(-90, 90, SIDE)[None, :, None], np.uint8)
    even, uneven = measure_surface(View.of(flat, None), None), measure_surface(View.of(ramp, None), None)
    assert even.brightness == pytest.approx(130, abs=1)
    assert even.unevenness < 1
    assert uneven.unevenness > 30


def test_random_masks_never_contradict_their_measures(rng: np.random.Generator) -> None:
    for _ in range(60):
        field = cv2.GaussianBlur(rng.standard_normal((SIDE, SIDE)), (0, 0), float(rng.uniform(1.5, 12)))
        mask = field > np.quantile(field, rng.uniform(0.9, 0.999))
        for one in sorted(components("stain", mask), key=lambda one: -one.area)[:3]:
            assert one.mask is not None
            place, extent = measure_place(one, IMAGE, mask.shape), measure_extent(one, IMAGE, None)
            outline = measure_outline(one.mask)
            x0, y0, x1, y1 = one.box
            assert place.cell in touched_cells(one.box, IMAGE.box)
            assert extent.area_px == one.mask.sum()
            assert max(x1 - x0, y1 - y0) - 1 <= extent.length_px <= math.hypot(x1 - x0, y1 - y0) + 1
            assert 0.9 <= extent.width_px <= extent.length_px + 1
            assert outline.pieces == 1
            assert (outline.form == "branching") <= (outline.forks > 0)
            assert outline.orientation is None or outline.form in ("elongated", "branching")
