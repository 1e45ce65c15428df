"""Sharpness: the blur of a photograph is read off its edges, and a drawn change takes it over."""

import cv2
import numpy as np
import pytest

from defectgen.render.sharpness import OWN, as_sharp, blur_of


def photo(sigma: float, noise: float = 0.01) -> np.ndarray:
    """A bar and a square, blurred, with the sensor's noise."""
    grey = np.full((128, 128), 0.7, np.float32)
    grey[:, 40:48] = 0.2
    grey[60:90, 80:110] = 0.4
    grey = cv2.GaussianBlur(grey, (0, 0), sigma)
    return grey + noise * np.random.default_rng(3).standard_normal(grey.shape).astype(np.float32)


@pytest.mark.parametrize("sigma", [1.2, 1.6, 2.0])
def test_blur_is_read_off_the_edges(sigma: float) -> None:
    assert blur_of(photo(sigma)) == pytest.approx(sigma, rel=0.2)


def test_noise_and_plain_pictures_are_not_blurred() -> None:
    flat = np.full((64, 64), 0.5, np.float32)
    assert blur_of(flat) == 0
    assert blur_of(flat + np.random.default_rng(0).normal(0, 0.02, flat.shape).astype(np.float32)) < OWN


def test_a_change_becomes_as_blurred_as_the_photo_and_keeps_its_sum() -> None:
    change = np.zeros((128, 128, 3), np.float32)
    change[30:60, 70:100] = -0.3
    sharp, soft = (np.repeat(photo(s)[..., None], 3, 2) for s in (0.3, 1.8))
    assert np.abs(as_sharp(change, sharp) - change).max() < 0.1
    blurred = as_sharp(change, soft)
    assert blur_of(1 + blurred.mean(2)) == pytest.approx(1.8, rel=0.2)
    assert blurred.sum() == pytest.approx(change.sum(), rel=0.01)
