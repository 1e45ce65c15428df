"""A reference: a picture of a defect that new ones should be like, as one vector.

The window around the defect is brought to SIDE pixels and seen by EfficientNet-Lite0; maps of three depths are averaged
inside and outside the mask, beside plain statistics of tone. Place, form and size of the defect are averaged away:
those are the mask's business. What is left says what it looks like against its surroundings.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from defectgen.model.lite0 import Lite0

__all__ = ["REFERENCE_DIM", "SIDE", "Reference", "ReferenceEncoder", "reference_window"]

SIDE = 128
MARGIN, LEAST_PX = 1.6, 32
BLOCKS = (4, 10)
_CHANNELS = (40, 112, 1280)
_DEEP = 1280
REFERENCE_DIM = 2 * sum(_CHANNELS) + sum(_CHANNELS[:-1]) + 12

U8 = NDArray[np.uint8]
F32 = NDArray[np.float32]
_EPS = 1e-3


@dataclass(frozen=True)
class Reference:
    """A window around a defect. rgb: (SIDE, SIDE, 3) uint8. alpha: (SIDE, SIDE) float32 in [0, 1], 1 on the defect."""

    rgb: U8
    alpha: F32


def reference_window(rgb: U8, alpha: F32) -> Reference:
    """The square around the mask, MARGIN times its longer side and at least LEAST_PX, brought to SIDE pixels.

    rgb: (H, W, 3) uint8. alpha: (H, W) in [0, 1]; where it is empty the whole picture is the window and the defect.
    """
    hit = alpha >= 0.5
    if not hit.any():
        hit = alpha > 0
    if not hit.any():
        hit, alpha = np.ones_like(hit), np.ones_like(alpha)
    x, y, w, h = cv2.boundingRect(hit.astype(np.uint8))
    side = min(max(LEAST_PX, round(MARGIN * max(w, h))), *rgb.shape[:2])
    x0 = int(np.clip(x + w // 2 - side // 2, 0, rgb.shape[1] - side))
    y0 = int(np.clip(y + h // 2 - side // 2, 0, rgb.shape[0] - side))
    part = np.s_[y0 : y0 + side, x0 : x0 + side]
    how = cv2.INTER_AREA if side > SIDE else cv2.INTER_CUBIC
    window = np.asarray(cv2.resize(rgb[part], (SIDE, SIDE), interpolation=how), np.uint8)
    cover = cv2.resize(np.ascontiguousarray(alpha[part], np.float32), (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    return Reference(window, np.clip(cover, 0, 1).astype(np.float32))


class ReferenceEncoder:
    """The frozen half of the implicit captioner: references to vectors."""

    def __init__(self) -> None:
        self._net = Lite0()

    @torch.inference_mode()
    def encode(self, references: Sequence[Reference]) -> Tensor:
        """(B, REFERENCE_DIM) float32, one row a reference."""
        rgb = torch.from_numpy(np.stack([r.rgb for r in references])).permute(0, 3, 1, 2).float()
        alpha = torch.from_numpy(np.stack([r.alpha for r in references]))[:, None]
        maps = self._net.maps(rgb, BLOCKS)
        parts = [part for grid in maps for part in _inside_outside(grid, alpha)]
        spreads = [_spread(grid, alpha) for grid in maps[:-1]]
        return torch.cat([*parts, *spreads, _tone(rgb / 255, alpha)], 1)


def _weights(grid: Tensor, alpha: Tensor) -> tuple[Tensor, Tensor]:
    inside = torch.nn.functional.adaptive_avg_pool2d(alpha, (grid.shape[-2], grid.shape[-1]))
    return inside, 1 - inside


def _mean(grid: Tensor, weight: Tensor) -> Tensor:
    return (grid * weight).sum((2, 3)) / (weight.sum((2, 3)) + _EPS)


def _inside_outside(grid: Tensor, alpha: Tensor) -> tuple[Tensor, Tensor]:
    """Means (B, C) under the mask, and how far they are from the means around it."""
    inside, outside = (_mean(grid, weight) for weight in _weights(grid, alpha))
    return inside, inside - outside


def _spread(grid: Tensor, alpha: Tensor) -> Tensor:
    """Standard deviation (B, C) under the mask."""
    weight = _weights(grid, alpha)[0]
    mean = _mean(grid, weight)
    return _mean((grid - mean[..., None, None]) ** 2, weight).clamp(min=0).sqrt()


def _tone(rgb: Tensor, alpha: Tensor) -> Tensor:
    """(B, 12): mean under the mask against around it, mean around it, and the spread of both, for three channels."""
    inside, outside = _mean(rgb, alpha), _mean(rgb, 1 - alpha)
    spread_in = _mean((rgb - inside[..., None, None]) ** 2, alpha).sqrt()
    spread_out = _mean((rgb - outside[..., None, None]) ** 2, 1 - alpha).sqrt()
    return torch.cat([inside - outside, outside, spread_in, spread_out], 1)
