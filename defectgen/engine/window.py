"""The one interface between the flow and an engine.

An engine sees square windows, never the whole picture, and knows nothing of composing, auditing or writing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from defectgen.mask.shape import Shape
from defectgen.recipe import Defect, Material

__all__ = ["Engine", "EngineInfo", "Window"]


@dataclass(frozen=True)
class Window:
    """One window to edit.

    good: (S, S, 3) float32, sRGB-encoded values in [0, 1]; grey pictures have three equal channels.
    shape: maps of (S, S); `shape.alpha` is the prescribed mask.
    text: the caption that conditions the engine.
    severity: [0, 1], from barely visible to gross.
    seed: 64-bit seed of this window's own generator.
    """

    good: NDArray[np.float32]
    shape: Shape
    text: str
    severity: float
    seed: int
    defect: Defect
    material: Material | None


@dataclass(frozen=True)
class EngineInfo:
    """What a record says of the engine; steps, guidance and strength are None where there is no sampler."""

    name: str
    weights_sha256: str | None
    steps: int | None
    guidance: float | None
    strength: float | None = None


class Engine(Protocol):
    """Edits windows; the result depends on each window alone, not on its neighbours in the batch."""

    @property
    def info(self) -> EngineInfo: ...

    @property
    def window_px(self) -> int:
        """Side of the windows that this engine edits, pixels."""

    def edit(self, windows: Sequence[Window]) -> list[NDArray[np.float32]]:
        """Edited windows, each (S, S, 3) float32, sRGB-encoded values in [0, 1]."""
