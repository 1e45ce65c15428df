"""Surface maps: everything the shader knows of a part."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Surface"]

F32 = NDArray[np.float32]


@dataclass(frozen=True)
class Surface:
    """Maps of one part as the camera sees it from above; (H, W) float32 unless stated, y down.

    height: pixels, positive towards the camera.
    albedo: (H, W, 3), linear RGB in [0, 1]; the specular colour where metalness is 1.
    roughness: perceptual roughness in [0.02, 1]; GGX alpha is its square.
    metalness: [0, 1].
    anisotropy: [0, 1]; 0 is isotropic.
    grain: radians counter-clockwise from the x axis, the direction along the grain.
    foreground: (H, W) bool, True on the part.
    """

    height: F32
    albedo: F32
    roughness: F32
    metalness: F32
    anisotropy: F32
    grain: F32
    foreground: NDArray[np.bool_]
