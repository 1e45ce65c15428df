"""The memory of good patches, and thresholds that defects set."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from defectgen.downstream.anomaly import best_threshold
from defectgen.downstream.patch_memory import PatchMemory, covering
from defectgen.downstream.pixel_score import macro_pixel_ap
from tests.downstream.small_pool import small_pool


def test_a_cover_leaves_no_one_far_off() -> None:
    points = torch.randn(400, 3, generator=torch.Generator().manual_seed(0))
    chosen = covering(points, 40, torch.Generator().manual_seed(1))
    assert len(chosen.unique()) == 40
    by_chance = points[torch.randperm(400, generator=torch.Generator().manual_seed(2))[:40]]
    reach, chance_reach = (torch.cdist(points, kept).min(1).values.max() for kept in (points[chosen], by_chance))
    assert reach < 0.7 * chance_reach


def test_two_clusters_are_both_remembered() -> None:
    points = torch.cat([torch.randn(200, 2), torch.randn(3, 2) + 50])
    chosen = covering(points, 4, torch.Generator().manual_seed(0))
    assert (chosen >= 200).any() and (chosen < 200).any()


def test_what_was_never_good_stands_out() -> None:
    memory = PatchMemory(small_pool(12, 0, seed=0, side=64).pixels, seed=0, device="cpu")
    test = small_pool(6, 5, seed=1, side=64)
    maps = memory.maps(test.pixels)
    assert maps.shape == (16, 64, 64) and maps.dtype == np.float32 and (maps >= 0).all()
    assert maps[test.defective].max(axis=(1, 2)).min() > 1.2 * maps[test.good].max()
    assert macro_pixel_ap(maps, test) > 0.3
    again = PatchMemory(small_pool(12, 0, seed=0, side=64).pixels, seed=0, device="cpu")
    assert (again.maps(test.pixels) == maps).all()


@pytest.mark.parametrize(("weights", "low", "high"), [([0.25, 0.25, 0.25, 0.25], 2, 5), ([0.5, 0.4, 0.05, 0.05], 0, 2)])
def test_the_threshold_between_good_and_defective(weights: list[float], low: float, high: float) -> None:
    good = np.array([0, 1.5, 2, 2] if weights[0] < 0.5 else [0, 2, 2, 2], np.float32)
    defective = np.array([5, 6, 7, 8] if weights[0] < 0.5 else [2, 2, 9, 9], np.float32)
    assert low < best_threshold(good, defective, np.array(weights)) <= high
