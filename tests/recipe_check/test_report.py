"""The check of recipes: twins, words that clash, texts and looks; and starters that pass it."""

from __future__ import annotations

from pathlib import Path

import pytest

from defectgen.book import load_book
from defectgen.errors import RecipeError
from defectgen.recipe_check.report import check_recipes
from defectgen.recipe_check.search import search
from defectgen.recipe_check.starter import defect_starter, material_starter
from defectgen.recipe_check.twins import TWINS, distance, visible

BOOK = load_book()


def lines(folder: Path, text: str) -> list[str]:
    path = folder / "mine.yaml"
    path.write_text(text)
    return [str(problem) for problem in check_recipes([path]).problems]


def heir(body: str, parent: str = "pitting") -> str:
    return f"- {{name: heir, extends: {parent}, description: An heir that says what one sees, {body}}}\n"


@pytest.mark.parametrize(
    ("body", "alike"),
    [
        ("synonyms: [other word]", True),
        ("causes: [another cause]", True),
        (f"change: {{mottle: {BOOK.defects['pitting'].change.mottle + 0.05:g}}}", True),
        ("size: [0.5, 0.9]", False),
        ("placement: {region: corner}", False),
        ("placement: {grain: along}", False),
        ("placement: {count: [9, 12]}", False),
        ("change: {tint: [0.4, 0.05, 0.05], opacity: [0.3, 0.9]}", False),
        ("morphology: {kind: blob}", False),
        ("morphology: {params: {cluster: [0.0, 0.05]}}", False),
        ("materials: [leather]", False),
    ],
)
def test_twins_are_types_that_no_picture_could_tell_apart(tmp_path: Path, body: str, alike: bool) -> None:
    found = [line for line in lines(tmp_path, heir(body)) if "are twins" in line]
    assert bool(found) == alike
    assert not found or ("'heir' and 'pitting'" in found[0] and "\n" not in found[0])


def test_distance_is_nought_to_oneself_and_the_same_both_ways() -> None:
    a, b = visible(BOOK.defects["pitting"]), visible(BOOK.defects["pinhole"])
    assert distance(a, a)[0] == 0 and distance(a, b)[0] == distance(b, a)[0] >= TWINS


def test_numbers_that_do_nothing_are_no_difference() -> None:
    dent = BOOK.defects["dent"]
    idle = dent.model_copy(update={"change": dent.change.model_copy(update={"tint": None, "rim": 0.9})})
    bare = dent.model_copy(update={"change": dent.change.model_copy(update={"tint": None, "rim": 0.0})})
    assert distance(visible(idle), visible(bare))[0] == 0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (heir("size: [0.5, 0.9], synonyms: [deep]"), "'deep' is a word for severity"),
        (heir("size: [0.5, 0.9], synonyms: [area]"), "'area' is a word that prompts skip"),
        (heir("size: [0.5, 0.9], synonyms: [pin hole]"), "names 'pinhole' too|means pinhole"),
        (heir("size: [0.5, 0.9], synonyms: [a b, a-b]"), "synonym 'a b' stands twice"),
        ("- {name: My Heir, extends: pitting, description: What one sees, size: [0.5, 0.9]}", "joined by hyphens"),
        ("- {name: heir, extends: pitting, description: Short, size: [0.5, 0.9]}", "too short"),
        (
            "- {name: heir, extends: pitting, size: [0.5, 0.9], "
            f"description: {BOOK.defects['pinhole'].description!r}}}",
            "has the description of 'pinhole'",
        ),
        (heir("size: [0.5, 0.9], severity: [seen, seen, gross]"), "three different phrases"),
        ("{name: slate, description: a grey slate, look: {surface: slat}}", "look.surface: got 'slat'; use one of"),
        (
            "{name: slate, description: a grey slate roof, look: {surface: marble, params: {vien: 1}}}",
            "look.params.vien: unknown key; marble takes outline, ground",
        ),
        (
            "{name: slate, description: a grey slate roof, groups: [metls], look: {surface: marble}}",
            "'metls' has no other member; did you mean 'metals'",
        ),
    ],
)  # fmt: skip
def test_each_problem_has_its_line(tmp_path: Path, text: str, message: str) -> None:
    import re

    found = lines(tmp_path, text)
    assert any(re.search(message, line) for line in found), found


def test_every_problem_of_a_file_is_told_and_no_other_file_is_blamed(tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text(
        "- {name: a, extends: nothing, description: x}\n- {name: b, sise: [1, 2]}\n- 3\n"
    )
    (tmp_path / "good.yaml").write_text(heir("size: [0.5, 0.9]"))
    assert len(check_recipes([tmp_path / "bad.yaml"]).problems) >= 5
    assert check_recipes([tmp_path / "good.yaml"]).problems == ()
    report = check_recipes([tmp_path])
    assert report.files == 2 and {problem.path.name for problem in report.problems} == {"bad.yaml"}
    with pytest.raises(RecipeError, match="does not exist"):
        check_recipes([tmp_path / "absent.yaml"])


@pytest.mark.parametrize("parent", [None, "porosity", "hairline-crack", "oil-stain", "missing-pick", "edge-chip"])
def test_starters_of_defects_pass(tmp_path: Path, parent: str | None) -> None:
    assert lines(tmp_path, defect_starter("my-own", parent, BOOK)) == []


@pytest.mark.parametrize("like", [None, "copper", "woven-fabric", "rubber"])
def test_starters_of_materials_pass(tmp_path: Path, like: str | None) -> None:
    assert lines(tmp_path, material_starter("my-own", like, BOOK)) == []


def test_starters_refuse_names_that_are_taken_or_odd() -> None:
    with pytest.raises(RecipeError, match="'oil-spot' is a name already"):
        defect_starter("oil-spot", None, BOOK)
    with pytest.raises(RecipeError, match="joined by hyphens"):
        defect_starter("Oil Spot", None, BOOK)


def test_search_finds_all_words_in_any_form() -> None:
    hits = [hit.entry.name for hit in search("pores", BOOK)]
    assert hits[0] == "porosity" and "cast-aluminum" not in hits
    assert search("flurbish", BOOK) == []
