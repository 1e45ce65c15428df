"""Layered flat goods: wafers, displays, battery cells, electrode foil."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from defectgen.render.builders.cylinder import bench_of, script
from defectgen.render.builders.metal import hairlines, tinted, warm_shift
from defectgen.render.builders.registry import HW, RGB, Params, assemble, builder
from defectgen.render.builders.stage import laid, swell, view
from defectgen.render.surface import Surface
from defectgen.render.texture import blurred, fractal, frame, noise, speckle, streaks

F32 = NDArray[np.float32]


class Wafer(Params):
    """Patterned wafer: colours that thin films show, width of a die in pixels, street between dies, whole wafers.

    bare: share of unpatterned, polished wafers.
    """

    films: tuple[RGB, ...] = (
        (0.2, 0.16, 0.3), (0.12, 0.24, 0.26), (0.32, 0.2, 0.2), (0.16, 0.26, 0.14), (0.34, 0.3, 0.16), (0.1, 0.14, 0.3),
    )  # fmt: skip
    die: float = 92.0
    street: float = 5.0
    roughness: float = 0.14
    whole: float = 0.3


@builder("wafer", Wafer)
def wafer(p: Wafer, hw: HW, rng: np.random.Generator) -> Surface:
    """One die again and again, mirror-flat, its films of slightly another thickness from place to place."""
    shown = rng.random() < p.whole
    radius = np.float32(rng.uniform(228, 244))
    x, y = view(hw, rng, lambda x, y: radius - np.hypot(x, y) if shown else np.ones_like(x))
    die = p.die * (0.42 if shown else float(rng.uniform(0.85, 1.7)))
    size = (die, die * float(rng.uniform(0.7, 1.3)))
    turn = float(rng.normal(0, 0.008))
    u, v = x * np.cos(turn) - y * np.sin(turn), x * np.sin(turn) + y * np.cos(turn)
    street = p.street * (0.5 if shown else 1.0)
    layers = _reticle(size, street, p, rng)
    albedo, height = _tiled(layers, u, v, size)
    film = 1 + np.array([0.05, -0.03, -0.05], np.float32) * swell(hw, rng, 420)[..., None]
    dust = np.minimum(speckle(hw, rng, 5e-5, (0.5, 0.9)), 1)
    grit = blurred(hw, rng, 0.7)
    albedo = albedo * film * (1 + 0.012 * grit)[..., None] + (0.12 * dust)[..., None]
    flat = 0.8 * swell(hw, rng, 460)
    surface = assemble(
        hw, height=0.35 * height + flat + 0.2 * dust, albedo=albedo, metalness=0.8, anisotropy=0.2, grain=-turn,
        roughness=p.roughness + 0.05 * height + 0.2 * dust,
    )  # fmt: skip
    if not shown:
        return surface
    notch = np.hypot(x, y - radius) - np.float32(7)
    depth = np.minimum(radius - np.hypot(x, y), notch)
    edge = np.clip((np.float32(7) - depth) / 1.5, 0, 1)[..., None]
    rim = surface.albedo * (1 - edge) + np.array([0.3, 0.3, 0.31], np.float32) * edge
    surface = Surface(**{**vars(surface), "albedo": np.asarray(rim, np.float32)})
    return laid(surface, depth, rng, thickness=8, bench=(0.04, 0.04, 0.045), bevel=2)


def _reticle(size: tuple[float, float], street: float, p: Wafer, rng: np.random.Generator) -> NDArray[np.float32]:
    """One die drawn at four times its size, (h, w, 4): colour and height; its street lies round the border."""
    w, h = (round(4 * n) for n in size)
    s = max(round(2 * street), 1)
    tile = np.empty((h, w, 4), np.float32)
    tile[:] = (0.27, 0.27, 0.28, 0.0)
    films = [np.array(warm_shift(rng, p.films[int(k)], 0.1)) for k in rng.permutation(len(p.films))[:4]]
    body = tile[s : h - s, s : w - s]
    body[:] = (*films[0], 0.3)
    rows = np.sort(rng.choice(np.arange(1, 10), 3, replace=False)) / 10
    for top, foot in zip((0, *rows), (*rows, 1), strict=True):
        columns = np.sort(rng.choice(np.arange(1, 8), int(rng.integers(1, 4)), replace=False)) / 8
        for left, right in zip((0, *columns), (*columns, 1), strict=True):
            bounds = (top * body.shape[0], foot * body.shape[0], left * body.shape[1], right * body.shape[1])
            a, b, c, d = (round(value) for value in bounds)
            _block(body[a + 5 : b - 5, c + 5 : d - 5], films[int(rng.integers(1, 4))], rng)
    pads = max(int(size[0] / 9), 4)
    for k in range(pads):
        c = round((k + 0.5) / pads * body.shape[1])
        for rows_of in (body[6:20], body[-20:-6]):
            rows_of[:, max(c - 7, 0) : c + 7] = (0.6, 0.58, 0.5, 0.7)
    return tile


def _block(block: NDArray[np.float32], film: NDArray[np.float64], rng: np.random.Generator) -> None:
    """A circuit block: plain, or an array of cells, or lines of logic of uneven length."""
    height, width = block.shape[:2]
    if min(height, width) < 6:
        return
    block[:] = (*film, float(rng.uniform(0.2, 0.6)))
    kind, pitch = int(rng.integers(3)), int(rng.integers(8, 15))
    if kind == 0:
        block[:, ::pitch, :3] *= 0.6
        block[::pitch, :, :3] *= 0.75
    elif kind == 1:
        grain = rng.uniform(0.7, 1.35, (height // 6 + 1, width // 10 + 1)).astype(np.float32)
        block[..., :3] *= cv2.resize(grain, (width, height), interpolation=cv2.INTER_NEAREST)[..., None]
    cv2.rectangle(block, (0, 0), (width - 1, height - 1), tuple(float(c) for c in (*(film * 0.5), 0.1)), 3)


def _tiled(tile: NDArray[np.float32], u: F32, v: F32, size: tuple[float, float]) -> tuple[F32, F32]:
    """Colour (H, W, 3) and height of the tile repeated over the plane, its finest detail averaged per pixel."""
    soft = cv2.GaussianBlur(tile, (0, 0), 1.8, borderType=cv2.BORDER_REFLECT)
    h, w = tile.shape[:2]
    fu, fv = (c / np.float32(n) + np.float32(0.5) for c, n in ((u, size[0]), (v, size[1])))
    across = np.asarray((fu - np.floor(fu)) * np.float32(w), np.float32)
    down = np.asarray((fv - np.floor(fv)) * np.float32(h), np.float32)
    out = np.asarray(cv2.remap(soft, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.float32)
    return np.ascontiguousarray(out[..., :3]), np.ascontiguousarray(out[..., 3])


class Display(Params):
    """A lit panel close by: pitch of a pixel, its three stripes, how much of the pixel they fill, unevenness."""

    pitch: float = 18.0
    stripes: tuple[RGB, RGB, RGB] = ((0.8, 0.035, 0.03), (0.06, 0.66, 0.06), (0.03, 0.08, 0.85))
    fill: float = 0.74
    mura: float = 0.03
    levels: tuple[float, ...] = (1.0, 0.8, 0.55)


@builder("display", Display)
def display(p: Display, hw: HW, rng: np.random.Generator) -> Surface:
    """Red, green and blue stripes with cut corners behind a black matrix, under glass with a little dust."""
    angle = float(rng.normal(0, 0.012))
    u, v = frame(hw, angle)
    pitch = p.pitch * float(rng.uniform(0.75, 1.5))
    u, v = u / np.float32(pitch) + np.float32(64 + rng.random()), v / np.float32(pitch) + np.float32(64 + rng.random())
    lean = np.float32(rng.choice([0.0, 0.0, 0.12]))
    fv = v - np.floor(v)
    s = 3 * (u + lean * (np.abs(2 * fv - 1) - np.float32(0.5)))
    which = np.floor(s).astype(np.intp) % 3
    du = (s - np.floor(s) - np.float32(0.5)) * np.float32(pitch / 3)
    dv = (fv - np.float32(0.5)) * np.float32(pitch)
    half = (np.float32(pitch / 6 * (p.fill + 0.1)), np.float32(pitch / 2 * (p.fill + 0.08)))
    cover = np.clip(half[0] - np.abs(du) + 0.5, 0, 1) * np.clip(half[1] - np.abs(dv) + 0.5, 0, 1)
    switch = (dv > half[1] - np.float32(0.17 * pitch)) & (du > half[0] * np.float32(0.1))
    cover = cover * (1 - 0.85 * switch)
    level = p.levels[int(rng.integers(len(p.levels)))]
    cell = noise(np.floor(s), np.floor(v), rng, (1.0, 1.0))
    lit = level * (1 + 0.018 * cell + p.mura * fractal(hw, rng, 150, 3))
    glow = cv2.GaussianBlur(np.asarray(cover * lit, np.float32), (0, 0), 0.9)
    stripes = np.array(p.stripes, np.float32)[which] * np.array(warm_shift(rng, (0.9, 0.9, 0.9), 0.02), np.float32)
    halo = np.stack([cv2.GaussianBlur(np.ascontiguousarray(stripes[..., k] * glow), (0, 0), 3) for k in range(3)], -1)
    dust = np.minimum(speckle(hw, rng, 8e-5, (0.5, 1.0)), 1)
    albedo = 0.004 + stripes * glow[..., None] + 0.035 * halo + 0.12 * dust[..., None]
    height = 0.35 * swell(hw, rng, 420) + 0.2 * dust
    return assemble(hw, height=height, albedo=albedo, roughness=0.16 + 0.3 * dust, grain=np.pi / 2 + angle)


class Pouch(Params):
    """A pouch cell: film colour, how high the stack swells the film, emboss of the seal, creases."""

    film: RGB = (0.62, 0.63, 0.64)
    roughness: float = 0.33
    stack: float = 13.0
    emboss: float = 0.35
    creases: float = 0.5
    texts: tuple[str, ...] = ("3.7V 5000mAh", "LP 6043125 2.9Ah", "NMC 3.65V 20Ah")


@builder("pouch", Pouch)
def pouch(p: Pouch, hw: HW, rng: np.random.Generator) -> Surface:
    """Laminated foil over a flat stack with round shoulders, embossed seals about it, two tabs, a printed code."""
    plan = _Pouch(rng)
    x, y = view(hw, rng, lambda x, y: np.maximum(*plan.outline(x, y)))
    (u, v), (film, strip) = plan.coordinates(x, y), plan.outline(x, y)
    inner = plan.stack(u, v)
    t = np.clip(inner / np.float32(20), 0, 1)
    body = np.float32(p.stack) * np.sqrt(t * (2 - t))
    on_seal = np.clip(-inner / 2, 0, 1) * (film > 0)
    knurl = np.maximum(np.cos((u + v) * np.float32(0.9)), np.cos((u - v) * np.float32(0.9))) * on_seal
    nylon, grit = blurred(hw, rng, 1.2), blurred(hw, rng, 0.7)
    crease = _creases(u, v, inner, rng) * np.float32(p.creases)
    is_tab = np.clip(strip + 0.5, 0, 1) * (film <= 0)
    drawn = streaks(v, u, rng, 200.0, 1.8)
    wave = (0.35 * swell(hw, rng, 130) + 0.9 * swell(hw, rng, 300)) * (0.3 + 0.7 * t)
    height = 3 + body + wave + p.emboss * knurl + crease + 0.03 * nylon + 0.02 * grit
    height = height * (1 - is_tab) + is_tab * (1 + 0.04 * drawn)
    foil = tinted(warm_shift(rng, p.film), 1 + 0.015 * nylon + 0.02 * grit)
    lug = np.where((u > 0)[..., None], np.array([0.66, 0.62, 0.55]), np.array([0.8, 0.805, 0.81]))
    text = script(p.texts[int(rng.integers(len(p.texts)))], u + 120, v - 30, 19, 900)
    ink = np.maximum(text, _barcode(u, v - 62, rng)) * t * (np.abs(u) < 150)
    albedo = foil * (1 - is_tab)[..., None] + lug * (1 + 0.04 * drawn[..., None]) * is_tab[..., None]
    albedo = albedo * (1 - 0.93 * ink)[..., None]
    scratch = hairlines(hw, rng, 0.0, 0.25, 60.0, 2.0)
    rough = p.roughness * (1 + 0.05 * nylon) + 0.05 * scratch + 0.25 * ink
    surface = assemble(
        hw, height=height - 0.04 * scratch, albedo=albedo, roughness=rough, metalness=0.92 * (1 - ink), anisotropy=0.1
    )
    return laid(surface, np.maximum(film, strip), rng, thickness=7, bench=bench_of(rng), bevel=1.5)


class _Pouch:
    """A pouch cell's measures; its stack's middle is at (0, 0), its tabs at negative v."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.half = (float(rng.uniform(172, 196)), float(rng.uniform(196, 206)))
        self.seal, self.tab, self.turn = float(rng.uniform(20, 28)), float(rng.uniform(24, 32)), rng.normal(0, 0.015)

    def coordinates(self, x: F32, y: F32) -> tuple[F32, F32]:
        c, s = np.float32(np.cos(self.turn)), np.float32(np.sin(self.turn))
        return x * c - y * s, x * s + y * c - np.float32(16)

    def outline(self, x: F32, y: F32) -> tuple[F32, F32]:
        """Signed depth into the film and into the two tabs."""
        u, v = self.coordinates(x, y)
        wide, tall = np.float32(self.half[0]), np.float32(self.half[1] + self.seal)
        strip = np.float32(self.tab) - np.abs(np.abs(u) - np.float32(0.48) * wide)
        strip = np.minimum(strip, np.minimum(v + tall + 44, -v))
        return np.minimum(wide - np.abs(u), tall - np.abs(v)), np.asarray(strip, np.float32)

    def stack(self, u: F32, v: F32) -> F32:
        """Signed depth into the stack of electrodes."""
        wide, tall = np.float32(self.half[0] - 0.55 * self.seal), np.float32(self.half[1])
        return np.asarray(np.minimum(wide - np.abs(u), tall - np.abs(v)), np.float32)


def _creases(u: F32, v: F32, inner: F32, rng: np.random.Generator) -> F32:
    """Puckers of the film where it runs down from the stack, fading on either side."""
    around = np.arctan2(v, u) * np.float32(260)
    pucker = noise(around, inner, rng, (9.0, 60.0)) + 0.6 * noise(around, inner, rng, (22.0, 90.0))
    return np.asarray(pucker * np.exp(-(((inner - 6) / np.float32(13)) ** 2)), np.float32)


def _barcode(u: F32, v: F32, rng: np.random.Generator) -> F32:
    """A square code of black modules, 15 a side, its middle at (70, 60); in [0, 1]."""
    side = 15
    code = (rng.random((side, side)) < 0.5).astype(np.uint8) * 255
    code[0, :], code[:, 0] = 255, 255
    big = cv2.resize(code, (side * 16, side * 16), interpolation=cv2.INTER_NEAREST)
    big = cv2.GaussianBlur(np.pad(big, 16), (0, 0), 2.5)
    scale = np.float32(16 / 3.2)
    across, down = (np.asarray(c * scale + np.float32(big.shape[0] / 2), np.float32) for c in (u - 70, v - 60))
    return np.asarray(cv2.remap(big, across, down, cv2.INTER_LINEAR).astype(np.float32) / 255, np.float32)


class Electrode(Params):
    """Coated electrode foil: coating colours, foils, share of pictures that show the coating's edge."""

    coatings: tuple[RGB, ...] = ((0.022, 0.022, 0.023), (0.045, 0.045, 0.047), (0.03, 0.031, 0.034))
    foils: tuple[RGB, ...] = ((0.82, 0.825, 0.83), (0.85, 0.48, 0.32))
    edge: float = 0.75
    roughness: float = 0.62


@builder("electrode", Electrode)
def electrode(p: Electrode, hw: HW, rng: np.random.Generator) -> Surface:
    """Dark granular coating, faintly streaked by the slot die, with a soft-edged border of bright rolled foil."""
    angle = float(rng.choice([0.0, np.pi / 2]) + rng.normal(0, 0.006))
    u, v = frame(hw, angle)
    v = v - v.mean()
    span = float(min(hw))
    rim = np.float32(span * rng.uniform(0.2, 0.36)) if rng.random() < p.edge else np.float32(9e3)
    ragged = 0.9 * noise(u, v, rng, (9.0, 4000.0)) + 0.6 * noise(u, v, rng, (3.0, 9.0))
    inner = np.asarray(rim - v * np.float32(rng.choice([-1, 1])) + ragged, np.float32)
    coat = np.clip(inner + 0.5, 0, 1)
    grain = blurred(hw, rng, 0.7) + 0.7 * blurred(hw, rng, 1.3)
    die = streaks(u, v, rng, 4000.0, 9.0) + 0.6 * streaks(u, v, rng, 4000.0, 2.5)
    cloud = fractal(hw, rng, 130, 4)
    rolled = streaks(u, v, rng, 220.0, 1.7) + 0.6 * streaks(u, v, rng, 4000.0, 6.0)
    pucker = np.exp(-np.maximum(-inner, 0) / np.float32(30)) * np.cos(u / np.float32(rng.uniform(14, 24)))
    bead = np.exp(-(((inner - 7) / np.float32(5)) ** 2)) * float(rng.uniform(0.1, 0.5))
    thick = np.clip(inner / 6, 0, 1)
    height = coat * (1.6 * np.sqrt(thick) + bead + 0.14 * grain + 0.05 * die)
    height = height + (1 - coat) * (0.045 * rolled + 0.25 * pucker) + 0.8 * swell(hw, rng, 330)
    dark = tinted(warm_shift(rng, p.coatings[int(rng.integers(len(p.coatings)))], 0.05), 1 + 0.13 * grain + 0.05 * die)
    dark = dark * (1 + 0.05 * cloud)[..., None]
    foil = tinted(warm_shift(rng, p.foils[int(rng.integers(len(p.foils)))]), 1 + 0.03 * rolled)
    return assemble(
        hw, height=height, albedo=dark * coat[..., None] + foil * (1 - coat)[..., None], grain=angle,
        roughness=coat * p.roughness * (1 + 0.05 * cloud) + (1 - coat) * 0.32, metalness=1 - coat,
        anisotropy=0.6 * (1 - coat),
    )  # fmt: skip
