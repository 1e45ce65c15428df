"""COCO: images/<split>/ and annotations/instances_<split>.json, with each instance's mask as exact RLE.

The JSON is written as it grows: pictures into the file itself, annotations into one beside it that is appended at the
end; memory holds one picture's instances. Categories are numbered from 1 in the order of their names over the whole
set, so that a later export of another split agrees. Pictures with boxes alone get an empty segmentation.
Format: https://cocodataset.org/#format-data
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from defectgen.dataset.export.job import Entry, ExportJob, need
from defectgen.dataset.instance import Instance

__all__ = ["HINT", "write"]

HINT = 'pycocotools.coco.COCO("{dest}/annotations/instances_{split}.json")'


def write(job: ExportJob) -> None:
    """Write every chosen split; ids of pictures and annotations go on through the splits."""
    need("pycocotools")
    (job.folder / "annotations").mkdir()
    ids = {"image": 0, "annotation": 0}
    for split in job.splits:
        _write_split(job, split, job.folder / "annotations" / f"instances_{split}.json", ids)


def _write_split(job: ExportJob, split: str, path: Path, ids: dict[str, int]) -> None:
    categories = [
        {"id": k, "name": name, "supercategory": "defect"} for k, name in enumerate(job.classes, 1)
    ]  # fmt: skip
    info = {"description": job.name, "version": "1.0"}
    licences = [{"id": k, "name": name} for k, name in enumerate(sorted(job.census.licences), 1)]
    beside = path.with_suffix(".part")
    with path.open("w", encoding="utf-8") as pictures, beside.open("w", encoding="utf-8") as annotations:
        head = {"info": info, "licenses": licences, "categories": categories}
        pictures.write(_json(head)[:-1] + ', "images": [')
        first_picture = first_annotation = ""
        for entry in job.entries(split):
            if entry.record.annotation == "image":
                job.leave_out(entry, "only its class is known: coco needs boxes or masks")
                continue
            ids["image"] += 1
            pictures.write(first_picture + "\n" + _json(_picture(job, entry, split, ids["image"])))
            first_picture = ","
            for one in _annotations(job, entry):
                ids["annotation"] += 1
                line = {"id": ids["annotation"], "image_id": ids["image"], **one}
                annotations.write(first_annotation + "\n" + _json(line))
                first_annotation = ","
        pictures.write('\n], "annotations": [')
    with path.open("a", encoding="utf-8") as whole, beside.open(encoding="utf-8") as rest:
        shutil.copyfileobj(rest, whole)
        whole.write("\n]}\n")
    beside.unlink()


def _picture(job: ExportJob, entry: Entry, split: str, number: int) -> dict[str, Any]:
    file = job.place_image(entry, f"images/{split}/{entry.stem}")
    height, width = entry.hw
    licence = sorted(job.census.licences).index(entry.record.licence) + 1
    return {
        "id": number, "file_name": file.name, "width": width, "height": height, "license": licence,
        "caption": entry.record.text, "group": entry.record.group,
    }  # fmt: skip


def _annotations(job: ExportJob, entry: Entry) -> Iterator[dict[str, Any]]:
    for one in entry.instances:
        x0, y0, x1, y1 = one.box
        yield {
            "category_id": job.classes.index(one.defect) + 1, "bbox": [x0, y0, x1 - x0, y1 - y0], "area": one.area,
            "iscrowd": 0, "segmentation": [] if one.mask is None else rle(one, entry.hw),
        }  # fmt: skip


def rle(instance: Instance, hw: tuple[int, int]) -> dict[str, Any]:
    """The instance's mask in a picture of this size, as COCO's compressed run lengths."""
    from pycocotools import mask as coco_mask

    assert instance.mask is not None
    whole = np.zeros(hw, np.uint8, order="F")
    whole[instance.window] = instance.mask
    code = coco_mask.encode(whole)
    return {"size": [*hw], "counts": code["counts"].decode("ascii")}


def _json(tree: Any) -> str:
    return json.dumps(tree, ensure_ascii=False)
