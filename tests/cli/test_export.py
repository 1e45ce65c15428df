"""`defectgen export` on the command line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from defectgen.dataset.instance import Instance
from defectgen.dataset.writer import SetWriter
from defectgen.record import Record

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def small_set(tmp_path: Path) -> Path:
    """A good picture and a cracked one in train, and one in test of which only the class is known."""
    folder = tmp_path / "parts"
    folder.mkdir()
    writer = SetWriter(folder)
    crack = Instance("hair crack", (2, 2, 20, 3), np.ones((1, 18), bool))
    for stem, defect, split in (("a", "good", "train"), ("b", "hair crack", "train"), ("c", "rust", "test")):
        masked = defect == "hair crack"
        writer.put_pixels(f"images/{stem}.png", np.full((24, 32, 3), 90, np.uint8))
        if masked:
            mask = np.zeros((24, 32), np.uint8)
            mask[crack.window] = 255
            writer.put_pixels(f"masks/{stem}.png", mask)
        writer.put_record(
            Record(
                file_name=f"images/{stem}.png", mask_file_name=f"masks/{stem}.png" if masked else None,
                good_file_name=None, text=defect, defect=defect, material=None, boxes=(crack.box,) if masked else (),
                split=split, group=stem, source=stem, source_sha256="", licence="user",
            )
        )  # fmt: skip
    writer.finish({"layout": "test"})
    return folder


def test_the_screen_tells_what_went_where(
    defectgen: Command, small_set: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.chdir(tmp_path)
    code, out, _ = defectgen("export", small_set, Path("yolo"), "--to", "yolo-segment")
    assert code == 0
    assert "hair crack" in out and "smallest 1.000" in out and "yolo/data.yaml" in out
    assert "1 picture: no masks" in out and "left_out.jsonl" in out
    assert all(len(line) <= 80 for line in out.splitlines())


def test_the_table_adds_up(defectgen: Command, small_set: Path, tmp_path: Path) -> None:
    _, out, _ = defectgen("export", small_set, tmp_path / "hf", "--to", "hf")
    last = next(line for line in reversed(out.splitlines()) if line.split()[:1] == ["all"])
    assert last.split() == ["all", "2", "1", "3"]


def test_splits_narrow_the_export(defectgen: Command, small_set: Path, tmp_path: Path) -> None:
    code, out, _ = defectgen("export", small_set, tmp_path / "coco", "--to", "coco", "--splits", "train")
    assert code == 0 and "rust" not in out
    assert [path.name for path in (tmp_path / "coco/annotations").iterdir()] == ["instances_train.json"]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--to", "pascal"), "unknown format 'pascal'; expected coco, yolo-detect"),
        (("--to", "coco", "--splits", "dev"), "expected one of its splits: train, test"),
        (("--to", "coco", "--images", "move"), "expected copy or link"),
        ((), "--to"),
    ],
)
def test_what_cannot_be_used_is_one_line(
    defectgen: Command, small_set: Path, tmp_path: Path, more: tuple[str, ...], said: str
) -> None:
    code, _, err = defectgen("export", small_set, tmp_path / "out", *more)
    assert code == 2 and said in err and len(err.splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_a_folder_that_is_no_set_is_refused(defectgen: Command, tmp_path: Path) -> None:
    code, _, err = defectgen("export", tmp_path, tmp_path.parent / "elsewhere", "--to", "coco")
    assert code == 2 and "defectgen import" in err


def test_the_formats_offered_are_those_there_are() -> None:
    from defectgen.cli.export import TARGETS
    from defectgen.dataset.exporter import FORMATS

    assert tuple(FORMATS) == TARGETS
