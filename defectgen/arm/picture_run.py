"""A picture run: samples of one defect type made on whole good pictures by something that is no engine of ours.

Each maker gives a picture and its mask; the mask ships as it is given. Where nothing can be seen under it, the next
attempt is made, as for our own engines. Sample i is a pure function of (shots, maker, seed, i); a run that was killed
and started again ends in the same folder.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

import defectgen
from defectgen.arm.donor import bodies
from defectgen.arm.paste import FEATHER_PX
from defectgen.folder import SetFolder, stem
from defectgen.image import Pixels, apply_edit, to_rgb8
from defectgen.job import ATTEMPTS, GoodPart, PartShelf
from defectgen.label_audit import LEAST_CONTRAST, LEAST_PIXELS, Reason, audit, visible_level
from defectgen.record import FORMAT, Boxes
from defectgen.sample import Outcome, Rejected, Sample
from defectgen.sheet import draw_sheet
from defectgen.source import Source

__all__ = ["Made", "Maker", "PictureRun", "run_pictures", "source_of"]

U8 = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Made = tuple[U8, Mask]
"""The picture (H, W, 3) and its mask (H, W)."""
Maker = Callable[[GoodPart, U8, np.random.Generator], Made | None]
"""From a good part and its pixels (H, W, 3) uint8; None where it finds no room on the part."""


@dataclass(frozen=True)
class PictureRun:
    """One run. tool: the name on record. defect, text: type and caption of the samples. key: hash of the shots."""

    tool: str
    defect: str
    text: str
    sources: tuple[Source, ...]
    out: Path
    seed: int
    key: str

    def manifest(self, n: int) -> dict[str, object]:
        """Content of defectgen.json."""
        config = {"engine": {"name": self.tool}, "defect": self.defect, "n": n, "seed": self.seed, "shots": self.key}
        sources = [{"file": one.path.name, "sha256": one.sha256, "licence": "user"} for one in self.sources]
        versions = {"defectgen": defectgen.__version__}
        return {"format": FORMAT, "config": config, "versions": versions, "sources": sources}


def source_of(sources: Sequence[Source], seed: int, index: int) -> Source:
    """The good picture of a sample: the next of a seeded shuffle that goes through all before any comes again."""
    cycle, place = divmod(index, len(sources))
    order = np.random.default_rng(np.random.SeedSequence([seed, 2**32 + cycle])).permutation(len(sources))
    return sources[int(order[place])]


def run_pictures(run: PictureRun, make: Maker, n: int) -> None:
    """Make the first n samples of a run, or those that an earlier one has not made yet."""
    shelf = PartShelf()
    with SetFolder(run.out, run.manifest(n)) as folder:
        if folder.finished:
            return
        for index in range(n):
            if folder.outcome(index) is None:
                outcome, pictures = _sample(run, make, shelf.get(source_of(run.sources, run.seed, index)), index)
                folder.keep(outcome, pictures)
            folder.flush(index + 1)
        folder.gather()
        folder.finish(draw_sheet(folder.path, folder.samples()))


def _sample(run: PictureRun, make: Maker, part: GoodPart, index: int) -> tuple[Outcome, dict[str, Pixels]]:
    good, rejected = to_rgb8(part.pixels), []
    for attempt in range(ATTEMPTS):
        rng = np.random.default_rng(np.random.SeedSequence([run.seed, index, attempt]))
        made = make(part, good, rng)
        reason, pixels = _judged(part, good, made)
        if made is None or reason is not None:
            why = reason or "no room on the part"
            rejected.append(Rejected(index=index, attempt=attempt, reason=why, source=part.source.path.name))
            continue
        sample = _record(run, part, pixels, made[1], index, attempt)
        pictures = {"images": pixels, "masks": made[1].astype(np.uint8) * np.uint8(255), "good": part.pixels}
        return Outcome(index=index, sample=sample, rejected=tuple(rejected)), pictures
    return Outcome(index=index, sample=None, rejected=tuple(rejected)), {}


def _judged(part: GoodPart, good: U8, made: Made | None) -> tuple[Reason | None, Pixels]:
    """Why a sample does not ship, if so, and its picture as it is stored."""
    if made is None:
        return "no room on the part", part.pixels
    pixels = _stored(part.pixels, good, made[0])
    return _unseen(part, pixels, made[1]), pixels


def _stored(pixels: Pixels, good: U8, out: U8) -> Pixels:
    """The tool's picture in the good one's own channels and depth; what it left alone stays bit for bit."""
    changed = (out != good).any(axis=2).astype(np.float32)
    return apply_edit(pixels, out.astype(np.float32) / np.float32(255), changed)


def _unseen(part: GoodPart, pixels: Pixels, mask: Mask) -> Reason | None:
    """Why a sample can not be seen, if so; the label audit's own limits."""
    if np.count_nonzero(mask) < LEAST_PIXELS:
        return "invisible"
    delta = audit(part.pixels, pixels, mask, mask, FEATHER_PX, part.sigma).in_mask_delta
    return "invisible" if delta < max(LEAST_CONTRAST, 1.5 * visible_level(part.sigma)) else None


def _record(run: PictureRun, part: GoodPart, pixels: Pixels, mask: Mask, index: int, attempt: int) -> Sample:
    seen, name, boxes = audit(part.pixels, pixels, mask, mask, FEATHER_PX, part.sigma), stem(index), boxes_of(mask)
    return Sample(
        file_name=f"images/{name}.png", mask_file_name=f"masks/{name}.png", good_file_name=f"good/{name}.png",
        text=run.text, defect=run.defect, material=None, boxes=boxes, labels=(run.defect,) * len(boxes), severity=(),
        split="train", group=part.source.name, source=part.source.path.name, source_sha256=part.source.sha256,
        licence="user", prompt=run.text, seed=run.seed, index=index, attempts=attempt + 1, engine=run.tool,
        weights_sha256=None, steps=None, guidance=None, band_px=FEATHER_PX,
        prescribed_iou=round(seen.prescribed_iou, 4), changed_iou=round(seen.changed_iou, 4),
        in_mask_delta=round(seen.in_mask_delta, 3), outside_changed_px=seen.outside_changed_px,
    )  # fmt: skip


def boxes_of(mask: Mask) -> Boxes:
    """A box for each defect of the mask, see `donor.bodies`."""
    rectangles = [cv2.boundingRect(body.astype(np.uint8)) for body in bodies(mask)]
    return tuple((int(x), int(y), int(x + w), int(y + h)) for x, y, w, h in rectangles)
