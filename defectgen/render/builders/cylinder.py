"""Round stock seen from the side: pipes, cables, wound wire, bolts, cans.

A body of revolution has coordinates u along its axis and v across it, both from its middle; its zero height is the
plane of the axis, and arc is the way round, pixels, 0 on the ridge.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from defectgen.render.builders.metal import hairlines, tinted, warm_shift
from defectgen.render.builders.registry import HW, RGB, Params, assemble, builder
from defectgen.render.builders.stage import laid, view
from defectgen.render.surface import Surface
from defectgen.render.texture import blurred, noise, speckle, streaks

F32 = NDArray[np.float32]

BENCHES: tuple[RGB, ...] = ((0.045, 0.046, 0.05), (0.16, 0.16, 0.165), (0.48, 0.48, 0.47))


def rounded(v: F32, radius: ArrayLike) -> tuple[F32, F32]:
    """Arc and height of a round of this radius at v across."""
    r = np.maximum(np.asarray(radius, np.float32), np.float32(1))
    t = np.clip(v / r, -1, 1)
    return np.asarray(np.arcsin(t) * r, np.float32), np.asarray(r * np.sqrt(1 - t * t), np.float32)


def rods(v: F32, count: int, pitch: float) -> tuple[NDArray[np.intp], F32]:
    """Which of `count` rods side by side each v belongs to, and v from that rod's axis."""
    index = np.clip(np.floor(v / np.float32(pitch) + np.float32(count / 2)), 0, count - 1).astype(np.intp)
    return index, np.asarray(v - (index - np.float32((count - 1) / 2)) * np.float32(pitch), np.float32)


def bench_of(rng: np.random.Generator) -> RGB:
    """The colour of one of the usual benches."""
    return BENCHES[int(rng.integers(len(BENCHES)))]


def mottle(u: F32, arc: F32, rng: np.random.Generator, length: float, width: float) -> F32:
    """Four octaves of clouds, drawn out along the axis, about unit sigma."""
    out = sum(np.float32(0.6**k) * noise(u, arc, rng, (length / 2**k, width / 2**k)) for k in range(4))
    return np.asarray(out * np.float32(0.8), np.float32)


def script(text: str, u: F32, arc: F32, tall: float, period: float) -> F32:
    """Text printed along u in letters `tall` pixels high with their foot on arc 0, again each period; in [0, 1]."""
    (width, height), base = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, 2.0, 5)
    plate = np.zeros((height + 2 * base, width + 20), np.uint8)
    cv2.putText(plate, text, (10, height + base // 2), cv2.FONT_HERSHEY_SIMPLEX, 2.0, 255, 5, cv2.LINE_AA)
    scale = np.float32(height / tall)
    soft = cv2.GaussianBlur(plate, (0, 0), max(float(scale) * 0.4, 0.3))
    across = np.asarray((u - np.floor(u / np.float32(period)) * np.float32(period)) * scale, np.float32)
    down = np.asarray(arc * scale + np.float32(height + base // 2), np.float32)
    return np.asarray(cv2.remap(soft, across, down, cv2.INTER_LINEAR).astype(np.float32) / 255, np.float32)


class Axis:
    """Where a long part lies: its turn and its distance from the middle."""

    def __init__(self, rng: np.random.Generator, spread: float, offset: float, turn: float | None = None) -> None:
        self.angle = float((rng.choice([0.0, np.pi / 2]) if turn is None else turn) + rng.normal(0, spread))
        self.offset = float(rng.normal(0, offset))

    def coordinates(self, x: F32, y: F32) -> tuple[F32, F32]:
        """u along the axis and v across it."""
        c, s = np.float32(np.cos(self.angle)), np.float32(np.sin(self.angle))
        return x * c - y * s, x * s + y * c - np.float32(self.offset)


class Pipe(Params):
    """Pipes or bars: colours, radius of one alone, how many lie side by side, mill scale, rust, draw lines."""

    colours: tuple[RGB, ...] = ((0.2, 0.205, 0.215), (0.42, 0.42, 0.42), (0.3, 0.29, 0.28))
    radius: float = 185.0
    counts: tuple[int, ...] = (1, 1, 1, 2, 3)
    roughness: float = 0.42
    metalness: float = 0.8
    scale: float = 0.12
    rust: float = 0.5
    lines: float = 0.05


@builder("pipe", Pipe)
def pipe(p: Pipe, hw: HW, rng: np.random.Generator) -> Surface:
    """Draw lines along the pipe, faint turns of the straightening rolls, clouds of scale, freckles of rust."""
    axis, count = Axis(rng, 0.02, 12.0), int(rng.choice(p.counts))
    radius = p.radius * float(rng.uniform(0.88, 1.15)) / (1, 1.75, 2.5)[min(count, 3) - 1]
    pitch = 2 * radius + (3 if count > 1 else 0)

    def depth(x: F32, y: F32) -> F32:
        return np.float32(radius) - np.abs(rods(axis.coordinates(x, y)[1], count, pitch)[1])

    x, y = view(hw, rng, depth)
    u, across = axis.coordinates(x, y)
    index, v = rods(across, count, pitch)
    arc, height = rounded(v, radius)
    way = arc + index * np.float32(4 * radius)
    lines = streaks(u, way, rng, 500.0, 1.9) + 0.6 * streaks(u, way, rng, 1500.0, 6.0)
    turns = np.sin((u + np.float32(rng.uniform(0.4, 0.9)) * arc) * np.float32(2 * np.pi / rng.uniform(60, 110)))
    cloud, grit = mottle(u, way, rng, 150.0, 60.0), blurred(hw, rng, 0.9)
    freckle = np.clip(mottle(u, way, rng, 26.0, 18.0) + 0.6 * cloud + 0.5 * grit - 2.3, 0, 1) * np.float32(p.rust)
    scratch = hairlines(hw, rng, axis.angle, 0.6, 70.0, 0.3)
    tone = 1 + p.lines * lines + p.scale * (cloud + 0.25 * turns) + 0.04 * grit + 0.25 * scratch
    lot = np.exp(rng.normal(0, 0.07, count)).astype(np.float32)[index]
    steel = tinted(warm_shift(rng, p.colours[int(rng.integers(len(p.colours)))], 0.04), tone * lot)
    rusty = tinted((0.17, 0.075, 0.035), 1 + 0.2 * grit)
    albedo = steel * (1 - freckle)[..., None] + rusty * freckle[..., None]
    relief = p.lines * 0.8 * lines + 0.25 * turns + 0.045 * grit + 0.15 * freckle - 0.05 * scratch
    surface = assemble(
        hw, height=height + relief, albedo=albedo, metalness=p.metalness * (1 - freckle), anisotropy=0.35,
        roughness=p.roughness * (1 + 0.12 * cloud) + 0.3 * freckle, grain=axis.angle,
    )  # fmt: skip
    return laid(surface, np.float32(radius) - np.abs(v), rng, thickness=radius * 0.7, bench=bench_of(rng))


class Cable(Params):
    """Cables with a plastic jacket: colours, radius of one alone, how many lie side by side, gloss, lettering."""

    colours: tuple[RGB, ...] = (
        (0.03, 0.03, 0.032), (0.03, 0.03, 0.032), (0.5, 0.5, 0.48), (0.6, 0.2, 0.015), (0.02, 0.08, 0.28),
        (0.42, 0.025, 0.02), (0.03, 0.22, 0.06), (0.55, 0.42, 0.03), (0.22, 0.23, 0.24),
    )  # fmt: skip
    radius: float = 150.0
    counts: tuple[int, ...] = (1, 1, 2, 3, 4, 5)
    roughness: float = 0.36
    texts: tuple[str, ...] = ("H05VV-F 3G1.5 mm2", "H07RN-F 4G2.5", "LIYCY 4x0.25", "300/500 V  CE", "CAT 6 U/UTP")


@builder("cable", Cable)
def cable(p: Cable, hw: HW, rng: np.random.Generator) -> Surface:
    """Extruded jackets, slightly wavy and bent, with fine die lines, dust and ink lettering."""
    axis, count = Axis(rng, 0.05, 10.0), int(rng.choice(p.counts))
    radius = p.radius * float(rng.uniform(0.8, 1.15)) / (0.9 * count**0.75)
    pitch, bend = 2 * radius + 2.5, float(rng.normal(0, 9))
    x, y = view(hw, rng, lambda x, y: np.float32(pitch * count / 2) - np.abs(axis.coordinates(x, y)[1]))
    u, across = axis.coordinates(x, y)
    across = across + np.float32(bend) * (1 - np.cos(u * np.float32(np.pi / 420)))
    index, v = rods(across, count, pitch)
    arc, height = rounded(v, radius)
    way = arc + index * np.float32(4 * radius)
    die, grit = streaks(u, way, rng, 900.0, 2.2), blurred(hw, rng, 0.9)
    cloud = mottle(u, way, rng, 110.0, 50.0)
    dust = np.minimum(speckle(hw, rng, 3e-4, (0.5, 1.0)), 1)
    scuff = hairlines(hw, rng, axis.angle, 0.5, 30.0, 0.5)
    picks = rng.integers(len(p.colours), size=count) if count > 2 else [int(rng.integers(len(p.colours)))] * count
    colours = np.array([warm_shift(rng, p.colours[int(k)], 0.05) for k in picks], np.float32)
    starts = rng.uniform(0, 900, count).astype(np.float32)[index]
    worn = np.clip(1.1 + 0.25 * noise(u, way, rng, (2.0, 2.0)) + 0.2 * cloud, 0, 1)
    ink = np.float32(0.8) * worn * _lettering(p, u + starts, arc, radius, rng)
    tone = 1 + 0.04 * cloud + 0.03 * die + 0.025 * grit
    pale = np.where(colours.mean(1) < 0.2, np.float32(0.62), np.float32(0.03))[index]
    jacket = colours[index] * tone[..., None] + (0.05 * dust + 0.03 * scuff)[..., None]
    albedo = jacket * (1 - ink)[..., None] + (pale * ink)[..., None]
    surface = assemble(
        hw, height=height + 0.05 * die + 0.035 * grit + 0.5 * noise(u, way, rng, (60.0, 90.0)) + 0.3 * dust,
        albedo=albedo, roughness=p.roughness * (1 + 0.06 * cloud) + 0.2 * ink, grain=axis.angle,
    )  # fmt: skip
    return laid(surface, np.float32(radius) - np.abs(v), rng, thickness=radius * 0.8, bench=bench_of(rng))


def _lettering(p: Cable, u: F32, arc: F32, radius: float, rng: np.random.Generator) -> F32:
    """The print on a jacket, in [0, 1]; nothing on three in ten."""
    text, tall = p.texts[int(rng.integers(len(p.texts)))], max(0.3 * radius, 9.0)
    if rng.random() < 0.3:
        return np.zeros_like(u)
    return script(text, u, arc - np.float32(tall * 0.5), tall, tall * len(text) * 1.5)


class Winding(Params):
    """Wire wound turn beside turn: enamel colours, wire pitch in pixels, radius of the bobbin."""

    colours: tuple[RGB, ...] = ((0.62, 0.24, 0.08), (0.5, 0.12, 0.05), (0.72, 0.4, 0.13), (0.35, 0.09, 0.04))
    pitch: float = 15.0
    radius: float = 420.0
    roughness: float = 0.27


@builder("winding", Winding)
def winding(p: Winding, hw: HW, rng: np.random.Generator) -> Surface:
    """Each turn a round wire, never quite beside the last, its enamel a little darker or paler."""
    axis = Axis(rng, 0.03, 40.0)
    x, y = view(hw, rng, lambda x, y: np.ones_like(x))
    across, along = axis.coordinates(x, y)
    pitch = p.pitch * float(rng.uniform(0.7, 1.7))
    sway = np.float32(0.25 * pitch) * noise(along, across, rng, (500.0, 6 * pitch))
    s = (across + sway) / np.float32(pitch) + 200
    turn = np.floor(s)
    shift = noise(turn, along, rng, (1.0, 160.0))
    t = np.clip(2 * (s - turn) - 1 + 0.06 * shift, -1, 1)
    wire = np.sqrt(np.maximum(1 - (t / np.float32(0.985)) ** 2, 0))
    lie = noise(turn, along, rng, (1.0, 220.0))
    body = rounded(along, p.radius * float(rng.uniform(0.85, 1.5)))[1]
    drawn, grit = streaks(along, across + sway, rng, 180.0, 1.3), blurred(hw, rng, 0.8)
    dust = np.minimum(speckle(hw, rng, 3e-4, (0.5, 0.9)), 1)
    height = body + np.float32(pitch * 0.5) * (wire + 0.08 * lie) + 0.02 * drawn + 0.03 * grit + 0.3 * dust
    tone = (0.35 + 0.65 * np.clip(wire * 1.6, 0, 1)) * (1 + 0.07 * lie + 0.05 * drawn + 0.03 * grit)
    colour = warm_shift(rng, p.colours[int(rng.integers(len(p.colours)))], 0.05)
    albedo = tinted(colour, tone) + (0.1 * dust)[..., None].astype(np.float32)
    return assemble(
        hw, height=height, albedo=albedo, roughness=p.roughness * (1 + 0.08 * lie), anisotropy=0.3,
        metalness=0.85 * np.clip(wire * 2, 0, 1), grain=axis.angle + np.pi / 2,
    )  # fmt: skip


class Bolt(Params):
    """A bolt on its side: plating colours, radius of the shank, pitch of the thread."""

    colours: tuple[RGB, ...] = ((0.55, 0.56, 0.58), (0.6, 0.5, 0.28), (0.07, 0.07, 0.075), (0.5, 0.49, 0.48))
    radius: float = 88.0
    pitch: float = 27.0
    roughness: float = 0.34


@builder("bolt", Bolt)
def bolt(p: Bolt, hw: HW, rng: np.random.Generator) -> Surface:
    """Hexagon head with its chamfer, plain shank or none, rolled thread with its helix, all with one plating."""
    axis = Axis(rng, 0.06, 8.0)
    body = _Bolt(p, rng)
    x, y = view(hw, rng, lambda x, y: body.shape(*axis.coordinates(x, y))[1])
    u, v = axis.coordinates(x, y)
    height, depth, thread = body.shape(u, v)
    grit, drawn = blurred(hw, rng, 0.8), streaks(u, v, rng, 40.0, 1.8)
    cloud = mottle(u, v, rng, 70.0, 70.0)
    wear = np.clip(1.5 * thread - 0.9, 0, 1) * (0.5 + 0.5 * np.clip(cloud, -1, 1))
    tone = 1 + 0.05 * cloud + 0.04 * grit + 0.03 * drawn + 0.12 * wear
    colour = warm_shift(rng, p.colours[int(rng.integers(len(p.colours)))], 0.04)
    surface = assemble(
        hw, height=height + 0.05 * grit + 0.05 * drawn, albedo=tinted(colour, tone), metalness=0.9, grain=axis.angle,
        roughness=p.roughness * (1 + 0.12 * cloud + 0.05 * grit),
    )  # fmt: skip
    return laid(surface, depth, rng, thickness=p.radius * 0.8, bench=bench_of(rng))


class _Bolt:
    """The bolt's measures; its middle is at (0, 0), its head at negative u."""

    def __init__(self, p: Bolt, rng: np.random.Generator) -> None:
        self.radius = p.radius * float(rng.uniform(0.8, 1.1))
        self.pitch = p.pitch * float(rng.uniform(0.75, 1.15))
        self.head, self.tall = self.radius * float(rng.uniform(1.68, 1.8)), self.radius * float(rng.uniform(1.1, 1.3))
        self.half = 246.0
        self.plain = float(rng.choice([0.0, 0.25, 0.4])) * (2 * self.half - self.tall)
        self.turn, self.start = float(rng.uniform(-0.35, 0.35)), float(rng.uniform(0, 1))

    def shape(self, u: F32, v: F32) -> tuple[F32, F32, F32]:
        """Height, signed depth into the outline, and how near the thread's crest each pixel lies, in [0, 1]."""
        neck = np.float32(self.tall - self.half)
        theta = np.arcsin(np.clip(v / np.float32(self.radius), -1, 1))
        phase = u / np.float32(self.pitch) - theta / np.float32(2 * np.pi) + np.float32(self.start)
        flank = np.clip(np.abs(2 * (phase - np.floor(phase)) - 1) * np.float32(1.25) - np.float32(0.12), 0, 1)
        cut = np.clip((u - neck - np.float32(self.plain)) / np.float32(self.pitch), 0, 1) * (1 - flank)
        point = np.clip((u - np.float32(self.half - 0.28 * self.radius)) * np.float32(0.7), 0, None)
        radius = np.float32(self.radius) - np.float32(0.52 * self.pitch) * cut
        radius = np.minimum(radius, np.float32(self.radius) - point)
        shank = rounded(v, radius)[1]
        shank_depth = np.minimum(radius - np.abs(v), np.float32(self.half) - u)
        head, head_depth = self._hexagon(u, v)
        on_head = u < neck
        depth = np.where(on_head, np.maximum(head_depth, np.minimum(shank_depth, u - neck)), shank_depth)
        return np.where(on_head, head, shank), np.asarray(depth, np.float32), np.where(on_head, 0.0, 1 - cut)

    def _hexagon(self, u: F32, v: F32) -> tuple[F32, F32]:
        apothem = np.float32(self.head * np.cos(np.pi / 6))
        height = np.full_like(v, np.float32(self.head))
        for k in range(6):
            a = self.turn + np.pi / 2 + k * np.pi / 3
            if np.sin(a) > 0.05:
                height = np.minimum(height, (apothem - v * np.float32(np.cos(a))) / np.float32(np.sin(a)))
        corners = self.turn + np.arange(6) * np.pi / 3
        wide = float(np.abs(self.head * np.cos(corners)).max())
        end = np.clip(np.float32(0.16 * self.head) - (u + np.float32(self.half)), 0, None)
        turned = rounded(v, np.float32(self.head * 1.01) - np.float32(1.6) * end)[1]
        depth = np.minimum(np.float32(wide) - np.abs(v), u + np.float32(self.half))
        depth = np.minimum(depth, np.float32(self.head * 1.01) - np.float32(1.6) * end - np.abs(v))
        return np.minimum(np.maximum(height, 0), turned), np.asarray(depth, np.float32)


class Can(Params):
    """A drinks can standing before the camera: radius, print colours, share of bare cans."""

    radius: float = 190.0
    inks: tuple[RGB, ...] = (
        (0.45, 0.02, 0.025), (0.02, 0.1, 0.38), (0.03, 0.25, 0.09), (0.6, 0.32, 0.02), (0.03, 0.03, 0.035),
        (0.55, 0.55, 0.56),
    )  # fmt: skip
    bare: float = 0.4
    texts: tuple[str, ...] = ("SODA", "LEMON", "COLA", "BREW", "TONIC")


@builder("can", Can)
def can(p: Can, hw: HW, rng: np.random.Generator) -> Surface:
    """Drawn aluminium with necked ends and a rolled rim; translucent ink over the body of printed ones."""
    axis = Axis(rng, 0.01, 6.0, turn=np.pi / 2)
    size, half = p.radius * float(rng.uniform(0.93, 1.06)), float(rng.uniform(238, 252))

    def profile(u: F32) -> F32:
        top, foot = np.clip((u - (half - 62)) / 50, 0, 1), np.clip((40 - half - u) / 40, 0, 1)
        rim = np.exp(-(((u - (half - 5)) / 5) ** 2))
        smooth = top * top * (3 - 2 * top)
        return np.asarray(size * (1 - 0.15 * smooth - 0.13 * foot**1.6) + 5 * rim, np.float32)

    def depth(x: F32, y: F32) -> F32:
        u, v = axis.coordinates(x, y)
        return np.minimum(profile(u) - np.abs(v), np.float32(half) - np.abs(u))

    x, y = view(hw, rng, depth)
    u, v = axis.coordinates(x, y)
    arc, height = rounded(v, profile(u))
    lines, grit = streaks(u, arc, rng, 260.0, 1.8), blurred(hw, rng, 0.8)
    ink, colour = _artwork(p, u, arc, half, rng)
    dot = np.clip(0.97 + 0.03 * noise(u, arc, rng, (1.5, 1.5)), 0, 1)
    bare = tinted(warm_shift(rng, (0.8, 0.805, 0.81)), 1 + 0.045 * lines + 0.02 * grit)
    albedo = bare * (1 - ink)[..., None] + colour * (dot * (1 + 0.03 * lines))[..., None] * ink[..., None]
    dent = 0.35 * noise(u, arc, rng, (90.0, 90.0))
    surface = assemble(
        hw, height=height + 0.02 * lines + 0.015 * grit + dent, albedo=albedo, grain=axis.angle, anisotropy=0.5,
        roughness=0.34 - 0.06 * ink + 0.01 * lines, metalness=1 - 0.3 * ink,
    )  # fmt: skip
    return laid(surface, depth(x, y), rng, thickness=size * 0.8, bench=bench_of(rng))


def _artwork(p: Can, u: F32, arc: F32, half: float, rng: np.random.Generator) -> tuple[F32, F32]:
    """Cover of the print in [0, 1] and its colour (H, W, 3); nothing on bare cans."""
    first, second = rng.permutation(len(p.inks))[:2]
    base, other = (np.array(p.inks[int(k)], np.float32) for k in (first, second))
    cover = np.clip((half - 60 - u) / 1.5, 0, 1) * np.clip((u + half - 34) / 1.5, 0, 1)
    wave = u + np.float32(rng.uniform(-0.6, 0.6)) * arc + 18 * np.sin(arc / 60 + float(rng.uniform(0, 6)))
    low = float(rng.uniform(-150, -60))
    band = np.clip((wave - low) / 1.2, 0, 1) * np.clip((low + float(rng.uniform(40, 110)) - wave) / 1.2, 0, 1)
    text = p.texts[int(rng.integers(len(p.texts)))]
    tall = float(rng.uniform(54, 74))
    # the can stands upright: letters run along arc, which points right when the axis points up
    name = script(text, arc + np.float32(len(text) * tall * 0.45), np.float32(70) - u, tall, 4000.0)
    colour = base * (1 - band)[..., None] + other * band[..., None]
    colour = colour * (1 - name)[..., None] + np.float32(0.66) * name[..., None]
    if rng.random() < p.bare:
        cover = np.zeros_like(cover)
    return np.asarray(cover, np.float32), np.asarray(colour, np.float32)
