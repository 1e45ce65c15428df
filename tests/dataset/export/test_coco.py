"""COCO files, read by pycocotools and supervision."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from defectgen.dataset.defect_set import DefectSet
from defectgen.dataset.exporter import export_set


def load(path: Path, capsys: pytest.CaptureFixture[str]):
    from pycocotools.coco import COCO

    coco = COCO(str(path))
    capsys.readouterr()
    return coco


# pycocotools 2.0.11 under numpy 2
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_every_mask_and_box_comes_back_exactly(
    masked_set: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    export_set(masked_set, tmp_path / "out", "coco")
    source, seen = DefectSet(masked_set), 0
    for split in ("train", "val", "test"):
        coco = load(tmp_path / "out/annotations" / f"instances_{split}.json", capsys)
        names = {k: one["name"] for k, one in coco.cats.items()}
        pictures = {one["file_name"]: number for number, one in coco.imgs.items()}
        for record in (one for one in source.records() if one.split == split):
            file = Path(record.file_name).name
            assert (tmp_path / "out/images" / split / file).read_bytes() == (masked_set / record.file_name).read_bytes()
            found = coco.imgToAnns[pictures[file]]
            for one, read in zip(source.instances(record), found, strict=True):
                mask = coco.annToMask(read)
                assert names[read["category_id"]] == one.defect
                assert np.array_equal(mask[one.window], one.mask) and mask.sum() == one.area == read["area"]
                x, y, w, h = read["bbox"]
                assert (x, y, x + w, y + h) == one.box
                seen += 1
    assert seen == 9


def test_numbers_are_the_same_whichever_splits_go(masked_set: Path, tmp_path: Path) -> None:
    from defectgen.dataset.export.job import ExportOptions

    export_set(masked_set, tmp_path / "all", "coco")
    export_set(masked_set, tmp_path / "one", "coco", ExportOptions(splits=("test",)))
    read = [json.loads((tmp_path / name / "annotations/instances_test.json").read_text()) for name in ("all", "one")]
    assert read[0]["categories"] == read[1]["categories"]
    assert not (tmp_path / "one/annotations/instances_train.json").exists()


def test_boxes_alone_go_and_a_class_alone_does_not(
    mixed_set: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    result = export_set(mixed_set, tmp_path / "out", "coco")
    coco = load(tmp_path / "out/annotations/instances_unsplit.json", capsys)
    assert sorted(one["file_name"] for one in coco.imgs.values()) == ["boxed.png", "good.png", "masked.png"]
    assert sum(not one["segmentation"] for one in coco.anns.values()) == 2
    assert sum(result.left_out.values()) == 1
    listed = json.loads((tmp_path / "out/left_out.jsonl").read_text())
    assert listed["file_name"] == "images/classed.png" and "masks" in listed["reason"]


def test_supervision_reads_the_masks(masked_set: Path, tmp_path: Path) -> None:
    import supervision
    export_set(masked_set, tmp_path / "out", "coco")
    read = supervision.DetectionDataset.from_coco(
        str(tmp_path / "out/images/train"), str(tmp_path / "out/annotations/instances_train.json"), force_masks=True
    )
    source = DefectSet(masked_set)
    true = {Path(one.file_name).name: source.mask(one) for one in source.records() if one.split == "train"}
    assert len(read.image_paths) == len(true)
    for path, _, detections in read:
        mask = true[Path(path).name]
        if mask is None:
            assert len(detections) == 0
        else:
            assert np.array_equal(detections.mask.any(axis=0), mask)
