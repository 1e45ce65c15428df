"""A user's own mask as instances, one for each connected body."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from defectgen.errors import InputError
from defectgen.mask.placement import Instance
from defectgen.mask.shape import Shape

__all__ = ["instances_from_mask", "main_axis", "shape_of_mask"]

Mask = NDArray[np.bool_]
F32 = NDArray[np.float32]
MERGE_GAP_PX = 6
MARGIN_PX = 2


def main_axis(mask: Mask) -> float:
    """The principal direction of a mask, radians counter-clockwise."""
    ys, xs = np.nonzero(mask)
    if len(xs) < 2:
        return 0.0
    cloud = np.stack([xs - xs.mean(), -(ys - ys.mean())])
    axis = np.linalg.eigh(cloud @ cloud.T)[1][:, 1]
    return float(np.arctan2(axis[1], axis[0]))


def _tangent(mask: Mask, half: float, axis: float) -> F32:
    """Direction along the mask by its local structure tensor; the main axis where there is none."""
    sigma = max(1.0, half)
    soft = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), sigma)
    gx, gy = cv2.Sobel(soft, cv2.CV_32F, 1, 0), -cv2.Sobel(soft, cv2.CV_32F, 0, 1)
    blur = [cv2.GaussianBlur(v, (0, 0), 2 * sigma) for v in (gx * gx - gy * gy, 2 * gx * gy, gx * gx + gy * gy)]
    sure = np.hypot(blur[0], blur[1]) / np.maximum(blur[2], 1e-9)
    local = np.arctan2(blur[1], blur[0]) / 2 + np.pi / 2
    return np.where(sure > 0.35, local, axis).astype(np.float32)


def _shape(mask: Mask) -> tuple[Shape, float]:
    """Maps of one body; alpha >= 0.5 exactly on the mask."""
    soft = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), 0.6)
    alpha = np.where(mask, np.clip(0.55 + 0.5 * soft, 0, 1), np.minimum(soft, 0.45)).astype(np.float32)
    alpha[alpha < 0.02] = 0
    depth = cv2.distanceTransform(np.pad(mask, 1).astype(np.uint8), cv2.DIST_L2, 5)[1:-1, 1:-1]
    reach = 2 * int(np.ceil(depth.max())) + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach))
    half = np.where(alpha > 0, np.maximum(cv2.dilate(depth, kernel) - 0.5, 0.5), 0).astype(np.float32)
    profile = np.where(mask, np.clip(depth / np.maximum(half + 0.5, 1), 0, 1), alpha * 0.5).astype(np.float32)
    axis = main_axis(mask)
    return Shape(alpha, profile, _tangent(mask, float(depth.max()), axis), half), axis


def shape_of_mask(mask: Mask) -> Shape:
    """Maps of a non-empty mask (h, w) bool taken as one body."""
    return _shape(mask)[0]


def instances_from_mask(mask: Mask, severity: float) -> list[Instance]:
    """Instances of a given mask (h, w) bool; bodies no more than 6 px apart count as one, single pixels are kept.

    Raises InputError for an empty mask.
    """
    if mask.ndim != 2 or mask.dtype != np.bool_:
        raise InputError(f"a mask must be (h, w) bool, got {mask.shape} {mask.dtype}")
    if not mask.any():
        raise InputError("the mask is empty; paint the defect white on black")
    reach = MERGE_GAP_PX // 2
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    count, labels = cv2.connectedComponents(cv2.dilate(mask.astype(np.uint8), kernel), connectivity=8)
    h, w = mask.shape
    out = []
    for label in range(1, count):
        body = mask & (labels == label)
        rows, cols = np.flatnonzero(body.any(axis=1)), np.flatnonzero(body.any(axis=0))
        x0, y0 = max(int(cols[0]) - MARGIN_PX, 0), max(int(rows[0]) - MARGIN_PX, 0)
        x1, y1 = min(int(cols[-1]) + 1 + MARGIN_PX, w), min(int(rows[-1]) + 1 + MARGIN_PX, h)
        shape, axis = _shape(np.ascontiguousarray(body[y0:y1, x0:x1]))
        out.append(Instance(shape, (x0, y0, x1, y1), severity, axis))
    return out
