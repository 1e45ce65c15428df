"""The draft of a training window: what the `render` engine makes of the same words and mask.

When the model is used, the draft comes from a shape that was drawn; here the shape is rebuilt from the mask, so that
photographed defects get one too. Light, tones and a part of the severity are drawn anew, so that the network learns
how far a draft can be trusted and does not copy it.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from defectgen.engine.render import RenderEngine
from defectgen.engine.window import Window
from defectgen.mask.shape import Shape
from defectgen.mask.user_mask import shape_of_mask
from defectgen.recipe import Defect, Material

__all__ = ["draw_draft"]

_SEVERITY_STD = 0.15

U8 = NDArray[np.uint8]


def _shape(alpha: U8) -> Shape:
    """Maps of the whole mask, soft borders and hairlines kept; a mask too faint to have a core gets its support."""
    mask = alpha >= 128
    shape = shape_of_mask(mask if mask.any() else alpha > 0)
    soft = alpha.astype(np.float32) / np.float32(255)
    near = cv2.dilate(shape.half_width, np.ones((3, 3), np.uint8))
    return Shape(soft, shape.profile * (soft > 0), shape.tangent, np.where(soft > 0, np.maximum(near, 0.5), 0))


def draw_draft(
    good: U8, alpha: U8, defect: Defect, material: Material | None, severity: float, rng: np.random.Generator
) -> U8:
    """(S, S, 3) uint8 draft on a good window (S, S, 3) under alpha (S, S), both uint8.

    severity: in [0, 1], the recipe's scale.
    """
    wish = float(np.clip(severity + rng.normal(0, _SEVERITY_STD), 0.02, 1))
    unit = good.astype(np.float32) / np.float32(255)
    window = Window(unit, _shape(alpha), "", wish, int(rng.integers(2**63)), defect, material)
    drawn = RenderEngine(good.shape[0]).edit([window])[0]
    return np.clip(np.rint(255 * drawn), 0, 255).astype(np.uint8)
