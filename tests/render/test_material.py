from pathlib import Path

import numpy as np
import pytest

from defectgen.errors import InputError, RecipeError
from defectgen.recipe import Look, Material
from defectgen.render.library import LOTS, load_materials, lots
from defectgen.render.material import build_surface
from defectgen.render.part import render_part
from defectgen.resources import resource_dir

MATERIALS = load_materials(resource_dir("recipes") / "materials")
HW = (96, 128)


@pytest.mark.parametrize("material", MATERIALS, ids=lambda m: m.name)
def test_each_material_builds_valid_maps_that_depend_on_the_seed_alone(material: Material) -> None:
    one, same, other = (build_surface(material, HW, np.random.default_rng(seed)) for seed in (5, 5, 6))
    for name, shape in (("height", HW), ("albedo", (*HW, 3)), ("roughness", HW), ("metalness", HW), ("grain", HW)):
        values = getattr(one, name)
        assert values.shape == shape and values.dtype == np.float32 and np.isfinite(values).all(), name
        assert np.array_equal(values, getattr(same, name)), name
    assert one.albedo.min() >= 0 and one.albedo.max() <= 1
    assert one.roughness.min() >= 0.02 and one.roughness.max() <= 1
    assert not np.array_equal(one.albedo, other.albedo)
    assert one.foreground.dtype == np.bool_ and one.foreground.mean() > 0.3


@pytest.mark.parametrize("material", MATERIALS, ids=lambda m: m.name)
def test_each_picture_has_tone_and_texture_and_is_not_clipped(material: Material) -> None:
    picture = render_part(material, (96, 96), np.random.default_rng(1))[0]
    assert 25 < picture.mean() < 235
    assert picture.std() > 1.5
    assert (picture >= 254).mean() < 0.15 and (picture <= 1).mean() < 0.3


def test_at_least_four_materials_show_whole_parts_on_a_bench() -> None:
    cut = set()
    for material in MATERIALS:
        for seed in range(12 if "outline" in material.look.params else 0):
            if not build_surface(material, (48, 48), np.random.default_rng(seed)).foreground.all():
                cut.add(material.name)
    assert len(cut) >= 4


def test_grain_of_brushed_metal_follows_the_picture() -> None:
    material = next(m for m in MATERIALS if m.name == "brushed-aluminum")
    surface = build_surface(material, (128, 128), np.random.default_rng(1))
    gy, gx = np.gradient(surface.height)
    # lines change across the grain: the main direction of slope is at a right angle to it
    double = 0.5 * np.arctan2(2 * (gx * -gy).mean(), (gx * gx).mean() - (gy * gy).mean())
    across = double - float(surface.grain.mean())
    assert abs(np.cos(across)) < 0.15


def test_an_unknown_builder_or_parameter_is_refused_by_name() -> None:
    rng = np.random.default_rng(0)
    with pytest.raises(RecipeError, match=r"look\.surface is 'brused'"):
        build_surface(Material(name="x", description="x", look=Look(surface="brused")), HW, rng)
    with pytest.raises(RecipeError, match=r"look\.params\.dept"):
        build_surface(Material(name="x", description="x", look=Look(surface="brushed", params={"dept": 1})), HW, rng)
    with pytest.raises(RecipeError, match=r"look\.params\.outline\.kind"):
        look = Look(surface="brushed", params={"outline": {"kind": "star"}})
        build_surface(Material(name="x", description="x", look=look), HW, rng)


def test_names_and_synonyms_are_told_apart() -> None:
    words = [word for m in MATERIALS for word in (m.name, *m.synonyms)]
    assert len(words) == len(set(words))


def test_lots_have_their_own_seeds_and_a_folder_without_recipes_is_refused(tmp_path: Path) -> None:
    drawn = list(lots(MATERIALS))
    assert len(drawn) == LOTS * len(MATERIALS) == len({lot.seed for lot in drawn})
    with pytest.raises(InputError, match=r"holds no \*\.yaml"):
        load_materials(tmp_path)
