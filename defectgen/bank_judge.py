"""A judge of candidates by real defects: cosine of EfficientNet-Lite0 features to the nearest real one.

The window around a defect is seen at 128 px; the last map (1,280 channels) is averaged. Real defects come from the set
of --bank or --masks-from; test pictures of a known split are never among them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from defectgen.candidate import Judge
from defectgen.dataset.defect_set import DefectSet
from defectgen.dataset.training import training_records
from defectgen.engine.choose import read_donors
from defectgen.image import Pixels, to_rgb8
from defectgen.options import Options
from defectgen.phrase import phrase_key
from defectgen.recipe import Defect
from defectgen.source import read_mask

__all__ = ["BankJudge", "make_judge", "pieces_of", "real_defects"]

U8 = NDArray[np.uint8]
F32 = NDArray[np.float32]
Mask = NDArray[np.bool_]
MOST_REAL = 256
JOINED_PX = 7
MOST_PIECES = 4


class BankJudge:
    """Likeness to the nearest of the real defects given, at least one; each (H, W, 3) uint8 with its mask (H, W)."""

    def __init__(self, real: Sequence[tuple[U8, Mask]]) -> None:
        from defectgen.model.lite0 import Lite0

        self._net = Lite0()
        self._real = np.stack([self._vector(rgb, piece) for rgb, mask in real for piece in pieces_of(mask)])

    def likeness(self, pixels: Pixels, mask: Mask) -> float:
        """Mean over the picture's largest defects."""
        rgb = to_rgb8(pixels)
        nearest = [float((self._real @ self._vector(rgb, piece)).max()) for piece in pieces_of(mask)]
        return min(1.0, max(0.0, float(np.mean(nearest)))) if nearest else 0.0

    def _vector(self, rgb: U8, mask: Mask) -> F32:
        """(1280,) of unit length."""
        import torch

        from defectgen.model.reference import reference_window

        window = reference_window(rgb, mask.astype(np.float32)).rgb
        with torch.inference_mode():
            seen = self._net.maps(torch.from_numpy(window).permute(2, 0, 1)[None].float())[-1].mean((2, 3))[0].numpy()
        return np.asarray(seen / max(float(np.linalg.norm(seen)), 1e-9), np.float32)


def pieces_of(mask: Mask) -> list[Mask]:
    """The largest few pieces of a mask; what lies a few pixels apart is one piece."""
    joined = cv2.dilate(mask.astype(np.uint8), np.ones((JOINED_PX,) * 2, np.uint8))
    count, labels = cv2.connectedComponents(joined, connectivity=8)
    found = [mask & (labels == k) for k in range(1, count)]
    return sorted(found, key=np.count_nonzero, reverse=True)[:MOST_PIECES]


def make_judge(options: Options, defect: Defect) -> Judge | None:
    """The judge of a run with candidates; None where there is nothing to choose, or no real defect to hold them to."""
    if options.candidates == 1 or (options.bank is None and options.masks_from is None):
        return None
    found = list(real_defects(options, defect))[:MOST_REAL]
    return BankJudge(found) if found else None


def real_defects(options: Options, defect: Defect) -> Iterator[tuple[U8, Mask]]:
    """Real defects of the wanted type where the set has some, else all of them."""
    if options.bank is not None:
        for picture, mask in read_donors(options.bank, options.blocked):
            yield to_rgb8(picture.pixels), read_mask(mask, picture.hw)
        return
    assert options.masks_from is not None
    yield from _of_set(options.masks_from, defect, options.blocked)


def _of_set(folder: Path, defect: Defect, manifests: Sequence[Path]) -> Iterator[tuple[U8, Mask]]:
    owner = DefectSet(folder)
    records = [r for r in training_records(owner, manifests, unsplit=True) if r.annotation == "mask"]
    known = {phrase_key(name) for name in (defect.name, *defect.synonyms)}
    fitting = [r for r in records if any(phrase_key(label) in known for label in (r.defect, *r.box_labels))]
    for record in fitting or records:
        rgb = to_rgb8(owner.image(record).pixels)
        whole = np.zeros(rgb.shape[:2], np.bool_)
        for one in owner.instances(record):
            if one.mask is not None and (not fitting or phrase_key(one.defect) in known):
                whole[one.window] |= one.mask
        if whole.any():
            yield rgb, whole
