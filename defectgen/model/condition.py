"""What the network is told beside pixels: words, severity and where the picture comes from.

Words enter twice: as tokens for cross-attention and pooled, as part of one vector that also carries the numbers which
sentence encoders hardly tell apart. *Severity* is measured, not claimed: the root-mean-square change under the mask,
on a square-root scale, so that the same number means the same visibility in every source of training pairs.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

__all__ = ["NO_DEFECT", "ORIGINS", "VECTOR_DIM", "condition_vector", "measured_severity"]

TEXT_DIM = 384
VECTOR_DIM = 400
ORIGINS = ("rendered", "ratio", "real")
NO_DEFECT = "no defect"

_FULL_CONTRAST = 0.5
_HARMONICS = 3
_POOLED_GAIN = 16.0  # pooled vectors have length 1; this brings each of their 384 numbers near unit size


def measured_severity(residual: NDArray[np.float32], alpha: NDArray[np.float32]) -> float:
    """Severity in [0, 1] of a residual (H, W, 3), [0, 1] units, under alpha (H, W)."""
    weight = float(alpha.sum())
    if weight == 0:
        return 0.0
    rms = float(np.sqrt((alpha[..., None] * residual**2).sum() / (3 * weight)))
    return float(np.clip(np.sqrt(rms / _FULL_CONTRAST), 0, 1))


def condition_vector(pooled: Tensor, severity: Tensor, origin: Tensor) -> Tensor:
    """The (B, 400) vector from pooled text (B, 384), severity (B,) and origin (B,).

    Severity is in [0, 1], NaN where it is not told; origin indexes ORIGINS, -1 where it is not told.
    """
    known = (~torch.isnan(severity)).float()
    value = torch.nan_to_num(severity)
    waves = [f(k * torch.pi * value) * known for k in range(1, _HARMONICS + 1) for f in (torch.sin, torch.cos)]
    numbers = torch.stack([known, value * known, *waves], dim=1)
    where = torch.nn.functional.one_hot(origin + 1, len(ORIGINS) + 1).float()[:, 1:]
    parts = torch.cat([_POOLED_GAIN * pooled.float(), numbers, where], dim=1)
    return torch.nn.functional.pad(parts, (0, VECTOR_DIM - parts.shape[1]))
