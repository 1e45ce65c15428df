"""Defects lie on what the picture shows: tracks, gaps, print, borders, joints and round parts."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest

from defectgen.mask.bodies import find_bodies
from defectgen.mask.draw import shape_extent
from defectgen.mask.placement import Instance, place_defects
from defectgen.mask.ring import find_rounds
from defectgen.recipe import Defect, Morphology, Placement, SurfaceChange

HW = (240, 300)
FULL = np.ones(HW, bool)


def noise(seed: int = 0, sigma: float = 2.0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, sigma, HW).astype(np.float32)


def board() -> np.ndarray:
    """Light tracks, 6 px wide and 20 px apart, on a dark ground."""
    grey = np.full(HW, 60, np.float32)
    for y in range(30, 220, 20):
        grey[y : y + 6, 20:280] = 120
    return grey + noise()


def wall() -> np.ndarray:
    """Dark bricks of 60 by 30 px in light mortar, in running bond."""
    grey = np.full(HW, 70, np.float32)
    grey[10::30] = grey[11::30] = grey[12::30] = 160
    for row, y in enumerate(range(10, 240, 30)):
        for x in range(20 + 30 * (row % 2), 300, 60):
            grey[y : y + 30, x : x + 3] = 160
    return grey + noise(1, 4)


def bead() -> np.ndarray:
    """A pale rough bead between two smooth darker plates, its toes at y = 80 and 160."""
    grey = np.full(HW, 90, np.float32) + noise(2, 1)
    grey[80:160] = 140 + 3 * noise(3)[80:160]
    return grey


def ring(inner: int = 40, outer: int = 100) -> np.ndarray:
    out = np.zeros(HW, np.uint8)
    cv2.circle(out, (150, 120), outer, 1, -1)
    cv2.circle(out, (150, 120), inner, 0, -1)
    return out > 0


def place(
    follow: str, grey: np.ndarray | None, kind: str = "blob", seed: int = 0, part: np.ndarray = FULL,
    params: dict[str, Any] | None = None, region: str = "anywhere", **options: Any,
) -> list[Instance]:  # fmt: skip
    defect = Defect(
        name="x", family="x", description="x", morphology=Morphology(kind=kind, params=params or {}),  # type: ignore[arg-type]
        change=SurfaceChange(), placement=Placement(follow=follow, region=region), size=(0.1, 0.3),  # type: ignore[arg-type]
    )  # fmt: skip
    asked: dict[str, Any] = {"count": (1, 1), "size": (0.1, 0.3), "severity": (0.2, 0.9)} | options
    return place_defects(part.shape, part, grey, defect, rng=np.random.default_rng(seed), **asked)


def mask_of(instances: list[Instance]) -> np.ndarray:
    out = np.zeros(HW, bool)
    for one in instances:
        x0, y0, x1, y1 = one.box
        out[y0:y1, x0:x1] |= one.shape.alpha >= 0.5
    return out


def test_a_bridge_touches_two_tracks() -> None:
    bodies = find_bodies(board(), FULL)
    assert bodies is not None
    for seed in range(6):
        touched = np.unique(bodies.labels[mask_of(place("gap", board(), "bridge", seed))])
        assert (touched > 0).sum() == 2


def test_a_break_takes_one_track_over_its_whole_width() -> None:
    bodies = find_bodies(board(), FULL)
    assert bodies is not None
    for seed in range(6):
        params = {"aspect": (0.6, 0.9), "roughness": (0.1, 0.2), "lobes": (1, 1)}
        mask = mask_of(place("track", board(), seed=seed, size=(0.06, 0.12), params=params))
        touched = np.unique(bodies.labels[mask])
        assert (touched > 0).sum() == 1
        assert mask.any(axis=1).sum() in range(5, 12)
        # What is left of the track falls apart.
        left = (bodies.labels == touched.max()) & ~cv2.dilate(mask.astype(np.uint8), np.ones((3, 3))).astype(bool)
        stats = cv2.connectedComponentsWithStats(left.astype(np.uint8))[2]
        assert (stats[1:, cv2.CC_STAT_AREA] > 20).sum() == 2


def test_a_fringe_lies_beside_the_print_all_on_one_side() -> None:
    bodies = find_bodies(board(), FULL)
    assert bodies is not None
    mask = mask_of(place("fringe", board(), seed=4, params={"aspect": (0.8, 1.0)}, size=(0.4, 0.6)))
    assert mask.sum() > 20
    assert not (mask & bodies.mask).any()
    near = cv2.dilate(bodies.mask.astype(np.uint8), np.ones((13, 13))) > 0
    assert near[mask].all()


@pytest.mark.parametrize("kind", ["scratch", "stain", "fold"])
def test_a_seam_runs_along_the_toe(kind: str) -> None:
    params = {"aspect": (0.05, 0.1)} if kind == "stain" else {"count": (1, 1)}
    for seed in range(3):
        mask = mask_of(place("edge", bead(), kind, seed, params=params, size=(0.4, 0.8)))
        rows = np.nonzero(mask)[0]
        assert min(abs(np.median(rows) - 80), abs(np.median(rows) - 160)) < 6


def test_a_crack_follows_the_joints() -> None:
    mortar = cv2.dilate((wall() > 115).astype(np.uint8), np.ones((7, 7))) > 0
    for seed in range(3):
        found = place("joint", wall(), "crack", seed, size=(0.4, 0.7),
                      params={"style": "single", "tortuosity": (0.1, 0.2), "branching": (0, 0)})  # fmt: skip
        mask = mask_of(found)
        assert mortar[mask].mean() > 0.9
        assert 0.8 * 0.4 * 240 <= shape_extent(mask) <= 1.2 * 0.7 * 240


def test_a_ring_stays_within_the_ring_and_closes() -> None:
    part = ring()
    y, x = np.mgrid[: HW[0], : HW[1]]
    mask = mask_of(place("ring", None, "bridge", 1, part, {"aspect": (0.03, 0.05)}, size=(0.95, 1.0)))
    away = np.hypot(x - 150, y - 120)[mask]
    assert away.min() > 40 and away.max() <= 101
    assert away.std() < 10
    # Closed: the ground falls into what is within and what is without.
    assert cv2.connectedComponents((~mask).astype(np.uint8), connectivity=4)[0] == 3


def test_an_arc_is_as_far_from_the_middle_everywhere() -> None:
    y, x = np.mgrid[: HW[0], : HW[1]]
    for seed in range(4):
        mask = mask_of(place("ring", None, "bridge", seed, ring(), {"aspect": (0.05, 0.1)}, size=(0.3, 0.5)))
        assert np.hypot(x - 150, y - 120)[mask].std() < 6
        assert shape_extent(mask) <= 1.2 * 0.5 * 200


def test_a_round_part_is_found_though_the_frame_cuts_it() -> None:
    (found,) = find_rounds(ring(60, 170))
    assert found.inner == pytest.approx(60, abs=2)
    assert found.outer == pytest.approx(170, abs=4)
    assert find_rounds(FULL) == []


@pytest.mark.parametrize(
    ("follow", "kind", "make"),
    [("gap", "bridge", board), ("track", "blob", board), ("edge", "scratch", bead), ("joint", "crack", wall)],
)
def test_a_seed_repeats_to_the_byte(follow: str, kind: str, make: Any) -> None:
    first, again = (place(follow, make(), kind, 5, size=(0.06, 0.4)) for _ in range(2))
    assert [one.box for one in first] == [one.box for one in again]
    assert all(np.array_equal(a.shape.alpha, b.shape.alpha) for a, b in zip(first, again, strict=True))


@pytest.mark.parametrize("follow", ["gap", "track", "fringe", "edge", "joint"])
def test_a_picture_that_shows_nothing_leaves_the_other_keys_in_charge(follow: str) -> None:
    even = np.full(HW, 90, np.float32)
    assert len(place(follow, even, seed=2)) == 1
    assert np.array_equal(mask_of(place(follow, None, seed=2)), mask_of(place("none", None, seed=2)))


def test_an_orientation_overrules_what_is_followed() -> None:
    for one in place("edge", bead(), "scratch", 3, orientation=1.0):
        assert abs(one.angle - 1.0) < 0.3


def test_a_box_and_a_region_of_interest_hold() -> None:
    inside = np.zeros(HW, bool)
    inside[40:140, 60:200] = True
    for seed in range(4):
        assert not mask_of(place("gap", board(), "bridge", seed, roi=inside))[~inside].any()
