"""Donor drafts: real changes in wanted masks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from defectgen.engine.donor import Donor, carried, donor_at, donor_of, read_donors, write_donors
from defectgen.errors import WeightsError

SIDE = 64


def picture(level: int = 120) -> np.ndarray:
    rng = np.random.default_rng(0)
    return np.clip(rng.normal(level, 4, (SIDE, SIDE, 1)), 0, 255).astype(np.uint8).repeat(3, 2)


def bar(y: int, x: int, h: int, w: int) -> np.ndarray:
    mask = np.zeros((SIDE, SIDE), np.bool_)
    mask[y : y + h, x : x + w] = True
    return mask


def donor(change: int, mask: np.ndarray | None = None, level: int = 120) -> Donor:
    mask = bar(30, 20, 6, 24) if mask is None else mask
    good = picture(level)
    rgb = good.copy()
    rgb[mask] = np.clip(rgb[mask].astype(int) + change, 0, 255)
    return donor_of(rgb, good, mask)


def wanted(mask: np.ndarray, one: Donor, seed: int = 0, level: int = 120) -> np.ndarray:
    good = picture(level).astype(np.float32) / np.float32(255)
    return 255 * (carried(one, good, mask.astype(np.float32), np.random.default_rng(seed)) - good)


def test_the_change_fills_the_wanted_mask_and_nothing_else() -> None:
    mask = bar(8, 40, 30, 9)
    change = wanted(mask, donor(-60))
    assert np.all(change[~mask] == 0)
    assert np.allclose(change[mask].mean(), -60, atol=10) and change[mask].max() < -30


def test_a_darker_surface_changes_less() -> None:
    mask = bar(20, 20, 12, 12)
    bright, dark = (wanted(mask, donor(-60), level=level)[mask].mean() for level in (120, 60))
    assert bright < dark < 0


def test_the_ends_of_a_donor_come_to_lie_at_the_ends_of_the_mask() -> None:
    mask = bar(30, 10, 5, 40)
    good = picture()
    rgb = good.copy()
    rgb[30:35, 10:30] -= 30
    rgb[30:35, 30:50] -= 90
    change = wanted(bar(5, 30, 50, 6), donor_of(rgb, good, mask))
    halves = sorted([change[5:25, 30:36].mean(), change[35:55, 30:36].mean()])
    assert halves[0] < -70 and halves[1] > -45


def test_seeds_differ_and_one_seed_does_not() -> None:
    mask = bar(20, 20, 12, 12)
    rng = np.random.default_rng(3)
    rgb, good = picture(), picture()
    rgb[30:50, 10:40] = rng.integers(0, 255, (20, 30, 3))
    one = donor_of(rgb, good, bar(30, 10, 20, 30))
    assert np.array_equal(wanted(mask, one, 1), wanted(mask, one, 1))
    assert not np.array_equal(wanted(mask, one, 1), wanted(mask, one, 2))


def test_severity_chooses_from_weak_to_strong() -> None:
    shelf = [donor(change) for change in (-10, -100, -40)]
    rng = np.random.default_rng(0)
    weak, middle, strong = ({donor_at(shelf, s, rng).severity for _ in range(40)} for s in (0.0, 0.5, 1.0))
    assert max(weak) < min(strong)
    assert len(middle) > 1


@pytest.mark.parametrize("mask", [bar(5, 5, 1, 1), bar(5, 5, 1, 20), bar(0, 0, SIDE, SIDE)])
def test_any_mask_is_filled(mask: np.ndarray) -> None:
    for one in (donor(-60), donor(-60, bar(3, 3, 1, 1))):
        change = wanted(mask, one)
        assert np.isfinite(change).all() and change[mask].mean() < -20


def test_an_empty_mask_leaves_the_good_window() -> None:
    assert not wanted(np.zeros((SIDE, SIDE), np.bool_), donor(-60)).any()


def test_a_large_donor_is_brought_down() -> None:
    rgb = np.zeros((400, 300, 3), np.uint8)
    mask = np.zeros((400, 300), np.bool_)
    mask[10:390, 10:290] = True
    assert max(donor_of(rgb, rgb, mask).rgb.shape) == 192


def test_donors_are_read_as_written(tmp_path: Path) -> None:
    shelf = {"crack": [donor(-60), donor(-20)], "mt-fray": [donor(30)]}
    write_donors(tmp_path / "donors.safetensors", shelf)
    found = read_donors(tmp_path / "donors.safetensors")
    assert {name: len(rows) for name, rows in found.items()} == {"crack": 2, "mt-fray": 1}
    assert np.array_equal(found["crack"][1].rgb, shelf["crack"][1].rgb)


def test_another_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "donors.safetensors"
    path.write_bytes(b"no donors")
    with pytest.raises(WeightsError, match=r"holds no donors .*fine-tune again"):
        read_donors(path)


def test_the_grain_of_a_wide_donor_is_not_turned() -> None:
    rgb, good = picture(), picture()
    rgb[:, ::4] -= 40
    one = donor_of(rgb, good, bar(2, 16, 60, 32))
    change = wanted(bar(16, 2, 32, 60), one)[20:44, 6:58].mean(2)
    assert change.mean(0).std() > 5 * change.mean(1).std()
