"""The loss that a Stable Diffusion model learns defects by: the error of its prediction, weighted in latent space.

    L = sum(w * e) / sum(w)    for each window, e the squared error averaged over channels

w is REST everywhere, EXTRA under the random extra masks, 1 on the defect, and RIM more in a band of one latent cell on
both sides of the defect's outline, where a label is won or lost. The defect with random boxes beside it follows
DefectFill (Song et al. 2025), where the boxes keep the model from painting a defect into every hole; on windows of good
parts all of the hole weighs 1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["EXTRA", "REST", "RIM", "prediction_target", "weight_map", "weighted_loss"]

REST, EXTRA, RIM = 0.1, 0.4, 1.0

F32 = NDArray[np.float32]
U8 = NDArray[np.uint8]


def weight_map(defect: U8, hole: U8, factor: int, *, prior: bool) -> F32:
    """Weights (S / factor, S / factor) of a window's latent cells.

    defect, hole: (S, S) uint8, 255 on the defect and on all that is to be filled. prior: a window of a good part.
    """
    inside = (hole > 127).astype(np.float32)
    if prior:
        return _shrunk(REST + (1 - REST) * inside, factor)
    on = (defect > 127).astype(np.uint8)
    square = np.ones((2 * factor + 1,) * 2, np.uint8)
    rim = cv2.dilate(on, square) - cv2.erode(on, square)
    weights = np.maximum(REST + (EXTRA - REST) * inside, on) + RIM * rim
    return _shrunk(weights.astype(np.float32), factor)


def _shrunk(weights: F32, factor: int) -> F32:
    side = weights.shape[0] // factor
    return np.asarray(cv2.resize(weights, (side, side), interpolation=cv2.INTER_AREA), np.float32)


def prediction_target(kind: str, scheduler: Any, clean: Tensor, noise: Tensor, t: Tensor) -> Tensor:
    """What the network is to predict: the noise, the velocity (Salimans and Ho 2022, eq. D1) or the clean latents."""
    if kind == "v_prediction":
        velocity: Tensor = scheduler.get_velocity(clean, noise, t)
        return velocity
    return noise if kind == "epsilon" else clean


def weighted_loss(predicted: Tensor, target: Tensor, weights: Tensor) -> Tensor:
    """(B,) losses of (B, C, h, w) predictions under (B, h, w) weights."""
    error = (predicted.float() - target.float()).square().mean(1)
    return (weights * error).sum((1, 2)) / weights.sum((1, 2))
