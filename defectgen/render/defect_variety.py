"""Variety within a type: no two rust patches have the same brown, the same rim or the same depth."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from defectgen.recipe import Range, SurfaceChange

__all__ = ["varied"]

Colour = tuple[float, float, float]


def varied(change: SurfaceChange, rng: np.random.Generator) -> SurfaceChange:
    """One individual of the type: relief, border and colours drawn around the recipe's; what severity spans in
    opacity, void, heat and albedo is kept, so that severity keeps its meaning."""
    depth, grit = _about(rng, 0.22), _about(rng, 0.4)
    light, hue = _about(rng, 0.22), np.exp(rng.normal(0.0, 0.04, 3))
    lip, glint, rim, feather = (
        rng.uniform(0.0, 1.4),
        rng.uniform(0.0, 1.5),
        rng.uniform(0.2, 1.5),
        rng.uniform(0.5, 1.5),
    )
    mottle, front, through = rng.uniform(0.5, 1.5), rng.uniform(0.6, 1.3), rng.uniform(0.7, 1.2)
    return change.model_copy(
        update={
            "depth": _scaled(change.depth, depth),
            "grit": _scaled(change.grit, grit),
            "lip": change.lip * lip,
            "glint": min(1.0, change.glint * glint),
            "rim": min(1.0, change.rim * rim),
            "feather": min(1.0, change.feather * feather),
            "mottle": min(1.0, change.mottle * mottle),
            "front": min(1.0, change.front * front),
            "through": min(1.0, change.through * through),
            "tint": _tinted(change.tint, light * hue),
            "tint_to": _tinted(change.tint_to, light * hue),
        }
    )


def _about(rng: np.random.Generator, sigma: float) -> float:
    return float(np.exp(np.clip(rng.normal(0.0, sigma), -2 * sigma, 2 * sigma)))


def _scaled(bounds: Range, factor: float) -> Range:
    return (bounds[0] * factor, bounds[1] * factor)


def _tinted(colour: Colour | None, gain: NDArray[np.float64]) -> Colour | None:
    if colour is None:
        return None
    red, green, blue = (float(min(1.0, c * g)) for c, g in zip(colour, gain, strict=True))
    return (red, green, blue)
