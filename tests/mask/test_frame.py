"""What the frame of one picture cut off, the frame of the next cuts off on the same sides."""

from __future__ import annotations

import numpy as np
import pytest

from defectgen.mask.bank import MaskBank, Piece
from defectgen.mask.frame import NOWHERE, Sides, frame_box, frame_sides, reach_of, reaches
from defectgen.mask.placement import place_defects
from defectgen.recipe import Defect, Morphology, SurfaceChange

HW = (90, 120)
LEFT, TOP, ACROSS = (True, False, False, False), (False, True, False, False), (True, False, True, False)


def blob(region: str = "anywhere") -> Defect:
    return Defect(
        name="spot", family="spot", description="A spot.", morphology=Morphology(kind="blob"), change=SurfaceChange(),
        size=(0.1, 0.2), placement={"region": region, "count": (1, 1)},  # type: ignore[arg-type]
    )  # fmt: skip


def bank(sides: Sides, length: float) -> MaskBank:
    mask = np.ones((12, 40), np.bool_)
    return MaskBank((Piece(mask, length, 0.0, (0.5, 0.5), "a", sides),), (1,))


def placed(sides: Sides, seed: int, part: np.ndarray | None = None, **options: object) -> np.ndarray:
    """(H, W) bool of one defect from the bank."""
    part = np.ones(HW, np.bool_) if part is None else part
    source = bank(sides, 1.2 if sides == ACROSS else 0.3)
    found = place_defects(
        HW, part, None, blob(), count=(1, 1), size=(0.1, 0.2), severity=(0.5, 0.5), source=source,
        rng=np.random.default_rng(seed), **options,  # type: ignore[arg-type]
    )  # fmt: skip
    whole = np.zeros(HW, np.bool_)
    x0, y0, x1, y1 = found[0].box
    whole[y0:y1, x0:x1] = found[0].shape.alpha >= 0.5
    return whole


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("sides", [LEFT, TOP, ACROSS])
def test_the_same_sides_cut_it_off_again(sides: Sides, seed: int) -> None:
    assert frame_sides(placed(sides, seed)) == sides


@pytest.mark.parametrize("seed", range(8))
def test_what_lay_inside_stays_inside(seed: int) -> None:
    assert frame_sides(placed(NOWHERE, seed)) == NOWHERE


def test_a_part_that_ends_before_the_frame_is_not_left() -> None:
    part = np.zeros(HW, np.bool_)
    part[15:-15, 15:-15] = True
    assert not reaches(part, LEFT) and reaches(np.ones(HW, np.bool_), ACROSS)
    for seed in range(8):
        mask = placed(LEFT, seed, part)
        assert part[mask].all()


def test_a_region_that_was_asked_for_comes_first() -> None:
    assert all(frame_sides(placed(LEFT, seed, region="centre")) == NOWHERE for seed in range(5))


def test_spans_are_as_long_as_the_picture() -> None:
    assert reach_of((10, 60), HW, ACROSS) == pytest.approx(2.1)
    assert reach_of((10, 60), HW, LEFT) == reach_of((10, 300), HW, ACROSS) == 1
    for seed in range(10):
        x0, y0, x1, y1 = frame_box((10, 130), HW, ACROSS, (0.5, 0.25), np.random.default_rng(seed))
        assert x0 <= 0 and x1 >= HW[1] and (y0, y1) == (18, 28)
