"""The training support: what captions held is counted by whole names, and what they did not is said in one line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from defectgen.book import RecipeBook, load_book
from defectgen.caption import training_captions
from defectgen.errors import WeightsError
from defectgen.model.checkpoint import default_weights, read_info
from defectgen.model.support import (
    SUPPORT_FILE,
    Support,
    count_support,
    outside,
    read_support,
    save_support,
    support_notices,
)  # fmt: skip

CAPTIONS = {"two deep scratches on brushed aluminum": 3, "scratch": 2, "rubber, blister": 1, "no defect": 4}


@pytest.fixture(scope="module")
def book() -> RecipeBook:
    return load_book()


@pytest.fixture(scope="module")
def support(book: RecipeBook) -> Support:
    return count_support(CAPTIONS, book, "0" * 64)


def test_names_are_counted_by_windows_whole_and_in_the_plural(support: Support) -> None:
    assert (support.windows, support.captions) == (10, 4)
    assert support.defects["scratch"] == 2
    assert support.defects["deep scratch"] == 3
    assert "rubber blister" not in support.defects
    assert support.materials == {"brushed aluminum": 3, "rubber": 1}


@pytest.mark.parametrize(
    ("defect", "material", "lines"),
    [
        ("scratch", None, 0),
        ("deep-gouge", None, 1),
        ("blister", "rubber", 0),
        ("blister", "brushed-aluminum", 1),
        ("hole", "glass", 2),
    ],
)
def test_what_no_caption_held_is_told(
    defect: str, material: str | None, lines: int, support: Support, book: RecipeBook
) -> None:
    told = outside(support, book.defects[defect], book.materials[material] if material else None)
    assert len(told) == lines
    assert all(line.startswith("outside the model's training: no caption held") for line in told)


def test_another_name_that_was_held_is_told(support: Support, book: RecipeBook) -> None:
    assert outside(support, book.defects["deep-gouge"], None)[0].endswith("'deep gouge', but 'deep scratch'")


@pytest.mark.slow
def test_a_name_with_a_plural_in_every_caption_of_the_recipes_is_found(book: RecipeBook) -> None:
    """Most captions as training draws them hold a name of a type; the others use a word of two types at once."""
    draw = training_captions(book, np.random.default_rng(0))
    texts = [next(draw) for _ in range(300)]
    held = [bool(count_support({text: 1}, book, "").defects) for text in texts]
    assert sum(held) >= 295


def model(folder: Path, support: Support) -> Path:
    card = read_info(default_weights()).model_copy(update={"weights_sha256": "0" * 64})
    (folder / "model.json").write_text(card.model_dump_json())
    save_support(folder, support)
    return folder


def test_it_is_read_as_it_was_written(tmp_path: Path, support: Support) -> None:
    assert read_support(model(tmp_path, support)) == support


def test_a_model_that_does_not_say_is_not_judged(tmp_path: Path, book: RecipeBook) -> None:
    assert read_support(tmp_path) is None
    assert support_notices(book.defects["hole"], None, tmp_path) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [("{", "not a list of training words"), (None, "of weights 111111111111..., expected 000000000000")],
)
def test_a_damaged_or_foreign_file_is_refused(text: str | None, message: str, tmp_path: Path, support: Support) -> None:
    folder = model(tmp_path, support.model_copy(update={"weights_sha256": "1" * 64}))
    if text is not None:
        (folder / SUPPORT_FILE).write_text(text)
    with pytest.raises(WeightsError, match=message):
        read_support(folder)


def test_the_shipped_weights_say_what_they_were_trained_on(book: RecipeBook) -> None:
    found = read_support(default_weights())
    assert found is not None
    assert found.windows > 20_000
    assert outside(found, book.defects["scratch"], book.materials["brushed-aluminum"]) == []
    mura, panel = book.defects["mura"], book.materials["display-panel"]
    assert outside(found, mura, panel) == []
    assert len(outside(found, mura.model_copy(update={"name": "frayed-mura", "synonyms": ()}), panel)) == 1
