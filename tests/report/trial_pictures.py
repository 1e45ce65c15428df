"""Test pictures and what trainings marked on them, for the pictures of a trial's page."""

from __future__ import annotations

import cv2
import numpy as np

from defectgen.downstream.pool import Pool
from defectgen.report.gain_gallery import Seen

SIDE = 64
KEYS = [(draw, seed) for draw in range(5) for seed in range(3)]


def small_pool(good: int = 40, defective: int = 16, seed: int = 0) -> Pool:
    """Grainy grey squares; the defective ones with a dark line (crack) or a dark spot (blowhole)."""
    rng = np.random.default_rng(seed)
    n = good + defective
    pixels = np.clip(rng.normal(128, 12, (n, SIDE, SIDE, 1)), 0, 255).astype(np.uint8).repeat(3, axis=3)
    masks = np.zeros((n, SIDE, SIDE), np.uint8)
    labels = np.array([0] * good + [1 + k % 2 for k in range(defective)], np.int64)
    for i in range(good, n):
        x, y = (int(v) for v in rng.integers(16, SIDE - 16, 2))
        if labels[i] == 1:
            cv2.circle(masks[i], (x, y), int(rng.integers(3, 7)), 1, -1)
        else:
            cv2.line(masks[i], (x - 12, y - int(rng.integers(2, 9))), (x + 12, y + 4), 2, 1)
        pixels[i][masks[i] > 0] //= 2
    return Pool(
        pixels=pixels, masks=masks, labels=labels, boxes=tuple(np.zeros((0, 5), np.float32) for _ in range(n)),
        annotations=tuple("good" if k == 0 else "mask" for k in labels), groups=tuple(map(str, range(n))),
        names=tuple(f"images/{i:03}.png" for i in range(n)), classes=("blowhole", "crack"),
    )  # fmt: skip




def seen(pool: Pool, finds: tuple[int, ...], seed: int, maps: bool = True) -> Seen:
    """A training that finds the classes in `finds` and is blind to the others."""
    rng = np.random.default_rng(seed)
    found = np.isin(pool.labels, finds)
    scores = rng.uniform(0, 0.5, len(pool)) + np.where(found, 0.5, 0)
    chance = rng.uniform(0, 60, pool.masks.shape) + np.where(found[:, None, None] & (pool.masks > 0), 180, 0)
    return Seen(scores.astype(np.float32), chance.astype(np.uint8) if maps else None)
