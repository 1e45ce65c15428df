"""What making an arm can be asked for, with every default."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["ARMS", "BASES", "SANITY", "AdapterOptions", "ArmOptions"]

ARMS = ("copy-paste", "seamless", "perlin", "pyimgano-alpha", "render", "compact", "compact-base")
SANITY = ("duplicate", "blank-mask", "shuffled")
BASES = {"perlin": "perlin", "render": "render", "compact": "compact", "compact-base": "compact"}
"""The engine of each arm that goes the way of `synth`."""


@dataclass(frozen=True)
class AdapterOptions:
    """How an adapter is trained on the shots. steps: optimiser steps, so that a busy machine trains as much as an idle
    one. minutes: the most that it may take; None for any. rank: None to choose by validation."""

    steps: int = 320
    minutes: float | None = None
    rank: int | None = None
    seed: int = 0


@dataclass(frozen=True)
class ArmOptions:
    """adapters: folder where adapters are kept, each under the hash of what it was trained on; None for one in the
    arms' own work folder. device: as for `synth` and `finetune`."""

    adapter: AdapterOptions = field(default_factory=AdapterOptions)
    adapters: Path | None = None
    device: str = "auto"
