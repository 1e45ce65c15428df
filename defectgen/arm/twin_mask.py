"""Twin masks: the masks of shots that come with boxes and with the same view without the defect.

Inside its boxes a picture is compared with its twin; what differs visibly is the defect. A rim of a pixel or two, which
is what two pictures differ by that are not aligned to the pixel, is opened away where something larger stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from defectgen.arm.shots_set import link
from defectgen.blocked import SPLIT_FILE
from defectgen.dataset.defect_set import DefectSet, is_defect_set
from defectgen.dataset.writer import SetWriter, whole_folder
from defectgen.image import grey_levels
from defectgen.record import Record

__all__ = ["twin_mask", "with_twin_masks"]

Mask = NDArray[np.bool_]
LEAST_CHANGE = 24.0
RIM_PX = 3


def with_twin_masks(owner: DefectSet, records: Sequence[Record], out: Path) -> DefectSet:
    """The set again, its shots with boxes and a twin given masks; the set itself where there are none of those."""
    lacking = {r.file_name for r in records if r.annotation == "box" and r.good_file_name is not None}
    if not lacking:
        return owner
    if is_defect_set(out):
        return DefectSet(out)
    with whole_folder(out) as part:
        writer = SetWriter(part)
        for record in records:
            for name in (record.file_name, record.mask_file_name, record.good_file_name, record.instances_file_name):
                if name is not None:
                    link(owner.file(name), part / name)
            mask = twin_mask(owner, record) if record.file_name in lacking else None
            if mask is not None and mask.any():
                name = f"masks/{Path(record.file_name).stem}.png"
                writer.put_pixels(name, mask.astype(np.uint8) * np.uint8(255))
                record = record.model_copy(update={"mask_file_name": name})
            writer.put_record(record)
        writer.finish({"kind": "shots"})
        if (owner.path / SPLIT_FILE).is_file():
            link(owner.path / SPLIT_FILE, part / SPLIT_FILE)
    return DefectSet(out)


def twin_mask(owner: DefectSet, record: Record) -> Mask | None:
    """(H, W) where a picture differs from its twin inside its boxes; None where the twin is of another size."""
    picture, twin = owner.image(record).pixels, owner.good(record)
    if twin is None or twin.pixels.shape != picture.shape:
        return None
    differs = grey_levels(twin.pixels, picture) > LEAST_CHANGE
    out = np.zeros(differs.shape, np.bool_)
    for x0, y0, x1, y1 in record.boxes:
        inside = differs[y0:y1, x0:x1]
        kernel = np.ones((RIM_PX, RIM_PX), np.uint8)
        opened = cv2.morphologyEx(inside.astype(np.uint8), cv2.MORPH_OPEN, kernel) > 0
        out[y0:y1, x0:x1] |= opened if opened.any() else inside
    return out
