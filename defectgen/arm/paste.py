"""Pasting: a real defect put on a good picture at its own size, under its own mask.

    feathered   the donor's pixels under its mask, fading into the picture over a few pixels of the donor's own
                surround; its light is matched so that both surrounds agree, and the contrast to them stays
    seamless    OpenCV's Poisson blending (Perez et al., "Poisson Image Editing", 2003)

The mask that ships is the defect's own in both. OpenCV puts the *bounding rectangle* of its mask at the centre that it
is given, and solves inside of its mask alone: the mask is padded, or the step into the defect would be lost.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from defectgen.arm.donor import Donor
from defectgen.band import grow

__all__ = ["FEATHER_PX", "PAD_PX", "feathered", "placed", "seamless", "settle_place"]

U8 = NDArray[np.uint8]
F32 = NDArray[np.float32]
Mask = NDArray[np.bool_]

FEATHER_PX = 2
PAD_PX = 5
"""OpenCV shrinks the mask by 3 pixels before it solves; with two more the step into the defect is among the gradients
that it keeps. On magnetic tile, cracks, blowholes and breaks change the picture by 20, 11 and 11 grey levels with a
padding of 3, by 30, 40 and 16 with 5, and by 31, 47 and 20 with 8, which moves twice as many pixels outside."""
TRIES = 40
PLACE_SPREAD = 0.06
NEAR_TRIES = 15
LEAST_ON_PART = 0.9
MOST_STRETCH = 2.5
MORE_THAN_HOME, MORE_BY = 1.5, 0.05
"""A donor may cover so many times its share of its own picture, and so much more."""
MOST_GAIN, MOST_SPREAD = 2.0, 40.0
NEAR_PX, FAR = 6.0, 1e-3
DARKEST = 4.0


def placed(mask: Mask, at: tuple[int, int], hw: tuple[int, ...]) -> Mask:
    """The mask on a canvas of (H, W), its upper left corner at (row, column)."""
    whole = np.zeros(hw[:2], np.bool_)
    whole[at[0] : at[0] + mask.shape[0], at[1] : at[1] + mask.shape[1]] = mask
    return whole


def feathered(
    good: U8, patch: U8, mask: Mask, at: tuple[int, int], feather_px: int = FEATHER_PX, tone: bool = True
) -> U8:
    """The picture with the patch pasted at (row, column). tone: whether the patch's light is matched."""
    view = (slice(at[0], at[0] + mask.shape[0]), slice(at[1], at[1] + mask.shape[1]))
    under = good[view].astype(np.float32)
    distance = cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    weight = np.where(distance <= feather_px, 1 - distance / (feather_px + 1), 0)[..., None]
    over = _relit(patch.astype(np.float32), under, mask) if tone else patch.astype(np.float32)
    out = good.copy()
    out[view] = np.clip(np.rint(under + weight * (over - under)), 0, 255).astype(np.uint8)
    return out


def _relit(over: F32, under: F32, mask: Mask) -> F32:
    """A patch (h, w, 3) in the light of the place it goes to, by what surrounds the defect here and there: all along a
    thin one, as a whole for a wide one. As it is where that shows things rather than a surface."""
    ring = ~grow(mask, 1)
    if not ring.any():
        return over
    depth = cv2.distanceTransform(np.pad(mask, 1).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    mean = _around if float(depth.max()) <= NEAR_PX else _mean
    here, there = mean(under, ring), mean(over, ring)
    if max(float((one - around)[ring].std()) for one, around in ((under, here), (over, there))) > MOST_SPREAD:
        return over
    light = here.mean(2) / np.maximum(there.mean(2), DARKEST)
    gain = np.clip(light, 1 / MOST_GAIN, MOST_GAIN)[..., None]
    return np.asarray(here + gain * (over - there), np.float32)


def _mean(values: F32, ring: Mask) -> F32:
    return np.broadcast_to(values[ring].mean(0), values.shape)


def _around(values: F32, ring: Mask) -> F32:
    """Local mean of (h, w, 3) over the ring alone (normalised convolution, Knutsson and Westin 1993)."""
    weight = ring.astype(np.float32)
    near = cv2.GaussianBlur(weight, (0, 0), NEAR_PX, borderType=cv2.BORDER_REFLECT)[..., None]
    total = cv2.GaussianBlur(values * weight[..., None], (0, 0), NEAR_PX, borderType=cv2.BORDER_REFLECT)
    return np.asarray((total + FAR * values[ring].mean(0)) / (near + FAR), np.float32)


def seamless(good: U8, patch: U8, mask: Mask, at: tuple[int, int], pad_px: int = PAD_PX) -> U8:
    """The picture with the patch cloned at (row, column). pad_px: by which the solver's mask outgrows the defect's."""
    disk = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * pad_px + 1, 2 * pad_px + 1))
    frame = 2 * max(pad_px, 1)  # room for the padding where the defect touches its patch's or the picture's border
    around = ((frame, frame), (frame, frame))
    wide = np.pad(patch, (*around, (0, 0)), mode="reflect" if min(patch.shape[:2]) > frame else "edge")
    padded = cv2.dilate(np.pad(mask, around).astype(np.uint8) * 255, disk)
    canvas = np.pad(good, (*around, (0, 0)), mode="reflect")
    x, y, w, h = cv2.boundingRect(padded)
    centre = at[1] + x + w // 2, at[0] + y + h // 2
    out = cv2.seamlessClone(np.ascontiguousarray(wide), canvas, padded, centre, cv2.NORMAL_CLONE)
    return np.ascontiguousarray(out[frame:-frame, frame:-frame], np.uint8)


def settle_place(
    donor: Donor, part: Mask, taken: Mask, rng: np.random.Generator
) -> tuple[U8, Mask, tuple[int, int]] | None:
    """Patch, mask and (row, column) for the donor on a picture whose part is (H, W); None where it finds no room.

    Near where it lay on its own picture, then anywhere; at the same border where it touched one; on the part as far as
    it was at home; clear of what is `taken`. One that spans its picture is stretched to span this one.
    """
    spanned = _spanned(donor, part.shape)
    if spanned is None:
        return None
    patch, mask = spanned
    if mask.sum() > (MORE_THAN_HOME * donor.share + MORE_BY) * part.size:
        return None
    for number in range(TRIES):
        spread = PLACE_SPREAD * (1 + number) if number < NEAR_TRIES else None
        top, left = (_start(donor, axis, mask.shape[1 - axis], part.shape[1 - axis], spread, rng) for axis in (1, 0))
        view = (slice(top, top + mask.shape[0]), slice(left, left + mask.shape[1]))
        at_home = part[view][mask].mean() >= min(LEAST_ON_PART, 0.95 * donor.on_part)
        if at_home and not (taken[view] & mask).any():
            return patch, mask, (top, left)
    return None


def _spanned(donor: Donor, hw: tuple[int, ...]) -> tuple[U8, Mask] | None:
    """Patch and mask, stretched along the axes on which the donor touches both borders; None where it does not fit."""
    left, top, right, bottom = donor.touches
    height = hw[0] if top and bottom else donor.mask.shape[0]
    width = hw[1] if left and right else donor.mask.shape[1]
    stretch = max(height / donor.mask.shape[0], width / donor.mask.shape[1])
    squeeze = min(height / donor.mask.shape[0], width / donor.mask.shape[1])
    if height > hw[0] or width > hw[1] or stretch > MOST_STRETCH or squeeze < 1 / MOST_STRETCH:
        return None
    patch, mask = np.ascontiguousarray(donor.patch), np.ascontiguousarray(donor.mask)
    if (height, width) == mask.shape:
        return patch, mask
    soft = cv2.resize(mask.astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(cv2.resize(patch, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8), soft >= 0.5


def _start(
    donor: Donor, axis: int, length: int, room: int, spread: float | None, rng: np.random.Generator
) -> int:
    """Where `length` pixels start in `room`, along x (axis 0) or y (1)."""
    free = room - length
    if donor.touches[axis] or donor.touches[axis + 2]:
        return 0 if donor.touches[axis] else free
    if spread is None:
        return int(rng.integers(free + 1))
    middle = (donor.where[axis] + rng.normal(0, spread)) * room - length / 2
    return int(np.clip(round(middle), 0, free))
