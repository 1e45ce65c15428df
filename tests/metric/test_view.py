"""Views: windows hold their defects and stay inside; the mask view shows nothing else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from defectgen.metric.collection import Collection, Item, open_collection
from defectgen.metric.view import LEAST_PX, OUTSIDE, VIEWS, crops, has_view, item_crops, square
from tests.metric.small_picture import picture, write_folder, write_set

BOXES = ((5, 5, 15, 15), (50, 30, 60, 40))


@pytest.fixture
def collection(tmp_path: Path) -> Collection:
    return open_collection(write_set(tmp_path / "set", {"a": ("crack", BOXES), "b": ("good", ())}))


def test_the_whole_picture(collection: Collection) -> None:
    found = list(crops(collection, "image"))
    assert [(crop.box, crop.number) for crop in found] == [((0, 0, 64, 48), 0)] * 2
    np.testing.assert_array_equal(found[0].pixels, picture(0))


def test_one_window_a_box_and_none_of_a_good_picture(collection: Collection) -> None:
    found = list(crops(collection, "window"))
    assert [crop.number for crop in found] == [0, 1]
    for crop, (bx0, by0, bx1, by1) in zip(found, BOXES, strict=True):
        x0, y0, x1, y1 = crop.box
        assert x0 <= bx0 and y0 <= by0 and bx1 <= x1 and by1 <= y1
        np.testing.assert_array_equal(crop.pixels, picture(0)[y0:y1, x0:x1])


def test_the_mask_view_shows_the_mask_alone(collection: Collection) -> None:
    crop = next(crops(collection, "mask"))
    mask = collection.items[0].mask_pixels()
    assert mask is not None
    x0, y0, x1, y1 = crop.box
    inside = mask[y0:y1, x0:x1]
    np.testing.assert_array_equal(crop.pixels[inside], picture(0)[y0:y1, x0:x1][inside])
    assert (crop.pixels[~inside] == OUTSIDE).all() and inside.any()


def test_without_boxes_the_pieces_of_the_mask_are_the_windows(collection: Collection) -> None:
    item = collection.items[0]
    bare = Item(item.name, item.image, item.mask, defect=item.defect)
    windows = sorted(crop.box for crop in item_crops(bare, "window"))
    assert windows == sorted(crop.box for crop in item_crops(item, "window"))


@pytest.mark.parametrize("seed", range(20))
def test_windows_are_square_large_enough_and_inside(seed: int) -> None:
    rng = np.random.default_rng(seed)
    height, width = (int(side) for side in rng.integers(200, 400, 2))
    x0, y0 = int(rng.integers(0, width - 90)), int(rng.integers(0, height - 90))
    box = (x0, y0, x0 + int(rng.integers(1, 90)), y0 + int(rng.integers(1, 90)))
    left, top, right, bottom = square(box, (height, width))
    side = max(LEAST_PX, 2 * max(box[2] - box[0], box[3] - box[1]))
    assert (right - left, bottom - top) == (side, side)
    assert 0 <= left <= box[0] and 0 <= top <= box[1] and box[2] <= right <= width and box[3] <= bottom <= height


def test_a_window_is_no_larger_than_its_picture() -> None:
    assert square((10, 10, 20, 20), (30, 50)) == (0, 0, 50, 30)


def test_which_views_a_collection_has(tmp_path: Path, collection: Collection) -> None:
    plain = open_collection(write_folder(tmp_path / "plain", range(2)))
    boxed = open_collection(write_set(tmp_path / "boxed", {"a": ("crack", BOXES)}, masked=False))
    assert [has_view(collection, view) for view in VIEWS] == [True, True, True]
    assert [has_view(boxed, view) for view in VIEWS] == [True, True, False]
    assert [has_view(plain, view) for view in VIEWS] == [True, False, False]
    assert list(crops(plain, "window")) == [] and list(crops(boxed, "mask")) == []
    assert len(list(crops(boxed, "window"))) == 2
