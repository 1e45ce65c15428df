"""Makers: what puts a defect on a good picture in the arms that are no engines of ours."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from defectgen.arm.donor import Donors, grain_of, pose
from defectgen.arm.paste import feathered, placed, seamless, settle_place
from defectgen.arm.picture_run import Made, Maker
from defectgen.arm.pyimgano_tool import pyimgano_defect
from defectgen.band import grow
from defectgen.job import GoodPart

__all__ = ["PASTES", "paste_maker", "pyimgano_maker"]

U8 = NDArray[np.uint8]
PASTES = ("copy-paste", "seamless")
APART_PX = 3


def paste_maker(name: str, donors: Donors) -> Maker:
    """Pastes as many donors on a picture as a shot has; name: one of PASTES."""
    blend = feathered if name == "copy-paste" else seamless

    def make(part: GoodPart, good: U8, rng: np.random.Generator) -> Made | None:
        grain = grain_of(good)
        out, whole = good, np.zeros(part.hw, np.bool_)
        for _ in range(donors.bank.count(rng)):
            donor = pose(donors.draw(rng), grain, donors.bank.aligned, rng)
            found = settle_place(donor, part.foreground, grow(whole, APART_PX), rng)
            if found is not None:
                patch, mask, at = found
                out = blend(out, patch, mask, at)
                whole |= placed(mask, at, part.hw)
        return (out, whole) if whole.any() else None

    return make


def pyimgano_maker(preset: str) -> Maker:
    """pyimgano's alpha synthesis on the part."""

    def make(part: GoodPart, good: U8, rng: np.random.Generator) -> Made | None:
        return pyimgano_defect(good, preset, rng, roi=part.foreground)

    return make
