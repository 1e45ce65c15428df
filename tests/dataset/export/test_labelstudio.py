"""Label Studio's tasks: polygons rasterised by pycocotools, and checked by Label Studio's own kit where it is."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pytest

from defectgen.dataset.defect_set import DefectSet
from defectgen.dataset.exporter import export_set


def tasks(folder: Path) -> list[dict[str, object]]:
    return [task for file in sorted(folder.glob("tasks_*.json")) for task in json.loads(file.read_text("utf-8"))]


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_polygons_cover_the_masks_exactly(masked_set: Path, tmp_path: Path) -> None:
    from pycocotools import mask as coco_mask
    export_set(masked_set, tmp_path / "out", "labelstudio")
    source = DefectSet(masked_set)
    read = {task["data"]["source"]: task for task in tasks(tmp_path / "out")}
    for record in source.records():
        regions = read[record.source]["annotations"][0]["result"]
        true = source.mask(record)
        assert bool(regions) == (true is not None)
        if true is None:
            continue
        h, w = true.shape
        rings = [(np.array(one["value"]["points"]) * (w / 100, h / 100)).ravel().tolist() for one in regions]
        # the rasteriser rounds half up: the slit and edges that six decimals move must not tip over
        rings = [np.round(ring, 3).tolist() for ring in rings]
        found = coco_mask.decode(coco_mask.merge(coco_mask.frPyObjects(rings, h, w))) > 0
        assert np.array_equal(found, true)


def test_pictures_lie_where_the_tasks_say(masked_set: Path, tmp_path: Path) -> None:
    export_set(masked_set, tmp_path / "out dir", "labelstudio")
    for task in tasks(tmp_path / "out dir"):
        place = unquote(task["data"]["image"].removeprefix("/data/local-files/?d="))
        assert (tmp_path / place).is_file()


def test_boxes_and_classes_go_as_rectangles_and_choices(mixed_set: Path, tmp_path: Path) -> None:
    export_set(mixed_set, tmp_path / "out", "labelstudio")
    kinds = {t["data"]["source"]: [r["type"] for r in t["annotations"][0]["result"]] for t in tasks(tmp_path / "out")}
    assert kinds["boxed.bmp"] == ["rectanglelabels"] * 2
    assert kinds["classed.bmp"] == ["choices"] and kinds["good.bmp"] == []


def test_label_studio_accepts_tasks_and_config(mixed_set: Path, tmp_path: Path) -> None:
    label_interface = pytest.importorskip("label_studio_sdk.label_interface", reason="label-studio-sdk is missing")
    export_set(mixed_set, tmp_path / "out", "labelstudio")
    config = label_interface.LabelInterface((tmp_path / "out/labeling_config.xml").read_text("utf-8"))
    for task in tasks(tmp_path / "out"):
        assert all(config.validate_annotation(one) for one in task["annotations"])
