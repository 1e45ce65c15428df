"""Good parts, masks, boxes and regions are checked before anything else happens."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from defectgen.errors import InputError
from defectgen.image import write_picture
from defectgen.source import fit_box, load_sources, parse_box, read_mask, read_roi


def grey(value: int, height: int = 40, width: int = 50) -> np.ndarray:
    return np.full((height, width, 1), value, np.uint8)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("b", "a", "c"):
        write_picture(tmp_path / f"{name}.png", grey(90))
    return tmp_path


def test_folder_is_sorted_and_passes_other_files_over(folder: Path) -> None:
    (folder / "notes.txt").write_text("x")
    (folder / ".hidden.png").write_bytes(b"x")
    sources = load_sources(folder)
    assert [source.name for source in sources.good] == ["a", "b", "c"]
    assert sources.broken == ()


def test_broken_files_are_listed_and_strict_refuses_them(folder: Path) -> None:
    (folder / "b.png").write_bytes(b"")
    sources = load_sources(folder)
    assert [source.name for source in sources.good] == ["a", "c"]
    assert [path.name for path, _ in sources.broken] == ["b.png"]
    with pytest.raises(InputError, match="1 of 3 images"):
        load_sources(folder, strict=True)


def test_folder_without_a_usable_image(folder: Path) -> None:
    empty = folder / "empty"
    empty.mkdir()
    with pytest.raises(InputError, match="holds no images"):
        load_sources(empty)
    (empty / "good").mkdir()
    write_picture(empty / "good" / "x.png", grey(9))
    with pytest.raises(InputError, match=r"did you mean .*good"):
        load_sources(empty)
    (empty / "x.jpg").write_bytes(b"junk")
    with pytest.raises(InputError, match="none is left"):
        load_sources(empty)
    with pytest.raises(InputError, match="does not exist"):
        load_sources(folder / "nowhere")


def test_single_file(folder: Path) -> None:
    assert [source.hw for source in load_sources(folder / "a.png").good] == [(40, 50)]


@pytest.mark.parametrize("level", [1, 255])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_mask_of_two_levels(tmp_path: Path, level: int, channels: int) -> None:
    pixels = np.zeros((40, 50, channels), np.uint8)
    pixels[5:9, 6:12, 0] = level
    if channels == 4:
        pixels[..., 3] = 255
    write_picture(tmp_path / "m.png", pixels)
    mask = read_mask(tmp_path / "m.png", (40, 50))
    assert mask.sum() == 24
    assert mask[5:9, 6:12].all()


def bad_mask(kind: str) -> np.ndarray:
    if kind == "ramp":
        return np.tile(np.arange(50, dtype=np.uint8), (40, 1))[..., None]
    if kind == "two greys":
        return np.concatenate([grey(100, 20), grey(200, 20)])
    return {"black": grey(0), "white": grey(255), "size": grey(0, 40, 51)}[kind]


@pytest.mark.parametrize(
    ("kind", "words"),
    [("black", "empty"), ("white", "white all over"), ("size", "expected 50x40"), ("ramp", "50 grey levels"),
     ("two greys", "from 100 to 200")],
)  # fmt: skip
def test_bad_masks(tmp_path: Path, kind: str, words: str) -> None:
    write_picture(tmp_path / "m.png", bad_mask(kind))
    with pytest.raises(InputError, match=words):
        read_mask(tmp_path / "m.png", (40, 50))


def test_region_may_be_white_all_over(tmp_path: Path) -> None:
    write_picture(tmp_path / "r.png", grey(255))
    assert read_roi(tmp_path / "r.png", (40, 50)).all()


def test_box(folder: Path) -> None:
    source = load_sources(folder / "a.png").good[0]
    assert parse_box("1, 2,30,40") == (1, 2, 30, 40)
    fit_box((0, 0, 50, 40), source)
    for text in ("1,2,3", "a,b,c,d", "5,5,5,20", "1.5,2,30,40", ""):
        with pytest.raises(InputError, match="expected x"):
            parse_box(text)
    for box in ((-1, 0, 20, 20), (0, 0, 51, 40), (0, 0, 50, 41)):
        with pytest.raises(InputError, match=r"leaves a\.png, which is 50x40"):
            fit_box(box, source)
