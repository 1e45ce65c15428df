"""MVTec's layout, read by anomalib where it is installed."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from defectgen.dataset.defect_set import DefectSet
from defectgen.dataset.export.mvtec import folder_names
from defectgen.dataset.exporter import export_set


def tree(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*.png"))


def test_pictures_lie_where_mvtec_puts_them(masked_set: Path, tmp_path: Path) -> None:
    export_set(masked_set, tmp_path / "out", "mvtec")
    files = tree(tmp_path / "out")
    assert sum(name.startswith("train/good/") for name in files) == 2
    assert sum(name.startswith("test/good/") for name in files) == 2
    assert "test/combined/zwei-Fehler_漢.png" in files
    assert "ground_truth/closed_crack/000001_mask.png" in files
    defective = [name for name in files if name.startswith("test/") and "/good/" not in name]
    for name in defective:
        _, defect, file = name.split("/")
        assert f"ground_truth/{defect}/{Path(file).stem}_mask.png" in files


def test_what_has_no_mask_is_left_out(mixed_set: Path, tmp_path: Path) -> None:
    result = export_set(mixed_set, tmp_path / "out", "mvtec")
    assert result.left_out == {"no mask: mvtec needs masks": 2}
    assert any("test/good is empty" in note for note in result.notes)


def test_folder_names_are_safe_and_differ() -> None:
    names = folder_names(("a b", "a_b", "A_B", "good", "combined", "x/y", "..", "漢字"))
    assert names["a b"] == "a_b" and names["漢字"] == "漢字" and names["x/y"] == "x_y"
    assert len({name.casefold() for name in names.values()} | {"good", "combined"}) == 10


@pytest.mark.slow  # importing anomalib alone takes ten seconds
def test_anomalib_reads_pictures_labels_and_masks(masked_set: Path, tmp_path: Path) -> None:
    pytest.importorskip("anomalib", reason="anomalib is not installed")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from anomalib.data.datasets.image.mvtecad import MVTecADDataset

    export_set(masked_set, tmp_path / "out", "mvtec")
    source = DefectSet(masked_set)
    masks = {Path(one.file_name).stem: source.mask(one) for one in source.records()}
    train = MVTecADDataset(root=tmp_path, category="out", split="train")
    test = MVTecADDataset(root=tmp_path, category="out", split="test")
    assert len(train) == 2 and len(test) == 10
    for k in range(len(test)):
        item, true = test[k], masks[Path(test[k].image_path).stem]
        assert bool(item.gt_label) == (true is not None)
        if true is not None:
            assert np.array_equal(item.gt_mask.numpy().squeeze() > 0, true)


def test_deep_pictures_keep_their_bits(maker, tmp_path: Path) -> None:
    pixels = np.arange(40 * 56, dtype=np.uint16).reshape(40, 56) * 29
    maker.add("deep", pixels=pixels)
    export_set(maker.finish(), tmp_path / "out", "mvtec")
    assert np.array_equal(np.asarray(Image.open(tmp_path / "out/train/good/deep.png")), pixels)
