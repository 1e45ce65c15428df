"""Findings: is everything here that a run needs? One `Finding` for each thing that can be missing or wrong."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distributions, version
from pathlib import Path
from tempfile import TemporaryDirectory

import defectgen
from defectgen.errors import DefectgenError

__all__ = ["Finding", "examine"]

PACKAGES = (
    "torch", "torchvision", "diffusers", "transformers", "peft", "accelerate", "safetensors", "numpy", "scipy",
    "scikit-image", "albumentations", "pillow", "pydantic", "PyYAML", "typer", "rich",
)  # fmt: skip
TRIAL_PROMPT = "hairline crack on brushed aluminum"
OLDEST_PYTHON = (3, 10)
LEAST_FREE_BYTES = 200 * 2**20


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at; `found` ends with what to do when it is not ok."""

    name: str
    ok: bool
    found: str


def examine(folder: Path, device: str = "auto") -> Iterator[Finding]:
    """Looks at the installation, the weights, and `folder` as a place to write to; cheap things first."""
    yield Finding("defectgen", True, defectgen.__version__)
    checks = CHECKS | {"disk": lambda: _disk(folder), "device": lambda: _device(device)}
    sound = True
    for name, look in checks.items():
        finding = _guarded(name, look)
        sound = sound and finding.ok
        yield finding
    if sound:
        yield _guarded("time", lambda: _time(device))


def _guarded(name: str, look: Callable[[], Finding]) -> Finding:
    try:
        return look()
    except DefectgenError as error:
        return Finding(name, False, str(error))


def _python() -> Finding:
    found = ".".join(map(str, sys.version_info[:3]))
    ok = sys.version_info[:2] >= OLDEST_PYTHON
    return Finding("python", ok, found if ok else f"{found}; needs {'.'.join(map(str, OLDEST_PYTHON))} or newer")


def _packages() -> Finding:
    found, absent = [], []
    for package in PACKAGES:
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            absent.append(package)
    if absent:
        return Finding("packages", False, f"{', '.join(absent)} missing; pip install {' '.join(absent)}")
    return Finding("packages", True, ", ".join(found))


def _opencv() -> Finding:
    """Two distributions that both bring `cv2` overwrite each other's files."""
    names = sorted({d.name for d in distributions() if d.name and d.name.lower().startswith("opencv-")})
    if len(names) == 1:
        return Finding("opencv", True, f"{names[0]} {version(names[0])}")
    if not names:
        return Finding("opencv", False, "missing; pip install opencv-python-headless")
    return Finding("opencv", False, f"{' and '.join(names)} share the module cv2; keep opencv-python-headless only")


def _recipes() -> Finding:
    from defectgen.book import load_book

    book = load_book()
    families = {defect.family for defect in book.defects.values()}
    return Finding(
        "recipes", True, f"{len(book.materials)} materials, {len(book.defects)} defects in {len(families)} families"
    )


def _parts() -> Finding:
    from defectgen.parts import library_materials, library_parts

    materials = library_materials()
    count = sum(len(library_parts(material)) for material in materials)
    return Finding("part library", True, f"{count} good parts of {len(materials)} materials")


def _words() -> Finding:
    from defectgen.model.text import default_text_folder

    folder = default_text_folder()
    size = sum(file.stat().st_size for file in folder.glob("*.safetensors"))
    return Finding("text encoder", True, f"{folder.parent.name}, {size / 1e6:.0f} MB")


def _disk(folder: Path) -> Finding:
    there = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
    if not os.access(there, os.W_OK):
        return Finding("disk", False, f"{there} cannot be written to; choose another folder")
    free = shutil.disk_usage(there).free
    room = f"{free / 1e9:.1f} GB free at {there}"
    return Finding("disk", free >= LEAST_FREE_BYTES, room if free >= LEAST_FREE_BYTES else f"{room}; make room")


def _weights() -> Finding:
    from defectgen.model.checkpoint import default_weights, verify

    info = verify(default_weights())
    return Finding("weights", True, f"compact, sha256 {info.weights_sha256[:12]} as its card says")


def _device(asked: str) -> Finding:
    import torch

    from defectgen.model.device import pick_device

    device = pick_device(asked)
    if device == "cuda":
        return Finding("device", True, f"cuda, {torch.cuda.get_device_name()}")
    return Finding("device", True, f"{device}, {torch.get_num_threads()} threads")


def _time(asked: str) -> Finding:
    """A real run of three samples in a folder that is thrown away; the first one warms up."""
    from defectgen.run import synth

    at: list[float] = []
    with TemporaryDirectory() as scratch:
        result = synth(
            TRIAL_PROMPT, n=3, device=asked, out=Path(scratch) / "trial",
            on_event=lambda event: at.append(time.perf_counter()) if event.kind == "kept" else None,
        )  # fmt: skip
    if len(at) < 2:
        return Finding("time", False, f"{result.kept} of 3 trial samples were kept; expected all")
    each = (at[-1] - at[0]) / (len(at) - 1)
    return Finding("time", True, f"{each:.2f} s a sample of 512x512 pixels: 100 take about {100 * each / 60:.1f} min")


def _large() -> Finding:
    """What engine sd can use beside the packages above; none of it has to be here."""
    extras = {"controlnet-aux": "sd", "xformers": "gpu"}
    found = []
    for package, extra in extras.items():
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            found.append(f"no {package} (pip install 'defectgen[{extra}]')")
    return Finding("engine sd", True, f"{', '.join(found)}; checkpoints are named with --model")


CHECKS: dict[str, Callable[[], Finding]] = {
    "python": _python,
    "packages": _packages,
    "opencv": _opencv,
    "recipes": _recipes,
    "part library": _parts,
    "text encoder": _words,
    "weights": _weights,
    "engine sd": _large,
}
