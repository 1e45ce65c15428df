"""Recipes: the shipped book is whole, and each way to break a recipe gets its one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from defectgen.book import RecipeBook, load_book, phrase_key
from defectgen.errors import InputError, RecipeError
from defectgen.resources import resource_dir

MATERIAL = "{name: zorblite, description: soft, look: {surface: woven}}"
DEFECT = (
    "name: moth, family: hole, description: eaten, morphology: {kind: hole}, change: {depth: [-1, -2]}, "
    "size: [0.1, 0.2]"
)
FAMILIES = {
    "crack", "scratch", "dent", "pit", "inclusion", "stain", "corrosion", "burn", "chip", "bulge", "fold", "peel",
    "contamination", "hole", "weave",
}  # fmt: skip


@pytest.fixture(scope="module")
def book() -> RecipeBook:
    return load_book()


def write(folder: Path, text: str) -> Path:
    path = folder / "mine.yaml"
    path.write_text(text)
    return path


def test_shipped_book_holds_what_is_promised(book: RecipeBook) -> None:
    assert {defect.family for defect in book.defects.values()} >= FAMILIES
    assert len(book.materials) >= 15
    assert all(book.materials_of(defect) for defect in book.defects.values())
    assert all(book.defects_of(material) for material in book.materials.values())


def test_shipped_defects_name_materials_of_the_book(book: RecipeBook) -> None:
    assert all(name in book.materials for defect in book.defects.values() for name in defect.materials)


def test_names_and_synonyms_are_found_however_they_are_written(book: RecipeBook) -> None:
    assert book.material("Brushed_Aluminium").name == "brushed-aluminum"
    assert book.defect("BLOW HOLE").name == "blowhole"
    for name in book.defects:
        assert book.defect(phrase_key(name)).name == name
    with pytest.raises(RecipeError, match=r"defect 'scrach' is unknown; did you mean 'scratch'.* names: defectgen"):
        book.defect("scrach")


def test_user_file_adds_to_the_book(tmp_path: Path, book: RecipeBook) -> None:
    path = write(tmp_path, f"materials: [{MATERIAL}]\ndefects: [{{{DEFECT}, materials: [zorblite, copper sheet]}}]")
    mine = load_book([path])
    assert len(mine.materials) == len(book.materials) + 1
    assert mine.defect("moth").materials == ("zorblite", "copper")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "got nothing, expected a mapping with materials, defects or both"),
        ("[1]", r"\[0\]: got 1, expected a mapping with name, family"),
        ("{material: []}", "material: unknown key; use domain, materials or defects"),
        ("{defects: 3}", "defects: got 3, expected a list"),
        ("{defects: [3]}", r"defects\[0\]: got 3, expected a mapping with name, family"),
        (f"defects: [{{{DEFECT}, colour: red}}]", r"defects\[0\]\.colour: unknown key; use one of name, family"),
        (
            f"defects: [{{{DEFECT.replace('depth', 'dept')}}}]",
            r"defects\[0\]\.change\.dept: unknown key; use one of depth, lip",
        ),
        (
            f"defects: [{{{DEFECT.replace('kind: hole', 'kind: hol')}}}]",
            r"defects\[0\]\.morphology\.kind: got 'hol'; use one of 'crack', ",
        ),
        (
            f"defects: [{{{DEFECT.replace('kind: hole', 'kind: hole, params: {teer: 1}')}}}]",
            r"defects\[0\]\.morphology\.params\.teer: unknown for kind 'hole'; use one of style, aspect, tear",
        ),
        (
            f"defects: [{{{DEFECT.replace('[0.1, 0.2]', '[x, 0.2]')}}}]",
            r"defects\[0\]\.size\[0\]: got 'x'; .*number",
        ),
        (
            f"defects: [{{{DEFECT.replace('[0.1, 0.2]', '[0.3, 0.2]')}}}]",
            r"defects\[0\]\.size: .* 0 < low <= high <= 1",
        ),
        (
            f"defects: [{{{DEFECT}, placement: {{count: [0, 2]}}}}]",
            r"defects\[0\]\.placement\.count: .* 1 <= low <= high",
        ),
        (
            f"defects: [{{{DEFECT}, materials: [cheese]}}]",
            r"defects\[0\]\.materials\[0\]: 'cheese' is no material and no group; ",
        ),
        (
            "materials: [{name: zorblite}]",
            r"materials\[0\]\.description: missing; name, description, look are required",
        ),
        (
            f"materials: [{MATERIAL}, {MATERIAL}]",
            r"materials\[1\]\.name: 'zorblite' claims 'zorblite', which names 'zorblite'",
        ),
        (
            f"materials: [{MATERIAL.replace('zorblite', 'Copper Sheet')}]",
            r"materials\[0\]\.name: .*claims 'copper sheet', which names 'copper' of .*copper\.yaml",
        ),
        ("materials: []\nmaterials: []", "line 2: not valid YAML: key 'materials' stands twice"),
        ("materials: [", "line 2: not valid YAML"),
        ("!!python/object:os.system {}", "not valid YAML: could not determine a constructor"),
    ],
)
def test_broken_recipe_gets_one_line(tmp_path: Path, text: str, message: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(RecipeError, match=message) as caught:
        load_book([path])
    assert str(caught.value).startswith(str(path)) and "\n" not in str(caught.value)


def test_absent_and_undecodable_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"absent\.yaml: cannot be read as a recipe: No such file"):
        load_book([tmp_path / "absent.yaml"])
    (tmp_path / "bytes.yaml").write_bytes(b"\xff\xfe\xfa")
    with pytest.raises(RecipeError, match="not UTF-8 text"):
        load_book([tmp_path / "bytes.yaml"])


def test_resources_are_found_or_named() -> None:
    assert (resource_dir("recipes") / "defects").is_dir()
    with pytest.raises(InputError, match="'no-such-folder' that ships with defectgen is missing"):
        resource_dir("no-such-folder")
