"""The noise process: rectified flow on the residual, inside the band only.

The clean variable is the *residual* x_0 = (defective - good) / RESIDUAL_SCALE, which is zero outside the band around
the mask. The forward process is

    x_t = B ((1 - t) x_0 + t n),    n ~ N(0, 1),  t in [0, 1],

with B the binary band: outside it there is nothing to learn and nothing to denoise. The network predicts x_0; the
velocity is (x_t - x_0) / t. Liu et al. 2022, "Flow Straight and Fast", eq. 1; logit-normal times from Esser et al.
2024, "Scaling Rectified Flow Transformers", eq. 19.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import max_pool2d

__all__ = ["BAND_PX", "RESIDUAL_SCALE", "band", "draw_times", "loss_weight", "noised"]

RESIDUAL_SCALE = 0.2
"""Grey-level residuals in [0, 1] units that count as one unit of signal."""

BAND_PX = 3
"""How far the band reaches past the mask's support, pixels of the window."""

_SUPPORT = 0.02
_TIME_MEAN, _TIME_STD = 0.4, 1.0
_TIME_FLOOR = 0.15


def band(alpha: Tensor) -> Tensor:
    """Binary band of an (B, 1, H, W) mask in [0, 1]: its support grown by BAND_PX, as float."""
    grown = max_pool2d(alpha.float(), 2 * BAND_PX + 1, stride=1, padding=BAND_PX)
    return (grown > _SUPPORT).to(alpha.dtype)


def draw_times(n: int, generator: torch.Generator) -> Tensor:
    """Logit-normal times, (n,) in (0, 1)."""
    return torch.sigmoid(_TIME_MEAN + _TIME_STD * torch.randn(n, generator=generator))


def noised(clean: Tensor, noise: Tensor, t: Tensor, band_: Tensor) -> Tensor:
    """x_t for clean and noise (B, C, H, W), t (B,), band (B, 1, H, W)."""
    t = t.view(-1, 1, 1, 1)
    return band_ * ((1 - t) * clean + t * noise)


def loss_weight(t: Tensor) -> Tensor:
    """Weight of |x_0 - prediction|^2 that makes it a bounded velocity loss, (B,)."""
    return 1 / t.clamp(min=_TIME_FLOOR) ** 2
