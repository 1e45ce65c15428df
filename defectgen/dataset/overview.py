"""The contact sheet of any set: a row for each defect, a few pictures of it, whole and close up.

Above, the whole picture with the box of each defect; below, a close-up of the framed place, the mask drawn as an
outline around its pixels. The pictures of a type are taken at even distances through the set. Pictures that are too
dark to be seen, as 12-bit ones in 16-bit files are, are brightened by the factor written on them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from defectgen.dataset.defect_set import DefectSet
from defectgen.dataset.instance import Box, Instance
from defectgen.dataset.summary import Summary
from defectgen.image import F32, Pixels, to_rgb
from defectgen.record import GOOD, Record

__all__ = ["MOST_TYPES", "draw_overview"]

RGB8 = NDArray[np.uint8]
Colour = tuple[int, int, int]

CELL, GAP, MARGIN, ACROSS = 176, 6, 24, 7
TITLE, HEADING, CAPTION = 66, 30, 22
MOST_ROWS, MOST_TYPES = 6, 60
PAPER, INK, FAINT, WARN = (250, 250, 248), (32, 34, 38), (120, 124, 130), (190, 40, 20)
COLOURS = ((255, 92, 40), (0, 190, 255), (255, 214, 10), (225, 80, 255), (60, 220, 100), (255, 130, 170))
CONTEXT, LEAST_VIEW = 1.7, 48
DARK, MOST_GAIN = 0.3, 32.0


@dataclass(frozen=True)
class _Shot:
    """One picture of the sheet, drawn: the whole and, for defects whose place is known, the close-up."""

    whole: Image.Image
    close: Image.Image | None
    caption: str


def draw_overview(owner: DefectSet, summary: Summary) -> Iterator[Pixels]:
    """(H, W, 3) uint8 sheets of up to six types each; `summary` is that of the same set."""
    names = list(summary.defects)[:MOST_TYPES]
    names = [name for name in names if summary.defects[name].pictures]
    types = [name for name in summary.defects if name != GOOD]
    colours = {name: COLOURS[k % len(COLOURS)] for k, name in enumerate(types)}
    pages = [names[k : k + MOST_ROWS] for k in range(0, len(names), MOST_ROWS)]
    for number, page in enumerate(pages, 1):
        rows = {name: _shots(owner, name, summary.defects[name].pictures, colours) for name in page}
        yield np.asarray(_page(summary, rows, colours, f"sheet {number} of {len(pages)}" if len(pages) > 1 else ""))


def _shots(owner: DefectSet, name: str, count: int, colours: Mapping[str, Colour]) -> list[_Shot]:
    wanted = {round(place) for place in np.linspace(0, count - 1, min(ACROSS, count))}
    same = (record for record in owner.records() if record.defect == name)
    chosen = [record for k, record in enumerate(islice(same, count)) if k in wanted]
    return [_shot(owner, record, colours) for record in chosen]


def _shot(owner: DefectSet, record: Record, colours: Mapping[str, Colour]) -> _Shot:
    pixels = owner.image(record).pixels
    rgb, gain = _visible(to_rgb(pixels))
    instances = owner.instances(record) if record.defect != GOOD else []
    named = [one.box for one in instances if one.defect == record.defect] or [one.box for one in instances]
    view = _view(named, rgb.shape[:2]) if named else None
    whole = _whole(rgb, instances, colours)
    if gain > 1:
        corner = (CELL - 4, whole.height - 4)
        ImageDraw.Draw(whole).text(corner, f"x {gain:.0f}", (255, 255, 255), _font(12), anchor="rs")
    close = None if view is None else _close(rgb, instances, view, colours)
    size = f"{pixels.shape[1]}x{pixels.shape[0]}"
    return _Shot(whole, close, f"{Path(record.file_name).stem}   {size}   {record.split}")


def _visible(rgb: F32) -> tuple[F32, float]:
    """Brightened where even the bright pixels are dark, and by how much."""
    bright = float(np.quantile(rgb[::4, ::4], 0.995))
    gain = float(np.clip(round(0.9 / max(bright, 1e-4)), 1, MOST_GAIN)) if bright < DARK else 1.0
    return np.asarray(np.clip(rgb * gain, 0, 1), np.float32), gain


def _view(boxes: list[Box], hw: tuple[int, ...]) -> Box:
    """Square close-up around all of these, or around the largest where they lie too far apart to be seen."""
    height, width = hw
    largest = max(boxes, key=lambda box: (box[2] - box[0]) * (box[3] - box[1]))
    corners = np.array(boxes)
    x0, y0, x1, y1 = (int(c) for c in (*corners[:, :2].min(axis=0), *corners[:, 2:].max(axis=0)))
    if max(x1 - x0, y1 - y0) > 2.2 * max(largest[2] - largest[0], largest[3] - largest[1]):
        x0, y0, x1, y1 = largest
    most = max(height, width)
    side = int(np.clip(CONTEXT * max(x1 - x0, y1 - y0), min(LEAST_VIEW, most), most))
    left = int(np.clip((x0 + x1 - side) // 2, min(0, width - side), max(0, width - side)))
    top = int(np.clip((y0 + y1 - side) // 2, min(0, height - side), max(0, height - side)))
    return left, top, left + side, top + side


def _whole(rgb: F32, instances: list[Instance], colours: Mapping[str, Colour]) -> Image.Image:
    height, width = rgb.shape[:2]
    scale = CELL / max(height, width)
    small = _scaled(rgb, (max(1, round(width * scale)), max(1, round(height * scale))))
    canvas = Image.new("RGB", (CELL, small.shape[0]), PAPER)
    left = (CELL - small.shape[1]) // 2
    canvas.paste(Image.fromarray(small), (left, 0))
    pen = ImageDraw.Draw(canvas)
    for one in instances:
        x0, y0, x1, y1 = (c * scale for c in one.box)
        frame = (left + x0 - 2, y0 - 2, left + x1 + 1, y1 + 1)
        corners = [min(max(round(c), 0), canvas.size[k % 2] - 1) for k, c in enumerate(frame)]
        pen.rectangle(corners, outline=_colour(one, colours))
    return canvas


def _close(
    rgb: F32, instances: list[Instance], view: Box, colours: Mapping[str, Colour]
) -> Image.Image:
    """The view at CELL pixels a side; beyond the picture's border it is paper."""
    x0, y0, x1, y1 = view
    height, width = rgb.shape[:2]
    a0, b0, a1, b1 = max(x0, 0), max(y0, 0), min(x1, width), min(y1, height)
    scale = CELL / (x1 - x0)
    size = (max(1, round((a1 - a0) * scale)), max(1, round((b1 - b0) * scale)))
    cut = _scaled(rgb[b0:b1, a0:a1], size).copy()
    for one in instances:
        if one.mask is not None:
            cut[_outline(one, (a0, b0, a1, b1), size)] = _colour(one, colours)
    canvas = Image.new("RGB", (CELL, CELL), PAPER)
    at = (round((a0 - x0) * scale), round((b0 - y0) * scale))
    canvas.paste(Image.fromarray(cut), at)
    pen = ImageDraw.Draw(canvas)
    for one in instances:
        if one.mask is None:
            box = [(one.box[k] - view[k % 2]) * scale for k in range(4)]
            pen.rectangle([round(c) for c in box], outline=_colour(one, colours))
    return canvas


def _outline(one: Instance, cut: Box, size: tuple[int, int]) -> NDArray[np.bool_]:
    """Pixels just outside the instance, as the close-up shows it: none of its own is covered."""
    assert one.mask is not None
    seen = np.zeros((cut[3] - cut[1], cut[2] - cut[0]), np.uint8)
    x0, y0, x1, y1 = one.box
    a0, b0, a1, b1 = max(x0, cut[0]), max(y0, cut[1]), min(x1, cut[2]), min(y1, cut[3])
    if a0 < a1 and b0 < b1:
        seen[b0 - cut[1] : b1 - cut[1], a0 - cut[0] : a1 - cut[0]] = one.mask[b0 - y0 : b1 - y0, a0 - x0 : a1 - x0]
    shrink = seen.shape[1] > size[0]
    shown = cv2.resize(seen * np.uint8(255), size, interpolation=cv2.INTER_AREA if shrink else cv2.INTER_NEAREST) > 0
    around = cv2.dilate(shown.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    return np.asarray(around & ~shown)


def _scaled(rgb: F32, size: tuple[int, int]) -> RGB8:
    mode = cv2.INTER_AREA if rgb.shape[1] > size[0] else cv2.INTER_NEAREST
    shown = cv2.resize(np.ascontiguousarray(rgb), size, interpolation=mode)
    return np.asarray(np.rint(np.clip(shown, 0, 1) * 255), np.uint8)


def _colour(one: Instance, colours: Mapping[str, Colour]) -> Colour:
    return colours.get(one.defect, COLOURS[0])


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


def _page(
    summary: Summary, rows: Mapping[str, list[_Shot]], colours: Mapping[str, Colour], sheet: str
) -> Image.Image:
    across = max(4, max((len(shots) for shots in rows.values()), default=0))
    width = 2 * MARGIN + across * (CELL + GAP) - GAP
    heights = {name: _row_height(shots) for name, shots in rows.items()}
    page = Image.new("RGB", (width, TITLE + sum(heights.values()) + MARGIN), PAPER)
    _title(page, summary, sheet)
    y = TITLE
    for name, shots in rows.items():
        _row(page, y, name, shots, summary, colours.get(name))
        y += heights[name]
    return page


def _row_height(shots: list[_Shot]) -> int:
    return HEADING + _whole_height(shots) + (GAP + CELL if any(shot.close for shot in shots) else 0) + CAPTION


def _whole_height(shots: list[_Shot]) -> int:
    return max(shot.whole.height for shot in shots)


def _title(page: Image.Image, summary: Summary, sheet: str) -> None:
    pen = ImageDraw.Draw(page)
    pen.text((MARGIN, 14), summary.folder.resolve().name, INK, _font(19))
    right = page.width - MARGIN
    facts = f"{summary.pictures:,} pictures, {summary.groups:,} groups"
    pen.text((right, 18), f"{facts}   {sheet}".rstrip(), FAINT, _font(13), anchor="ra")
    licences = ", ".join(summary.licences)
    pen.text((MARGIN, 40), f"licence: {licences}", WARN if summary.notice else FAINT, _font(13))


def _row(
    page: Image.Image, y: int, name: str, shots: list[_Shot], summary: Summary, colour: Colour | None
) -> None:
    pen = ImageDraw.Draw(page)
    counted = summary.defects[name]
    facts = f"{counted.pictures:,} picture{'s' * (counted.pictures > 1)}"
    if counted.instances:
        facts += f", {counted.instances:,} instance{'s' * (counted.instances > 1)}"
    left = MARGIN
    if colour is not None and counted.instances:
        pen.rectangle((left, y + 12, left + 10, y + 22), fill=colour)
        left += 18
    pen.text((left, y + 8), name, INK, _font(15))
    pen.text((left + pen.textlength(name, _font(15)) + 12, y + 10), facts, FAINT, _font(12))
    middle = y + HEADING + _whole_height(shots)
    below = middle + (GAP + CELL if any(shot.close for shot in shots) else 0) + 3
    for k, shot in enumerate(shots):
        x = MARGIN + k * (CELL + GAP)
        page.paste(shot.whole, (x, middle - shot.whole.height))
        if shot.close is not None:
            page.paste(shot.close, (x, middle + GAP))
        pen.text((x, below), shot.caption, FAINT, _font(11))
