"""Other tools' defects on a good picture: each a function from a good picture to an output and its mask.

Every tool gets what its documentation asks for and its own defaults, and its mask is taken as it gives it. Pictures are
(H, W, 3) uint8; the generator is the only source of randomness.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from defectgen.arm.paste import feathered, placed, seamless
from defectgen.arm.pyimgano_tool import pyimgano_defect

__all__ = ["Donor", "Made", "Tool", "tools"]

U8 = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Made = tuple[U8, Mask]
Donor = tuple[U8, Mask]
Tool = Callable[[U8, str, np.random.Generator], Made]

PAD_PX = 3  # by which the solver's mask reaches past the defect; LABEL_TRUTH.md was measured so
TRIES = 50
PRESETS = {"blowhole": "pit", "break": "stain", "dark area": "stain"}  # pyimgano's nearest; else "crack"


def tools(donors: Mapping[str, Sequence[Donor]], textures: Path) -> dict[str, Tool]:
    """By name. donors: real defects of the training split by type; textures: folder of photographs."""
    return {
        "plain paste": lambda good, defect, rng: plain_paste(good, donors[defect], rng),
        "cv2.seamlessClone": lambda good, defect, rng: seamless_paste(good, donors[defect], PAD_PX, rng),
        "cv2.seamlessClone, mask not padded": lambda good, defect, rng: seamless_paste(good, donors[defect], 0, rng),
        "pyimgano alpha": lambda good, defect, rng: pyimgano(good, defect, "alpha", rng),
        "pyimgano poisson": lambda good, defect, rng: pyimgano(good, defect, "poisson", rng),
        "anomalib synthetic": lambda good, _, rng: anomalib(good, None, (0.01, 0.2), rng),
        "anomalib perlin": lambda good, _, rng: anomalib(good, textures, (0.2, 1.0), rng),
    }


def _fitting(good: U8, donors: Sequence[Donor], rng: np.random.Generator) -> tuple[U8, Mask, int, int]:
    """A donor that the picture has room for, and the corner where it goes, anywhere."""
    for _ in range(TRIES):
        patch, mask = donors[int(rng.integers(len(donors)))]
        room = [have - need for have, need in zip(good.shape[:2], mask.shape, strict=True)]
        if min(room) > 0:
            return patch, mask, int(rng.integers(room[0])), int(rng.integers(room[1]))
    raise SystemExit(f"no real defect fits a picture of {good.shape[1]}x{good.shape[0]} pixels")


def plain_paste(good: U8, donors: Sequence[Donor], rng: np.random.Generator) -> Made:
    """The donor's pixels under its mask, as they are."""
    patch, mask, top, left = _fitting(good, donors, rng)
    out = feathered(good, patch, mask, (top, left), feather_px=0, tone=False)
    return out, placed(mask, (top, left), good.shape)


def seamless_paste(good: U8, donors: Sequence[Donor], pad_px: int, rng: np.random.Generator) -> Made:
    """OpenCV's Poisson blending; the mask that ships is the defect's own, without the padding."""
    patch, mask, top, left = _fitting(good, donors, rng)
    return seamless(good, patch, mask, (top, left), pad_px), placed(mask, (top, left), good.shape)


def pyimgano(good: U8, defect: str, blend: Literal["alpha", "poisson"], rng: np.random.Generator) -> Made:
    """Its defaults, of the preset that is nearest to the defect."""
    return pyimgano_defect(good, PRESETS.get(defect, "crack"), rng, blend=blend)


def anomalib(good: U8, textures: Path | None, blend: tuple[float, float], rng: np.random.Generator) -> Made:
    """PerlinAnomalyGenerator; SyntheticAnomalyDataset uses blend (0.01, 0.2) and, without its textures, noise."""
    import torch
    from anomalib.data.utils.generators.perlin import PerlinAnomalyGenerator

    torch.manual_seed(int(rng.integers(2**31)))
    generator = PerlinAnomalyGenerator(textures, probability=1.0, blend_factor=blend)
    out, mask = generator(torch.from_numpy(good).permute(2, 0, 1).float() / 255)
    pixels = (out.permute(1, 2, 0).clamp(0, 1) * 255).round().byte().numpy()
    return np.asarray(pixels, np.uint8), np.asarray(mask[0].numpy() > 0)
