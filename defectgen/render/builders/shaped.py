"""Formed metal: extruded profiles, crumpled foil, wire rope, laser-melted layers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from defectgen.render.builders.cylinder import Axis, bench_of
from defectgen.render.builders.metal import hairlines, tinted, warm_shift
from defectgen.render.builders.registry import HW, RGB, Params, assemble, builder
from defectgen.render.builders.stage import laid, lines, swell, view
from defectgen.render.surface import Surface
from defectgen.render.texture import blurred, fractal, frame, noise, speckle

F32 = NDArray[np.float32]


class Extruded(Params):
    """Extruded profile: colours of mill finish and anodising, number and depth of grooves, die lines."""

    colours: tuple[RGB, ...] = ((0.72, 0.725, 0.735), (0.62, 0.625, 0.63), (0.2, 0.2, 0.205), (0.5, 0.41, 0.27))
    roughness: float = 0.38
    grooves: tuple[int, int] = (1, 4)
    depth: float = 9.0
    die: float = 0.03


@builder("extruded", Extruded)
def extruded(p: Extruded, hw: HW, rng: np.random.Generator) -> Surface:
    """Flats, steps and grooves that run the whole length, with die lines that run just as far."""
    angle = float(rng.choice([0.0, np.pi / 2]) + rng.normal(0, 0.01))
    v = frame(hw, angle)[1]
    v = v - v.mean()
    shape = np.zeros(hw, np.float32)
    for at in rng.permutation(np.linspace(-215, 215, 7))[: int(rng.integers(p.grooves[0], p.grooves[1] + 1))]:
        middle, half, soft = at + rng.normal(0, 12), rng.uniform(5, 24), rng.uniform(1.5, 5)
        down = p.depth * rng.uniform(0.5, 1.2)
        shape -= np.float32(down) / (1 + np.exp(np.clip((np.abs(v - np.float32(middle)) - half) / soft, -30, 30)))
    far, fine = lines(hw, rng, angle, 3000.0, 3.0), lines(hw, rng, angle, 500.0, 1.5)
    broad, grit = lines(hw, rng, angle, 3000.0, 16.0), blurred(hw, rng, 0.8)
    scuff = hairlines(hw, rng, angle, 0.3, 45.0, 0.5)
    tone = 1 + 0.03 * far + 0.02 * fine + 0.02 * broad + 0.015 * grit - 0.06 * scuff
    colour = warm_shift(rng, p.colours[int(rng.integers(len(p.colours)))], 0.03)
    return assemble(
        hw, height=shape + p.die * (0.6 * far + fine) + 0.015 * grit - 0.04 * scuff + 0.7 * swell(hw, rng, 420),
        albedo=tinted(colour, tone), roughness=p.roughness * (1 + 0.05 * broad + 0.03 * grit), metalness=0.95,
        anisotropy=0.6, grain=angle,
    )  # fmt: skip


class Foil(Params):
    """Aluminium foil: colour, gloss, how sharply it is creased and how far its facets tilt."""

    colour: RGB = (0.78, 0.785, 0.79)
    roughness: float = 0.26
    crease: float = 1.0
    tilt: float = 1.0


@builder("foil", Foil)
def foil(p: Foil, hw: HW, rng: np.random.Generator) -> Surface:
    """Flattened again after a crumple: facets between straight creases of every length, rolled lines over all."""
    angle = float(rng.uniform(0, np.pi))
    height = np.zeros(hw, np.float32)
    for size, count in ((230.0, 9), (110.0, 14), (50.0, 16)):
        for _ in range(count):
            u, v = frame(hw, float(rng.uniform(0, np.pi)))
            far = v - v.mean() - np.float32(rng.uniform(-0.6, 0.6) * max(hw))
            along = (u - u.mean() - np.float32(rng.uniform(-0.5, 0.5) * max(hw))) / np.float32(size * 1.3)
            width = size * float(rng.uniform(0.25, 0.7))
            ridge = np.sqrt(far * far + np.float32(1.5)) / np.float32(width)
            fold = np.exp(-ridge) * np.exp(-(along**2))
            height += np.float32(p.crease * rng.normal(0, 0.075) * width) * fold
    rolled, grit = lines(hw, rng, angle, 180.0, 1.6), blurred(hw, rng, 0.8)
    height += p.tilt * (2.2 * swell(hw, rng, 300) + 0.5 * swell(hw, rng, 110)) + 0.008 * rolled + 0.01 * grit
    return assemble(
        hw, height=height, albedo=tinted(warm_shift(rng, p.colour), 1 + 0.015 * rolled + 0.015 * grit),
        roughness=p.roughness * (1 + 0.05 * rolled + 0.1 * fractal(hw, rng, 120, 3)), metalness=1.0, anisotropy=0.35,
        grain=angle,
    )  # fmt: skip


class Rope(Params):
    """Wire rope: colours, radius in pixels, strands seen round it, wires of a strand, grease in its valleys."""

    colours: tuple[RGB, ...] = ((0.5, 0.5, 0.51), (0.36, 0.345, 0.33), (0.6, 0.61, 0.63))
    radius: float = 150.0
    strands: tuple[int, ...] = (6, 6, 8)
    wires: tuple[int, ...] = (7, 9, 10)
    grease: float = 0.6


@builder("rope", Rope)
def rope(p: Rope, hw: HW, rng: np.random.Generator) -> Surface:
    """Strands wind one way round the rope, the wires of each the other way, dark grease between them."""
    lay = _Lay(p, rng)
    radius, strands = lay.radius, lay.strands
    x, y = view(hw, rng, lambda x, y: lay.outer(*lay.axis.coordinates(x, y))[0])
    u, v = lay.axis.coordinates(x, y)
    depth, t, number = lay.outer(u, v)
    outer = depth + np.abs(v)
    wires = int(rng.choice(p.wires))
    w = wires * (np.arcsin(np.clip(t, -1, 1)) / np.float32(np.pi) - 0.9 * u / np.float32(lay.length) * strands / 2)
    wire_t = 2 * (w - np.floor(w)) - 1
    wire = np.sqrt(np.maximum(1 - (wire_t / np.float32(0.98)) ** 2, 0))
    lot = noise(np.floor(w), number, rng, (1.0, 1.0))
    body = np.sqrt(np.maximum(outer * outer - v * v, 0))
    thick = np.float32(0.55) * radius * np.float32(np.pi / strands / wires * 1.6)
    valley = np.clip(1.25 * np.abs(t) ** 6 + (1 - np.clip(1.8 * wire, 0, 1)), 0, 1)
    grit, cloud = blurred(hw, rng, 0.8), fractal(hw, rng, 80, 4)
    grease = np.clip(p.grease * valley * (1 + 0.4 * cloud), 0, 0.92)
    tone = 1 + 0.08 * lot + 0.05 * cloud + 0.04 * grit
    steel = tinted(warm_shift(rng, p.colours[int(rng.integers(len(p.colours)))], 0.04), tone)
    albedo = steel * (1 - grease)[..., None] + np.array([0.022, 0.019, 0.015], np.float32) * grease[..., None]
    surface = assemble(
        hw, height=body + thick * wire + 0.05 * grit, albedo=albedo, metalness=0.9 * (1 - grease),
        roughness=0.34 + 0.12 * grease + 0.04 * cloud, anisotropy=0.3, grain=lay.axis.angle,
    )  # fmt: skip
    return laid(surface, depth, rng, thickness=60, bench=bench_of(rng))


class _Lay:
    """How a rope's strands wind: where it lies, its radius, and the length of one turn."""

    def __init__(self, p: Rope, rng: np.random.Generator) -> None:
        self.axis = Axis(rng, 0.04, 10.0)
        self.radius, self.strands = p.radius * float(rng.uniform(0.75, 1.2)), int(rng.choice(p.strands))
        self.length = self.radius * float(rng.uniform(5.0, 6.5)) * float(rng.choice([-1, 1]))

    def outer(self, u: F32, v: F32) -> tuple[F32, F32, F32]:
        """Signed depth into the rope, the place across a strand in [-1, 1], and the strand's number."""
        radius = np.float32(self.radius)
        theta = np.arcsin(np.clip(v / radius, -1, 1))
        s = np.float32(self.strands) * (theta / np.float32(2 * np.pi) + u / np.float32(self.length))
        t = np.asarray(2 * (s - np.floor(s)) - 1, np.float32)
        bulge = radius * (1 - np.float32(0.1) * (1 - np.sqrt(np.maximum(1 - t * t, 0))))
        return np.asarray(bulge - np.abs(v), np.float32), t, np.asarray(np.floor(s), np.float32)


class Melted(Params):
    """Laser-melted layer: colour, pitch of the scan tracks and side of the scan islands in pixels, stuck powder."""

    colour: RGB = (0.36, 0.35, 0.335)
    roughness: float = 0.44
    track: float = 6.5
    island: float = 130.0
    powder: float = 9e-4


@builder("melted", Melted)
def melted(p: Melted, hw: HW, rng: np.random.Generator) -> Surface:
    """Islands of parallel weld tracks, each turned against its neighbour, rippled, with grains of powder stuck on."""
    turn = float(rng.uniform(0, np.pi))
    u, v = frame(hw, turn)
    side = np.float32(p.island * rng.uniform(0.8, 1.3))
    column, row = np.floor(u / side), np.floor(v / side)
    odd = (column + row) % 2 == 0
    lag = 9 * noise(column, row, rng, (1.0, 1.0))
    along, across = np.where(odd, u, v), np.where(odd, v, u)
    pitch = np.float32(p.track * rng.uniform(0.85, 1.25))
    sway = 0.1 * noise(u, v, rng, (26.0, 26.0)) + 0.06 * blurred(hw, rng, 1.4)
    s = (across + lag) / pitch + sway
    t = 2 * (s - np.floor(s)) - 1
    way = np.where(np.floor(s) % 2 == 0, along, -along)
    ripple = np.cos((way + 0.55 * pitch * t * t) * np.float32(2 * np.pi / (0.75 * pitch)) + lag)
    number = np.floor(s)
    each = noise(number * 1.0, along, rng, (1.0, 60.0))
    border = np.minimum(np.abs(u / side - np.round(u / side)), np.abs(v / side - np.round(v / side))) * side
    seam = np.exp(-((border / 2) ** 2))
    ball = np.minimum(speckle(hw, rng, p.powder, (0.8, 2.0)), 1.2)
    grit, cloud = blurred(hw, rng, 0.8), fractal(hw, rng, 90, 4)
    height = 0.32 * (1 - t * t) + 0.05 * ripple + 0.12 * each + 0.25 * seam + 1.6 * ball + 0.05 * grit
    height = height + 0.35 * fractal(hw, rng, 22, 3) + 0.8 * swell(hw, rng, 330)
    heat = np.array([0.05, 0.0, -0.07], np.float32) * np.clip(0.5 * cloud + 0.3 * lag / 9, -1, 1.5)[..., None]
    tone = 1 + 0.05 * each + 0.03 * ripple + 0.05 * cloud + 0.05 * grit
    return assemble(
        hw, height=height, albedo=tinted(warm_shift(rng, p.colour, 0.04), tone) * (1 + heat), metalness=0.95,
        roughness=p.roughness * (1 + 0.1 * cloud + 0.08 * each), anisotropy=0.35,
        grain=np.where(odd, turn, turn + np.pi / 2),
    )  # fmt: skip
