"""What making an arm can be asked for, with every default."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from defectgen.train.lesson import Lesson

__all__ = ["ARMS", "BASES", "FORMAT", "SANITY", "WORDS", "AdapterOptions", "ArmOptions"]

FORMAT = 1
"""Of what is made for the arms; raised when the same options come to give other samples or adapters."""
ARMS = (
    "copy-paste", "seamless", "perlin", "pyimgano-alpha", "render", "compact", "compact-base", "render-words",
    "compact-words",
)  # fmt: skip
WORDS = ("render-words", "compact-words")
"""Arms that know the names of the types alone: no shot's mask, adapter or recipe."""
SANITY = ("duplicate", "blank-mask", "shuffled")
BASES = {
    "perlin": "perlin", "render": "render", "compact": "compact", "compact-base": "compact", "render-words": "render",
    "compact-words": "compact",
}  # fmt: skip
"""The engine of each arm that goes the way of `synth`."""


@dataclass(frozen=True)
class AdapterOptions:
    """How an adapter is trained on the shots. steps: optimiser steps, so that a busy machine trains as much as an idle
    one. minutes: the most that it may take; None for any. rank: None to choose by validation, which takes two fifths
    of the steps. lesson: windows to draw, None for the usual. weights: of the base model, None for the package's.
    donors: as in `train.finetune`."""

    steps: int = 240
    minutes: float | None = None
    rank: int | None = 32
    seed: int = 0
    lesson: Lesson | None = None
    weights: Path | None = None
    donors: bool = False


@dataclass(frozen=True)
class ArmOptions:
    """adapters: folder where adapters are kept, each under the hash of what it was trained on; None for one in the
    arms' own work folder. device: as for `synth` and `finetune`."""

    adapter: AdapterOptions = field(default_factory=AdapterOptions)
    adapters: Path | None = None
    device: str = "auto"
