"""Pools for the tests of the downstream stack: grey noise with bright blocks ("pit") and dark bars ("cut") on it."""

from __future__ import annotations

import numpy as np

from defectgen.downstream.pool import Pool
from defectgen.downstream.task import Trial

CLASSES = ("pit", "cut")


def small_pool(good: int, each: int, *, seed: int, side: int = 32, classes: tuple[str, ...] = CLASSES) -> Pool:
    """So many good pictures, then so many of each class."""
    rng = np.random.default_rng(seed)
    labels = np.array([0] * good + [k for k in range(1, len(classes) + 1) for _ in range(each)], np.int64)
    pixels = rng.normal(110, 8, (len(labels), side, side, 1)).repeat(3, axis=3).clip(0, 255).astype(np.uint8)
    masks = np.zeros((len(labels), side, side), np.uint8)
    boxes = []
    for i, k in enumerate(labels.tolist()):
        y, x = rng.integers(2, side - 12, 2).tolist()
        height, width = (8, 8) if k == 1 else (3, 10)
        if k:
            masks[i, y : y + height, x : x + width] = k
            pixels[i, y : y + height, x : x + width] = 210 if k == 1 else 30
        boxes.append(np.array([[x, y, x + width, y + height, k]] if k else np.zeros((0, 5)), np.float32))
    names = tuple(f"{seed}-{i}.png" for i in range(len(labels)))
    kinds = tuple("mask" if k else "good" for k in labels)
    return Pool(pixels, masks, labels, tuple(boxes), kinds, names, names, classes)


def small_trial(*, extra: Pool | None = None, shots: int = 3, augment: bool = False, share: float = 0.5) -> Trial:
    real = small_pool(8, shots, seed=1)
    return Trial(real, extra, small_pool(6, 3, seed=2), small_pool(7, 4, seed=3), augment, share)
