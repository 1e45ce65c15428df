"""Donor drafts: what a real defect changed, carried over to another mask, as the draft that the model starts from.

A fine-tuning keeps what each of its real defects changed against the good surface (its residual). Donor and wanted mask
are brought together by their ellipses of inertia: the wanted mask's pixels are looked up at the same place of the
donor's ellipse, and where the donor's own mask ends, the nearest change inside it goes on. So every wanted pixel gets a
real change, at the donor's own grain where the two are of a size, and the mask stays the one that was asked for. The
model then redraws this draft on the good window: it is a start, not the result.

Donors lie in one safetensors file beside an adapter's weights, as `<recipe>/<number>/<plane>`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from defectgen.errors import WeightsError
from defectgen.model.condition import measured_severity

__all__ = ["Donor", "carried", "donor_at", "donor_of", "read_donors", "write_donors"]

F32 = NDArray[np.float32]
U8 = NDArray[np.uint8]
MARGIN_PX = 6
MOST_SIDE = 192
LEAST_LEVEL = 0.02
TO_AND_FRO = 0.25
GAIN = (0.85, 1.15)
PLANES = ("rgb", "good", "alpha")
_LEAST_AXIS = 0.75
UPRIGHT_PX = 8.0


@dataclass(frozen=True)
class Donor:
    """rgb, good: (h, w, 3) uint8, the window with and without the defect. alpha: (h, w) uint8, 255 on the defect."""

    rgb: U8
    good: U8
    alpha: U8

    @property
    def residual(self) -> F32:
        """(h, w, 3), [-1, 1]."""
        return (self.rgb.astype(np.float32) - self.good.astype(np.float32)) / np.float32(255)

    @property
    def cover(self) -> F32:
        return self.alpha.astype(np.float32) / np.float32(255)

    @property
    def severity(self) -> float:
        return measured_severity(self.residual, self.cover)

    @property
    def level(self) -> float:
        """Mean of the good surface under the defect, [0, 1]."""
        weight = self.cover[..., None]
        return max(float((self.good * weight).sum() / (255 * 3 * max(float(weight.sum()), 1.0))), LEAST_LEVEL)


def donor_of(rgb: U8, good: U8, mask: NDArray[np.bool_]) -> Donor:
    """The window around `mask`, (H, W) bool and not empty, with MARGIN_PX; brought down to MOST_SIDE where larger."""
    x, y, w, h = cv2.boundingRect(mask.astype(np.uint8))
    part = np.s_[max(0, y - MARGIN_PX) : y + h + MARGIN_PX, max(0, x - MARGIN_PX) : x + w + MARGIN_PX]
    planes = [np.ascontiguousarray(one[part]) for one in (rgb, good, mask.astype(np.uint8) * np.uint8(255))]
    scale = MOST_SIDE / max(planes[0].shape[:2])
    if scale < 1:
        size = max(1, round(planes[0].shape[1] * scale)), max(1, round(planes[0].shape[0] * scale))
        planes = [np.asarray(cv2.resize(one, size, interpolation=cv2.INTER_AREA), np.uint8) for one in planes]
    return Donor(*planes)


def write_donors(path: Path, donors: Mapping[str, Sequence[Donor]]) -> None:
    """donors: of each recipe."""
    from safetensors.numpy import save_file

    planes = {
        f"{name}/{number:03d}/{plane}": np.ascontiguousarray(getattr(one, plane))
        for name, members in donors.items() for number, one in enumerate(members) for plane in PLANES
    }  # fmt: skip
    save_file(planes, path)


def read_donors(path: Path) -> dict[str, list[Donor]]:
    """What `write_donors` wrote, of each recipe in its order. WeightsError for another file."""
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    found: dict[str, list[Donor]] = {}
    try:
        planes = load_file(path)
        for key in sorted({key.rpartition("/")[0] for key in planes}):
            donor = Donor(*(planes[f"{key}/{plane}"] for plane in PLANES))
            found.setdefault(key.rpartition("/")[0], []).append(donor)
    except (OSError, SafetensorError, KeyError, ValueError) as error:
        raise WeightsError(f"{path} holds no donors ({error}); fine-tune again") from error
    return found


def donor_at(donors: Sequence[Donor], severity: float, rng: np.random.Generator) -> Donor:
    """The donor at `severity` in [0, 1] of the scale from the weakest to the strongest, TO_AND_FRO either way."""
    scale = sorted(donors, key=lambda donor: donor.severity)
    place = float(np.clip(severity + rng.uniform(-TO_AND_FRO, TO_AND_FRO), 0, 1))
    return scale[min(int(place * len(scale)), len(scale) - 1)]


def carried(donor: Donor, good: F32, alpha: F32, rng: np.random.Generator) -> F32:
    """The draft (S, S, 3) in [0, 1]: `good` with the donor's change under alpha (S, S).

    A darker surface gets a smaller change than a bright one, in proportion. The donor is mirrored along its axes at
    random; a wide one is not turned.
    """
    body = alpha > 0.05
    if not body.any():
        return good.copy()
    own_centre, own_axes = _ellipse(donor.cover)
    centre, axes = _ellipse(alpha)
    if np.linalg.norm(own_axes, axis=0).min() >= UPRIGHT_PX:
        own_axes, axes = _upright(own_axes), _upright(axes)
    flips = rng.choice([-1.0, 1.0], 2)
    rows, columns = np.nonzero(body)
    places = (np.stack([columns, rows], 1) - centre) @ np.linalg.inv(axes).T
    looked = (places * flips) @ own_axes.T + own_centre
    change = _looked_up(donor, looked)
    level = float(good[body].mean())
    gain = float(np.clip(max(level, LEAST_LEVEL) / donor.level, 0.5, 2.0) * rng.uniform(*GAIN))
    out = good.copy()
    out[rows, columns] += np.float32(gain) * change * alpha[rows, columns, None]
    return np.clip(out, 0, 1).astype(np.float32)


def _ellipse(weight: F32) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Centre (x, y) and the half axes as columns of a (2, 2) matrix, longest first, each pointing right or down."""
    rows, columns = np.nonzero(weight > 0.05)
    mass = weight[rows, columns].astype(np.float64)
    points = np.stack([columns, rows], 1).astype(np.float64)
    centre = np.average(points, axis=0, weights=mass)
    spread = np.cov(points.T, aweights=mass, bias=True) if len(points) > 1 else np.zeros((2, 2))
    values, vectors = np.linalg.eigh(np.atleast_2d(spread))
    axes = vectors[:, ::-1] * np.sqrt(np.maximum(values[::-1], _LEAST_AXIS**2))
    signs = np.where(np.abs(axes).max(0) == axes.max(0), 1.0, -1.0)
    return centre, axes * signs


def _upright(axes: NDArray[np.float64]) -> NDArray[np.float64]:
    """The half axes of the same spread along x and y: a wide defect shows its surface, whose grain must not turn."""
    return np.asarray(np.diag(np.linalg.norm(axes, axis=1)), np.float64)


def _looked_up(donor: Donor, places: NDArray[np.float64]) -> F32:
    """The donor's change at (n, 2) places (x, y), from inside its mask only."""
    inside = donor.alpha > 127
    if not inside.any():
        inside = donor.alpha > 0
    labels = cv2.distanceTransformWithLabels(
        (~inside).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )[1]
    source = np.zeros((int(labels.max()) + 1, 3), np.float32)
    source[labels[inside]] = donor.residual[inside]
    filled = np.ascontiguousarray(source[labels])
    at = places.astype(np.float32)
    found = cv2.remap(
        filled, at[:, :1], at[:, 1:], interpolation=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )  # fmt: skip
    return np.asarray(found[:, 0], np.float32)
