"""What each export format loses of the masks: sets are exported, read back by the library that consumes the format,
and compared with the set's own masks, picture by picture.

    python eval/sets/round_trip.py SET [SET ...] --out eval/sets/ROUND_TRIP.md

SET: folders of defect sets (defectgen import). IoU is of the union of all masks on a picture; of boxes for yolo-detect.
Two rows beside the formats: the same YOLO files read with vertices cut to whole numbers, as ultralytics does, and the
polygons that supervision draws by itself from the same masks.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import tempfile
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import numpy as np
from numpy.typing import NDArray

from defectgen.dataset.defect_set import DefectSet
from defectgen.dataset.exporter import export_set

Mask = NDArray[np.bool_]
Read = Iterator[tuple[str, Mask]]
ANOMALIB_AT_MOST = 60


def read_coco(folder: Path) -> Read:
    from pycocotools.coco import COCO

    for path in sorted((folder / "annotations").glob("*.json")):
        coco = COCO(str(path))
        for number, picture in coco.imgs.items():
            found = coco.imgToAnns[number]
            blank = np.zeros((picture["height"], picture["width"]), np.uint8)
            yield Path(picture["file_name"]).stem, np.any([blank, *map(coco.annToMask, found)], axis=0)


def read_yolo(folder: Path) -> Read:
    import supervision as sv

    for images in sorted((folder / "images").iterdir()):
        labels = folder / "labels" / images.name
        read = sv.DetectionDataset.from_yolo(str(images), str(labels), str(folder / "data.yaml"), force_masks=True)
        for path in read.image_paths:
            masks = read.annotations[path].mask
            if masks is not None:
                yield Path(path).stem, np.asarray(masks).any(axis=0)


def read_yolo_cut(folder: Path) -> Read:
    import cv2
    from PIL import Image

    for path in sorted((folder / "labels").rglob("*.txt")):
        image = next((folder / "images" / path.parent.name).glob(f"{path.stem}.*"))
        with Image.open(image) as opened:
            width, height = opened.size
        mask = np.zeros((height, width), np.uint8)
        for line in path.read_text("utf-8").splitlines():
            points = np.array(line.split()[1:], np.float32).reshape(-1, 2) * np.float32([width, height])
            cv2.fillPoly(mask, [points.astype(np.int32)], 1)
        yield path.stem, mask > 0


def read_cvat(folder: Path) -> Read:
    import datumaro

    for item in datumaro.Dataset.import_from(str(folder), "cvat"):
        if item.annotations:
            yield item.id, np.any([one.image for one in item.annotations], axis=0)


def read_labelstudio(folder: Path) -> Read:
    from pycocotools import mask as coco_mask

    for path in sorted(folder.glob("tasks_*.json")):
        for task in json.loads(path.read_text("utf-8")):
            regions = task["annotations"][0]["result"]
            if regions:
                width, height = regions[0]["original_width"], regions[0]["original_height"]
                scale = (width / 100, height / 100)
                rings = [np.round(np.array(one["value"]["points"]) * scale, 3).ravel().tolist() for one in regions]
                mask = coco_mask.decode(coco_mask.merge(coco_mask.frPyObjects(rings, height, width)))
                yield Path(task["data"]["image"]).stem, mask > 0


def read_mvtec(folder: Path) -> Read:
    from anomalib.data.datasets.image.mvtecad import MVTecADDataset

    data = MVTecADDataset(root=folder.parent, category=folder.name, split="test")
    assert len(data) == sum(1 for path in (folder / "test").rglob("*") if path.is_file())
    defective = [k for k in range(len(data)) if data.samples.label_index[k] == 1]
    for k in defective[:: max(1, len(defective) // ANOMALIB_AT_MOST)]:
        item = data[k]
        yield Path(item.image_path).stem, item.gt_mask.numpy().squeeze() > 0


def read_hub(folder: Path) -> Read:
    import datasets

    datasets.disable_progress_bars()
    with tempfile.TemporaryDirectory() as cache:
        for rows in datasets.load_dataset(str(folder), cache_dir=cache).values():
            rows = rows.select_columns(["image", "mask"]).cast_column("image", datasets.Image(decode=False))
            for row in rows:
                if row["mask"] is not None:
                    mask = np.asarray(row["mask"])
                    yield Path(row["image"]["path"]).stem, mask > 0


def read_webdataset(folder: Path) -> Read:
    import webdataset

    for path in sorted(folder.glob("*.tar")):
        for sample in webdataset.WebDataset(str(path), shardshuffle=False):
            if "mask.png" in sample:
                import io

                from PIL import Image

                yield sample["__key__"], np.asarray(Image.open(io.BytesIO(sample["mask.png"]))) > 0


@dataclass
class Row:
    """One line of the table. why: what the format cannot hold."""

    to: str
    reader: str
    read: Callable[[Path], Read]
    why: str
    iou: dict[str, list[float]] = field(default_factory=dict)
    left: dict[str, int] = field(default_factory=dict)


ROWS = (
    Row("coco", "pycocotools", read_coco, "nothing: run lengths"),
    Row("yolo-segment", "supervision", read_yolo, "single defects of several pieces: a line holds one ring"),
    Row("yolo-segment", "cv2.fillPoly, vertices cut as in ultralytics", read_yolo_cut, "the same"),
    Row("mvtec", "anomalib", read_mvtec, "single defects; types on a mixed picture"),
    Row("hf", "datasets", read_hub, "nothing"),
    Row("parquet", "datasets", read_hub, "nothing"),
    Row("webdataset", "webdataset", read_webdataset, "nothing"),
    Row("cvat", "datumaro", read_cvat, "nothing: run lengths"),
    Row("labelstudio", "pycocotools", read_labelstudio, "single defects, but for their regions' names"),
)


def iou_of(a: Mask, b: Mask) -> float:
    either = int((a | b).sum())
    return int((a & b).sum()) / either if either else 1.0


def measure(row: Row, source: DefectSet, folder: Path, name: str) -> None:
    true = {Path(one.file_name).stem: one for one in source.records() if one.annotation == "mask"}
    found = row.iou.setdefault(name, [])
    for stem, mask in row.read(folder):
        if stem in true:
            own = source.mask(true[stem])
            assert own is not None
            found.append(iou_of(own, mask))
        else:
            assert not mask.any(), f"{stem} is good, and came back with a defect"
    assert row.to == "mvtec" or len(found) == len(true), f"{len(found)} of {len(true)} masks came back"


def measure_supervision(row: Row, source: DefectSet, name: str) -> None:
    """The polygons that supervision draws from the instances' masks, filled by itself."""
    import supervision as sv

    found = row.iou.setdefault(name, [])
    for record in source.records():
        own = source.mask(record)
        if own is None:
            continue
        read = np.zeros(own.shape, np.bool_)
        for one in source.instances(record):
            whole = np.zeros(own.shape, np.bool_)
            whole[one.window] = one.mask
            for polygon in sv.mask_to_polygons(whole):
                read |= sv.polygon_to_mask(polygon, own.shape[::-1]) > 0
        found.append(iou_of(own, read))


def measure_boxes(row: Row, source: DefectSet, folder: Path, name: str) -> None:
    import supervision as sv

    found = row.iou.setdefault(name, [])
    true = {Path(one.file_name).stem: one for one in source.records()}
    for images in sorted((folder / "images").iterdir()):
        labels = folder / "labels" / images.name
        read = sv.DetectionDataset.from_yolo(str(images), str(labels), str(folder / "data.yaml"))
        for path in read.image_paths:
            boxes = np.array(true[Path(path).stem].boxes, float).reshape(-1, 4)
            if len(boxes):
                found.append(float(np.diag(sv.box_iou_batch(boxes, read.annotations[path].xyxy)).min()))


def run(sets: list[Path]) -> list[Row]:
    boxes = Row("yolo-detect", "supervision", read_yolo, "masks")
    theirs = Row("(supervision's own polygons)", "supervision", read_yolo, "holes, thin lines and specks")
    for folder in sets:
        source, name = DefectSet(folder), folder.name
        measure_supervision(theirs, source, name)
        with tempfile.TemporaryDirectory() as scratch:
            for to in ("yolo-detect", *dict.fromkeys(row.to for row in ROWS)):
                dest = Path(scratch) / to
                left = sum(export_set(folder, dest, to).left_out.values())
                for row in [boxes] if to == "yolo-detect" else [one for one in ROWS if one.to == to]:
                    row.left[name] = left
                    if row is boxes:
                        measure_boxes(row, source, dest, name)
                    else:
                        measure(row, source, dest, name)
                    print(f"{name:16} {to:14} {row.reader[:24]:24} {min(row.iou[name]):.4f}", flush=True)
    return [ROWS[0], boxes, *ROWS[1:], theirs]


def table(rows: list[Row], sets: list[Path]) -> str:
    lines = ["| format | read by | pictures with a defect | median IoU | smallest IoU | below 0.9 | what is lost |"]
    lines.append("|---|---|--:|--:|--:|--:|---|")
    for row in rows:
        all_iou = np.concatenate([row.iou[one.name] for one in sets])
        numbers = f"{len(all_iou)} | {np.median(all_iou):.4f} | {all_iou.min():.4f} | {(all_iou < 0.9).sum()}"
        lines.append(f"| {row.to} | {row.reader} | {numbers} | {row.why} |")
    lines += ["", "Smallest IoU by set, and pictures left out:", ""]
    lines.append("| format | read by | " + " | ".join(one.name for one in sets) + " | left out |")
    lines.append("|---|---|" + "--:|" * len(sets) + "--:|")
    for row in rows:
        smallest = " | ".join(f"{min(row.iou[one.name]):.4f}" for one in sets)
        lines.append(f"| {row.to} | {row.reader} | {smallest} | {sum(row.left.values())} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sets", nargs="+", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    rows = run(options.sets)
    counts = ", ".join(f"{one.name} ({len(DefectSet(one))} pictures)" for one in options.sets)
    text = [
        "# What each export loses",
        f"Sets: {counts}. Each was exported whole and read back by the library named, and the union of the masks on "
        "a picture compared with the set's own (for yolo-detect the worst box). anomalib read up to about "
        f"{2 * ANOMALIB_AT_MOST} defective pictures a set, spread evenly; all others read all of them. A good "
        "picture that came back with a defect would have stopped the script.",
        f"`python eval/sets/round_trip.py SET ... --out {options.out}`",
        table(rows, options.sets),
    ]
    options.out.write_text("\n\n".join(text) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
