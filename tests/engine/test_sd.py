"""The sd engine on tiny real checkpoints: windows in, edited windows out, and whole sets with their contracts."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from defectgen.book import load_book
from defectgen.engine.sd import DETAIL, SdEngine
from defectgen.engine.window import Window
from defectgen.errors import InputError
from defectgen.generate import generate
from defectgen.image import read_picture
from defectgen.mask.shape import Shape
from defectgen.sd.options import SdOptions
from tests.sd.tiny import SIDE, save_tiny, save_tiny_controlnet
from tests.set_job import small_job, tree

PX = SIDE // DETAIL


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(save_tiny(tmp_path_factory.mktemp("sd") / "tiny"))


@pytest.fixture(scope="module")
def engine(model: str) -> SdEngine:
    return SdEngine(SdOptions(model, device="cpu", steps=3))


def window(seed: int = 1, text: str = "scratch", rows: slice = slice(24, 36), grey: bool = False) -> Window:
    alpha = np.zeros((PX, PX), np.float32)
    alpha[rows, 10:50] = 1
    shape = Shape(alpha, alpha, np.zeros_like(alpha), np.full_like(alpha, 6))
    rng = np.random.default_rng(0)
    good = np.clip(0.5 + rng.normal(0, 0.03, (PX, PX, 1 if grey else 3)), 0, 1).astype(np.float32)
    return Window(np.repeat(good, 3, 2) if grey else good, shape, text, 0.5, seed, load_book().defect("scratch"), None)


def test_edits_stay_at_the_mask(engine: SdEngine) -> None:
    one = window()
    edited = engine.edit([one])[0]
    assert engine.window_px == PX
    assert edited.shape == (PX, PX, 3) and edited.dtype == np.float32
    assert float(edited.min()) >= 0 and float(edited.max()) <= 1
    changed = np.abs(edited - one.good).max(-1)
    assert changed[26:34, 12:48].mean() > 3 / 255
    assert not changed[:19].any() and not changed[41:].any() and not changed[:, 55:].any()


def test_the_edit_follows_the_mask_elsewhere(engine: SdEngine) -> None:
    changed = np.abs(engine.edit([window(rows=slice(48, 56))])[0] - window().good).max(-1)
    assert not changed[:43].any() and changed[50:54, 12:48].mean() > 3 / 255


def test_a_hairline_is_not_lost_between_the_latents(engine: SdEngine) -> None:
    changed = np.abs(engine.edit([window(rows=slice(31, 32))])[0] - window().good).max(-1)
    assert changed[31, 12:48].mean() > 3 / 255


def test_a_window_gives_the_same_bytes_in_any_company(engine: SdEngine, model: str) -> None:
    alone = engine.edit([window(2)])[0]
    assert np.array_equal(alone, engine.edit([window(1), window(2), window(3)])[1])
    together = SdEngine(SdOptions(model, device="cpu", steps=3), together=3)
    batched = together.edit([window(1), window(2), window(3)])[1]
    assert np.abs(batched - alone).max() * 255 <= 2


@pytest.mark.parametrize("other", [window(seed=9), window(text="rust patch")])
def test_seed_and_words_each_change_the_edit(engine: SdEngine, other: Window) -> None:
    assert not np.array_equal(engine.edit([window()])[0], engine.edit([other])[0])


def test_a_grey_window_stays_grey(engine: SdEngine) -> None:
    edited = engine.edit([window(grey=True)])[0]
    assert np.array_equal(edited[..., 0], edited[..., 1]) and np.array_equal(edited[..., 1], edited[..., 2])


def test_little_strength_stays_near_the_good_window(model: str) -> None:
    """Sampling starts from the good window: with little noise little of it is lost."""
    latents = []
    for strength in (0.2, 1.0):
        edited = SdEngine(SdOptions(model, device="cpu", steps=10, strength=strength)).edit([window()])[0]
        latents.append(float(np.abs(edited - window().good).mean()))
    assert latents[0] < latents[1]


def test_a_controlnet_takes_part(model: str, tmp_path: Path) -> None:
    controlnet = str(save_tiny_controlnet(tmp_path / "control"))
    plain = SdEngine(SdOptions(model, device="cpu", steps=3)).edit([window()])[0]
    steered = SdEngine(SdOptions(model, device="cpu", steps=3, controlnet=controlnet, control="lineart"))
    assert not np.array_equal(plain, steered.edit([window()])[0])


def test_out_of_memory_says_what_helps(engine: SdEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*args: Any, **more: Any) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")

    monkeypatch.setattr("defectgen.engine.sd.inpaint", full)
    with pytest.raises(InputError, match=r"editing 1 window of 128 px .*--offload model.*are kept") as told:
        engine.edit([window()])
    assert "\n" not in str(told.value)


def test_a_set_keeps_the_contracts(engine: SdEngine, tmp_path: Path) -> None:
    summary = generate(small_job(tmp_path, n=3), engine)
    assert summary.kept == 3
    for line in (tmp_path / "out" / "metadata.jsonl").read_text().splitlines():
        sample = json.loads(line)
        assert (sample["engine"], sample["steps"], sample["guidance"]) == ("sd", 3, 7.5)
        assert len(sample["weights_sha256"]) == 64 and "candidate" not in sample
        good, image, mask = (
            read_picture(tmp_path / "out" / sample[name]).pixels
            for name in ("good_file_name", "file_name", "mask_file_name")
        )
        far = np.ones(mask.shape[:2], np.bool_)
        y, x = np.nonzero(mask[..., 0])
        far[max(0, y.min() - 7) : y.max() + 8, max(0, x.min() - 7) : x.max() + 8] = False
        assert np.array_equal(image[far], good[far]) and sample["outside_changed_px"] == 0
        assert sample["prescribed_iou"] >= 0.5


class Stopped(BaseException):
    """Stands for the end of the process."""


def test_a_stopped_run_ends_in_the_same_bytes(engine: SdEngine, tmp_path: Path) -> None:
    generate(small_job(tmp_path, n=3, candidates=2, out=tmp_path / "whole"), engine)

    def stop(event: Any) -> None:
        if event.kind == "kept":
            raise Stopped

    for _ in range(2):
        with pytest.raises(Stopped):
            generate(small_job(tmp_path, n=3, candidates=2), engine, stop)
    assert generate(small_job(tmp_path, n=3, candidates=2), engine).resumed == 2
    assert tree(tmp_path / "out") == tree(tmp_path / "whole")


def test_the_digest_of_a_copy_is_the_same(engine: SdEngine, model: str, tmp_path: Path) -> None:
    copy = shutil.copytree(model, tmp_path / "copy")
    assert SdEngine(SdOptions(str(copy), device="cpu")).info.weights_sha256 == engine.info.weights_sha256
