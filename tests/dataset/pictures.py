"""Tiny pictures and masks to import."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

Box = tuple[int, int, int, int]
SIZE = (40, 30)


def put_picture(path: Path, seed: int = 0, mode: str = "RGB", size: tuple[int, int] = SIZE, **save: Any) -> Path:
    """Noise of (width, height) pixels in a Pillow mode; 16-bit grey for "I;16"."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    if mode == "I;16":
        image = Image.fromarray(rng.integers(0, 65536, (size[1], size[0]), np.uint16))
    else:
        image = Image.fromarray(rng.integers(0, 256, (size[1], size[0], 3), np.uint8)).convert(mode)
    image.save(path, **save)
    return path


def put_mask(path: Path, *boxes: Box, size: tuple[int, int] = SIZE, value: int = 255) -> Path:
    """`value` inside the boxes, 0 elsewhere."""
    path.parent.mkdir(parents=True, exist_ok=True)
    mask = np.zeros((size[1], size[0]), np.uint8)
    for x0, y0, x1, y1 in boxes:
        mask[y0:y1, x0:x1] = value
    Image.fromarray(mask).save(path)
    return path
