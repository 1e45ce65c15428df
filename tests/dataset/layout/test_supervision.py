"""Sets that supervision writes are read as supervision itself reads them."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import supervision as sv
from PIL import Image

from defectgen.dataset.instance import Mask, union
from defectgen.dataset.item import Found, ImportOptions
from defectgen.dataset.layout import coco, voc, yolo

HW = (48, 64)
MODULES = {"coco": coco, "yolo": yolo, "voc": voc}


def masks(rng: np.random.Generator) -> list[Mask]:
    """A hairline, a ring, a speckled patch, two dots, a rectangle."""
    line, ring, patch, dots, plain = (np.zeros(HW, np.uint8) for _ in range(5))
    cv2.polylines(line, [np.cumsum(rng.integers(-2, 5, (8, 2)), 0).astype(np.int32) + 12], False, 1, 1)
    cv2.circle(ring, (40, 20), 9, 1, 2)
    patch[20:40, 30:50] = rng.random((20, 20)) < 0.5
    dots[3:5, 3:5], dots[40:43, 60:63] = 1, 1
    plain[5:20, 5:30] = 1
    return [one.astype(np.bool_) for one in (line, ring, patch, dots, plain)]


def write(root: Path, rng: np.random.Generator, with_masks: bool) -> sv.DetectionDataset:
    annotations = {}
    for k, mask in enumerate(masks(rng)):
        path = root / "source" / f"{k}.png"
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(rng.integers(0, 255, (*HW, 3), np.uint8)).save(path)
        at = np.argwhere(mask)
        box = np.array([[*at.min(0)[::-1], *(at.max(0)[::-1] + 1)]], np.float64)
        annotations[str(path)] = sv.Detections(
            xyxy=box, mask=mask[None] if with_masks else None, class_id=np.array([k % 2])
        )
    data = sv.DetectionDataset(classes=["crack", "pit"], images=list(annotations), annotations=annotations)
    data.as_coco(str(root / "coco/images"), str(root / "coco/annotations/instances_train.json"))
    data.as_yolo(str(root / "yolo/images"), str(root / "yolo/labels"), str(root / "yolo/data.yaml"))
    data.as_pascal_voc(str(root / "voc/JPEGImages"), str(root / "voc/Annotations"))
    return data


def found(root: Path, layout: str) -> dict[str, Found]:
    assert [name for name, module in MODULES.items() if module.recognise(root / layout)] == [layout]
    items = list(MODULES[layout].find(root / layout, ImportOptions()))
    assert all(isinstance(one, Found) for one in items)
    return {one.image.name: one for one in items if isinstance(one, Found)}


@pytest.mark.parametrize("layout", MODULES)
def test_boxes_come_back_exactly(tmp_path: Path, rng: np.random.Generator, layout: str) -> None:
    data = write(tmp_path, rng, with_masks=False)
    items = found(tmp_path, layout)
    for path, _, detections in data:
        (one,) = items[Path(path).name].read(HW).instances
        assert one.box == tuple(detections.xyxy[0]) and one.mask is None
        assert one.defect == data.classes[detections.class_id[0]]


@pytest.mark.parametrize("layout", ["yolo", "voc"])
def test_masks_are_those_that_supervision_reads(tmp_path: Path, rng: np.random.Generator, layout: str) -> None:
    write(tmp_path, rng, with_masks=True)
    again = (
        sv.DetectionDataset.from_yolo(
            str(tmp_path / "yolo/images"), str(tmp_path / "yolo/labels"), str(tmp_path / "yolo/data.yaml"), True
        )
        if layout == "yolo"
        else sv.DetectionDataset.from_pascal_voc(
            str(tmp_path / "voc/JPEGImages"), str(tmp_path / "voc/Annotations"), True
        )
    )
    items = found(tmp_path, layout)
    for path, _, detections in again:
        read = union(items[Path(path).name].read(HW).instances, HW)
        assert (read == detections.mask.any(axis=0)).all()
