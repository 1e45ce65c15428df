"""An instance: one defect on one picture, with its type, its box and, where known, its pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Box", "Instance", "Mask", "box_of", "components", "instance_map", "instances_from_map", "union"]

Mask = NDArray[np.bool_]
Box = tuple[int, int, int, int]
LEAST_PX = 1


@dataclass(frozen=True, eq=False)
class Instance:
    """One defect. box: (x0, y0, x1, y1), x1 and y1 exclusive. mask: (y1 - y0, x1 - x0) bool inside the box, or None."""

    defect: str
    box: Box
    mask: Mask | None = None

    @property
    def area(self) -> int:
        """Pixels of the mask, or of the box where there is none."""
        if self.mask is not None:
            return int(self.mask.sum())
        return (self.box[2] - self.box[0]) * (self.box[3] - self.box[1])

    @property
    def window(self) -> tuple[slice, slice]:
        """The box as an index into (H, W) arrays."""
        return slice(self.box[1], self.box[3]), slice(self.box[0], self.box[2])

    @classmethod
    def of_mask(cls, defect: str, mask: Mask) -> Instance:
        """The instance of a non-empty (H, W) mask of the whole picture."""
        x0, y0, x1, y1 = box = box_of(mask)
        return cls(defect, box, np.ascontiguousarray(mask[y0:y1, x0:x1]))


def box_of(mask: Mask) -> Box:
    """Extent of the True pixels of (H, W); ValueError where there is none."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not rows.size:
        raise ValueError("an empty mask has no extent")
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def components(defect: str, mask: Mask, least_px: int = LEAST_PX) -> list[Instance]:
    """One instance for each 8-connected piece of (H, W) with `least_px` pixels or more."""
    import cv2

    count, pieces, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    found = []
    for k in range(1, count):
        x, y, w, h, area = (int(value) for value in stats[k])
        if area >= least_px:
            found.append(Instance(defect, (x, y, x + w, y + h), pieces[y : y + h, x : x + w] == k))
    return found


def union(instances: Sequence[Instance], hw: tuple[int, int]) -> Mask:
    """(H, W) bool of all masks together; instances without a mask add nothing."""
    out = np.zeros(hw, np.bool_)
    for one in instances:
        if one.mask is not None:
            out[one.window] |= one.mask
    return out


def instance_map(instances: Sequence[Instance], hw: tuple[int, int]) -> NDArray[np.uint8] | NDArray[np.uint16]:
    """(H, W) map, k on the pixels of instances[k - 1]; where two overlap the smaller one stays whole."""
    out = np.zeros(hw, np.uint8 if len(instances) < 256 else np.uint16)
    for k in sorted(range(len(instances)), key=lambda k: -instances[k].area):
        one = instances[k]
        if one.mask is not None:
            out[one.window][one.mask] = k + 1
    return out


def instances_from_map(index: NDArray[np.integer], labels: Sequence[str], boxes: Sequence[Box]) -> list[Instance]:
    """The instances that `instance_map` wrote; one that others cover wholly keeps its box and an empty mask."""
    out = []
    for k, (label, box) in enumerate(zip(labels, boxes, strict=True)):
        x0, y0, x1, y1 = box
        out.append(Instance(label, box, np.ascontiguousarray(index[y0:y1, x0:x1] == k + 1)))
    return out
