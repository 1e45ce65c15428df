"""Presets of Stable Diffusion fine-tuning: what fits a card of a given size.

The product of batch and accumulation is what a step learns from; smaller cards take it in more parts. Gradient
checkpointing (Chen et al. 2016) computes activations twice instead of keeping them.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

from defectgen.errors import InputError

__all__ = ["PRESETS", "Preset", "device_gib", "main_gib", "preset_for", "preset_named"]


@dataclass(frozen=True)
class Preset:
    """gib: memory of the card that it is meant for."""

    name: str
    gib: float
    batch: int
    accumulate: int
    checkpointing: bool
    rank: int


PRESETS = (
    Preset("8gb", 8, 1, 4, True, 8),
    Preset("12gb", 12, 2, 2, True, 16),
    Preset("24gb", 24, 4, 1, False, 32),
)


def preset_named(name: str) -> Preset:
    """InputError for a name that is none of PRESETS."""
    found = next((preset for preset in PRESETS if preset.name == name), None)
    if found is None:
        raise InputError(f"preset {name!r} is unknown; use {', '.join(p.name for p in PRESETS)}")
    return found


def preset_for(gib: float | None) -> Preset:
    """The largest preset that is meant for a card of so many GiB; the smallest where there is none, or none is."""
    # A card's memory as the driver reports it is a few percent below what it is sold as
    return [p for p in PRESETS if (gib is not None and p.gib <= 1.05 * gib) or p is PRESETS[0]][-1]


def device_gib(device: str) -> float | None:
    """Memory of an accelerator, GiB; None for a CPU, whose memory is everybody's."""
    if device != "cuda":
        return None
    import torch

    if not torch.cuda.is_available():
        return None
    return float(torch.cuda.get_device_properties(0).total_memory) / 2**30


def main_gib() -> float | None:
    """Main memory of this machine, GiB; None where the system does not say."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    except (AttributeError, ValueError, OSError):
        return None
