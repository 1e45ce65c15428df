from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from defectgen.image import write_picture
from defectgen.metric.collection import Collection, Item, open_collection
from defectgen.metric.leak import leaks
from defectgen.sample import Sample

U8 = NDArray[np.uint8]


def picture(seed: int) -> U8:
    rng = np.random.default_rng(seed)
    rough = Image.fromarray(rng.integers(0, 256, (12, 12), np.uint8)).resize((96, 96), Image.Resampling.BICUBIC)
    return np.clip(np.asarray(rough, np.float32) + rng.normal(0, 6, (96, 96)), 0, 255).astype(np.uint8)


def folder_of(path: Path, seeds: range) -> Path:
    path.mkdir()
    for seed in seeds:
        write_picture(path / f"{seed}.png", picture(seed))
    return path


def sides(tmp_path: Path) -> tuple[Path, Path]:
    return folder_of(tmp_path / "test", range(6)), folder_of(tmp_path / "train", range(100, 130))


def found(test: Path, train: Path) -> list[tuple[str, str, str]]:
    return [(leak.test, leak.train, leak.how) for leak in leaks(open_collection(test), open_collection(train))]


def test_strangers_do_not_leak(tmp_path: Path) -> None:
    assert found(*sides(tmp_path)) == []


def test_the_same_file_under_another_name_leaks(tmp_path: Path) -> None:
    test, train = sides(tmp_path)
    shutil.copy(test / "3.png", train / "renamed.png")
    assert found(test, train) == [("3.png", "renamed.png", "sha256")]


def test_the_same_pixels_in_another_file_leak(tmp_path: Path) -> None:
    test, train = sides(tmp_path)
    Image.open(test / "3.png").convert("RGB").save(train / "again.bmp")
    assert found(test, train) == [("3.png", "again.bmp", "pixels")]


def test_a_picture_saved_with_loss_and_relit_leaks(tmp_path: Path) -> None:
    test, train = sides(tmp_path)
    Image.fromarray((0.8 * picture(3) + 20).astype(np.uint8)).save(train / "again.jpg", quality=85)
    (leak,) = leaks(open_collection(test), open_collection(train))
    assert (leak.test, leak.train, leak.how) == ("3.png", "again.jpg", "near-duplicate")
    assert 0.85 < leak.correlation < 1


def test_pictures_of_one_piece_all_leak(tmp_path: Path) -> None:
    """Two test pictures and two training pictures of one piece: a search that ties each only once misses none."""
    test, train = sides(tmp_path)
    for number, side in enumerate((test, test, train, train)):
        Image.fromarray(picture(3)).save(side / f"again{number}.jpg", quality=70 + 5 * number)
    leaked = found(test, train)
    assert {name for name, _, _ in leaked} == {"3.png", "again0.jpg", "again1.jpg"}
    assert {train for _, train, _ in leaked} <= {"again2.jpg", "again3.jpg"}
    assert all(how == "near-duplicate" for _, _, how in leaked)


def made_on(good: Path, name: str, image: Path, source_sha256: str) -> Item:
    record = Sample(
        file_name=name, mask_file_name="m.png", good_file_name="g.png", text="", defect="pit", material=None, boxes=(),
        split="unsplit", group="", source="part.png", source_sha256=source_sha256, licence="user", severity=(),
        prompt="", seed=0, index=0, attempts=1, engine="render", weights_sha256=None, steps=None, guidance=None,
        band_px=2, prescribed_iou=1, changed_iou=1, in_mask_delta=9, outside_changed_px=0,
    )  # fmt: skip
    return Item(name, image, good=good, defect="pit", record=record)


def test_a_picture_made_on_a_test_picture_leaks(tmp_path: Path) -> None:
    """By the hash of the file that it names as its source, and by the pixels of its good twin."""
    test, _ = sides(tmp_path)
    made = folder_of(tmp_path / "made", range(200, 206))
    by_file = hashlib.sha256((test / "2.png").read_bytes()).hexdigest()
    shutil.copy(test / "4.png", made / "twin.png")
    items = (
        made_on(made / "200.png", "a", made / "200.png", by_file),
        made_on(made / "twin.png", "b", made / "201.png", "0" * 64),
        made_on(made / "202.png", "c", made / "202.png", "1" * 64),
    )
    leaked = leaks(open_collection(test), Collection(made, "folder", items))
    assert [(leak.test, leak.train, leak.how) for leak in leaked] == [
        ("2.png", "a", "source"),
        ("4.png", "b", "source"),
    ]
