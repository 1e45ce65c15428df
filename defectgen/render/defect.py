"""A defect on a surface: the same part with and without it, under one light, one exposure and one noise.

Only the maps under the shape change; shading, highlights and cast shadows follow from the changed maps.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

from defectgen.errors import InputError
from defectgen.mask.shape import Shape
from defectgen.recipe import SurfaceChange
from defectgen.render.camera import Camera, develop, draw_noise, exposure_for
from defectgen.render.defect_relief import relief
from defectgen.render.defect_tone import tone
from defectgen.render.defect_variety import varied
from defectgen.render.shade import Light, shade
from defectgen.render.surface import Surface

__all__ = ["Altered", "alter", "apply_defect", "relit", "render_pair"]

F32 = NDArray[np.float32]
U8 = NDArray[np.uint8]

# A shadow reaches this far beside a defect at most, pixels, and keeps this share of its depth: the mask is of the
# defect, so most of what changes has to lie under it.
SHADOW_PX = 4.0
SHADOW_SHARE = 0.7


@dataclass(frozen=True)
class Altered:
    """The changed surface; `relief`, (H, W) pixels, is what was added to its height, and `cover`, (H, W) in [0, 1],
    how far new matter hides the old."""

    surface: Surface
    relief: F32
    cover: F32


def alter(surface: Surface, shape: Shape, change: SurfaceChange, severity: float, rng: np.random.Generator) -> Altered:
    """Put one defect on a surface; every map is untouched wherever `shape.alpha` is 0.

    Raises InputError if the shape's grid is not the surface's.
    """
    if shape.alpha.shape != surface.height.shape:
        raise InputError(f"shape is {shape.alpha.shape}, surface is {surface.height.shape}; paste the shape first")
    change = varied(change, rng)
    added = relief(shape, change, severity, rng)
    look = tone(surface.albedo, surface.roughness, surface.metalness, shape, change, severity, rng)
    turned = change.along * shape.alpha
    grain = np.where(turned > 0.3, shape.tangent, surface.grain).astype(np.float32)
    anisotropy = surface.anisotropy * (1.0 - look.cover) * (1.0 - turned) + 0.7 * turned
    changed = replace(
        surface, height=surface.height + added, albedo=look.albedo, roughness=look.roughness,
        metalness=look.metalness, grain=grain, anisotropy=anisotropy.astype(np.float32),
    )  # fmt: skip
    return Altered(changed, added, look.cover)


def apply_defect(
    surface: Surface, shape: Shape, change: SurfaceChange, severity: float, rng: np.random.Generator
) -> Surface:
    """The surface with the defect on it; see `alter`."""
    return alter(surface, shape, change, severity, rng).surface


def relit(good: F32, bad: F32, shape: Shape, relief: F32) -> F32:
    """Radiance (H, W, 3) of the part with its defect: `bad` under the shape, `good` elsewhere but for a short cast
    shadow beside what stands up. The anti-aliased rim fades out, as slopes there are as steep as inside."""
    under = np.clip(2.0 * shape.alpha, 0.0, 1.0)[..., None]
    # A groove's raised lips cast no shadow to speak of; what stands up as a whole does.
    stands_up = float((relief * shape.alpha).sum()) > 0
    reach = min(SHADOW_PX, float(relief.max())) if stands_up else 0.0
    away = distance_transform_edt(shape.alpha < 0.5)
    fade = SHADOW_SHARE * np.clip(1.0 - away / (1.0 + reach), 0.0, 1.0) * (reach > 0.3)
    beside = np.minimum(bad - good, 0.0) * fade[..., None]
    return np.asarray(good + np.where(under > 0, (bad - good) * under + beside * (1.0 - under), beside), np.float32)


def render_pair(
    surface: Surface, shape: Shape, change: SurfaceChange, severity: float, light: Light, camera: Camera,
    rng: np.random.Generator,
) -> tuple[U8, U8]:  # fmt: skip
    """The part without and with the defect, both (H, W, 3) uint8 sRGB, equal beyond the defect's shadow and the lens's
    blur."""
    altered = alter(surface, shape, change, severity, rng)
    good = shade(surface, light)
    bad = relit(good, shade(altered.surface, light), shape, altered.relief)
    exposure = exposure_for(good)
    noise = draw_noise(shape.alpha.shape, rng)
    return develop(good, camera, exposure, noise), develop(bad, camera, exposure, noise)
