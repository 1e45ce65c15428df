"""A real engine of ten lines: it darkens what the mask covers. Options make it fail in the ways engines fail."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from defectgen.engine.window import EngineInfo, Window


@dataclass(frozen=True)
class DarkEngine:
    """depth: share of light taken away; spill: sRGB added everywhere; smooth: blur under the mask; pause: seconds."""

    depth: float = 0.6
    spill: float = 0.0
    smooth: bool = False
    shift: int = 0
    pause: float = 0.0
    window_px: int = 64

    @property
    def info(self) -> EngineInfo:
        return EngineInfo("dark", None, None, None)

    def edit(self, windows: Sequence[Window]) -> list[NDArray[np.float32]]:
        time.sleep(self.pause)
        return [self._edit(window) for window in windows]

    def _edit(self, window: Window) -> NDArray[np.float32]:
        alpha = np.roll(window.shape.alpha, self.shift, axis=1)[..., None]
        rng = np.random.default_rng(window.seed)
        base = cv2.GaussianBlur(window.good, (0, 0), 4) if self.smooth else window.good
        dark = base * (1 - self.depth * (0.8 + 0.2 * rng.random()))
        return np.asarray(np.clip(window.good + alpha * (dark - window.good) + self.spill, 0, 1), np.float32)
