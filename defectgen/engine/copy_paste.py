"""The `copy-paste` baseline: a real defect, cut out by its own mask, pasted where the prescribed mask lies."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from defectgen.engine.window import EngineInfo, Window
from defectgen.errors import InputError

__all__ = ["CopyPasteEngine"]

F32 = NDArray[np.float32]
Donor = tuple[F32, NDArray[np.bool_]]


class CopyPasteEngine:
    """Draws one donor for each window and stretches its defect over the box of the prescribed mask.

    bank: (image, mask) of real defects; image (h, w, 3) float32 sRGB-encoded in [0, 1], mask (h, w) bool.
    Raises InputError for an empty bank, an empty mask, or a mask of another size than its image.
    """

    def __init__(self, bank: Sequence[Donor], window_px: int = 256) -> None:
        if not bank:
            raise InputError("copy-paste got no real defects; give it at least one image with its mask")
        self._bank = [_cut(image, mask, index) for index, (image, mask) in enumerate(bank)]
        self._window_px = window_px

    @property
    def info(self) -> EngineInfo:
        return EngineInfo("copy-paste", None, None, None)

    @property
    def window_px(self) -> int:
        return self._window_px

    def edit(self, windows: Sequence[Window]) -> list[F32]:
        return [self._edit(window) for window in windows]

    def _edit(self, window: Window) -> F32:
        rng = np.random.default_rng(window.seed)
        image, mask = self._bank[int(rng.integers(len(self._bank)))]
        rows, columns = np.nonzero(window.shape.alpha > 0)
        if len(rows) == 0:
            return window.good.copy()
        y, x, h, w = rows.min(), columns.min(), int(np.ptp(rows)) + 1, int(np.ptp(columns)) + 1
        patch = cv2.resize(image, (w, h), interpolation=cv2.INTER_LINEAR)
        inside = cv2.resize(mask.astype(np.float32), (w, h), interpolation=cv2.INTER_LINEAR)
        blend = (inside * window.shape.alpha[y : y + h, x : x + w])[..., None]
        out = window.good.copy()
        out[y : y + h, x : x + w] += (patch - out[y : y + h, x : x + w]) * blend
        return np.asarray(out, np.float32)


def _cut(image: F32, mask: NDArray[np.bool_], index: int) -> Donor:
    if image.shape[:2] != mask.shape:
        raise InputError(f"donor {index}: image is {image.shape[:2]}, mask is {mask.shape}; they must be of one size")
    rows, columns = np.nonzero(mask)
    if len(rows) == 0:
        raise InputError(f"donor {index}: the mask is empty; leave it out of the bank")
    box = np.s_[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    return image[box].astype(np.float32), mask[box].astype(np.bool_)
