"""The pictures of a trial: those on which the trainings disagree, and no others."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from defectgen.errors import InputError
from defectgen.report.gain_gallery import disagreements
from defectgen.report.gain_pictures import telling_pictures
from tests.report.small_trial import small_trial
from tests.report.trial_pictures import KEYS, seen, small_pool

NAMES = ("Real only", "Compact model")
POOL = small_pool()
CRACKS, HOLES = (2,), (1,)


def side(finds: tuple[int, ...], start: int = 0, maps: bool = True) -> dict[tuple[int, int], object]:
    return {key: seen(POOL, finds, start + 10 * key[0] + key[1], maps and key[1] == 0) for key in KEYS}


def test_each_side_shows_what_it_alone_finds() -> None:
    ours, theirs = disagreements(POOL, side(HOLES), side(CRACKS, 500), NAMES)  # type: ignore[arg-type]
    assert ours.title == "Found with Compact model, missed with Real only"
    for gallery, kind in ((ours, "crack"), (theirs, "blowhole")):
        assert 1 <= len(gallery.strips) <= 6
        for strip in gallery.strips:
            assert [tile.label.split(":")[0] for tile in strip.tiles] == [kind, *NAMES]
            assert all(tile.uri and tile.uri.startswith("data:image/jpeg") for tile in strip.tiles)


def test_counts_are_of_trainings() -> None:
    ours, _ = disagreements(POOL, side(()), side(CRACKS, 500), NAMES)  # type: ignore[arg-type]
    for strip in ours.strips:
        base, arm = (int(tile.label.split(": ")[1].split(" of ")[0]) for tile in strip.tiles[1:])
        assert arm == 15 and base < 8 and strip.tiles[1].label.endswith(f"of {len(KEYS)}")


def test_of_one_group_only_one_is_shown() -> None:
    alike = replace(POOL, groups=tuple("one part" if k == 2 else str(i) for i, k in enumerate(POOL.labels)))
    ours, theirs = disagreements(alike, side(HOLES), side(CRACKS, 500), NAMES)  # type: ignore[arg-type]
    assert len(ours.strips) == 1 and len(theirs.strips) > 1


def test_equal_trainings_disagree_on_nothing() -> None:
    ours, theirs = disagreements(POOL, side(CRACKS), side(CRACKS), NAMES)  # type: ignore[arg-type]
    assert ours.strips == theirs.strips == () and "no picture" in ours.empty


def test_trainings_without_maps_show_their_pictures() -> None:
    ours, _ = disagreements(POOL, side(HOLES, maps=False), side(CRACKS, 500, maps=False), NAMES)  # type: ignore[arg-type]
    assert ours.strips


def test_they_are_read_from_the_cache(tmp_path: Path) -> None:
    effects = {"none": 0.0, "compact": 0.1}
    result = small_trial(("segment",), effects=effects, classes=POOL.classes)
    result = result.model_copy(update={"test": result.test.model_copy(update={"names": POOL.names})})
    for cell in result.cells:
        one = seen(POOL, HOLES if cell.arm == "none" else CRACKS, 10 * cell.draw + cell.seed)
        np.savez(tmp_path / f"{cell.key}.npz", scores=one.scores, **({"maps": one.maps} if cell.seed == 0 else {}))
    galleries = telling_pictures(result, POOL, tmp_path)
    assert [bool(one.strips) for one in galleries] == [True, True] and galleries[0].title.startswith("Outlines: Found")
    assert telling_pictures(result, POOL, tmp_path / "nowhere") == ()


def test_ours_stands_against_the_best_other_arm(tmp_path: Path) -> None:
    result = small_trial(("segment",), classes=POOL.classes, effects={"none": 0, "compact": 0.1, "perlin": 0.2, "x": 0})
    result = result.model_copy(update={"test": result.test.model_copy(update={"names": POOL.names})})
    for cell in result.cells:
        one = seen(POOL, HOLES if cell.arm == "perlin" else CRACKS, 10 * cell.draw + cell.seed)
        np.savez(tmp_path / f"{cell.key}.npz", scores=one.scores)
    titles = [one.title.removeprefix("Outlines: ") for one in telling_pictures(result, POOL, tmp_path)]
    assert titles[2:] == [
        "Found with Compact model, missed with Perlin noise", "Found with Perlin noise, missed with Compact model",
    ]  # fmt: skip


def test_other_test_pictures_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not those of the study"):
        telling_pictures(small_trial(("segment",)), POOL, tmp_path)
