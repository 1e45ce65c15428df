"""The loop: true records, contracts kept for every sample, and nothing written where nothing can work."""

from __future__ import annotations

import fcntl
import json
import os
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from defectgen import folder as folder_module
from defectgen import job as job_module
from defectgen.band import grow
from defectgen.errors import InputError, OutputError
from defectgen.generate import Event, generate
from defectgen.image import grey_levels, read_picture, to_rgb, write_picture
from defectgen.job import ATTEMPTS, Job
from defectgen.label_audit import iou, visible_level
from defectgen.noise import noise_sigma
from defectgen.sample import Rejected, Sample
from tests.dark_engine import DarkEngine
from tests.set_job import small_job, tree, write_parts

ENGINE = DarkEngine()


def samples_of(out: Path) -> list[Sample]:
    return [Sample.model_validate_json(line) for line in (out / "metadata.jsonl").read_text().splitlines()]


def rejected_of(out: Path) -> list[Rejected]:
    return [Rejected.model_validate_json(line) for line in (out / "rejected.jsonl").read_text().splitlines()]


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_every_sample_keeps_the_contracts(tmp_path: Path, channels: int, dtype: type) -> None:
    write_parts(tmp_path / "parts", 2, 80, channels, dtype)
    summary = generate(small_job(tmp_path), DarkEngine(spill=0.05))
    assert summary.kept == 4
    for sample in samples_of(tmp_path / "out"):
        good, mask, image = (
            read_picture(tmp_path / "out" / name).pixels
            for name in (sample.good_file_name, sample.mask_file_name, sample.file_name)
        )
        source = read_picture(tmp_path / "parts" / sample.source)
        assert source.sha256 == sample.source_sha256
        assert np.array_equal(good, source.pixels)
        assert image.dtype == good.dtype
        assert image.shape == good.shape
        delivered = mask[..., 0] > 0
        assert set(np.unique(mask)) == {0, 255}
        band = grow(delivered, sample.band_px)
        assert np.array_equal(image[~band], good[~band])
        changed = grey_levels(good, image) > visible_level(noise_sigma(to_rgb(good)))
        assert iou(delivered, changed) == pytest.approx(sample.changed_iou, abs=1e-3)
        assert grey_levels(good, image)[delivered].mean() == pytest.approx(sample.in_mask_delta, abs=0.01)
        assert sample.in_mask_delta > 3
        boxed = np.zeros_like(delivered)
        for x0, y0, x1, y1 in sample.boxes:
            assert delivered[y0:y1, x0:x1].any()
            boxed[y0:y1, x0:x1] = True
        assert boxed[delivered].all()


def test_records_say_where_a_sample_came_from(tmp_path: Path) -> None:
    events: list[Event] = []
    generate(small_job(tmp_path, n=6, seed=9), ENGINE, events.append)
    samples = samples_of(tmp_path / "out")
    assert [sample.index for sample in samples] == list(range(6))
    assert Counter(sample.group for sample in samples) == {"part0": 3, "part1": 3}
    assert {(s.seed, s.engine, s.licence, s.split, s.defect, s.material) for s in samples} == {
        (9, "dark", "user", "train", "pit", "steel")
    }
    assert all("pit" in sample.text and "steel" in sample.text for sample in samples)
    assert [event.index for event in events if event.kind == "kept"] == list(range(6))
    manifest = json.loads((tmp_path / "out" / "defectgen.json").read_text())
    assert manifest["config"]["seed"] == 9
    assert len(manifest["sources"]) == 2
    assert read_picture(tmp_path / "out" / "contact_sheet.png").pixels.shape[2] == 3
    assert not list((tmp_path / "out").glob(".*"))


def test_seeds_vary_and_repeat(tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        generate(small_job(tmp_path, out=tmp_path / name, seed=seed), ENGINE)
    assert tree(tmp_path / "a") == tree(tmp_path / "b")
    assert tree(tmp_path / "a")["images/000000.png"] != tree(tmp_path / "c")["images/000000.png"]


def test_a_sample_depends_on_its_index_alone(tmp_path: Path) -> None:
    generate(small_job(tmp_path, out=tmp_path / "two", n=2), ENGINE)
    generate(small_job(tmp_path, out=tmp_path / "five", n=5, batch=3), ENGINE)
    two, five = tree(tmp_path / "two"), tree(tmp_path / "five")
    for name in two:
        if name.startswith(("images", "masks", "good")):
            assert two[name] == five[name]


def test_more_samples_can_follow(tmp_path: Path) -> None:
    generate(small_job(tmp_path, n=2), ENGINE)
    summary = generate(small_job(tmp_path, n=4), ENGINE)
    assert (summary.kept, summary.resumed) == (4, 2)
    generate(small_job(tmp_path, n=4, out=tmp_path / "whole"), ENGINE)
    assert tree(tmp_path / "out") == tree(tmp_path / "whole")


def test_blank_engines_ship_nothing_and_say_why(tmp_path: Path) -> None:
    events: list[Event] = []
    summary = generate(small_job(tmp_path, n=2), DarkEngine(depth=0.001), events.append)
    assert (summary.kept, summary.failed) == (0, (0, 1))
    assert summary.reasons == {"invisible": 2 * ATTEMPTS}
    assert [line.reason for line in rejected_of(tmp_path / "out")] == ["invisible"] * 2 * ATTEMPTS
    assert Counter(event.kind for event in events) == {"rejected": 2 * ATTEMPTS, "failed": 2}
    assert tree(tmp_path / "out").keys() == {"defectgen.json", "metadata.jsonl", "rejected.jsonl"}


def test_shifted_engines_are_caught(tmp_path: Path) -> None:
    summary = generate(small_job(tmp_path, n=2), DarkEngine(shift=12))
    assert summary.kept == 0
    assert "mask mismatch" in summary.reasons or "invisible" in summary.reasons


def user_mask(folder: Path, side: int = 80) -> np.ndarray:
    mask = np.zeros((side, side), np.uint8)
    mask[20:34, 30:50] = 255
    write_picture(folder / "mask.png", mask)
    return mask > 0


def test_a_users_mask_is_followed(tmp_path: Path) -> None:
    write_parts(tmp_path / "parts", 1)
    mask = user_mask(tmp_path)
    generate(small_job(tmp_path, n=2, mask=tmp_path / "mask.png"), ENGINE)
    for sample in samples_of(tmp_path / "out"):
        delivered = read_picture(tmp_path / "out" / sample.mask_file_name).pixels[..., 0] > 0
        assert iou(delivered, mask) > 0.75


def test_masks_of_a_folder_go_to_pictures_of_their_name(tmp_path: Path) -> None:
    write_parts(tmp_path / "parts", 2)
    masks = tmp_path / "masks"
    masks.mkdir()
    wanted = {}
    for index, width in ((0, 80), (1, 90)):
        wanted[f"part{index}"] = np.zeros((80, width), np.uint8)
        wanted[f"part{index}"][20 + 30 * index : 34 + 30 * index, 20:40] = 255
        write_picture(masks / f"part{index}.png", wanted[f"part{index}"])
    generate(small_job(tmp_path, mask=masks), ENGINE)
    for sample in samples_of(tmp_path / "out"):
        delivered = read_picture(tmp_path / "out" / sample.mask_file_name).pixels[..., 0] > 0
        assert iou(delivered, wanted[sample.group] > 0) > 0.75


def test_box_and_region_hold(tmp_path: Path) -> None:
    roi = np.zeros((80, 80), np.uint8)
    roi[40:] = 255
    write_parts(tmp_path / "parts", 1)
    write_picture(tmp_path / "roi.png", roi)
    for name, changes in (("a", {"box": (10, 44, 40, 76)}), ("b", {"roi": tmp_path / "roi.png"})):
        generate(small_job(tmp_path, out=tmp_path / name, **changes), ENGINE)
        for sample in samples_of(tmp_path / name):
            assert min(box[1] for box in sample.boxes) >= 40 - sample.band_px


def other_mask(folder: Path) -> dict[str, object]:
    write_picture(folder / "m.png", np.zeros((30, 30), np.uint8) + 255)
    return {"mask": folder / "m.png"}


def empty_mask(folder: Path) -> dict[str, object]:
    write_picture(folder / "m.png", np.zeros((80, 80), np.uint8))
    return {"mask": folder / "m.png"}


def black_roi(folder: Path) -> dict[str, object]:
    write_picture(folder / "m.png", np.zeros((80, 80), np.uint8))
    return {"roi": folder / "m.png"}


def cramped_roi(folder: Path) -> dict[str, object]:
    roi = np.zeros((80, 80), np.uint8)
    roi[40:42, 40:42] = 255
    write_picture(folder / "m.png", roi)
    return {"roi": folder / "m.png"}


def taken_path(folder: Path) -> dict[str, object]:
    (folder / "file").write_text("x")
    return {"out": folder / "file"}


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        (lambda _: {"n": 0}, InputError, "n is 0"),
        (lambda _: {"box": (0, 0, 500, 40)}, InputError, "leaves"),
        (lambda _: {"mask": Path("nowhere.png")}, InputError, "does not exist"),
        (other_mask, InputError, "expected 80x80"),
        (empty_mask, InputError, "is empty"),
        (black_roi, InputError, "is empty"),
        (cramped_roi, InputError, "fit"),
        (taken_path, OutputError, "is a file"),
    ],
)
def test_bad_jobs_write_nothing(tmp_path: Path, changes, error: type[Exception], words: str) -> None:  # type: ignore[no-untyped-def]
    write_parts(tmp_path / "parts", 1)
    job = small_job(tmp_path, **changes(tmp_path))
    before = tree(tmp_path)
    with pytest.raises(error, match=words) as caught:
        generate(job, ENGINE)
    assert "\n" not in str(caught.value)
    assert tree(tmp_path) == before
    assert not (tmp_path / "out").exists()


def test_no_room_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_module.shutil, "disk_usage", lambda _: type("Usage", (), {"free": 1000})())
    with pytest.raises(OutputError, match="free some room"):
        generate(small_job(tmp_path), ENGINE)
    assert not (tmp_path / "out").exists()


def test_a_full_disk_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(fd: int) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr("defectgen.atomic.os.fsync", full)
    with pytest.raises(OutputError, match="No space left"):
        generate(small_job(tmp_path), ENGINE)


def test_a_folder_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder_module.os, "access", lambda *_: False)
    with pytest.raises(OutputError, match="cannot be written"):
        generate(small_job(tmp_path), ENGINE)


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_folder_of_something_else_is_refused(tmp_path: Path, overwrite: bool) -> None:
    job = small_job(tmp_path, overwrite=overwrite)
    job.out.mkdir()
    (job.out / "thesis.txt").write_text("three years")
    with pytest.raises(OutputError, match="something else"):
        generate(job, ENGINE)
    assert tree(job.out).keys() == {"thesis.txt"}


def test_another_configuration_needs_overwrite(tmp_path: Path) -> None:
    generate(small_job(tmp_path), ENGINE)
    before = tree(tmp_path / "out")
    with pytest.raises(OutputError, match=r"config\.seed was 0, now 1.*--overwrite"):
        generate(small_job(tmp_path, seed=1), ENGINE)
    with pytest.raises(OutputError, match=r"config\.n was 4, now 3"):
        generate(small_job(tmp_path, n=3), ENGINE)
    assert tree(tmp_path / "out") == before
    (tmp_path / "out" / "notes.txt").write_text("mine")
    generate(small_job(tmp_path, seed=1, n=2, overwrite=True), ENGINE)
    generate(small_job(tmp_path, seed=1, n=2, out=tmp_path / "fresh"), ENGINE)
    after = tree(tmp_path / "out")
    assert after.pop("notes.txt")
    assert after == tree(tmp_path / "fresh")


def test_two_runs_cannot_share_a_folder(tmp_path: Path) -> None:
    job: Job = small_job(tmp_path)
    job.out.mkdir()
    held = os.open(job.out, os.O_RDONLY)
    fcntl.flock(held, fcntl.LOCK_EX)
    with pytest.raises(OutputError, match="in use by another run"):
        generate(job, ENGINE)
    os.close(held)
    assert generate(job, ENGINE).kept == 4


def test_a_set_loads_as_an_image_folder(tmp_path: Path) -> None:
    import datasets
    generate(small_job(tmp_path), ENGINE)
    loaded = datasets.load_dataset(
        "imagefolder", data_dir=str(tmp_path / "out"), split="train", cache_dir=str(tmp_path / "cache")
    )
    assert len(loaded) == 4
    assert {"image", "mask", "good", "text", "boxes"} <= set(loaded.column_names)
