"""Printed labels: text, colour fields, and bar codes."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from defectgen.render.builders.metal import warm_shift
from defectgen.render.builders.registry import HW, RGB, Params, assemble, builder
from defectgen.render.surface import Surface
from defectgen.render.texture import blurred, fractal, frame

F32 = NDArray[np.float32]

WORDS = (
    "LOT", "BATCH", "EXP", "MFG", "NET", "WEIGHT", "STORE", "DRY", "PLACE", "PART", "NO", "SERIAL", "MODEL",
    "TYPE", "VOLT", "CLASS", "MADE", "FROM", "KEEP", "COOL", "CONTENTS", "WATER", "SALT", "SUGAR", "FLAVOUR",
    "BEFORE", "USE", "READ", "LABEL", "CARE", "RECYCLE", "QUALITY", "CHECKED", "FRESH", "PRODUCT", "CODE", "ITEM",
    "SIZE",
)  # fmt: skip
FONTS = (cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_TRIPLEX, cv2.FONT_HERSHEY_COMPLEX)


class Label(Params):
    """Printed label: paper colours, inks of the colour fields, gloss, screen of the halftone in pixels."""

    stock: tuple[RGB, ...] = ((0.7, 0.7, 0.69), (0.66, 0.64, 0.58))
    inks: tuple[RGB, ...] = ((0.03, 0.13, 0.36), (0.5, 0.03, 0.03), (0.03, 0.22, 0.1), (0.6, 0.26, 0.01))
    black: RGB = (0.018, 0.018, 0.02)
    roughness: float = 0.5
    screen: float = 3.2


@builder("label", Label)
def label(p: Label, hw: HW, rng: np.random.Generator) -> Surface:
    """Black text and codes beside screened colour fields, on coated paper; ink spreads a little and lies on top."""
    side = max(*hw, 512)
    sheet = _Sheet(side, rng)
    top, left = (int(rng.integers(0, side - n + 1)) for n in hw)
    turn = cv2.getRotationMatrix2D((side / 2, side / 2), float(rng.normal(0, 1.2)), 1.03)
    black, field = (
        cv2.warpAffine(layer, turn, (side, side), flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REPLICATE)[
            top : top + hw[0], left : left + hw[1]
        ].astype(np.float32) / 255
        for layer in (sheet.black, sheet.field)
    )  # fmt: skip
    fibre = blurred(hw, rng, 0.8) + 0.6 * blurred(hw, rng, 2.2)
    black = np.clip(cv2.GaussianBlur(black, (0, 0), 0.55) * 1.2 - 0.08 + 0.05 * fibre * black, 0, 1)
    u, v = frame(hw, float(np.pi / 4 + rng.normal(0, 0.05)))
    dots = np.cos(u * np.float32(2 * np.pi / p.screen)) + np.cos(v * np.float32(2 * np.pi / p.screen))
    tint = np.clip(field * 1.6 - 0.3 + 0.35 * dots * (field < 0.9), 0, 1) * (field > 0.02)
    stock = np.array(warm_shift(rng, p.stock[int(rng.integers(len(p.stock)))]), np.float32)
    ink = np.array(warm_shift(rng, p.inks[int(rng.integers(len(p.inks)))], 0.05), np.float32)
    paper = stock * (1 + 0.012 * fibre + 0.015 * fractal(hw, rng, 150, 3))[..., None]
    albedo = paper * (1 - tint[..., None]) + ink * (1 + 0.04 * fibre)[..., None] * tint[..., None]
    albedo = albedo * (1 - black[..., None]) + np.array(p.black, np.float32) * black[..., None]
    height = 0.03 * fibre + 0.05 * np.maximum(black, tint) + 1.1 * fractal(hw, rng, 230, 2)
    return assemble(hw, height=height, albedo=albedo, roughness=p.roughness - 0.06 * np.maximum(black, tint))


class _Sheet:
    """The layout of one label: rows of print from top to bottom, as a black and a colour separation."""

    def __init__(self, side: int, rng: np.random.Generator) -> None:
        self.black, self.field = np.zeros((side, side), np.uint8), np.zeros((side, side), np.uint8)
        self.rng, self.side, self.font = rng, side, FONTS[int(rng.integers(len(FONTS)))]
        y = self._heading()
        rows = (self._text, self._code, self._table, self._text, self._band)
        for _ in range(40):
            if y > side:
                break
            y = rows[int(rng.integers(len(rows)))](y + int(rng.integers(10, 24)))

    def _write(self, text: str, x: float, y: float, tall: float, thick: int, white: bool = False) -> float:
        """One line with its top left at (x, y), drawn at eightfold precision; its right end."""
        scale = tall / 22
        (w, h), _ = cv2.getTextSize(text, self.font, scale, thick)
        at = (round(x), round(y + h))
        if white:
            cv2.putText(self.field, text, at, self.font, scale, 0, thick, cv2.LINE_AA)
        else:
            cv2.putText(self.black, text, at, self.font, scale, 255, thick, cv2.LINE_AA)
        return x + w

    def _some(self, low: int, high: int) -> str:
        return " ".join(self.rng.choice(WORDS, int(self.rng.integers(low, high))))

    def _heading(self) -> int:
        tall = int(self.rng.integers(70, 120))
        cv2.rectangle(self.field, (0, 0), (self.side, tall), 255, -1)
        self._write(self._some(2, 3), 24, tall * 0.3, tall * 0.42, 3, white=True)
        return tall

    def _text(self, y: int) -> int:
        tall = float(self.rng.uniform(9, 17))
        for _ in range(int(self.rng.integers(2, 6))):
            x = 24.0
            while x < self.side - 90:
                x = self._write(str(self.rng.choice(WORDS)), x, y, tall, 1) + tall * 0.7
            y += round(tall * 1.9)
        return y

    def _code(self, y: int) -> int:
        """A bar code with its digits, beside a two-dimensional code."""
        rng, tall, unit = self.rng, int(self.rng.integers(70, 110)), int(self.rng.integers(2, 4))
        x = int(rng.integers(24, 70))
        digits = "".join(str(d) for d in rng.integers(0, 10, 12))
        start = x
        while x < start + 78 * unit:
            bar, gap = (int(n) * unit for n in rng.integers(1, 4, 2))
            cv2.rectangle(self.black, (x, y), (x + bar - 1, y + tall), 255, -1)
            x += bar + gap
        self._write(digits, start + 10, y + tall + 5, 11, 1)
        cell, edge = 4, min(tall // 4, 22)
        module = (rng.random((edge, edge)) < 0.5).astype(np.uint8) * 255
        module[:, 0], module[-1, :] = 255, 255
        square = np.kron(module, np.ones((cell, cell), np.uint8))
        x += 34
        room = self.black[y : y + square.shape[0], x : x + square.shape[1]]
        np.maximum(room, square[: room.shape[0], : room.shape[1]], out=room)
        return y + tall + 24

    def _table(self, y: int) -> int:
        rows, tall = int(self.rng.integers(2, 5)), 24
        for k in range(rows + 1):
            cv2.line(self.black, (24, y + k * tall), (self.side - 40, y + k * tall), 255, 1)
        middle = int(self.rng.integers(self.side // 3, self.side // 2))
        for x in (24, middle, self.side - 40):
            cv2.line(self.black, (x, y), (x, y + rows * tall), 255, 1)
        for k in range(rows):
            self._write(self._some(1, 3), 32, y + k * tall + 7, 11, 1)
            self._write(str(self.rng.integers(100, 99999)), middle + 10, y + k * tall + 7, 12, 1)
        return y + rows * tall

    def _band(self, y: int) -> int:
        """A colour field, full or screened, with a heading in it."""
        tall, tone = int(self.rng.integers(34, 70)), int(self.rng.choice([255, 255, 150, 110]))
        cv2.rectangle(self.field, (0, y), (self.side, y + tall), tone, -1)
        self._write(self._some(1, 3), 24, y + tall * 0.28, tall * 0.4, 2, white=tone == 255)
        return y + tall
