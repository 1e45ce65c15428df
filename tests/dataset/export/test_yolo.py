"""YOLO folders, read by supervision."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import supervision
import yaml

from defectgen.dataset.defect_set import DefectSet
from defectgen.dataset.exporter import export_set
from defectgen.dataset.instance import union


def load(folder: Path, split: str, masks: bool):
    return supervision.DetectionDataset.from_yolo(
        str(folder / "images" / split), str(folder / "labels" / split), str(folder / "data.yaml"), force_masks=masks
    )


@pytest.mark.parametrize("split", ["train", "val", "test"])
def test_polygons_give_every_mask_back(masked_set: Path, tmp_path: Path, split: str) -> None:
    result = export_set(masked_set, tmp_path / "out", "yolo-segment")
    assert result.loss is not None and result.loss.smallest == 1
    source, read = DefectSet(masked_set), load(tmp_path / "out", split, True)
    records = {Path(one.file_name).name: one for one in source.records() if one.split == split}
    assert len(read.image_paths) == len(records)
    for path, _, found in read:
        true = source.instances(records[Path(path).name])
        assert {read.classes[k] for k in found.class_id} == {one.defect for one in true}
        for name in {one.defect for one in true}:
            mine = found.mask[[read.classes[k] == name for k in found.class_id]].any(axis=0)
            assert np.array_equal(mine, union([one for one in true if one.defect == name], mine.shape))


@pytest.mark.parametrize("split", ["train", "val", "test"])
def test_boxes_come_back_to_the_pixel(masked_set: Path, tmp_path: Path, split: str) -> None:
    export_set(masked_set, tmp_path / "out", "yolo-detect")
    source, read = DefectSet(masked_set), load(tmp_path / "out", split, False)
    records = {Path(one.file_name).name: one for one in source.records() if one.split == split}
    for path, _, found in read:
        record = records[Path(path).name]
        boxes = np.array(record.boxes, float).reshape(-1, 4)
        assert np.allclose(found.xyxy.reshape(-1, 4), boxes, atol=1e-3)
        assert tuple(read.classes[k] for k in found.class_id) == record.box_labels


def test_a_good_picture_has_an_empty_label_and_the_yaml_stands_alone(masked_set: Path, tmp_path: Path) -> None:
    export_set(masked_set, tmp_path / "out", "yolo-segment")
    assert (tmp_path / "out/labels/train/good é 0.txt").read_bytes() == b""
    tree = yaml.safe_load((tmp_path / "out/data.yaml").read_text("utf-8"))
    assert tree["train"] == "images/train" and "path" not in tree
    assert list(tree["names"].values()) == sorted(tree["names"].values()) and "closed crack" in tree["names"].values()


def test_what_each_label_kind_lacks_is_left_out_and_listed(mixed_set: Path, tmp_path: Path) -> None:
    detect = export_set(mixed_set, tmp_path / "detect", "yolo-detect")
    segment = export_set(mixed_set, tmp_path / "segment", "yolo-segment")
    assert (sum(detect.pictures.values()), sum(detect.left_out.values())) == (3, 1)
    assert (sum(segment.pictures.values()), sum(segment.left_out.values())) == (2, 2)
    assert len((tmp_path / "segment/left_out.jsonl").read_text().splitlines()) == 2
    assert any("val" in note for note in detect.notes)


def test_the_measured_loss_is_the_loss(masked_set: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A polygon without its slits is worse, and iou.jsonl says so."""
    from defectgen.dataset.export import outline, yolo

    def without_holes(piece: np.ndarray) -> np.ndarray:
        return outline.outline(np.ones_like(piece))

    monkeypatch.setattr(yolo, "outline", without_holes)
    result = export_set(masked_set, tmp_path / "out", "yolo-segment")
    lines = [json.loads(line) for line in (tmp_path / "out/iou.jsonl").read_text("utf-8").splitlines()]
    assert result.loss.smallest == pytest.approx(min(line["iou"] for line in lines), abs=1e-5)
    assert result.loss.below == sum(line["iou"] < 0.9 for line in lines) > 0
