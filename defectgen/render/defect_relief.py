"""The relief of a defect: how far it lowers or raises the surface, in pixels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from defectgen.mask.shape import Shape
from defectgen.recipe import Range, Section, SurfaceChange
from defectgen.render.defect_noise import fractal

__all__ = ["relief", "section_of", "span"]

F32 = NDArray[np.float32]

FACETS = 9
LIP_SHARE = 0.35


def span(bounds: Range, severity: float) -> float:
    """The value at `severity` within `bounds`."""
    return bounds[0] + (bounds[1] - bounds[0]) * severity


def section_of(profile: F32, section: Section) -> F32:
    """Relative depth in [0, 1] of a smooth cross-section; facets start from a bowl."""
    if section == "v":
        return profile
    if section == "soft":
        return profile * profile * (3.0 - 2.0 * profile)
    if section == "step":
        return np.asarray(np.minimum(profile / 0.2, 1.0), np.float32)
    return 1.0 - (1.0 - profile) ** 2


def relief(shape: Shape, change: SurfaceChange, severity: float, rng: np.random.Generator) -> F32:
    """Height change, (H, W) pixels, 0 wherever alpha is 0."""
    depth = span(change.depth, severity)
    scale = np.maximum(shape.half_width, 0.8)
    profile = shape.profile
    lip = np.zeros_like(profile)
    if change.lip > 0:
        lip = _bump(profile, LIP_SHARE / 2, LIP_SHARE / 2.2) * change.lip * abs(depth) * scale
        profile = np.clip((profile - LIP_SHARE) / (1.0 - LIP_SHARE), 0.0, 1.0)
    if change.section == "soft":
        profile = _smooth(profile, 0.22 * float(scale.max()))
    body = section_of(profile, change.section)
    if change.section == "facet":
        body = body * _conchoid(shape, rng)
    elif change.section in ("soft", "bowl"):
        body = body * _lean(shape, rng)
    height = depth * scale * body + lip
    grit = span(change.grit, severity)
    if grit > 0:
        height = height + grit * np.sqrt(shape.profile) * fractal(body.shape, rng, 0.5, 8.0)
    return np.asarray(height * shape.alpha, dtype=np.float32)


def _bump(profile: F32, centre: float, width: float) -> F32:
    return np.asarray(np.exp(-(((profile - centre) / width) ** 2)) * (profile > 0), np.float32)


def _smooth(profile: F32, sigma: float) -> F32:
    """Blurred within the shape and brought back to its old peak, so that no ridge of the distance map shows."""
    blurred = gaussian_filter(profile, sigma) * (profile > 0)
    return np.asarray(np.clip(blurred * profile.max() / max(float(blurred.max()), 1e-6), 0.0, 1.0), np.float32)


def _lean(shape: Shape, rng: np.random.Generator) -> F32:
    """A factor around 1 that rises across the shape: the deepest place is seldom the middle."""
    height, width = shape.alpha.shape
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    total = max(float(shape.alpha.sum()), 1e-6)
    x -= float((x * shape.alpha).sum()) / total
    y -= float((y * shape.alpha).sum()) / total
    reach = max(float(np.abs(np.where(shape.alpha > 0, np.hypot(x, y), 0.0)).max()), 1.0)
    angle, strength = rng.uniform(0.0, 2.0 * np.pi), rng.uniform(0.0, 0.5)
    return np.asarray(1.0 + strength * (np.cos(angle) * x + np.sin(angle) * y) / reach, np.float32)


def _conchoid(shape: Shape, rng: np.random.Generator) -> F32:
    """Relative depth of a brittle fracture: the deepest of a few tilted planes, with ripples around one blow."""
    height, width = shape.alpha.shape
    y, x = np.nonzero(shape.alpha > 0.5)
    if len(x) == 0:
        return np.ones_like(shape.alpha)
    grid_y, grid_x = np.mgrid[0:height, 0:width].astype(np.float32)
    reach = max(float(np.hypot(np.ptp(x), np.ptp(y))), 4.0)
    planes = np.zeros((height, width), np.float32)
    for _ in range(FACETS):
        pick = int(rng.integers(len(x)))
        angle = rng.uniform(0.0, 2.0 * np.pi)
        tilt = rng.uniform(0.8, 2.4) / reach
        across = np.cos(angle) * (grid_x - x[pick]) + np.sin(angle) * (grid_y - y[pick])
        planes = np.maximum(planes, 0.75 - tilt * np.abs(across) + rng.uniform(-0.25, 0.1))
    blow = int(rng.integers(len(x)))
    rings = np.hypot(grid_x - x[blow], grid_y - y[blow])
    ripple = 0.06 * np.sin(rings * (2.0 * np.pi / max(reach / 6.0, 3.0)) + rng.uniform(0.0, 6.0))
    return np.asarray(np.clip(0.25 + planes + ripple, 0.1, 1.3), dtype=np.float32)
