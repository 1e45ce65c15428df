"""Bars, patterns, bridges and knots do what their parameters say."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from defectgen.mask.draw import draw_shape
from defectgen.mask.shape import Shape
from defectgen.recipe import Morphology


def drawn(kind: str, seed: int = 0, **params: object) -> Shape:
    return draw_shape(Morphology(kind=kind, params=params), 120.0, 0.0, np.random.default_rng(seed))  # type: ignore[arg-type]


def bodies(mask: np.ndarray) -> int:
    return cv2.connectedComponents(mask.astype(np.uint8), connectivity=8)[0] - 1


@pytest.mark.parametrize(("pitch", "count"), [(0.1, 10), (0.25, 4)])
@pytest.mark.parametrize("style", ["oval", "slot"])
def test_a_row_has_as_many_bars_as_its_pitch_says(style: str, pitch: float, count: int) -> None:
    even = {"jitter": (0, 0), "roughness": (0, 0), "bow": (0, 0), "duty": (0.4, 0.4), "aspect": (0.2, 0.2)}
    shape = drawn("bars", 1, style=style, pitch=(pitch, pitch), **even)
    assert bodies(shape.alpha >= 0.5) == count


def test_bars_that_overlap_are_one_wave() -> None:
    assert bodies(drawn("bars", 2, pitch=(0.2, 0.2), duty=(1.2, 1.2), jitter=(0, 0)).alpha >= 0.5) == 1


def test_a_pattern_covers_the_share_it_was_asked_for() -> None:
    full, half = (drawn("pattern", 3, cover=(c, c)).alpha >= 0.5 for c in (1.0, 0.4))
    assert bodies(full) == 1
    assert 0.1 < half.sum() / full.sum() < 0.6
    assert bodies(half) > 1


def test_streaks_run_along_the_axis() -> None:
    mask = (drawn("pattern", 4, stretch=(8, 8), waviness=(0, 0), cover=(0.4, 0.4)).alpha >= 0.5).astype(np.float32)
    across, along = (float(np.abs(np.diff(mask, axis=axis)).sum()) for axis in (0, 1))
    assert across > 2 * along


@pytest.mark.parametrize("waist", [0.4, 0.9])
def test_a_bridge_is_as_narrow_in_the_middle_as_its_waist(waist: float) -> None:
    shape = drawn("bridge", 5, aspect=(0.4, 0.4), waist=(waist, waist), roughness=(0, 0))
    wide = (shape.alpha >= 0.5).sum(axis=0)
    assert wide[wide > 0][len(wide[wide > 0]) // 2] / wide.max() == pytest.approx(waist, abs=0.15)


def test_more_rings_are_more_turns_of_the_tone() -> None:
    def turns(rings: int) -> int:
        shape = drawn("knot", 6, rings=(rings, rings), checks=(0, 0), aspect=(1, 1), roughness=(0, 0))
        line = shape.profile[shape.profile.shape[0] // 2]
        return int((np.diff(line) < -0.1).sum())

    assert turns(10) > turns(4) >= 4
