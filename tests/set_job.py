"""Small jobs for the tests of the loop."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np

from defectgen.image import write_picture
from defectgen.job import Job
from defectgen.recipe import Defect, Material, Morphology, SurfaceChange
from defectgen.recipe import Look as Appearance
from defectgen.source import load_sources
from defectgen.spec import DefectSpec

PIT = Defect(
    name="pit", family="pit", description="A pit.", morphology=Morphology(kind="blob"), change=SurfaceChange(),
    size=(0.15, 0.4),
)  # fmt: skip
STEEL = Material(name="steel", description="Steel.", look=Appearance(surface="milled"))


def write_parts(folder: Path, number: int = 2, side: int = 80, channels: int = 3, dtype: type = np.uint8) -> Path:
    """Grainy parts with a gradient, so that no two pixels in a row are equal by design."""
    folder.mkdir(parents=True, exist_ok=True)
    for index in range(number):
        rng = np.random.default_rng(index)
        values = np.linspace(90, 160, side)[:, None, None] + rng.normal(0, 3, (side, side + 10 * index, channels))
        scale = np.iinfo(dtype).max / 255
        write_picture(folder / f"part{index}.png", np.clip(values * scale, 0, np.iinfo(dtype).max).astype(dtype))
    return folder


def small_job(folder: Path, **changes: Any) -> Job:
    """A job of four samples on the parts of `folder`/parts, which are written unless they are there."""
    parts = folder / "parts"
    if not parts.exists():
        write_parts(parts)
    spec = DefectSpec(prompt="pits on steel", defect="pit", severity=(0.3, 1), size=(0.15, 0.4), count=(1, 2))
    fields: dict[str, Any] = {"n": 4, "out": folder / "out", **changes}
    return Job(spec, PIT, STEEL, load_sources(parts).good, **fields)


def tree(folder: Path) -> dict[str, str]:
    """Every file below a folder with the hash of its bytes."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
