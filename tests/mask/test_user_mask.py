"""A user's mask is kept to the pixel and split into bodies."""

from __future__ import annotations

import numpy as np
import pytest

from defectgen.errors import InputError
from defectgen.mask.user_mask import instances_from_mask


def painted() -> np.ndarray:
    mask = np.zeros((80, 100), bool)
    mask[10:20, 10:30] = True
    mask[10:20, 35:40] = True  # 5 px beside the first: the same defect
    mask[60, 50:90] = True  # a hairline
    mask[79, 0] = True  # one pixel in the corner
    return mask


def test_the_mask_comes_back_to_the_pixel() -> None:
    mask = painted()
    out = np.zeros(mask.shape, np.float32)
    for one in instances_from_mask(mask, 0.5):
        x0, y0, x1, y1 = one.box
        out[y0:y1, x0:x1] = np.maximum(out[y0:y1, x0:x1], one.shape.alpha)
    assert np.array_equal(out >= 0.5, mask)


def test_near_bodies_are_one_and_single_pixels_stay() -> None:
    found = instances_from_mask(painted(), 0.7)
    assert len(found) == 3
    assert {one.severity for one in found} == {0.7}
    assert min((one.shape.alpha >= 0.5).sum() for one in found) == 1


@pytest.mark.parametrize(("gap", "bodies"), [(3, 1), (6, 1), (9, 2)])
def test_the_gap_that_merges(gap: int, bodies: int) -> None:
    mask = np.zeros((40, 60), bool)
    mask[10:20, 10:20] = True
    mask[10:20, 20 + gap : 30 + gap] = True
    assert len(instances_from_mask(mask, 1.0)) == bodies


def test_tangents_run_along_a_line() -> None:
    mask = np.eye(60, dtype=bool)[:, ::-1].copy()
    (line,) = instances_from_mask(mask, 1.0)
    inside = line.shape.alpha >= 0.5
    assert abs(np.sin(line.angle - np.pi / 4)) < 0.02
    assert np.abs(np.sin(line.shape.tangent[inside] - np.pi / 4)).max() < 0.2


def test_profile_and_half_width_measure_the_body() -> None:
    mask = np.zeros((60, 80), bool)
    mask[20:41, 10:70] = True
    (slab,) = instances_from_mask(mask, 1.0)
    assert slab.shape.profile.max() == pytest.approx(1.0, abs=0.05)
    assert slab.shape.half_width.max() == pytest.approx(10.5, abs=1)
    assert all(m.dtype == np.float32 for m in (slab.shape.alpha, slab.shape.profile, slab.shape.tangent))


def test_an_empty_mask_is_refused() -> None:
    with pytest.raises(InputError, match="mask is empty"):
        instances_from_mask(np.zeros((10, 10), bool), 0.5)


def test_a_mask_that_is_not_bool_is_refused() -> None:
    with pytest.raises(InputError, match="must be"):
        instances_from_mask(np.zeros((10, 10), np.uint8), 0.5)  # type: ignore[arg-type]
