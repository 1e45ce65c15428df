"""Circuit boards and solar cells."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from defectgen.render.builders.metal import warm_shift
from defectgen.render.builders.registry import HW, RGB, Params, assemble, builder
from defectgen.render.surface import Surface
from defectgen.render.texture import blurred, cells, fractal, frame, noise, speckle

F32 = NDArray[np.float32]


class Board(Params):
    """Printed circuit board: mask colours, track width and pitch in pixels."""

    masks: tuple[RGB, ...] = ((0.015, 0.11, 0.045), (0.012, 0.05, 0.16), (0.012, 0.014, 0.016), (0.02, 0.14, 0.05))
    track: float = 4.0
    pitch: float = 11.0


@builder("board", Board)
def board(p: Board, hw: HW, rng: np.random.Generator) -> Surface:
    """Copper under green lacquer, bare tinned pads and vias, white print."""
    side = max(*hw, 512)
    layout = _Layout(side, p, rng)
    top, left = (int(rng.integers(0, side - n + 1)) for n in hw)
    cut = (slice(top, top + hw[0]), slice(left, left + hw[1]))
    copper, metal, hole, ink = (np.clip(layer[cut], 0, 1) for layer in layout.layers())
    mask = np.array(warm_shift(rng, p.masks[int(rng.integers(len(p.masks)))], 0.06), np.float32)
    gold = rng.random() < 0.5
    finish = np.array((0.85, 0.66, 0.36) if gold else (0.72, 0.72, 0.71), np.float32)
    grit = blurred(hw, rng, 0.8)
    x, y = frame(hw, 0.0)
    cloth = np.sin(x * np.float32(0.9)) * np.sin(y * np.float32(0.9))
    lacquer = mask * (1 + 0.05 * cloth + 0.03 * grit + 0.04 * fractal(hw, rng, 120, 3))[..., None]
    lacquer = lacquer * (1 + 1.1 * copper)[..., None] + copper[..., None] * np.float32(0.012)
    albedo = lacquer * (1 - metal)[..., None] + finish * (metal * (1 + 0.05 * grit))[..., None]
    albedo = albedo * (1 - ink)[..., None] + np.float32(0.68) * (ink * (1 + 0.06 * grit))[..., None]
    albedo = albedo * (1 - 0.95 * hole)[..., None]
    soft = cv2.GaussianBlur(copper, (0, 0), 1.3)
    tin = metal * (0.25 * blurred(hw, rng, 2.5) + 0.05 * grit)
    height = 0.9 * soft - 0.25 * metal + tin + 0.25 * ink - 4.0 * hole + 0.02 * grit + 0.9 * fractal(hw, rng, 220, 2)
    rough = 0.3 + 0.08 * metal + 0.4 * ink + 0.4 * hole
    return assemble(hw, height=height, albedo=albedo, roughness=rough, metalness=metal * (1 - ink) * (1 - hole))


class _Layout:
    """A random, rule-abiding layout: copper, bare metal, holes and print as four layers."""

    def __init__(self, side: int, p: Board, rng: np.random.Generator) -> None:
        self.rng, self.side = rng, side
        self.track = p.track * float(rng.uniform(0.8, 1.3))
        self.pitch = max(p.pitch * float(rng.uniform(0.85, 1.3)), self.track * 2)
        self.copper, self.metal, self.hole, self.ink = (np.zeros((side, side), np.uint8) for _ in range(4))
        self.taken = np.zeros((side, side), np.uint8)
        for _ in range(10):
            self._chip()
        for _ in range(70):
            self._bundle()
        for _ in range(60):
            self._via()

    def layers(self) -> tuple[F32, F32, F32, F32]:
        """Copper, metal, hole, ink in [0, 1]."""
        stack = np.stack([np.maximum(self.copper, self.metal), self.metal, self.hole, self.ink])
        copper, metal, hole, ink = np.asarray(stack / np.float32(255), np.float32)
        return copper, metal, hole, ink

    def _free(self, x0: float, y0: float, x1: float, y1: float) -> bool:
        a, b, c, d = (round(np.clip(value, 0, self.side)) for value in (y0, y1, x0, x1))
        return a < b and c < d and not self.taken[a:b, c:d].any()

    def _take(self, x0: float, y0: float, x1: float, y1: float) -> None:
        cv2.rectangle(self.taken, (round(x0), round(y0)), (round(x1), round(y1)), 255, -1)

    def _box(self, layer: NDArray[np.uint8], x0: float, y0: float, x1: float, y1: float) -> None:
        corners = np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]]) * 16
        cv2.fillPoly(layer, [np.rint(corners).astype(np.int32)], 255, cv2.LINE_AA, 4)

    def _chip(self) -> None:
        """Pads of a chip in two rows, with its outline and name in print."""
        rng, pitch = self.rng, self.pitch
        count, gap, length = int(rng.integers(1, 9)), rng.uniform(22, 70), rng.uniform(10, 20)
        x, y = rng.uniform(0, self.side, 2)
        across = rng.random() < 0.5
        span, wide = count * pitch * 1.5, gap + 2 * length
        w, h = (span, wide) if across else (wide, span)
        if not self._free(x - 8, y - 8, x + w + 8, y + h + 8):
            return
        self._take(x - 6, y - 6, x + w + 6, y + h + 6)
        pad = pitch * 0.85
        for k in range(count):
            for start in (0.0, wide - length):
                a, b = k * pitch * 1.5, start
                corner, size = ((x + a, y + b), (pad, length)) if across else ((x + b, y + a), (length, pad))
                self._box(self.metal, *corner, corner[0] + size[0], corner[1] + size[1])
        inner = (x - 3, y + length + 4, x + w + 1, y + h - length - 4)
        if not across:
            inner = (x + length + 4, y - 3, x + w - length - 4, y + h + 1)
        if min(inner[2] - inner[0], inner[3] - inner[1]) > 10:
            corners = [tuple(round(c * 16) for c in (inner[i], inner[j])) for i, j in ((0, 1), (2, 3))]
            cv2.rectangle(self.ink, corners[0], corners[1], 255, 1, cv2.LINE_AA, 4)
            name = f"{'RCUQLD'[int(rng.integers(6))]}{int(rng.integers(1, 99))}"
            at = (round(inner[0] + 4), round((inner[1] + inner[3]) / 2 + 4))
            cv2.putText(self.ink, name, at, cv2.FONT_HERSHEY_SIMPLEX, 0.38, 255, 1, cv2.LINE_AA)

    def _bundle(self) -> None:
        """Parallel tracks: straight, then a 45-degree bend, then straight, ending in vias."""
        rng, pitch = self.rng, self.pitch
        count = int(rng.integers(1, 7))
        x, y = rng.uniform(0, self.side, 2)
        turn, flip = int(rng.integers(4)), int(rng.choice([-1, 1]))
        first, diagonal, last = rng.uniform(30, 170), rng.uniform(10, 60), rng.uniform(20, 150)
        for k in range(count):
            step = k * pitch
            points = [(0.0, step), (first - step * 0.414 * flip, step)]
            points.append((points[-1][0] + diagonal, step + flip * diagonal))
            points.append((points[-1][0] + last, points[-1][1]))
            self._route([_turned(px, py, turn, x, y) for px, py in points], rng.random() < 0.7)

    def _route(self, points: list[tuple[float, float]], ends: bool) -> None:
        """One track, laid only where it clears everything laid before."""
        line = np.rint(np.array(points) * 16).astype(np.int32)
        lane = np.zeros_like(self.taken)
        cv2.polylines(lane, [line], False, 255, round(self.track + 4), cv2.LINE_8, 4)
        if (lane & self.taken).any():
            return
        cv2.polylines(self.taken, [line], False, 255, round(self.track + 2), cv2.LINE_8, 4)
        cv2.polylines(self.copper, [line], False, 255, max(round(self.track), 2), cv2.LINE_AA, 4)
        if ends:
            self._ring(*points[-1])

    def _ring(self, x: float, y: float) -> None:
        centre, radius = (round(x * 16), round(y * 16)), self.track * 0.95
        cv2.circle(self.copper, centre, round(radius * 1.25 * 16), 255, -1, cv2.LINE_AA, 4)
        if self.rng.random() < 0.6:
            cv2.circle(self.metal, centre, round(radius * 16), 255, -1, cv2.LINE_AA, 4)
        cv2.circle(self.hole, centre, round(radius * 0.5 * 16), 255, -1, cv2.LINE_AA, 4)

    def _via(self) -> None:
        x, y = self.rng.uniform(0, self.side, 2)
        reach = self.track * 2.2
        if self._free(x - reach, y - reach, x + reach, y + reach):
            self._take(x - reach, y - reach, x + reach, y + reach)
            self._ring(x, y)


def _turned(x: float, y: float, quarter: int, x0: float, y0: float) -> tuple[float, float]:
    """A point turned by quarters of a circle, then moved."""
    for _ in range(quarter):
        x, y = -y, x
    return x + x0, y + y0


class Cell(Params):
    """Solar cell: finger pitch and busbar distance in pixels; crystals for polycrystalline silicon."""

    colour: RGB = (0.012, 0.02, 0.06)
    finger: float = 10.0
    busbar: float = 150.0
    crystal: float = 45.0
    poly: float = 0.5


@builder("cell", Cell)
def cell(p: Cell, hw: HW, rng: np.random.Generator) -> Surface:
    """Blue silicon, with crystals or without, under printed silver fingers and busbars."""
    u, v = frame(hw, float(rng.normal(0, 0.006)))
    pitch, bars = p.finger * float(rng.uniform(0.85, 1.5)), p.busbar * float(rng.uniform(0.8, 1.2))
    fu = np.abs((v / np.float32(pitch) + 100) % 1 - np.float32(0.5)) * np.float32(pitch)
    bu = np.abs((u / np.float32(bars) + np.float32(rng.uniform(0, 1)) + 50) % 1 - np.float32(0.5)) * np.float32(bars)
    ragged = 0.07 * noise(u, v, rng, (9.0, 3.0))
    silver = np.clip(float(rng.uniform(0.5, 0.9)) + 0.5 - fu + ragged, 0, 1)
    bar = np.clip(float(rng.uniform(2.5, 4.5)) + 0.5 - bu + ragged, 0, 1)
    silver = np.maximum(silver * 0.9, bar)
    tone = 1 + 0.05 * fractal(hw, rng, 160, 3) + 0.04 * blurred(hw, rng, 0.8)
    hue = np.zeros(hw, np.float32)
    if rng.random() < p.poly:
        index, _, _ = cells(hw, rng, p.crystal * float(rng.uniform(0.6, 1.4)), p.crystal * 0.05)
        count = int(index.max()) + 1
        tone = tone * (1 + 0.16 * rng.standard_normal(count).astype(np.float32)[index])
        hue = rng.standard_normal(count).astype(np.float32)[index]
    base = np.array(warm_shift(rng, p.colour, 0.08), np.float32) * np.maximum(tone, 0.3)[..., None]
    base = base * (1 + np.array([-0.06, 0.08, 0.03], np.float32) * hue[..., None])
    grit = blurred(hw, rng, 0.7)
    paste = np.float32(0.62) * (1 + 0.09 * grit + 0.05 * noise(u, v, rng, (40.0, 1.5)))
    dust = np.minimum(speckle(hw, rng, 2e-4, (0.5, 0.9)), 1)
    albedo = base * (1 - silver)[..., None] + (paste * silver)[..., None] + 0.2 * dust[..., None]
    height = 0.45 * cv2.GaussianBlur(silver, (0, 0), 0.7) + 0.04 * grit * (1 + silver) + 0.6 * fractal(hw, rng, 240, 2)
    return assemble(hw, height=height, albedo=albedo, roughness=0.38 + 0.15 * silver, metalness=0.8 * silver)
