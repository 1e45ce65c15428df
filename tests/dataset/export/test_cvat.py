"""CVAT's XML, read by datumaro."""

from __future__ import annotations

from pathlib import Path

import datumaro
import numpy as np
import pytest

from defectgen.dataset.defect_set import DefectSet
from defectgen.dataset.exporter import export_set


def load(folder: Path) -> dict[str, object]:
    return {item.id: item for item in datumaro.Dataset.import_from(str(folder), "cvat")}


# pycocotools 2.0.11 under numpy 2
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_masks_come_back_exactly(masked_set: Path, tmp_path: Path) -> None:
    export_set(masked_set, tmp_path / "out", "cvat")
    source = DefectSet(masked_set)
    read = datumaro.Dataset.import_from(str(tmp_path / "out"), "cvat")
    names = [label.name for label in read.categories()[datumaro.AnnotationType.label]]
    items = {item.id: item for item in read}
    assert len(items) == len(source)
    for record in source.records():
        item = items[Path(record.file_name).stem]
        assert item.subset == record.split
        true = source.instances(record)
        assert [names[one.label] for one in item.annotations] == [one.defect for one in true]
        for shape, one in zip(item.annotations, true, strict=True):
            assert np.array_equal(shape.image[one.window] > 0, one.mask) and shape.image.sum() == one.area


def test_boxes_and_classes_go_as_boxes_and_tags(mixed_set: Path, tmp_path: Path) -> None:
    result = export_set(mixed_set, tmp_path / "out", "cvat")
    assert not result.left_out
    items = load(tmp_path / "out")
    kinds = {name: [one.type.name for one in item.annotations] for name, item in items.items()}
    assert kinds == {"masked": ["mask"], "boxed": ["bbox", "bbox"], "classed": ["label"], "good": []}
    assert items["boxed"].annotations[0].points == [3, 4, 20, 30]
