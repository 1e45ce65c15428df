"""The registry of surface builders: name -> parameter model and function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import BaseModel, ConfigDict

from defectgen.render.surface import Surface

__all__ = ["BUILDERS", "HW", "RGB", "Params", "assemble", "builder"]

F32 = NDArray[np.float32]
HW = tuple[int, int]
RGB = tuple[float, float, float]


class Params(BaseModel):
    """Parameters of one builder; unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


Build = Callable[[Any, HW, np.random.Generator], Surface]
BUILDERS: dict[str, tuple[type[Params], Build]] = {}


def builder(name: str, params: type[Params]) -> Callable[[Build], Build]:
    """Register the decorated function under `name`."""

    def register(function: Build) -> Build:
        BUILDERS[name] = (params, function)
        return function

    return register


def assemble(
    hw: HW,
    *,
    height: ArrayLike = 0.0,
    albedo: ArrayLike = 0.5,
    roughness: ArrayLike = 0.5,
    metalness: ArrayLike = 0.0,
    anisotropy: ArrayLike = 0.0,
    grain: ArrayLike = 0.0,
) -> Surface:
    """A full-frame surface of size hw; scalars and RGB triples are spread over it, values are clipped to range."""

    def plane(value: ArrayLike, low: float = -np.inf, high: float = np.inf) -> F32:
        clipped = np.clip(np.asarray(value, np.float32), low, high)
        return np.ascontiguousarray(np.broadcast_to(clipped, hw), np.float32)

    colour = np.clip(np.asarray(albedo, np.float32), 0.0, 1.0)
    if colour.shape == hw:
        colour = colour[..., None]
    return Surface(
        height=plane(height),
        albedo=np.ascontiguousarray(np.broadcast_to(colour, (*hw, 3)), np.float32),
        roughness=plane(roughness, 0.02, 1.0),
        metalness=plane(metalness, 0.0, 1.0),
        anisotropy=plane(anisotropy, 0.0, 1.0),
        grain=plane(grain),
        foreground=np.ones(hw, np.bool_),
    )
