"""Batches: half good, half defective, the extra in its share, every picture as often as any other of its kind."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import islice

import numpy as np
import pytest
import torch

from defectgen.downstream.batch import Batches, to_batch
from defectgen.downstream.pool import Pool
from defectgen.downstream.shift import draw_shift
from defectgen.downstream.task import TrainOptions, Trial
from defectgen.errors import InputError
from tests.downstream.small_pool import small_pool, small_trial

OPTIONS = TrainOptions(steps=12, batch=8)


def marked(pool: Pool, value: int) -> Pool:
    """The same pool in one colour, so that its pictures can be told in a batch."""
    return replace(pool, pixels=np.full_like(pool.pixels, value))


@pytest.mark.parametrize(("share", "extra"), [(0.0, 0), (0.5, 24), (2 / 3, 32), (5 / 6, 40), (1.0, 48)])
def test_shares(share: float, extra: int) -> None:
    batches = Batches(small_trial(extra=marked(small_pool(3, 5, seed=9), 255), share=share), OPTIONS)
    seen = list(islice(batches, 12))
    assert all((batch.labels == 0).sum() == 4 and batch.pixels.shape == (8, 3, 32, 32) for batch in seen)
    assert sum(int((batch.pixels.amin(dim=(1, 2, 3)) == 255).sum()) for batch in seen) == extra
    counts = [batches.counts(step)[2] for step in range(12)]
    assert max(counts) - min(counts) <= 1


def test_without_real_shots_all_defects_are_extra_and_without_extra_none() -> None:
    assert Batches(small_trial(extra=small_pool(0, 4, seed=9), shots=0, share=0.3), OPTIONS).counts(0) == (4, 0, 4)
    assert Batches(small_trial(), OPTIONS).counts(0) == (4, 4, 0)


def test_every_picture_comes_once_a_round() -> None:
    trial = small_trial(shots=2)
    shades = np.arange(len(trial.real), dtype=np.uint8)[:, None, None, None]
    shaded = replace(trial.real, pixels=np.broadcast_to(shades, trial.real.pixels.shape))
    seen = Counter(
        int(value)
        for batch in islice(Batches(Trial(shaded, None, trial.val, trial.test), OPTIONS), 6)
        for value in batch.pixels[:, 0, 0, 0]
    )
    assert {seen[i] for i in range(8)} == {3} and {seen[i] for i in range(8, 12)} == {6}


def test_the_seed_decides() -> None:
    first, again, other = (
        [batch.pixels for batch in islice(Batches(small_trial(), TrainOptions(steps=2, seed=seed)), 2)]
        for seed in (0, 0, 1)
    )
    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))
    assert not all(torch.equal(a, b) for a, b in zip(first, other, strict=True))


def test_pixels_masks_and_boxes_move_together() -> None:
    batch = to_batch(small_pool(0, 20, seed=4), np.random.default_rng(0), "cpu")
    assert torch.equal(batch.masks > 0, (batch.pixels[:, 0] > 180) | (batch.pixels[:, 0] < 50))
    for masks, boxes in zip(batch.masks, batch.boxes, strict=True):
        for x0, y0, x1, y1, kind in boxes.int().tolist():
            assert (masks[y0:y1, x0:x1] == kind).all()


def test_an_unmoved_shift_changes_nothing_and_values_are_never_mixed() -> None:
    rng = np.random.default_rng(0)
    picture = rng.integers(0, 256, (32, 32, 3)).astype(np.uint8)
    for _ in range(50):
        move = draw_shift(32, rng)
        moved = move.picture(picture)
        if move.flips == (False, False) and move.offsets == (0, 0):
            assert (moved == picture).all()
        assert np.isin(moved, picture).all()
        y, x = move.offsets
        straight = moved[:: -1 if move.flips[0] else 1, :: -1 if move.flips[1] else 1]
        y, x = (-y if move.flips[0] else y), (-x if move.flips[1] else x)
        assert (straight[4 + y : 28 + y, 4 + x : 28 + x] == picture[4:28, 4:28]).all()


@pytest.mark.parametrize(("trial", "words"), [
    (small_trial(shots=0), "only good or only defective"),
    (small_trial(share=1.5), "extra_share is 1.5; expected 0 to 1"),
])  # fmt: skip
def test_what_cannot_be_batched(trial: Trial, words: str) -> None:
    with pytest.raises(InputError, match=words):
        Batches(trial, OPTIONS)
