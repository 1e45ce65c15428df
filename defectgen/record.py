"""The record of a defect set: one line of metadata.jsonl, whether its picture was imported or made.

A *defect set* is a folder that Hugging Face `datasets` loads as an imagefolder:

    defectgen.json     what the set is made of: configuration or layout, versions, licence ledger
    metadata.jsonl     one record a line
    images/ masks/ good/ instances/     lossless pictures, one stem a sample

Boxes are [x0, y0, x1, y1] in pixels, x1 and y1 exclusive. File names are relative to the set's folder.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

__all__ = ["FORMAT", "GOOD", "MANIFEST", "METADATA", "UNSPLIT", "UNUSED", "Annotation", "Boxes", "Line", "Record"]

FORMAT = "defectgen defect set"
MANIFEST, METADATA = "defectgen.json", "metadata.jsonl"
GOOD = "good"
UNSPLIT, UNUSED = "unsplit", "unused"
Boxes = tuple[tuple[int, int, int, int], ...]
Annotation = Literal["good", "image", "box", "mask"]


class Line(BaseModel):
    """One frozen line of JSON; unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def line(self) -> str:
        return self.model_dump_json() + "\n"


class Record(Line):
    """One picture of a set.

    mask_file_name: 0 on good pixels, 255 on defects; None on a good picture and where only boxes or a class are known.
    good_file_name: the same view without the defect, where there is one.
    instances_file_name: uint8 or uint16 picture, value k on the pixels of boxes[k - 1], 0 elsewhere; None where each
        piece of the mask belongs to the one box that holds it.
    defect: "good", or the type of the largest defect. labels: the type of each box.
    split: "train", "val", "test", "unused" (kept from training where only a few shots are taken, or where its group
        lies in the test split) or "unsplit". group: what must stay on one side of a split.
    source: the file it came from, relative to the imported folder. source_sha256: of that file's bytes.
    licence: SPDX identifier or a plain word; "own" for parts of this project's library, "user" for the user's own.
    """

    file_name: str
    mask_file_name: str | None
    good_file_name: str | None
    instances_file_name: str | None = None
    text: str
    defect: str
    material: str | None
    boxes: Boxes
    labels: tuple[str, ...] = ()
    split: str
    group: str
    source: str
    source_sha256: str
    licence: str

    @property
    def annotation(self) -> Annotation:
        """How much is known about where the defect lies."""
        if self.defect == GOOD:
            return "good"
        if self.mask_file_name is not None:
            return "mask"
        return "box" if self.boxes else "image"

    @property
    def box_labels(self) -> tuple[str, ...]:
        """The type of each box, also where the line does not spell them out."""
        return self.labels or (self.defect,) * len(self.boxes)
