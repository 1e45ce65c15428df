"""The label is what can be seen: blanks, shifts and strays never ship as they are."""

from __future__ import annotations

import numpy as np
import pytest

from defectgen.band import grow
from defectgen.image import to_rgb
from defectgen.label_audit import deliver, iou, recover, settle, visible_level
from defectgen.noise import NOISE_FLOOR, noise_sigma

SIGMA = 1.0


def flat(level: int = 120, noise: float = 1.0) -> np.ndarray:
    rng = np.random.default_rng(0)
    return np.clip(level + rng.normal(0, noise, (80, 80, 1)), 0, 255).round().astype(np.uint8)


def disk(y: int = 40, x: int = 40, radius: float = 10) -> np.ndarray:
    rows, columns = np.mgrid[:80, :80]
    return np.hypot(rows - y, columns - x) <= radius


def changed(good: np.ndarray, mask: np.ndarray, by: int) -> np.ndarray:
    return np.where(mask[..., None], good - np.uint8(by), good)


def test_a_plain_defect_ships_with_its_mask() -> None:
    good = flat()
    done = settle(good, changed(good, disk(), 30), disk(), 2, SIGMA)
    assert done.audit.reason is None
    assert np.array_equal(done.delivered, disk())
    assert done.audit.prescribed_iou == done.audit.changed_iou == 1
    assert done.audit.in_mask_delta == pytest.approx(30)
    assert done.audit.outside_changed_px == 0


@pytest.mark.parametrize("by", [0, 1, 2])
def test_blanks_are_invisible(by: int) -> None:
    good = flat()
    assert settle(good, changed(good, disk(), by), disk(), 2, SIGMA).audit.reason == "invisible"


def test_what_noise_hides_is_invisible() -> None:
    good = flat(noise=6)
    sigma = noise_sigma(to_rgb(good))
    out = changed(good, disk(), 7)
    assert settle(good, out, disk(), 2, sigma).audit.reason == "invisible"
    assert settle(good, out, disk(), 2, SIGMA).audit.reason is None


def test_a_shifted_defect_is_a_mismatch() -> None:
    good = flat()
    assert settle(good, changed(good, disk(40, 47), 30), disk(), 2, SIGMA).audit.reason == "mask mismatch"


def test_half_a_defect_is_a_mismatch() -> None:
    good, half = flat(), disk().copy()
    half[:, 38:] = False
    assert settle(good, changed(good, half, 30), disk(), 2, SIGMA).audit.reason == "mask mismatch"


def test_a_defect_off_the_part_is_refused() -> None:
    good, part = flat(), np.zeros((80, 80), np.bool_)
    part[:, :42] = True
    done = settle(good, changed(good, disk(), 30), disk(), 2, SIGMA, foreground=part)
    assert done.audit.reason == "off the part"


def test_strays_are_undone() -> None:
    good = flat()
    stray = disk(10, 10, 3)
    done = settle(good, changed(good, disk() | stray, 30), disk(), 2, SIGMA)
    assert np.array_equal(done.pixels[stray], good[stray])
    assert not done.delivered[stray].any()
    assert done.audit.changed_iou == 1


def test_faint_residue_far_from_the_label_is_undone() -> None:
    """The prescribed mask is large, only its left half came out: the rest must not hide a change without a label."""
    good = flat()
    left = disk(40, 40, 20).copy()
    left[:, 48:] = False
    out = changed(good, disk(40, 40, 20), 1)
    out = np.where(left[..., None], good - np.uint8(40), out)
    done = settle(good, out, disk(40, 40, 20), 2, SIGMA)
    beyond = ~grow(done.delivered, 2)
    assert np.array_equal(done.pixels[beyond], good[beyond])
    assert done.audit.outside_changed_px == 0


def test_pinholes_close_and_real_holes_stay() -> None:
    ring = disk(40, 40, 20) & ~disk(40, 40, 12)
    assert np.array_equal(deliver(ring, disk(40, 40, 20)), ring)
    pierced = disk().copy()
    pierced[40, 40] = False
    assert np.array_equal(deliver(pierced, disk()), disk())


def test_recovered_needs_a_strong_core() -> None:
    good = flat()
    assert not recover(good, changed(good, disk(), 3), SIGMA).any()
    core = changed(changed(good, disk(), 3), disk(40, 40, 3), 10)
    assert np.array_equal(recover(good, core, SIGMA), disk())


@pytest.mark.parametrize("sigma", [0.5, 1, 2, 4, 8, 20])
def test_visible_level_rises_with_noise_within_bounds(sigma: float) -> None:
    assert 2 <= visible_level(sigma) <= 8
    assert visible_level(sigma) <= visible_level(sigma + 1)


@pytest.mark.parametrize("noise", [0.0, 2.0, 5.0])
def test_noise_estimate(noise: float) -> None:
    assert noise_sigma(to_rgb(flat(noise=noise))) == pytest.approx(max(noise, NOISE_FLOOR), rel=0.15)


def test_iou() -> None:
    assert iou(disk(), disk()) == 1
    assert iou(disk(), disk(10, 10, 3)) == 0
    assert iou(np.zeros((3, 3), bool), np.zeros((3, 3), bool)) == 1
