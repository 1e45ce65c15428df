"""`defectgen caption` on small sets: in place, into chat files that others load, and its error lines."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from defectgen.dataset.defect_set import DefectSet
from defectgen.dataset.description import Description
from defectgen.image import encode_png
from defectgen.record import FORMAT, Record


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A picture with a mask, one with a box, one with a class alone, and a good one."""
    root = tmp_path / "set"
    for name in ("images", "masks"):
        (root / name).mkdir(parents=True)
    rng = np.random.default_rng(0)
    mask = np.zeros((64, 80), np.uint8)
    mask[8:11, 6:26] = 255
    lines = []
    for stem, defect, boxes in (
        ("a", "crack", ((6, 8, 26, 11),)), ("b", "open", ((40, 30, 60, 50),)), ("c", "anomaly", ()), ("d", "good", ()),
    ):  # fmt: skip
        pixels = np.clip(rng.normal(130, 2, mask.shape), 0, 255).astype(np.uint8)
        if stem == "a":
            pixels[mask > 0] -= 50
            (root / "masks" / "a.png").write_bytes(encode_png(mask))
        (root / "images" / f"{stem}.png").write_bytes(encode_png(pixels))
        lines.append(Record(
            file_name=f"images/{stem}.png", mask_file_name="masks/a.png" if stem == "a" else None, good_file_name=None,
            text="before", defect=defect, material=None, boxes=boxes, split="test", group=stem, source=f"{stem}.png",
            source_sha256="0" * 64, licence="own",
        ).line())  # fmt: skip
    (root / "metadata.jsonl").write_text("".join(lines))
    (root / "defectgen.json").write_text(json.dumps({"format": FORMAT, "kind": "import", "layout": "folder"}))
    return root


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_captions_are_written_in_place(defectgen: Any, folder: Path) -> None:
    before = list(DefectSet(folder).records())
    done = defectgen("caption", folder, "--product", "gear wheel", "--mm-per-px", 0.1)
    assert done.code == 0
    assert done.out.startswith("4 captions in ")
    after = list(DefectSet(folder).records())
    assert [one.model_copy(update={"text": "before"}) for one in after] == before
    assert "gear wheel" in after[0].text
    assert "px (2.0" in after[0].text
    told = [Description.model_validate(line) for line in lines(folder / "descriptions.jsonl")]
    assert [one.annotation for one in told] == ["mask", "box", "image", "good"]
    assert told[0].defects[0].place.cell == "top-left"
    assert [one.count for one in told] == [1, 1, 0, 0]
    assert not list(folder.glob(".tmp*"))


def test_the_seed_alone_decides(defectgen: Any, folder: Path) -> None:
    texts = []
    for seed in (0, 0, 1, 2, 3):
        defectgen("caption", folder, "--seed", seed)
        texts.append((folder / "metadata.jsonl").read_text())
    assert texts[0] == texts[1]
    assert len(set(texts)) > 2


@pytest.mark.parametrize("form", ["vqa", "grounding"])
def test_chat_files_follow_the_schema(defectgen: Any, folder: Path, form: str, tmp_path: Path) -> None:
    metadata = (folder / "metadata.jsonl").read_bytes()
    done = defectgen("caption", folder, "--format", form)
    assert done.code == 0
    assert (folder / "metadata.jsonl").read_bytes() == metadata
    rows = lines(folder / f"{form}.jsonl")
    assert rows
    assert len({row["id"] for row in rows}) == len(rows)
    for row in rows:
        user, assistant = row["messages"]
        assert (user["role"], assistant["role"]) == ("user", "assistant")
        assert user["content"].count("<image>") == len(row["images"])
        assert all((folder / name).is_file() for name in row["images"])
        assert (row["width"], row["height"], row["split"]) == (80, 64, "test")
        assert len(row["boxes"]) == len(row["boxes_1000"]) == len(row["labels"])
    out = tmp_path / "other.jsonl"
    assert defectgen("caption", folder, "--format", form, "--out", out).code == 0
    assert out.read_bytes() == (folder / f"{form}.jsonl").read_bytes()


def test_chat_files_load_as_a_dataset(defectgen: Any, folder: Path, tmp_path: Path) -> None:
    import datasets
    defectgen("caption", folder, "--format", "vqa")
    loaded = datasets.load_dataset(
        "json", data_files=str(folder / "vqa.jsonl"), split="train", cache_dir=str(tmp_path / "cache")
    )
    assert len(loaded) == len(lines(folder / "vqa.jsonl"))
    assert loaded[0]["messages"][0]["role"] == "user"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--format", "prose"), "use text, vqa or grounding"),
        (("--mm-per-px", "0"), "--mm-per-px is 0.0; expected"),
        (("--mm-per-px", "nan"), "--mm-per-px is nan; expected"),
        (("--seed", "-1"), "--seed is -1; expected"),
        (("--out", "x.jsonl"), "--out is for vqa and grounding"),
        (("--product", " "), "--product is empty"),
        (("--format", "vqa", "--out", "{folder}/metadata.jsonl"), "is a part of the set itself"),
        (("--format", "vqa", "--out", "{folder}"), "is a folder"),
        (("--format", "vqa", "--out", "{folder}/none/x.jsonl"), "is not a folder"),
    ],
)
def test_what_cannot_be_is_one_line(defectgen: Any, folder: Path, options: tuple[str, ...], message: str) -> None:
    before = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    done = defectgen("caption", folder, *(option.format(folder=folder) for option in options))
    assert done.code == 2
    assert message in done.err
    assert len(done.err.splitlines()) == 1
    assert {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()} == before


def test_a_missing_picture_leaves_everything_as_it_was(defectgen: Any, folder: Path) -> None:
    (folder / "images" / "d.png").unlink()
    before = (folder / "metadata.jsonl").read_bytes()
    done = defectgen("caption", folder)
    assert (done.code, len(done.err.splitlines())) == (2, 1)
    assert "d.png does not exist" in done.err
    assert (folder / "metadata.jsonl").read_bytes() == before
    assert sorted(path.name for path in folder.iterdir()) == ["defectgen.json", "images", "masks", "metadata.jsonl"]


def test_no_set_is_said_so(defectgen: Any, tmp_path: Path) -> None:
    done = defectgen("caption", tmp_path)
    assert done.code == 2
    assert "no defect set" in done.err


def test_a_generated_set_keeps_its_own_records(defectgen: Any, part: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    defectgen("synth", "scratch on brushed aluminum", "--on", part, "-n", 2, "--engine", "render", "--out", out)
    before = lines(out / "metadata.jsonl")
    assert defectgen("caption", out).code == 0
    after = lines(out / "metadata.jsonl")
    assert [{**line, "text": ""} for line in after] == [{**line, "text": ""} for line in before]
    for line, told in zip(after, lines(out / "descriptions.jsonl"), strict=True):
        assert "scratch" in line["text"]
        assert len(told["defects"]) == len(line["boxes"])
        assert told["counted"]
