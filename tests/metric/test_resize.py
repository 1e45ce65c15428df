"""Clean resizing: a reference computed directly, no aliasing, no rounding; and the legacy way beside it."""

from __future__ import annotations

import numpy as np
import pytest

from defectgen.errors import InputError
from defectgen.metric.resize import RESIZES, clean_resize, resize_to, tf_bilinear_resize
from tests.metric.small_picture import picture


def weights(length: int, out: int) -> np.ndarray:
    """(out, length): bicubic (a = -1/2) whose support grows with the reduction, normalised at the rim."""
    scale = max(1.0, length / out)
    centres = (np.arange(out) + 0.5) * length / out
    distance = np.abs(np.arange(length) + 0.5 - centres[:, None]) / scale
    near, far = 1.5 * distance**3 - 2.5 * distance**2 + 1, -0.5 * distance**3 + 2.5 * distance**2 - 4 * distance + 2
    kernel = np.where(distance < 1, near, np.where(distance < 2, far, 0.0))
    return kernel / kernel.sum(1, keepdims=True)


@pytest.mark.parametrize("hw", [(20, 31), (48, 64), (90, 100)])
def test_it_is_the_antialiased_bicubic_computed_directly(hw: tuple[int, int]) -> None:
    pixels = picture(1)
    rows, columns = weights(48, hw[0]), weights(64, hw[1])
    expected = np.einsum("yh,xw,hwc->yxc", rows, columns, pixels.astype(float)).clip(0, 255)
    found = clean_resize(pixels, hw)
    assert found.shape == (*hw, 3) and found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=1e-3)


def test_values_are_not_rounded_back_and_stay_in_range() -> None:
    found = resize_to(picture(2), 20)
    assert np.abs(found - np.rint(found)).mean() > 0.1
    edge = np.zeros((40, 40, 3), np.uint8)
    edge[:, 20:] = 255
    assert (resize_to(edge, 100).min(), resize_to(edge, 100).max()) == (0, 255)


def test_stripes_finer_than_the_result_come_out_grey_and_not_as_other_stripes() -> None:
    stripes = np.zeros((256, 256, 3), np.uint8)
    stripes[:, ::2] = 255
    clean, aliased = resize_to(stripes, 60), resize_to(stripes, 60, "tf-bilinear")
    assert np.abs(clean[:, 5:-5] - 127.5).max() < 6
    assert aliased[30].std() > 40


def test_each_channel_stands_alone() -> None:
    pixels = picture(3)
    swapped = np.ascontiguousarray(pixels[..., ::-1])
    np.testing.assert_array_equal(resize_to(swapped, 32), resize_to(pixels, 32)[..., ::-1])


def test_the_legacy_way_takes_the_corner_and_two_taps() -> None:
    pixels = picture(4, 40, 40)
    found = tf_bilinear_resize(pixels, (20, 20))
    np.testing.assert_array_equal(found, pixels[::2, ::2])
    assert np.abs(found - clean_resize(pixels, (20, 20))).mean() > 1


def test_an_unknown_way_is_refused() -> None:
    with pytest.raises(InputError, match=rf"unknown resize 'nearest'; expected one of {', '.join(RESIZES)}"):
        resize_to(picture(0), 20, "nearest")  # type: ignore[arg-type]
