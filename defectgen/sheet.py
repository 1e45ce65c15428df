"""The contact sheet: for up to twelve samples the part, then good, mask, image and difference close up.

The part shows where the close-up lies. The difference is |image - good|, brightened by the factor written on it.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from defectgen.image import Pixels, read_picture, to_rgb
from defectgen.sample import Sample

__all__ = ["MOST_SAMPLES", "draw_sheet"]

RGB8 = NDArray[np.uint8]
Box = tuple[int, int, int, int]

MOST_SAMPLES = 12
CELL, GAP, MARGIN, CAPTION, HEADER = 208, 6, 24, 40, 34
TITLES = ("part", "good", "mask", "image", "difference")
PAPER, INK, FAINT, FRAME = (250, 250, 248), (32, 34, 38), (120, 124, 130), (255, 92, 40)
CONTEXT, LEAST_VIEW = 1.7, 72
BRIGHTEST_GAIN = 8.0


def draw_sheet(folder: Path, samples: Iterable[Sample]) -> Pixels | None:
    """(H, W, 3) uint8 of a set's folder; None for a set without samples."""
    known = list(samples)
    if not known:
        return None
    picks = sorted({round(place) for place in np.linspace(0, len(known) - 1, min(MOST_SAMPLES, len(known)))})
    chosen = [known[place] for place in picks]
    columns = 1 if len(chosen) < 3 else 2
    rows = -(-len(chosen) // columns)
    strip_w = len(TITLES) * CELL + (len(TITLES) - 1) * GAP
    strip_h = CELL + CAPTION
    width = columns * strip_w + (columns - 1) * 2 * MARGIN + 2 * MARGIN
    sheet = Image.new("RGB", (width, HEADER + rows * strip_h + MARGIN), PAPER)
    for column in range(columns):
        _titles(sheet, MARGIN + column * (strip_w + 2 * MARGIN))
    for number, sample in enumerate(chosen):
        x = MARGIN + (number % columns) * (strip_w + 2 * MARGIN)
        y = HEADER + (number // columns) * strip_h
        _strip(sheet, (x, y), folder, sample)
    return np.asarray(sheet)


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


def _titles(sheet: Image.Image, x: int) -> None:
    pen = ImageDraw.Draw(sheet)
    for number, title in enumerate(TITLES):
        pen.text((x + number * (CELL + GAP), HEADER - 20), title, FAINT, _font(13))


def _strip(sheet: Image.Image, at: tuple[int, int], folder: Path, sample: Sample) -> None:
    good, mask, image = (
        read_picture(folder / name, min_side=1).pixels
        for name in (sample.good_file_name, sample.mask_file_name, sample.file_name)
    )
    view = _view(sample.boxes, mask)
    close = [_close_up(pixels, view) for pixels in (good, mask, image)]
    close[1] = np.asarray(np.minimum(close[1].astype(np.uint16) * 2, 255), np.uint8)  # hairlines survive shrinking
    difference, gain = _difference(good, image, view)
    cells = (_whole(image, view), *close, difference)
    for number, cell in enumerate(cells):
        sheet.paste(Image.fromarray(cell), (at[0] + number * (CELL + GAP), at[1]))
    pen = ImageDraw.Draw(sheet)
    corner = (at[0] + 4 * (CELL + GAP) + CELL - 4, at[1] + CELL - 4)
    pen.text(corner, f"x {gain:.1f}", (255, 255, 255), _font(12), anchor="rs")
    _captions(pen, (at[0], at[1] + CELL + 5), sample)


def _captions(pen: ImageDraw.ImageDraw, at: tuple[int, int], sample: Sample) -> None:
    title = f"{sample.index}  {sample.text}"
    facts = f"{sample.source}   change {sample.in_mask_delta:.0f} levels   mask IoU {sample.prescribed_iou:.2f}"
    pen.text(at, title, INK, _font(13))
    right = at[0] + len(TITLES) * (CELL + GAP) - GAP
    if pen.textlength(title, _font(13)) + pen.textlength(facts, _font(11)) + 20 < right - at[0]:
        pen.text((right, at[1] + 2), facts, FAINT, _font(11), anchor="ra")
    else:
        pen.text((at[0], at[1] + 17), facts, FAINT, _font(11))


def _view(boxes: tuple[Box, ...], mask: Pixels) -> Box:
    """Square close-up around the defects; around the largest one where they lie too far apart to be seen."""
    height, width = mask.shape[:2]
    side_most = min(height, width)
    largest = max(boxes, key=lambda box: (box[2] - box[0]) * (box[3] - box[1]))
    corners = np.array(boxes)
    x0, y0, x1, y1 = (int(c) for c in (*corners[:, :2].min(axis=0), *corners[:, 2:].max(axis=0)))
    if max(x1 - x0, y1 - y0) > 2.2 * max(largest[2] - largest[0], largest[3] - largest[1]):
        x0, y0, x1, y1 = largest
    side = int(np.clip(CONTEXT * max(x1 - x0, y1 - y0), min(LEAST_VIEW, side_most), side_most))
    left = int(np.clip((x0 + x1 - side) // 2, 0, width - side))
    top = int(np.clip((y0 + y1 - side) // 2, 0, height - side))
    return left, top, left + side, top + side


def _to_bytes(pixels: Pixels) -> RGB8:
    return np.asarray(np.rint(to_rgb(pixels) * 255), np.uint8)


def _close_up(pixels: Pixels, view: Box) -> RGB8:
    return _fit(_to_bytes(pixels[view[1] : view[3], view[0] : view[2]]))


def _fit(square: RGB8) -> RGB8:
    mode = cv2.INTER_AREA if square.shape[0] > CELL else cv2.INTER_NEAREST
    return np.asarray(cv2.resize(np.ascontiguousarray(square), (CELL, CELL), interpolation=mode), np.uint8)


def _difference(good: Pixels, image: Pixels, view: Box) -> tuple[RGB8, float]:
    crop = (slice(view[1], view[3]), slice(view[0], view[2]))
    change = np.abs(to_rgb(image[crop]) - to_rgb(good[crop])).max(axis=2)
    gain = float(np.clip(1 / max(float(change.max()), 1e-3), 1, BRIGHTEST_GAIN))
    shown = np.asarray(np.rint(np.clip(change * gain, 0, 1) * 255), np.uint8)
    return _fit(np.asarray(cv2.applyColorMap(shown, cv2.COLORMAP_INFERNO)[..., ::-1], np.uint8)), gain


def _whole(image: Pixels, view: Box) -> RGB8:
    """The whole picture, letterboxed, with the close-up framed."""
    height, width = image.shape[:2]
    scale = CELL / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    mode = cv2.INTER_AREA if scale < 1 else cv2.INTER_NEAREST
    small = cv2.resize(_to_bytes(image), size, interpolation=mode)
    canvas = Image.new("RGB", (CELL, CELL), PAPER)
    left, top = (CELL - size[0]) // 2, (CELL - size[1]) // 2
    canvas.paste(Image.fromarray(np.asarray(small, np.uint8)), (left, top))
    if view[2] - view[0] < 0.95 * min(height, width):
        corners = [left + view[0] * scale, top + view[1] * scale, left + view[2] * scale, top + view[3] * scale]
        ImageDraw.Draw(canvas).rectangle([min(max(round(c), 0), CELL - 1) for c in corners], outline=FRAME, width=2)
    return np.asarray(canvas)
