"""Placed defects lie on the part, apart from each other, as large, as many and as turned as asked."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest

from defectgen.errors import InputError
from defectgen.mask.draw import shape_extent
from defectgen.mask.params import KINDS
from defectgen.mask.placement import Instance, place_defects
from defectgen.recipe import Defect, Morphology, Placement, SurfaceChange

HW = (200, 240)
FULL = np.ones(HW, bool)


def defect(kind: str, **placement: Any) -> Defect:
    return Defect(
        name=kind, family=kind, description=kind, morphology=Morphology(kind=kind),  # type: ignore[arg-type]
        change=SurfaceChange(), placement=Placement(**placement), size=(0.05, 0.4),
    )  # fmt: skip


def place(
    kind: str = "blob", seed: int = 0, part: np.ndarray = FULL, grain: Any = None, **options: Any
) -> list[Instance]:
    placement = options.pop("placement", {})
    asked = {"count": (1, 3), "size": (0.1, 0.3), "severity": (0.2, 0.9)} | options
    return place_defects(part.shape, part, grain, defect(kind, **placement), rng=np.random.default_rng(seed), **asked)


def disc() -> np.ndarray:
    out = np.zeros(HW, np.uint8)
    cv2.circle(out, (130, 100), 80, 1, -1)
    return out > 0


def covered(instances: list[Instance], hw: tuple[int, int] = HW) -> np.ndarray:
    """How many defects lie on each pixel."""
    out = np.zeros(hw, int)
    for one in instances:
        x0, y0, x1, y1 = one.box
        assert one.shape.alpha.shape == (y1 - y0, x1 - x0)
        out[y0:y1, x0:x1] += one.shape.alpha > 0.02
    return out


def centre(one: Instance) -> tuple[float, float]:
    ys, xs = np.nonzero(one.shape.alpha >= 0.5)
    return one.box[0] + float(xs.mean()), one.box[1] + float(ys.mean())


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("part", [FULL, disc()], ids=["full", "disc"])
def test_defects_lie_on_the_part_and_apart(kind: str, part: np.ndarray) -> None:
    for seed in range(5):
        found = place(kind, seed, part)
        assert 1 <= len(found) <= 3
        hits = covered(found)
        assert hits.max() == 1
        assert not hits[~part].any()
        for one in found:
            assert (one.shape.alpha >= 0.5).sum() >= 4
            assert 0.2 <= one.severity <= 0.9
            x0, y0, x1, y1 = one.box
            assert 0 <= x0 < x1 <= HW[1] and 0 <= y0 < y1 <= HW[0]


def test_the_region_of_interest_holds() -> None:
    roi = np.zeros(HW, bool)
    roi[40:90, 30:120] = True
    for seed in range(8):
        assert not covered(place("scratch", seed, roi=roi))[~roi].any()


def test_a_narrow_region_of_interest_still_takes_a_small_defect() -> None:
    roi = np.zeros(HW, bool)
    roi[100:114, 20:220] = True
    assert not covered(place("pit", 1, roi=roi, count=(1, 1)))[~roi].any()


def test_a_box_is_filled_and_not_left() -> None:
    inside = np.zeros(HW, bool)
    inside[50:120, 60:160] = True
    for seed in range(6):
        found = place("crack", seed, box=(60, 50, 160, 120), count=(1, 1))
        assert not covered(found)[~inside].any()
        assert shape_extent(found[0].shape.alpha >= 0.5) > 40


def test_lengths_stay_in_range() -> None:
    for seed in range(12):
        for one in place("blob", seed, size=(0.1, 0.25)):
            assert 0.85 * 20 <= shape_extent(one.shape.alpha >= 0.5) <= 1.15 * 50


def test_lengths_are_log_uniform() -> None:
    found = [place("bulge", seed, size=(0.06, 0.54), count=(1, 1))[0] for seed in range(80)]
    lengths = np.array([shape_extent(one.shape.alpha >= 0.5) for one in found])
    assert 0.3 < (lengths < 36).mean() < 0.7  # 36 px is the geometric middle


@pytest.mark.parametrize(("mode", "turned"), [("along", 0.0), ("across", np.pi / 2)])
def test_scratches_follow_the_grain(mode: str, turned: float) -> None:
    y, x = np.mgrid[: HW[0], : HW[1]]
    grey = np.sin(2 * np.pi * (x * np.sin(0.5) + y * np.cos(0.5)) / 8)
    for seed in range(6):
        for one in place("scratch", seed, grain=grey, placement={"grain": mode}):
            assert abs(np.sin(one.angle - 0.5 - turned)) < 0.35


def test_orientation_overrules_the_grain() -> None:
    for one in place("scratch", 3, grain=lambda box: (0.0, 1.0), placement={"grain": "along"}, orientation=1.0):
        assert abs(one.angle - 1.0) < 0.3


@pytest.mark.parametrize(
    ("region", "test"),
    [("top", lambda x, y: y < 0.5), ("bottom-right", lambda x, y: x > 0.5 and y > 0.5),
     ("left", lambda x, y: x < 0.5), ("centre", lambda x, y: abs(x - 0.5) < 0.3 and abs(y - 0.5) < 0.3),
     ("corner", lambda x, y: abs(x - 0.5) > 0.25 and abs(y - 0.5) > 0.25),
     ("edge", lambda x, y: max(abs(x - 0.5), abs(y - 0.5)) > 0.3)],
)  # fmt: skip
def test_regions(region: str, test: Any) -> None:
    for seed in range(8):
        x, y = centre(place("blob", seed, region=region, count=(1, 1), size=(0.08, 0.15))[0])
        assert test(x / HW[1], y / HW[0]), (x, y)


def test_chips_bite_into_the_outline() -> None:
    part = disc()
    rim = part & ~cv2.erode(part.astype(np.uint8), np.ones((5, 5))).astype(bool)
    for seed in range(8):
        for one in place("chip", seed, part):
            assert covered([one])[rim].any()


def test_the_same_seed_gives_the_same_defects() -> None:
    a, b = place("stain", 4), place("stain", 4)
    assert [i.box for i in a] == [i.box for i in b]
    assert all(np.array_equal(p.shape.alpha, q.shape.alpha) for p, q in zip(a, b, strict=True))


def test_places_vary() -> None:
    spots = np.array([centre(place("pit", s, count=(1, 1), size=(0.06, 0.1))[0]) for s in range(40)])
    assert (spots.std(axis=0) > np.array(HW[::-1]) * 0.2).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"size": (1.6, 1.8), "count": (1, 1)}, "fit on the part"),
        ({"size": (0.4, 0.5), "count": (30, 30)}, "at least 30"),
        ({"region": "attic"}, "unknown word 'attic'"),
        ({"box": (10, 10, 400, 50)}, "does not lie in the picture"),
        ({"roi": np.zeros(HW, bool)}, "does not touch the part"),
        ({"roi": np.ones((5, 5), bool)}, "same size"),
        ({"part": np.zeros(HW, bool)}, "foreground is empty"),
        ({"count": (0, 2)}, "count must be"),
        ({"severity": (0.5, 1.5)}, "severity must be"),
        ({"size": (0.0, 0.5)}, "size must be"),
    ],
)
def test_what_cannot_be_is_one_clear_line(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        place("blob", **options)
    assert "\n" not in str(caught.value)
