"""Grain follows the picture when it is turned, and noise has none."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from defectgen.errors import InputError
from defectgen.mask.grain import grain_direction

BOX = (0, 0, 128, 128)


def stripes(angle: float, period: float = 9.0) -> np.ndarray:
    y, x = np.mgrid[:128, :128].astype(np.float32)
    across = x * np.sin(angle) + y * np.cos(angle)
    return np.sin(2 * np.pi * across / period).astype(np.float32)


@pytest.mark.parametrize("angle", [0.0, 0.4, 1.2, np.pi / 2, -0.7, -1.3])
def test_stripes_give_their_own_direction(angle: float) -> None:
    got, sure = grain_direction(stripes(angle), BOX)
    assert abs(np.sin(got - angle)) < 0.03
    assert sure > 0.9


def test_turning_the_picture_a_quarter_turns_the_grain() -> None:
    noise = np.random.default_rng(0).normal(size=(128, 128))
    brushed = gaussian_filter(noise, (0.6, 12))
    a, sure_a = grain_direction(brushed, BOX)
    b, sure_b = grain_direction(np.rot90(brushed), BOX)
    assert abs(np.sin(a)) < 0.05
    assert abs(np.cos(b - a)) < 0.05
    assert sure_a == pytest.approx(sure_b, abs=0.05)


def test_white_noise_has_no_grain() -> None:
    for seed in range(5):
        noise = np.random.default_rng(seed).normal(size=(128, 128))
        assert grain_direction(noise, BOX)[1] < 0.2


def test_a_flat_picture_has_no_grain() -> None:
    assert grain_direction(np.full((64, 64), 7, np.uint8), (0, 0, 64, 64)) == (0.0, 0.0)


@pytest.mark.parametrize("angle", [0.0, 0.3, 1.0])
def test_a_weave_gives_one_of_its_two_threads(angle: float) -> None:
    weave = stripes(angle) + stripes(angle + np.pi / 2)
    got, sure = grain_direction(weave, BOX)
    assert abs(np.sin(2 * (got - angle))) < 0.08
    assert sure > 0.3


def test_a_box_outside_the_picture_is_clipped() -> None:
    got, _ = grain_direction(stripes(0.4), (100, 100, 400, 400))
    assert abs(np.sin(got - 0.4)) < 0.1


def test_colour_is_refused() -> None:
    with pytest.raises(InputError, match="grey image"):
        grain_direction(np.zeros((8, 8, 3)), (0, 0, 8, 8))
