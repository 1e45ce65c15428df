"""Input that cannot be used: exit code 2, one line on stderr, nothing written."""

from __future__ import annotations

import json
import os
import shutil
import struct
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from defectgen.model.checkpoint import FORMAT

PROMPT = "hairline crack on brushed aluminum"
Case = Callable[[Path], Sequence[str | Path]]


def below(folder: Path) -> list[tuple[str, int]]:
    return sorted((str(path), path.stat().st_size if path.is_file() else -1) for path in folder.rglob("*"))


def refused(defectgen: Any, folder: Path, args: Sequence[str | Path], prompt: str = PROMPT) -> str:
    """Runs synth, which must refuse; what it said."""
    before = below(folder)
    engine = [] if "--engine" in args else ["--engine", "render"]
    out = [] if "--out" in args else ["--out", folder / "out"]
    outcome = defectgen("synth", prompt, *args, *engine, *out)
    assert outcome.code == 2, outcome
    assert outcome.err.startswith("error: ")
    assert outcome.err.count("\n") == 1, outcome.err
    assert below(folder) == before
    return str(outcome.err)


def save(folder: Path, name: str, pixels: Any) -> Path:
    Image.fromarray(np.asarray(pixels, np.uint8)).save(folder / name)
    return folder / name


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def bomb(folder: Path) -> Path:
    """A tiny PNG that claims 60,000 x 60,000 pixels."""
    header = struct.pack(">IIBBBBB", 60000, 60000, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    (folder / "bomb.png").write_bytes(b"\x89PNG\r\n\x1a\n" + body)
    return folder / "bomb.png"


def cut(folder: Path) -> Path:
    whole = save(folder, "whole.png", np.random.default_rng(0).integers(0, 255, (64, 64, 3)))
    (folder / "cut.png").write_bytes(whole.read_bytes()[:2000])
    return folder / "cut.png"


def written(folder: Path, name: str, data: bytes) -> Path:
    (folder / name).write_bytes(data)
    return folder / name


def folder_of(folder: Path, **files: bytes) -> Path:
    inside = folder / "inside"
    inside.mkdir()
    for name, data in files.items():
        (inside / name.replace("_", ".")).write_bytes(data)
    return inside


BAD_PARTS: dict[str, tuple[Callable[[Path], Path], str]] = {
    "missing": (lambda f: f / "nowhere.png", "does not exist"),
    "zero bytes": (lambda f: written(f, "zero.png", b""), "empty (0 bytes)"),
    "truncated": (cut, "damaged or cut short"),
    "not an image": (lambda f: written(f, "notes.png", b"these are notes"), "not an image"),
    "bomb": (bomb, "megapixels"),
    "1x1": (lambda f: save(f, "dot.png", np.zeros((1, 1, 3))), "1x1"),
    "empty folder": (folder_of, "holds no images"),
    "folder without images": (lambda f: folder_of(f, notes_txt=b"hello"), "holds no images"),
    "folder of broken images": (lambda f: folder_of(f, a_png=b"", b_png=b"x"), "2 of 2 images cannot be used"),
}


@pytest.mark.parametrize(("make", "said"), BAD_PARTS.values(), ids=BAD_PARTS)
def test_bad_good_parts(defectgen: Any, tmp_path: Path, make: Callable[[Path], Path], said: str) -> None:
    path = make(tmp_path)
    message = refused(defectgen, tmp_path, ["--on", path])
    assert said in message
    assert path.name in message


def test_strict_refuses_what_is_otherwise_listed(defectgen: Any, tmp_path: Path, parts: Path) -> None:
    (parts / "broken.png").write_bytes(b"no picture")
    assert "broken.png" in refused(defectgen, tmp_path, ["--on", parts, "--strict"])
    outcome = defectgen("synth", PROMPT, "--on", parts, "-n", "2", "--engine", "render", "--out", tmp_path / "out")
    assert outcome.code == 0, outcome.err
    assert "broken.png" in outcome.out + outcome.err


def ramp(side: int) -> Any:
    return np.tile(np.linspace(0, 255, side), (side, 1))


def spot(side: int, radius: int) -> Any:
    y, x = np.mgrid[:side, :side] - side // 2
    return np.where(x**2 + y**2 <= radius**2, 255, 0)


BAD_MASKS: dict[str, tuple[Any, str]] = {
    "of another size": (spot(100, 20), "100x100"),
    "empty": (np.zeros((160, 160)), "empty"),
    "all white": (np.full((160, 160), 255), "white all over"),
    "not binary": (ramp(160), "grey levels"),
}


@pytest.mark.parametrize(("pixels", "said"), BAD_MASKS.values(), ids=BAD_MASKS)
def test_bad_masks(defectgen: Any, tmp_path: Path, part: Path, pixels: Any, said: str) -> None:
    path = save(tmp_path, "mask.png", pixels)
    message = refused(defectgen, tmp_path, ["--on", part, "--mask", path])
    assert said in message
    assert "mask.png" in message


BAD_REGIONS: dict[str, tuple[Any, str]] = {
    "of another size": (spot(100, 20), "100x100"),
    "empty": (np.zeros((160, 160)), "empty"),
    "without room": (spot(160, 1), "fit on the part"),
}


@pytest.mark.parametrize(("pixels", "said"), BAD_REGIONS.values(), ids=BAD_REGIONS)
def test_bad_regions(defectgen: Any, tmp_path: Path, part: Path, pixels: Any, said: str) -> None:
    path = save(tmp_path, "roi.png", pixels)
    assert said in refused(defectgen, tmp_path, ["--on", part, "--roi", path])


BAD_OPTIONS: dict[str, tuple[Sequence[str], str]] = {
    "n zero": (["-n", "0"], "at least 1"),
    "n negative": (["-n", "-3"], "at least 1"),
    "n a word": (["-n", "many"], "many"),
    "seed negative": (["--seed", "-1"], "seed"),
    "engine": (["--engine", "magic"], "compact, sd, render, copy-paste, perlin, cutpaste"),
    "device": (["--device", "tpu"], "auto, cpu, cuda, mps"),
    "box outside": (["--box", "100,100,300,300"], "160x160"),
    "box malformed": (["--box", "1,2,3"], "x0,y0,x1,y1"),
    "box inverted": (["--box", "90,90,20,20"], "x1 > x0"),
    "severity above 1": (["--severity", "1.5"], "severity"),
    "severity a word": (["--severity", "deep"], "severity"),
    "severity reversed": (["--severity", "0.8:0.2"], "severity"),
    "size zero": (["--size", "0"], "size"),
    "size not a number": (["--size", "nan"], "size"),
    "steps": (["--steps", "0"], "steps"),
    "guidance": (["--guidance", "-1"], "guidance"),
    "strength": (["--strength", "1.5"], "strength"),
    "batch": (["--batch", "0"], "batch"),
    "unknown option": (["--colour", "red"], "--colour"),
}


@pytest.mark.parametrize(("args", "said"), BAD_OPTIONS.values(), ids=BAD_OPTIONS)
def test_bad_options(defectgen: Any, tmp_path: Path, part: Path, args: Sequence[str], said: str) -> None:
    assert said in refused(defectgen, tmp_path, ["--on", part, *args])


@pytest.mark.parametrize("prompt", ["", "   ", "?!", "the of and", "xqzv blorft"])
def test_senseless_prompts(defectgen: Any, tmp_path: Path, part: Path, prompt: str) -> None:
    refused(defectgen, tmp_path, ["--on", part], prompt=prompt)


def test_unknown_recipe_key_says_file_path_and_what_is_allowed(defectgen: Any, tmp_path: Path, part: Path) -> None:
    recipe = tmp_path / "mine.yaml"
    recipe.write_text("defects:\n- {name: notch, family: chip, colour: red}\n")
    message = refused(defectgen, tmp_path, ["--on", part, "--recipe", recipe])
    assert str(recipe) in message
    assert "defects[0].colour" in message or "defects[0]" in message
    assert "morphology" in message


@pytest.mark.parametrize("text", [None, "defects: [", "- just\n- a list\n", ""])
def test_recipe_that_is_none(defectgen: Any, tmp_path: Path, part: Path, text: str | None) -> None:
    recipe = tmp_path / "mine.yaml"
    if text is not None:
        recipe.write_text(text)
    assert "mine.yaml" in refused(defectgen, tmp_path, ["--on", part, "--recipe", recipe])


@pytest.mark.parametrize(("damage", "said"), [("missing", "missing"), ("no file", "no weights"), ("changed", "sha256")])
def test_weights(
    defectgen: Any, tmp_path: Path, part: Path, monkeypatch: pytest.MonkeyPatch, damage: str, said: str
) -> None:
    folder = tmp_path / "weights"
    (folder / "unet").mkdir(parents=True)
    if damage != "missing":
        card = {"format": FORMAT, "window_px": 128, "weights_sha256": "0" * 64, "steps_trained": 1, "severity": {}}
        (folder / "model.json").write_text(json.dumps(card))
    if damage == "changed":
        (folder / "unet" / "diffusion_pytorch_model.safetensors").write_bytes(b"not those weights")
    monkeypatch.setattr("defectgen.model.checkpoint.default_weights", lambda: folder)
    assert said in refused(defectgen, tmp_path, ["--on", part, "--engine", "compact"])


@pytest.mark.parametrize("bank", [None, "nowhere"])
def test_copy_paste_needs_a_bank(defectgen: Any, tmp_path: Path, part: Path, bank: str | None) -> None:
    given = [] if bank is None else ["--bank", str(tmp_path / bank)]
    assert "bank" in refused(defectgen, tmp_path, ["--on", part, "--engine", "copy-paste", *given])


def test_no_room_on_the_disk(defectgen: Any, tmp_path: Path, part: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(tmp_path)._replace(free=1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    assert "free" in refused(defectgen, tmp_path, ["--on", part, "-n", "100"])


def test_out_below_a_file(defectgen: Any, tmp_path: Path, part: Path) -> None:
    message = refused(defectgen, tmp_path, ["--on", part, "--out", part / "out"])
    assert "part.png" in message


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_out_that_cannot_be_written(defectgen: Any, tmp_path: Path, part: Path) -> None:
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o500)
    assert "locked" in refused(defectgen, tmp_path, ["--on", part, "--out", locked / "out"])


def test_out_that_holds_something_else(defectgen: Any, tmp_path: Path, part: Path) -> None:
    folder = tmp_path / "thesis"
    folder.mkdir()
    (folder / "chapter-1.txt").write_text("important")
    assert "thesis" in refused(defectgen, tmp_path, ["--on", part, "--out", folder])
    assert "thesis" in refused(defectgen, tmp_path, ["--on", part, "--out", folder, "--overwrite"])
    assert (folder / "chapter-1.txt").read_text() == "important"
