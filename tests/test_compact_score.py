"""Parts of eval/compact that are plain functions: benches, windows on the disk, tables and the page for the eye."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from defectgen.book import load_book
from defectgen.dataset.importer import import_set
from defectgen.dataset.item import ImportOptions
from defectgen.train.real import RealPicture

COMPACT = Path(__file__).resolve().parents[1] / "eval" / "compact"


@pytest.fixture(autouse=True)
def _scripts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(COMPACT))


def picture(group: str, seed: int, defect: bool, side: int = 160) -> RealPicture:
    rng = np.random.default_rng(seed)
    rgb = np.repeat(np.clip(rng.normal(128, 6, (side, side, 1)), 0, 255), 3, axis=2).astype(np.uint8)
    mask = np.zeros((side, side), np.bool_)
    if defect:
        mask[60:70, 40:100] = True
        rgb[mask] = 40
    found = (("crack", mask),) if defect else ()
    return RealPicture("toy", group, Path(f"{group}-{seed}.png"), "steel", rgb, found)


def held(goods: int) -> list[RealPicture]:
    return [picture(f"d{i}", i, True) for i in range(2)] + [picture(f"g{i}", 50 + i, False) for i in range(goods)]


def test_a_bench_survives_the_disk_and_its_goods_are_strangers(tmp_path: Path) -> None:
    from bench import bench_of, load_bench, save_bench

    book = load_book()
    drawn = bench_of(held(3), [picture("t", 9, True)], 3, 1, book)
    assert [len(drawn.cases), len(drawn.extra), len(drawn.training)] == [3, 3, 6]
    assert all(group.startswith("g") for group in drawn.good_groups)
    save_bench(drawn, tmp_path / "bench.npz")
    again = load_bench(tmp_path / "bench.npz", book)
    assert all(np.array_equal(a.pair.target, b.pair.target) for a, b in zip(drawn.cases, again.cases, strict=True))
    assert [c.cut for c in drawn.cases] == [c.cut for c in again.cases]
    assert again.good_groups == drawn.good_groups and again.cases[0].defect == drawn.cases[0].defect


def test_too_few_good_pictures_are_replaced_by_others_without_their_defects() -> None:
    from bench import bench_of, most_windows

    drawn = bench_of(held(1), [picture("t", 9, True)], 40, 1, load_book())
    assert len(drawn.cases) == most_windows(40, 2) == 24
    assert all(group != case.group for group, case in zip(drawn.good_groups, drawn.cases, strict=True))
    # The pseudo-good window has no dark defect any more
    assert min(float(good.min()) for good in drawn.goods) > 60


def test_a_window_is_moved_into_a_smaller_picture() -> None:
    from bench import fit_cut

    assert fit_cut((90, 10, 100), (120, 150)) == (50, 10, 100)
    assert fit_cut((90, 10, 100), (80, 150)) == (70, 0, 80)


def test_controls_and_pasting_say_the_truth_about_their_masks() -> None:
    from bench import bench_of
    from makers import make_maker

    drawn = bench_of(held(3), [picture("t", 9, True)], 2, 1, load_book())
    case, good = drawn.cases[0], drawn.goods[0]
    for name in ("plain-paste", "seamless", "inpaint", "render", "untouched"):
        made = make_maker(name, drawn, {})(case, good, 3)
        assert made.picture.shape == good.shape and made.mask.any()
        changed = (made.picture != good).any(axis=2)
        assert changed.any() == (name != "untouched")
        if name in ("plain-paste", "inpaint"):
            assert not (changed & ~made.mask).any()
    assert make_maker("render", drawn, {})(case, good, 3).outside_px == 0


def test_windows_survive_the_disk(tmp_path: Path) -> None:
    from makers import Made
    from score import Windows, load_windows, save_windows

    blank = np.zeros((8, 8, 3), np.uint8)
    one, two = Made(blank, blank[..., 0] > 0, True, 0.75, 0), Made(blank + 9, blank[..., 0] == 0)
    save_windows(Windows((one, two), (two,), ((one, two), (two, one)), 0.25), tmp_path / "w.npz")
    again = load_windows(tmp_path / "w.npz")
    assert [m.kept for m in again.main] == [True, None] and again.main[0].prescribed_iou == 0.75
    assert [len(again.paired), len(again.spread), len(again.spread[0])] == [1, 2, 2] and again.cpu_seconds == 0.25
    assert np.array_equal(again.spread[1][0].picture, two.picture)


def test_artefacts_are_ruled_out_only_where_no_byte_differs() -> None:
    from makers import Made
    from marks import artefacts

    good, mask = np.full((32, 32, 3), 90, np.uint8), np.zeros((32, 32), np.bool_)
    mask[10:14, 10:14] = True
    inside = good.copy()
    inside[mask] = 10
    found = artefacts([Made(inside, mask)], [good], ["g"], None)  # type: ignore[arg-type]
    assert found["how"] == "identity" and found["auroc"][0] == 0.5


def test_the_page_mixes_both_kinds_and_tells_only_below(tmp_path: Path) -> None:
    from eye import mixed, write_eye

    reals, made = [[np.full((8, 8, 3), v, np.uint8) for v in range(k, k + 5)] for k in (0, 100)]
    cells = mixed(reals, made, np.random.default_rng(0))
    assert sum(flag for _, flag in cells) == 5 and len(cells) == 10
    assert all((pixels[0, 0, 0] >= 100) == flag for pixels, flag in cells)
    assert [flag for _, flag in cells] != sorted(flag for _, flag in cells)
    write_eye({"toy": (reals, made), "empty": (reals, [])}, tmp_path / "eye.html", 0)
    page = (tmp_path / "eye.html").read_text()
    assert page.count("<img") == 10 and page.index("generated are") > page.rindex("<img")


def test_the_committed_results_can_be_shown(tmp_path: Path) -> None:
    from table import write_table

    for path in COMPACT.glob("*/**/result.json"):
        result: dict[str, Any] = json.loads(path.read_text())
        if "compact" in result and "sets" in result and isinstance(result["sets"], dict):
            write_table(result, tmp_path / "RESULT.md")
            assert (tmp_path / "RESULT.md").read_text() == path.with_name("RESULT.md").read_text()


def test_numbers_are_shown_with_bounds_where_there_are_any() -> None:
    from table import show

    assert show([0.412, 0.3, 0.52], 2) == "0.41 [0.30, 0.52]"
    assert show([0.412, None, None], 2) == show([0.412, 0.3, 0.5], 2, bounds=False) == "0.41"
    assert show(None, 2) == "-"


def tiles(root: Path) -> Path:
    """Magnetic tiles as their source lays them out: eight pictures of each of three kinds."""
    rng = np.random.default_rng(4)
    number = 0
    for kind in ("Crack", "Blowhole", "Free"):
        folder = root / f"MT_{kind}" / "Imgs"
        folder.mkdir(parents=True)
        for _ in range(8):
            number += 1000  # far from each other, or they would be views of one tile
            pixels = rng.integers(60, 200, (96, 96), dtype=np.uint8)
            mask = np.zeros((96, 96), np.uint8)
            if kind != "Free":
                mask[40:52, 30:60] = 255
            pixels[mask > 0] = 20
            Image.fromarray(pixels).save(folder / f"exp1_num_{number}.jpg", quality=95)
            Image.fromarray(mask).save(folder / f"exp1_num_{number}.png")
    return root


def test_draws_differ_in_their_shots_and_share_the_test_side(tmp_path: Path) -> None:
    from bench import bench_of
    from fewshot import pictures, split_shots

    whole = tmp_path / "whole"
    import_set("auto", tiles(tmp_path / "magnetic-tile"), whole, ImportOptions())
    before = (whole / "metadata.jsonl").read_text()
    draws = [split_shots(whole, 1, draw, tmp_path / f"draw{draw}") for draw in range(3)]
    tests = [sorted(str(p.path.name) for p in pictures(owner, "test")) for owner in draws]
    assert tests[0] == tests[1] == tests[2] and len(tests[0]) > 4
    shots = [[p for p in pictures(owner, "train") if p.defects] for owner in draws]
    assert all(sorted(p.defects[0][0] for p in one) == ["blowhole", "crack"] for one in shots)
    assert len({tuple(sorted(p.path.name for p in one)) for one in shots}) > 1
    assert not {p.path.name for one in shots for p in one} & set(tests[0])
    assert (whole / "metadata.jsonl").read_text() == before
    drawn = bench_of(list(pictures(draws[0], "test")), shots[0], 3, 0, load_book())
    assert {case.name for case in drawn.cases} <= {"blowhole", "crack"} and len(drawn.training) == 6
