"""A mask picture that only tells defect from part.

Every value but 0 is a defect, so that masks of 0 and 1 and masks of several values are read alike. Masks that were
stored with loss or resized smoothly have soft edges, seen by more than `SOFT_LEVELS` levels: there the defect is what
is brighter than half.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from defectgen.dataset.instance import Instance, Mask, components
from defectgen.dataset.item import DropError, Labels
from defectgen.dataset.layout.mask_file import read_values

__all__ = ["SOFT_LEVELS", "pieces", "read_binary"]

SOFT_LEVELS = 16


def read_binary(path: Path, hw: tuple[int, int]) -> Mask:
    """(H, W) bool, True on the defect, perhaps nowhere; DropError where it is unreadable or of another size."""
    values = read_values(path, hw)
    if values.dtype == np.uint32 or np.count_nonzero(np.bincount(values.ravel())) <= SOFT_LEVELS:
        return np.asarray(values > 0)
    return np.asarray(values > (127 if values.dtype == np.uint8 else 32767))


def pieces(path: Path, defect: str | None, hw: tuple[int, int]) -> Labels:
    """Each connected piece of a mask as an instance; DropError where it marks nothing. defect: None leaves all out."""
    mask = read_binary(path, hw)
    if not mask.any():
        raise DropError("empty mask", f"{path.name} marks no pixel")
    instances: list[Instance] = components(defect, mask) if defect is not None else []
    return Labels(instances)
