from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from defectgen.image import write_picture
from defectgen.metric.collection import Collection, Item
from defectgen.metric.copies import FALLBACK, FEWEST, copies, copy_limit
from defectgen.metric.defect_match import LEAST_POINTS, Bank, patches
from defectgen.metric.extractor import Features
from defectgen.metric.result import CopyPair, Fingerprint
from defectgen.metric.view import View, crops

U8 = NDArray[np.uint8]
Change = Callable[[U8], U8]
SIDE, DEFECT = 112, 36
FINGERPRINT = Fingerprint(
    extractor="thumbnail", weights_sha256="", resize="area", input_px=8, dtype="float32", dimensions=64
)


def texture(seed: int, side: int, spread: float) -> U8:
    """Smooth noise around middle grey."""
    noise = cv2.GaussianBlur(np.random.default_rng(seed).normal(size=(side, side)), (0, 0), spread)
    return np.clip(120 + 35 * noise / noise.std(), 0, 255).astype(np.uint8)


def disk() -> NDArray[np.bool_]:
    """A lopsided mask, so that turning it shows."""
    ys, xs = np.mgrid[-1 : 1 : DEFECT * 1j, -1 : 1 : DEFECT * 1j]
    return np.asarray(xs**2 + ys**2 / (0.6 + 0.3 * (xs > 0)) < 0.95)


def write_item(folder: Path, name: str, background: U8, defect: U8 | None, at: tuple[int, int] = (30, 40)) -> Item:
    """A picture with a defect's values inside the mask at a place, with its good twin."""
    folder.mkdir(parents=True, exist_ok=True)
    image, mask = background.copy(), np.zeros_like(background)
    if defect is not None:
        y, x = at
        shape = cv2.resize(disk().astype(np.uint8), defect.shape[::-1], interpolation=cv2.INTER_NEAREST) > 0
        h, w = defect.shape
        image[y : y + h, x : x + w][shape] = defect[shape]
        mask[y : y + h, x : x + w][shape] = 255
    for kind, pixels in (("i", image), ("m", mask), ("g", background)):
        write_picture(folder / f"{kind}_{name}.png", pixels)
    if defect is None:
        return Item(name, folder / f"i_{name}.png", defect="good", group=name)
    x, y, w, h = cv2.boundingRect(mask)
    return Item(
        name, folder / f"i_{name}.png", folder / f"m_{name}.png", folder / f"g_{name}.png", "spot",
        ((x, y, x + w, y + h),), group=name,
    )  # fmt: skip


def train_items(folder: Path, number: int = 12) -> list[Item]:
    return [write_item(folder, f"t{i}", texture(i, SIDE, 3), texture(100 + i, DEFECT, 2)) for i in range(number)]


def features(collection: Collection, view: View) -> Features:
    found = list(crops(collection, view))
    vectors = [cv2.resize(crop.pixels[..., 0], (8, 8), interpolation=cv2.INTER_AREA).ravel() for crop in found]
    return Features(
        np.array(vectors, np.float32).reshape(len(found), 64), None, tuple(crop.item.group for crop in found),
        tuple(crop.item.name for crop in found), tuple(crop.item.defect for crop in found), FINGERPRINT,
    )  # fmt: skip


def look(synth: list[Item], train: list[Item], folder: Path, view: View = "window") -> tuple[CopyPair, ...]:
    one, other = Collection(folder, "folder", tuple(synth)), Collection(folder, "folder", tuple(train))
    return copies(one, other, features(one, view), features(other, view), view=view)


CHANGES: dict[str, Change] = {
    "exact": lambda defect: defect,
    "flipped": lambda defect: defect[:, ::-1],
    "turned": lambda defect: np.rot90(defect),
    "re-exposed": lambda defect: np.clip(0.7 * defect + 40.0, 0, 255).astype(np.uint8),
    "larger": lambda defect: cv2.resize(defect, (44, 44)),
    "stretched": lambda defect: cv2.resize(defect, (48, 34)),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_defect_pasted_elsewhere_is_a_copy(change: str, tmp_path: Path) -> None:
    train = train_items(tmp_path / "train")
    defect = np.ascontiguousarray(CHANGES[change](texture(104, DEFECT, 2)))
    pasted = write_item(tmp_path / "set", "s", texture(900, SIDE, 3), defect, at=(11, 55))
    if change in ("flipped", "turned"):  # The mask goes along with what it holds
        pasted = moved_whole(tmp_path / "set", CHANGES[change])
    (pair,) = look([pasted], train, tmp_path)
    assert pair.is_copy and pair.train == "t4" and pair.correlation > 0.9
    assert pair.view == "window" and 0 <= pair.distance <= 2
    x0, y0, x1, y1 = pair.train_box
    assert x0 < 42 < 74 < x1 and y0 < 32 < 64 < y1


def moved_whole(folder: Path, change: Change) -> Item:
    background, mask = texture(900, SIDE, 3), np.zeros((SIDE, SIDE), np.uint8)
    image = background.copy()
    defect, shape = change(texture(104, DEFECT, 2)), change(disk().astype(np.uint8)) > 0
    image[11 : 11 + DEFECT, 55 : 55 + DEFECT][shape] = defect[shape]
    mask[11 : 11 + DEFECT, 55 : 55 + DEFECT][shape] = 255
    for name, pixels in (("i", image), ("m", mask), ("g", background)):
        write_picture(folder / f"{name}_w.png", pixels)
    x, y, w, h = cv2.boundingRect(mask)
    box = ((x, y, x + w, y + h),)
    return Item("s", folder / "i_w.png", folder / "m_w.png", folder / "g_w.png", "spot", box, group="s")


def test_defects_of_their_own_are_no_copies(tmp_path: Path) -> None:
    train = train_items(tmp_path / "train")
    own = [
        write_item(tmp_path / "set", f"s{i}", texture(900 + i, SIDE, 3), texture(700 + i, DEFECT, 2)) for i in range(8)
    ]
    pairs = look(own, train, tmp_path)
    assert len(pairs) == 8 and not any(pair.is_copy for pair in pairs)


@pytest.mark.parametrize("view", ["window", "image"])
def test_a_shared_background_is_no_copy(view: View, tmp_path: Path) -> None:
    """The set was made on the good picture that lies in training, which has a defective picture of that part too."""
    train = train_items(tmp_path / "train")
    train.append(write_item(tmp_path / "train", "good4", texture(4, SIDE, 3), None))
    made = write_item(tmp_path / "set", "s", texture(4, SIDE, 3), texture(700, DEFECT, 2), at=(70, 8))
    (pair,) = look([made], train, tmp_path, view)
    assert not pair.is_copy


def test_a_place_that_looked_so_before_is_no_copy(tmp_path: Path) -> None:
    """The mask lies on a place of the good picture that a training mask shows, and nothing was changed there."""
    train = train_items(tmp_path / "train")
    background = texture(900, SIDE, 3)
    background[30 : 30 + DEFECT, 40 : 40 + DEFECT] = texture(104, DEFECT, 2)
    (pair,) = look([write_item(tmp_path / "set", "s", background, texture(104, DEFECT, 2))], train, tmp_path)
    assert not pair.is_copy


@pytest.mark.parametrize("change", ["exact", "flipped", "re-exposed"])
def test_a_whole_picture_is_found_without_masks(change: str, tmp_path: Path) -> None:
    train = train_items(tmp_path / "train")
    whole = cv2.imread(str(train[4].image), cv2.IMREAD_GRAYSCALE)
    write_picture(tmp_path / "s.png", np.ascontiguousarray(CHANGES[change](np.asarray(whole, np.uint8))))
    pairs = look([Item("s", tmp_path / "s.png", group="s")], train, tmp_path, "image")
    assert [(pair.is_copy, pair.train) for pair in pairs] == [(True, "t4")]


def test_a_shifted_picture_is_found(tmp_path: Path) -> None:
    train = train_items(tmp_path / "train")
    whole = np.asarray(cv2.imread(str(train[4].image), cv2.IMREAD_GRAYSCALE), np.uint8)
    write_picture(tmp_path / "s.png", np.roll(whole, (5, -4), axis=(0, 1)))
    (pair,) = look([Item("s", tmp_path / "s.png", group="s")], train, tmp_path, "image")
    assert pair.is_copy and pair.train == "t4"


def test_masks_too_small_to_tell_and_pictures_without_masks_are_passed_over(tmp_path: Path) -> None:
    train = train_items(tmp_path / "train", 3)
    tiny = write_item(tmp_path / "set", "s", texture(900, SIDE, 3), texture(1, 5, 1))
    assert (cv2.imread(str(tiny.mask), cv2.IMREAD_GRAYSCALE) > 0).sum() < LEAST_POINTS
    bare = Item("bare", train[0].image, defect="spot", boxes=((3, 3, 30, 30),), group="bare")
    assert look([tiny, bare], train, tmp_path) == ()
    assert look([train[0]], [write_item(tmp_path / "train", "good", texture(4, SIDE, 3), None)], tmp_path) == ()


def test_the_limit_comes_from_real_defects_of_other_groups(tmp_path: Path) -> None:
    few = Bank(list(patches(Collection(tmp_path, "folder", tuple(train_items(tmp_path / "few"))), "window")))
    assert copy_limit(few) == FALLBACK
    items = train_items(tmp_path / "many", FEWEST)
    many = Bank(list(patches(Collection(tmp_path, "folder", tuple(items)), "window")))
    limit = copy_limit(many)
    scores = [match.score for patch in many.patches[::5] if (match := many.match(patch, without=patch.group))]
    assert 0 < limit != FALLBACK and len(scores) == FEWEST // 5
    assert np.median(scores) < limit and max(scores) < 2 * limit
