"""The records of a generated set: one line of metadata.jsonl for a sample, one of rejected.jsonl for an attempt."""

from __future__ import annotations

from typing import Literal

from defectgen.label_audit import Reason
from defectgen.record import Line, Record

__all__ = ["Licence", "Outcome", "Rejected", "Sample"]

Licence = Literal["own", "user"]
CHOICE = ("candidate", "likeness")


class Sample(Record):
    """A generated sample that ships.

    text: caption. group: good picture it came from, for splits. severity: in [0, 1], of each defect.
    attempts: how many it took. band_px: the blend band, pixels around the mask. candidate, likeness: the
        best of several, and how like a real one it is (see `candidate`). The rest: see `label_audit.LabelAudit`.
    """

    mask_file_name: str
    good_file_name: str
    severity: tuple[float, ...]
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
    candidate: int | None = None
    likeness: float | None = None

    def line(self) -> str:
        """Without the keys of candidates where there was no choice."""
        return self.model_dump_json(exclude={name for name in CHOICE if getattr(self, name) is None}) + "\n"


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
