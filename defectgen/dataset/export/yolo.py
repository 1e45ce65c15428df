"""YOLO text labels: images/<split>/, labels/<split>/<same stem>.txt and data.yaml with the class names.

yolo-detect: a line "class cx cy w h" a box, in fractions of the picture. yolo-segment: a line "class x1 y1 x2 y2 ..." a
connected piece, since a line holds one ring; holes are joined to the outer border by a slit. A good picture has an
empty file. Each polygon is read back with supervision's own reader and compared with its mask: iou.jsonl.
Format: https://docs.ultralytics.com/datasets/segment/
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial
from typing import IO

import numpy as np
import yaml

from defectgen.dataset.export.job import Entry, ExportJob, need
from defectgen.dataset.export.outline import outline
from defectgen.dataset.instance import components
from defectgen.record import UNSPLIT

__all__ = ["HINT_DETECT", "HINT_SEGMENT", "IOU", "write_detect", "write_segment"]

HINT_DETECT = "yolo detect train data={dest}/data.yaml"
HINT_SEGMENT = "yolo segment train data={dest}/data.yaml"
IOU = "iou.jsonl"
Lines = Callable[[ExportJob, Entry], Iterator[str]]


def write_detect(job: ExportJob) -> None:
    """Boxes; pictures of which only the class is known stay out."""
    _write(job, "yolo-detect", ("image",), "boxes", _boxes)


def write_segment(job: ExportJob) -> None:
    """Polygons; defective pictures without a mask stay out."""
    need("supervision")
    with (job.folder / IOU).open("w", encoding="utf-8") as losses:
        _write(job, "yolo-segment", ("image", "box"), "masks", partial(_polygons, losses))


def _write(job: ExportJob, to: str, lacking: tuple[str, ...], needed: str, lines: Lines) -> None:
    for split in job.splits:
        labels = job.folder / "labels" / split
        labels.mkdir(parents=True)
        (job.folder / "images" / split).mkdir(parents=True)
        for entry in job.entries(split):
            if entry.record.annotation in lacking:
                job.leave_out(entry, f"no {needed}: {to} needs them")
                continue
            job.place_image(entry, f"images/{split}/{entry.stem}")
            text = "".join(line + "\n" for line in lines(job, entry))
            (labels / f"{entry.stem}.txt").write_text(text, encoding="utf-8")
    _write_yaml(job)


def _write_yaml(job: ExportJob) -> None:
    """No path: trainers take the file's own folder, so that the folder can be moved."""
    tree: dict[str, object] = {("train" if split == UNSPLIT else split): f"images/{split}" for split in job.splits}
    if UNSPLIT in job.splits and "train" in job.splits:
        tree["train"] = ["images/train", f"images/{UNSPLIT}"]
    if "val" not in tree:
        job.note("data.yaml names no val split, which trainers ask for: make one with defectgen split")
    tree["names"] = dict(enumerate(job.classes))
    text = yaml.safe_dump(tree, allow_unicode=True, sort_keys=False)
    (job.folder / "data.yaml").write_text(text, encoding="utf-8")


def _boxes(job: ExportJob, entry: Entry) -> Iterator[str]:
    height, width = entry.hw
    for label, (x0, y0, x1, y1) in zip(entry.record.box_labels, entry.record.boxes, strict=True):
        numbers = ((x0 + x1) / 2 / width, (y0 + y1) / 2 / height, (x1 - x0) / width, (y1 - y0) / height)
        yield f"{job.classes.index(label)} " + " ".join(f"{number:.8f}" for number in numbers)


def _polygons(losses: IO[str], job: ExportJob, entry: Entry) -> Iterator[str]:
    height, width = entry.hw
    lines: list[str] = []
    for one in entry.instances:
        if one.mask is None or not one.mask.any():
            job.note("boxes without a pixel of mask, not in the labels", 1)
            continue
        for piece in components(one.defect, one.mask):
            assert piece.mask is not None
            corner = (one.box[0] + piece.box[0], one.box[1] + piece.box[1])
            points = (outline(piece.mask) + corner) / (width, height)
            numbers = " ".join(f"{value:.7f}" for value in points.ravel())
            lines.append(f"{job.classes.index(one.defect)} {numbers}")
    yield from lines
    if lines:
        iou = read_back_iou(lines, entry, job.classes)
        job.iou.append(iou)
        measured = {"file_name": entry.record.file_name, "polygons": len(lines), "iou": round(iou, 6)}
        losses.write(json.dumps(measured, ensure_ascii=False) + "\n")


def read_back_iou(lines: list[str], entry: Entry, classes: tuple[str, ...]) -> float:
    """IoU over all classes of the masks that supervision reads from these lines against the picture's own."""
    from supervision.dataset.formats.yolo import yolo_annotations_to_detections

    height, width = entry.hw
    found = yolo_annotations_to_detections(lines, (width, height), with_masks=True)
    assert found.mask is not None and found.class_id is not None
    both = either = 0
    for number in {int(k) for k in found.class_id}:
        read = np.asarray(found.mask[found.class_id == number]).any(axis=0)
        true = np.zeros((height, width), np.bool_)
        for one in entry.instances:
            if one.mask is not None and one.defect == classes[number]:
                true[one.window] |= one.mask
        both += int((read & true).sum())
        either += int((read | true).sum())
    return both / either
