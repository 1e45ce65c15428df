"""Lookout for Vision: manifests and folders name the same pictures once, and masks are read by their colours."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from defectgen.dataset.item import DropError, Dropped, Found, ImportOptions
from defectgen.dataset.layout import lookout

HW = (48, 64)
GREEN, RED = "#23A436", "#D42020"


def put(root: Path, name: str, pixels: np.ndarray | None = None) -> None:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full(HW, 120, np.uint8) if pixels is None else pixels).save(root / name)


def line(image: str, word: str, mask: str | None = None, **colours: str) -> dict[str, Any]:
    out: dict[str, Any] = {
        "source-ref": image,
        "anomaly-label": int(word != "normal"),
        "anomaly-label-metadata": {"class-name": word, "type": "groundtruth/image-classification"},
    }
    if mask is not None:
        table = {str(k): {"class-name": name, "hex-color": code} for k, (name, code) in enumerate(colours.items())}
        out["mask-ref"] = mask
        out["mask-ref-metadata"] = {"internal-color-map": table, "type": "groundtruth/semantic-segmentation"}
    return out


def manifest(root: Path, *lines: dict[str, Any] | str, name: str = "manifests/train.manifest") -> None:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text("\n".join(each if isinstance(each, str) else json.dumps(each) for each in lines))


def painted(*spots: tuple[tuple[int, int, int, int], str, int]) -> np.ndarray:
    """See-through mask with spots (box, colour, alpha)."""
    out = np.zeros((*HW, 4), np.uint8)
    for (x0, y0, x1, y1), code, alpha in spots:
        out[y0:y1, x0:x1] = (*bytes.fromhex(code[1:]), alpha)
    return out


def find(root: Path, options: ImportOptions | None = None) -> list[Found | Dropped]:
    return list(lookout.find(root, options or ImportOptions()))


def only(root: Path) -> Found:
    (found,) = find(root)
    assert isinstance(found, Found)
    return found


def test_colours_give_the_classes(tmp_path: Path) -> None:
    put(tmp_path, "train/a.jpg")
    clear, near = ((30, 30, 40, 40), GREEN, 60), ((50, 3, 53, 6), "#2B9C30", 255)
    put(tmp_path, "masks/a.png", painted(((2, 2, 9, 9), GREEN, 255), ((20, 2, 25, 9), RED, 200), clear, near))
    manifest(tmp_path, line("train/a.jpg", "anomaly", "masks/a.png", cracked=GREEN, burnt=RED))
    assert lookout.recognise(tmp_path) == "manifests/train.manifest is a manifest of Lookout for Vision"
    found = only(tmp_path)
    boxes = [(each.defect, each.box) for each in found.read(HW).instances]
    assert boxes == [("cracked", (2, 2, 9, 9)), ("cracked", (50, 3, 53, 6)), ("burnt", (20, 2, 25, 9))]
    assert found.split == "train"


@pytest.mark.parametrize(
    "uri", ["s3://bucket/set/pictures/a.jpg", "pictures/a.jpg", "s3://bucket/a.jpg", "\\pictures\\a.jpg"]
)
def test_uris_mean_local_files(tmp_path: Path, uri: str) -> None:
    put(tmp_path, "pictures/a.jpg" if "pictures" in uri else "a.jpg")
    manifest(tmp_path, line(uri, "normal"))
    assert only(tmp_path).defect == "good"


@pytest.mark.parametrize("uri", ["../a.jpg", "s3://bucket/../../a.jpg", "s3://bucket/none.jpg"])
def test_uris_that_lead_out_or_nowhere(tmp_path: Path, uri: str) -> None:
    root = tmp_path / "set"
    put(tmp_path, "a.jpg")
    manifest(root, line(uri, "normal"))
    (dropped,) = find(root)
    assert isinstance(dropped, Dropped) and dropped.reason == "image missing"


def test_pictures_outside_the_manifest_count_by_their_name(tmp_path: Path) -> None:
    for name in ("train/normal-1.jpg", "test/test-normal-1.jpg", "test/test-anomaly-2.jpg", "test/what.jpg"):
        put(tmp_path, name)
    manifest(tmp_path, line("s3://b/train/normal-1.jpg", "normal"))
    items = {each.name: each for each in find(tmp_path)}
    kinds = {name: each.defect if isinstance(each, Found) else each.reason for name, each in items.items()}
    assert kinds == {
        "train/normal-1.jpg": "good",
        "test/test-normal-1.jpg": "good",
        "test/test-anomaly-2.jpg": "anomaly",
        "test/what.jpg": "no annotation",
    }


def test_folders_without_a_manifest(tmp_path: Path) -> None:
    names = [f"{split}/{word}/{word}_{split}.jpg" for split in ("train", "test") for word in ("normal", "anomaly")]
    for name in (*names, "extra/extra-anomaly_1.jpg"):
        put(tmp_path, name)
    assert lookout.recognise(tmp_path) == "it holds train and test with normal and anomaly"
    found = {each.name: each for each in find(tmp_path, ImportOptions(classes={"anomaly": "fault"}))}
    for name, each in found.items():
        assert isinstance(each, Found) and not each.read(HW).instances
        assert each.defect == ("fault" if "anomaly" in name else "good")
        assert each.split == (None if name.startswith("extra") else name.split("/")[0])


@pytest.mark.parametrize(
    ("word", "spots", "reason"),
    [
        ("anomaly", (), "empty mask"),
        ("anomaly", (((2, 2, 9, 9), "#2020D4", 255),), "unknown class"),
        ("normal", (((2, 2, 9, 9), GREEN, 255),), "annotation conflict"),
    ],
)
def test_reasons(tmp_path: Path, word: str, spots: Any, reason: str) -> None:
    put(tmp_path, "a.jpg")
    put(tmp_path, "masks/a.png", painted(*spots))
    manifest(tmp_path, line("a.jpg", word, "masks/a.png", cracked=GREEN))
    with pytest.raises(DropError) as caught:
        only(tmp_path).read(HW)
    assert caught.value.reason == reason


def test_background_is_no_defect(tmp_path: Path) -> None:
    put(tmp_path, "a.jpg")
    put(tmp_path, "masks/a.png", painted(((0, 0, 64, 48), "#FFFFFF", 255), ((2, 2, 9, 9), GREEN, 255)))
    manifest(tmp_path, line("a.jpg", "anomaly", "masks/a.png", BACKGROUND="#ffffff", cracked=GREEN))
    assert [each.box for each in only(tmp_path).read(HW).instances] == [(2, 2, 9, 9)]


def test_lines_that_cannot_be_used(tmp_path: Path) -> None:
    put(tmp_path, "a.jpg")
    put(tmp_path, "b.jpg")
    mask_lost = line("b.jpg", "anomaly", "masks/b.png", cracked=GREEN)
    manifest(tmp_path, line("a.jpg", "normal"), '{"source-ref": "a', line("a.jpg", "normal"), "", mask_lost, "[1]")
    reasons = [each.reason for each in find(tmp_path) if isinstance(each, Dropped)]
    assert reasons == ["unreadable", "duplicate", "no annotation", "unreadable"]


@pytest.mark.data
def test_real_sets(real_data: Path) -> None:
    for name, good, bad in (("aws-cookies", 45, 40), ("aws-circuitboard", 50, 50)):
        found = [each for each in find(real_data / name) if isinstance(each, Found)]
        assert sum(each.defect == "good" for each in found) == good and len(found) == good + bad
