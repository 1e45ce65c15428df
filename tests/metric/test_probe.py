"""Probes: equal sides score near 0.5, what was damaged is told apart, and nothing leaks through groups."""

from __future__ import annotations

import base64
import hashlib
import io
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict

from defectgen.band import grow
from defectgen.image import encode_png
from defectgen.metric.activation import Lite0Maps
from defectgen.metric.background import GUARD_PX, background_pairs
from defectgen.metric.cached_extractor import CachedExtractor
from defectgen.metric.collection import Collection, Item
from defectgen.metric.cue import Cues, same_sizes
from defectgen.metric.extractor import Features
from defectgen.metric.group_link import link_groups
from defectgen.metric.heat_map import evidence, heat_png
from defectgen.metric.lite0 import lite0
from defectgen.metric.probe import artefact_probe, realism_probe
from defectgen.metric.residual import TILE, ResidualExtractor
from defectgen.metric.result import Fingerprint
from defectgen.metric.separation import auroc, even_rows, halves, separate
from defectgen.record import Record

U8 = NDArray[np.uint8]
Sides = tuple[NDArray[np.float32], NDArray[np.bool_], NDArray[np.int64]]
SIDE = 96
PLAIN = Fingerprint(extractor="plain", weights_sha256="", resize="none", input_px=1, dtype="float32", dimensions=12)


def rows_of(n: int, per_group: int, effect: float, seed: int, name: str) -> Features:
    """Normal rows around their group's centre, which lies `effect` from 0 in each dimension."""
    rng = np.random.default_rng(seed)
    group = np.arange(n) // per_group
    centres = effect * rng.standard_normal((group.max() + 1, PLAIN.dimensions))
    vectors = (centres[group] + rng.standard_normal((n, PLAIN.dimensions))).astype(np.float32)
    names = tuple(f"{name}{i}" for i in range(n))
    return Features(vectors, None, tuple(f"{name}-{g}" for g in group), names, ("crack",) * n, PLAIN)


def two_sides(
    n: int, per_group: int, effect: float, seed: int
) -> tuple[NDArray[np.float32], NDArray[np.bool_], NDArray[np.int64]]:
    ours, theirs = rows_of(n, per_group, effect, seed, "a"), rows_of(n, per_group, effect, seed + 999, "b")
    first = np.arange(2 * n) < n
    return np.concatenate([ours.vectors, theirs.vectors]), first, np.arange(2 * n) // per_group


def surface(seed: int, side: int = SIDE) -> U8:
    """A grained surface with sensor noise, grey as RGB."""
    rng = np.random.default_rng(seed)
    grain = cv2.GaussianBlur(rng.standard_normal((side, side)).astype(np.float32), (0, 0), 1.5)
    grey = 120 + 60 * grain + rng.normal(0, 4, (side, side))
    return np.repeat(np.clip(np.rint(grey), 0, 255).astype(np.uint8)[..., None], 3, axis=2)


def jpeg(picture: U8) -> U8:
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "JPEG", quality=75)
    return np.asarray(Image.open(buffer).convert("RGB"))


def noised(picture: U8) -> U8:
    noise = np.random.default_rng(int(picture.sum())).normal(0, 4, picture.shape[:2])[..., None]
    return np.clip(np.rint(picture + noise), 0, 255).astype(np.uint8)


def blurred(picture: U8) -> U8:
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), 0.7))


def residuals(pictures: list[U8], name: str) -> Features:
    eye = ResidualExtractor()
    names = tuple(f"{name}{i}" for i in range(len(pictures)))
    return Features(eye.extract(pictures)[0], None, names, names, ("crack",) * len(names), eye.fingerprint)


def untouched_again(picture: U8) -> U8:
    return picture


def collection(folder: Path, n: int, edit: Callable[[U8], U8], first: int = 0, twins: bool = True) -> Collection:
    """Pictures of surfaces with a dark square defect; `edit` is what the generator does to the whole picture."""
    folder.mkdir(parents=True)
    items = []
    for i in range(n):
        good = surface(first + i, 160)
        x, y = (int(v) for v in np.random.default_rng(first + i).integers(10, 110, 2))
        mask = np.zeros(good.shape[:2], np.uint8)
        mask[y : y + 24, x : x + 24] = 255
        picture = edit(np.where(mask[..., None] > 0, good // 2, good).astype(np.uint8))
        for kind, pixels in (("image", picture), ("mask", mask), ("good", good)):
            (folder / f"{i}-{kind}.png").write_bytes(encode_png(pixels))
        own = folder / f"{i}-good.png" if twins else None
        items.append(
            Item(f"{i}.png", folder / f"{i}-image.png", folder / f"{i}-mask.png", own, "dent", group=f"g{first + i}")
        )
    return Collection(folder, "folder", tuple(items))


def test_equal_sides_score_near_a_half_with_an_interval_that_covers_it() -> None:
    found = [separate(*two_sides(80, 2, 0.0, seed), seed).auroc for seed in range(6)]
    assert abs(np.mean([one.value for one in found]) - 0.5) < 0.05
    assert sum(one.low <= 0.5 <= one.high for one in found) >= 5


def test_a_difference_is_found() -> None:
    vectors, first, groups = two_sides(80, 2, 0.0, 0)
    vectors[first, 0] += 2.0
    found = separate(vectors, first, groups, 0).auroc
    assert found.low > 0.8
    assert found.value == pytest.approx(0.9, abs=0.07)


def test_groups_never_straddle_folds() -> None:
    vectors, first, groups = two_sides(60, 6, 1.0, 0)
    folds = separate(vectors, first, groups, 0).folds
    for group in range(groups.max() + 1):
        assert len(set(folds[groups == group])) == 1


def test_what_is_remembered_of_a_group_does_not_count() -> None:
    ours, naive = [], []
    for seed in range(5):
        vectors, first, groups = two_sides(72, 6, 3.0, seed)
        mixed = np.random.default_rng(seed).permutation(len(first))
        model = LogisticRegression(max_iter=1000)
        answers = cross_val_predict(model, vectors[mixed], first[mixed], cv=5, method="decision_function")
        naive.append(auroc(answers, first[mixed]))
        ours.append(separate(vectors, first, groups, seed).auroc.value)
    assert np.mean(naive) > 0.9
    assert abs(np.mean(ours) - 0.5) < 0.15


def test_shuffled_labels_score_a_half() -> None:
    vectors, first, groups = two_sides(80, 1, 0.0, 3)
    vectors[first, 0] += 3.0
    values = [
        separate(vectors, np.random.default_rng(seed).permutation(first), groups, seed).auroc.value for seed in range(6)
    ]
    assert abs(np.mean(values) - 0.5) < 0.07


def test_halves_of_one_kind_score_a_half() -> None:
    rows = rows_of(120, 3, 2.0, 0, "a")
    floor, n = halves(rows.vectors, np.arange(120) // 3, 100, 0, repeats=20)
    assert floor.low is not None and floor.high is not None
    assert floor.low < 0.5 < floor.high
    assert 55 <= n <= 60


def test_auroc_counts_pairs_and_halves_ties() -> None:
    assert auroc(np.array([3.0, 1.0, 2.0, 0.0]), np.array([True, True, False, False])) == 0.75
    assert auroc(np.zeros(4), np.array([True, False, False, True])) == 0.5


def test_even_rows_take_a_row_of_each_group_first() -> None:
    groups = np.array([0, 0, 0, 0, 1, 2, 3, 4, 5, 6])
    first = np.arange(10) < 6
    rows = even_rows(groups, first, 3, np.random.default_rng(0))
    assert sorted(groups[rows[:3]]) == [0, 1, 2]
    assert len(rows) == 6


@pytest.mark.parametrize("damage", [blurred, noised, jpeg])
def test_residuals_show_damage_that_is_hard_to_see(damage: Callable[[U8], U8]) -> None:
    ours = residuals([damage(surface(i)) for i in range(40)], "a")
    theirs = residuals([surface(100 + i) for i in range(40)], "b")
    found = realism_probe(ours, theirs)
    assert found.auroc is not None and found.auroc.low is not None
    assert found.auroc.low > 0.9


def test_residuals_of_untouched_surface_say_nothing() -> None:
    eye = ResidualExtractor()
    vectors = eye.extract([surface(i) for i in range(160)])[0]
    first, groups = np.arange(80) < 40, np.arange(80)
    values = []
    for seed in range(4):
        drawn = np.random.default_rng(seed).permutation(160)[:80]
        values.append(separate(vectors[drawn], first, groups, seed, repeats=1).auroc.value)
    assert abs(np.mean(values) - 0.5) < 0.1


def test_residual_maps_average_to_the_vector() -> None:
    eye = ResidualExtractor()
    pictures = [surface(0), surface(1, 20), surface(2, 300)]
    vectors, probabilities = eye.extract(pictures)
    assert probabilities is None
    assert vectors.shape == (3, eye.fingerprint.dimensions)
    for vector, grid in zip(vectors, eye.maps(pictures), strict=True):
        np.testing.assert_allclose(vector, grid.mean((1, 2)), rtol=1e-5)


def test_colour_noise_and_depth_of_grain_change_the_vector() -> None:
    picture = surface(0)
    tinted = picture.copy()
    tinted[..., 0] = noised(picture)[..., 0]
    vectors = ResidualExtractor().extract([picture, tinted])[0]
    assert np.abs(vectors[0, -2:] - vectors[1, -2:]).max() > 1


@pytest.mark.parametrize(("counts", "message"), [((12, 90), "smallest n is 20 a side"), ((90, 12), "12 real ones")])
def test_too_few_windows_are_refused(counts: tuple[int, int], message: str) -> None:
    found = realism_probe(rows_of(counts[0], 1, 0, 0, "a"), rows_of(counts[1], 1, 0, 1, "b"))
    assert found.auroc is None and found.refused is not None
    assert message in found.refused


def test_too_few_groups_are_refused() -> None:
    found = realism_probe(rows_of(40, 10, 0, 0, "a"), rows_of(40, 1, 0, 1, "b"))
    assert found.refused == "4 groups in the set and 40 real ones; at least 5 a side are needed"


def test_the_same_seed_gives_the_same_result_and_another_one_does_not() -> None:
    ours, theirs = rows_of(60, 2, 1.0, 0, "a"), rows_of(90, 3, 1.0, 1, "b")
    assert realism_probe(ours, theirs, seed=4) == realism_probe(ours, theirs, seed=4)
    assert realism_probe(ours, theirs, seed=4).auroc != realism_probe(ours, theirs, seed=5).auroc


def test_sides_have_equally_many_windows() -> None:
    found = realism_probe(rows_of(60, 2, 1.0, 0, "a"), rows_of(90, 3, 1.0, 1, "b"))
    assert found.n_set == found.n_real == 60
    assert "floor at 45 windows a side" in found.flags


def test_windows_of_equal_sizes_are_kept_where_size_is_a_giveaway() -> None:
    ours, theirs = rows_of(80, 1, 0, 0, "a"), rows_of(80, 1, 0, 1, "b")
    ours.vectors[:, 0] = np.r_[np.full(40, 64), np.full(40, 256)]
    theirs.vectors[:, 0] = np.r_[np.full(70, 64), np.full(10, 256)]
    flat = np.full(80, 100.0)
    cues = tuple(Cues(side.vectors[:, 0].astype(np.float64), flat, flat) for side in (ours, theirs))
    found = realism_probe(ours, theirs, cues=(cues[0], cues[1]))
    assert found.n_set == 50
    assert found.flags[0].startswith("window sizes alone told them apart (AUROC 0.69)")
    assert found.auroc is not None and abs(found.auroc.value - 0.5) < 0.12
    rows = same_sizes(*cues, np.random.default_rng(0))
    assert sorted(cues[0].side[rows[0]]) == sorted(cues[1].side[rows[1]])


def test_background_windows_keep_clear_of_defects_and_beside_another_group(tmp_path: Path) -> None:
    synth = collection(tmp_path / "set", 9, untouched_again)
    pairs = list(background_pairs(synth, None, 100, np.random.default_rng(0)))
    assert len(pairs) >= 9
    by_name = {item.name: item for item in synth.items}
    for pair in pairs:
        name, _, place = pair.ours.name.partition(" at ")
        x, y = map(int, place.split(","))
        mask = by_name[name].mask_pixels()
        assert mask is not None
        side = pair.ours.pixels.shape[0]
        assert not grow(mask, GUARD_PX)[y : y + side, x : x + side].any()
        assert pair.ours.pixels.shape == pair.untouched.pixels.shape
        assert pair.untouched.name.partition(" ")[0] != name
        assert pair.untouched.name.endswith(place)
        assert pair.ours.group == pair.untouched.group


def test_couples_share_no_picture(tmp_path: Path) -> None:
    synth = collection(tmp_path / "set", 9, untouched_again)
    couples: dict[str, set[str]] = {}
    for pair in background_pairs(synth, None, 100, np.random.default_rng(0)):
        names = {pair.ours.name.partition(" ")[0], pair.untouched.name.partition(" ")[0]}
        couples.setdefault(pair.ours.group, set()).update(names)
    assert sum(len(names) for names in couples.values()) == len(set.union(*couples.values()))
    assert len(couples) <= 4


@pytest.mark.parametrize(("edit", "low", "high"), [(untouched_again, 0.3, 0.7), (jpeg, 0.9, 1.0)])
def test_the_artefact_probe_sees_what_happened_to_the_background(
    tmp_path: Path, edit: Callable[[U8], U8], low: float, high: float
) -> None:
    found = artefact_probe(collection(tmp_path / "set", 40, edit), None, ResidualExtractor())
    assert found.auroc is not None
    assert low <= found.auroc.value <= high
    assert "untouched surface: the set's own good pictures" in found.flags


def test_the_artefact_probe_takes_real_good_pictures_where_the_set_has_none(tmp_path: Path) -> None:
    synth = collection(tmp_path / "set", 24, blurred, twins=False)
    real = collection(tmp_path / "real", 24, untouched_again, first=50)
    good = Collection(
        real.path, "folder", tuple(Item(i.name, i.good or i.image, defect="good", group=i.group) for i in real.items)
    )
    found = artefact_probe(synth, good, ResidualExtractor())
    assert found.auroc is not None and found.auroc.value > 0.9
    assert found.flags[0].startswith("untouched surface: good pictures of the real set")
    nothing = artefact_probe(synth, None, ResidualExtractor())
    assert nothing.refused is not None and "smallest n is 20" in nothing.refused


def test_heat_peaks_where_a_patch_was_planted() -> None:
    def planted(seed: int) -> U8:
        picture = surface(seed)
        picture[60:92, 4:36] = noised(noised(picture))[60:92, 4:36]
        return picture

    eye = ResidualExtractor()
    pictures = [planted(i) for i in range(40)]
    vectors = np.concatenate([eye.extract(pictures)[0], eye.extract([surface(100 + i) for i in range(40)])[0]])
    told = separate(vectors, np.arange(80) < 40, np.arange(80), 0)
    row = int(np.argmax(told.scores[:40]))
    head = told.heads[int(told.folds[row])]
    heat = evidence(pictures[row], head, eye)
    assert heat.mean() == pytest.approx(told.scores[row], abs=1e-4)
    y, x = np.unravel_index(heat.argmax(), heat.shape)
    assert 2 * y >= heat.shape[0] and 2 * x < heat.shape[1]


class Brightness:
    """An extractor without maps: shares of pixels over two levels."""

    label, fingerprint = "Brightness", PLAIN.model_copy(update={"dimensions": 2})

    def extract(self, pictures: Sequence[U8]) -> tuple[NDArray[np.float32], None]:
        return np.array([[(one > 200).mean(), (one > 100).mean()] for one in pictures], np.float32), None


def test_occlusion_peaks_where_the_score_comes_from() -> None:
    picture = np.full((70, 70, 3), 20, np.uint8)
    picture[50:60, 20:30] = 255
    heat = evidence(picture, lambda vectors: vectors @ np.array([1.0, 0.0]), Brightness())
    assert np.unravel_index(heat.argmax(), heat.shape) == (5, 2)
    assert heat.max() == pytest.approx(100 / 4900)


def test_a_heat_map_is_a_picture_of_the_window_beside_its_heat() -> None:
    heat = np.zeros((7, 7))
    heat[5, 2] = 1.0
    shown = np.asarray(Image.open(io.BytesIO(base64.b64decode(heat_png(surface(0, TILE * 2), heat)))))
    assert shown.shape == (224, 456, 3)
    warmth = shown[:, 232:].max(2).astype(int) - shown[:, 232:].min(2)
    assert warmth[160:192, 64:96].mean() > 40 > 1 > warmth[:64].mean()


def record_of(source: Path) -> Record:
    return Record(
        file_name="a.png", mask_file_name=None, good_file_name=None, text="", defect="dent", material=None, boxes=(),
        split="train", group="own", source=source.name, licence="user",
        source_sha256=hashlib.sha256(source.read_bytes()).hexdigest(),
    )  # fmt: skip


def test_generated_pictures_take_the_group_of_the_real_part(tmp_path: Path) -> None:
    synth = collection(tmp_path / "set", 3, untouched_again)
    real = collection(tmp_path / "real", 3, untouched_again, first=7)
    known, unknown, plain = synth.items
    known = replace(known, record=record_of(real.items[2].image))
    unknown = replace(unknown, record=record_of(known.image))
    linked, count = link_groups(replace(synth, items=(known, unknown, plain)), real)
    assert count == 1
    assert [item.group for item in linked.items] == ["g9", "g1", "set/g2"]


def test_maps_of_lite0_average_to_its_vectors() -> None:
    pictures = [surface(0), surface(1, 300)]
    eye = lite0()
    vectors = eye.extract(pictures)[0]
    grids = Lite0Maps("clean").maps(pictures)
    assert grids[0].shape == (1280, 7, 7)
    np.testing.assert_allclose(np.stack([grid.mean((1, 2)) for grid in grids]), vectors, atol=2e-3)


def test_a_cached_extractor_looks_once_and_says_the_same(tmp_path: Path) -> None:
    looked: list[int] = []

    class Counting(Brightness):
        def extract(self, pictures: Sequence[U8]) -> tuple[NDArray[np.float32], None]:
            looked.append(len(pictures))
            return super().extract(pictures)

    eye = Counting()
    pictures = [surface(0), surface(1), surface(0)]
    first = CachedExtractor(eye, tmp_path).extract(pictures)[0]
    second = CachedExtractor(eye, tmp_path).extract([*pictures, surface(2)])[0]
    np.testing.assert_array_equal(first, Brightness().extract(pictures)[0])
    np.testing.assert_array_equal(first, second[:3])
    assert looked == [2, 1]
