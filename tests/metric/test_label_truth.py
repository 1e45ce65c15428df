"""Label truth finds what is wrong with masks, and nothing where they are right."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from defectgen.band import grow
from defectgen.errors import InputError
from defectgen.metric.collection import open_collection
from defectgen.metric.label_truth import has_truth, label_truth, recovered_mask
from defectgen.metric.result import LabelTruth
from defectgen.run import synth
from tests.metric.truth_set import SIDE, Shot, darker, part, square, write_shots
from tests.pieces import jpeg
from tests.set_job import write_parts


def made(number: int = 10, **changes: object) -> list[Shot]:
    """True pictures: a dark square each, with its own mask."""
    shots = []
    for seed in range(number):
        good, mask = part(seed), square(20 + 3 * seed, 30)
        shots.append(replace(Shot(darker(good, mask), mask, good), **changes))
    return shots


def truth(folder: Path, shots: list[Shot]) -> LabelTruth:
    return label_truth(write_shots(folder / "set", shots), seed=0)[0]


def test_true_masks_are_found_true(tmp_path: Path) -> None:
    found = truth(tmp_path, made())
    assert (found.n, found.estimated, found.defect) == (10, False, None)
    assert found.blanks.value == 0 and found.recovered_iou.value == 1 and found.fill.value == 1
    assert found.leakage is not None and found.leakage.value == 0
    assert found.prescribed_iou is None
    assert [row.in_mask_delta for row in found.rows] == pytest.approx([40] * 10)


def test_our_own_samples_are_true(tmp_path: Path) -> None:
    parts = write_parts(tmp_path / "parts", number=2, side=96)
    done = synth("pit on cast iron", on=parts, n=4, out=tmp_path / "out", engine="render", severity=(0.6, 1))
    overall, *each = label_truth(open_collection(done.folder), seed=0)
    assert overall.blanks.value == 0 and overall.leakage is not None
    assert overall.recovered_iou.value > 0.97 and overall.leakage.value < 0.01 and overall.fill.value > 0.97
    assert overall.prescribed_iou is not None and 0.5 <= overall.prescribed_iou.value <= 1
    assert [one.n for one in each] == [4]


def test_shifted_masks_agree_less_and_less(tmp_path: Path) -> None:
    found = []
    for shift in (0, 3, 8, 15, 25):
        shots = [replace(one, mask=np.roll(one.mask, shift, 1)) for one in made()]
        found.append(truth(tmp_path / str(shift), shots))
    ious = [one.recovered_iou.value for one in found]
    leaks = [one.leakage.value for one in found if one.leakage is not None]
    assert ious == sorted(ious, reverse=True) and len(set(ious)) == 5 and ious[-1] == 0
    assert leaks == sorted(leaks) and leaks[-1] == 1
    assert found[-1].blanks.value == 1


@pytest.mark.parametrize("by", [0, 1])
def test_masks_with_nothing_under_them_are_blank(tmp_path: Path, by: int) -> None:
    shots = [replace(one, image=darker(one.good, one.mask, by)) if k < 3 else one for k, one in enumerate(made())]
    found = truth(tmp_path, shots)
    assert found.blanks.value == pytest.approx(0.3)
    assert [row.blank for row in found.rows] == [True] * 3 + [False] * 7
    assert [row.leakage for row in found.rows[:3]] == [None] * 3
    assert any("3 pictures show no visible change" in note for note in found.notes)


def test_what_noise_hides_is_blank(tmp_path: Path) -> None:
    def faint(noise: float) -> Shot:
        good, mask = part(3, noise=noise), square()
        return Shot(darker(good, mask, 7), mask, good)

    assert truth(tmp_path / "clean", [faint(0.5)]).blanks.value == 0
    assert truth(tmp_path / "noisy", [faint(8)]).blanks.value == 1


def test_larger_masks_are_filled_less(tmp_path: Path) -> None:
    fills, leaks = [], []
    for px in (0, 2, 5, 10):
        found = truth(tmp_path / str(px), [replace(one, mask=grow(one.mask, px)) for one in made()])
        fills.append(found.fill.value)
        leaks.append(found.leakage)
    assert fills == sorted(fills, reverse=True) and fills[0] == 1 and fills[-1] < 0.4
    assert all(leak is not None and leak.value == 0 for leak in leaks)


def test_smaller_masks_leak(tmp_path: Path) -> None:
    eroded = [replace(one, mask=cv2.erode(one.mask.astype(np.uint8), np.ones((9, 9))) > 0) for one in made()]
    found = truth(tmp_path, eroded)
    assert found.leakage is not None and found.leakage.value == pytest.approx(1 - 12**2 / 20**2)
    assert found.fill.value == 1


def test_compression_is_noise_and_a_redrawn_background_is_leakage(tmp_path: Path) -> None:
    compressed = truth(tmp_path / "jpeg", [replace(one, image=jpeg(one.image, 90)) for one in made()])
    assert compressed.blanks.value == 0 and compressed.recovered_iou.value > 0.85
    assert compressed.leakage is not None and compressed.leakage.value < 0.1
    redrawn = [replace(one, image=darker(part(99, noise=12), one.mask)) for one in made()]
    found = truth(tmp_path / "redrawn", redrawn)
    assert found.leakage is not None and found.leakage.value > 0.5 and found.recovered_iou.value < 0.5


def test_each_piece_of_a_mask_counts(tmp_path: Path) -> None:
    shots = [replace(one, mask=one.mask | square(5, 80, 8)) for one in made()]
    found = truth(tmp_path, shots)
    assert found.blanks.value == 0
    assert "nothing is visible under 10 of 20 pieces of the masks" in found.notes


def test_an_empty_mask_is_blank(tmp_path: Path) -> None:
    shots = made()
    row = truth(tmp_path, [replace(shots[0], mask=np.zeros((SIDE, SIDE), bool)), *shots[1:]]).rows[0]
    assert (row.blank, row.recovered_iou, row.fill, row.leakage) == (True, 0.0, 0.0, 1.0)
    untouched = replace(shots[0], mask=np.zeros((SIDE, SIDE), bool), image=shots[0].good)
    row = truth(tmp_path / "both", [untouched]).rows[0]
    assert (row.blank, row.recovered_iou, row.leakage) == (True, 0.0, None)


def test_boxes_stand_in_for_masks(tmp_path: Path) -> None:
    shots = [replace(one, mask=None, boxes=((30, 20 + 3 * k, 50, 40 + 3 * k),)) for k, one in enumerate(made())]
    found = truth(tmp_path / "right", shots)
    assert found.recovered_iou.value == 1 and found.blanks.value == 0 and found.fill.value == 1
    assert any(note.startswith("10 pictures have boxes alone") for note in found.notes)
    wrong = truth(tmp_path / "wrong", [replace(one, boxes=((70, 0, 90, 15),)) for one in shots])
    assert wrong.recovered_iou.value == 0 and wrong.blanks.value == 1 and wrong.fill.value == 0


def test_defects_are_told_apart(tmp_path: Path) -> None:
    shots = [replace(one, defect="stain", image=one.good) if k % 2 else one for k, one in enumerate(made(20))]
    overall, pit, stain = label_truth(write_shots(tmp_path / "set", shots), seed=0)
    assert (pit.defect, pit.n, pit.blanks.value) == ("pit", 10, 0)
    assert (stain.defect, stain.n, stain.blanks.value) == ("stain", 10, 1)
    assert len(overall.rows) == 20 and pit.rows == stain.rows == ()


def test_intervals_hold_the_value_and_know_groups(tmp_path: Path) -> None:
    shots = [replace(one, image=one.good) if k % 4 == 0 else one for k, one in enumerate(made(24))]
    loose = truth(tmp_path / "loose", shots).blanks
    tied = truth(tmp_path / "tied", [replace(one, group=str(k // 2)) for k, one in enumerate(shots)]).blanks
    paired = truth(tmp_path / "paired", [replace(one, group=str(k % 8)) for k, one in enumerate(shots)]).blanks
    for one in (loose, tied, paired):
        assert one.low is not None and one.high is not None and one.low < one.value == 0.25 < one.high
    assert paired.high - paired.low > loose.high - loose.low  # blanks that come together tell less
    few = truth(tmp_path / "few", [replace(one, group=str(k % 3)) for k, one in enumerate(shots)]).blanks
    assert few.low is few.high is None


def test_no_blank_among_few_pictures_rules_little_out(tmp_path: Path) -> None:
    none = truth(tmp_path / "none", made(10)).blanks
    assert (none.value, none.low, none.high) == (0, 0, pytest.approx(1 - 0.05**0.1))
    every = truth(tmp_path / "every", [replace(one, image=one.good) for one in made(10)]).blanks
    assert (every.value, every.low, every.high) == (1, pytest.approx(0.05**0.1), 1)


def test_the_same_seed_gives_the_same_intervals(tmp_path: Path) -> None:
    shots = [replace(one, image=one.good) if k % 3 else one for k, one in enumerate(made())]
    folder = write_shots(tmp_path / "set", shots)
    assert label_truth(folder, seed=1) == label_truth(folder, seed=1)
    assert label_truth(folder, seed=1)[0].fill != label_truth(folder, seed=2)[0].fill


def test_pictures_without_a_twin_are_counted(tmp_path: Path) -> None:
    shots = made()
    found = truth(tmp_path, [*shots, replace(shots[0], good=None), Shot(shots[0].good, defect="good")])
    assert found.n == 10
    assert "1 of 11 defective pictures have no good twin, or no mask and no boxes" in found.notes


def test_a_set_without_twins_is_refused(tmp_path: Path) -> None:
    collection = write_shots(tmp_path / "set", made(2, good=None))
    assert not has_truth(collection)
    with pytest.raises(InputError, match="no defective picture with a good twin and a mask or boxes") as caught:
        label_truth(collection, seed=0)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("field", "what"), [("good", "good picture"), ("mask", "mask")])
def test_sizes_that_differ_are_refused(tmp_path: Path, field: str, what: str) -> None:
    other = part(0, side=64) if field == "good" else square(side=64)
    shots = [replace(made(1)[0], **{field: other})]
    with pytest.raises(InputError, match=rf"{what}.*64x64 pixels.*96x96"):
        truth(tmp_path, shots)


def test_colour_and_grey_twins_compare(tmp_path: Path) -> None:
    shots = [replace(one, image=np.repeat(one.image, 3, axis=2)) for one in made()]
    assert truth(tmp_path, shots).recovered_iou.value == 1


def test_pinholes_under_the_mask_are_closed_and_those_beside_it_are_not() -> None:
    good, mask = np.repeat(part(0), 3, axis=2), square()
    changed = mask.copy()
    changed[40, 40] = False
    out = darker(good, changed)
    assert np.array_equal(recovered_mask(good, out, mask), mask)
    assert not recovered_mask(good, out, square(0, 0, 5))[40, 40]
