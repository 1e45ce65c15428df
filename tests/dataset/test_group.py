"""Groups: twins are found whatever the lamp, look-alikes are left alone, and names say what pictures cannot."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from defectgen.dataset.group import Grouping, Tie, group_names, group_pictures
from defectgen.dataset.near_duplicate import find_twins
from defectgen.detail import details_of
from defectgen.errors import InputError
from defectgen.image import Pixels
from defectgen.record import Record
from tests.pieces import SIDE, jpeg, photograph, surface


def grouped(pictures: list[Pixels], threshold: float = 0.7) -> Grouping:
    ties = [Tie(f"picture {i}", str(i)) for i in range(len(pictures))]
    return group_pictures(ties, details_of(pictures, len(pictures)), threshold)


def design() -> np.ndarray:
    """Strong lines that all boards of one kind share."""
    lines = np.zeros((SIDE + 32, SIDE + 32), np.float32)
    for k in range(20, SIDE + 32, 24):
        lines[k : k + 5] = 6
        lines[:, k : k + 3] = -6
    return lines


def test_photographs_of_one_piece_come_together() -> None:
    """Five pieces, four views each: other lamp, gain, place and noise."""
    pictures = [
        photograph(surface(piece), 10 * piece + view, shift=(2 * view, -view), gain=15 + 6 * view, level=90 + 20 * view)
        for piece in range(5) for view in range(4)
    ]  # fmt: skip
    groups = grouped(pictures).groups
    assert groups == tuple(f"picture {4 * (i // 4)}" for i in range(20))


def test_a_scaled_view_is_a_twin() -> None:
    piece = photograph(surface(1), 1)
    smaller = cv2.resize(piece[4:-2, 3:-5], (100, 104), interpolation=cv2.INTER_AREA)[..., None]
    others = [photograph(surface(k), k) for k in range(2, 8)]
    assert grouped([piece, smaller, *others]).sizes()["picture 0"] == 2


def test_boards_of_one_design_are_not_twins() -> None:
    """They correlate at over 0.9; what is each board's own does not. The same board twice is still found."""
    boards = [photograph(0.5 * surface(k) + design(), k, gain=12) for k in range(30)]
    again = photograph(0.5 * surface(7) + design(), 99, gain=15)
    details = details_of(boards, 30).reshape(30, -1).astype(np.float32)
    assert np.corrcoef(details)[np.triu_indices(30, 1)].mean() > 0.8
    sizes = grouped([*boards, again]).sizes()
    assert sizes.pop("picture 7") == 2
    assert set(sizes.values()) == {1}


def test_plain_pictures_are_not_twins_but_their_copies_are() -> None:
    plain = [photograph(np.zeros((SIDE + 32, SIDE + 32), np.float32), k) for k in range(12)]
    assert set(grouped(plain).sizes().values()) == {1}
    assert grouped([*plain, plain[3]]).sizes()["picture 3"] == 2


def test_many_copies_of_one_picture_are_one_group() -> None:
    """More copies than a crowd holds."""
    picture = photograph(surface(1), 1)
    copies = [jpeg(picture, quality) for quality in range(60, 100)]
    others = [photograph(surface(k), k) for k in range(2, 12)]
    assert sorted(grouped([picture, *copies, *others]).sizes().values())[-2:] == [1, 41]


def test_the_threshold_tells() -> None:
    pictures = [photograph(surface(piece), 3 * piece + view, noise=10) for piece in range(6) for view in range(2)]
    found = {t: len(grouped(pictures, t).sizes()) for t in (0.5, 0.999)}
    assert found == {0.5: 6, 0.999: 12}


def test_the_same_pictures_give_the_same_twins() -> None:
    pictures = [photograph(surface(i // 2), i, shift=(i % 2, 0)) for i in range(12)]
    details = details_of(pictures, 12)
    twins, backwards = find_twins(details).twins, find_twins(details[::-1]).twins
    assert twins == find_twins(details).twins
    assert {(11 - t.second, 11 - t.first) for t in backwards} == {(t.first, t.second) for t in twins}


@pytest.mark.parametrize("n", [1, 2])
def test_few_pictures_are_enough(n: int) -> None:
    assert len(grouped([photograph(surface(k), k) for k in range(n)]).groups) == n


def test_names_and_files_tie_without_pictures() -> None:
    ties = [Tie("a", "1"), Tie("b", "2"), Tie("a", "3"), Tie("c", "2"), Tie("d", "4")]
    assert group_pictures(ties).groups == ("a", "b", "a", "b", "d")


def record(source: str) -> Record:
    return Record(
        file_name="images/0.png", mask_file_name=None, good_file_name=None, text="", defect="good", material=None,
        boxes=(), split="unsplit", group="g", source=source, source_sha256="0" * 64, licence="user",
    )  # fmt: skip


def test_a_pattern_names_the_group() -> None:
    records = [record("m1_01.png"), record("m1_02.png"), record("m2_01.png"), record("other.png")]
    assert [tie.group for tie in group_names(records, r"(m\d)_")] == ["m1", "m1", "m2", "other.png"]
    assert [tie.group for tie in group_names(records, None)] == ["g"] * 4


@pytest.mark.parametrize(("pattern", "said"), [("(", "no regular expression"), ("zzz", "matches none of 1")])
def test_patterns_that_cannot_be_used(pattern: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        group_names([record("a.png")], pattern)
