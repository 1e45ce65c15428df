"""The vocabulary: every type resolves, is unlike all others, and is understood under each of its names."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from defectgen.book import RecipeBook, load_book
from defectgen.choice import choose
from defectgen.mask.params import shape_params
from defectgen.phrase import phrase_key
from defectgen.prompt import parse_prompt
from defectgen.recipe_check.report import check_recipes
from defectgen.recipe_check.twins import find_twins
from defectgen.recipe_file import read_yaml

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def book() -> RecipeBook:
    return load_book()


def test_every_type_resolves_and_makes_sense_somewhere(book: RecipeBook) -> None:
    for defect in book.defects.values():
        shape_params(defect.morphology.kind, defect.morphology.params)
        assert book.materials_of(defect), defect.name
        assert {*defect.materials, *defect.never_on} <= set(book.materials), defect.name
    assert all(book.defects_of(material) for material in book.materials.values())


def test_no_two_types_look_alike(book: RecipeBook) -> None:
    assert [twins.message(twins.first) for twins in find_twins(book)] == []


def test_shipped_recipes_are_sound() -> None:
    assert [str(problem) for problem in check_recipes().problems] == []


def test_every_phrase_reads_as_its_type_on_one_of_its_materials(book: RecipeBook) -> None:
    for defect in book.defects.values():
        for phrase in (defect.name, *defect.synonyms):
            owners = book.defect_owners[phrase_key(phrase)]
            places = [m.name for m in book.materials_of(defect) if choose(owners, m.name, book).name == defect.name]
            assert places, f"{phrase} never reads as {defect.name}"
            specs = (parse_prompt(f"{phrase} on {place}", book).spec for place in places)
            assert any(spec.defect == defect.name and spec.material in places for spec in specs), phrase


def test_every_phrase_of_a_material_reads_as_it(book: RecipeBook) -> None:
    for phrase, (name, *_) in book.material_owners.items():
        assert parse_prompt(f"dent on {phrase}", book).spec.material == name, phrase


def test_how_to_names_every_key_and_its_examples_are_sound(tmp_path: Path) -> None:
    spec = importlib.util.spec_from_file_location("reference", ROOT / "eval" / "vocabulary" / "reference.py")
    assert spec is not None and spec.loader is not None
    reference = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(reference)
    readme = reference.README.read_text()
    assert readme.endswith(reference.text()), "run: python eval/vocabulary/reference.py"
    for i, block in enumerate(readme.split("```yaml\n")[1:]):
        path = tmp_path / f"{i}.yaml"
        path.write_text(block.split("```")[0])
        assert read_yaml(path)
