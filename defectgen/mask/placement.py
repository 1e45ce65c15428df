"""Placement: where the defects of one picture lie on its part, how large they are and which way they run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from defectgen.errors import InputError
from defectgen.mask.draw import draw_shape
from defectgen.mask.follow import Follower, Order, find_follower
from defectgen.mask.frame import Sides, frame_box, reach_of, reaches
from defectgen.mask.grain import grain_direction
from defectgen.mask.region import region_mask, region_words
from defectgen.mask.room import Room, bite_centres, dilate, outline_direction
from defectgen.mask.shape import Shape
from defectgen.mask.transform import crop_shape, enlarge_shape, tight_shape
from defectgen.recipe import Defect, Morphology

__all__ = ["Instance", "Picked", "ShapeSource", "place_defects"]

Mask = NDArray[np.bool_]
Box = tuple[int, int, int, int]
class Picked(Protocol):
    """What the next defect is like. length: over the part's shorter side. angle: radians, or None for any.

    where: its place, as fractions of the part's box. sides: of the picture that cut it off.
    """

    @property
    def length(self) -> float: ...

    @property
    def angle(self) -> float | None: ...

    @property
    def where(self) -> tuple[float, float]: ...

    @property
    def sides(self) -> Sides: ...


class ShapeSource(Protocol):
    """Where shapes come from in place of the recipe; see `bank.MaskBank`."""

    def pick(self, rng: np.random.Generator) -> Any: ...

    def draw(
        self, picked: Any, morphology: Morphology, length_px: float, angle: float, rng: np.random.Generator
    ) -> Shape: ...


GrainFn = Callable[[Box], tuple[float, float]]
Grain = GrainFn | NDArray[np.generic] | None

MIN_LENGTH_PX = 8.0
SURE_GRAIN = 0.2
TRIES = 14
APART_PX = 3
SUPPORT = 0.02
NEAR = 0.12
LEAST_BANK_PX = 3.0
MOST_REACH = 2.5


@dataclass(frozen=True)
class Instance:
    """One placed defect.

    shape: maps of the size of `box`.
    box: x0, y0, x1, y1 in pixels of the picture, x1 and y1 exclusive.
    severity: [0, 1], from barely visible to gross.
    angle: radians counter-clockwise from the x axis, the direction of the main axis.
    """

    shape: Shape
    box: Box
    severity: float
    angle: float


@dataclass(frozen=True)
class _Wish:
    """What one defect of a picture asks for."""

    defect: Defect
    size_px: tuple[float, float]
    severity: tuple[float, float]
    orientation: float | None
    region: str
    grain: GrainFn | None
    box: Box | None
    follower: Follower | None = None
    source: ShapeSource | None = None
    picked: Picked | None = None

    def draw(self, length: float, angle: float, rng: np.random.Generator) -> Shape:
        """A shape of this length in pixels, from the bank where there is one."""
        if self.source is None or self.picked is None:
            return draw_shape(self.defect.morphology, length, angle, rng)
        return self.source.draw(self.picked, self.defect.morphology, length, angle, rng)

    def near(self, part: Mask, choices: Mask) -> Mask:
        """Of these places, those near the one that was picked; all of them where it has none."""
        if self.picked is None:
            return choices
        close = choices & _disc(part, self.picked.where)
        return close if close.any() else choices


def _disc(part: Mask, where: tuple[float, float]) -> Mask:
    """Places within NEAR of the part's shorter side around a place, fractions of the part's box."""
    x0, y0, x1, y1 = _bounds(part)
    x, y = x0 + where[0] * (x1 - x0), y0 + where[1] * (y1 - y0)
    rows, columns = np.ogrid[: part.shape[0], : part.shape[1]]
    reach = NEAR * min(x1 - x0, y1 - y0)
    return np.asarray((columns - x) ** 2 + (rows - y) ** 2 <= reach**2)


def _bounds(part: Mask) -> Box:
    rows, columns = np.flatnonzero(part.any(axis=1)), np.flatnonzero(part.any(axis=0))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def _grain_fn(grain: Grain) -> GrainFn | None:
    if grain is None or callable(grain):
        return grain
    picture = np.asarray(grain)
    return lambda box: grain_direction(picture, box)


def _allowed(hw: tuple[int, int], foreground: Mask, roi: Mask | None, box: Box | None) -> Mask:
    """Where a defect may lie; InputError says which of the three leaves no room."""
    if foreground.shape != hw:
        raise InputError(f"the foreground is {foreground.shape}, the picture {hw}; they must be the same size")
    if not foreground.any():
        raise InputError("the foreground is empty; there is no part to put a defect on")
    allowed = foreground.astype(bool)
    if roi is not None:
        if roi.shape != hw:
            raise InputError(f"the region of interest is {roi.shape}, the picture {hw}; they must be the same size")
        allowed = allowed & roi
        if not allowed.any():
            raise InputError("the region of interest does not touch the part; draw it on the part")
    if box is not None:
        x0, y0, x1, y1 = box
        if not (0 <= x0 < x1 <= hw[1] and 0 <= y0 < y1 <= hw[0]):
            raise InputError(f"box {box} does not lie in the picture of {hw[1]}x{hw[0]} px; use x0,y0,x1,y1")
        inside = np.zeros(hw, bool)
        inside[y0:y1, x0:x1] = True
        allowed = allowed & inside
        if not allowed.any():
            raise InputError(f"box {box} does not touch the part or its region of interest; move it")
    return allowed


def _size_px(part: Mask, size: tuple[float, float], box: Box | None) -> tuple[float, float]:
    """Range of lengths in pixels; a box sets its own."""
    if box is not None:
        longer = max(box[2] - box[0], box[3] - box[1])
        return max(0.65 * longer, 4.0), max(0.98 * longer, 4.0)
    x0, y0, x1, y1 = _bounds(part)
    shorter = min(x1 - x0, y1 - y0)
    return max(size[0] * shorter, MIN_LENGTH_PX), max(size[1] * shorter, MIN_LENGTH_PX)


def _angle(wish: _Wish, centre: tuple[int, int], length: float, rng: np.random.Generator) -> float:
    """The direction at a place: as asked, by the grain, along an elongated box, or any."""
    if wish.orientation is not None:
        return wish.orientation + float(rng.normal(0, 0.05))
    exact = wish.defect.morphology.kind == "weave"
    mode = wish.defect.placement.grain
    if wish.grain is not None and (mode != "free" or exact):
        reach = int(max(length / 2, 24))
        x, y = centre
        angle, sure = wish.grain((max(x - reach, 0), max(y - reach, 0), x + reach + 1, y + reach + 1))
        if sure >= SURE_GRAIN:
            across = mode == "across" or (mode == "free" and rng.random() < 0.5)
            wobble = 0.0 if exact or wish.defect.morphology.kind == "bars" else float(rng.normal(0, 0.07))
            return angle + (np.pi / 2 if across else 0.0) + wobble
    if exact:
        return 0.0 if rng.random() < 0.5 else np.pi / 2
    if wish.box is not None:
        w, h = wish.box[2] - wish.box[0], wish.box[3] - wish.box[1]
        if max(w, h) > 1.4 * min(w, h):
            return (0.0 if w > h else np.pi / 2) + float(rng.normal(0, 0.1))
    return float(rng.uniform(0, np.pi))


def _follows_grain(wish: _Wish) -> bool:
    return wish.grain is not None and wish.defect.placement.grain != "free" and wish.orientation is None


def _pick(choices: Mask, rng: np.random.Generator) -> tuple[int, int] | None:
    """A random true pixel as (x, y)."""
    flat = np.flatnonzero(choices)
    if not len(flat):
        return None
    y, x = divmod(int(flat[rng.integers(len(flat))]), choices.shape[1])
    return x, y


def _instance(shape: Shape, box: Box, hw: tuple[int, int], severity: float, angle: float) -> Instance:
    """The shape at its box in the picture, cut where the frame cuts it."""
    x0, y0, x1, y1 = max(box[0], 0), max(box[1], 0), min(box[2], hw[1]), min(box[3], hw[0])
    inner = crop_shape(shape, (x0 - box[0], y0 - box[1], x1 - box[0], y1 - box[1]))
    return Instance(inner, (x0, y0, x1, y1), severity, angle)


def _try_inside(wish: _Wish, part: Mask, room: Room, length: float, severity: float,
                rng: np.random.Generator) -> Instance | None:  # fmt: skip
    """A whole shape inside the free room, turned as its place asks."""
    outline = room.shrink(part)
    centre = _pick(wish.near(part, room.refine(region_mask(wish.region, outline, room.free_coarse))), rng)
    if centre is None:
        return None
    for last in (False, True):
        angle = _angle(wish, centre, length, rng)
        shape = wish.draw(length, angle, rng)
        box = room.settle(shape, region_mask(wish.region, outline, room.centres(shape)), rng)
        if box is None:
            return None
        centre = ((box[0] + box[2]) // 2, (box[1] + box[3]) // 2)
        # The grain may turn between the place it was read at and the place that has room.
        if last or abs(np.sin(_angle(wish, centre, length, rng) - angle)) < 0.3 or not _follows_grain(wish):
            return _instance(shape, box, (part.shape[0], part.shape[1]), severity, angle)
    return None


def _try_bite(wish: _Wish, part: Mask, room: Room, length: float, severity: float,
              rng: np.random.Generator) -> Instance | None:  # fmt: skip
    """A chip: centred on the part's outline, its axis along the outline, cut to the part."""
    spots = bite_centres(part, room.free)
    where = [w for w in region_words(wish.region) if w not in ("edge", "anywhere", "centre")]
    if where:
        spots = region_mask("-".join(where), part, spots)
    centre = _pick(spots, rng)
    if centre is None:
        return None
    angle = outline_direction(part, centre, max(3, int(length / 3))) + float(rng.normal(0, 0.12))
    shape = wish.draw(length, angle, rng)
    h, w = shape.alpha.shape
    shift = rng.normal(0, 0.06, 2) * length
    x0, y0 = int(centre[0] + shift[0] - w / 2), int(centre[1] + shift[1] - h / 2)
    return _cut(_instance(shape, (x0, y0, x0 + w, y0 + h), (part.shape[0], part.shape[1]), severity, angle), shape,
                part, room)  # fmt: skip


def _try_at_frame(wish: _Wish, part: Mask, room: Room, length: float, severity: float,
                  rng: np.random.Generator) -> Instance | None:  # fmt: skip
    """A defect that the frame cuts off on the sides on which it cut off the one that was picked."""
    assert wish.picked is not None
    sides, hw = wish.picked.sides, (part.shape[0], part.shape[1])
    if not reaches(part, sides):
        return None
    angle = wish.orientation if wish.orientation is not None else float(rng.uniform(0, np.pi))
    shape = tight_shape(wish.draw(length, angle, rng))
    reach = reach_of(shape.alpha.shape, hw, sides)
    if reach > MOST_REACH:
        return None
    shape = tight_shape(enlarge_shape(shape, reach))
    box = frame_box(shape.alpha.shape, hw, sides, wish.picked.where, rng)
    if min(box[2], hw[1]) - max(box[0], 0) < 2 or min(box[3], hw[0]) - max(box[1], 0) < 2:
        return None
    return _cut(_instance(shape, box, hw, severity, angle), shape, part, room)


def _cut(placed: Instance, shape: Shape, part: Mask, room: Room) -> Instance | None:
    """What of a placed shape lies on the part; None where too little is left or another defect is in the way."""
    x0, y0, x1, y1 = placed.box
    if x1 - x0 < 2 or y1 - y0 < 2:
        return None
    here, on_part = room.free[y0:y1, x0:x1], part[y0:y1, x0:x1]
    support = placed.shape.alpha > SUPPORT
    kept = placed.shape.alpha * here
    enough = max(4, 0.15 * float((shape.alpha >= 0.5).sum()))
    if (support & on_part & ~here).any() or (kept >= 0.5).sum() < enough:
        return None
    cut = Shape(kept, placed.shape.profile * here, placed.shape.tangent, placed.shape.half_width * here)
    return Instance(cut, placed.box, placed.severity, placed.angle)


def _try_follow(wish: _Wish, part: Mask, room: Room, length: float, severity: float,
                rng: np.random.Generator) -> Instance | None:  # fmt: skip
    """A defect on what the picture shows, where there is any."""
    assert wish.follower is not None
    laid = wish.follower(Order(wish.defect.morphology, wish.size_px, length, wish.region), room, rng)
    return None if laid is None else Instance(laid.shape, laid.box, severity, laid.angle)


def _place_one(wish: _Wish, part: Mask, room: Room, shrinkable: bool, rng: np.random.Generator) -> Instance | None:
    """One defect in the free room, in bounded tries; shorter ones are tried when the first are too long."""
    low, high = wish.size_px
    length = float(np.exp(rng.uniform(np.log(low), np.log(high))))
    floor = min(low, MIN_LENGTH_PX) if shrinkable else low
    if wish.source is not None:
        wish = _from_bank(wish, rng)
        assert wish.picked is not None
        length = max(wish.picked.length * _size_px(part, (1.0, 1.0), None)[0], LEAST_BANK_PX)
        floor = 0.5 * length
    severity = float(rng.uniform(*wish.severity))
    bites = wish.defect.morphology.kind == "chip" and (not shrinkable or bool(bite_centres(part, room.free).any()))
    attempts = [_try_bite if bites else _try_inside]
    attempts = [_try_follow, *attempts] if wish.follower is not None else attempts
    for attempt in [_try_at_frame, *attempts] if _framed(wish) and not shrinkable else attempts:
        tried = length
        for _ in range(TRIES):
            placed = attempt(wish, part, room, tried, severity, rng)
            if placed is not None:
                return placed
            tried = max(tried * 0.85, floor)
    return None


def _framed(wish: _Wish) -> bool:
    """Whether the frame cut off the real defect that was picked, and no other place was asked for."""
    return wish.picked is not None and any(wish.picked.sides) and wish.region == wish.defect.placement.region


def _from_bank(wish: _Wish, rng: np.random.Generator) -> _Wish:
    """The wish with the size, direction and place of a real defect in it; an orientation asked for stays."""
    assert wish.source is not None
    picked = wish.source.pick(rng)
    turned = wish.orientation if wish.orientation is not None else picked.angle
    return replace(wish, picked=picked, orientation=turned)


def _place_many(wish: _Wish, part: Mask, room: Room, wanted: int, shrinkable: bool,
                rng: np.random.Generator) -> list[Instance]:  # fmt: skip
    """Up to `wanted` defects, each a few pixels clear of the ones before it."""
    placed: list[Instance] = []
    while len(placed) < wanted:
        instance = _place_one(wish, part, room, shrinkable, rng)
        if instance is None:
            break
        placed.append(instance)
        room = room.without(instance.box, dilate(instance.shape.alpha > SUPPORT, APART_PX), APART_PX)
    return placed


def _check_ranges(count: tuple[int, int], size: tuple[float, float], severity: tuple[float, float]) -> None:
    if not 1 <= count[0] <= count[1]:
        raise InputError(f"count must be a rising range from 1, got {count}")
    if not 0 < size[0] <= size[1]:
        raise InputError(f"size must be a rising range of positive fractions, got {size}")
    if not 0 <= severity[0] <= severity[1] <= 1:
        raise InputError(f"severity must be a rising range in [0, 1], got {severity}")


def place_defects(
    hw: tuple[int, int],
    foreground: Mask,
    grain: Grain,
    defect: Defect,
    *,
    count: tuple[int, int],
    size: tuple[float, float],
    severity: tuple[float, float],
    orientation: float | None = None,
    region: str | None = None,
    roi: Mask | None = None,
    box: Box | None = None,
    source: ShapeSource | None = None,
    rng: np.random.Generator,
) -> list[Instance]:
    """Defects of one type on one part; at least count[0], at most count[1] of them, apart from each other.

    hw: the picture's height and width. foreground, roi: (h, w) bool. grain: a function of a box that returns (radians,
    coherence), or the grey picture to measure it in, or None. size: fractions of the shorter side of the part's
    bounding box, drawn log-uniformly, at least 8 px; where a roi or a box is given, defects shrink to fit it.
    A type that follows tracks, borders, joints or a round part lies on them where the picture (or, for round parts, the
    foreground) shows any, unless an orientation is asked for; elsewhere it is placed as its region and grain say.
    Chips bite into the part's outline; only a roi or a box that leaves the outline out puts them inside.
    source: gives each defect its size, direction, place and shape; then `size` counts for nothing.
    orientation: radians counter-clockwise. region: see `mask.region`; None asks the defect's recipe.
    Raises InputError when the fewest asked for do not fit.
    """
    _check_ranges(count, size, severity)
    allowed = _allowed(hw, foreground, roi, box)
    part = foreground.astype(bool)
    where = region or defect.placement.region
    region_words(where)
    picture = None if grain is None or callable(grain) else np.asarray(grain)
    follows = defect.placement.follow if orientation is None else "none"
    follower = find_follower(follows, picture, part, rng) if follows != "none" else None
    wish = _Wish(
        defect, _size_px(part, size, box), severity, orientation, where, _grain_fn(grain), box, follower, source
    )
    wanted = int(rng.integers(count[0], count[1] + 1))
    placed = _place_many(wish, part, Room(allowed), wanted, roi is not None or box is not None, rng)
    if len(placed) < count[0]:
        limits = f"{wish.size_px[0]:.0f}-{wish.size_px[1]:.0f} px, region {where}"
        raise InputError(
            f"{len(placed)} of at least {count[0]} {defect.name!r} ({limits}) fit on the part; "
            "ask for a smaller size, a lower count, or a larger region"
        )
    return placed
