"""Foreground: all of a full frame, and just inside the part on a plain background."""

from __future__ import annotations

import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from defectgen.errors import InputError
from defectgen.mask.foreground import part_foreground

DATA = Path(os.environ.get("DEFECTGEN_DATA", "../shared/data"))


def disc_on(background: int, part: int, noise: float = 3.0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    truth = np.zeros((200, 260), np.uint8)
    cv2.ellipse(truth, (140, 100), (80, 60), 20, 0, 360, 1, -1)
    grey = np.where(truth > 0, part, background) + rng.normal(0, noise, truth.shape)
    return np.repeat(np.clip(grey, 0, 255).astype(np.uint8)[..., None], 3, axis=2), truth > 0


@pytest.mark.parametrize(("background", "part"), [(10, 120), (240, 110), (120, 220), (90, 30)])
def test_a_part_on_a_plain_background_is_found_from_the_inside(background: int, part: int) -> None:
    image, truth = disc_on(background, part)
    found = part_foreground(image)
    assert (found & ~truth).sum() <= 0.002 * truth.sum()
    assert (found & truth).sum() >= 0.9 * truth.sum()


def test_a_texture_that_fills_the_frame_is_all_part() -> None:
    rng = np.random.default_rng(1)
    for coarse in (1, 6, 40):
        grid = rng.normal(128, 40, (200 // coarse + 2, 200 // coarse + 2)).astype(np.float32)
        grey = np.clip(cv2.resize(grid, (200, 200), interpolation=cv2.INTER_CUBIC), 0, 255).astype(np.uint8)
        assert part_foreground(np.repeat(grey[..., None], 3, axis=2)).all()


def test_uneven_light_is_no_background() -> None:
    y, x = np.mgrid[:160, :160]
    grey = np.clip(220 - np.hypot(x - 80, y - 80), 0, 255).astype(np.uint8)
    assert part_foreground(np.repeat(grey[..., None], 3, axis=2)).all()


def test_grey_input_is_refused() -> None:
    with pytest.raises(InputError, match="uint8"):
        part_foreground(np.zeros((20, 20), np.uint8))


@pytest.mark.data
@pytest.mark.parametrize(
    ("folder", "fills"),
    [("aws-cookies/training-images", False), ("aws-circuitboard/train/normal", False),
     ("magnetic-tile/MT_Free/Imgs", True), ("pv-vision/train/img", True), ("textures", True)],
)  # fmt: skip
def test_real_parts(folder: str, fills: bool) -> None:
    if not (DATA / folder).is_dir():
        pytest.skip(f"no {folder} under DEFECTGEN_DATA={DATA}")
    files = sorted(f for f in (DATA / folder).iterdir() if f.suffix.lower() in (".jpg", ".png", ".jpeg"))
    shares = []
    for file in files[:: max(1, len(files) // 8)][:8]:
        image = cv2.imread(str(file))
        shares.append(part_foreground(np.ascontiguousarray(image[..., ::-1])).mean())
    assert np.median(shares) == 1 if fills else 0.04 < np.median(shares) < 0.8


def test_thin_lines_are_texture_not_a_part() -> None:
    picture = np.full((256, 256, 3), 40, np.uint8)
    picture[:, 60:64] = picture[:, 190:194] = 220
    assert part_foreground(picture).all()
