"""Pools: what training sees is what the set holds, at one size."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from defectgen.dataset.defect_set import DefectSet
from defectgen.dataset.instance import Instance
from defectgen.downstream.pool import Pool, read_pool
from defectgen.errors import InputError
from defectgen.image import write_picture
from tests.dataset.small_set import SIDE, Filling, block, mixed, picture

CLASSES = ("crack", "dent", "pit")


@pytest.fixture(scope="module")
def owner(tmp_path_factory: pytest.TempPathFactory) -> DefectSet:
    return DefectSet(mixed(tmp_path_factory.mktemp("pool") / "set"))


def read(owner: DefectSet, side: int) -> Pool:
    return read_pool(owner, list(owner.records()), CLASSES, side)


def test_own_size_keeps_every_pixel(owner: DefectSet) -> None:
    pool = read(owner, SIDE)
    assert (pool.pixels[0] == picture(len("a.png"))).all()
    assert pool.labels.tolist() == [0, 0, 3, 3, 1, 2]
    assert pool.annotations == ("good", "good", "mask", "mask", "box", "image")
    assert pool.good.tolist() == [0, 1] and pool.defective.tolist() == [2, 3, 4, 5]
    assert (pool.masks[2, 6:20, 5:15] == 3).all() and (pool.masks[2] > 0).sum() == 10 * 14
    assert pool.boxes[3].tolist() == [[20, 20, 30, 40, 3], [2, 2, 40, 4, 1]]
    assert not pool.masks[4].any() and pool.boxes[4].tolist() == [[1, 2, 11, 12, 1]]
    assert len(pool.boxes[5]) == 0


@pytest.mark.parametrize("side", [7, 16, 31, 96])
def test_boxes_hold_their_masks_at_any_size(owner: DefectSet, side: int) -> None:
    pool = read(owner, side)
    for k, (x0, y0, x1, y1) in ((3, pool.boxes[3][0, :4]), (1, pool.boxes[3][1, :4])):
        rows, columns = np.nonzero(pool.masks[3] == k)
        assert columns.min() == int(x0) and columns.max() + 1 == np.ceil(x1)
        assert rows.min() == int(y0) and rows.max() + 1 == np.ceil(y1)


def test_a_hairline_survives_and_a_picture_is_averaged(tmp_path: Path) -> None:
    with Filling(tmp_path / "set") as small:
        small.add("a.png", [block("crack", 0, 13, SIDE, 14)])
    owner = DefectSet(tmp_path / "set")
    pool = read_pool(owner, list(owner.records()), CLASSES, 12)
    assert (pool.masks[0].nonzero()[0] == 3).all() and (pool.masks[0, 3] == 1).all()
    blocks = picture(len("a.png")).reshape(12, 4, 12, 4, 3).mean(axis=(1, 3))
    assert np.abs(pool.pixels[0] - blocks).max() <= 0.5 + 1e-6


def test_where_two_types_meet_the_smaller_defect_stays_whole(tmp_path: Path) -> None:
    with Filling(tmp_path / "set") as small:
        small.add("a.png", [block("dent", 0, 0, 24, SIDE), Instance.of_mask("crack", _column(25))])
    owner = DefectSet(tmp_path / "set")
    pool = read_pool(owner, list(owner.records()), CLASSES, 5)
    assert (pool.masks[0, :, 2] == 1).all() and (pool.masks[0, :, :2] == 2).all() and not pool.masks[0, :, 3:].any()


def _column(x: int) -> np.ndarray:
    mask = np.zeros((SIDE, SIDE), np.bool_)
    mask[:, x] = True
    return mask


def test_take_and_join_keep_order_and_may_repeat(owner: DefectSet) -> None:
    pool = read(owner, 16)
    twice = pool.take([4, 2, 2])
    assert twice.names == (pool.names[4], pool.names[2], pool.names[2]) and twice.labels.tolist() == [1, 3, 3]
    both = Pool.join([twice, pool])
    assert len(both) == 9 and both.take(range(3, 9)).sha256 == pool.sha256


def test_the_sum_sees_content_and_not_names(owner: DefectSet) -> None:
    pool = read(owner, 16)
    assert pool.sha256 == read(owner, 16).sha256
    assert pool.take([1, 0]).sha256 != pool.take([0, 1]).sha256
    changed = pool.masks.copy()
    changed[2, 0, 0] = 1
    fields = {**pool.__dict__, "masks": changed}
    fields.pop("sha256", None)
    assert Pool(**fields).sha256 != pool.sha256
    fields = {**fields, "masks": pool.masks, "names": ("x",) * len(pool)}
    assert Pool(**fields).sha256 == pool.sha256


def test_a_class_that_was_not_asked_for_is_refused(owner: DefectSet) -> None:
    with pytest.raises(InputError, match=r"shows 'dent'; expected one of crack, good, pit"):
        read_pool(owner, list(owner.records()), ("crack", "pit"), 16)


def test_a_mask_of_another_size_is_refused(tmp_path: Path) -> None:
    folder = mixed(tmp_path / "set")
    write_picture(folder / "masks/000002.png", np.zeros((20, 30), np.uint8))
    owner = DefectSet(folder)
    with pytest.raises(InputError, match=r"mask of images/000002.png is 30x20 pixels, the picture 48x48; run"):
        read_pool(owner, list(owner.records()), CLASSES, 16)
