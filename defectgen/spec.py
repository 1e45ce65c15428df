"""What a prompt asks for, and how it was understood."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict

from defectgen.lexicon import How
from defectgen.recipe import Defect, Grain, Morphology, Range

__all__ = ["DefectSpec", "Reading", "Understanding"]


class DefectSpec(BaseModel):
    """What a run makes, as far as the prompt says it; ranges are spread over the samples.

    severity: within [0, 1]. size: fraction of the part's shorter side. orientation: degrees counter-clockwise from the
    x axis, modulo 180. grain: how the defect lies to the surface's grain, where the prompt says so. region: one of
    `words.REGIONS`. shape: shape words; params: what they change in the morphology. adjectives: for the caption.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    prompt: str
    defect: str
    material: str | None = None
    severity: Range
    size: Range
    count: tuple[int, int]
    orientation: float | None = None
    grain: Grain | None = None
    region: str | None = None
    shape: tuple[str, ...] = ()
    params: dict[str, Any] = {}
    adjectives: tuple[str, ...] = ()

    def morphology(self, defect: Defect) -> Morphology:
        """The defect's shape with the prompt's own parameters in it."""
        return defect.morphology.model_copy(update={"params": {**defect.morphology.params, **self.params}})


@dataclass(frozen=True)
class Reading:
    """What some words were taken for. sure: 1 for a name or synonym, the cosine for a nearest neighbour."""

    words: str
    role: str
    taken_for: str
    how: How
    sure: float


@dataclass(frozen=True)
class Understanding:
    """A prompt as it was read: what to make, what each word was taken for, and what was not understood.

    guessed: whether the material is one of several that the type is usual on, none of which was named.
    """

    spec: DefectSpec
    readings: tuple[Reading, ...]
    unknown: tuple[str, ...]
    notices: tuple[str, ...]
    guessed: bool = False
