"""Residuals: what a picture's noise looks like once its content is taken away, at the picture's own resolution.

Networks trained on objects hardly see blur, resampling, JPEG blocks or the grain of a sensor; these statistics see
little else. A picture is cut into tiles of TILE px, at most ACROSS each way; each tile gives

    co-occurrences   of neighbouring residuals of three high-pass filters, coarsely quantised, after the spatial rich
                     model (Fridrich and Kodovsky, IEEE TIFS 2012), with symmetric cells joined; square roots of shares
    spectrum         log power in BANDS rings of spatial frequency, relative to their mean
    blocks           strength of the periods of 8 px and its harmonics in the jumps between columns and between rows
    colour           log energy of the high-passed colour differences against that of green

The vector of a picture is the mean over its tiles, so that a linear score of it is the mean of the tiles' scores.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from defectgen.metric.result import Fingerprint

__all__ = ["ACROSS", "TILE", "ResidualExtractor"]

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
U8 = NDArray[np.uint8]

TILE, STEP, ACROSS = 32, 16, 8
REACH, CELLS = 2, 5  # residuals are cut off at -REACH and REACH steps
STEPS = (1.0, 4.0)  # of quantisation, times each filter's own
BANDS = 10
FILTERS = (
    (np.array([[-1, 1, 0]], np.float32), 1.0),
    (np.array([[-1], [1], [0]], np.float32), 1.0),
    (np.array([[1, -2, 1]], np.float32), 2.0),
    (np.array([[1], [-2], [1]], np.float32), 2.0),
    (np.array([[-1, 2, -1], [2, -4, 2], [-1, 2, -1]], np.float32), 4.0),
)


class ResidualExtractor:
    """An `Extractor` without weights. Pictures of fewer than TILE px a side are mirrored on."""

    label = "Residual"

    @property
    def fingerprint(self) -> Fingerprint:
        size = self.maps([np.zeros((TILE, TILE, 3), np.uint8)])[0].shape[0]
        return Fingerprint(
            extractor="residual statistics", weights_sha256="", resize="none", input_px=TILE, dtype="float32",
            dimensions=size,
        )  # fmt: skip

    def extract(self, pictures: Sequence[U8]) -> tuple[F32, F32 | None]:
        """Pictures (H, W, 3) uint8 to (n, D) float32; no probabilities."""
        return np.stack([one.mean((1, 2)) for one in self.maps(pictures)]), None

    def maps(self, pictures: Sequence[U8]) -> list[F32]:
        """The vectors of each picture's tiles, (D, rows, columns) float32; their mean is the picture's vector."""
        return [_tiles(picture) for picture in pictures]


def _tiles(picture: U8) -> F32:
    height, width = picture.shape[:2]
    if min(height, width) < TILE:
        missing = [(0, max(0, TILE - length)) for length in (height, width)]
        return _tiles(np.pad(picture, (*missing, (0, 0)), "symmetric"))
    ys, xs = _starts(height), _starts(width)
    corners = [(y, x) for y in ys for x in xs]
    stack = np.stack([picture[y : y + TILE, x : x + TILE] for y, x in corners]).astype(np.float32)
    green = stack[..., 1]
    parts = [_cooccurrences(picture[..., 1].astype(np.float32), corners), _spectrum(green), _blocks(green)]
    vectors = np.concatenate([*parts, _colour(stack)], axis=1)
    return np.ascontiguousarray(vectors.T.reshape(-1, len(ys), len(xs)), np.float32)


def _starts(length: int) -> list[int]:
    count = min(ACROSS, 1 + (length - TILE) // STEP)
    return [int(start) for start in np.linspace(0, length - TILE, count).round()]


def _cooccurrences(green: F32, corners: Sequence[tuple[int, int]]) -> F64:
    """(tiles, 2 steps x filters x 2 directions x joined cells)."""
    columns = []
    for kernel, own in FILTERS:
        residual = cv2.filter2D(green, -1, kernel, borderType=cv2.BORDER_REFLECT)
        for step in STEPS:
            level = np.clip(np.rint(residual / (own * step)), -REACH, REACH).astype(np.int64) + REACH
            for dy, dx in ((0, 1), (1, 0)):
                pair = level[: level.shape[0] - dy, : level.shape[1] - dx] * CELLS + level[dy:, dx:]
                joined = _joined()[pair]
                columns.append(_shares(joined, corners, TILE - dy, TILE - dx))
    return np.concatenate(columns, axis=1)


def _shares(cells: I64, corners: Sequence[tuple[int, int]], height: int, width: int) -> F64:
    count = int(_joined().max()) + 1
    rows = [np.bincount(cells[y : y + height, x : x + width].ravel(), minlength=count) for y, x in corners]
    return np.asarray(np.sqrt(np.stack(rows) / (height * width)))


@cache
def _joined() -> I64:
    """Cell of each ordered pair of levels: (a, b), (b, a), (-a, -b) and (-b, -a) are one."""
    names: dict[tuple[int, int], int] = {}
    cells = np.zeros(CELLS * CELLS, np.int64)
    for a in range(-REACH, REACH + 1):
        for b in range(-REACH, REACH + 1):
            name = min((a, b), (b, a), (-a, -b), (-b, -a))
            cells[(a + REACH) * CELLS + b + REACH] = names.setdefault(name, len(names))
    return cells


@cache
def _rings() -> I64:
    """Ring of each coefficient of a tile's half spectrum; -1 for the mean and beyond the last."""
    fy, fx = np.fft.fftfreq(TILE)[:, None], np.fft.rfftfreq(TILE)[None]
    ring = np.ceil(np.hypot(fy, fx) / 0.5 * BANDS).astype(np.int64) - 1
    return np.where(ring >= BANDS, -1, ring)


def _spectrum(green: F32) -> F64:
    """(tiles, BANDS)."""
    window = np.hanning(TILE + 2)[1:-1]
    power = np.abs(np.fft.rfft2((green - green.mean((1, 2), keepdims=True)) * window[:, None] * window)) ** 2
    ring = _rings()
    bands = np.stack([np.log(power[:, ring == band].mean(1) + 1.0) for band in range(BANDS)], axis=1)
    return np.asarray(bands - bands.mean(1, keepdims=True))


def _blocks(green: F32) -> F64:
    """(tiles, 2 x 3): JPEG codes blocks of 8 px, whose borders jump."""
    found = []
    for axis in (2, 1):
        jumps = np.abs(np.diff(green, axis=axis, append=np.take(green, [-1], axis=axis))).mean(3 - axis)
        wave = np.abs(np.fft.rfft(jumps - jumps.mean(1, keepdims=True), axis=1))
        periods = wave[:, [TILE // 8, TILE // 4, 3 * TILE // 8]]
        found.append(np.log((periods + 1) / (jumps.sum(1, keepdims=True) + 1)))
    return np.concatenate(found, axis=1)


def _colour(stack: F32) -> F64:
    """(tiles, 2)."""
    green = _energy(stack[..., 1])
    return np.stack([np.log(_energy(stack[..., c] - stack[..., 1]) / green) for c in (0, 2)], axis=1)


def _energy(tiles: F32) -> F64:
    return np.asarray((np.diff(tiles, axis=2) ** 2).mean((1, 2), dtype=np.float64) + 0.1)
