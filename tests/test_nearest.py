"""The nearest neighbour: made-up words and everyday life have none; materials are told by what has the defect."""

from __future__ import annotations

import pytest

from defectgen.book import RecipeBook, load_book
from defectgen.errors import PromptError
from defectgen.model.text import TextEncoder
from defectgen.nearest import is_readable, unlike_things
from defectgen.prompt import parse_prompt


@pytest.fixture(scope="module")
def book() -> RecipeBook:
    return load_book()


@pytest.fixture(scope="module")
def encoder() -> TextEncoder:
    return TextEncoder()


def test_words_are_readable_with_any_ending_and_made_up_ones_are_not(encoder: TextEncoder) -> None:
    assert all(is_readable(word, encoder) for word in ("scratch", "unglued", "windscreen", "bruises"))
    assert not any(is_readable(word, encoder) for word in ("flurb", "snorf", "vorlish", "wobblefex"))


def test_feelings_are_less_like_things_than_tools(encoder: TextEncoder) -> None:
    assert unlike_things("jealousy", ["glass"], encoder) > 0 > unlike_things("bucket", ["glass"], encoder)


@pytest.mark.parametrize("text", ["envy on glass", "glorped rubber", "a broken promise", "flumping of the weld"])
def test_what_is_no_defect_is_refused(text: str, book: RecipeBook, encoder: TextEncoder) -> None:
    with pytest.raises(PromptError):
        parse_prompt(text, book, encoder)


@pytest.mark.parametrize(
    ("text", "defect", "material"),
    [
        ("torn label on a bottle", "label-tear", "printed-label"),
        ("capped tablet", "tablet-capping", "tablet"),
        ("wane on a board", "wane", "wood"),
        ("pitted chrome", "plating-pit", "chrome-plating"),
        ("chipped gear tooth", "tooth-chip", "gear"),
    ],
)
def test_the_material_is_the_one_that_has_the_defect(text: str, defect: str, material: str, book: RecipeBook) -> None:
    spec = parse_prompt(text, book).spec
    assert (spec.defect, spec.material) == (defect, material)


@pytest.mark.parametrize(("text", "defect"), [("dnet on steel", "dent"), ("crcak in glass", "crack")])
def test_swapped_letters_are_put_right_in_short_words(text: str, defect: str, book: RecipeBook) -> None:
    assert parse_prompt(text, book).spec.defect == defect
