"""The tone of a defect: what it does to colour, gloss and metalness of the surface."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt, gaussian_filter

from defectgen.mask.shape import Shape
from defectgen.recipe import SurfaceChange
from defectgen.render.defect_noise import fractal
from defectgen.render.defect_relief import span

__all__ = ["Tone", "luminance", "tone"]

F32 = NDArray[np.float32]
Real = NDArray[np.floating[Any]]

LUMA = np.array([0.2126, 0.7152, 0.0722], np.float32)
# Oxide films on steel as they thicken: linear RGB factors from pale straw over brown and purple to blue and grey.
HEAT = np.array(
    [[1, 1, 1], [0.95, 0.78, 0.45], [0.75, 0.42, 0.14], [0.42, 0.14, 0.22], [0.12, 0.13, 0.5], [0.3, 0.48, 0.66],
     [0.36, 0.38, 0.38]], np.float32,
)  # fmt: skip

# Thinnest film between the patches, and strength of a soft border at its outermost pixel: both keep the mask true.
FILM, FEATHER_FLOOR = 0.3, 0.22
# Tints as bright as what they lie on would be invisible: inside this span of ratios they turn darker or paler.
ALIKE = (0.68, 1.45)
DIM = 0.12


@dataclass(frozen=True)
class Tone:
    """albedo (H, W, 3), roughness and metalness (H, W) under the defect, and `cover`: how far new matter hides the
    old surface, in [0, 1]."""

    albedo: F32
    roughness: F32
    metalness: F32
    cover: F32


def luminance(rgb: F32) -> F32:
    """Relative luminance of linear RGB, (H, W)."""
    return _f32(rgb @ LUMA)


def tone(
    albedo: F32, roughness: F32, metalness: F32, shape: Shape, change: SurfaceChange, severity: float,
    rng: np.random.Generator,
) -> Tone:  # fmt: skip
    """Colour and gloss under the defect; equal to the given maps wherever alpha is 0."""
    alpha = shape.alpha
    blotch = fractal(alpha.shape, rng, 1.2, max(6.0, 0.5 * float(shape.half_width.max())))
    speck = fractal(alpha.shape, rng, 0.35, 6.0)
    border = _border(shape)
    cover = _cover(shape, change, severity, blotch, speck, border)
    dark = _f32(span(change.void, severity) * alpha * np.clip(shape.profile / 0.5, 0.0, 1.0))
    sparkle = _f32(change.glint * border * alpha * np.clip(0.6 * speck + 0.2, 0.0, 1.0))
    colour = _shaded(albedo, shape, change, severity, blotch, speck)
    if change.tint is not None:
        colour = _f32(_lerp(colour, _ink(albedo, alpha, change, blotch, speck), cover[..., None]))
    colour = colour * _heat(shape, span(change.heat, severity), blotch)
    colour = _lerp(colour, np.minimum(1.0, 1.6 * colour + 0.12), sparkle[..., None]) * (1.0 - dark)[..., None]
    # A thin film already takes the gloss.
    painted = _f32(np.sqrt(cover)) if change.tint is not None else alpha
    rough = _lerp(roughness + span(change.roughness, severity) * painted - 0.2 * sparkle, 1.0, dark)
    metal = metalness + span(change.metalness, severity) * painted
    hidden = cover if change.tint is not None else np.zeros_like(cover)
    return Tone(
        _f32(np.clip(colour, 0.0, 1.0)), _f32(np.clip(rough, 0.02, 1.0)), _f32(np.clip(metal, 0.0, 1.0)), hidden
    )


def _shaded(albedo: F32, shape: Shape, change: SurfaceChange, severity: float, blotch: F32, speck: F32) -> F32:
    factor = span(change.albedo, severity) * np.exp(change.mottle * (0.30 * blotch + 0.22 * speck))
    return _f32(albedo * _lerp(1.0, factor, shape.alpha)[..., None])


def _inside(shape: Shape) -> F32:
    """Distance to the defect's border, pixels."""
    return _f32(distance_transform_edt(shape.alpha >= 0.5))


def _border(shape: Shape) -> F32:
    """1 along the defect's border, falling inwards over a width that grows slowly with the defect."""
    width = 1.0 + 0.06 * float(shape.half_width.max())
    return _f32(np.exp(-(((_inside(shape) - 1.0) / width) ** 2)) * shape.alpha)


def _cover(shape: Shape, change: SurfaceChange, severity: float, blotch: F32, speck: F32, border: F32) -> F32:
    """How far the tint hides the surface: patches are near opaque over a thin film, and grow with severity."""
    opacity = span(change.opacity, severity)
    cover: Real = np.full_like(shape.alpha, opacity)
    if change.front > 0:
        level = shape.profile - 0.25 + 1.5 * (opacity - 0.5) - change.front * (0.42 * blotch + 0.14 * speck)
        patches = FILM + (1.0 - FILM) * np.clip(level / 0.3 + 0.5, 0.0, 1.0)
        cover = _lerp(cover, np.minimum(1.0, opacity + 0.35) * patches, min(1.0, 1.5 * change.front))
    cover = cover + change.rim * border * min(1.0, 2.0 * opacity)
    if change.feather > 0:
        reach = 1.0 + change.feather * np.maximum(shape.half_width, 1.0)
        ramp = np.clip(_inside(shape) / reach + 0.12 * blotch, 0.0, 1.0)
        cover = cover * (FEATHER_FLOOR + (1.0 - FEATHER_FLOOR) * ramp * (2.0 - ramp))
    return _f32(np.clip(cover, 0.0, 1.0) * shape.alpha)


def _ink(albedo: F32, alpha: F32, change: SurfaceChange, blotch: F32, speck: F32) -> F32:
    """The tint's own colour at each pixel, (H, W, 3), with its mottle and the surface's texture."""
    tint = np.asarray(change.tint, np.float32)
    ink: Real = np.broadcast_to(tint, albedo.shape)
    if change.tint_to is not None:
        share = np.clip(0.5 + 0.45 * blotch + 0.2 * speck, 0.0, 1.0)[..., None]
        ink = _lerp(ink, np.asarray(change.tint_to, np.float32), share)
    ground = luminance(albedo)
    below = float((ground * alpha).sum() / max(float(alpha.sum()), 1e-6))
    bright = max(float(luminance(tint)), 1e-4)
    # What lets the texture through lets the brightness of the ground through as well.
    follow = (max(below, 1e-3) / bright) ** max(0.0, change.through - 0.5)
    ink = ink * follow
    if ALIKE[0] < follow * bright / max(below, 1e-4) < ALIKE[1]:
        ink = ink * (ALIKE[0] * 0.9 if below > DIM else ALIKE[1] * 1.1)
    detail = (ground + 1e-3) / (gaussian_filter(ground, 2.5) + 1e-3)
    weave = np.clip(detail, 0.4, 2.5) ** change.through
    return _f32(ink * (weave * np.exp(change.mottle * (0.28 * speck + 0.22 * blotch)))[..., None])


def _heat(shape: Shape, strength: float, blotch: F32) -> F32:
    if strength == 0:
        return np.ones((*shape.alpha.shape, 3), np.float32)
    film = np.clip(shape.profile + 0.05 * blotch, 0.0, 1.0) * (0.55 + 0.45 * strength)
    steps = np.linspace(0.0, 1.0, len(HEAT))
    colour = np.stack([np.interp(film, steps, HEAT[:, c]) for c in range(3)], axis=-1)
    return _f32(_lerp(np.ones_like(colour), colour, strength * shape.alpha[..., None]))


def _lerp(a: Real | float, b: Real | float, weight: Real | float) -> Real:
    return np.asarray(a + (b - a) * weight)


def _f32(values: Real) -> F32:
    return np.asarray(values, dtype=np.float32)
