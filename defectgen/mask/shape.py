"""The shape of one defect, before it is put anywhere."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Shape"]

F32 = NDArray[np.float32]


@dataclass(frozen=True)
class Shape:
    """One defect's shape on a pixel grid, (h, w), y down.

    alpha: float32 in [0, 1], anti-aliased coverage; 0.5 and more counts as defect in the binary mask.
    profile: float32 in [0, 1], 0 at the border and 1 where the defect is deepest or strongest.
    tangent: float32, radians counter-clockwise from the x axis, the direction along the defect at each pixel
        (meaningful for elongated kinds; elsewhere the shape's main axis).
    half_width: float32, pixels, local half-width of the defect, for scaling its depth.
    """

    alpha: F32
    profile: F32
    tangent: F32
    half_width: F32
