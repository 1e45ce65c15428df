"""--masks-from: which masks are read, what is refused, and that made masks are like them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from defectgen.book import load_book
from defectgen.cli import app
from defectgen.errors import InputError, OutputError
from defectgen.image import write_picture
from defectgen.mask.bank_statistics import bank_rows
from defectgen.masks_from import read_bank
from defectgen.options import Options, check_options
from defectgen.record import FORMAT, MANIFEST, METADATA, Record
from defectgen.run import make_plan, synth


@pytest.fixture
def cracks(tmp_path: Path) -> Path:
    """Six pictures with one upright bar of a fifth of the side, near the left; the last is a test picture."""
    folder = tmp_path / "set"
    for name in ("images", "masks"):
        (folder / name).mkdir(parents=True)
    lines, rng = [], np.random.default_rng(0)
    for i in range(6):
        mask = np.zeros((200, 200), np.uint8)
        mask[60 + 5 * i : 100 + 5 * i, 30 + i : 35 + i] = 255
        write_picture(folder / "images" / f"{i}.png", rng.integers(90, 120, (200, 200)).astype(np.uint8))
        write_picture(folder / "masks" / f"{i}.png", mask)
        lines.append(
            Record(
                file_name=f"images/{i}.png", mask_file_name=f"masks/{i}.png", good_file_name=None, text="crack",
                defect="crack", material=None, boxes=((30 + i, 60 + 5 * i, 35 + i, 100 + 5 * i),),
                split="test" if i == 5 else "train", group=str(i), source=f"{i}.png", source_sha256="0" * 64,
                licence="CC0-1.0",
            ).line()
        )
    (folder / METADATA).write_text("".join(lines))
    (folder / MANIFEST).write_text(json.dumps({"format": FORMAT}))
    return folder


def test_only_training_masks_are_read(cracks: Path) -> None:
    bank = read_bank(cracks, load_book().defect("crack"))
    assert bank.of_type and bank.pictures == len(bank.masks.pieces) == 5
    assert {piece.group for piece in bank.masks.pieces} == set("01234")
    assert all(piece.length == pytest.approx(0.2, abs=0.03) for piece in bank.masks.pieces)


def test_other_types_lend_their_masks_and_it_is_said(cracks: Path, tmp_path: Path) -> None:
    assert not read_bank(cracks, load_book().defect("rust")).of_type
    plan = make_plan(Options("rust on steel", masks_from=cracks, engine="render", out=tmp_path / "out"))
    assert any("none of them of" in notice for notice in plan.notices)


def test_made_masks_are_like_the_real_ones(cracks: Path, tmp_path: Path) -> None:
    defect = load_book().defect("crack")
    done = synth("crack on concrete", masks_from=cracks, engine="render", n=10, out=tmp_path / "out")
    rows = {row.name: row for row in bank_rows(read_bank(cracks, defect).masks, read_bank(done.folder, defect).masks)}
    assert rows["length"].made[1] == pytest.approx(rows["length"].real[1], rel=0.35)
    assert rows["off centre"].made[1] == pytest.approx(rows["off centre"].real[1], abs=0.25)
    assert rows["count"].made == (1, 1, 1)
    assert json.loads((done.folder / MANIFEST).read_text())["config"]["masks_from"]


def test_the_masks_decide_the_samples(cracks: Path, tmp_path: Path) -> None:
    options = {"engine": "render", "n": 1, "masks_from": cracks}
    first, second = (synth("crack on concrete", out=tmp_path / name, **options).folder for name in "ab")
    assert (first / "masks/000000.png").read_bytes() == (second / "masks/000000.png").read_bytes()
    write_picture(cracks / "masks" / "0.png", np.pad(np.full((9, 9), 255, np.uint8), ((0, 191), (0, 191))))
    with pytest.raises(OutputError, match="masks_from"):
        synth("crack on concrete", out=tmp_path / "a", **options)


def test_sets_without_masks_are_refused(cracks: Path) -> None:
    for name in ("0", "1", "2", "3", "4"):
        text = (cracks / METADATA).read_text().replace(f'"masks/{name}.png"', "null")
        (cracks / METADATA).write_text(text)
    with pytest.raises(InputError, match="no training picture with a mask"):
        read_bank(cracks, load_book().defect("crack"))


@pytest.mark.parametrize("extra", [{"size": (0.1, 0.2)}, {"mask": Path("m.png")}])
def test_masks_carry_their_own_sizes(extra: dict[str, object]) -> None:
    with pytest.raises(InputError, match="gives shapes and sizes"):
        check_options(Options("crack", masks_from=Path("s"), **extra))  # type: ignore[arg-type]


def test_the_command_shows_both_side_by_side(cracks: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["synth", "crack on concrete", "--engine", "render", "-n", "3", "--masks-from", str(cracks)]
    with pytest.raises(SystemExit) as end:
        app([*command, "--out", str(tmp_path / "out")])
    shown = capsys.readouterr().out
    assert end.value.code == 0
    assert "real" in shown and "elongation" in shown
