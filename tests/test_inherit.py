"""Inheritance, groups and shared words: what a type takes over, and what each mistake is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from defectgen.book import RecipeBook, load_book, read_book
from defectgen.choice import choose
from defectgen.errors import RecipeError
from defectgen.prompt import parse_prompt
from defectgen.recipe import Defect

BASE = """
domain: welding
materials:
  - {name: bead, domain: welding, groups: [joints], description: a weld bead, look: {surface: cast}}
  - {name: fillet, groups: [joints, metals], description: a fillet weld, look: {surface: cast}}
defects:
  - name: base-hole
    family: pit
    synonyms: [old word]
    description: A round hole of the first kind.
    standards: [{id: ISO 6520-1, clause: "201"}]
    morphology: {kind: pit, params: {count: [1, 2], radius: [0.1, 0.2]}}
    change: {depth: [-1, -2], void: [0.1, 0.9]}
    placement: {region: edge, count: [1, 1]}
    size: [0.1, 0.2]
    materials: [joints]
    causes: [gas]
"""


def book_of(folder: Path, heirs: str, name: str = "mine.yaml") -> RecipeBook:
    path = folder / name
    path.write_text(BASE + heirs)
    return load_book([path])


def heir(folder: Path, body: str) -> Defect:
    text = f"  - {{name: heir, extends: base-hole, description: An heir of the first hole, {body}}}\n"
    return book_of(folder, text).defects["heir"]


def test_missing_keys_come_from_the_parent_but_names_do_not(tmp_path: Path) -> None:
    mine = heir(tmp_path, "size: [0.3, 0.4]")
    assert (mine.family, mine.causes, mine.placement.region, mine.size) == ("pit", ("gas",), "edge", (0.3, 0.4))
    assert mine.materials == ("bead", "fillet") and mine.domain == "welding"
    assert mine.synonyms == () and mine.standards == ()


def test_mappings_merge_key_by_key(tmp_path: Path) -> None:
    mine = heir(tmp_path, "change: {lip: 0.5}, placement: {count: [2, 3]}, morphology: {params: {count: [3, 4]}}")
    assert mine.change.lip == 0.5 and mine.change.depth == (-1, -2)
    assert mine.placement.region == "edge" and mine.placement.count == (2, 3)
    assert mine.morphology.kind == "pit" and mine.morphology.params == {"count": [3, 4], "radius": [0.1, 0.2]}


def test_another_shape_drops_the_parents_parameters(tmp_path: Path) -> None:
    assert heir(tmp_path, "morphology: {kind: blob}").morphology.params == {}
    assert heir(tmp_path, "morphology: {kind: blob, params: {lobes: [1, 2]}}").morphology.params == {"lobes": [1, 2]}


def test_heirs_of_heirs_and_of_shipped_types(tmp_path: Path) -> None:
    text = """
  - {name: grandchild, extends: child, description: The last of three}
  - {name: child, extends: base-hole, description: The middle one, size: [0.5, 0.6]}
  - {name: cousin, extends: porosity, description: An heir of a shipped type, size: [0.01, 0.02]}
"""
    book = book_of(tmp_path, text)
    assert book.defects["grandchild"].size == (0.5, 0.6)
    assert book.defects["cousin"].change == book.defects["porosity"].change


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{name: a, extends: porosty, description: x}", "'porosty' is no defect type; did you mean 'porosity'"),
        ("{name: a, extends: a, description: x}", "inherit in a circle: a -> a"),
        ("{name: a, extends: [b], description: x}", r"extends: got \['b'\], expected the name"),
        ("{name: a, extends: base-hole}", "description: missing"),
        ("{name: base-hole, extends: porosity, description: x}", "'base-hole' is the name of a type of .* already"),
        ("{name: a, extends: base-hole, description: x, materials: [joint, metls]}", "'metls' is no material"),
        ("{name: a, extends: base-hole, description: x, never_on: [chese]}", r"never_on\[0\]: 'chese' is no material"),
        ("{name: a, extends: base-hole, description: x, materials: [bead], never_on: [bead]}", "in materials too"),
        ("{name: a, extends: base-hole, description: x, never_on: [joints]}", "every material that it names stands in"),
        ("{name: a, extends: base-hole, description: x, standards: [{id: ISO, clause: 5.10}]}", "put it in quotes"),
        ("{name: a, extends: base-hole, description: x, extent: {low: 2, high: 1, unit: mm}}", "expected low <= high"),
        ("{name: a, extends: base-hole, description: x, extent: {low: 1, high: 2, unit: in}}", "use one of 'um', 'mm'"),
        ("{name: a, extends: base-hole, description: x, severity: [faint, gross]}", "expected three phrases"),
        ("{name: a, extends: base-hole, description: x, domain: Sheet Metal}", "lower-case words joined by hyphens"),
        ("{name: a, extends: base-hole, description: x, change: {opacity: [0, 2]}}", "opacity: .*expected 0 to 1"),
    ],
)  # fmt: skip
def test_each_mistake_has_its_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(RecipeError, match=message) as caught:
        book_of(tmp_path, f"  - {text}\n")
    assert "\n" not in str(caught.value)


def test_a_circle_is_told_once_for_each_that_is_in_it(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("- {name: a, extends: b, description: x}\n- {name: b, extends: a, description: x}\n")
    book, problems = read_book([path])
    assert [problem.key for problem in problems] == ["[0].extends", "[1].extends"]
    assert "porosity" in book.defects, "the sound ones are there"


def test_groups_expand_and_never_on_takes_away(tmp_path: Path) -> None:
    assert heir(tmp_path, "materials: [joint], never_on: [metals]").materials == ("bead",)
    book = book_of(tmp_path, "")
    assert "copper" not in book.defects["base-hole"].materials
    metals = heir(tmp_path, "materials: [metals]").materials
    assert {"copper", "fillet", "cast-iron"} <= set(metals) and "wood" not in metals


def test_a_name_comes_before_a_group(tmp_path: Path) -> None:
    assert heir(tmp_path, "materials: [glass]").materials == ("glass",)


SHARED = (
    "  - {name: bead-pores, extends: base-hole, synonyms: [porosity], description: Pores of a bead, size: [0.3, 0.5]}\n"
)


def test_the_material_decides_what_a_shared_word_means(tmp_path: Path) -> None:
    book = book_of(tmp_path, SHARED)
    assert {"porosity", "bead-pores"} <= set(book.defect_owners["porosity"])
    assert parse_prompt("porosity on fillet", book).spec.defect == "bead-pores"
    assert parse_prompt("porosity in cast iron", book).spec.defect == "porosity"
    alone = parse_prompt("porosity", book)
    assert alone.spec.defect == "porosity"
    assert any("bead-pores" in line and "took porosity; name the material" in line for line in alone.notices)


def test_choice_prefers_listed_over_anywhere_over_elsewhere(tmp_path: Path) -> None:
    book = book_of(tmp_path, SHARED)
    assert choose(("oil-stain", "bead-pores"), "bead", book).name == "bead-pores"
    assert choose(("bead-pores", "oil-stain"), "glass", book).name == "oil-stain"
    assert choose(("porosity", "bead-pores"), None, book).others == ("bead-pores",)


def test_a_folder_is_read_whole(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    (folder / "deep").mkdir(parents=True)
    (folder / "base.yaml").write_text(BASE)
    (folder / "deep" / "more.yml").write_text("- {name: heir, extends: base-hole, description: x, size: [0.3, 0.4]}")
    (folder / "one.yaml").write_text("{name: slate, description: grey slate, look: {surface: marble}}")
    book = load_book([folder])
    assert "heir" in book.defects and "slate" in book.materials
    assert book.origins["defect", "heir"].name == "more.yml"


def test_figures_within_a_name_count_nothing(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("{name: grade-metal, synonyms: [xq58], description: a graded metal, look: {surface: cast}}")
    spec = parse_prompt("2 dents on xq58", load_book([path])).spec
    assert (spec.material, spec.count) == ("grade-metal", (2, 2))
