"""Features of a collection: order, names, the cache, memory, and what cannot be read."""

from __future__ import annotations

import tracemalloc
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from defectgen.errors import InputError
from defectgen.metric.collection import open_collection
from defectgen.metric.feature import features_of
from defectgen.metric.view import crops
from tests.metric.small_picture import picture, write_folder, write_set
from tests.metric.thumbnail import F32, PRINT, U8, Thumbnail

TWO_BOXES = {"a": ("crack", ((2, 2, 9, 9), (40, 30, 50, 40))), "b": ("good", ()), "c": ("pit", ((20, 20, 30, 30),))}


def test_rows_follow_the_crops_with_their_names_groups_and_defects(tmp_path: Path) -> None:
    collection, extractor = open_collection(write_set(tmp_path / "set", TWO_BOXES)), Thumbnail()
    found = features_of(collection, "window", extractor, cache=None, batch=2)
    expected = extractor.extract([crop.pixels for crop in crops(collection, "window")])
    np.testing.assert_array_equal(found.vectors, expected[0])
    np.testing.assert_array_equal(found.probabilities, expected[1])
    assert found.names == ("images/a.png", "images/a.png", "images/c.png")
    assert found.groups == ("group of a", "group of a", "group of c")
    assert found.defects == ("crack", "crack", "pit") and found.fingerprint == PRINT
    assert len(features_of(collection, "image", extractor, cache=None)) == 3


def test_what_was_seen_before_is_not_looked_at_again_and_stays_the_same(tmp_path: Path) -> None:
    folder, cache = write_folder(tmp_path / "a", range(5)), tmp_path / "cache"
    first, again = Thumbnail(), Thumbnail()
    cold = features_of(open_collection(folder), "image", first, cache=cache, batch=2)
    (folder / "000.png").rename(folder / "9.png")
    warm = features_of(open_collection(folder), "image", again, cache=cache, batch=2)
    assert (first.batches, again.looked_at) == ([2, 2, 1], 0)
    np.testing.assert_array_equal(warm.vectors, np.roll(cold.vectors, -1, axis=0))
    np.testing.assert_array_equal(warm.probabilities, np.roll(cold.probabilities, -1, axis=0))
    third = Thumbnail()
    features_of(open_collection(write_folder(tmp_path / "b", range(3, 7))), "image", third, cache=cache)
    assert third.looked_at == 2


def test_pixels_decide_and_not_names_or_times(tmp_path: Path) -> None:
    from defectgen.image import write_picture

    folder, cache = write_folder(tmp_path / "a", range(2)), tmp_path / "cache"
    features_of(open_collection(folder), "image", Thumbnail(), cache=cache)
    write_picture(folder / "000.png", picture(50))
    extractor = Thumbnail()
    found = features_of(open_collection(folder), "image", extractor, cache=cache)
    assert extractor.looked_at == 1
    np.testing.assert_array_equal(found.vectors[0], Thumbnail().extract([picture(50)])[0][0])


def test_the_same_crop_twice_is_looked_at_once(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "a", range(1))
    (folder / "copy.png").write_bytes((folder / "000.png").read_bytes())
    extractor = Thumbnail()
    found = features_of(open_collection(folder), "image", extractor, cache=tmp_path / "cache")
    assert extractor.looked_at == 1 and len(found) == 2
    np.testing.assert_array_equal(found.vectors[0], found.vectors[1])


def test_no_crops_give_no_rows(tmp_path: Path) -> None:
    collection = open_collection(write_folder(tmp_path / "a", range(2)))
    found = features_of(collection, "window", Thumbnail(), cache=None)
    assert len(found) == 0 and found.vectors.shape == (0, PRINT.dimensions) and found.probabilities is None


def test_a_network_that_is_no_classifier_has_no_probabilities(tmp_path: Path) -> None:
    collection = open_collection(write_folder(tmp_path / "a", range(3)))
    for _ in range(2):
        found = features_of(collection, "image", Thumbnail(classes=False), cache=tmp_path / "cache")
        assert found.probabilities is None and len(found) == 3


def test_features_outlive_their_making_and_can_be_taken_from(tmp_path: Path) -> None:
    found = features_of(open_collection(write_folder(tmp_path / "a", range(4))), "image", Thumbnail(), cache=None)
    part = found.take(np.array([3, 0]))
    np.testing.assert_array_equal(part.vectors, found.vectors[[3, 0]])
    assert part.names == ("003.png", "000.png")
    assert not found.vectors.flags.writeable


class Broken(Thumbnail):
    def extract(self, pictures: Sequence[U8]) -> tuple[F32, F32 | None]:
        vectors, chances = super().extract(pictures)
        vectors[-1, 3] = np.nan
        return vectors, chances


def test_numbers_that_are_none_are_refused_and_not_kept(tmp_path: Path) -> None:
    collection = open_collection(write_folder(tmp_path / "a", range(2)))
    with pytest.raises(InputError, match=r"thumbnail gives no finite numbers for .*001\.png; use other features"):
        features_of(collection, "image", Broken(), cache=tmp_path / "cache")
    extractor = Thumbnail()
    features_of(collection, "image", extractor, cache=tmp_path / "cache")
    assert extractor.looked_at == 2


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "a", range(2))
    (folder / "001.png").write_bytes((folder / "001.png").read_bytes()[:200])
    with pytest.raises(InputError, match=r"001\.png is damaged or cut short"):
        features_of(open_collection(folder), "image", Thumbnail(), cache=None)


def test_memory_does_not_grow_with_the_pictures(tmp_path: Path) -> None:
    peaks = []
    for n in (20, 80):
        collection = open_collection(write_folder(tmp_path / f"{n}", range(n), 96, 96))
        tracemalloc.start()
        features_of(collection, "image", Thumbnail(), cache=None, batch=4)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.1 * peaks[0]
