from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from defectgen.errors import InputError
from defectgen.image import write_picture
from defectgen.metric.collection import Collection, Item, open_collection
from defectgen.metric.drift import BAND_PX, SHOWN, drift
from defectgen.run import synth
from tests.set_job import write_parts


def item(folder: Path, name: str, outside: int, side: int = 64, where: int = 0) -> Item:
    """A defect in the middle of a flat picture; `outside` grey levels on a stretch of 64 pixels from row `where`."""
    folder.mkdir(exist_ok=True)
    good = np.full((64, 64, 1), 100, np.uint8)
    image, mask = good.copy(), np.zeros((side, side, 1), np.uint8)
    image[24:40, 24:40] += 50
    mask[24:40, 24:40] = 255
    image[where, :] += np.uint8(outside)
    paths = [folder / f"{kind}_{name}.png" for kind in ("i", "m", "g")]
    for path, pixels in zip(paths, (image, mask, good), strict=True):
        write_picture(path, pixels)
    return Item(name, *paths, defect="pit", group=name)


def collection(folder: Path, *items: Item) -> Collection:
    return Collection(folder, "folder", items)


def test_what_our_own_engine_makes_does_not_drift(tmp_path: Path) -> None:
    parts = write_parts(tmp_path / "parts", side=96)
    synth("deep pit on steel", on=parts, n=3, engine="render", out=tmp_path / "out")
    found = drift(open_collection(tmp_path / "out"), seed=0)
    assert found is not None and found.n == 3
    assert found.worst_change == 0 and found.worst == ()
    assert found.changed_share.value == found.mean_change.value == found.mean_change.high == 0


def test_a_set_saved_with_loss_drifts(tmp_path: Path) -> None:
    items = []
    rng = np.random.default_rng(0)
    for k in range(4):
        one = item(tmp_path, f"{k}", 0)
        assert one.good is not None
        noisy = rng.integers(60, 200, (64, 64), np.uint8)
        Image.fromarray(noisy).save(one.good)
        Image.fromarray(noisy).save(one.image.with_suffix(".jpg"), quality=80)
        items.append(Item(one.name, one.image.with_suffix(".jpg"), one.mask, one.good, "pit", group=one.name))
    found = drift(collection(tmp_path, *items), seed=0)
    assert found is not None and found.changed_share.value > 0.5 and found.mean_change.value > 1
    assert len(found.worst) == 4


def test_shares_and_levels_are_those_of_the_background(tmp_path: Path) -> None:
    """One row of 64 pixels moved by 10 levels, in one of two pictures; the background is all but the grown mask."""
    found = drift(collection(tmp_path, item(tmp_path, "a", 10), item(tmp_path, "b", 0)), seed=0)
    assert found is not None
    ys, xs = np.mgrid[0:64, 0:64]
    gap = np.hypot(np.maximum(0, np.maximum(24 - ys, ys - 39)), np.maximum(0, np.maximum(24 - xs, xs - 39)))
    share = 64 / np.count_nonzero(gap > BAND_PX)
    assert found.changed_share.value == pytest.approx(share / 2)
    assert found.mean_change.value == pytest.approx(10 * share / 2)
    assert (found.worst_change, found.worst) == (10, ("a",))
    assert found.changed_share.low is not None and found.changed_share.high is not None
    assert found.changed_share.low <= share / 2 <= found.changed_share.high


@pytest.mark.parametrize(("row", "changed"), [(24 - BAND_PX, False), (23 - BAND_PX, True)])
def test_the_band_of_a_set_that_names_none(row: int, changed: bool, tmp_path: Path) -> None:
    """Changes as far as the band from the mask do not count, those one pixel further do."""
    one = item(tmp_path, "a", 0)
    pixels = np.asarray(Image.open(one.image)).copy()
    pixels[row, 30] += 9
    write_picture(one.image, pixels)
    found = drift(collection(tmp_path, one), seed=0)
    assert found is not None and (found.worst_change > 0) == changed


def test_a_grey_picture_beside_a_colour_twin(tmp_path: Path) -> None:
    one = item(tmp_path, "a", 0)
    assert one.good is not None
    Image.open(one.good).convert("RGB").save(one.good)
    found = drift(collection(tmp_path, one), seed=0)
    assert found is not None and found.worst_change == 0


def test_one_group_has_no_interval_and_the_seed_draws(tmp_path: Path) -> None:
    items = [item(tmp_path, f"{k}", 5 * k) for k in range(12)]
    alone = drift(collection(tmp_path, items[3]), seed=0)
    assert alone is not None and alone.mean_change.low is None
    first, again, other = (drift(collection(tmp_path, *items), seed=seed) for seed in (0, 0, 1))
    assert first == again != other
    assert first is not None and len(first.worst) == SHOWN and first.worst[0] == "11"


def test_without_twins_there_is_nothing_to_say(tmp_path: Path) -> None:
    one = item(tmp_path, "a", 0)
    bare = (Item("b", one.image, one.mask, None, "pit"), Item("c", one.image, None, one.good, "pit"))
    assert drift(collection(tmp_path, *bare), seed=0) is None


def test_sizes_that_differ_name_the_file(tmp_path: Path) -> None:
    one = item(tmp_path, "a", 0, side=60)
    with pytest.raises(InputError, match=re.escape(f"{one.mask} is 60x60 pixels; expected 64x64")):
        drift(collection(tmp_path, one), seed=0)
    two = item(tmp_path, "b", 0)
    assert two.good is not None
    write_picture(two.good, np.zeros((64, 50), np.uint8))
    with pytest.raises(InputError, match=re.escape(f"{two.good} is 50x64 pixels; expected 64x64")):
        drift(collection(tmp_path, two), seed=0)
