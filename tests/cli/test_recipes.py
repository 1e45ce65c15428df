"""`recipes` lists what can be named, shows and finds one recipe, checks files and starts new ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from defectgen.book import load_book
from defectgen.errors import RecipeError
from defectgen.recipe import Defect

BOOK = load_book()


@pytest.fixture(autouse=True)
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")


def test_list_names_every_defect_and_material_within_the_screen(defectgen: Any) -> None:
    output = defectgen("recipes", "list").out
    words = {word.strip(" ,") for word in output.split()}
    assert {*BOOK.defects, *BOOK.materials} <= words
    assert max(map(len, output.splitlines())) <= 80
    assert f"{len(BOOK.defects)} defects" in output


def test_list_for_a_material_leaves_out_what_makes_no_sense_on_it(defectgen: Any) -> None:
    output = defectgen("recipes", "list", "--material", "fabric").out
    assert "missing-pick" in output
    assert "missing-pick" not in defectgen("recipes", "list", "--material", "concrete").out
    assert max(map(len, output.splitlines())) <= 80


def test_list_of_a_domain(defectgen: Any) -> None:
    output = defectgen("recipes", "list", "--domain", "stone").out
    assert "granite" in output and "copper" not in output
    wrong = defectgen("recipes", "list", "--domain", "stoen")
    assert wrong.code == 2 and "domain 'stoen' is unknown; use one of" in wrong.err


def test_show_prints_yaml_that_is_the_recipe(defectgen: Any) -> None:
    shown = Defect.model_validate(yaml.safe_load(defectgen("recipes", "show", "oil spot").out))
    assert shown == BOOK.defects["oil-stain"]


def test_show_of_an_unknown_name_offers_close_ones(defectgen: Any) -> None:
    outcome = defectgen("recipes", "show", "scrach")
    assert outcome.code == 2 and "did you mean 'scratch'" in outcome.err


def test_search_finds_names_and_offers_close_ones(defectgen: Any) -> None:
    assert "porosity" in defectgen("recipes", "search", "pores").out
    outcome = defectgen("recipes", "search", "flurbish")
    assert outcome.code == 2 and "no recipe is called 'flurbish'" in outcome.err


def test_new_writes_what_check_passes_and_nothing_twice(defectgen: Any, tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    assert defectgen("recipes", "new", "defect", "own-pore", "--extends", "porosity", "--out", path).code == 0
    passed = defectgen("recipes", "check", path)
    assert (passed.code, passed.out) == (0, "1 file: 0 materials and 1 defect type, all sound\n")
    again = defectgen("recipes", "new", "defect", "own-pore", "--out", path)
    assert again.code == 2 and "exists; choose another file" in again.err
    assert "use defect or material" in defectgen("recipes", "new", "shape", "x", "--out", tmp_path / "x").err


def test_check_prints_a_line_a_problem(defectgen: Any, tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_text("- {name: a, extends: nothing, description: x}\n- {name: b, extends: pit}\n")
    outcome = defectgen("recipes", "check", path)
    assert outcome.code == 2 and outcome.err == "2 problems\n"
    assert [line.startswith(str(path)) for line in outcome.out.splitlines()] == [True, True]


def test_a_folder_of_recipes_is_heard_by_every_command(defectgen: Any, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "a.yaml").write_text(
        "- {name: moth-hole, extends: hole, description: A hole that a moth ate, size: [0.02, 0.03], "
        "materials: [textiles]}\n"
    )
    assert "moth-hole" in defectgen("recipes", "list", "--recipes", folder).out
    assert "moth-hole" in defectgen("recipes", "show", "moth hole", "--recipes", folder).out
    assert "moth-hole" in defectgen("explain", "moth hole on denim", "--recipes", folder).out
    plan = defectgen("synth", "moth hole on denim", "--recipes", folder, "--engine", "render", "--dry-run")
    assert plan.code == 0 and "moth-hole" in plan.out
    assert "is no folder" in defectgen("recipes", "list", "--recipes", folder / "a.yaml").err
    assert "is no folder" in defectgen("synth", "dent", "--recipes", folder / "b", "--engine", "render").err


def test_parts_are_rendered_again_as_they_were(defectgen: Any, tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    for folder in (one, two):
        assert defectgen("parts", "render", "copper sheet", "-n", "2", "--size", "64", "--out", folder).code == 0
    files = sorted(path.relative_to(one).as_posix() for path in one.rglob("*") if path.is_file())
    pictures = ["0000.png", "0001.png"]
    assert files == [*pictures, *(f"foreground/{name}" for name in pictures), "metadata.jsonl"]
    assert all((one / name).read_bytes() == (two / name).read_bytes() for name in files)
    assert (one / "0000.png").read_bytes() != (one / "0001.png").read_bytes()
    assert "is not empty" in defectgen("parts", "render", "copper", "--out", one).err
    assert "expected 64 to 4096" in defectgen("parts", "render", "copper", "--size", "8", "--out", tmp_path / "x").err
    assert "material 'coper' is unknown; did you mean 'copper'" in defectgen("parts", "render", "coper").err


def test_load_book_says_how_many_problems_there_are(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("[{name: a}]")
    with pytest.raises(RecipeError, match=r"family: missing.*\(and \d+ more: defectgen recipes check\)"):
        load_book([tmp_path])
