"""The segmenter finds what it was shown, says what it can do, and refuses to learn from too little."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from defectgen.errors import InputError
from defectgen.metric.collection import Collection
from defectgen.metric.mask_decoder import SIDE, train_decoder
from defectgen.metric.segmenter import LEAST_GROUPS, LEAST_MASKS, Segmenter, deal, estimate_truth, train_segmenter
from tests.metric.truth_set import Shot, darker, part, square, write_shots

STEPS = 30


def squares(number: int, first: int = 0) -> list[Shot]:
    """Pictures with a dark square each, without good twins."""
    rng = np.random.default_rng(first)
    shots = []
    for seed in range(first, first + number):
        mask = square(*(int(v) for v in rng.integers(5, 60, 2)), int(rng.integers(16, 28)))
        shots.append(Shot(darker(part(seed, noise=3), mask, 60), mask))
    return shots


def goods(number: int) -> list[Shot]:
    return [Shot(part(1000 + seed, noise=3), defect="good") for seed in range(number)]


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Collection:
    return write_shots(tmp_path_factory.mktemp("real") / "set", [*squares(40), *goods(10)])


@pytest.fixture(scope="module")
def segmenter(real: Collection) -> Segmenter:
    return train_segmenter(real, seed=0, steps=STEPS)


def test_it_finds_what_it_learned(segmenter: Segmenter, tmp_path: Path) -> None:
    found, pits = estimate_truth(write_shots(tmp_path / "set", squares(12, first=500)), segmenter, seed=0)
    assert found.estimated and pits.estimated and found.n == 12
    assert found.recovered_iou.value > 0.7 and found.blanks.value == 0
    assert found.leakage is not None and found.leakage.value < 0.3


def test_it_reports_its_skill(segmenter: Segmenter, real: Collection) -> None:
    skill = segmenter.skill
    assert skill.estimated and skill.n == 8 and segmenter.learned == 24
    assert skill.recovered_iou.value > 0.6
    assert segmenter.strangers.recovered_iou.value < 0.3 < skill.recovered_iou.value
    assert segmenter.strangers.blanks.value > skill.blanks.value
    assert segmenter.false_alarms is not None and 0 <= segmenter.false_alarms <= 1
    notes = estimate_truth(real, segmenter, seed=0)[0].notes
    assert "learned from 24 real pictures" in notes[0]
    assert f"8 held-out real pictures, masks taken as true, its IoU is {skill.recovered_iou.value:.2f}" in notes[1]
    assert notes[2].startswith("with the masks of other pictures its IoU would be")


def test_it_tells_false_masks(segmenter: Segmenter, tmp_path: Path) -> None:
    shifted = [replace(one, mask=np.roll(one.mask, 48, (0, 1))) for one in squares(10, first=500)]
    found = estimate_truth(write_shots(tmp_path / "shifted", shifted), segmenter, seed=0)[0]
    assert found.blanks.value > 0.5 and found.recovered_iou.value < 0.1
    blank = [Shot(one.image, square()) for one in goods(10)]
    assert estimate_truth(write_shots(tmp_path / "blank", blank), segmenter, seed=0)[0].blanks.value > 0.7


def test_masks_have_the_size_of_their_pictures(segmenter: Segmenter) -> None:
    pictures = [np.repeat(part(0, side=side), 3, axis=2)[: side - 7] for side in (64, 300)]
    assert [mask.shape for mask in segmenter.masks(pictures)] == [(57, 64), (293, 300)]


def test_the_seed_decides() -> None:
    rng = np.random.default_rng(0)
    pictures = rng.integers(0, 256, (3, SIDE, SIDE, 3), np.uint8)
    coverage = np.stack([square(side=SIDE)] * 3).astype(np.float32)
    states = [train_decoder(pictures, coverage, steps=1, seed=seed).state_dict() for seed in (3, 3, 4)]
    assert all(np.array_equal(states[0][name], states[1][name]) for name in states[0])
    assert not np.array_equal(states[0]["sides.0.weight"], states[2]["sides.0.weight"])


def test_groups_are_never_torn(real: Collection) -> None:
    marked = [replace(item, group=f"tile {k // 3}") for k, item in enumerate(real.defective.items)]
    lots = deal(marked, real.good.items, np.random.default_rng(0))
    groups = [{item.group for item in lot} for lot in lots]
    assert sum(len(lot) for lot in lots) == 50 and all(groups)
    assert not groups[0] & groups[1] and not groups[0] & groups[2] and not groups[1] & groups[2]


@pytest.mark.parametrize(
    ("shots", "said"),
    [
        (squares(LEAST_MASKS - 1), f"{LEAST_MASKS - 1} training pictures with masks in {LEAST_MASKS - 1} groups"),
        ([replace(one, group=str(k % 5)) for k, one in enumerate(squares(30))], "30 training pictures with masks in 5"),
        ([replace(one, split="test") for one in squares(30)], "0 training pictures with masks in 0 groups"),
    ],
)
def test_too_little_is_refused(tmp_path: Path, shots: list[Shot], said: str) -> None:
    with pytest.raises(InputError, match=said) as caught:
        train_segmenter(write_shots(tmp_path / "set", shots), seed=0)
    assert f"at least {LEAST_MASKS} in {LEAST_GROUPS}" in str(caught.value) and "\n" not in str(caught.value)


def test_a_set_without_masks_is_refused(segmenter: Segmenter, tmp_path: Path) -> None:
    bare = write_shots(tmp_path / "set", [replace(one, mask=None) for one in squares(3)])
    with pytest.raises(InputError, match="no defective picture with a mask; there is nothing to hold against"):
        estimate_truth(bare, segmenter, seed=0)


def test_pictures_without_a_mask_are_counted(segmenter: Segmenter, tmp_path: Path) -> None:
    shots = squares(4)
    found = estimate_truth(write_shots(tmp_path / "set", [replace(shots[0], mask=None), *shots]), segmenter, seed=0)[0]
    assert found.n == 4 and "1 defective pictures have no mask" in found.notes
