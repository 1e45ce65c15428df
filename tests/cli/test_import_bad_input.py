"""Data that cannot be imported: exit code 2, one line on stderr, nothing written; or a drop that is listed."""

from __future__ import annotations

import io
import json
import os
import tarfile
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

HW = (40, 60)
LABEL = "0 0.5 0.5 0.2 0.2\n"


def below(folder: Path) -> list[tuple[str, int]]:
    return sorted((str(path), path.lstat().st_size if path.is_file() else -1) for path in folder.rglob("*"))


def refused(defectgen: Any, folder: Path, *args: str | Path) -> str:
    """Runs an import below `folder`, which must refuse and leave all as it was; what it said."""
    before = below(folder)
    outcome = defectgen("import", *args)
    assert outcome.code == 2, outcome
    assert outcome.err.startswith("error: "), outcome.err
    assert outcome.err.count("\n") == 1, outcome.err
    assert below(folder) == before
    return str(outcome.err)


def imported(defectgen: Any, *args: str | Path) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """Runs an import, which must go through; its records, and name -> reason of what it dropped."""
    outcome = defectgen("import", *args)
    assert outcome.code == 0, outcome
    dest = Path(args[2])
    records, dropped = lines(dest / "metadata.jsonl"), lines(dest / "dropped.jsonl")
    counts = json.loads((dest / "defectgen.json").read_text())["counts"]
    assert counts["before"] == counts["kept"] + sum(counts["dropped"].values()) == len(records) + len(dropped)
    assert len(list((dest / "images").iterdir())) == len(records)
    return records, {line["name"]: line["reason"] for line in dropped}


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def picture(path: Path, hw: tuple[int, int] = HW) -> Path:
    """Noise of its own for each name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(list(os.fsencode(str(path))))
    Image.fromarray(rng.integers(0, 255, (*hw, 3), dtype=np.uint8)).save(path)
    return path


def mask(path: Path, hw: tuple[int, int] = HW) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.zeros(hw, np.uint8)
    pixels[5:9, 7:20] = 255
    Image.fromarray(pixels).save(path)
    return path


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A YOLO set of three pictures."""
    root = tmp_path / "source"
    for name in ("a", "b", "c"):
        picture(root / "images" / f"{name}.png")
    (root / "labels").mkdir()
    (root / "labels" / "a.txt").write_text(LABEL)
    (root / "data.yaml").write_text("names: [crack]\n")
    return root


def coco(root: Path, **changes: Any) -> dict[str, Any]:
    """A COCO set of two pictures, the first with a polygon; its index, changed."""
    for name in ("a", "b"):
        picture(root / "images" / f"{name}.png")
    images = [{"id": k, "file_name": f"{n}.png", "width": HW[1], "height": HW[0]} for k, n in enumerate("ab")]
    crack = {"id": 1, "image_id": 0, "category_id": 1, "bbox": [5, 5, 9, 9], "segmentation": [[5, 5, 14, 5, 14, 14]]}
    index = {"images": images, "annotations": [crack | changes], "categories": [{"id": 1, "name": "crack"}]}
    (root / "annotations").mkdir(exist_ok=True)
    (root / "annotations" / "instances_train.json").write_text(json.dumps(index))
    return index


# Where it comes from and where it goes


def zipped(path: Path, name: str, link: bool = False) -> Path:
    with zipfile.ZipFile(path, "w") as packed:
        info = zipfile.ZipInfo(name)
        info.external_attr = (0o120777 if link else 0o100644) << 16
        packed.writestr(info, "/etc/passwd" if link else b"text")
    return path


def tarred(path: Path, name: str, link: str | None = None) -> Path:
    with tarfile.open(path, "w") as packed:
        info = tarfile.TarInfo(name)
        info.type = tarfile.REGTYPE if link is None else tarfile.SYMTYPE
        info.linkname, info.size = link or "", 4 if link is None else 0
        packed.addfile(info, io.BytesIO(b"text"))
    return path


def written(path: Path, data: bytes = b"some text") -> Path:
    path.write_bytes(data)
    return path


def folder(path: Path) -> Path:
    path.mkdir()
    return path


BAD_SOURCES: dict[str, tuple[Callable[[Path], Path], str]] = {
    "missing": (lambda f: f / "nowhere", "does not exist"),
    "empty": (lambda f: folder(f / "empty"), "no layout recognises"),
    "a file": (lambda f: written(f / "notes.txt"), "is a file"),
    "no zip": (lambda f: written(f / "set.zip"), "damaged or no archive"),
    "no tar": (lambda f: written(f / "set.tar.gz"), "damaged or no archive"),
    "zip with ..": (lambda f: zipped(f / "set.zip", "../../x.png"), "'../../x.png' leads out"),
    "zip with .. as Windows": (lambda f: zipped(f / "set.zip", "..\\..\\x.png"), "leads out"),
    "zip with a root": (lambda f: zipped(f / "set.zip", "/tmp/x.png"), "leads out"),
    "zip with a link": (lambda f: zipped(f / "set.zip", "x.png", link=True), "is a link"),
    "tar with ..": (lambda f: tarred(f / "set.tar", "../x.png"), "'../x.png' leads out"),
    "tar with a root": (lambda f: tarred(f / "set.tar", "/tmp/x.png"), "leads out"),
    "tar with a link": (lambda f: tarred(f / "set.tar", "a/x.png", "../../x.png"), "links to '../../x.png'"),
}


@pytest.mark.parametrize(("make", "said"), BAD_SOURCES.values(), ids=BAD_SOURCES)
@pytest.mark.parametrize("layout", ["auto", "yolo"])
def test_bad_sources(defectgen: Any, tmp_path: Path, make: Callable[[Path], Path], said: str, layout: str) -> None:
    source = make(tmp_path)
    message = refused(defectgen, tmp_path, layout, source, tmp_path / "set")
    assert source.name in message
    assert said in message or (layout == "yolo" and "holds no" in message)


@pytest.mark.parametrize("layout", ["mvtec", "folder", "labelme", "coco", "yolo", "voc", "deeppcb", "lookout"])
@pytest.mark.parametrize("inside", [False, True])
def test_a_named_layout_without_its_files(defectgen: Any, tmp_path: Path, layout: str, inside: bool) -> None:
    root = folder(tmp_path / "somewhere")
    if inside:
        written(root / "notes.txt")
    assert "somewhere" in refused(defectgen, tmp_path, layout, root, tmp_path / "set")


def link_to_file(source: Path, away: Path) -> None:
    (source / "images" / "d.png").symlink_to(picture(away / "d.png"))


def link_to_folder(source: Path, away: Path) -> None:
    picture(away / "d.png")
    (source / "images" / "more").symlink_to(away)


def link_of_labels(source: Path, away: Path) -> None:
    away.mkdir()
    (source / "labels" / "b.txt").symlink_to(written(away / "b.txt", LABEL.encode()))


def link_in_a_circle(source: Path, away: Path) -> None:
    (source / "images" / "d.png").symlink_to(source / "images" / "e.png")
    (source / "images" / "e.png").symlink_to(source / "images" / "d.png")


@pytest.mark.parametrize("link", [link_to_file, link_to_folder, link_of_labels, link_in_a_circle])
def test_links_that_leave_the_folder(
    defectgen: Any, tmp_path: Path, source: Path, link: Callable[[Path, Path], None]
) -> None:
    link(source, tmp_path / "away")
    assert "link" in refused(defectgen, tmp_path, "yolo", source, tmp_path / "set")


def test_a_link_that_stays_inside_is_a_duplicate(defectgen: Any, tmp_path: Path, source: Path) -> None:
    (source / "images" / "d.png").symlink_to(source / "images" / "b.png")
    records, dropped = imported(defectgen, "yolo", source, tmp_path / "set")
    assert len(records) == 3 and dropped == {"images/d.png": "duplicate"}


def test_destination_inside_the_source(defectgen: Any, tmp_path: Path, source: Path) -> None:
    for dest in (source, source / "set", source / "images" / "set"):
        assert refused(defectgen, tmp_path, "yolo", source, dest)


def test_destination_that_holds_something_else(defectgen: Any, tmp_path: Path, source: Path) -> None:
    written(folder(tmp_path / "thesis") / "chapter-1.txt", b"important")
    for more in ((), ("--overwrite",)):
        assert "thesis" in refused(defectgen, tmp_path, "yolo", source, tmp_path / "thesis", *more)
    assert "is a file" in refused(defectgen, tmp_path, "yolo", source, written(tmp_path / "notes.txt"))
    assert "notes.txt" in refused(defectgen, tmp_path, "yolo", source, tmp_path / "notes.txt" / "set")


def test_destination_that_holds_a_set(defectgen: Any, tmp_path: Path, source: Path) -> None:
    imported(defectgen, "yolo", source, tmp_path / "set")
    assert "--overwrite" in refused(defectgen, tmp_path, "yolo", source, tmp_path / "set")
    (source / "labels" / "b.txt").write_text("no number")
    refused(defectgen, tmp_path, "yolo", source, tmp_path / "set", "--overwrite", "--strict")
    records, _ = imported(defectgen, "yolo", source, tmp_path / "set", "--overwrite")
    assert len(records) == 2
    assert "defect set already" in refused(defectgen, tmp_path, "auto", tmp_path / "set", tmp_path / "again")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_destination_that_cannot_be_written(defectgen: Any, tmp_path: Path, source: Path) -> None:
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o500)
    assert "locked" in refused(defectgen, tmp_path, "yolo", source, locked / "set")


# What the user asks for

BAD_OPTIONS: dict[str, tuple[Sequence[str], str]] = {
    "classes without =": (["--classes", "crack"], "expected KEY=TYPE"),
    "classes without a type": (["--classes", "1="], "expected KEY=TYPE"),
    "classes without a key": (["--classes", "=crack"], "expected KEY=TYPE"),
    "classes empty": (["--classes", ""], "expected KEY=TYPE"),
    "classes with a comma too many": (["--classes", "1=a,"], "expected KEY=TYPE"),
    "classes twice": (["--classes", "1=a,1=b"], "twice"),
    "ignore empty": (["--ignore", "4,,5"], "empty part"),
    "group by": (["--group-by", "("], "--group-by"),
    "unknown option": (["--colour", "red"], "--colour"),
}


@pytest.mark.parametrize(("args", "said"), BAD_OPTIONS.values(), ids=BAD_OPTIONS)
def test_bad_options(defectgen: Any, tmp_path: Path, source: Path, args: Sequence[str], said: str) -> None:
    assert said in refused(defectgen, tmp_path, "yolo", source, tmp_path / "set", *args)


@pytest.mark.parametrize("layout", ["magic", "", "YOLO", "../yolo"])
def test_unknown_layouts(defectgen: Any, tmp_path: Path, source: Path, layout: str) -> None:
    message = refused(defectgen, tmp_path, layout, source, tmp_path / "set")
    assert "mvtec" in message and "coco" in message


# What the files say


def test_truncated_json(defectgen: Any, tmp_path: Path) -> None:
    root = tmp_path / "source"
    coco(root)
    index = root / "annotations" / "instances_train.json"
    for cut in (1, 20, 200):
        index.write_bytes(index.read_bytes()[:-cut])
        for layout in ("coco", "auto"):
            assert "instances_train.json" in refused(defectgen, tmp_path, layout, root, tmp_path / "set")


@pytest.mark.parametrize(
    ("changes", "said"),
    [({"category_id": 9}, "category_id is 9"), ({"image_id": 9}, "image_id is 9"), ({"category_id": None}, "None")],
)
def test_annotations_that_point_nowhere(defectgen: Any, tmp_path: Path, changes: dict[str, Any], said: str) -> None:
    coco(tmp_path / "source", **changes)
    assert said in refused(defectgen, tmp_path, "coco", tmp_path / "source", tmp_path / "set")


OUTSIDE = {"segmentation": [[70, 5, 80, 5, 80, 9]]}
BAD_REGIONS: dict[str, tuple[dict[str, Any], str]] = {
    "polygon outside": (OUTSIDE, "outside image"),
    "polygon of words": ({"segmentation": [["x"] * 6]}, "unreadable"),
    "mask of another size": ({"segmentation": {"size": [60, 40], "counts": [0, 2400]}}, "size mismatch"),
    "mask empty": ({"segmentation": {"size": [40, 60], "counts": [2400]}}, "empty mask"),
    "box outside": ({"segmentation": None, "bbox": [-20, 3, 10, 10]}, "outside image"),
}


@pytest.mark.parametrize(("changes", "reason"), BAD_REGIONS.values(), ids=BAD_REGIONS)
def test_annotations_that_cannot_be_used(defectgen: Any, tmp_path: Path, changes: dict[str, Any], reason: str) -> None:
    coco(tmp_path / "source", **changes)
    message = refused(defectgen, tmp_path, "coco", tmp_path / "source", tmp_path / "set", "--strict")
    assert reason in message and "images/a.png" in message and "annotations[0]" in message
    records, dropped = imported(defectgen, "coco", tmp_path / "source", tmp_path / "set")
    assert [record["source"] for record in records] == ["images/b.png"]
    assert dropped == {"images/a.png": reason}


def test_a_polygon_over_the_edge_is_cut_and_noted(defectgen: Any, tmp_path: Path) -> None:
    coco(tmp_path / "source", segmentation=[[50, 30, 90, 30, 90, 90, 50, 90]])
    records, dropped = imported(defectgen, "coco", tmp_path / "source", tmp_path / "set", "--strict")
    assert not dropped and records[0]["boxes"] == [[50, 30, 60, 40]]
    assert "cut off" in lines(tmp_path / "set" / "notes.jsonl")[0]["note"]


def test_masks_of_another_size(defectgen: Any, tmp_path: Path) -> None:
    root = tmp_path / "source"
    picture(root / "train" / "good" / "000.png")
    for name, hw in (("000", HW), ("001", (HW[1], HW[0]))):
        picture(root / "test" / "crack" / f"{name}.png")
        mask(root / "ground_truth" / "crack" / f"{name}_mask.png", hw)
    assert "001" in refused(defectgen, tmp_path, "mvtec", root, tmp_path / "set", "--strict")
    records, dropped = imported(defectgen, "mvtec", root, tmp_path / "set")
    assert len(records) == 2 and dropped == {"test/crack/001.png": "size mismatch"}


BROKEN = {"no picture": b"these are notes", "zero bytes": b"", "cut short": None}


@pytest.mark.parametrize("data", BROKEN.values(), ids=BROKEN)
def test_broken_pictures(defectgen: Any, tmp_path: Path, source: Path, data: bytes | None) -> None:
    path = source / "images" / "b.png"
    path.write_bytes(path.read_bytes()[:500] if data is None else data)
    assert "images/b.png: unreadable" in refused(defectgen, tmp_path, "yolo", source, tmp_path / "set", "--strict")
    records, dropped = imported(defectgen, "yolo", source, tmp_path / "set")
    assert len(records) == 2 and dropped == {"images/b.png": "unreadable"}


def test_no_picture_is_left(defectgen: Any, tmp_path: Path, source: Path) -> None:
    for name in ("a", "b", "c"):
        (source / "images" / f"{name}.png").write_bytes(b"")
    message = refused(defectgen, tmp_path, "yolo", source, tmp_path / "set")
    assert "3 unreadable" in message and "images/a.png" in message


def test_one_picture_with_two_annotations(defectgen: Any, tmp_path: Path, source: Path) -> None:
    (source / "images" / "b.png").write_bytes((source / "images" / "a.png").read_bytes())
    _, dropped = imported(defectgen, "yolo", source, tmp_path / "set")
    assert dropped == dict.fromkeys(("images/a.png", "images/b.png"), "annotation conflict")


# What the files are called

NAMES: dict[str, Sequence[str]] = {
    "case only": ("part.png", "Part.png", "PART.png", "part.PNG"),
    "unicode and spaces": ("Teil 1 (ä).png", "部品.png", " lead.png", "a b  c.png", "é.png", "e\u0301.png"),
    "one stem in several folders": ("a/001.png", "b/001.png", "a/c/001.png"),
    "marks": ("50%.png", 'it\'s "x".png', "[bold]x.png", "a;b.png", "-n.png", "a\\b.png"),
    "control characters": ("a\nb.png", "a\tb.png", "a\x1b[31mb.png"),
}
NO_TEXT = os.fsdecode(b"\xff\xfe.png")


@pytest.mark.parametrize("names", NAMES.values(), ids=NAMES)
def test_names(defectgen: Any, tmp_path: Path, names: Sequence[str]) -> None:
    root = tmp_path / "source"
    for name in names:
        picture(root / "images" / name)
        label = (root / "labels" / name).with_suffix(".txt")
        label.parent.mkdir(parents=True, exist_ok=True)
        if name != "part.PNG":
            label.write_text(LABEL)
    (root / "data.yaml").write_text("names: [crack]\n")
    records, dropped = imported(defectgen, "yolo", root, tmp_path / "set")
    if "part.png" in names:
        assert dropped == dict.fromkeys(("images/part.png", "images/part.PNG"), "annotation conflict")
    assert len({record["file_name"].lower() for record in records}) == len(names) - len(dropped)
    assert len({record["source"] for record in records}) == len(records)
    assert all(record["defect"] == "crack" and len(record["boxes"]) == 1 for record in records)


def test_a_name_that_is_no_text_is_listed(defectgen: Any, tmp_path: Path, source: Path) -> None:
    picture(source / "images" / NO_TEXT)
    assert "rename it" in refused(defectgen, tmp_path, "yolo", source, tmp_path / "set", "--strict")
    records, dropped = imported(defectgen, "yolo", source, tmp_path / "set")
    assert len(records) == 3 and dropped == {r"images/\udcff\udcfe.png": "unreadable"}


@pytest.mark.parametrize("names", [*NAMES.values(), (NO_TEXT,)], ids=[*NAMES, "no text"])
def test_a_broken_picture_of_any_name_is_one_line(
    defectgen: Any, tmp_path: Path, source: Path, names: Sequence[str]
) -> None:
    for name in names:
        picture(source / "images" / name).write_bytes(b"")
    refused(defectgen, tmp_path, "yolo", source, tmp_path / "set", "--strict")
    records, dropped = imported(defectgen, "yolo", source, tmp_path / "set")
    assert len(records) == 3 and len(dropped) == len(names)
