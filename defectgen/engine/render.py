"""The `render` engine: physically based surface change on the window's own pixels, as sharp as they; no learning."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from defectgen.engine.window import EngineInfo, Window
from defectgen.render.ratio import MaterialClass, ratio_pair
from defectgen.render.shade import draw_light
from defectgen.render.sharpness import as_sharp

__all__ = ["DRAWING", "RenderEngine"]

DRAWING = "as sharp as the picture"
"""What decides a sample besides the recipe, for keys of what is kept."""

METALLIC = ("metal", "steel", "aluminum", "iron", "copper", "brass", "titanium")
COATED = ("painted", "coated", "enamel")


class RenderEngine:
    """Multiplies each window by the ratio of two shadings: a guessed surface with and without the defect."""

    def __init__(self, window_px: int = 256) -> None:
        self._window_px = window_px

    @property
    def info(self) -> EngineInfo:
        return EngineInfo("render", None, None, None)

    @property
    def window_px(self) -> int:
        return self._window_px

    def edit(self, windows: Sequence[Window]) -> list[NDArray[np.float32]]:
        return [_edit(window) for window in windows]


def _edit(window: Window) -> NDArray[np.float32]:
    rng = np.random.default_rng(window.seed)
    light = draw_light(rng)
    change = window.defect.change
    drawn = ratio_pair(window.good, window.shape, change, window.severity, light, _class_of(window), rng)
    return np.asarray(np.clip(window.good + as_sharp(drawn - window.good, window.good), 0, 1), np.float32)


def _class_of(window: Window) -> MaterialClass:
    """Metal if the material's groups say so, or where it has none its name; unknown materials shine little."""
    if window.material and window.material.groups:
        return "metal" if {"metal", "metals"} & set(window.material.groups) else "dielectric"
    name = window.material.name if window.material else ""
    bare = any(word in name for word in METALLIC) and not any(word in name for word in COATED)
    return "metal" if bare else "dielectric"
