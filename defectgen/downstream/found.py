"""Which defects are found, at a threshold that raises few alarms on good pictures.

A defect is a connected region of a picture's mask. It counts as found where at least LEAST_MARKED of its pixels are
marked. Size: the square root of its area as a share of the picture's side; small under 5 %, large from 15 %.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from defectgen.downstream.region import regions

__all__ = ["LEAST_MARKED", "SIZES", "Defect", "defects", "found_shares", "size_of", "smoothed"]

LEAST_MARKED = 0.3
SIZES = (("small", 0.0, 0.05), ("medium", 0.05, 0.15), ("large", 0.15, np.inf))

F32 = NDArray[np.float32]


@dataclass(frozen=True)
class Defect:
    """picture: index. area: in pixels. size: see above. marked: share of its pixels that are marked."""

    picture: int
    area: int
    size: str
    marked: float

    @property
    def found(self) -> bool:
        return self.marked >= LEAST_MARKED


def smoothed(maps: F32) -> F32:
    """(N, S, S), each pixel the mean of its 3 x 3 neighbourhood, so that no lone pixel raises an alarm."""
    import cv2

    return np.stack([cv2.blur(one, (3, 3), borderType=cv2.BORDER_REFLECT_101) for one in maps]).astype(np.float32)


def defects(marks: NDArray[np.bool_], truth: NDArray[np.bool_]) -> list[Defect]:
    """Every defect of pictures with marks and masks (N, S, S)."""
    side = truth.shape[1]
    seen = []
    for picture, (mark, mask) in enumerate(zip(marks, truth, strict=True)):
        index, count = regions(mask)
        area = np.bincount(index.ravel(), minlength=count + 1)[1:]
        hit = np.bincount(index[mark], minlength=count + 1)[1:]
        for pixels, marked in zip(area.tolist(), hit.tolist(), strict=True):
            seen.append(Defect(picture, pixels, size_of(pixels**0.5 / side), marked / pixels))
    return seen


def size_of(share: float) -> str:
    """Name of the size of a defect whose square root of area is this share of the side."""
    return next(name for name, low, high in SIZES if low <= share < high)


def found_shares(seen: list[Defect]) -> dict[str, float]:
    """`found`, and `found_small` and so on for the sizes that are there."""
    shares = {"found": [d.found for d in seen]}
    shares |= {f"found_{size}": [d.found for d in seen if d.size == size] for size, _, _ in SIZES}
    return {name: float(np.mean(hits)) for name, hits in shares.items() if hits}
