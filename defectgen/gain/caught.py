"""Caught: the share of defective pictures that score above nearly all good ones.

The threshold is the lowest at which at most RATE of the good test pictures raise an alarm, so arms are compared at the
same false-alarm rate whatever the scale of their scores. It is read off the good test pictures, as a point of the ROC
curve is, and serves no choice.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from defectgen.gain.row import ALL

__all__ = ["CAUGHT", "RATE", "alarm_threshold", "caught"]

CAUGHT = "caught"
"""Name of the metric."""

RATE = 0.05


def alarm_threshold(good: ArrayLike, rate: float = RATE) -> float:
    """The score that at most `rate` of the good scores, (N,), exceed; infinite without any."""
    falling = np.sort(np.asarray(good, np.float64))[::-1]
    return float(falling[int(rate * len(falling) + 1e-9)]) if len(falling) else float("inf")


def caught(scores: ArrayLike, labels: ArrayLike, classes: Sequence[str], rate: float = RATE) -> dict[str, float]:
    """By class and over "all": the share of its pictures above the threshold. Classes without a picture are left out.

    scores: (N,), higher for defective. labels: (N,), 0 good, k of classes[k - 1].
    """
    found, kinds = np.asarray(scores, np.float64), np.asarray(labels)
    if not (kinds == 0).any() or not (kinds > 0).any():
        return {}
    alarms = found > alarm_threshold(found[kinds == 0], rate)
    shares = {ALL: float(alarms[kinds > 0].mean())}
    return shares | {name: float(alarms[kinds == k].mean()) for k, name in enumerate(classes, 1) if (kinds == k).any()}
