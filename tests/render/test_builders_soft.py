"""Builders of soft goods, boards, food and print: what their pictures rest on."""

import numpy as np
import pytest

from defectgen.render.builders.pieces import Heap, lattice
from defectgen.render.builders.registry import BUILDERS
from defectgen.render.builders.timber import Planks, planks

WHOLE = ("tablets", "capsules", "biscuit", "bottle", "dish", "lens", "toroid")


@pytest.mark.parametrize("name", WHOLE)
def test_only_the_parts_are_foreground_and_they_stand_above_the_bench(name: str) -> None:
    params, build = BUILDERS[name]
    surface = build(params(), (512, 512), np.random.default_rng(3))
    on = surface.foreground
    assert 0.25 < on.mean() < 0.95
    assert surface.height[on].mean() > surface.height[~on].mean()


def test_the_higher_piece_lies_in_front() -> None:
    heap = Heap.empty((20, 20))
    for k, level in ((0, 5.0), (1, 2.0)):
        heap.lay(k, (10, 10), 0.0, 6, lambda u, v, z=level: np.where(np.hypot(u, v) < 5, np.float32(z), np.float32(-1)))
    assert heap.index[10, 10] == 0 and heap.height[10, 10] == 5
    assert heap.index[0, 0] == -1


def test_places_of_a_lattice_keep_their_distance() -> None:
    places = np.array(lattice((200, 200), np.random.default_rng(1), 50, 43.3, 0.0, 0.7))
    apart = np.hypot(*(places[:, None] - places[None]).transpose(2, 0, 1))
    assert apart[apart > 0].min() == pytest.approx(50, abs=0.1)


def test_planks_without_a_gap_have_no_groove() -> None:
    deep, flat = (planks(Planks(gap=gap), (256, 256), np.random.default_rng(2)).height for gap in (6.0, 0.0))
    assert deep.min() < flat.min() - 3
