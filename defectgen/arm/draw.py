"""A draw: the shots that all its arms start from, read and checked once."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import defectgen
from defectgen.arm.adapter import adapter_of, adapter_path, taught_of
from defectgen.arm.hold import hold
from defectgen.arm.joining import GoodPictures
from defectgen.arm.options import FORMAT, ArmOptions
from defectgen.arm.shots_set import ALLOWED, content_sha256, shots_set
from defectgen.dataset.defect_set import DefectSet
from defectgen.errors import InputError
from defectgen.record import GOOD, Record

__all__ = ["Draw", "Watch"]

KEY_LENGTH = 12
Watch = Callable[[str], None]


@dataclass(frozen=True)
class Draw:
    """What all arms of one draw share. types: the shots of each, sorted by name."""

    shots: DefectSet
    sha256: str
    seed: int
    work: Path
    options: ArmOptions
    types: Mapping[str, list[Record]]
    goods: GoodPictures
    masks: DefectSet
    watch: Watch

    @staticmethod
    def of(shots: DefectSet, seed: int, work: Path, options: ArmOptions, watch: Watch) -> Draw:
        records = sorted(shots.records(), key=lambda one: one.file_name)
        _check(shots, records)
        sha256 = content_sha256(shots, records)
        short = sha256[:KEY_LENGTH]
        with hold(work / f".{short}.lock"):
            types, good = _sorted_out(shots, records)
            goods = GoodPictures.of(shots, good, work / f"goods-{short}")
            masks = shots_set(shots, [one for own in types.values() for one in own], work / f"shots-{short}")
        return Draw(shots, sha256, seed, work, options, types, goods, masks, watch)

    def folder(self, arm: str, more: str = "") -> Path:
        """Where an arm of this draw lies. more: what else decides its samples."""
        told = json.dumps([FORMAT, defectgen.__version__, arm, self.sha256, self.seed, more])
        return self.work / f"{arm}-{hashlib.sha256(told.encode()).hexdigest()[:KEY_LENGTH]}"

    def adapter(self) -> Path:
        self.watch("fine-tuning on the shots")
        return adapter_of(self.shots, self.options.adapter, self._adapters, self.options.device)

    def adapter_path(self) -> Path:
        """Where the adapter lies, or will lie."""
        return adapter_path(self.shots, self.options.adapter, self._adapters)

    @property
    def _adapters(self) -> Path:
        return self.options.adapters or self.work / "adapters"

    def recipes(self) -> Path | None:
        """What the shots teach, for arms without an adapter."""
        seed = self.options.adapter.seed
        with hold(self.work / f".{self.sha256[:KEY_LENGTH]}.lock"):
            return taught_of(self.masks, seed, self.work / f"recipes-{self.sha256[:KEY_LENGTH]}-{seed}-{FORMAT}")

    def seed_of(self, defect: str) -> int:
        """A seed of its own for each type, so that not all lie on the same good pictures."""
        return int(np.random.SeedSequence([self.seed, zlib.crc32(defect.encode())]).generate_state(1)[0])


def _check(shots: DefectSet, records: Sequence[Record]) -> None:
    """InputError for a picture that must not be trained on."""
    held = [one for one in records if one.split not in ALLOWED]
    if held:
        raise InputError(
            f"{shots.path}: {held[0].file_name} is kept from training (split {held[0].split!r}); "
            "give a set of training pictures alone"
        )


def _sorted_out(shots: DefectSet, records: Sequence[Record]) -> tuple[dict[str, list[Record]], list[Record]]:
    """The shots with masks of each type, and the good pictures; InputError where there are none."""
    masked = [one for one in records if one.annotation == "mask"]
    if not masked:
        raise InputError(f"{shots.path} has no shot with a mask; an arm learns its defects' shapes from masks")
    good = [one for one in records if one.defect == GOOD]
    if not good:
        raise InputError(f"{shots.path} has no good picture; an arm puts defects on good training pictures")
    names = sorted({one.defect for one in masked})
    return {name: [one for one in masked if one.defect == name] for name in names}, good
