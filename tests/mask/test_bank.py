"""A mask bank: new masks resemble the real ones in size, direction and place, and are no copies of them."""

import numpy as np
import pytest
from numpy.typing import NDArray

from defectgen.errors import InputError
from defectgen.mask.bank import MaskBank, Piece, cut_end, long_side, vary
from defectgen.mask.user_mask import main_axis
from defectgen.recipe import Morphology

CRACK = Morphology(kind="crack", params={})


def bar(length: int, breadth: int, angle: float) -> NDArray[np.bool_]:
    side = length + breadth + 4
    y, x = np.indices((side, side)) - side / 2
    along, across = x * np.cos(angle) - y * np.sin(angle), x * np.sin(angle) + y * np.cos(angle)
    mask = (np.abs(along) <= length / 2) & (np.abs(across) <= breadth / 2)
    return mask[np.ix_(mask.any(axis=1), mask.any(axis=0))]


def piece(length: float = 0.2, angle: float = 0.0, where: tuple[float, float] = (0.5, 0.5), group: str = "a") -> Piece:
    return Piece(bar(40, 6, angle), length, angle, where, group)


def straight(a: float, b: float) -> float:
    """Angle between two axes, radians."""
    return abs(float(np.arcsin(np.clip(np.sin(a - b), -1, 1))))


@pytest.mark.parametrize("angle", [0.0, 0.7, 1.5, -0.9])
@pytest.mark.parametrize("own", [0.0, 0.6])
def test_a_piece_comes_at_the_length_and_angle_asked_for(angle: float, own: float) -> None:
    mask = vary(piece(angle=own), 80.0, angle, np.random.default_rng(1))
    assert long_side(mask) == pytest.approx(80, rel=0.2)
    assert straight(main_axis(mask), angle) < 0.2


def test_two_draws_differ_and_one_seed_repeats() -> None:
    bank = MaskBank((piece(),), (1,))
    wanted = bank.pick(np.random.default_rng(0))
    one, same, other = (bank.draw(wanted, CRACK, 60, 0.3, np.random.default_rng(s)).alpha for s in (1, 1, 2))
    assert np.array_equal(one, same)
    assert one.shape != other.shape or not np.array_equal(one, other)


def test_sizes_places_and_counts_follow_the_pictures() -> None:
    bank = MaskBank((piece(0.1, where=(0.1, 0.9)), piece(0.1, where=(0.15, 0.85), group="b")), (1, 1, 1, 4))
    rng = np.random.default_rng(0)
    picked = [bank.pick(rng) for _ in range(200)]
    assert np.median([p.length for p in picked]) == pytest.approx(0.1, rel=0.1)
    assert np.ptp([p.length for p in picked]) > 0.03
    assert np.mean([p.where for p in picked], axis=0) == pytest.approx([0.12, 0.88], abs=0.04)
    counts = [bank.count(rng) for _ in range(400)]
    assert set(counts) == {1, 4} and np.mean(counts) == pytest.approx(1.75, abs=0.25)


def test_groups_weigh_alike() -> None:
    many = tuple(piece(0.3, group="twins") for _ in range(9))
    bank = MaskBank((*many, piece(0.05, group="alone")), (1,))
    rng = np.random.default_rng(0)
    small = np.mean([bank.pick(rng).length < 0.15 for _ in range(300)])
    assert 0.4 < small < 0.6


def test_pieces_that_run_one_way_keep_to_it() -> None:
    aligned = MaskBank(tuple(piece(angle=a) for a in (0.1, -0.1, 0.05, np.pi)), (1,))
    free = MaskBank(tuple(piece(angle=a) for a in (0.0, 0.8, 1.6, 2.4)), (1,))
    assert aligned.aligned and not free.aligned
    angles = [aligned.pick(np.random.default_rng(s)).angle for s in range(50)]
    assert all(a is not None and straight(a, 0.0) < 0.6 for a in angles)
    assert free.pick(np.random.default_rng(0)).angle is None


def test_hairlines_do_not_vanish() -> None:
    thin = Piece(bar(60, 1, 0.0), 0.3, 0.0, (0.5, 0.5), "a")
    for seed in range(8):
        mask = vary(thin, 45.0, 0.6, np.random.default_rng(seed))
        assert long_side(mask) > 30 and mask.sum() >= 30


def test_an_end_can_go_and_the_rest_stays() -> None:
    whole = np.pad(bar(60, 6, 0.0), 2)
    for seed in range(6):
        rest = cut_end(whole, 0.0, np.random.default_rng(seed))
        assert 0.5 * whole.sum() < rest.sum() < whole.sum()


def test_an_empty_bank_is_refused() -> None:
    with pytest.raises(InputError, match="empty"):
        MaskBank((), (1,))
