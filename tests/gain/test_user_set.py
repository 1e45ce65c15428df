"""Sets that a user brings: leaks are refused, names are matched, cuts are nested."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from defectgen.dataset.writer import SetWriter, rewrite_records, whole_folder
from defectgen.errors import InputError
from defectgen.gain.draw import RealSplit, read_split
from defectgen.gain.options import GainOptions, NamedSet
from defectgen.gain.user_set import UserSet, cut, read_user_set
from defectgen.image import write_picture
from defectgen.record import GOOD, Record
from tests.gain.bench_set import put, real_set, synthetic_set


@pytest.fixture(scope="module")
def split(tmp_path_factory: pytest.TempPathFactory) -> RealSplit:
    return read_split(real_set(tmp_path_factory.mktemp("user") / "real").path)


def read(folder: Path, split: RealSplit, **other: Any) -> UserSet:
    options = GainOptions(split.owner.path, folder, shots=4, side=32, **other)
    return read_user_set(NamedSet("mine", folder), split, options)


def changed(folder: Path, change: Callable[[Record], Record]) -> Path:
    owner = synthetic_set(folder)
    rewrite_records(folder, iter([change(one) for one in owner.records()]))
    return folder


def with_picture_of(folder: Path, split: RealSplit, side: str, *, as_source: bool = False) -> Path:
    """A synthetic set with one picture that comes from a side of the real set."""
    record = next(one for one in getattr(split, side) if one.defect == "spot")
    pixels, mask = split.owner.image(record).pixels, split.owner.mask(record)
    with whole_folder(folder) as part:
        writer = SetWriter(part)
        shown = np.flip(pixels, 1) if as_source else pixels
        put(writer, 0, shown, mask, "spot", sha256=record.source_sha256 if as_source else None)
        writer.finish({"kind": "test"})
    return folder


def test_a_clean_set_is_read_under_the_real_names(tmp_path: Path, split: RealSplit) -> None:
    folder = changed(tmp_path / "set", lambda one: one.model_copy(update={
        "defect": one.defect.upper() + "_", "labels": tuple(name.upper() + "_" for name in one.labels),
    }))  # fmt: skip
    mine = read(folder, split)
    assert mine.pool.classes == ("scratch", "spot") and len(mine.pool) == 24 and mine.notes == ()


def test_a_test_picture_is_refused(tmp_path: Path, split: RealSplit) -> None:
    with pytest.raises(InputError, match=r"is a test picture \(the same file"):
        read(with_picture_of(tmp_path / "set", split, "test"), split)


@pytest.mark.parametrize("side", ["val", "test"])
def test_what_was_made_from_a_held_back_picture_is_refused(tmp_path: Path, split: RealSplit, side: str) -> None:
    with pytest.raises(InputError, match=f"was made from .*, a {side} picture of .*; make the set again"):
        read(with_picture_of(tmp_path / "set", split, side, as_source=True), split)


def test_other_defects_are_refused(tmp_path: Path, split: RealSplit) -> None:
    folder = changed(tmp_path / "set", lambda one: one.model_copy(update={"defect": "dent"}))
    with pytest.raises(InputError, match=r"shows 'dent' .*; the real set knows scratch, spot"):
        read(folder, split)


def test_missing_masks_are_refused(tmp_path: Path, split: RealSplit) -> None:
    folder = changed(tmp_path / "set", lambda one: one.model_copy(update={"mask_file_name": None}))
    with pytest.raises(InputError, match=r"has no mask, while all pictures of .* do"):
        read(folder, split)


def test_masks_of_another_size_are_refused(tmp_path: Path, split: RealSplit) -> None:
    owner = synthetic_set(tmp_path / "set")
    write_picture(owner.file("masks/000000.png"), np.ones((9, 9), np.uint8))
    with pytest.raises(InputError, match=r"the mask of images/000000.png is 9x9 pixels, the picture 40x40"):
        read(owner.path, split)


def test_too_few_pictures_for_a_ratio_are_refused(tmp_path: Path, split: RealSplit) -> None:
    folder = synthetic_set(tmp_path / "set").path
    with pytest.raises(InputError, match=r"has 12 pictures of scratch, the largest ratio takes 20; make more"):
        read(folder, split, ratios=(1.0, 5.0))


def test_good_pictures_and_missing_types_are_noted(tmp_path: Path, split: RealSplit) -> None:
    def change(one: Record) -> Record:
        gone = {"defect": GOOD, "labels": (), "boxes": (), "mask_file_name": None}
        return one.model_copy(update=gone if one.defect == "spot" else {})

    notes = read(changed(tmp_path / "set", change), split).notes
    assert notes[0].startswith("mine: 12 good pictures are left out") and notes[1].startswith("mine has no spot")


def test_what_is_no_set_or_empty_is_refused(tmp_path: Path, split: RealSplit) -> None:
    with pytest.raises(InputError, match="is not a folder"):
        read(tmp_path / "none", split)
    with whole_folder(tmp_path / "empty") as part:
        SetWriter(part).finish({"kind": "test"})
    with pytest.raises(InputError, match=r"has no training pictures|no defective pictures"):
        read(tmp_path / "empty", split)


def test_cuts_are_nested_by_class_and_drawn_anew(tmp_path: Path, split: RealSplit) -> None:
    pool = read(synthetic_set(tmp_path / "set").path, split).pool
    few, many = (cut(pool, {"scratch": n, "spot": n}, 0, 0) for n in (3, 6))
    assert np.bincount(few.labels).tolist() == [0, 3, 3] and set(few.names) < set(many.names)
    assert cut(pool, {"scratch": 3, "spot": 3}, 0, 0).sha256 == few.sha256
    assert len({cut(pool, {"scratch": 3, "spot": 3}, draw, seed).sha256 for draw in (0, 1) for seed in (0, 1)}) == 4
    assert len(cut(pool, {"spot": 99}, 0, 0)) == 12


def test_a_set_that_holds_its_own_split_trains_on_its_training_side(tmp_path: Path, split: RealSplit) -> None:
    def change(one: Record) -> Record:
        return one.model_copy(update={"split": "test" if one.file_name > "images/000020.png" else "train"})

    assert len(read(changed(tmp_path / "set", change), split).pool) == 21
