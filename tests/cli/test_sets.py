"""`defectgen sets` as a user meets it: screens of 80 columns, exit codes, files where they were asked for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from tests.cli.conftest import Command
from tests.dataset.small_set import Filling, block, mixed


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return mixed(tmp_path / "set")


def test_show_fits_80_columns_and_draws_the_sheet(defectgen: Command, folder: Path) -> None:
    done = defectgen("sets", "show", folder)
    tables = [line for line in done.out.splitlines() if str(folder) not in line and not line.startswith("licences")]
    assert done.code == 0 and max(map(len, tables)) <= 80
    assert all(name in done.out for name in ("pit", "crack", "dent", "good", "unsplit", "MIT"))
    with Image.open(folder / "overview.png") as sheet:
        assert sheet.format == "PNG"


def test_show_puts_the_sheet_where_it_is_asked_to(defectgen: Command, folder: Path, tmp_path: Path) -> None:
    assert defectgen("sets", "show", folder, "--sheet", tmp_path / "here.png").code == 0
    assert (tmp_path / "here.png").is_file() and not (folder / "overview.png").exists()
    assert defectgen("sets", "show", folder, "--no-sheet").code == 0
    assert not (folder / "overview.png").exists()


def test_show_json_is_all_that_stdout_holds(defectgen: Command, folder: Path) -> None:
    out = json.loads(defectgen("sets", "show", folder, "--json", "--no-sheet").out)
    assert out["pictures"] == 6 and out["sheets"] == []


def test_show_says_that_data_is_not_for_products(defectgen: Command, tmp_path: Path) -> None:
    with Filling(tmp_path / "set") as small:
        small.add("a", licence="CC-BY-NC-4.0")
    assert "non-commercial use only" in defectgen("sets", "show", tmp_path / "set", "--no-sheet").out


def test_check_is_0_for_a_sound_set_and_1_for_a_spoilt_one(defectgen: Command, folder: Path) -> None:
    assert defectgen("sets", "check", folder, "--write-hashes").code == 0
    assert (folder / "hashes.jsonl").is_file()
    (folder / "images/000000.png").unlink()
    (folder / "images/000001.png").unlink()
    done = defectgen("sets", "check", folder, "--limit", 1)
    assert done.code == 1 and "images/000000.png" in done.out and "images/000001.png" not in done.out
    assert "2 problems" in done.out and "1 not shown" in done.out


@pytest.mark.parametrize("name", ["a" * 60, "b" * 75 + "[red]", "c d"])
def test_check_says_what_it_found_in_one_line_whatever_the_folder_is_called(
    defectgen: Command, tmp_path: Path, name: str
) -> None:
    folder = mixed(tmp_path / name)
    assert str(folder) in defectgen("sets", "show", folder, "--no-sheet").out
    assert f"{folder}: 6 pictures as the table says\n" in defectgen("sets", "check", folder).out
    (folder / "images/000000.png").unlink()
    assert f"{folder}: 1 problem in 6 pictures (missing 1)\n" in defectgen("sets", "check", folder).out


def test_check_writes_no_hashes_of_a_spoilt_set(defectgen: Command, folder: Path) -> None:
    (folder / "images/000000.png").unlink()
    assert defectgen("sets", "check", folder, "--write-hashes").code == 1
    assert not (folder / "hashes.jsonl").exists()


def test_merge_names_what_each_set_gave(defectgen: Command, folder: Path, tmp_path: Path) -> None:
    with Filling(tmp_path / "b") as small:
        small.add("a.png", split="train", licence="CC-BY-NC-4.0")
        small.add("new!", [block("hole", 1, 1, 5, 5)], licence="CC-BY-NC-4.0")
    done = defectgen("sets", "merge", folder, tmp_path / "b", tmp_path / "ab", "--rename", "hole=pit")
    assert done.code == 0 and "7 pictures" in done.out and "non-commercial" in done.out
    again = defectgen("sets", "merge", folder, tmp_path / "b", tmp_path / "ab")
    assert again.code == 2 and "--overwrite" in again.err


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("show", "nowhere"), "not a folder"),
        (("check", "."), "no defect set"),
        (("merge", "alone"), "only alone was named"),
        (("merge", "{set}", "new", "--rename", "pit"), "is not OLD=NEW"),
        (("show", "{set}", "--sheet", "a.jpg"), "does not end in .png"),
        (("show", "{set}", "--sheet", "a.png", "--no-sheet"), "contradict"),
        (("show", "{set}", "--sheet", "no/where.png"), "not a folder"),
        (("check", "{set}", "--limit", "0"), "limit"),
    ],
)
def test_what_cannot_be_used_is_one_line_and_code_2(
    defectgen: Command, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, args: tuple[str, ...],
    message: str,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    done = defectgen("sets", *(arg.format(set=folder) for arg in args))
    assert done.code == 2 and message in done.err and len(done.err.splitlines()) == 1
