"""The records of a defect set: one line of metadata.jsonl for a sample, one of rejected.jsonl for an attempt.

Boxes are [x0, y0, x1, y1] in pixels, x1 and y1 exclusive. File names are relative to the set's folder.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from defectgen.label_audit import Reason

__all__ = ["Licence", "Outcome", "Rejected", "Sample"]

Licence = Literal["own", "user"]
Boxes = tuple[tuple[int, int, int, int], ...]


class Line(BaseModel):
    """One frozen line of JSON; unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def line(self) -> str:
        return self.model_dump_json() + "\n"


class Sample(Line):
    """A generated sample that ships.

    text: caption. group: good picture it came from, for splits. licence: "own" for parts of this project's library.
    attempts: how many it took. band_px: the blend band, pixels around the mask. The rest: see `label_audit.LabelAudit`.
    """

    file_name: str
    mask_file_name: str
    good_file_name: str
    text: str
    defect: str
    material: str | None
    boxes: Boxes
    severity: tuple[float, ...]
    split: str
    group: str
    source: str
    source_sha256: str
    licence: Licence
    prompt: str
    seed: int
    index: int
    attempts: int
    engine: str
    weights_sha256: str | None
    steps: int | None
    guidance: float | None
    band_px: int
    prescribed_iou: float
    changed_iou: float
    in_mask_delta: float
    outside_changed_px: int


class Rejected(Line):
    """An attempt that did not ship, with its reason; the measures are None where it never came to an edit."""

    index: int
    attempt: int
    reason: Reason
    source: str
    text: str | None = None
    prescribed_iou: float | None = None
    changed_iou: float | None = None
    in_mask_delta: float | None = None
    outside_changed_px: int | None = None


class Outcome(Line):
    """All that became of one index; without a sample it has failed."""

    index: int
    sample: Sample | None
    rejected: tuple[Rejected, ...]
