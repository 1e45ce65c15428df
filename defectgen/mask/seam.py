"""Seams: long lines in a picture, borders between two areas or joints between bricks, found from the picture alone.

Both are ridges of a strength map: for borders the response of long oriented gradients in tone and in texture, for
joints that of long oriented bars (oriented filters after Freeman and Adelson 1991). A border is followed from a strong
place to both sides and then drawn to the pixel by dynamic programming; along joints a least-cost path is taken
(Dijkstra 1959).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates, uniform_filter1d

from defectgen.mask.path import Path

__all__ = ["Seams", "find_borders", "find_joints", "follow_border", "follow_joint"]

Mask = NDArray[np.bool_]
F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
WORK_PX = 256
TURNS = 12
CONTRAST_BORDER, CONTRAST_JOINT = 2.8, 4.0
STARTS = 8
LEAST_REACH, STRAIGHT = 0.75, 0.85
SNAP_PX = 7


@dataclass(frozen=True)
class Seams:
    """strength: (h, w) float32, 0 to about 1, at `scale` times the picture's size. turn: (h, w), radians
    counter-clockwise, the direction along the line. part: (h, w), where a line may run. grey: the picture."""

    strength: F32
    turn: F32
    part: Mask
    scale: float
    grey: F32


@lru_cache(maxsize=64)
def _kernel(turn: int, across: float, along: float, order: int) -> F32:
    """An oriented filter: a Gaussian `along`, a derivative of the given order `across`; unit absolute sum."""
    reach = int(np.ceil(2.5 * max(along, across)))
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1].astype(np.float64)
    angle = np.pi * turn / TURNS
    u, v = x * np.cos(angle) - y * np.sin(angle), -x * np.sin(angle) - y * np.cos(angle)
    bell = np.exp(-0.5 * (u / along) ** 2 - 0.5 * (v / across) ** 2)
    shape = v / across if order == 1 else 1 - (v / across) ** 2
    kernel = bell * shape
    kernel -= kernel.mean() if order == 2 else 0
    return np.asarray(kernel / np.abs(kernel).sum(), np.float32)


def _oriented(picture: F32, across: float, along: float, order: int) -> F32:
    """Responses of all directions, (TURNS, h, w)."""
    border = cv2.BORDER_REFLECT
    return np.stack([
        cv2.filter2D(picture, cv2.CV_32F, _kernel(k, across, along, order), borderType=border) for k in range(TURNS)
    ])  # fmt: skip


def _small(grey: NDArray[np.generic], part: Mask) -> tuple[F32, Mask, float]:
    scale = min(1.0, WORK_PX / max(grey.shape))
    size = (max(8, round(grey.shape[1] * scale)), max(8, round(grey.shape[0] * scale)))
    small = cv2.resize(np.asarray(grey, np.float32), size, interpolation=cv2.INTER_AREA)
    inside = cv2.resize(part.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0
    return np.asarray(small, np.float32), inside, scale


def _seams(strength: F32, grey: NDArray[np.generic], part: Mask, scale: float, contrast: float) -> Seams | None:
    """The strongest direction at each pixel; None where nothing on the part stands out from the picture's texture."""
    best = strength.argmax(axis=0)
    top = strength.max(axis=0)
    inside = cv2.erode(part.astype(np.uint8), np.ones((5, 5), np.uint8), borderValue=1) > 0
    if inside.sum() < 64:
        return None
    high, usual = np.quantile(top[inside], 0.985), np.quantile(top, 0.5)
    if high < contrast * max(usual, 1e-6):
        return None
    turn = (np.pi * best / TURNS).astype(np.float32)
    return Seams(np.clip(top / high, 0, 1.2).astype(np.float32), turn, inside, scale, np.asarray(grey, np.float32))


def find_borders(grey: NDArray[np.generic], part: Mask) -> Seams | None:
    """Borders between areas of unlike tone or texture."""
    small, inside, scale = _small(grey, part)
    rough = cv2.GaussianBlur((small - cv2.GaussianBlur(small, (0, 0), 2.5)) ** 2, (0, 0), 4.0)
    texture = 12 * np.log(rough + 4.0)
    along = 0.07 * min(small.shape)
    layers = [np.abs(_oriented(layer, 3.5, along, 1)) for layer in (small, texture.astype(np.float32))]
    return _seams(np.asarray(layers[0] + layers[1], np.float32), grey, inside, scale, CONTRAST_BORDER)


def find_joints(grey: NDArray[np.generic], part: Mask) -> Seams | None:
    """Joints: long bars lighter or darker than what they part."""
    small, inside, scale = _small(grey, part)
    best: tuple[float, F32] | None = None
    layers = [_oriented(small, width, 0.035 * min(small.shape), 2) for width in (1.6, 2.8)]
    for sign in (1.0, -1.0):
        strength = np.maximum(np.max([sign * one for one in layers], axis=0), 0).astype(np.float32)
        top = strength.max(axis=0)[inside]
        ratio = float(np.quantile(top, 0.95) / max(np.quantile(top, 0.5), 1e-6)) if top.size else 0.0
        if best is None or ratio > best[0]:
            best = (ratio, strength)
    assert best is not None
    return _seams(best[1], grey, inside, scale, CONTRAST_JOINT)


def follow_border(seams: Seams, spots: Mask, rng: np.random.Generator) -> Path | None:
    """A border through a strong place of `spots`, (H, W) of the picture, followed to both sides.

    Of a few random ones the strongest and longest: what crosses the part outdoes what merely textures it.
    """
    h, w = seams.strength.shape
    wanted = cv2.resize(spots.astype(np.uint8), (w, h), interpolation=cv2.INTER_NEAREST) > 0
    weight = np.where(wanted & seams.part & (seams.strength > 0.5), seams.strength, 0).ravel() ** 2
    if weight.sum() <= 0:
        return None
    best: tuple[float, F64] | None = None
    for start in rng.choice(len(weight), STARTS, p=weight / weight.sum()):
        points = _traced(seams, int(start))
        x, y = np.rint(points.T).astype(int)
        reach = float(np.hypot(*(points[-1] - points[0])))
        worth = reach**2 * float(seams.strength[y, x].mean())
        straight = reach / max(len(points) - 1, 1)
        if straight >= STRAIGHT and reach >= LEAST_REACH * min(h, w) and (best is None or worth > best[0]):
            best = (worth, points)
    if best is None:
        return None
    smooth = uniform_filter1d(best[1], 7, axis=0, mode="nearest")
    return _snapped(Path((smooth + 0.5) / seams.scale - 0.5), seams)


def _traced(seams: Seams, start: int) -> F64:
    """The ridge through one pixel, (n, 2)."""
    y, x = divmod(start, seams.strength.shape[1])
    heading = float(seams.turn[y, x])
    back = _walk(seams, (float(x), float(y)), heading + np.pi)
    ahead = _walk(seams, (float(x), float(y)), heading)
    return np.concatenate([back[::-1], ahead[1:]])


def _walk(seams: Seams, start: tuple[float, float], heading: float) -> F64:
    """Steps along the ridge from one place, until it fades or leaves the part."""
    h, w = seams.strength.shape
    x, y = start
    points = [(x, y)]
    sides = np.arange(-2, 3, dtype=np.float64)
    for _ in range(3 * WORK_PX):
        x, y = x + np.cos(heading), y - np.sin(heading)
        across = np.array([-np.sin(heading), -np.cos(heading)])
        xs, ys = np.rint(x + sides * across[0]).astype(int), np.rint(y + sides * across[1]).astype(int)
        if xs.min() < 0 or ys.min() < 0 or xs.max() >= w or ys.max() >= h:
            break
        side = int(np.argmax(seams.strength[ys, xs] - 0.02 * np.abs(sides)))
        at = (ys[side], xs[side])
        if seams.strength[at] < 0.3 or not seams.part[at]:
            break
        x, y = x + 0.5 * sides[side] * across[0], y + 0.5 * sides[side] * across[1]
        turn = float(seams.turn[at])
        turn += np.pi * round((heading - turn) / np.pi)
        heading += float(np.clip(turn - heading, -0.12, 0.12))
        points.append((x, y))
    return np.array(points)


def _snapped(path: Path, seams: Seams) -> Path:
    """The path moved across itself by a few pixels, onto the steepest line at full size."""
    points, _, turn = path.dense()
    points, turn = points[::2], turn[::2]
    normal = np.stack([-np.sin(turn), -np.cos(turn)], axis=1)
    reach = SNAP_PX * max(1.0, min(seams.grey.shape) / 512)
    shift = np.linspace(-reach, reach, 2 * SNAP_PX + 1)
    fine = cv2.GaussianBlur(seams.grey, (0, 0), 1.5)
    spots = points[:, None] + shift[None, :, None] * normal[:, None]
    tone = map_coordinates(fine, [spots[..., 1], spots[..., 0]], order=1, mode="nearest")
    steep = np.abs(np.gradient(tone, axis=1))
    steep = uniform_filter1d(steep, 5, axis=0) / max(float(np.quantile(steep, 0.95)), 1e-6)
    chosen = _least(0.35 * np.abs(shift / reach)[None] - np.minimum(steep, 1.5))
    moved = uniform_filter1d(shift[chosen], 9, mode="nearest")
    return Path(points + moved[:, None] * normal)


def _least(cost: F64) -> NDArray[np.intp]:
    """Columns of the cheapest way down a table (n, k) whose neighbours differ by at most one."""
    n, k = cost.shape
    total, came = cost.copy(), np.zeros((n, k), np.intp)
    for row in range(1, n):
        padded = np.pad(total[row - 1], 1, constant_values=np.inf)
        options = np.stack([padded[:-2], padded[1:-1] - 0.02, padded[2:]])
        pick = options.argmin(axis=0)
        came[row] = np.arange(k) + pick - 1
        total[row] += options.min(axis=0)
    out = np.zeros(n, np.intp)
    out[-1] = int(total[-1].argmin())
    for row in range(n - 1, 0, -1):
        out[row - 1] = came[row, out[row]]
    return out


def follow_joint(seams: Seams, spots: Mask, extent: float, rng: np.random.Generator) -> Path | None:
    """The cheapest way along joints between two places about `extent` pixels apart, one of them among `spots`."""
    from skimage.graph import MCP_Geometric

    h, w = seams.strength.shape
    wanted = cv2.resize(spots.astype(np.uint8), (w, h), interpolation=cv2.INTER_NEAREST) > 0
    strong = seams.part & (seams.strength > 0.6)
    starts = np.flatnonzero(strong & wanted)
    if not len(starts):
        return None
    y, x = divmod(int(starts[rng.integers(len(starts))]), w)
    cost = np.where(seams.part, 1 / (0.04 + np.clip(seams.strength, 0, 1) ** 2), -1)
    walk = MCP_Geometric(cost)
    total, _ = walk.find_costs([(y, x)])
    ys, xs = np.nonzero(strong)
    apart = np.hypot(xs - x, ys - y)
    asked = extent * seams.scale
    ends = np.flatnonzero((np.abs(apart / asked - 1) < 0.08) & np.isfinite(total[ys, xs]))
    if not len(ends):
        return None
    # Steps are wanted: ways that turn are liked better than straight ones, all on joints.
    slant = np.abs(np.sin(2 * np.arctan2(ys[ends] - y, xs[ends] - x)))
    worth = slant**2 / (total[ys[ends], xs[ends]] / apart[ends]) ** 2 + 1e-9
    end = int(ends[rng.choice(len(ends), p=worth / worth.sum())])
    points = np.array(walk.traceback((ys[end], xs[end])), np.float64)[:, ::-1]
    smooth = uniform_filter1d(points, 3, axis=0, mode="nearest")
    return Path((smooth + 0.5) / seams.scale - 0.5)
