"""Imagefolders, Parquet and tar shards, read by `datasets` and `webdataset`."""

from __future__ import annotations

import json
from pathlib import Path

import datasets
import numpy as np
import pytest
import yaml

from defectgen.dataset.defect_set import DefectSet
from defectgen.dataset.exporter import export_set


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    datasets.disable_progress_bars()
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")


@pytest.mark.parametrize("to", ["hf", "parquet"])
def test_load_dataset_gives_pictures_masks_and_splits(masked_set: Path, tmp_path: Path, to: str) -> None:
    export_set(masked_set, tmp_path / "out", to)
    read = datasets.load_dataset(str(tmp_path / "out"))
    assert {name: len(rows) for name, rows in read.items()} == {"train": 5, "validation": 3, "test": 4}
    source = DefectSet(masked_set)
    records = {one.source: one for one in source.records()}
    for rows in read.values():
        for row in rows:
            record = records[row["source"]]
            pixels = source.image(record).pixels
            assert np.array_equal(np.asarray(row["image"]), pixels)
            mask = source.mask(record)
            assert (row["mask"] is None) == (mask is None)
            if mask is not None:
                assert np.array_equal(np.asarray(row["mask"]) > 0, mask)
            assert row["boxes"] == [list(box) for box in record.boxes]
            assert tuple(row["labels"]) == record.box_labels
            assert row["text"] == record.text and row["licence"] == "MIT"


@pytest.mark.parametrize("to", ["hf", "parquet"])
def test_what_is_known_in_part_goes_too(mixed_set: Path, tmp_path: Path, to: str) -> None:
    export_set(mixed_set, tmp_path / "out", to)
    rows = datasets.load_dataset(str(tmp_path / "out"), split="unsplit")
    known = {row["source"]: (row["annotation"], row["mask"] is not None, len(row["boxes"])) for row in rows}
    assert known == {
        "masked.bmp": ("mask", True, 1), "boxed.bmp": ("box", False, 2), "classed.bmp": ("image", False, 0),
        "good.bmp": ("good", False, 0),
    }  # fmt: skip


@pytest.mark.parametrize("to", ["hf", "parquet"])
def test_a_split_of_good_pictures_alone_has_the_same_columns(maker, tmp_path: Path, to: str) -> None:
    from defectgen.dataset.instance import Instance

    maker.add("a", split="train")
    maker.add("b", [Instance("dent", (1, 1, 4, 4), np.ones((3, 3), bool))], split="test")
    export_set(maker.finish(), tmp_path / "out", to)
    read = datasets.load_dataset(str(tmp_path / "out"))
    assert read["train"].features == read["test"].features


def test_the_card_has_a_header_the_hub_reads(masked_set: Path, tmp_path: Path) -> None:
    export_set(masked_set, tmp_path / "out", "hf")
    from huggingface_hub import DatasetCard

    card = DatasetCard.load(tmp_path / "out/README.md")
    assert card.data.license == "mit" and card.data.size_categories == ["n<1K"]
    assert [one["split"] for one in card.data.configs[0]["data_files"]] == ["train", "validation", "test"]
    head = yaml.safe_load((tmp_path / "out/README.md").read_text("utf-8").split("---\n")[1])
    assert {one["name"] for one in head["dataset_info"]["features"]} >= {"image", "mask", "boxes", "licence"}
    assert "| closed crack | 0 | 1 | 0 |" in card.text


def test_links_share_the_bytes(masked_set: Path, tmp_path: Path) -> None:
    from defectgen.dataset.export.job import ExportOptions

    export_set(masked_set, tmp_path / "out", "hf", ExportOptions(images="link"))
    assert (tmp_path / "out/data/train/images/000000.png").samefile(masked_set / "images/000000.png")


# its reader leaves closing the shards to the garbage collector
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_webdataset_reads_its_shards(masked_set: Path, tmp_path: Path) -> None:
    import webdataset
    export_set(masked_set, tmp_path / "out", "webdataset")
    source = DefectSet(masked_set)
    records = {one.source: one for one in source.records()}
    seen = 0
    for split in ("train", "val", "test"):
        shard = str(tmp_path / "out" / f"{split}-000000.tar")
        for sample in webdataset.WebDataset(shard, shardshuffle=False).decode("pil"):
            record = records[sample["json"]["source"]]
            assert record.split == split
            assert np.array_equal(np.asarray(sample["png"]), source.image(record).pixels)
            mask = source.mask(record)
            assert ("mask.png" in sample) == (mask is not None)
            if mask is not None:
                assert np.array_equal(np.asarray(sample["mask.png"]).max(axis=2) > 0, mask)
            seen += 1
    assert seen == 12


def test_parquet_is_plain_parquet(masked_set: Path, tmp_path: Path) -> None:
    from pyarrow import parquet
    export_set(masked_set, tmp_path / "out", "parquet")
    table = parquet.read_table(tmp_path / "out/data/train-00000-of-00001.parquet")
    assert table.num_rows == 5
    first = table.column("image")[0].as_py()
    assert first["bytes"] == (masked_set / "images" / first["path"]).read_bytes()
    assert "huggingface" in json.dumps([key.decode() for key in table.schema.metadata])
