"""`defectgen split` as a user meets it, and the refusal of its test pictures by what trains and what copies."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from defectgen.dataset.defect_set import DefectSet
from defectgen.image import read_picture
from defectgen.train.real import SETS, is_held_out
from tests.cli.conftest import Command
from tests.pieces import jpeg, write_set

PIECES = {"good": [f"g{k}" for k in range(4)], "crack": [f"c{k}" for k in range(4)]}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_set(tmp_path / "set", PIECES)


def test_the_table_the_groups_and_the_manifest_are_told(defectgen: Command, folder: Path) -> None:
    done = defectgen("split", folder, "--ratios", "0.5,0.25,0.25")
    assert done.code == 0 and done.err == ""
    assert ["crack", "4", "(2)", "2", "(1)", "2", "(1)"] in [line.split() for line in done.out.splitlines()]
    assert "8; 16 of 16 pictures are not alone" in done.out
    assert str(folder / "split.json") in done.out
    assert max(len(line.rstrip()) for line in done.out.splitlines() if str(folder) not in line) <= 80


def test_shots_leave_the_rest_unused(defectgen: Command, folder: Path) -> None:
    done = defectgen("split", folder, "--ratios", "0.5,0.25,0.25", "--shots", "1", "--draw", "3")
    assert done.code == 0 and "unused" in done.out
    options = json.loads((folder / "split.json").read_text())["options"]
    assert (options["shots"], options["draw"], options["threshold"]) == (1, 3, 0.7)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--shots", "9"], "no 9 shots of crack: its 8 pictures in 4 groups"),
        (["--ratios", "1,2"], "'1,2'"),
        (["--group-by", "("], "regular expression"),
        (["--keep"], "have no split"),
    ],
)
def test_what_cannot_be_is_one_line(defectgen: Command, folder: Path, given: list[str], said: str) -> None:
    done = defectgen("split", folder, *given)
    assert done.code == 2 and done.out == ""
    assert said in done.err and done.err.count("\n") == 1
    assert not (folder / "split.json").exists()


def test_a_folder_that_is_no_set(defectgen: Command, tmp_path: Path) -> None:
    done = defectgen("split", tmp_path)
    assert done.code == 2 and "no defect set" in done.err


@pytest.fixture
def stolen(defectgen: Command, folder: Path, tmp_path: Path) -> Path:
    """A defective test picture of a split set."""
    assert defectgen("split", folder, "--ratios", "0.5,0.25,0.25").code == 0
    records = DefectSet(folder).records()
    return folder / next(record.file_name for record in records if record.split == "test" and record.defect == "crack")


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    """Real data as pretraining reads it: one training picture of a solar cell, and the other sets empty."""
    root = tmp_path / "data"
    for name in SETS:
        (root / name / "data").mkdir(parents=True)
        (root / name / "training-images").mkdir()
        (root / name / "images").mkdir()
    module = next(f"M{k}" for k in range(99) if not is_held_out("pv-vision", f"M{k}"))
    for kind in ("img", "ann"):
        (root / "pv-vision" / "train" / kind).mkdir(parents=True)
    Image.new("L", (128, 128)).save(root / "pv-vision" / "train" / "ann" / f"{module}_1.png")
    return root


def put(raw: Path, pixels: np.ndarray, form: str) -> Path:
    """The only picture of `raw`, as `form`, under the name of its annotation."""
    ann = next(raw.glob("pv-vision/train/ann/*.png"))
    path = raw / "pv-vision" / "train" / "img" / f"{ann.stem}.jpg"
    Image.fromarray(pixels[..., 0]).save(path, form)
    return path


@pytest.mark.parametrize("form", ["PNG", "JPEG"])
def test_pretrain_refuses_a_test_picture(defectgen: Command, stolen: Path, raw: Path, form: str) -> None:
    """Under another name; saved again without and with loss."""
    config = raw.parent / "run.yaml"
    config.write_text("windows: {real: 250}\nshares: {real: 1.0}\n")
    path = put(raw, read_picture(stolen).pixels, form)
    run = raw.parent / "run"
    given = ("--config", config, "--data", raw, "--out", run, "--blocked", stolen.parents[1] / "split.json")
    done = defectgen("pretrain", *given)
    assert done.code == 2 and done.err.count("\n") == 1
    assert f"{path} is a test picture" in done.err
    assert not run.exists()


def bank(folder: Path, donors: dict[str, np.ndarray]) -> Path:
    """A folder of donors with masks."""
    for kind in ("images", "masks"):
        (folder / kind).mkdir(parents=True)
    mask = np.zeros((128, 128), np.uint8)
    mask[40:60, 50:80] = 255
    for name, pixels in donors.items():
        Image.fromarray(pixels[..., 0]).save(folder / "images" / f"{name}.png")
        Image.fromarray(mask).save(folder / "masks" / f"{name}.png")
    return folder


@pytest.mark.parametrize("how", ["option", "variable", "above"])
def test_copy_paste_refuses_a_test_picture(
    defectgen: Command, stolen: Path, part: Path, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Under another name, in a bank of its own, saved again."""
    pixels = read_picture(stolen).pixels
    owner = stolen.parents[1]
    place = owner / "bank" if how == "above" else owner.parent / "bank"
    donors = bank(place, {"holiday": pixels if how != "option" else jpeg(pixels)})
    given = ["--blocked", owner / "split.json"] if how == "option" else []
    if how == "variable":
        monkeypatch.setenv("DEFECTGEN_BLOCKED", str(owner / "split.json"))
    out = owner.parent / "out"
    done = defectgen("synth", "crack", "--on", part, "--engine", "copy-paste", "--bank", donors, "--out", out, *given)
    assert done.code == 2 and "holiday.png is a test picture" in done.err and done.err.count("\n") == 1
    assert not out.exists()


def test_a_split_set_is_a_bank_of_its_training_pictures(defectgen: Command, stolen: Path, part: Path) -> None:
    owner = stolen.parents[1]
    common = ("synth", "crack", "--on", part, "--engine", "copy-paste", "--dry-run", "--bank")
    assert defectgen(*common, owner).code == 0
    shutil.copy(stolen, owner / "images" / "zz.png")
    shutil.copy(owner / "masks" / stolen.name, owner / "masks" / "zz.png")
    done = defectgen(*common, owner)
    assert done.code == 2 and "zz.png is a test picture" in done.err


def test_blocked_without_a_bank_is_refused(defectgen: Command, part: Path, stolen: Path) -> None:
    manifest = stolen.parents[1] / "split.json"
    done = defectgen("synth", "crack", "--on", part, "--engine", "render", "--blocked", manifest)
    assert done.code == 2 and "--blocked guards what --bank, --like and --masks-from name" in done.err
