"""A job: everything that decides what a run of `generate` makes, and the checks that need no engine.

Sample i is a pure function of (job without n, its good image, seed, i). The i-th good image is the i-th of a seeded
shuffle that goes through all of them before any comes again. Random numbers of attempt a of sample i come from
SeedSequence([seed, i, a]).
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import defectgen
from defectgen.engine.window import EngineInfo
from defectgen.errors import InputError, OutputError
from defectgen.folder import check_folder
from defectgen.image import Pixels, luminance, read_picture, to_rgb
from defectgen.mask.foreground import part_foreground
from defectgen.mask.placement import Instance, place_defects
from defectgen.mask.user_mask import instances_from_mask
from defectgen.masks_from import Bank
from defectgen.noise import noise_sigma
from defectgen.parts import known_foreground
from defectgen.recipe import Defect, Material
from defectgen.record import FORMAT
from defectgen.source import Box, Source, fit_box, list_images, read_mask, read_roi
from defectgen.spec import DefectSpec

__all__ = ["ATTEMPTS", "GoodPart", "Job", "check_job", "manifest", "place"]

ATTEMPTS = 6
VERSIONS = ("numpy", "opencv-python-headless", "Pillow", "torch", "diffusers", "transformers")
KEPT_PARTS = 2
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class GoodPart:
    """One good picture with what is known of it: its part, grey values (0..255) and sensor noise (grey levels)."""

    source: Source
    pixels: Pixels
    foreground: Mask
    grey: NDArray[np.float32]
    sigma: float

    @property
    def hw(self) -> tuple[int, int]:
        return self.source.hw


@dataclass(frozen=True)
class Job:
    """One run.

    spec, defect, material: what the words resolved to. sources: the good pictures. mask: a file, or a folder of masks
    (named as the good pictures, else one is drawn for each sample); it replaces placement. box, roi: where defects may
    lie. shipped: the good pictures are this project's own. settings: further options that decide the result, as the
    engine's; they are recorded. batch: samples that are edited at once. bank: real masks that new ones are like.
    candidates: how often each attempt is made before the best is judged (see `candidate`).
    """

    spec: DefectSpec
    defect: Defect
    material: Material | None
    sources: tuple[Source, ...]
    out: Path
    n: int
    seed: int = 0
    mask: Path | None = None
    box: Box | None = None
    roi: Path | None = None
    shipped: bool = False
    settings: Mapping[str, str | float | None] = field(default_factory=dict)
    batch: int = 1
    overwrite: bool = False
    bank: Bank | None = None
    candidates: int = 1

    @cached_property
    def wanted(self) -> Defect:
        """The defect with the prompt's own shape parameters and grain in it."""
        changes: dict[str, Any] = {"morphology": self.spec.morphology(self.defect)}
        if self.spec.grain is not None:
            changes["placement"] = self.defect.placement.model_copy(update={"grain": self.spec.grain})
        return self.defect.model_copy(update=changes)

    @cached_property
    def masks(self) -> tuple[Path, ...]:
        """The user's masks, sorted by name."""
        if self.mask is None:
            return ()
        if not self.mask.exists():
            raise InputError(f"mask {self.mask} does not exist; expected a black and white image or a folder of them")
        masks = tuple(list_images(self.mask)) if self.mask.is_dir() else (self.mask,)
        if not masks:
            raise InputError(f"mask folder {self.mask} holds no images; expected black and white PNG files")
        return masks

    def source_of(self, index: int) -> Source:
        """The good picture of sample `index`."""
        cycle, place = divmod(index, len(self.sources))
        order = np.random.default_rng(np.random.SeedSequence([self.seed, 2**32 + cycle])).permutation(len(self.sources))
        return self.sources[int(order[place])]

    def masks_for(self, source: Source) -> tuple[Path, ...]:
        """The masks that may go on a picture: the one of its name where there is one, else all."""
        named = tuple(mask for mask in self.masks if mask.stem in (source.name, f"{source.name}_mask"))
        return named if named and len(self.masks) > 1 else self.masks

    def group_of(self, source: Source) -> str:
        """Samples of one group share a good picture; the library's names are only unique within a material."""
        return f"{source.path.parent.name}-{source.name}" if self.shipped else source.name


class PartShelf:
    """Reads good parts, and keeps the last few."""

    def __init__(self) -> None:
        self._parts: dict[Path, GoodPart] = {}

    def get(self, source: Source) -> GoodPart:
        if source.path not in self._parts:
            while len(self._parts) >= KEPT_PARTS:
                del self._parts[next(iter(self._parts))]
            self._parts[source.path] = read_part(source)
        return self._parts[source.path]


def read_part(source: Source) -> GoodPart:
    """A good part with its foreground, grey values and noise."""
    picture = read_picture(source.path)
    if picture.sha256 != source.sha256:
        raise InputError(f"{source.path} has changed while it was in use; run again")
    rgb = to_rgb(picture.pixels)
    foreground = known_foreground(source.path)
    if foreground is None:
        foreground = part_foreground(np.rint(rgb * 255).astype(np.uint8))
    return GoodPart(source, picture.pixels, foreground, luminance(rgb) * 255, noise_sigma(rgb))


def place(job: Job, part: GoodPart, rng: np.random.Generator) -> list[Instance]:
    """The defects of one attempt: the user's mask, or drawn shapes where the part, region and box leave room.

    Raises InputError where they do not fit.
    """
    if job.masks:
        choices = job.masks_for(part.source)
        path = choices[int(rng.integers(len(choices)))]
        return instances_from_mask(read_mask(path, part.hw), float(rng.uniform(*job.spec.severity)))
    spec, count, source = job.spec, job.spec.count, None
    if job.bank is not None:
        source = job.bank.masks
        asked = count != job.defect.placement.count
        count = count if asked else (source.count(rng),) * 2
    return place_defects(
        part.hw, part.foreground, part.grey, job.wanted,
        count=count, size=spec.size, source=source, severity=spec.severity,
        orientation=None if spec.orientation is None else float(np.deg2rad(spec.orientation)),
        region=spec.region, roi=None if job.roi is None else read_roi(job.roi, part.hw), box=job.box, rng=rng,
    )  # fmt: skip


def check_job(job: Job) -> None:
    """Refuse what cannot work before an engine is loaded or anything is written."""
    if job.n < 1:
        raise InputError(f"n is {job.n}; expected at least 1")
    if not job.sources:
        raise InputError("no good picture was given; expected at least one")
    check_folder(job.out, None, job.overwrite)
    for source in job.sources:
        if job.box is not None:
            fit_box(job.box, source)
        if job.roi is not None:
            read_roi(job.roi, source.hw)
        for mask in job.masks_for(source):
            read_mask(mask, source.hw)
    _check_room(job)
    check_disk(job, job.n)


def _check_room(job: Job) -> None:
    """The first sample must find a place in at least one of its attempts."""
    part = read_part(job.source_of(0))
    failure: InputError | None = None
    for attempt in range(ATTEMPTS):
        try:
            place(job, part, np.random.default_rng(np.random.SeedSequence([job.seed, 0, attempt])))
            return
        except InputError as error:
            failure = error
    assert failure is not None
    raise failure


def forecast_bytes(job: Job, n: int) -> int:
    """An upper bound of what n samples need: two pictures and a mask each, stored as they are in memory."""
    raw = sum(source.raw_bytes for source in job.sources) / len(job.sources)
    area = sum(source.hw[0] * source.hw[1] for source in job.sources) / len(job.sources)
    return int(n * (2.1 * raw + area / 8 + 8192)) + 2**22


def check_disk(job: Job, n: int) -> None:
    """OutputError when the disk has no room for n more samples."""
    there = next(path for path in (job.out, *job.out.absolute().parents) if path.exists())
    free, needed = shutil.disk_usage(there).free, forecast_bytes(job, n)
    if free < needed:
        raise OutputError(
            f"{there} has {free / 1e6:.0f} MB free, {n} samples may need {needed / 1e6:.0f} MB; "
            "free some room, lower -n, or choose another disk with --out"
        )


def manifest(job: Job, engine: EngineInfo) -> dict[str, Any]:
    """Content of defectgen.json: no times and no machine paths, so that equal runs write equal bytes."""
    config = {
        "prompt": job.spec.prompt,
        "n": job.n,
        "seed": job.seed,
        "spec": job.spec.model_dump(mode="json", exclude={"prompt"}),
        "defect": job.wanted.model_dump(mode="json"),
        "material": None if job.material is None else job.material.name,
        "engine": {
            "name": engine.name, "weights_sha256": engine.weights_sha256, "steps": engine.steps,
            "guidance": engine.guidance, "strength": engine.strength, **dict(sorted(job.settings.items())),
        },
        "masks": {mask.name: _sha256(mask) for mask in job.masks},
        **({"masks_from": job.bank.sha256} if job.bank is not None else {}),
        "box": None if job.box is None else list(job.box),
        "roi": None if job.roi is None else _sha256(job.roi),
        "attempts": ATTEMPTS,
        "batch": job.batch,
    }  # fmt: skip
    licence = "own" if job.shipped else "user"
    sources = [{"file": one.path.name, "sha256": one.sha256, "licence": licence} for one in job.sources]
    versions = {"defectgen": defectgen.__version__, **{name: _version(name) for name in VERSIONS}}
    return {"format": FORMAT, "config": config, "versions": versions, "sources": sources}


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
