"""The `cutpaste` baseline: a patch from elsewhere in the window, jittered in tone, pasted through the prescribed mask
(Li et al., CutPaste, 2021)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from defectgen.engine.window import EngineInfo, Window

__all__ = ["CutPasteEngine"]

F32 = NDArray[np.float32]
NEAREST, FARTHEST = 0.2, 0.5
JITTER = 0.3


class CutPasteEngine:
    """Shifts the window onto itself, wrapping around, and shows the shifted copy through the mask."""

    def __init__(self, window_px: int = 256) -> None:
        self._window_px = window_px

    @property
    def info(self) -> EngineInfo:
        return EngineInfo("cutpaste", None, None, None)

    @property
    def window_px(self) -> int:
        return self._window_px

    def edit(self, windows: Sequence[Window]) -> list[F32]:
        return [_edit(window) for window in windows]


def _edit(window: Window) -> F32:
    rng = np.random.default_rng(window.seed)
    sides = window.good.shape[:2]
    step = [int(side * rng.uniform(NEAREST, FARTHEST) * rng.choice((-1, 1))) for side in sides]
    patch = np.roll(window.good, step, axis=(0, 1))
    if rng.random() < 0.5:
        patch = patch[:, ::-1]
    strength = JITTER * (0.3 + 0.7 * window.severity)
    gain = 1.0 + strength * rng.choice((-1, 1)) * rng.uniform(0.5, 1.0) + rng.uniform(-0.05, 0.05, 3)
    foreign = np.clip(patch * gain, 0.0, 1.0)
    return np.asarray(window.good + (foreign - window.good) * window.shape.alpha[..., None], np.float32)
