"""What a set holds, counted: defects, splits, annotation, sizes, groups, licences, formats of its pictures.

Two measures of size. Of a picture: the share of its pixels that are defective, by mask, or by boxes where there is no
mask. Of an instance: its pixels, small below 32 x 32, medium below 96 x 96, else large, the buckets of COCO.
Pictures of which only the class is known count in neither.
"""

from __future__ import annotations

import warnings
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from defectgen.dataset.defect_set import DefectSet
from defectgen.dataset.instance import Instance
from defectgen.dataset.licence import count_terms, notice
from defectgen.dataset.name_index import NameIndex
from defectgen.errors import InputError
from defectgen.image import FORMATS
from defectgen.record import GOOD, Record
from defectgen.sample import Sample

__all__ = ["PX_BUCKETS", "SHARES", "DefectSummary", "Summary", "summarise"]

# Upper ends of the buckets of the defective share of a picture; the last has none.
SHARES: dict[str, float] = {"< 0.01 %": 1e-4, "< 0.1 %": 1e-3, "< 1 %": 1e-2, "< 10 %": 1e-1, "more": float("inf")}
PX_BUCKETS: dict[str, float] = {"small": 32**2, "medium": 96**2, "large": float("inf")}
ORDER = ("train", "val", "test", "unused", "unsplit")


@dataclass
class DefectSummary:
    """One defect type. pictures: those named after it; instances: boxes with its label, on `shown_on` pictures."""

    pictures: int = 0
    shown_on: int = 0
    instances: int = 0
    splits: Counter[str] = field(default_factory=Counter)
    annotations: Counter[str] = field(default_factory=Counter)
    shares: Counter[str] = field(default_factory=Counter)
    px: Counter[str] = field(default_factory=Counter)


@dataclass
class Summary:
    """A whole set. counts: instances a picture -> pictures with any. sizes: "WxH" -> pictures."""

    folder: Path
    kind: str
    pictures: int = 0
    defects: dict[str, DefectSummary] = field(default_factory=dict)
    licences: Counter[str] = field(default_factory=Counter)
    counts: Counter[int] = field(default_factory=Counter)
    sizes: Counter[str] = field(default_factory=Counter)
    formats: Counter[str] = field(default_factory=Counter)
    engines: Counter[str] = field(default_factory=Counter)
    with_good: int = 0
    groups: int = 0
    largest_group: int = 0
    alone: int = 0

    @property
    def splits(self) -> list[str]:
        """The splits that occur, train first."""
        known = {name for one in self.defects.values() for name in one.splits}
        return [*(name for name in ORDER if name in known), *sorted(known - set(ORDER))]

    @property
    def notice(self) -> str | None:
        return notice(self.licences)

    def json(self) -> dict[str, Any]:
        """Plain types, for scripts."""
        said = {name: value for name, value in vars(self).items() if name not in ("folder", "defects")}
        defects = {name: {key: _plain(value) for key, value in vars(one).items()} for name, one in self.defects.items()}
        return {
            "folder": str(self.folder), **{key: _plain(value) for key, value in said.items()}, "defects": defects,
            "terms": count_terms(self.licences), "notice": self.notice,
        }  # fmt: skip


def summarise(owner: DefectSet) -> Summary:
    """Counts a set in one pass; reads its masks and the headers of its pictures."""
    out, groups = Summary(owner.path, _kind(owner)), NameIndex()
    for record in owner.records():
        _count(out, owner, record)
        groups.add(record.group)
    counts = groups.counts()
    if counts.size:
        out.groups, out.largest_group, out.alone = counts.size, int(counts.max()), int((counts == 1).sum())
    good = out.defects.pop(GOOD, None)
    ranked = sorted(out.defects.items(), key=lambda item: (-item[1].pictures, item[0]))
    out.defects = dict([*([(GOOD, good)] if good else []), *ranked])
    return out


def _plain(value: object) -> object:
    return dict(value) if isinstance(value, Counter) else value


def _kind(owner: DefectSet) -> str:
    manifest = owner.manifest
    kind = str(manifest.get("kind") or ("generated" if "config" in manifest else "set"))
    return f"{kind} ({manifest['layout']})" if "layout" in manifest else kind


def _count(out: Summary, owner: DefectSet, record: Record) -> None:
    size, stored = _header(owner.path / record.file_name)
    out.pictures += 1
    out.licences[record.licence] += 1
    out.sizes[f"{size[0]}x{size[1]}"] += 1
    out.formats[stored] += 1
    out.with_good += record.good_file_name is not None
    if isinstance(record, Sample):
        out.engines[record.engine] += 1
    one = out.defects.setdefault(record.defect, DefectSummary())
    one.pictures += 1
    one.splits[record.split] += 1
    one.annotations[record.annotation] += 1
    if record.defect != GOOD:
        _count_defects(out, owner.instances(record), record, size)


def _count_defects(out: Summary, instances: list[Instance], record: Record, size: tuple[int, int]) -> None:
    for instance in instances:
        label = out.defects.setdefault(instance.defect, DefectSummary())
        label.instances += 1
        label.px[_bucket(instance.area, PX_BUCKETS)] += 1
    for name in {one.defect for one in instances}:
        out.defects[name].shown_on += 1
    if instances:
        out.counts[len(instances)] += 1
        share = _covered(instances, size) / (size[0] * size[1])
        out.defects[record.defect].shares[_bucket(share, SHARES)] += 1


def _covered(instances: list[Instance], size: tuple[int, int]) -> int:
    if len(instances) == 1:
        return instances[0].area
    marked = np.zeros((size[1], size[0]), np.bool_)
    for one in instances:
        marked[one.window] |= True if one.mask is None else one.mask
    return int(marked.sum())


def _bucket(value: float, ends: dict[str, float]) -> str:
    return next(name for name, end in ends.items() if value < end)


def _header(path: Path) -> tuple[tuple[int, int], str]:
    """(width, height) and how the pixels are stored, from the head of the file alone."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(path, formats=FORMATS) as image:
                return image.size, f"{_bits(path, image)}-bit {_colours(image.mode)} {image.format}"
    except (OSError, SyntaxError, ValueError) as error:
        raise InputError(f"{path} cannot be read ({error}); see `defectgen sets check`") from None


def _bits(path: Path, image: Image.Image) -> int:
    if image.format == "PNG":  # Pillow says RGB of 16 bits as well
        with path.open("rb") as file:
            return max(8, file.read(25)[24])
    return 16 if "16" in image.mode or 16 in getattr(image, "tag_v2", {}).get(258, ()) else 8


def _colours(mode: str) -> str:
    known = {"LA": "grey + alpha", "RGB": "RGB", "RGBA": "RGBA", "P": "palette", "1": "black and white"}
    return known.get(mode, "grey")
