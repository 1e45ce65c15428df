"""Shading: surface maps and one lamp in, linear radiance out.

The lamp is a softbox at a finite distance, sampled by a few points; the camera looks down from `CAMERA_PX`. The
specular lobe is GGX (Walter et al. 2007), anisotropic as in Burley 2012, with the height-correlated Smith term of
Heitz 2014 and Schlick's Fresnel. A dim room, brighter towards one side, fills in; height casts soft shadows and
occludes the room. x runs right, y down, z towards the camera; lengths are pixels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from defectgen.render.surface import Surface

__all__ = ["Light", "draw_light", "shade"]

F32 = NDArray[np.float32]

CAMERA_PX = 2400.0
SHADOW_STEPS = (1, 2, 3, 4, 6, 8, 11, 15, 20, 27)
DIELECTRIC_F0 = 0.04


@dataclass(frozen=True)
class Light:
    """One softbox and the room around it.

    azimuth, elevation: radians, where the lamp stands as seen from the picture's centre (azimuth counter-clockwise).
    distance: pixels; the nearer, the stronger the falloff over the picture.
    spread: radians, half of the softbox's extent; aspect: its length over its width.
    ambient: strength of the room relative to the lamp.
    room: (x, y) tilt of the room's brightness, and where its edge lies in a mirror.
    colour: linear RGB of the lamp, mean 1; samples: points on the softbox.
    """

    azimuth: float = 2.2
    elevation: float = 0.9
    distance: float = 1200.0
    spread: float = 0.25
    aspect: float = 1.5
    ambient: float = 0.3
    room: tuple[float, float, float] = (0.3, -0.6, 0.1)
    colour: tuple[float, float, float] = (1.0, 1.0, 1.0)
    samples: int = 6


def draw_light(rng: np.random.Generator) -> Light:
    """A lamp such as inspection stands have: mostly high and soft, sometimes low and raking."""
    low = rng.random() < 0.25
    elevation = rng.uniform(0.45, 0.75) if low else rng.uniform(0.75, 1.25)
    turn, warmth = rng.uniform(0, 2 * np.pi), rng.normal(0, 0.025)
    return Light(
        azimuth=float(rng.uniform(0, 2 * np.pi)),
        elevation=float(elevation),
        distance=float(np.exp(rng.uniform(np.log(950), np.log(2800)))),
        spread=float(rng.uniform(0.15, 0.4)),
        aspect=float(np.exp(rng.uniform(0, 1.0))),
        ambient=float(rng.uniform(0.3, 0.65)),
        room=(float(np.cos(turn)), float(np.sin(turn)), float(rng.uniform(-0.15, 0.25))),
        colour=(float(1 + warmth), 1.0, float(1 - warmth)),
    )


def shade(surface: Surface, light: Light) -> F32:
    """Radiance (H, W, 3) float32, linear RGB; a white matte sheet facing the lamp is about 1."""
    pixels = _Pixels(surface)
    visible = _visibility(surface.height, light)
    openness = _openness(surface.height)
    diffuse, specular, grazing = _lamp(pixels, light)
    room_diffuse, room_specular = _room(pixels, light)
    metal = surface.metalness[..., None]
    f0 = DIELECTRIC_F0 * (1 - metal) + surface.albedo * metal
    body = surface.albedo * ((1 - metal) * (1 - DIELECTRIC_F0))
    colour = np.array(light.colour, np.float32)
    direct = body * diffuse[..., None] + f0 * (specular - grazing)[..., None] + grazing[..., None]
    fill = body * room_diffuse[..., None] + _room_gain(f0, pixels.rough) * room_specular[..., None]
    out = direct * (visible[..., None] * colour) + fill * openness[..., None]
    return np.asarray(out, np.float32)


class _Pixels:
    """What every lamp sample needs of each pixel: normal, view, grain and lobe widths."""

    def __init__(self, surface: Surface) -> None:
        h, w = surface.height.shape
        self.x = (np.arange(w, dtype=np.float32) - (w - 1) / 2)[None, :]
        self.y = (np.arange(h, dtype=np.float32) - (h - 1) / 2)[:, None]
        gy, gx = _slopes(surface.height)
        self.nz = 1 / np.sqrt(1 + gx * gx + gy * gy)
        self.nx, self.ny = -gx * self.nz, -gy * self.nz
        inv = 1 / np.sqrt(self.x**2 + self.y**2 + np.float32(CAMERA_PX**2))
        self.vx, self.vy, self.vz = -self.x * inv, -self.y * inv, np.float32(CAMERA_PX) * inv
        self.nv = np.maximum(self.nx * self.vx + self.ny * self.vy + self.nz * self.vz, np.float32(0.05))
        self.tx, self.ty = np.cos(surface.grain), -np.sin(surface.grain)
        self.nt = self.nx * self.tx + self.ny * self.ty
        self.t_norm = 1 / np.maximum(1 - self.nt * self.nt, np.float32(0.05))
        self.rough = np.clip(surface.roughness, 0.02, 1)
        self.alpha = self.rough**2
        self.stretch = np.sqrt(1 - np.float32(0.93) * np.clip(surface.anisotropy, 0, 1))


def _slopes(height: F32) -> tuple[F32, F32]:
    """(d/dy, d/dx) by Scharr's 3x3 filter: the direction stays true for lines of any angle, however fine.

    With plain differences a line's slope leans towards the pixel axes, and the narrow lobe of brushed metal shows it
    as rows of dots.
    """
    p = np.pad(height, 1, mode="edge")
    middle, side = np.float32(10 / 32), np.float32(3 / 32)
    rise, run = p[2:] - p[:-2], p[:, 2:] - p[:, :-2]
    gy = middle * rise[:, 1:-1] + side * (rise[:, :-2] + rise[:, 2:])
    gx = middle * run[1:-1] + side * (run[:-2] + run[2:])
    return np.asarray(gy, np.float32), np.asarray(gx, np.float32)


def _points(light: Light) -> F32:
    """Points of the softbox, (samples, 3) pixels, on a sunflower spiral."""
    ca, sa, ce, se = np.cos(light.azimuth), np.sin(light.azimuth), np.cos(light.elevation), np.sin(light.elevation)
    to_lamp = np.array([ce * ca, -ce * sa, se])
    side = np.array([sa, ca, 0.0])
    up = np.cross(to_lamp, side)
    k = np.arange(light.samples)
    radius = np.sqrt((k + 0.5) / light.samples) * np.tan(light.spread)
    turn = k * np.pi * (3 - np.sqrt(5))
    u, v = radius * np.cos(turn) * np.sqrt(light.aspect), radius * np.sin(turn) / np.sqrt(light.aspect)
    return np.asarray(light.distance * (to_lamp + u[:, None] * side + v[:, None] * up), np.float32)


def _lamp(p: _Pixels, light: Light) -> tuple[F32, F32, F32]:
    """Diffuse irradiance, specular lobe, and the lobe times Schlick's (1 - h.v)^5; each (H, W)."""
    gap = np.float32((light.spread / np.sqrt(light.samples)) ** 2 * 0.5)
    along = np.sqrt((p.alpha * p.stretch) ** 2 + gap)
    across = np.sqrt((p.alpha / p.stretch) ** 2 + gap)
    a2 = along * across
    lobe = np.float32(1.0 / light.samples) / a2
    shape_v = np.sqrt(p.nv * p.nv * (1 - a2) + a2)
    diffuse, specular, grazing = (np.zeros_like(p.nz) for _ in range(3))
    for point in _points(light):
        lx, ly, lz = point[0] - p.x, point[1] - p.y, point[2]
        inv = 1 / np.sqrt(lx * lx + ly * ly + lz * lz)
        fall = (np.float32(light.distance) * inv) ** 2
        lx, ly, lz = lx * inv, ly * inv, lz * inv
        nl = np.maximum(p.nx * lx + p.ny * ly + p.nz * lz, 0)
        hx, hy, hz = lx + p.vx, ly + p.vy, lz + p.vz
        inv = 1 / np.sqrt(hx * hx + hy * hy + hz * hz)
        nh = (p.nx * hx + p.ny * hy + p.nz * hz) * inv
        th2 = ((p.tx * hx + p.ty * hy) * inv - p.nt * nh) ** 2 * p.t_norm
        bh2 = np.maximum(1 - nh * nh - th2, 0)
        d = lobe / (th2 / along**2 + bh2 / across**2 + nh * nh) ** 2
        g = np.float32(0.5) / (nl * shape_v + p.nv * np.sqrt(nl * nl * (1 - a2) + a2) + np.float32(1e-4))
        lit = nl * fall
        shine = d * g * lit
        hv = float(np.sqrt((1 + point[2] / np.linalg.norm(point)) / 2))
        diffuse += lit * np.float32(1 / light.samples)
        specular += shine
        grazing += shine * np.float32((1 - hv) ** 5)
    return np.asarray(diffuse, np.float32), np.asarray(specular, np.float32), np.asarray(grazing, np.float32)


def _room(p: _Pixels, light: Light) -> tuple[F32, F32]:
    """What the room sends to a matte pixel and what a mirror pixel sees of it, blurred by its roughness."""
    ax, ay, edge = (np.float32(value) for value in light.room)
    ambient = np.float32(light.ambient)
    matte = ambient * (np.float32(0.6) + np.float32(0.25) * p.nz + np.float32(0.25) * (p.nx * ax + p.ny * ay))
    rx, ry = 2 * p.nv * p.nx - p.vx, 2 * p.nv * p.ny - p.vy
    lean = rx * ax + ry * ay + edge
    mirror = ambient * (np.float32(1.0) + np.float32(0.75) * np.tanh(lean / (np.float32(0.1) + p.alpha)))
    return np.asarray(matte, np.float32), np.asarray(mirror, np.float32)


def _room_gain(f0: F32, rough: F32) -> F32:
    """Share of the room that a rough mirror reflects, Lazarov's fit at near-normal view."""
    floor = np.float32(0.03) * (1 - rough[..., None])
    return np.asarray(f0 * (1 - np.float32(0.25) * rough[..., None]) + floor, np.float32)


def _visibility(height: F32, light: Light) -> F32:
    """Seen share of the softbox in [0, 1]: the horizon towards the lamp against the softbox's lower and upper rim."""
    dx, dy = np.cos(light.azimuth), -np.sin(light.azimuth)
    horizon = np.zeros_like(height)
    for step in SHADOW_STEPS:
        rise = _shifted(height, round(step * dy), round(step * dx)) - height
        np.maximum(horizon, rise * np.float32(1 / step), out=horizon)
    low = np.tan(max(light.elevation - light.spread, 0.05))
    high = np.tan(min(light.elevation + light.spread, 1.45))
    covered = np.clip((horizon - np.float32(low)) / np.float32(high - low), 0, 1)
    return np.asarray(1 - covered * covered * (3 - 2 * covered), np.float32)


def _shifted(image: F32, dy: int, dx: int) -> F32:
    """image[y + dy, x + dx] with the frame's values beyond it."""
    h, w = image.shape
    rows = np.clip(np.arange(h) + dy, 0, h - 1)
    columns = np.clip(np.arange(w) + dx, 0, w - 1)
    return image[rows[:, None], columns[None, :]]


def _openness(height: F32) -> F32:
    """How much of the room a pixel sees, in (0, 1]: low where the surround stands higher."""
    buried = np.zeros_like(height)
    for sigma in (1.5, 5.0):
        around = gaussian_filter(height, sigma, mode="nearest", truncate=2.5)
        buried += np.maximum(around - height, 0) * np.float32(0.6 / sigma)
    return np.asarray(1 / (1 + buried), np.float32)
