"""A defect changes its surface under the shape alone, and every recipe is visible."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest

from defectgen.book import load_book
from defectgen.errors import InputError
from defectgen.mask.draw import draw_shape
from defectgen.mask.params import shape_params
from defectgen.mask.shape import Shape
from defectgen.mask.transform import paste_shape
from defectgen.recipe import Defect, SurfaceChange
from defectgen.render.camera import Camera
from defectgen.render.defect import apply_defect, relit, render_pair
from defectgen.render.shade import Light
from defectgen.render.surface import Surface

SIDE = 96
DEFECTS = list(load_book().defects.values())
FAMILIES = {
    "crack", "scratch", "dent", "pit", "inclusion", "stain", "corrosion", "burn", "chip", "bulge", "fold", "peel",
    "contamination", "hole", "weave",
}  # fmt: skip


def plate(grey: float = 0.35, metal: float = 0.0) -> Surface:
    full = np.ones((SIDE, SIDE), np.float32)
    noise = np.random.default_rng(7).standard_normal((SIDE, SIDE)).astype(np.float32)
    return Surface(
        0.05 * noise, grey * np.ones((SIDE, SIDE, 3), np.float32), 0.45 * full, metal * full, 0.3 * full, 0.0 * full,
        full > 0,
    )  # fmt: skip


def shape_of(defect: Defect, seed: int = 0) -> Shape:
    rng = np.random.default_rng(seed)
    return paste_shape(draw_shape(defect.morphology, 0.5 * SIDE, 0.6, rng), (SIDE, SIDE), (SIDE / 2, SIDE / 2))


def disc(radius: float = 14.0) -> Shape:
    y, x = np.mgrid[0:SIDE, 0:SIDE].astype(np.float32) - SIDE / 2
    away = np.hypot(x, y)
    alpha = np.clip(radius + 0.5 - away, 0, 1).astype(np.float32)
    profile = np.clip(1 - away / radius, 0, 1).astype(np.float32)
    return Shape(alpha, profile, np.zeros_like(alpha), np.full_like(alpha, radius) * (alpha > 0))


def test_recipes_cover_the_families_with_unique_names() -> None:
    assert {defect.family for defect in DEFECTS} >= FAMILIES
    assert len({defect.name for defect in DEFECTS}) == len(DEFECTS) >= 40


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: defect.name)
def test_recipe_leaves_the_surround_alone_and_shows(defect: Defect) -> None:
    shape_params(defect.morphology.kind, defect.morphology.params)
    assert 0 < defect.size[0] < defect.size[1] <= 1
    surface, shape = plate(), shape_of(defect)
    changed = apply_defect(surface, shape, defect.change, 0.5, np.random.default_rng(1))
    outside = shape.alpha == 0
    for field in fields(Surface):
        before, after = getattr(surface, field.name), getattr(changed, field.name)
        assert before.dtype == after.dtype
        np.testing.assert_array_equal(before[outside], after[outside], err_msg=field.name)
        assert np.isfinite(after).all()
    assert changed.albedo.min() >= 0
    assert changed.albedo.max() <= 1
    good, bad = render_pair(surface, shape, defect.change, 0.5, Light(), Camera(), np.random.default_rng(1))
    change = np.abs(good.astype(int) - bad).max(axis=2)
    assert change[shape.alpha >= 0.5].mean() >= 6


def test_beyond_shadow_and_blur_the_pair_is_equal() -> None:
    change = SurfaceChange(depth=(0.2, 0.8), section="bowl")
    good, bad = render_pair(plate(), disc(), change, 1.0, Light(elevation=0.5), Camera(), np.random.default_rng(0))
    y, x = np.mgrid[0:SIDE, 0:SIDE] - SIDE / 2
    np.testing.assert_array_equal(good[np.hypot(x, y) > 26], bad[np.hypot(x, y) > 26])


@pytest.mark.parametrize(("top", "beside"), [(4.0, 0.2), (0.0, 1.0)])
def test_beside_a_defect_only_what_stands_up_darkens(top: float, beside: float) -> None:
    shape, good = disc(), np.ones((SIDE, SIDE, 3), np.float32)
    lit = relit(good, 0.2 * good, shape, np.full((SIDE, SIDE), top, np.float32))
    edge = SIDE // 2 + 16
    assert (lit[SIDE // 2, edge] < 1).all() == (beside < 1)
    np.testing.assert_array_equal(relit(good, 3.0 * good, shape, shape.alpha)[SIDE // 2, edge], 1.0)
    np.testing.assert_allclose(lit[SIDE // 2, SIDE // 2], 0.2, rtol=1e-6)


def test_same_generator_same_picture_other_generator_other_picture() -> None:
    defect = next(d for d in DEFECTS if d.name == "rust-patch")
    pictures = [
        render_pair(plate(), shape_of(defect), defect.change, 0.7, Light(), Camera(), np.random.default_rng(seed))[1]
        for seed in (3, 3, 4)
    ]
    np.testing.assert_array_equal(pictures[0], pictures[1])
    assert (pictures[0] != pictures[2]).any()


def test_change_grows_with_severity() -> None:
    change = SurfaceChange(tint=(0.02, 0.01, 0.01), opacity=(0.1, 0.9), depth=(-0.1, -0.5))
    shape, sums = disc(), []
    for severity in (0.0, 0.5, 1.0):
        changed = apply_defect(plate(), shape, change, severity, np.random.default_rng(0))
        sums.append(
            float(np.abs(changed.albedo - plate().albedo).sum() + np.abs(changed.height - plate().height).sum())
        )
    assert sums[0] < sums[1] < sums[2]


@pytest.mark.parametrize(("sign", "brighter"), [(1.0, "near"), (-1.0, "far")])
def test_dome_is_bright_towards_the_lamp_and_dent_away_from_it(sign: float, brighter: str) -> None:
    change = SurfaceChange(depth=(sign * 0.5, sign * 0.5))
    # The lamp stands on the right: azimuth 0 is along +x.
    light = Light(azimuth=0.0, elevation=0.8)
    good, bad = render_pair(plate(), disc(), change, 1.0, light, Camera(), np.random.default_rng(0))
    difference = bad.astype(float).mean(axis=2) - good.astype(float).mean(axis=2)
    middle = slice(SIDE // 2 - 4, SIDE // 2 + 4)
    right, left = (
        difference[middle, SIDE // 2 + 4 : SIDE // 2 + 11].mean(),
        difference[middle, SIDE // 2 - 11 : SIDE // 2 - 4].mean(),
    )
    assert (right > left) == (brighter == "near")


def test_groove_turns_the_grain_along_itself() -> None:
    shape = disc()
    turned = Shape(shape.alpha, shape.profile, np.full_like(shape.alpha, 1.1), shape.half_width)
    changed = apply_defect(plate(), turned, SurfaceChange(along=1.0), 1.0, np.random.default_rng(0))
    assert changed.grain[SIDE // 2, SIDE // 2] == pytest.approx(1.1)
    assert changed.anisotropy[SIDE // 2, SIDE // 2] > plate().anisotropy[0, 0]


def test_void_is_black_even_on_metal() -> None:
    change = SurfaceChange(void=(1.0, 1.0), depth=(-1.0, -1.0), section="bowl")
    _, bad = render_pair(plate(0.9, 1.0), disc(), change, 1.0, Light(), Camera(), np.random.default_rng(0))
    assert bad[SIDE // 2 - 3 : SIDE // 2 + 3, SIDE // 2 - 3 : SIDE // 2 + 3].mean() < 45


def test_shape_of_another_size_is_refused() -> None:
    small = Shape(*(np.zeros((8, 8), np.float32) for _ in range(4)))
    with pytest.raises(InputError, match="paste the shape first"):
        apply_defect(plate(), small, SurfaceChange(), 0.5, np.random.default_rng(0))
