"""Classical augmentation: more pictures of the same defects, with masks and boxes that follow."""

from __future__ import annotations

import numpy as np

from defectgen.downstream.augment import LEAST_LEFT, augmented
from tests.downstream.small_pool import small_pool


def test_variants_follow_the_pool_and_keep_their_defects() -> None:
    pool = small_pool(2, 4, seed=0)
    more = augmented(pool, 4, seed=3)
    assert len(more) == 4 * len(pool) and (more.pixels[: len(pool)] == pool.pixels).all()
    assert more.labels.tolist() == 4 * pool.labels.tolist()
    area = np.tile(np.count_nonzero(pool.masks, axis=(1, 2)), 4)
    assert (np.count_nonzero(more.masks, axis=(1, 2)) >= LEAST_LEFT * area).all()
    assert set(np.unique(more.masks)) == {0, 1, 2}
    assert not (more.pixels[len(pool) :] == np.tile(pool.pixels, (3, 1, 1, 1))).all(axis=(1, 2, 3)).any()


def test_masks_lie_where_the_defects_went() -> None:
    pool = small_pool(0, 6, seed=0)
    more = augmented(pool, 5, seed=1)
    on = [float(p[m > 0].mean()) for p, m in zip(more.pixels, more.masks, strict=True)]
    off = [float(p[m == 0].mean()) for p, m in zip(more.pixels, more.masks, strict=True)]
    gap = (np.array(on) - off) * np.where(more.labels == 1, 1, -1)
    assert (gap > 15).all(), gap.min()
    for mask, boxes in zip(more.masks, more.boxes, strict=True):
        boxed = np.zeros_like(mask)  # a mirrored defect has a box of its own
        for x0, y0, x1, y1, kind in boxes:
            boxed[int(y0) : int(np.ceil(y1)), int(x0) : int(np.ceil(x1))] = kind
        inside = np.count_nonzero((mask > 0) & (mask == boxed))
        assert inside > 0.7 * np.count_nonzero(mask) and inside > 0.2 * np.count_nonzero(boxed)


def test_the_seed_decides() -> None:
    pool = small_pool(1, 2, seed=0)
    first, again, other = (augmented(pool, 3, seed=seed) for seed in (0, 0, 1))
    assert first.sha256 == again.sha256 != other.sha256


def test_one_variant_is_the_pool_itself() -> None:
    pool = small_pool(1, 1, seed=0)
    assert augmented(pool, 1, seed=0) is pool
