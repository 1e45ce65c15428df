"""The `perlin` baseline: a foreign texture blended through Perlin noise (Zavrtanik et al., DRAEM, 2021, section 3.3),
kept inside the prescribed mask."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from defectgen.engine.window import EngineInfo, Window

__all__ = ["PerlinEngine", "perlin_noise"]

F32 = NDArray[np.float32]


class PerlinEngine:
    """Blends a texture made of coloured noise; opacity grows with severity."""

    def __init__(self, window_px: int = 256) -> None:
        self._window_px = window_px

    @property
    def info(self) -> EngineInfo:
        return EngineInfo("perlin", None, None, None)

    @property
    def window_px(self) -> int:
        return self._window_px

    def edit(self, windows: Sequence[Window]) -> list[F32]:
        return [_edit(window) for window in windows]


def _edit(window: Window) -> F32:
    rng = np.random.default_rng(window.seed)
    hw = window.shape.alpha.shape
    gate = perlin_noise(hw, int(2 ** rng.integers(1, 5)), rng)
    inside = window.shape.alpha > 0
    # The middle of the noise under the mask, so that half of the mask is always covered.
    threshold = float(np.median(gate[inside])) if inside.any() else 0.0
    texture = np.stack([perlin_noise(hw, int(2 ** rng.integers(2, 6)), rng) for _ in range(3)], axis=-1)
    foreign = np.clip(rng.uniform(0.1, 0.9, 3) + 0.35 * texture, 0.0, 1.0)
    opacity = 0.3 + 0.7 * window.severity
    blend = (opacity * window.shape.alpha * (gate >= threshold))[..., None]
    return np.asarray(window.good + (foreign - window.good) * blend, np.float32)


def perlin_noise(hw: tuple[int, int], cells: int, rng: np.random.Generator) -> F32:
    """(H, W) float32 gradient noise, about [-1, 1], with `cells` lattice cells along each side (Perlin, 2002)."""
    angle = rng.uniform(0.0, 2.0 * np.pi, (cells + 1, cells + 1))
    y = np.linspace(0.0, cells, hw[0], endpoint=False)[:, None]
    x = np.linspace(0.0, cells, hw[1], endpoint=False)[None, :]
    row, column = y.astype(int), x.astype(int)
    fy, fx = y - row, x - column

    def corner(dy: int, dx: int) -> F32:
        turn = angle[row + dy, column + dx]
        return np.asarray(np.cos(turn) * (fx - dx) + np.sin(turn) * (fy - dy), np.float32)

    sy, sx = (f * f * f * (f * (f * 6 - 15) + 10) for f in (fy, fx))
    top = corner(0, 0) + (corner(0, 1) - corner(0, 0)) * sx
    bottom = corner(1, 0) + (corner(1, 1) - corner(1, 0)) * sx
    return np.asarray(np.sqrt(2.0) * (top + (bottom - top) * sy), np.float32)
