"""Regions: the connected pieces of a mask, each of them one defect. Pixels that touch at a corner are connected."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["region_weights", "regions"]


def regions(mask: NDArray[np.bool_]) -> tuple[NDArray[np.int32], int]:
    """(H, W) with 1 to n on the regions of a mask, 0 elsewhere; and n."""
    import cv2

    count, index = cv2.connectedComponents(mask.astype(np.uint8), connectivity=8)
    return np.asarray(index, np.int32), int(count) - 1


def region_weights(masks: NDArray[np.bool_]) -> NDArray[np.float32]:
    """(N, H, W): 1 / pixels of its region on each pixel of a mask, 0 elsewhere, so that each region adds up to 1."""
    weights = np.zeros(masks.shape, np.float32)
    for weight, mask in zip(weights, masks, strict=True):
        index, count = regions(mask)
        if count:
            weight[mask] = 1.0 / np.bincount(index.ravel(), minlength=count + 1)[index[mask]]
    return weights
