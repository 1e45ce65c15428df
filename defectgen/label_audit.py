"""The three masks, and whether a sample may ship.

    prescribed   what was asked for: coverage of 0.5 and more
    recovered    where the picture changed visibly: by more than `visible_level` grey levels
    delivered    what ships as the label: the recovered pixels of the prescribed defects, pinholes closed

Good and output share their sensor noise, so an untouched pixel differs by exactly 0; the level says what an eye or a
detector can tell from the noise around it. Changes that are not delivered are undone, so that nothing in the picture
is without a label, and outside the band of the delivered mask the output is the good picture, byte for byte.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from defectgen.band import grow
from defectgen.image import Pixels, grey_levels

__all__ = [
    "LEAST_CONTRAST", "LEAST_IOU", "LEAST_ON_PART", "Audited", "LabelAudit", "Reason", "audit", "deliver", "iou",
    "recover", "settle", "visible_level",
]  # fmt: skip

Mask = NDArray[np.bool_]
F32 = NDArray[np.float32]
Reason = Literal["invisible", "mask mismatch", "off the part", "outside the band", "no room on the part"]

VISIBLE_LOW, VISIBLE_HIGH, VISIBLE_NOISES = 2.0, 8.0, 1.25
LEAST_PIXELS = 4
LEAST_CONTRAST = 3.0  # mean change in the delivered mask, grey levels; also 1.5 times the visible level
LEAST_IOU = 0.5  # of prescribed and delivered
LEAST_ON_PART = 0.9  # share of the delivered mask that lies on the part
PINHOLE_SHARE = 0.05  # holes up to this share of the delivered mask are closed
SETTLE_ROUNDS = 4


@dataclass(frozen=True)
class LabelAudit:
    """What the three masks say of one sample.

    prescribed_iou: delivered against prescribed. changed_iou: delivered against all visibly changed pixels.
    in_mask_delta: mean change inside the delivered mask, grey levels. reason: None where the sample may ship.
    """

    prescribed_iou: float
    changed_iou: float
    in_mask_delta: float
    outside_changed_px: int
    reason: Reason | None


@dataclass(frozen=True)
class Audited:
    """The output with stray changes undone, its label, and the verdict."""

    pixels: Pixels
    delivered: Mask
    audit: LabelAudit


def visible_level(sigma: float) -> float:
    """Grey levels a pixel must change by to be seen in noise of `sigma`; above 8 the noise is texture."""
    return float(np.clip(VISIBLE_NOISES * sigma, VISIBLE_LOW, VISIBLE_HIGH))


def recover(good: Pixels, out: Pixels, sigma: float) -> Mask:
    """(H, W) bool: visibly changed pixels that hang together with one changed twice as much."""
    change = grey_levels(good, out)
    level = visible_level(sigma)
    weak, strong = change > level, change > 2 * level
    if not strong.any():
        return np.zeros_like(weak)
    labels = _components(weak)
    kept = np.unique(labels[strong])
    return np.asarray(np.isin(labels, kept[kept > 0]))


def deliver(recovered: Mask, prescribed: Mask) -> Mask:
    """The label: recovered components that touch the prescribed mask, gaps of a pixel and pinholes in it closed."""
    labels = _components(recovered)
    touching = np.unique(labels[prescribed & recovered])
    mask = np.isin(labels, touching[touching > 0])
    cross = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
    closed = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_CLOSE, cross, borderValue=0) > 0
    mask = mask | (closed & prescribed)
    return mask | (_pinholes(mask) & prescribed)


def _components(mask: Mask) -> NDArray[np.int32]:
    return np.asarray(cv2.connectedComponents(mask.astype(np.uint8), connectivity=8)[1], np.int32)


def _pinholes(mask: Mask) -> Mask:
    """Holes of the mask that are small against it."""
    most = max(4, PINHOLE_SHARE * np.count_nonzero(mask))
    _, labels, stats, _ = cv2.connectedComponentsWithStats((~mask).astype(np.uint8), connectivity=4)
    small = stats[:, cv2.CC_STAT_AREA] <= most
    small[0] = False
    return np.asarray(small[labels])


def iou(a: Mask, b: Mask) -> float:
    """Intersection over union; 1 for two empty masks."""
    union = np.count_nonzero(a | b)
    return np.count_nonzero(a & b) / union if union else 1.0


def settle(
    good: Pixels, out: Pixels, prescribed: Mask, band_px: int, sigma: float, foreground: Mask | None = None
) -> Audited:
    """Undo what is not delivered, then audit what is left."""
    view = _view((out != good).any(axis=2) | prescribed, band_px + 1)
    delivered = np.zeros_like(prescribed)
    undone = out.copy()
    undone[view], delivered[view] = _undo(good[view], out[view], prescribed[view], band_px, sigma)
    on_part = None if foreground is None else foreground[view]
    verdict = audit(good[view], undone[view], prescribed[view], delivered[view], band_px, sigma, on_part)
    return Audited(undone, delivered, verdict)


def _view(mask: Mask, margin: int) -> tuple[slice, slice]:
    """The part of the picture that matters: beyond it no pixel was touched and none was asked for."""
    if not mask.any():
        return slice(None), slice(None)
    x, y, w, h = cv2.boundingRect(mask.astype(np.uint8))
    return slice(max(0, y - margin), y + h + margin), slice(max(0, x - margin), x + w + margin)


def _undo(good: Pixels, out: Pixels, prescribed: Mask, band_px: int, sigma: float) -> tuple[Pixels, Mask]:
    for _ in range(SETTLE_ROUNDS):
        recovered = recover(good, out, sigma)
        delivered = deliver(recovered, prescribed)
        visible = grey_levels(good, out) > visible_level(sigma)
        stray = (out != good).any(axis=2) & (~grow(delivered, band_px) | (visible & ~_near(visible, delivered)))
        if not stray.any():
            break
        out = np.where(stray[..., None], good, out)
    return out, delivered


def _near(visible: Mask, delivered: Mask) -> Mask:
    """Visible pixels that hang together with the label."""
    labels = _components(visible)
    touching = np.unique(labels[delivered & visible])
    return np.asarray(np.isin(labels, touching[touching > 0]))


def audit(
    good: Pixels,
    out: Pixels,
    prescribed: Mask,
    delivered: Mask,
    band_px: int,
    sigma: float,
    foreground: Mask | None = None,
) -> LabelAudit:
    """Measure a finished output against its label."""
    change = grey_levels(good, out)
    changed = change > visible_level(sigma)
    outside = int(np.count_nonzero((out != good).any(axis=2) & ~grow(delivered, band_px)))
    delta = float(change[delivered].mean()) if delivered.any() else 0.0
    agreement = iou(prescribed, delivered)
    reason: Reason | None = None
    if outside:
        reason = "outside the band"
    elif np.count_nonzero(delivered) < LEAST_PIXELS or delta < max(LEAST_CONTRAST, 1.5 * visible_level(sigma)):
        reason = "invisible"
    elif agreement < LEAST_IOU:
        reason = "mask mismatch"
    elif foreground is not None and foreground[delivered].mean() < LEAST_ON_PART:
        reason = "off the part"
    return LabelAudit(agreement, iou(delivered, changed), delta, outside, reason)
