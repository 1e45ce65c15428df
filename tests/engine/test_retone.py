"""Retoning: the draft gets the reference's tone against its surroundings, under the mask alone."""

import numpy as np
import pytest

from defectgen.engine.retone import retoned, tone_of
from defectgen.model.reference import SIDE, Reference

MASK = np.zeros((SIDE, SIDE), np.float32)
MASK[40:80, 30:100] = 1


def reference(inside: tuple[int, int, int], around: int = 128, noise: int = 0) -> Reference:
    rgb = np.full((SIDE, SIDE, 3), around, np.int64)
    rgb[MASK > 0] = inside
    rgb[MASK > 0] += np.random.default_rng(0).integers(-noise, noise + 1, (int(MASK.sum()), 1))
    return Reference(np.clip(rgb, 0, 255).astype(np.uint8), MASK)


def drawn(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    good = np.full((SIDE, SIDE, 3), 0.5, np.float32)
    draft = good.copy()
    draft[MASK > 0] = 0.45 + 0.02 * rng.standard_normal((int(MASK.sum()), 1)).astype(np.float32)
    return good, draft


@pytest.mark.parametrize("inside", [(30, 30, 30), (220, 60, 40), (128, 128, 200)])
def test_the_shift_against_the_surroundings_is_the_references(inside: tuple[int, int, int]) -> None:
    good, draft = drawn()
    out = retoned(draft, good, MASK, tone_of(reference(inside)))
    shift = out[MASK > 0].mean(0) - good[MASK == 0].mean(0)
    assert shift == pytest.approx((np.array(inside) - 128) / 255, abs=0.02)
    assert np.array_equal(out[MASK == 0], draft[MASK == 0])


def test_the_contrast_is_the_references_within_bounds() -> None:
    good, draft = drawn()
    rough, smooth = (retoned(draft, good, MASK, tone_of(reference((90, 90, 90), noise=n))) for n in (20, 0))
    assert rough[MASK > 0].std() > 1.5 * smooth[MASK > 0].std() > 0


def test_severity_rises_with_the_difference() -> None:
    levels = [tone_of(reference((v, v, v))).severity for v in (120, 90, 20)]
    assert levels == sorted(levels) and levels[0] < levels[2]


def test_a_dark_surface_takes_a_smaller_shift() -> None:
    good, draft = drawn()
    tone = tone_of(reference((60, 60, 60)))
    bright = retoned(draft, good, MASK, tone)[MASK > 0].mean() - 0.5
    dark = retoned(draft * 0.5, good * 0.5, MASK, tone)[MASK > 0].mean() - 0.25
    assert bright < dark < 0
