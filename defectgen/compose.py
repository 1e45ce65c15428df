"""Window in, window out: cutting the engine's view of a picture and putting its edit back.

What an engine changed, edited - good, is a residual. It alone is scaled to the picture's resolution and added to the
untouched pixels: texture and sensor noise under the defect stay sharp, and where the weight is 0 not a bit changes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from defectgen.band import BAND_PX, blend_weight, grow
from defectgen.image import Pixels, apply_edit, to_rgb
from defectgen.mask.placement import Instance
from defectgen.mask.shape import Shape
from defectgen.mask.transform import crop_shape, merge_shapes, resize_shape
from defectgen.noise import match_noise
from defectgen.source import Box
from defectgen.window_plan import Group

__all__ = ["Composed", "band_px_of", "coverage", "cut_good", "cut_shape", "paste"]

F32 = NDArray[np.float32]
Mask = NDArray[np.bool_]

MAX_BAND_PX = 6
SHARPEN_LIMIT = 2.5  # of a hairline's contrast that scaling down had spread out
SEAM = 0.25  # share of a tile's side over which it cross-fades into its neighbours
RING_PX = 12  # the surround that noise is compared with


@dataclass(frozen=True)
class Composed:
    """A picture with its edit.

    pixels: as the good picture's, (H, W, C). band_px: width of the widest blend band used.
    """

    pixels: Pixels
    band_px: int


def cut_good(pixels: Pixels, tile: Box, window_px: int) -> F32:
    """(window_px, window_px, 3) in [0, 1] of stored pixels; mirrored where the tile reaches beyond them."""
    rows = _mirrored(tile[1], tile[3], pixels.shape[0])
    columns = _mirrored(tile[0], tile[2], pixels.shape[1])
    return _resize(to_rgb(pixels[rows[:, None], columns[None, :]]), window_px)


def _mirrored(start: int, stop: int, length: int) -> NDArray[np.int64]:
    """Indices start..stop folded into 0..length - 1, border pixels not repeated."""
    period = max(1, 2 * (length - 1))
    folded = np.arange(start, stop) % period
    return np.asarray(np.where(folded < length, folded, period - folded), np.int64)


def _resize(image: F32, side: int) -> F32:
    if image.shape[0] == side:
        return image
    mode = cv2.INTER_AREA if side < image.shape[0] else cv2.INTER_CUBIC
    return np.asarray(np.clip(cv2.resize(image, (side, side), interpolation=mode), 0, 1), np.float32)


def cut_shape(instances: Sequence[Instance], group: Group, tile: Box, window_px: int) -> Shape:
    """The group's defects as the window shows them."""
    return resize_shape(_merged(instances, group, tile), window_px)


def _merged(instances: Sequence[Instance], group: Group, box: Box) -> Shape:
    parts = []
    for index in group.members:
        x, y = instances[index].box[:2]
        parts.append(crop_shape(instances[index].shape, (box[0] - x, box[1] - y, box[2] - x, box[3] - y)))
    return merge_shapes(parts)


def coverage(instances: Sequence[Instance], hw: tuple[int, int]) -> F32:
    """Prescribed alpha of all instances on the whole picture, (H, W)."""
    alpha = np.zeros(hw, np.float32)
    for one in instances:
        x0, y0, x1, y1 = one.box
        left, top, right, bottom = max(x0, 0), max(y0, 0), min(x1, hw[1]), min(y1, hw[0])
        if left < right and top < bottom:
            here = alpha[top:bottom, left:right]
            np.maximum(here, one.shape.alpha[top - y0 : bottom - y0, left - x0 : right - x0], out=here)
    return alpha


def band_px_of(group: Group) -> int:
    """Width of the blend band: BAND_PX window pixels, in pixels of the picture."""
    return int(np.clip(round(BAND_PX * group.zoom), BAND_PX, MAX_BAND_PX))


def paste(
    pixels: Pixels,
    instances: Sequence[Instance],
    groups: Sequence[Group],
    goods: Sequence[Sequence[F32]],
    edits: Sequence[Sequence[F32]],
    rng: np.random.Generator,
) -> Composed:
    """Put the edits of all groups into the picture.

    goods, edits: for each group the windows of its tiles, as `cut_good` gave them and as the engine gave them back.
    """
    out = pixels
    for group, good, edit in zip(groups, goods, edits, strict=True):
        box = _clip(_hull(group.tiles), pixels.shape[:2])
        view = (slice(box[1], box[3]), slice(box[0], box[2]))
        residual = _residual(group, box, [b - a for a, b in zip(good, edit, strict=True)])
        alpha = _merged(instances, group, box).alpha
        edited = _blend(to_rgb(pixels[view]), residual, alpha, group, rng)
        support = (blend_weight(alpha, band_px_of(group)) > 0).astype(np.float32)
        changed = out.copy() if out is pixels else out
        changed[view] = apply_edit(changed[view], edited, support)
        out = changed
    return Composed(out, max(band_px_of(group) for group in groups))


def _blend(good: F32, residual: F32, alpha: F32, group: Group, rng: np.random.Generator) -> F32:
    weight = blend_weight(alpha, band_px_of(group))
    if group.zoom > 1:
        residual = _sharpen(residual, alpha, group.zoom)
    edited = np.asarray(good + weight[..., None] * residual, np.float32)
    mask = alpha >= 0.5
    ring = grow(mask, RING_PX) & (weight == 0)
    edited = match_noise(edited, good, weight >= 1, ring, weight, rng)
    return np.clip(edited, 0, 1)


def _sharpen(residual: F32, alpha: F32, zoom: float) -> F32:
    """Give thin parts back the contrast that scaling down had spread over their neighbourhood."""
    height, width = alpha.shape
    low = cv2.resize(alpha, (max(1, round(width / zoom)), max(1, round(height / zoom))), interpolation=cv2.INTER_AREA)
    seen = cv2.resize(low, (width, height), interpolation=cv2.INTER_LINEAR)
    gain = np.clip(1 / np.maximum(seen, 0.1), 1, SHARPEN_LIMIT)
    return np.asarray(residual * np.where(alpha >= 0.5, gain, 1)[..., None], np.float32)


def _hull(tiles: Sequence[Box]) -> Box:
    corners = np.array(tiles)
    low, high = corners[:, :2].min(axis=0), corners[:, 2:].max(axis=0)
    return int(low[0]), int(low[1]), int(high[0]), int(high[1])


def _clip(box: Box, hw: tuple[int, ...]) -> Box:
    return max(box[0], 0), max(box[1], 0), min(box[2], hw[1]), min(box[3], hw[0])


def _residual(group: Group, box: Box, windows: Sequence[F32]) -> F32:
    """Residual of all tiles at the picture's resolution on `box`, tiles cross-faded where they overlap."""
    total = np.zeros((box[3] - box[1], box[2] - box[0], 3), np.float32)
    share = np.zeros(total.shape[:2], np.float32)
    for tile, window in zip(group.tiles, windows, strict=True):
        side = tile[2] - tile[0]
        scaled = window
        if side != window.shape[0]:
            mode = cv2.INTER_CUBIC if side > window.shape[0] else cv2.INTER_AREA
            scaled = np.asarray(cv2.resize(window, (side, side), interpolation=mode), np.float32)
        tent = _tent(side)
        inner = _clip(tile, (box[3], box[2]))
        inner = max(inner[0], box[0]), max(inner[1], box[1]), inner[2], inner[3]
        source = (slice(inner[1] - tile[1], inner[3] - tile[1]), slice(inner[0] - tile[0], inner[2] - tile[0]))
        target = (slice(inner[1] - box[1], inner[3] - box[1]), slice(inner[0] - box[0], inner[2] - box[0]))
        total[target] += scaled[source] * tent[source][..., None]
        share[target] += tent[source]
    return np.asarray(total / np.maximum(share, 1e-6)[..., None], np.float32)


def _tent(side: int) -> F32:
    """(side, side) weight that falls towards the border and never reaches 0."""
    distance = np.minimum(np.arange(side), np.arange(side)[::-1]) + 0.5
    ramp = np.minimum(distance / (SEAM * side), 1)
    return np.asarray(ramp[:, None] * ramp[None, :], np.float32)
