from time import process_time

import numpy as np
import pytest

from defectgen.recipe import Look, Material
from defectgen.render.builders.cylinder import rods, rounded, script
from defectgen.render.builders.stage import swell, view
from defectgen.render.material import build_surface
from defectgen.render.part import render_part
from defectgen.render.texture import grid

WHOLE = ("pipe", "cable", "bolt", "can", "race", "rail", "pouch", "rope")
CLOSE = (
    "winding", "satin", "extruded", "foil", "melted", "die-cast", "display", "electrode", "mirror", "metallic",
    "rolled", "scaled",
)  # fmt: skip


def material(surface: str, **params: object) -> Material:
    return Material(name="x", description="x", look=Look(surface=surface, params=params))


def test_a_round_is_a_circle_and_its_arc_runs_half_way_round() -> None:
    v = np.linspace(-40, 40, 81, dtype=np.float32)
    arc, height = rounded(v, 40)
    assert np.allclose(height**2 + v**2, 1600, atol=0.1)
    assert np.isclose(arc[-1] - arc[0], np.pi * 40, rtol=1e-4)


def test_rods_lie_side_by_side_about_the_middle() -> None:
    v = np.array([-200, -75, 0, 75, 200], np.float32)
    index, local = rods(v, 3, 50)
    assert index.tolist() == [0, 0, 1, 2, 2]
    assert local.tolist() == [-150, -25, 0, 25, 150]


def test_swell_is_smooth_enough_for_a_mirror() -> None:
    waves = swell((128, 128), np.random.default_rng(0), 300)
    bend = np.abs(np.diff(waves, 2, axis=0))
    assert bend.max() < 0.01
    assert np.abs(np.diff(bend, axis=0)).max() < 0.001


def test_script_repeats_after_its_period() -> None:
    x, y = grid((30, 200))
    ink = script("AB", x, y - 20, 15, 100)
    assert ink.max() > 0.9
    assert np.allclose(ink[:, :100], ink[:, 100:])


def test_a_small_window_shows_enough_of_the_part() -> None:
    for seed in range(8):
        x, y = view((64, 64), np.random.default_rng(seed), lambda x, y: np.float32(150) - np.hypot(x, y))
        assert (np.hypot(x, y) < 150).mean() > 0.4


@pytest.mark.parametrize("surface", WHOLE)
def test_whole_parts_lie_on_a_bench_and_stand_above_it(surface: str) -> None:
    part = build_surface(material(surface), (512, 512), np.random.default_rng(4))
    assert 0.25 < part.foreground.mean() < 0.999
    assert part.height[part.foreground].mean() > part.height[~part.foreground].mean() + 4


@pytest.mark.parametrize("surface", CLOSE)
def test_close_ups_fill_the_frame(surface: str) -> None:
    assert build_surface(material(surface), (96, 128), np.random.default_rng(4)).foreground.all()


@pytest.mark.parametrize("surface", ["weld", "solder"])
def test_the_part_of_a_joint_is_the_joint_and_its_border(surface: str) -> None:
    for seed in range(4):
        part = build_surface(material(surface), (512, 512), np.random.default_rng(seed))
        metal = part.metalness > 0.6
        assert 0.2 < part.foreground.mean() < 0.98
        assert metal[part.foreground].mean() > 0.25


def test_teeth_of_a_gear_repeat_round_its_axis() -> None:
    look = {"pattern": "turned", "outline": {"kind": "gear", "bevel": 3}}
    part = build_surface(material("machined", **look), (512, 512), np.random.default_rng(2)).foreground
    y, x = np.nonzero(part)
    assert 0.4 < part.mean() < 0.75
    reach = np.hypot(x - x.mean(), y - y.mean()).max()
    turn = np.linspace(0, 2 * np.pi, 2000, endpoint=False)
    ring = 0.94 * reach
    cut = part[np.rint(y.mean() + ring * np.sin(turn)).astype(int), np.rint(x.mean() + ring * np.cos(turn)).astype(int)]
    assert 17 <= np.count_nonzero(cut & ~np.roll(cut, 1)) <= 37


@pytest.mark.parametrize("surface", [*WHOLE, *CLOSE, "wafer", "weld", "solder"])
def test_a_picture_of_512_takes_little_time(surface: str) -> None:
    start = process_time()
    render_part(material(surface), (512, 512), np.random.default_rng(0))
    assert process_time() - start < 6
