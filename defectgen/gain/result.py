"""The result of a study, as gain.json holds it: a stable schema with a version.

It has the number of every training, with the key that it is cached by, and the verdicts that follow from them. A study
that was stopped early is a result as well: `planned` says how many trainings it should have.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from defectgen.errors import InputError
from defectgen.gain.advisor import Advice
from defectgen.gain.cell_cache import CellNumbers
from defectgen.gain.row import ALL, Row
from defectgen.gain.verdict import Verdict

__all__ = [
    "SCHEMA", "ArmLine", "CellLine", "DrawLine", "GainResult", "Protocol", "RealSide", "TaskLine", "TestSide",
    "read_result",
]  # fmt: skip

SCHEMA = 1


class Frozen(BaseModel):
    """A frozen part of the result; unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Protocol(Frozen):
    """How it was run. version: of what a training is. shots: real pictures of each defect, None for all."""

    version: int
    shots: int | None
    draws: int
    seeds: int
    ratios: tuple[float, ...]
    zero_shot: bool
    side: int
    batch: int
    device: str
    libraries: dict[str, str]


class RealSide(Frozen):
    """The real set. sha256: of its table. counts: pictures by split, then good and each class."""

    name: str
    sha256: str
    classes: tuple[str, ...]
    counts: dict[str, dict[str, int]]


class TestSide(Frozen):
    """The test pictures in the order of the cached scores and maps. labels: 0 good, k for classes[k - 1]."""

    __test__ = False

    names: tuple[str, ...]
    labels: tuple[int, ...]


class ArmLine(Frozen):
    """One arm. maker: what made its set. pictures: synthetic ones that it could draw from, over all draws."""

    name: str
    kind: Literal["real", "augmented", "made", "set"]
    maker: str
    zero_shot: bool
    pictures: int


class DrawLine(Frozen):
    """The shots of a draw: file names in the real set, by class."""

    draw: int
    shots: dict[str, tuple[str, ...]]


class TaskLine(Frozen):
    """One task with its model. lead: the metric that verdicts rest on."""

    task: str
    model: str
    lead: str
    steps: int


class CellLine(Frozen):
    """One training. ratio: 0 for arms without a synthetic set. key: of its files in the study's cache."""

    task: str
    model: str
    arm: str
    ratio: float
    draw: int
    seed: int
    key: str
    numbers: CellNumbers


class GainResult(Frozen):
    """A whole study. said: each verdict in a sentence. seconds: of all trainings together, on one core each."""

    schema_version: int = SCHEMA
    defectgen: str
    command: str
    protocol: Protocol
    real: RealSide
    arms: tuple[ArmLine, ...]
    tasks: tuple[TaskLine, ...]
    draws: tuple[DrawLine, ...]
    test: TestSide
    planned: int
    cells: tuple[CellLine, ...]
    verdicts: tuple[Verdict, ...]
    said: tuple[str, ...]
    advice: tuple[Advice, ...]
    notes: tuple[str, ...]
    seconds: float

    @property
    def complete(self) -> bool:
        return len(self.cells) == self.planned

    @property
    def leads(self) -> dict[str, str]:
        """The leading metric of each task."""
        return {one.task: one.lead for one in self.tasks}

    @property
    def rows(self) -> list[Row]:
        return rows_of(self.cells)


def rows_of(cells: Sequence[CellLine]) -> list[Row]:
    """One row for each number of each training; metrics without a value are left out."""
    rows = []
    for cell in cells:
        parts = {ALL: cell.numbers.metrics, **cell.numbers.per_class}
        rows += [
            Row(cell.task, cell.arm, cell.ratio, defect, metric, cell.draw, cell.seed, value, cell.model)
            for defect, values in parts.items()
            for metric, value in values.items()
            if value is not None
        ]
    return rows


def read_result(path: Path) -> GainResult:
    """The result in a gain.json. InputError where it is none, or of another schema."""
    try:
        content = json.loads(path.read_text("utf-8"))
        found = content.get("schema_version")
        if found != SCHEMA:
            raise InputError(f"{path} has schema {found!r}, this version reads {SCHEMA}; run the study again")
        return GainResult.model_validate(content)
    except (OSError, ValueError, AttributeError, ValidationError) as error:
        raise InputError(f"{path} is no result of defectgen gain: {str(error).splitlines()[0]}") from None
