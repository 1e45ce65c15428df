"""Strong classical augmentation by albumentations: geometry, light, noise, blur, on picture, mask and boxes alike.

Buslaev et al. 2020, "Albumentations: Fast and Flexible Image Augmentations". Variants are made once, before training,
so that no step is slowed; the picture itself stays one of them. A variant that lost most of its defect is drawn again.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from defectgen.downstream.pool import Pool

__all__ = ["augmented"]

LEAST_LEFT = 0.3
"""Share of a picture's defect area that a variant must keep."""
TRIES = 4
_LEAST_BOX = 0.25


def augmented(pool: Pool, variants: int, seed: int) -> Pool:
    """The pool followed by variants - 1 altered copies of it. The same seed gives the same copies."""
    if not len(pool) or variants <= 1:
        return pool
    pipeline = _pipeline(seed)
    return Pool.join([pool, *(_variant(pool, pipeline) for _ in range(variants - 1))])


def _pipeline(seed: int) -> Any:
    import albumentations as A  # noqa: N812
    import cv2

    mirror = cv2.BORDER_REFLECT_101
    return A.Compose(
        [
            A.HorizontalFlip(p=0.5),
            A.VerticalFlip(p=0.5),
            A.Affine(
                scale=(0.75, 1.3), translate_percent=(-0.1, 0.1), rotate=(-25, 25), shear=(-8, 8), border_mode=mirror,
                rotate_method="ellipse", p=0.8,
            ),
            A.OneOf([A.ElasticTransform(alpha=20, sigma=5), A.GridDistortion(distort_limit=0.2)], p=0.3),
            A.RandomBrightnessContrast(0.25, 0.25, p=0.6),
            A.RandomGamma((70, 140), p=0.3),
            A.CLAHE(clip_limit=(1, 3), p=0.15),
            A.OneOf([A.GaussianBlur(blur_limit=(3, 3)), A.MotionBlur(blur_limit=(3, 5)), A.Sharpen()], p=0.25),
            A.GaussNoise(std_range=(0.01, 0.05), p=0.4),
        ],
        bbox_params=A.BboxParams(
            "pascal_voc", label_fields=["kinds"], min_visibility=_LEAST_BOX, min_area=1, clip=True
        ),
        seed=seed,
    )  # fmt: skip


def _variant(pool: Pool, pipeline: Any) -> Pool:
    pixels, masks = np.empty_like(pool.pixels), np.empty_like(pool.masks)
    boxes = []
    for i in range(len(pool)):
        pixels[i], masks[i], box = _altered(pool, i, pipeline)
        boxes.append(box)
    return Pool(
        pixels, masks, pool.labels, tuple(boxes), pool.annotations, pool.groups, pool.names, pool.classes
    )  # fmt: skip


def _altered(pool: Pool, i: int, pipeline: Any) -> tuple[NDArray[Any], NDArray[Any], NDArray[np.float32]]:
    """One altered picture; itself, where every try lost its defect."""
    area, count = np.count_nonzero(pool.masks[i]), len(pool.boxes[i])
    for _ in range(TRIES):
        done = pipeline(
            image=pool.pixels[i], mask=pool.masks[i], bboxes=pool.boxes[i][:, :4], kinds=pool.boxes[i][:, 4]
        )
        kept = np.concatenate(
            [np.reshape(done["bboxes"], (-1, 4)), np.reshape(done["kinds"], (-1, 1))], 1
        ).astype(np.float32)  # fmt: skip
        if np.count_nonzero(done["mask"]) >= LEAST_LEFT * area and (len(kept) or not count):
            return done["image"], done["mask"], kept
    return pool.pixels[i], pool.masks[i], pool.boxes[i]
