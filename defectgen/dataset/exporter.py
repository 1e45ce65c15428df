"""Export: a defect set into the folder that another tool reads, all of it or nothing.

Each format is a module of `dataset.export` with a `write(job)`; here are their names, and what is the same for all:
the checks before, the folder that appears whole, and the export's own record, defectgen-export.json.
"""

from __future__ import annotations

import json
import os
from array import array
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import defectgen
from defectgen.dataset.defect_set import DefectSet
from defectgen.dataset.export.job import ExportJob, ExportOptions
from defectgen.dataset.writer import whole_folder
from defectgen.errors import InputError, OutputError

__all__ = ["FORMATS", "ExportResult", "PolygonLoss", "export_set"]

RECORD, KIND = "defectgen-export.json", "defectgen export"
# name: module, function, name of the hint
FORMATS = {
    "coco": ("coco", "write", "HINT"),
    "yolo-detect": ("yolo", "write_detect", "HINT_DETECT"),
    "yolo-segment": ("yolo", "write_segment", "HINT_SEGMENT"),
    "mvtec": ("mvtec", "write", "HINT"),
    "hf": ("hf", "write", "HINT"),
    "parquet": ("parquet", "write", "HINT"),
    "webdataset": ("webdataset", "write", "HINT"),
    "cvat": ("cvat", "write", "HINT"),
    "labelstudio": ("labelstudio", "write", "HINT"),
}
GOOD_IOU = 0.9


@dataclass(frozen=True)
class PolygonLoss:
    """IoU of the polygon labels, read back, with the masks, over the pictures that have any."""

    pictures: int
    smallest: float
    median: float
    below: int

    @classmethod
    def of(cls, iou: array[float]) -> PolygonLoss | None:
        import numpy as np

        values = np.frombuffer(iou, np.float32)
        if not values.size:
            return None
        return cls(values.size, float(values.min()), float(np.median(values)), int((values < GOOD_IOU).sum()))


@dataclass(frozen=True)
class ExportResult:
    """What an export did.

    pictures: by split and defect. left_out: by reason. notes: with how often, 0 where that says nothing.
    hint: how the tool that reads it loads it.
    """

    folder: Path
    to: str
    splits: tuple[str, ...]
    pictures: Counter[tuple[str, str]]
    left_out: Counter[str]
    notes: Counter[str]
    loss: PolygonLoss | None
    hint: str


def export_set(
    folder: Path,
    dest: Path,
    to: str,
    options: ExportOptions = ExportOptions(),  # noqa: B008 (frozen)
    overwrite: bool = False,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> ExportResult:
    """Export the set at `folder`; `progress` gets the pictures done and to do.

    InputError or OutputError where something cannot be read, is not known or must not be written; nothing is left then.
    """
    if to not in FORMATS:
        raise InputError(f"unknown format {to!r}; expected {', '.join(FORMATS)}")
    source = DefectSet(folder)
    _check_destination(dest, source, overwrite)
    module, function, hint = FORMATS[to]
    code = import_module(f"defectgen.dataset.export.{module}")
    with whole_folder(dest) as part:
        done = 0

        def tick() -> None:
            nonlocal done
            done += 1
            progress(done, job.total)

        job = ExportJob(source, part, to, options, dest.resolve().name, tick)
        getattr(code, function)(job)
        if not job.pictures:
            raise InputError(_nothing(job))
        loss = PolygonLoss.of(job.iou)
        _write_record(job, loss)
    words = {"dest": dest, "parent": dest.absolute().parent, "name": dest.name, "split": job.splits[0]}
    hint_text = getattr(code, hint).format(**words)
    return ExportResult(dest, to, job.splits, job.pictures, job.left_out, job.notes, loss, hint_text)


def _nothing(job: ExportJob) -> str:
    reasons = "; ".join(f"{n} left out, {reason}" for reason, n in job.left_out.items()) or "it has no pictures"
    return f"nothing of {job.source.path} can be exported: {reasons}"


def _check_destination(dest: Path, source: DefectSet, overwrite: bool) -> None:
    """OutputError for a file, another's folder, an earlier export without `overwrite`, and the set itself."""
    if dest.exists() and not dest.is_dir():
        raise OutputError(f"{dest} is a file; expected a folder to write to")
    inner, outer = dest.resolve(), source.path.resolve()
    if inner.is_relative_to(outer) or outer.is_relative_to(inner):
        raise OutputError(f"{dest} overlaps with the set {source.path}; choose a folder beside it")
    parent = next(path for path in (dest.absolute(), *dest.absolute().parents) if path.exists())
    if not os.access(parent, os.W_OK | os.X_OK):
        raise OutputError(f"{parent} cannot be written; choose another folder")
    if not dest.exists() or not any(dest.iterdir()):
        return
    if not _is_export(dest):
        raise OutputError(f"{dest} holds something else than an export; choose an empty or new folder")
    if not overwrite:
        raise OutputError(f"{dest} holds an export already; choose another folder or use --overwrite")


def _is_export(folder: Path) -> bool:
    try:
        record = json.loads((folder / RECORD).read_text("utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(record, dict) and record.get("format") == KIND


def _write_record(job: ExportJob, loss: PolygonLoss | None) -> None:
    pictures: dict[str, dict[str, int]] = {}
    for (split, defect), n in sorted(job.pictures.items()):
        pictures.setdefault(split, {})[defect] = n
    tree: dict[str, Any] = {
        "format": KIND,
        "version": defectgen.__version__,
        "to": job.to,
        "set": job.name,
        "classes": list(job.classes),
        "folders": job.folder_names,
        "pictures": pictures,
        "left_out": dict(job.left_out),
        "notes": dict(job.notes),
        "polygon_iou": None if loss is None else vars(loss),
        "licences": dict(job.census.licences),
    }
    (job.folder / RECORD).write_text(json.dumps(tree, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
