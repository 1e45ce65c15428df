"""Retoning: a rendered draft takes over the tone and contrast of a reference defect.

Colour transfer by mean and standard deviation (Reinhard et al. 2001, "Color Transfer between Images", eq. 10 and 11),
under the mask and against the surroundings: what is carried over is how much darker, redder or rougher than its
surroundings the reference is, not its colour itself.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from defectgen.model.condition import measured_severity
from defectgen.model.reference import Reference

__all__ = ["Tone", "retoned", "tone_of"]

F32 = NDArray[np.float32]
RING_PX = 8
LEAST_GAIN, MOST_GAIN = 0.4, 2.5
LEAST_LEVEL = 0.02
_FLOOR = 1e-3


@dataclass(frozen=True)
class Tone:
    """shift: mean under the mask less the surroundings', three channels in [-1, 1]. spread: standard deviation of
    luma under the mask. level: luma of the surroundings. severity: as `measured_severity`, against the surroundings."""

    shift: F32
    spread: float
    level: float
    severity: float


def tone_of(reference: Reference) -> Tone:
    """What a reference looks like against its surroundings."""
    rgb = reference.rgb.astype(np.float32) / np.float32(255)
    around = _around(rgb, reference.alpha)
    inside = _mean(rgb, reference.alpha)
    return Tone(
        inside - around, _spread(rgb, reference.alpha), max(float(around.mean()), LEAST_LEVEL),
        measured_severity((rgb - around).astype(np.float32), reference.alpha),
    )  # fmt: skip


def retoned(drawn: F32, good: F32, alpha: F32, tone: Tone) -> F32:
    """The draft (S, S, 3) with the reference's tone under alpha (S, S); what lies beside the mask stays as drawn.

    A darker surface gets a smaller shift than a bright one, in proportion.
    """
    around = _around(good, alpha)
    scale = float(np.clip(max(float(around.mean()), LEAST_LEVEL) / tone.level, 0.5, 2.0))
    inside = _mean(drawn, alpha)
    gain = float(np.clip(scale * tone.spread / max(_spread(drawn, alpha), _FLOOR), LEAST_GAIN, MOST_GAIN))
    wanted = (drawn - inside) * np.float32(gain) + around + np.float32(scale) * tone.shift
    return np.clip(drawn + alpha[..., None] * (wanted - drawn), 0, 1).astype(np.float32)


def _mean(rgb: F32, weight: F32) -> F32:
    total = max(float(weight.sum()), _FLOOR)
    return np.asarray((rgb * weight[..., None]).sum((0, 1)) / total, np.float32)


def _around(rgb: F32, alpha: F32) -> F32:
    """Mean of a ring around the mask, (3,); of everything where the mask leaves no ring."""
    body = (alpha > 0.1).astype(np.uint8)
    near = cv2.dilate(body, np.ones((2 * RING_PX + 1,) * 2, np.uint8)) > 0
    ring = (near & (cv2.dilate(body, np.ones((5, 5), np.uint8)) == 0)).astype(np.float32)
    return _mean(rgb, ring if ring.any() else np.ones_like(alpha))


def _spread(rgb: F32, alpha: F32) -> float:
    luma = rgb.mean(2)
    total = max(float(alpha.sum()), _FLOOR)
    mean = float((luma * alpha).sum()) / total
    return float(np.sqrt(((luma - mean) ** 2 * alpha).sum() / total))
