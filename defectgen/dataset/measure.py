"""Measures of a mask: where it lies, how large it is, and what shape it has; from the mask alone.

A line's breadth follows from its area A and the length L of its skeleton: the medial axis ends half a breadth w before
each end, so A = w (L + w). Lengths of digital curves by Kulpa, "Area and perimeter measurement of blobs in discrete
binary pictures", 1977: 0.948 a straight and 1.340 a diagonal step.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from defectgen.dataset.description import CELLS, Cell, Course, Extent, Form, Outline, Place, Reference, Spans
from defectgen.dataset.instance import Box, Instance, Mask, box_of

__all__ = ["Frame", "Size", "measure_extent", "measure_outline", "measure_place", "touched_cells"]

MOST_SPAN = 0.6
LINE_RATIO, CIRCLE_RATIO = 5.0, 4.0  # length of a line over its mean breadth, and over its widest place
LINE_SOLIDITY = 0.6
AXIS_RATIO, CLEAR_AXIS = 2.5, 2.0  # of the second moments: elongated; with an orientation
STRAIGHT, CURVED = 0.9, 0.8  # distance of the ends over the length of the way
STRAIGHT_BREADTHS = 2.0  # room across that a straight line takes, in its own breadth
ROUND_AREA, ROUND_SOLIDITY, ROUND_FILL, ROUND_SIDES = 20, 0.88, 0.74, 0.82
IRREGULAR = 0.78
LEAST_SCATTERED = 3
MAIN_PIECE = 0.7  # share of the area from which one piece gives the shape
PRUNE_ROUNDS = 3
LEAST_BRANCH_PX, BRANCH_BREADTHS, BRANCH_SHARE = 6.0, 3.0, 0.06
STRAIGHT_STEP, DIAGONAL_STEP = 0.948, 1.340


@dataclass(frozen=True)
class Frame:
    """What places and percentages refer to: the part's bounding box and area, or the whole image's."""

    reference: Reference
    box: Box
    area: int

    @classmethod
    def of_image(cls, hw: tuple[int, int]) -> Frame:
        return cls("image", (0, 0, hw[1], hw[0]), hw[0] * hw[1])

    @classmethod
    def of_part(cls, part: Mask) -> Frame:
        return cls("part", box_of(part), int(part.sum()))


@dataclass(frozen=True)
class Size:
    """Lengths of one mask in pixels: end to end, along the way, mean breadth, and its widest inscribed circle."""

    length: float
    way: float
    breadth: float
    circle: float
    rectangle: tuple[float, float]
    solidity: float
    ratio: float

    @property
    def is_line(self) -> bool:
        """Long against its breadth everywhere; a patch with lobes has a long skeleton too, but fills its hull."""
        slim = self.way >= LINE_RATIO * self.breadth and self.way >= CIRCLE_RATIO * self.circle
        return slim and (self.solidity <= LINE_SOLIDITY or self.ratio >= AXIS_RATIO)


def measure_place(instance: Instance, frame: Frame, hw: tuple[int, int]) -> Place:
    """The place of a mask, or of a box where there is none."""
    x0, y0, x1, y1 = instance.box
    mask = instance.mask if instance.mask is not None and instance.mask.any() else np.ones((y1 - y0, x1 - x0), np.bool_)
    ys, xs = np.nonzero(mask)
    centre = (float(xs.mean()) + 0.5 + x0) / hw[1], (float(ys.mean()) + 0.5 + y0) / hw[0]
    box = tuple(round(value, 4) for value in (x0 / hw[1], y0 / hw[0], x1 / hw[1], y1 / hw[0]))
    return Place(
        cell=fullest_cell(xs + x0, ys + y0, frame.box),
        reference=frame.reference,
        spans=spanned(instance.box, frame.box),
        centre=(round(centre[0], 4), round(centre[1], 4)),
        box=(box[0], box[1], box[2], box[3]),
    )


def fullest_cell(xs: NDArray[np.intp], ys: NDArray[np.intp], frame: Box) -> Cell:
    """The cell that holds most of the pixels; pixels beyond the frame count for the nearest."""
    x0, y0, x1, y1 = frame
    columns = np.clip((xs - x0 + 0.5) * 3 / (x1 - x0), 0, 2.999).astype(int)
    rows = np.clip((ys - y0 + 0.5) * 3 / (y1 - y0), 0, 2.999).astype(int)
    return CELLS[int(np.bincount(rows * 3 + columns, minlength=9).argmax())]


def touched_cells(box: Box, frame: Box) -> set[Cell]:
    """The cells that a box reaches into."""
    (x0, y0, x1, y1), (left, top, right, bottom) = box, frame
    columns, rows = (
        range(min(max(3 * (low - start) // side, 0), 2), min(max((3 * (high - start) - 1) // side, 0), 2) + 1)
        for low, high, start, side in ((x0, x1, left, right - left), (y0, y1, top, bottom - top))
    )
    return {CELLS[3 * row + column] for row in rows for column in columns}


def spanned(box: Box, frame: Box) -> Spans | None:
    wide = box[2] - box[0] >= MOST_SPAN * (frame[2] - frame[0])
    tall = box[3] - box[1] >= MOST_SPAN * (frame[3] - frame[1])
    return "both" if wide and tall else "width" if wide else "height" if tall else None


def measure_extent(instance: Instance, frame: Frame, mm_per_px: float | None) -> Extent:
    """The size of a mask, or of a box where there is none."""
    if instance.mask is not None and instance.mask.any():
        size, _ = skeleton_size(instance.mask)
        line = size.is_line and main_piece(instance.mask)[0] is not None
        length, width, area = size.length, size.breadth if line else min(size.rectangle), int(instance.mask.sum())
    else:
        sides = instance.box[2] - instance.box[0], instance.box[3] - instance.box[1]
        length, width, area = float(max(sides)), float(min(sides)), sides[0] * sides[1]
    scale = mm_per_px or 0.0
    length, width = round(length, 1), round(width, 1)
    return Extent(
        basis="box" if instance.mask is None or not instance.mask.any() else "mask",
        length_px=length,
        width_px=width,
        area_px=area,
        percent=round(100 * area / frame.area, 4),
        reference=frame.reference,
        length_mm=round(length * scale, 3) if scale else None,
        width_mm=round(width * scale, 3) if scale else None,
        area_mm2=round(area * scale**2, 4) if scale else None,
    )


def measure_outline(mask: Mask) -> Outline:
    """The shape of a non-empty mask."""
    main, pieces = main_piece(mask)
    size, forks = skeleton_size(mask)
    ratio, angle = long_axis(mask)
    if main is not None:
        form = form_of(main, *skeleton_size(main))
    else:
        form = "elongated" if ratio >= AXIS_RATIO else "scattered"
    return Outline(
        form=form,
        course=course_of(size) if form == "elongated" and pieces == 1 else None,
        axis_ratio=round(ratio, 2),
        orientation=round(angle, 1) if ratio >= CLEAR_AXIS and form in ("elongated", "branching") else None,
        forks=forks,
        pieces=pieces,
        solidity=round(size.solidity, 3),
    )


def main_piece(mask: Mask) -> tuple[Mask | None, int]:
    """The piece that holds most of the mask, None where none stands for the whole; and how many pieces there are."""
    import cv2

    count, pieces, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    areas = stats[1:, cv2.CC_STAT_AREA]
    whole = areas.max() >= MAIN_PIECE * areas.sum() or len(areas) < LEAST_SCATTERED
    return np.asarray(pieces == 1 + int(areas.argmax())) if whole else None, count - 1


def form_of(mask: Mask, size: Size, forks: int) -> Form:
    """The shape of one connected piece."""
    if size.is_line and forks:
        return "branching"
    if size.is_line or size.ratio >= AXIS_RATIO:
        return "elongated"
    sides = min(size.rectangle) / max(size.rectangle)
    disc = hull_area(mask) / (math.pi / 4 * size.length**2)
    if mask.sum() >= ROUND_AREA and size.solidity >= ROUND_SOLIDITY and disc >= ROUND_FILL and sides >= ROUND_SIDES:
        return "round"
    return "irregular" if size.solidity < IRREGULAR and mask.sum() >= ROUND_AREA else "compact"


def course_of(size: Size) -> Course | None:
    straightness = size.length / size.way
    room = max(STRAIGHT_BREADTHS * size.breadth, size.breadth + 2)
    if straightness >= STRAIGHT and size.ratio >= 2 * AXIS_RATIO and min(size.rectangle) <= room:
        return "straight"
    return "curved" if straightness < CURVED and size.is_line and size.solidity <= LINE_SOLIDITY else None


def long_axis(mask: Mask) -> tuple[float, float]:
    """Ratio of the axes of the ellipse of the same second moments, and the direction of the long one, degrees."""
    ys, xs = np.nonzero(mask)
    own = 1 / 12  # a pixel is a square, not a point
    covariance = np.cov(np.stack([xs, -ys]).astype(float), bias=True) + own * np.eye(2)
    values, vectors = np.linalg.eigh(covariance)
    angle = math.degrees(math.atan2(vectors[1, 1], vectors[0, 1])) % 180.0
    return math.sqrt(values[1] / values[0]), 0.0 if angle > 179.95 else angle


def hull_area(mask: Mask) -> float:
    """Area of the convex hull of the pixels as squares."""
    import cv2

    return max(float(cv2.contourArea(cv2.convexHull(corners(mask)))), 1.0)


def corners(mask: Mask) -> NDArray[np.int32]:
    """Corner points of the border pixels, (N, 2) as x, y."""
    import cv2

    inner = cv2.erode(mask.astype(np.uint8), np.ones((3, 3), np.uint8), borderValue=0) > 0
    ys, xs = np.nonzero(mask & ~inner)
    points = np.stack([xs, ys], axis=1)
    offsets = np.array([(0, 0), (1, 0), (0, 1), (1, 1)])
    return np.asarray((points[None] + offsets[:, None]).reshape(-1, 2), np.int32)


def skeleton_size(mask: Mask) -> tuple[Size, int]:
    """Lengths of a non-empty mask, and the forks of its skeleton."""
    import cv2
    from skimage.morphology import skeletonize

    area = float(mask.sum())
    skeleton = np.asarray(skeletonize(np.pad(mask, 1)), np.bool_)  # type: ignore[no-untyped-call]
    first = breadth_of(area, way_of(skeleton))
    skeleton, forks = pruned(skeleton, max(LEAST_BRANCH_PX, BRANCH_BREADTHS * first))
    way = way_of(skeleton)
    breadth = max(1.0, breadth_of(area, way))
    ys, xs = np.nonzero(mask)
    hull = cv2.convexHull(np.stack([xs, ys], axis=1).astype(np.int32))[:, 0].astype(float)
    length = float(np.linalg.norm(hull[:, None] - hull[None], axis=2).max()) + 1
    _, (a, b), _ = cv2.minAreaRect(hull.astype(np.float32))
    depth = cv2.distanceTransform(np.pad(mask, 1).astype(np.uint8), cv2.DIST_L2, 5)
    circle = 2 * float(depth.max()) - 1
    solidity, ratio = area / hull_area(mask), long_axis(mask)[0]
    return Size(length, way + breadth, breadth, circle, (float(a) + 1, float(b) + 1), solidity, ratio), forks


def breadth_of(area: float, way: float) -> float:
    return (math.sqrt(way**2 + 4 * area) - way) / 2


def way_of(skeleton: Mask) -> float:
    """Length of a skeleton; a diagonal step counts only where no straight ones lead the same way."""
    s = skeleton
    straight = np.count_nonzero(s[:, 1:] & s[:, :-1]) + np.count_nonzero(s[1:] & s[:-1])
    falling = s[1:, 1:] & s[:-1, :-1] & ~s[1:, :-1] & ~s[:-1, 1:]
    rising = s[1:, :-1] & s[:-1, 1:] & ~s[1:, 1:] & ~s[:-1, :-1]
    diagonal = np.count_nonzero(falling) + np.count_nonzero(rising)
    return STRAIGHT_STEP * straight + DIAGONAL_STEP * diagonal


def pruned(skeleton: Mask, least: float) -> tuple[Mask, int]:
    """The skeleton without short side branches, and its forks: places where three long branches meet."""
    least = max(least, BRANCH_SHARE * way_of(skeleton))
    for _ in range(PRUNE_ROUNDS):
        spurs = short_ends(skeleton, least)
        if not spurs.any():
            break
        skeleton = skeleton & ~spurs
    return skeleton, count_forks(skeleton, least)


def parts_of(skeleton: Mask) -> tuple[NDArray[np.int32], int, NDArray[np.int32], int]:
    """Branches and the junctions between them, labelled from 1."""
    import cv2

    around = cv2.filter2D(skeleton.astype(np.uint8), -1, np.ones((3, 3), np.uint8), borderType=cv2.BORDER_CONSTANT)
    junction = skeleton & (around >= 4)
    return labelled(skeleton & ~junction, junction)


def labelled(lines: Mask, junctions: Mask) -> tuple[NDArray[np.int32], int, NDArray[np.int32], int]:
    import cv2

    joints, at = cv2.connectedComponents(junctions.astype(np.uint8), connectivity=8)
    branches, of = cv2.connectedComponents(lines.astype(np.uint8), connectivity=8)
    return np.asarray(of, np.int32), branches - 1, np.asarray(at, np.int32), joints - 1


def meetings(lines: NDArray[np.int32], junctions: NDArray[np.int32]) -> set[tuple[int, int]]:
    """Pairs (branch, junction) that touch."""
    height, width = lines.shape
    pairs: set[tuple[int, int]] = set()
    for y, x in zip(*np.nonzero(junctions), strict=True):
        near = lines[max(0, y - 1) : min(height, y + 2), max(0, x - 1) : min(width, x + 2)]
        pairs.update((int(line), int(junctions[y, x])) for line in np.unique(near[near > 0]))
    return pairs


def short_ends(skeleton: Mask, least: float) -> Mask:
    """Branches shorter than `least` that hang on one junction only, the shortest of each junction first."""
    lines, count, junctions, _ = parts_of(skeleton)
    lengths = np.bincount(lines.ravel(), minlength=count + 1)
    held: dict[int, list[int]] = {}
    for line, junction in meetings(lines, junctions):
        held.setdefault(line, []).append(junction)
    loose: dict[int, list[int]] = {}
    for line, at in held.items():
        if len(at) == 1 and lengths[line] < least:
            loose.setdefault(at[0], []).append(line)
    gone = [min(ends, key=lambda line: (lengths[line], line)) for ends in loose.values()]
    return np.isin(lines, gone) if gone else np.zeros_like(skeleton)


def count_forks(skeleton: Mask, least: float) -> int:
    """Junctions with three long arms; junctions that only a short link parts, as where lines cross, are one."""
    lines, count, junctions, _ = parts_of(skeleton)
    lengths = np.bincount(lines.ravel(), minlength=count + 1)
    links = [line for line in range(1, count + 1) if lengths[line] < least]
    knots = junctions.astype(bool) | np.isin(lines, links)
    lines, count, junctions, joints = labelled(skeleton & ~knots, knots)
    lengths = np.bincount(lines.ravel(), minlength=count + 1)
    long_at = [0] * (joints + 1)
    for line, junction in meetings(lines, junctions):
        long_at[junction] += int(lengths[line] >= least)
    return sum(arms >= 3 for arms in long_at)
