"""What a new word looks like: a mere change of brightness where the shots show no more, else what its parent does."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from defectgen.book import RecipeBook, load_book
from defectgen.recipe import SurfaceChange
from defectgen.train.new_word import learn_words, size_of
from defectgen.train.real import RealPicture
from defectgen.train.shots import Shot


def shot(level: float, side: int, number: int) -> Shot:
    """A noisy plate with a square of another brightness on it."""
    pixels = np.random.default_rng(number).normal(120, 4, (96, 96, 3))
    mask = np.zeros((96, 96), np.bool_)
    mask[20 : 20 + side, 10 : 10 + side] = True
    pixels[mask] *= level
    rgb = np.clip(pixels, 0, 255).astype(np.uint8)
    picture = RealPicture("set", f"g{number}", Path(f"{number}.png"), "plate", rgb, (("wobbleness", mask),))
    return Shot(picture, None, "")


def learned(path: Path, level: float, side: int) -> RecipeBook:
    assert learn_words([shot(level, side, n) for n in range(3)], load_book(), path, 0) == ("wobbleness",)
    return load_book([path])


@pytest.mark.parametrize("level", [1.12, pytest.param(0.9, marks=pytest.mark.slow)])
def test_a_wide_area_a_little_brighter_or_darker_keeps_its_surface(level: float, tmp_path: Path) -> None:
    change = learned(tmp_path / "recipes.yaml", level, 60).defect("wobbleness").change
    low, high = change.albedo
    assert (low > 1.05 and high >= low) if level > 1 else (low < 0.95 and high <= low)
    assert change == SurfaceChange(albedo=change.albedo, mottle=change.mottle)


@pytest.mark.parametrize(("level", "side"), [(0.9, 8), pytest.param(0.3, 60, marks=pytest.mark.slow)])
def test_small_or_strong_ones_take_after_their_parent(level: float, side: int, tmp_path: Path) -> None:
    book = learned(tmp_path / "recipes.yaml", level, side)
    own = book.defect("wobbleness")
    assert own.change == book.defects[str(own.extends)].change


@pytest.mark.parametrize("low", [0.0, 0.004, 0.3, 0.98, 1.024, 2.5])
@pytest.mark.parametrize("more", [0.0, 0.1, 1.7])
def test_a_learned_size_is_one_that_a_recipe_may_have(low: float, more: float) -> None:
    least, most = size_of(low, low + more)
    assert 0 < least <= most <= 1
    if low >= 0.02 and 1.05 * low <= low + more <= 1:
        assert (least, most) == (pytest.approx(low, abs=1e-3), pytest.approx(low + more, abs=1e-3))
