"""Fine-tuning for real on a tiny model and a tiny set: it learns, resumes, refuses, and its adapters act."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from defectgen.book import load_book
from defectgen.dataset.defect_set import DefectSet
from defectgen.engine.compact import DONOR_STRENGTH, CompactEngine
from defectgen.engine.donor import read_donors
from defectgen.errors import InputError, WeightsError
from defectgen.image import write_picture
from defectgen.model.adapter import DONORS_FILE, adapted_unet, read_adapter, read_card
from defectgen.model.adapter_path import parse_adapter
from defectgen.model.checkpoint import load_unet, save_model, verify
from defectgen.model.network import build_unet
from defectgen.record import FORMAT, MANIFEST, METADATA, Record
from defectgen.train.finetune import FinetuneOptions, Method
from defectgen.train.finetune_job import FinetuneJob
from defectgen.train.lesson import Lesson
from defectgen.train.shots import read_shots
from tests.engine.test_compact import window

LESSON = Lesson(real=24, ratio=4, rendered=4, val=6, rehearsal=2)
SIDE = 160


def write_set(folder: Path, groups: int, defect: str = "mt-fray", split: str = "train") -> Path:
    """Bright bars on dark noise, a picture a group, and one good picture."""
    rng = np.random.default_rng(3)
    lines = []
    for i in range(groups + 1):
        good = i == groups
        pixels = rng.integers(60, 90, (SIDE, SIDE, 3)).astype(np.uint8)
        mask = np.zeros((SIDE, SIDE), np.uint8)
        y, x = (int(v) for v in rng.integers(30, 90, 2))
        mask[y : y + 12, x : x + 40] = 0 if good else 255
        pixels[mask > 0] = rng.integers(180, 220, (int((mask > 0).sum()), 3))
        write_picture(folder / "images" / f"{i}.png", pixels)
        write_picture(folder / "masks" / f"{i}.png", mask)
        lines.append(
            Record(
                file_name=f"images/{i}.png", mask_file_name=None if good else f"masks/{i}.png", good_file_name=None,
                text="" if good else f"{defect} on test plate", defect="good" if good else defect,
                material="test plate", boxes=() if good else ((x, y, x + 40, y + 12),), split=split, group=f"g{i}",
                source=f"{i}.png", source_sha256="0" * 64, licence="CC0-1.0",
            ).line()
        )
    (folder / METADATA).write_text("".join(lines))
    (folder / MANIFEST).write_text(json.dumps({"format": FORMAT}))
    return folder


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("base")
    unet = build_unet((32, 32), 128)
    torch.nn.init.normal_(unet.conv_out.weight, std=0.02)
    save_model(folder, unet, 1, {"any": (0.1, 0.2, 0.3, 0.4, 0.5)})
    return folder


@pytest.fixture(scope="module")
def bars(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bars")
    for name in ("images", "masks"):
        (folder / name).mkdir()
    return write_set(folder, 6)


def job(
    bars: Path, base: Path, out: Path, *, method: Method = "lora", steps: int = 14, resume: bool = False
) -> FinetuneJob:
    rank = 4 if method == "lora" else None
    options = FinetuneOptions(method, rank, 600.0, weights=base, most_steps=steps, donors=method == "lora")
    return FinetuneJob(bars, out, options, resume=resume, lesson=LESSON)


@pytest.fixture(scope="module")
def adapter(bars: Path, base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("tuned") / "adapter"
    made = job(bars, base, out)
    assert len(list(made.run())) >= 1
    made.finish()
    return out


def test_it_learns_and_the_card_says_how_well(adapter: Path, base: Path) -> None:
    info = read_card(adapter)
    assert info.val_loss is not None and info.val_loss[1] < info.val_loss[0]
    assert info.defects == ("mt fray",) and info.licences == {"CC0-1.0": 6}
    assert info.base_weights_sha256 == verify(base).weights_sha256
    assert not (adapter / "work").exists()
    kinds = {path.suffix for path in adapter.rglob("*") if path.is_file()}
    assert kinds <= {".json", ".safetensors", ".md", ".yaml", ".png"}


def test_a_new_word_becomes_a_recipe(adapter: Path) -> None:
    learned = load_book([adapter / "recipes.yaml"]).defect("MT-Fray")
    assert learned.domain == "learned" and 0.1 < learned.size[0] < 0.5


def test_scale_is_how_far_the_weights_move(adapter: Path, base: Path) -> None:
    sha256 = verify(base).weights_sha256
    plain = load_unet(base, torch.float32, "cpu").state_dict()

    def moved(*texts: str) -> torch.Tensor:
        unet = adapted_unet(base, torch.float32, "cpu", [read_adapter(text, sha256) for text in texts])
        name = "mid_block.resnets.0.conv1.weight"
        return unet.state_dict()[name] - plain[name]

    whole = moved(str(adapter))
    assert float(whole.norm()) > 0
    assert torch.allclose(moved(f"{adapter}:0.5"), whole / 2, atol=1e-6)
    assert torch.allclose(moved(f"{adapter}:0.5", f"{adapter}:0.25"), 0.75 * whole, atol=1e-6)


def test_all_weights_can_be_tuned_too(bars: Path, base: Path, tmp_path: Path) -> None:
    made = job(bars, base, tmp_path / "full", method="full", steps=2)
    list(made.run())
    info = made.finish()
    sha256 = verify(base).weights_sha256
    one = adapted_unet(base, torch.float32, "cpu", [read_adapter(str(tmp_path / "full"), sha256)])
    assert info.rank is None and info.donors_sha256 is None
    assert not torch.equal(one.conv_in.weight, load_unet(base, torch.float32, "cpu").conv_in.weight)


def test_an_adapter_changes_the_edit(adapter: Path, base: Path, tmp_path: Path) -> None:
    plain, tuned = (CompactEngine(base, steps=2, device="cpu", adapters=a) for a in ((), (str(adapter),)))
    given = window()
    assert not np.array_equal(plain.edit([given])[0], tuned.edit([given])[0])


def test_a_fine_tuned_sample_starts_from_a_real_change(adapter: Path, base: Path, tmp_path: Path) -> None:
    donors = read_donors(adapter / DONORS_FILE)
    assert {name: len(rows) for name, rows in donors.items()} == {"mt-fray": 5}
    given = replace(window(), defect=load_book([adapter / "recipes.yaml"]).defect("mt-fray"))
    engine = CompactEngine(base, steps=2, device="cpu", adapters=(str(adapter),))
    assert engine.info.strength == DONOR_STRENGTH
    assert CompactEngine(base, device="cpu", adapters=(str(adapter),), strength=0.7).info.strength == 0.7
    draft = engine.drafts([given])[0] - given.good
    assert 255 * draft[given.shape.alpha > 0.9].mean() > 60  # the bars are some 125 grey levels brighter
    assert not draft[given.shape.alpha == 0].any()


def test_damaged_donors_are_refused(adapter: Path, base: Path) -> None:
    path = adapter / DONORS_FILE
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] + b"\7")
    try:
        with pytest.raises(WeightsError, match=r"donors\.safetensors: .*expected sha256"):
            read_adapter(str(adapter), verify(base).weights_sha256)
    finally:
        path.write_bytes(whole)


def test_a_type_keeps_a_group_to_learn_from(tmp_path: Path) -> None:
    for name in ("images", "masks"):
        (tmp_path / name).mkdir()
    write_set(tmp_path, 6)
    rows = (tmp_path / METADATA).read_text().splitlines()
    alone = [row.replace("mt-fray", f"type-{i}") if i < 5 else row for i, row in enumerate(rows)]
    (tmp_path / METADATA).write_text("\n".join(alone) + "\n")
    found = read_shots(DefectSet(tmp_path), shots=None, seed=0)
    assert len(found.names) == 6 and not found.val and found.notices


def test_a_stopped_job_goes_on(bars: Path, base: Path, tmp_path: Path) -> None:
    first = job(bars, base, tmp_path / "a", steps=4)
    laps = first.run()
    step = next(laps).step
    laps.close()
    with pytest.raises(InputError, match="--resume"):
        job(bars, base, tmp_path / "a")
    second = job(bars, base, tmp_path / "a", steps=8, resume=True)
    assert next(second.run()).step > step


def test_folders_in_use_are_left_alone(bars: Path, base: Path, adapter: Path, tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("mine")
    for out in (adapter, tmp_path):
        with pytest.raises(InputError, match=r"another folder|does not exist"):
            job(bars, base, out)


def test_adapters_of_other_weights_are_refused(adapter: Path, base: Path) -> None:
    with pytest.raises(WeightsError, match="was trained from"):
        read_adapter(str(adapter), "f" * 64)
    path = adapter / "pytorch_lora_weights.safetensors"
    whole = path.read_bytes()
    path.write_bytes(whole[:-4] + b"\0\0\0\1")
    try:
        with pytest.raises(WeightsError, match="sha256"):
            read_adapter(str(adapter), verify(base).weights_sha256)
    finally:
        path.write_bytes(whole)


@pytest.mark.parametrize(("text", "scale"), [("a", 1.0), ("a:0.5", 0.5), ("c:\\a", 1.0)])
def test_scales_are_read(text: str, scale: float) -> None:
    assert parse_adapter(text)[1] == scale


@pytest.mark.parametrize("text", ["a:0", "a:-1", "a:2.5"])
def test_scales_out_of_range_are_refused(text: str) -> None:
    with pytest.raises(InputError, match="scale"):
        parse_adapter(text)


def test_shots_are_spread_over_groups_and_judged_by_others(bars: Path) -> None:
    found = read_shots(DefectSet(bars), shots=None, seed=0)
    assert len(found.train) == 5 and len(found.val) == 1 and len(found.good) == 1
    assert not {s.picture.group for s in found.train} & {s.picture.group for s in found.val}
    few = read_shots(DefectSet(bars), shots=2, seed=0)
    assert len(few.train) == 2 and not few.val and few.notices


def test_sets_without_masks_are_refused(tmp_path: Path) -> None:
    for name in ("images", "masks"):
        (tmp_path / name).mkdir()
    with pytest.raises(InputError, match="no training picture"):
        read_shots(DefectSet(write_set(tmp_path, 0)), shots=None, seed=0)
