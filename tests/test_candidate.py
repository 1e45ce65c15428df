"""Candidates: the best of several by label truth and likeness, recorded, and nothing else changes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from defectgen.bank_judge import BankJudge, make_judge
from defectgen.book import load_book
from defectgen.candidate import Choice, better
from defectgen.engine.window import EngineInfo, Window
from defectgen.errors import InputError
from defectgen.generate import generate
from defectgen.image import Pixels, read_picture
from defectgen.options import Options, check_options
from tests.dark_engine import DarkEngine
from tests.set_job import small_job, tree


@dataclass(frozen=True)
class MoodyEngine:
    """Darkens half of the mask, or all of it, as the seed has it; all of it to a depth by the seed."""

    window_px: int = 64

    @property
    def info(self) -> EngineInfo:
        return EngineInfo("moody", None, None, None)

    def edit(self, windows: Sequence[Window]) -> list[NDArray[np.float32]]:
        return [self._edit(window) for window in windows]

    def _edit(self, window: Window) -> NDArray[np.float32]:
        rng = np.random.default_rng(window.seed)
        alpha = window.shape.alpha.copy()
        if rng.random() < 0.5:
            alpha = cv2.erode(alpha, np.ones((5, 5), np.uint8))
        depth = 0.3 + 0.6 * rng.random()
        return np.asarray(window.good * (1 - depth * alpha[..., None]), np.float32)


def records(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "metadata.jsonl").read_text().splitlines()]


def test_more_candidates_never_make_labels_worse(tmp_path: Path) -> None:
    truth = {}
    for k in (1, 4):
        generate(small_job(tmp_path, n=6, candidates=k, out=tmp_path / str(k)), MoodyEngine())
        found = records(tmp_path / str(k))
        truth[k] = {r["index"]: r["prescribed_iou"] * r["changed_iou"] for r in found if r["attempts"] == 1}
        assert all(("candidate" in r) == (k > 1) for r in found)
    assert len({r["candidate"] for r in records(tmp_path / "4")}) > 1
    assert all(truth[4][i] >= truth[1][i] - 1e-3 for i in truth[1] if i in truth[4])
    assert sum(truth[4].values()) / len(truth[4]) > sum(truth[1].values()) / len(truth[1])


def test_the_first_candidate_is_what_would_have_been_made_without_a_choice(tmp_path: Path) -> None:
    for k in (1, 2):
        generate(small_job(tmp_path, n=6, candidates=k, out=tmp_path / str(k)), MoodyEngine())
    one, two = tree(tmp_path / "1"), tree(tmp_path / "2")
    first = [r["file_name"] for r in records(tmp_path / "2") if r["candidate"] == 0 and r["attempts"] == 1]
    assert first and all(one[name] == two[name] for name in first)


def test_a_sample_with_candidates_depends_on_its_index_alone(tmp_path: Path) -> None:
    generate(small_job(tmp_path, n=2, candidates=3, out=tmp_path / "two"), MoodyEngine())
    generate(small_job(tmp_path, n=4, candidates=3, batch=4, out=tmp_path / "four"), MoodyEngine())
    assert records(tmp_path / "two") == records(tmp_path / "four")[:2]


class Darkest:
    """Likes what is dark."""

    def likeness(self, pixels: Pixels, mask: NDArray[np.bool_]) -> float:
        return 1 - float(pixels[mask].mean()) / 255


def test_the_judge_has_a_say_and_is_recorded(tmp_path: Path) -> None:
    darkness = {}
    for name, judge in (("without", None), ("with", Darkest())):
        generate(small_job(tmp_path, n=6, candidates=5, out=tmp_path / name), MoodyEngine(), judge=judge)
        found = records(tmp_path / name)
        darkness[name] = np.mean([r["in_mask_delta"] for r in found])
        assert all((r.get("likeness") is not None) == (judge is not None) for r in found)
    assert darkness["with"] > darkness["without"]


def test_what_may_ship_comes_first() -> None:
    bad, good, best = Choice(0, False, 1.0, None), Choice(1, True, 0.6, 0.5), Choice(2, True, 0.6, 0.7)
    assert better(good, bad) and not better(bad, good) and better(best, good)
    assert not better(Choice(3, True, 0.6, 0.7), best), "the first of equals stays"


def test_real_defects_are_more_alike_than_others() -> None:
    rng = np.random.default_rng(0)
    ground = np.clip(rng.normal(140, 8, (6, 128, 128, 1)), 0, 255).repeat(3, 3).astype(np.uint8)
    mask = np.zeros((128, 128), np.bool_)
    mask[60:66, 20:108] = True
    scratches, blots = ground.copy(), ground.copy()
    for i in range(6):
        scratches[i][mask] = 30 + 5 * i
        cv2.circle(blots[i], (64, 64), 25 + i, (200, 60, 40), -1)
    blot = np.asarray(cv2.circle(np.zeros((128, 128), np.uint8), (64, 64), 27, 1, -1) > 0)
    judge = BankJudge([(one, mask) for one in scratches[:4]])
    like, unlike = judge.likeness(scratches[5], mask), judge.likeness(blots[5], blot)
    assert 0 <= unlike < like <= 1
    assert judge.likeness(scratches[0], mask) == pytest.approx(1.0, abs=1e-5)


def test_a_bank_makes_the_judge(tmp_path: Path) -> None:
    generate(small_job(tmp_path, n=3), DarkEngine())
    pit = load_book().defect("pitting")
    for given in ({"bank": tmp_path / "out"}, {"masks_from": tmp_path / "out"}):
        judge = make_judge(Options("pits on steel", engine="compact", candidates=2, **given), pit)
        assert judge is not None
        first = records(tmp_path / "out")[0]
        pixels = read_picture(tmp_path / "out" / first["file_name"]).pixels
        mask = read_picture(tmp_path / "out" / first["mask_file_name"]).pixels[..., 0] > 0
        assert judge.likeness(pixels, mask) > 0.9
    assert make_judge(Options("pits", masks_from=tmp_path / "out"), pit) is None
    assert make_judge(Options("pits", candidates=2), pit) is None


@pytest.mark.parametrize(
    "given",
    [{"candidates": 0}, {"candidates": 17}, {"candidates": 2, "engine": "render"}, {"bank": Path("somewhere")}],
    ids=str,
)  # fmt: skip
def test_what_cannot_be_chosen_from(given: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        check_options(Options("a crack", **given))


def test_compact_may_choose_too() -> None:
    check_options(Options("a crack", candidates=4, bank=Path("somewhere")))
