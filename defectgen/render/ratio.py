"""Ratio images: a defect on a photograph of clean material.

A flat surface is guessed from the photograph, shaded with and without the defect under one light, and the photograph
is multiplied, in linear light, by the ratio of the two (Liu, Shan & Zhang, Expressive expression mapping with ratio
images, 2001). Where new matter covers the surface, the shaded matter itself takes over and keeps the picture's grain.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from defectgen.errors import InputError
from defectgen.mask.shape import Shape
from defectgen.recipe import SurfaceChange
from defectgen.render.defect import alter, relit
from defectgen.render.defect_tone import luminance
from defectgen.render.shade import Light, shade
from defectgen.render.surface import Surface

__all__ = ["MaterialClass", "guess_surface", "linear_from_srgb", "ratio_pair", "srgb_from_linear"]

F32 = NDArray[np.float32]
MaterialClass = Literal["metal", "dielectric"]

DARKEST, BRIGHTEST = 0.02, 4.0
# Height for a detail of the brightness of its surround, pixels; on metal a little relief already shows as much.
BUMP_PX: dict[str, float] = {"metal": 0.4, "dielectric": 1.2}
# (roughness, metalness, anisotropy): real photographs hold their own highlights, so the guess stays satin.
GLOSS: dict[str, tuple[float, float, float]] = {"metal": (0.42, 0.75, 0.3), "dielectric": (0.55, 0.0, 0.0)}


def linear_from_srgb(encoded: F32) -> F32:
    """sRGB-encoded values in [0, 1] to linear light (IEC 61966-2-1)."""
    high = ((np.maximum(encoded, 0.0) + 0.055) / 1.055) ** 2.4
    return np.where(encoded <= 0.04045, encoded / 12.92, high).astype(np.float32)


def srgb_from_linear(linear: F32) -> F32:
    """Linear light to sRGB-encoded values in [0, 1]."""
    clipped = np.clip(linear, 0.0, 1.0)
    return np.where(clipped <= 0.0031308, 12.92 * clipped, 1.055 * clipped ** (1 / 2.4) - 0.055).astype(np.float32)


def guess_surface(linear: F32, material_class: MaterialClass) -> Surface:
    """A plausible flat surface of a photograph, (H, W, 3) linear RGB: its colour, and height from its fine detail."""
    grey = luminance(linear)
    around = gaussian_filter(grey, 3.0)
    height = BUMP_PX[material_class] * np.clip((grey - around) / (around + 0.02), -0.8, 0.8)
    rough, metal, brushed = (np.full(grey.shape, v, np.float32) for v in GLOSS[material_class])
    return Surface(
        height.astype(np.float32), np.clip(linear, 0.01, 0.95).astype(np.float32), rough, metal, brushed,
        np.zeros_like(grey), np.ones(grey.shape, np.bool_),
    )  # fmt: skip


def ratio_pair(
    photo: F32, shape: Shape, change: SurfaceChange, severity: float, light: Light, material_class: MaterialClass,
    rng: np.random.Generator,
) -> F32:  # fmt: skip
    """The photograph, (H, W, 3) sRGB-encoded values in [0, 1], with the defect; the same bytes beyond its shadow.

    Raises InputError if the shape's grid is not the photograph's.
    """
    if photo.ndim != 3 or photo.shape[:2] != shape.alpha.shape:
        raise InputError(f"photo is {photo.shape}, shape is {shape.alpha.shape}; expected (H, W, 3) and (H, W)")
    linear = linear_from_srgb(photo)
    surface = guess_surface(linear, material_class)
    altered = alter(surface, shape, change, severity, rng)
    before, after = shade(surface, light), shade(altered.surface, light)
    ratio = np.clip((after + 1e-4) / (before + 1e-4), DARKEST, BRIGHTEST)
    gain = _level(linear) / _level(before)
    covered = after * gain + _grain(linear, altered.cover)
    edited = linear * ratio
    edited = edited + (covered - edited) * altered.cover[..., None]
    added = relit(linear, edited, shape, altered.relief) - linear
    return np.where(added != 0, srgb_from_linear(_shoulder(linear, added)), photo).astype(np.float32)


def _shoulder(linear: F32, change: F32) -> F32:
    """Add the change; what brightens bends towards white as a sensor's tone curve does, and never clips."""
    room = np.maximum(1.0 - linear, 1e-3)
    brighter = linear + room * (1.0 - np.exp(-np.maximum(change, 0.0) / room))
    return np.asarray(np.where(change > 0, brighter, linear + change), np.float32)


def _level(linear: F32) -> F32:
    """Brightness of the surround, (H, W, 1)."""
    return np.asarray((gaussian_filter(luminance(linear), 6.0) + 1e-3)[..., None], np.float32)


def _grain(linear: F32, cover: F32) -> F32:
    """The sensor's grain, (H, W, 3): the finest detail, cut off where it is texture rather than noise."""
    fine = linear - gaussian_filter(linear, (0.8, 0.8, 0.0))
    sigma = 1.5 * float(np.median(np.abs(fine))) + 1e-4
    return np.asarray(np.clip(fine, -2.0 * sigma, 2.0 * sigma) * cover[..., None], np.float32)
