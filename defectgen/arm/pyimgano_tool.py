"""pyimgano's alpha synthesis (MIT, https://github.com/skygazer42/pyimgano): procedural presets blended into a picture.

The tool gets what its documentation asks for, with its own defaults: a preset, the region of interest, a generator. Its
mask is taken as it gives it.
"""

from __future__ import annotations

from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from defectgen.arm.donor import Donors
from defectgen.errors import InputError
from defectgen.mask.bank import long_side
from defectgen.phrase import phrase_key

__all__ = ["preset_of", "pyimgano_defect"]

U8 = NDArray[np.uint8]
Mask = NDArray[np.bool_]

NAMED = ("bubble", "burn", "crack", "fiber", "oil", "pit", "rust", "scratch", "spatter", "stain", "wrinkle")
THIN, SMALL = 0.12, 0.01


def preset_of(defect: str, donors: Donors) -> str:
    """The preset that is nearest to a type: the one of its name, or else the one whose shapes are most like its own.

    Lines are cracks; bodies that cover less than one percent of a picture are pits, others stains.
    """
    named = [word for word in phrase_key(defect).split() if word in NAMED]
    if named:
        return named[-1]
    if np.median([_breadth(one.mask) for one in donors.every]) < THIN:
        return "crack"
    return "pit" if sum(one.share for one in donors.every) < SMALL * len(donors.bank.counts) else "stain"


def _breadth(mask: Mask) -> float:
    """Widest place over length."""
    depth = cv2.distanceTransform(np.pad(mask, 1).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return 2 * float(depth.max()) / long_side(mask)


def pyimgano_defect(
    good: U8, preset: str, rng: np.random.Generator, *, blend: Literal["alpha", "poisson"] = "alpha",
    roi: Mask | None = None,
) -> tuple[U8, Mask]:  # fmt: skip
    """A good picture (H, W, 3) with one synthesised defect, and the mask that the tool gives.

    roi: (H, W), where the defect may lie. InputError where the tool is not installed.
    """
    try:
        from pyimgano.synthesis import AnomalySynthesizer, SynthSpec
    except ImportError:
        raise InputError(
            "pyimgano is not installed; pip install 'pyimgano==0.9.1', or leave the arm pyimgano-alpha out"
        ) from None
    allowed = None if roi is None else roi.astype(np.uint8) * np.uint8(255)
    tool = AnomalySynthesizer(SynthSpec(preset=preset, blend=blend))
    made = tool.synthesize(np.ascontiguousarray(good), rng=rng, roi_mask=allowed)
    return np.asarray(made.image_u8, np.uint8), np.asarray(made.mask_u8 > 0)
