"""`explain --engine sd`: what the text encoder reads and how the window is sampled, found without loading weights."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from defectgen.sd.checkpoint import inspect
from defectgen.sd.tokens import token_count
from tests.cli.conftest import Command
from tests.sd.tiny import save_tiny, save_tiny_controlnet, tiny_pipeline

PROMPT = "scratch on brushed aluminum"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny(tmp_path_factory.mktemp("sd") / "tiny")


def rows_of(out: str) -> dict[str, str]:
    """The value of each name, of those lines that have both."""
    lines = [line for line in out.splitlines() if line[:12].strip() and len(line) > 12]
    return {line[:12].strip(): line[12:] for line in lines}


def test_it_says_what_the_checkpoint_would_be_given(
    defectgen: Command, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("defectgen.sd.pipeline.open_pipeline", None)
    control = save_tiny_controlnet(tmp_path / "control")
    done = defectgen("explain", PROMPT, "--engine", "sd", "--model", model, "--controlnet", control, "--steps", "10",
                     "--strength", "0.5", "--scheduler", "dpm++")  # fmt: skip
    assert done.code == 0, done.err
    said = rows_of(done.out)
    assert said["engine"].startswith("sd, tiny: sd, 9 channels, 128 px, device ")
    text = said["prompt"].removesuffix(" (severity, size and count as each sample has them)")
    assert text.startswith("a ") and text.endswith("scratch on brushed aluminum")
    count, most = token_count(inspect(str(model)), text)
    assert (count, most) == (len(tiny_pipeline().tokenizer(text).input_ids), 77)
    told = re.fullmatch(r"at most (\d+) of 77, start and end included", said["tokens"])
    assert told is not None and count <= int(told[1]) < count + 10
    assert said["negative"] == "nothing (an empty prompt), guidance 7.5"
    assert said["window"] == "64 px of the part, enlarged to 128 px for the model"
    assert said["mask"].startswith("the defect grown by 2 px, in cells of 8 px; latents outside are held at each step")
    assert said["strength"] == "0.5: starts from the good window under noise, 5 of 10 steps are taken"
    assert said["scheduler"] == "dpm++, in place of DDIMScheduler; predicts epsilon"
    assert "weight 0.8: canny lines of the good window" in said["control"]


def test_a_caption_that_is_too_long_is_counted(defectgen: Command, model: Path, tmp_path: Path) -> None:
    recipe = tmp_path / "own.yaml"
    name = "-".join(["zyxwvutsrqponmlk"] * 6)
    recipe.write_text(
        f"defects:\n  - name: {name}\n    family: scratch\n    description: Long.\n    size: [0.2, 0.4]\n"
        "    morphology: {kind: scratch}\n    change: {}\n"
    )
    arguments = ("--engine", "sd", "--model", model, "--recipe", recipe, "--guidance", "1", "--strength", "1")
    said = rows_of(defectgen("explain", name.replace("-", " "), *arguments).out)
    assert "at most " in said["tokens"] and said["tokens"].endswith("too many: use a shorter prompt")
    assert said["negative"] == "not used, guidance 1" and "starts from noise" in said["strength"]
    assert said["control"] == "none: no --controlnet" and said["scheduler"].startswith("DDIMScheduler, the checkpoint")


REFUSED: dict[str, tuple[tuple[Any, ...], str]] = {
    "no model": (("--engine", "sd"), "engine sd needs a checkpoint"),
    "nothing there": (("--engine", "sd", "--model", "./nowhere"), "there is no ./nowhere"),
    "another engine": (("--engine", "render"), "engine 'render' reads no words of its own; use compact or sd"),
    "not sd": (("--scheduler", "ddim"), "for engine sd only"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_explained_is_one_line(defectgen: Command, name: str) -> None:
    arguments, words = REFUSED[name]
    done = defectgen("explain", PROMPT, *arguments)
    assert done.code == 2 and words in done.err and len(done.err.strip().splitlines()) == 1
