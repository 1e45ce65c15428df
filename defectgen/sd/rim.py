"""The rim: what a decoded window looks like around the mask, brought to what the good window looks like there.

An autoencoder shifts colours and flattens contrast a little, everywhere. How it did so shows around the mask, where
nothing was edited; the same correction then holds inside (mean and standard deviation as in Reinhard et al. 2001,
eq. 10 and 11). Sensor noise is matched later, where the edit meets the picture (see `noise.match_noise`).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from defectgen.band import BAND_PX, grow

__all__ = ["RIM_PX", "matched", "rim_of"]

F32 = NDArray[np.float32]
Mask = NDArray[np.bool_]

RIM_PX = 16
LEAST_RIM = 64  # pixels that tell a mean and a contrast
LEAST_GAIN, MOST_GAIN = 0.8, 1.25
_FLOOR = 1e-4
_GREY = 1e-3


def rim_of(inside: Mask) -> Mask:
    """Pixels near the mask and beside the band; all outside the band where those are few; none where there are none."""
    outside = ~grow(inside, BAND_PX + 1)
    near = outside & grow(inside, BAND_PX + RIM_PX)
    return near if np.count_nonzero(near) >= LEAST_RIM else outside


def matched(decoded: F32, good: F32, inside: Mask) -> F32:
    """The decoded window (S, S, 3) in [0, 1] with the good window's mean and contrast around the mask.

    A grey window, three equal channels, comes back grey. Where the mask leaves no rim, nothing is corrected.
    """
    rim = rim_of(inside)
    out = decoded
    if float((good.max(2) - good.min(2)).max()) < _GREY:
        out = np.repeat(out.mean(2, keepdims=True), 3, 2)
    if np.count_nonzero(rim) >= LEAST_RIM:
        was, wanted = out[rim], good[rim]
        spread = float(was.mean(1).std())
        gain = float(np.clip(wanted.mean(1).std() / max(spread, _FLOOR), LEAST_GAIN, MOST_GAIN))
        out = (out - was.mean(0)) * np.float32(gain) + wanted.mean(0)
    return np.asarray(np.clip(out, 0, 1), np.float32)
