"""What is the same for all formats: nothing half-written, nothing silent, one line an error."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from defectgen.dataset.export.job import ExportOptions
from defectgen.dataset.exporter import FORMATS, export_set
from defectgen.errors import DefectgenError, InputError, OutputError


@pytest.mark.parametrize("to", FORMATS)
def test_what_goes_and_what_stays_adds_up(mixed_set: Path, tmp_path: Path, to: str) -> None:
    ticks: list[tuple[int, int]] = []
    result = export_set(mixed_set, tmp_path / "out", to, progress=lambda done, total: ticks.append((done, total)))
    assert sum(result.pictures.values()) + sum(result.left_out.values()) == 4
    assert ticks == [(k, 4) for k in range(1, 5)]
    record = json.loads((tmp_path / "out/defectgen-export.json").read_text("utf-8"))
    assert record["to"] == to and record["left_out"] == dict(result.left_out)
    assert record["licences"] == {"MIT": 4}
    listed = tmp_path / "out/left_out.jsonl"
    assert (len(listed.read_text("utf-8").splitlines()) if listed.exists() else 0) == sum(result.left_out.values())


@pytest.mark.parametrize("to", FORMATS)
def test_a_picture_that_breaks_leaves_nothing_behind(masked_set: Path, tmp_path: Path, to: str) -> None:
    (masked_set / "images/000004.png").unlink()
    (masked_set / "masks/000004.png").write_bytes(b"no picture")
    (masked_set / "instances/000004.png").write_bytes(b"no picture")
    with pytest.raises((DefectgenError, OSError)) as error:
        export_set(masked_set, tmp_path / "out", to)
    assert isinstance(error.value, DefectgenError) and "\n" not in str(error.value)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["set of parts"]


@pytest.mark.parametrize("to", FORMATS)
def test_two_runs_give_the_same_files(masked_set: Path, tmp_path: Path, to: str) -> None:
    def files(folder: Path) -> dict[str, bytes]:
        return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}

    export_set(masked_set, tmp_path / "a/out", to)
    export_set(masked_set, tmp_path / "b/out", to)
    assert files(tmp_path / "a/out") == files(tmp_path / "b/out")


def test_a_set_of_good_pictures_alone_goes(maker, tmp_path: Path) -> None:
    maker.add("one", split="train")
    source = maker.finish()
    for to in FORMATS:
        assert sum(export_set(source, tmp_path / to, to).pictures.values()) == 1


def test_an_earlier_export_is_replaced_only_when_asked(masked_set: Path, tmp_path: Path) -> None:
    export_set(masked_set, tmp_path / "out", "coco")
    with pytest.raises(OutputError, match="--overwrite"):
        export_set(masked_set, tmp_path / "out", "mvtec")
    export_set(masked_set, tmp_path / "out", "mvtec", overwrite=True)
    assert not (tmp_path / "out/annotations").exists()


def test_another_folder_is_never_touched(masked_set: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/letter.txt").write_text("x")
    for dest in (tmp_path / "mine", tmp_path / "mine/letter.txt", masked_set, masked_set / "out", tmp_path):
        with pytest.raises(OutputError):
            export_set(masked_set, dest, "coco", overwrite=True)
    assert (tmp_path / "mine/letter.txt").read_text() == "x"


@pytest.mark.parametrize(
    ("to", "options", "said"),
    [
        ("pascal", ExportOptions(), "expected coco"),
        ("coco", ExportOptions(splits=("dev",)), "train, val, test"),
        ("parquet", ExportOptions(images="link"), "leave out --images link"),
    ],
)
def test_wrong_options_are_one_line(
    masked_set: Path, tmp_path: Path, to: str, options: ExportOptions, said: str
) -> None:
    with pytest.raises(InputError, match=said) as error:
        export_set(masked_set, tmp_path / "out", to, options)
    assert "\n" not in str(error.value) and not (tmp_path / "out").exists()


def test_a_set_of_which_nothing_can_go_says_why(maker, tmp_path: Path) -> None:
    maker.add("classed", defect="rust")
    with pytest.raises(InputError, match="1 left out, no mask"):
        export_set(maker.finish(), tmp_path / "out", "mvtec")


def test_names_that_meet_in_one_folder_are_refused(maker, tmp_path: Path) -> None:
    for folder in ("a", "b"):
        maker.add(f"{folder}/same")
    with pytest.raises(InputError, match="two pictures"):
        export_set(maker.finish(), tmp_path / "out", "coco")


def test_a_name_that_leads_out_of_the_set_is_refused(maker, tmp_path: Path) -> None:
    maker.add("one", file_name="../other.png")
    with pytest.raises(InputError, match="outside the set"):
        export_set(maker.finish(), tmp_path / "out", "coco")


def test_a_picture_upright_by_exif_alone_is_turned(maker, tmp_path: Path) -> None:
    from PIL import Image

    maker.add("one")
    source = maker.finish()
    exif = Image.Exif()
    exif[274] = 6
    pixels = np.random.default_rng(0).integers(0, 255, (30, 50, 3), np.uint8)
    Image.fromarray(pixels).save(source / "images/one.png", exif=exif)
    result = export_set(source, tmp_path / "out", "yolo-detect")
    turned = np.asarray(Image.open(tmp_path / "out/images/train/one.png"))
    assert np.array_equal(turned, np.rot90(pixels, -1))
    assert any("upright" in note for note in result.notes)
