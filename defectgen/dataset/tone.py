"""Tone: how a defect looks against its surround, and how plainly it is seen.

The surround is a ring around the mask, a small gap apart, without other defects and off-part pixels. Luminance in
8-bit grey levels (Rec. 709 weights on the stored values), colour in CIELAB. Visibility is the mean change over the
level that an eye sees in the picture's noise (`label_audit.visible_level`), on a logarithmic scale to 64 times it; a
line thinner than 2.5 pixels counts for as much less as it is thinner.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from defectgen.dataset.description import Border, Side, Surface, Tone
from defectgen.dataset.instance import Instance, Mask
from defectgen.image import Pixels, grey_levels, luminance, to_rgb
from defectgen.label_audit import visible_level
from defectgen.noise import noise_sigma
from defectgen.words import SEVERITY, words_at

__all__ = ["LEVELS", "View", "level_word", "measure_surface", "measure_tone", "measure_visibility"]

F32 = NDArray[np.float32]

LEVELS = ("faint", "slight", "minor", "moderate", "clear", "strong", "severe")
"""Words of `words.SEVERITY` that speak of looks alone; between them they cover the scale."""
MOST_RATIO = 64.0
ACUITY_PX = 2.5
RING_SHARE, RING_PX = 0.35, (6, 48)  # of the root of the mask's area
GAP_PX = 2
LEAST_RING = 24
LEAST_CONTRAST, CONTRAST_SPREADS = 4.0, 0.5
MIXED_SHARE, FAR_SPREADS = 0.15, 2.5
LEAST_SHIFT, SHIFT_SPREADS = 6.0, 1.0
LEAST_CHROMA, GREY_CHROMA = 8.0, 1.0
LEAST_DEPTH = 9.0  # pixels from border to core; the blur of small spots is all border
GRADIENT_RUN, SOFT_SHARE, SOFT_CONTRAST = 5.0, 0.5, 10.0  # pixels; shares of the step; grey levels
EDGE_PX, SHARP_SHARE = 1.5, 0.8
GRID = 8
HUES = ((20, "pink"), (55, "red"), (80, "orange"), (115, "yellow"), (165, "green"), (225, "teal"), (305, "blue"),
        (345, "purple"), (361, "pink"))  # fmt: skip
"""Upper ends of the hue angles of CIELAB, degrees."""
BROWN_ANGLES, BROWN_LIGHTNESS = (35.0, 95.0), 58.0


@dataclass(frozen=True, eq=False)
class View:
    """One picture as it is measured.

    grey: (H, W) luminance, 0..255. lab: (H, W, 3) CIELAB, None where the picture has no colour.
    change: (H, W) grey levels against the good picture, where there is one of the same size.
    """

    grey: F32
    lab: F32 | None
    noise: float
    change: F32 | None

    @classmethod
    def of(cls, pixels: Pixels, good: Pixels | None) -> View:
        import cv2

        rgb = to_rgb(pixels)
        coloured = float(np.ptp(rgb[::2, ::2], axis=2).mean()) * 255 > GREY_CHROMA
        same = good is not None and good.shape == pixels.shape and good.dtype == pixels.dtype
        clean = to_rgb(good) if same and good is not None else rgb
        return cls(
            grey=luminance(rgb) * 255,
            lab=np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2LAB), np.float32) if coloured else None,
            noise=noise_sigma(clean),
            change=grey_levels(good, pixels) if same and good is not None else None,
        )


@dataclass(frozen=True, eq=False)
class Surround:
    """A crop of the picture around one defect: its mask and its ring."""

    window: tuple[slice, slice]
    inside: Mask
    ring: Mask


def surround(instance: Instance, taken: Mask, part: Mask | None) -> Surround | None:
    """The ring around a mask; None where too little of it is free. taken: (H, W), all defects."""
    import cv2

    assert instance.mask is not None
    height, width = taken.shape
    reach = int(np.clip(RING_SHARE * math.sqrt(instance.area), *RING_PX)) + GAP_PX
    x0, y0, x1, y1 = instance.box
    top, left = max(0, y0 - reach), max(0, x0 - reach)
    window = slice(top, min(height, y1 + reach)), slice(left, min(width, x1 + reach))
    inside = np.zeros(taken[window].shape, np.bool_)
    inside[y0 - top : y1 - top, x0 - left : x1 - left] = instance.mask
    away = cv2.distanceTransform((~inside).astype(np.uint8), cv2.DIST_L2, 5)
    near = cv2.dilate(taken[window].astype(np.uint8), np.ones((2 * GAP_PX + 1,) * 2, np.uint8)) > 0
    ring = (away <= reach) & (away > GAP_PX) & ~near
    if part is not None and (on_part := ring & part[window]).sum() >= LEAST_RING:
        ring = on_part
    return Surround(window, inside, ring) if ring.sum() >= LEAST_RING else None


def measure_tone(view: View, instance: Instance, taken: Mask, part: Mask | None) -> Tone | None:
    """The look of a defect with a mask; None where no surround is left."""
    around = surround(instance, taken, part)
    if around is None:
        return None
    grey = view.grey[around.window]
    inside, ring = grey[around.inside], grey[around.ring]
    spread = robust_spread(ring)
    contrast = float(inside.mean() - ring.mean())
    shift, hue = measure_hue(view.lab, around)
    return Tone(
        contrast=round(contrast, 1),
        spread=round(spread, 1),
        side=side_of(inside, contrast, float(np.median(ring)), spread),
        hue=hue,
        chroma_shift=shift,
        border=border_of(grey, around, contrast, spread),
    )


def robust_spread(values: F32) -> float:
    return max(0.5, float(np.median(np.abs(values - np.median(values)))) * 1.4826)


def side_of(inside: F32, contrast: float, middle: float, spread: float) -> Side | None:
    """Mixed where both sides stand out from the ring by far, each on a fair share of the mask."""
    far = max(FAR_SPREADS * spread, 2 * LEAST_CONTRAST)
    lighter, darker = float((inside > middle + far).mean()), float((inside < middle - far).mean())
    if min(lighter, darker) >= MIXED_SHARE:
        return "mixed"
    if abs(contrast) < max(LEAST_CONTRAST, CONTRAST_SPREADS * spread):
        return None
    return "darker" if contrast < 0 else "lighter"


def measure_hue(lab: F32 | None, around: Surround) -> tuple[float | None, str | None]:
    """How far the defect's colour lies from the ring's, and its own hue where that is measurable and coloured."""
    if lab is None:
        return None, None
    crop = lab[around.window]
    inside, ring = crop[around.inside], crop[around.ring][:, 1:]
    middle = np.median(ring, axis=0)
    mean = inside.mean(axis=0)
    shift = float(np.linalg.norm(mean[1:] - middle))
    spread = float(np.median(np.linalg.norm(ring - middle, axis=1)))
    if shift < max(LEAST_SHIFT, SHIFT_SPREADS * spread):
        return round(shift, 1), None
    if np.linalg.norm(mean[1:]) < LEAST_CHROMA:
        return round(shift, 1), "grey"
    towards = float(np.dot(mean[1:] - middle, mean[1:])) > 0.5 * shift * float(np.linalg.norm(mean[1:]))
    return round(shift, 1), hue_word(mean) if towards else None


def hue_word(lab: F32) -> str | None:
    """Name of a colour's hue; None for a colour without one."""
    lightness, a, b = (float(value) for value in lab)
    if math.hypot(a, b) < LEAST_CHROMA:
        return None
    angle = math.degrees(math.atan2(b, a)) % 360
    if BROWN_ANGLES[0] <= angle <= BROWN_ANGLES[1] and lightness < BROWN_LIGHTNESS:
        return "brown"
    return next(name for end, name in HUES if angle < end)


def border_of(grey: F32, around: Surround, contrast: float, spread: float) -> Border | None:
    """Diffuse where even the steepest slopes around the border are gentle against the whole step, sharp where the
    border itself is mostly steep; None between, and where noise or a mask drawn loosely hides it.
    """
    import cv2

    depth = cv2.distanceTransform(np.pad(around.inside, 1).astype(np.uint8), cv2.DIST_L2, 5)[1:-1, 1:-1]
    if depth.max() < LEAST_DEPTH or abs(contrast) < max(SOFT_CONTRAST, 2 * spread):
        return None
    smooth = cv2.GaussianBlur(grey, (0, 0), 1.0)
    slope = np.hypot(cv2.Sobel(smooth, cv2.CV_32F, 1, 0, scale=1 / 8), cv2.Sobel(smooth, cv2.CV_32F, 0, 1, scale=1 / 8))
    away = cv2.distanceTransform((~around.inside).astype(np.uint8), cv2.DIST_L2, 5)
    zone = (depth <= depth.max() / 2) & (away <= GAP_PX + 2) & (around.inside | (away > 0))
    steepest = GRADIENT_RUN * float(np.quantile(slope[zone], 0.9)) / abs(contrast)
    if steepest < SOFT_SHARE:
        return "diffuse"
    edge = (np.maximum(depth, away) <= EDGE_PX) & zone
    return "sharp" if GRADIENT_RUN * float(np.median(slope[edge])) >= SHARP_SHARE * abs(contrast) else None


def measure_visibility(view: View, instance: Instance, taken: Mask, part: Mask | None, width_px: float) -> float | None:
    """In [0, 1]; from the change against the good picture where there is one, else from what exceeds the ring."""
    if view.change is not None and instance.mask is not None:
        change = float(view.change[instance.window][instance.mask].mean())
    else:
        around = surround(instance, taken, part)
        if around is None:
            return None
        grey = view.grey[around.window]
        ring = grey[around.ring]
        middle = float(np.median(ring))
        own = float(np.minimum((ring - middle) ** 2, (3 * robust_spread(ring)) ** 2).mean())
        inside = grey[around.inside] - middle
        # A surround of two tones, as on both sides of a crack, must not hide what is darker than either.
        change = max(
            math.sqrt(max(0.0, float((inside**2).mean()) - own)), abs(float(grey[around.inside].mean() - ring.mean()))
        )
    ratio = change * min(1.0, width_px / ACUITY_PX) / visible_level(view.noise)
    return round(float(np.clip(math.log(max(ratio, 1.0)) / math.log(MOST_RATIO), 0, 1)), 3)


def level_word(visibility: float) -> str:
    fitting = words_at(SEVERITY, visibility)
    return next(word for word in LEVELS if word in fitting)


def measure_surface(view: View, part: Mask | None) -> Surface:
    """The picture as a whole, on the part where one is found."""
    where = np.ones_like(view.grey, np.bool_) if part is None else part
    means = [
        float(grey[on].mean())
        for grey, on in zip(blocks(view.grey), blocks(where), strict=True)
        if on.size and on.mean() > 0.9
    ]
    mean = None if view.lab is None else view.lab[where].mean(axis=0)
    return Surface(
        brightness=round(float(view.grey[where].mean()), 1),
        unevenness=round(float(np.std(means)), 1) if means else 0.0,
        hue=None if mean is None else hue_word(mean),
        part_percent=None if part is None else round(100 * float(part.mean()), 1),
    )


def blocks(array: NDArray[np.generic]) -> list[NDArray[np.generic]]:
    return [block for rows in np.array_split(array, GRID) for block in np.array_split(rows, GRID, axis=1)]
