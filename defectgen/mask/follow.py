"""Following: defects laid on what a picture shows, tracks, gaps, print, borders, joints and round parts.

A follower is made once for a picture and then asked for one defect after another. It returns None where the picture
shows nothing to follow; the caller then places the defect as if it followed nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from defectgen.mask.bodies import Bodies, Gap, find_bodies, gaps, line_spots
from defectgen.mask.draw import MIN_LENGTH_PX, draw_shape, shape_extent
from defectgen.mask.path import Path, arc, bend, straight_length, stretch_of
from defectgen.mask.region import region_mask, region_words
from defectgen.mask.ring import Round, find_rounds
from defectgen.mask.room import Room
from defectgen.mask.seam import Seams, find_borders, find_joints, follow_border, follow_joint
from defectgen.mask.shape import Shape
from defectgen.mask.transform import crop_shape
from defectgen.recipe import Follow, Morphology

__all__ = ["Follower", "Laid", "Order", "find_follower"]

Mask = NDArray[np.bool_]
F32 = NDArray[np.float32]
Box = tuple[int, int, int, int]
SUPPORT = 0.02
MARGIN_PX = 3
KEPT, KEPT_RING = 0.8, 0.3
LEAST_PX = 6
SLACK = 0.15


@dataclass(frozen=True)
class Order:
    """What is asked of one defect: its shape, the range of its extent and the extent wished for, in pixels, and the
    words of its region."""

    morphology: Morphology
    size_px: tuple[float, float]
    length: float
    region: str


@dataclass(frozen=True)
class Laid:
    """A shape, its box in the picture, and the direction of its main axis (radians counter-clockwise)."""

    shape: Shape
    box: Box
    angle: float


Follower = Callable[[Order, Room, np.random.Generator], Laid | None]


def find_follower(follow: Follow, grey: NDArray[np.generic] | None, part: Mask,
                  rng: np.random.Generator) -> Follower | None:  # fmt: skip
    """The follower of one picture, (h, w) of any scale; None where it shows nothing of the kind."""
    if follow == "ring":
        rounds = find_rounds(part)
        return lambda order, room, rng: _on_ring(rounds, part, order, room, rng)
    if grey is None or follow == "none":
        return None
    if follow in ("edge", "joint"):
        seams = find_borders(grey, part) if follow == "edge" else find_joints(grey, part)
        if seams is None:
            return None
        lay = _on_border if follow == "edge" else _on_joint
        return lambda order, room, rng: lay(seams, part, order, room, rng)
    bodies = find_bodies(grey, part)
    if bodies is None:
        return None
    if follow == "fringe":
        fringe = _fringe(bodies, np.asarray(grey, np.float32), part, rng)
        return lambda order, room, rng: _on_fringe(fringe, part, order, room, rng)
    if follow == "gap":
        return lambda order, room, rng: _in_gap(bodies, part, order, room, rng)
    return lambda order, room, rng: _on_track(bodies, part, order, room, rng)


def _spots(order: Order, part: Mask, allowed: Mask) -> Mask:
    """Allowed pixels of the region's words; "edge" and "centre" rank among them."""
    return region_mask(order.region, part, allowed)


def _laid(shape: Shape, box: Box, angle: float, order: Order, room: Room, kept: float) -> Laid | None:
    """The shape cut to the free room and cropped; None where too little is left or its extent is not as asked."""
    free = room.free
    x0, y0, x1, y1 = max(box[0], 0), max(box[1], 0), min(box[2], free.shape[1]), min(box[3], free.shape[0])
    if x1 <= x0 or y1 <= y0:
        return None
    inner = crop_shape(shape, (x0 - box[0], y0 - box[1], x1 - box[0], y1 - box[1]))
    here = free[y0:y1, x0:x1]
    alpha = np.asarray(inner.alpha * here, np.float32)
    mask = alpha >= 0.5
    if mask.sum() < max(LEAST_PX, kept * float((shape.alpha >= 0.5).sum())):
        return None
    low, high = order.size_px
    if not (1 - SLACK) * low - 1 <= shape_extent(mask) <= (1 + SLACK) * high:
        return None
    rows, cols = np.flatnonzero((alpha > 0).any(axis=1)), np.flatnonzero((alpha > 0).any(axis=0))
    a, b = max(int(rows[0]) - MARGIN_PX, 0), min(int(rows[-1]) + 1 + MARGIN_PX, y1 - y0)
    c, d = max(int(cols[0]) - MARGIN_PX, 0), min(int(cols[-1]) + 1 + MARGIN_PX, x1 - x0)
    cut = Shape(alpha, inner.profile * here, inner.tangent, inner.half_width * here)
    return Laid(crop_shape(cut, (c, a, d, b)), (x0 + c, y0 + a, x0 + d, y0 + b), angle)


def _box_at(shape: Shape, centre: tuple[float, float]) -> Box:
    h, w = shape.alpha.shape
    x0, y0 = round(centre[0] - (w - 1) / 2), round(centre[1] - (h - 1) / 2)
    return x0, y0, x0 + w, y0 + h


def _bent(path: Path, order: Order, room: Room, rng: np.random.Generator) -> Laid | None:
    straight = draw_shape(order.morphology, max(straight_length(path), MIN_LENGTH_PX), 0.0, rng)
    shape, box = bend(straight, path)
    step = path.points[-1] - path.points[0]
    return _laid(shape, box, float(np.arctan2(-step[1], step[0])), order, room, KEPT)


def _on_border(seams: Seams, part: Mask, order: Order, room: Room, rng: np.random.Generator) -> Laid | None:
    path = follow_border(seams, _spots(order, part, room.free), rng)
    piece = stretch_of(path, 0.94 * order.length, rng) if path is not None else None
    return _bent(piece, order, room, rng) if piece is not None else None


def _on_joint(seams: Seams, part: Mask, order: Order, room: Room, rng: np.random.Generator) -> Laid | None:
    path = follow_joint(seams, _spots(order, part, room.free), 0.94 * order.length, rng)
    return _bent(path, order, room, rng) if path is not None and len(path.points) > 3 else None


def _on_ring(rounds: list[Round], part: Mask, order: Order, room: Room, rng: np.random.Generator) -> Laid | None:
    """Round a body of the part: at its rim, or half-way between its hole and its rim."""
    at_rim = "edge" in region_words(order.region)
    if not rounds and not at_rim:
        return None
    one = rounds[int(rng.integers(len(rounds)))] if rounds else _beyond(part, rng)
    radius = 0.93 * one.outer if at_rim else 0.5 * (one.outer + (one.inner or 0.3 * one.outer))
    full = order.length >= 1.85 * radius
    sweep = 2 * np.pi if full else 2 * float(np.arcsin(min(0.5 * order.length / radius, 1.0)))
    start = _visible_start(one, radius, sweep, room.free, rng)
    if start is None:
        return None
    path = arc(one.centre, radius, start, sweep)
    straight = draw_shape(order.morphology, max(straight_length(path), MIN_LENGTH_PX), 0.0, rng)
    if at_rim:
        path = arc(one.centre, max(one.outer - straight.alpha.shape[0] / 2, 0.5 * one.outer), start, sweep)
    shape, box = bend(straight, path)
    return _laid(shape, box, start + sweep / 2 + np.pi / 2, order, room, KEPT_RING if full else KEPT)


def _beyond(part: Mask, rng: np.random.Generator) -> Round:
    """A round part of which the picture shows less than its rim: a close-up near that."""
    h, w = part.shape
    turn, radius = rng.uniform(0, 2 * np.pi), max(h, w) * rng.uniform(1.0, 1.4)
    off = radius - 0.4 * min(h, w)
    return Round((w / 2 + off * float(np.cos(turn)), h / 2 - off * float(np.sin(turn))), radius, 0.0)


def _visible_start(one: Round, radius: float, sweep: float, free: Mask, rng: np.random.Generator) -> float | None:
    """A random start from which the arc lies in the free room; any for a full turn, None where there is none."""
    if sweep >= 2 * np.pi:
        return float(rng.uniform(0, 2 * np.pi))
    starts = rng.uniform(0, 2 * np.pi, 64)
    angle = starts[:, None] + sweep * np.linspace(0, 1, 24)
    x = np.rint(one.centre[0] + radius * np.cos(angle)).astype(int)
    y = np.rint(one.centre[1] - radius * np.sin(angle)).astype(int)
    seen = (x >= 0) & (y >= 0) & (x < free.shape[1]) & (y < free.shape[0])
    clear = seen & free[np.where(seen, y, 0), np.where(seen, x, 0)]
    good = np.flatnonzero(clear.mean(axis=1) > 0.95)
    return float(starts[good[0]]) if len(good) else None


def _in_gap(bodies: Bodies, part: Mask, order: Order, room: Room, rng: np.random.Generator) -> Laid | None:
    """From one body over the ground to the next, with a foot on each."""
    low, high = order.size_px
    found = gaps(bodies, (max((low - 6) / 2.6, 1.5), max((high - 4) / 1.5, 2.0)), part)
    spots = _spots(order, part, room.free)
    found = [one for one in found if spots[tuple(np.rint(one.ends.mean(axis=0)).astype(int)[::-1])]]
    if not found:
        return None
    one = found[int(rng.choice(len(found), p=_worth(found, bodies)))]
    length = float(np.clip(order.length, 1.5 * one.width + 4, 2.6 * one.width + 6))
    step = one.ends[1] - one.ends[0]
    angle = float(np.arctan2(-step[1], step[0]))
    shape = draw_shape(order.morphology, float(np.clip(length, max(low, MIN_LENGTH_PX), high)), angle, rng)
    middle = one.ends.mean(axis=0)
    return _laid(shape, _box_at(shape, (float(middle[0]), float(middle[1]))), angle, order, room, 0.95)


def _worth(found: list[Gap], bodies: Bodies) -> NDArray[np.float64]:
    """How likely each gap is taken: stout bodies and narrow gaps before others."""
    depth = cv2.distanceTransform(bodies.mask.astype(np.uint8), cv2.DIST_L2, 5)
    stout = np.zeros(int(bodies.labels.max()) + 1)
    np.maximum.at(stout, bodies.labels.ravel(), np.asarray(depth, np.float64).ravel())
    worth = np.array([min(stout[one.pair[0]], stout[one.pair[1]]) ** 4 / one.width for one in found])
    return np.asarray(worth / worth.sum())


def _on_track(bodies: Bodies, part: Mask, order: Order, room: Room, rng: np.random.Generator) -> Laid | None:
    """A piece of one line, over its whole width and no more."""
    spots, half = line_spots(bodies)
    inside = _spots(order, part, room.free)
    keep = inside[spots[:, 1], spots[:, 0]] if len(spots) else np.zeros(0, bool)
    spots, half = spots[keep], half[keep]
    if not len(spots):
        return None
    pick = int(rng.integers(len(spots)))
    x, y = (int(v) for v in spots[pick])
    number, width = bodies.labels[y, x], 2 * float(half[pick])
    reach = max(10.0, 2 * width, 0.75 * order.length)
    near = spots[np.hypot(*(spots - [x, y]).T) < reach]
    near = near[bodies.labels[near[:, 1], near[:, 0]] == number] - np.array([x, y])
    axis = np.linalg.eigh(near.T @ near)[1][:, 1]
    along = near @ axis
    # A break needs track on both of its sides.
    if min(-along.min(), along.max()) < 0.7 * reach:
        return None
    angle = float(np.arctan2(-axis[1], axis[0]))
    if order.length < 2.4 * (width + 2):
        angle += np.pi / 2
    shape = draw_shape(order.morphology, max(order.length, width + 5, MIN_LENGTH_PX), angle, rng)
    body = cv2.dilate((bodies.labels == number).astype(np.uint8), np.ones((3, 3), np.uint8))
    soft = np.asarray(cv2.GaussianBlur(body.astype(np.float32), (0, 0), 0.6), np.float32)
    return _masked(shape, (x, y), soft, angle, order, room)


def _masked(shape: Shape, centre: tuple[int, int], cover: F32, angle: float, order: Order,
            room: Room) -> Laid | None:  # fmt: skip
    """The shape at its place, only where the picture's own map covers it."""
    box = _box_at(shape, centre)
    h, w = cover.shape
    x0, y0, x1, y1 = max(box[0], 0), max(box[1], 0), min(box[2], w), min(box[3], h)
    inner = crop_shape(shape, (x0 - box[0], y0 - box[1], x1 - box[0], y1 - box[1]))
    under = cover[y0:y1, x0:x1]
    alpha = np.asarray(inner.alpha * under, np.float32)
    cut = replace(inner, alpha=alpha, profile=np.asarray(inner.profile * under, np.float32))
    return _laid(cut, (x0, y0, x1, y1), angle, order, room, KEPT)


def _fringe(bodies: Bodies, grey: F32, part: Mask, rng: np.random.Generator) -> F32:
    """Cover of the strip that bodies moved by a few pixels would print beside themselves, all to one side."""
    mask = bodies.mask.astype(np.float32)
    shift, turn = max(0.008 * min(grey.shape), 2.0) * rng.uniform(0.8, 1.4), rng.uniform(0, 2 * np.pi)
    move = np.array([[1, 0, shift * np.cos(turn)], [0, 1, -shift * np.sin(turn)]], np.float32)
    moved = cv2.warpAffine(mask, move, mask.shape[::-1], borderMode=cv2.BORDER_REPLICATE)
    # Where the tone changes slowly there is no printed border, whatever side of the threshold it is on.
    fine = cv2.GaussianBlur(grey, (0, 0), 1.0)
    steep = cv2.dilate(np.hypot(cv2.Sobel(fine, cv2.CV_32F, 1, 0), cv2.Sobel(fine, cv2.CV_32F, 0, 1)), np.ones((9, 9)))
    crisp = steep > 0.3 * np.quantile(steep[part], 0.985)
    return np.asarray(np.clip(moved - mask, 0, 1) * crisp * part, np.float32)


def _on_fringe(fringe: F32, part: Mask, order: Order, room: Room, rng: np.random.Generator) -> Laid | None:
    spots = np.flatnonzero(_spots(order, part, room.free & (fringe >= 0.5)))
    if not len(spots):
        return None
    y, x = divmod(int(spots[rng.integers(len(spots))]), fringe.shape[1])
    angle = float(rng.uniform(0, np.pi))
    shape = draw_shape(order.morphology, order.length, angle, rng)
    full = np.where(shape.alpha >= 0.5, np.float32(1), np.float32(0))
    whole = Shape(full, full, shape.tangent, np.full_like(full, max(0.004 * min(fringe.shape), 1.0)))
    return _masked(whole, (x, y), fringe, angle, order, room)
