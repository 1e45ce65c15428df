"""`defectgen synth`: what it writes, what it says, and that it can be stopped and go on."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from defectgen.engine.render import RenderEngine
from defectgen.engine.window import Window
from defectgen.generate import Event, generate
from defectgen.run import slug, synth

PROMPT = "hairline crack on brushed aluminum"
RENDER = ("--engine", "render")


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def samples(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "metadata.jsonl").read_text().splitlines()]


def test_a_set_from_ones_own_parts(defectgen: Any, parts: Path, tmp_path: Path) -> None:
    out = tmp_path / "set"
    outcome = defectgen("synth", PROMPT, "--on", parts, "-n", "3", "--out", out, *RENDER)
    assert outcome.code == 0, outcome.err
    assert str(out) in outcome.out
    assert (out / "contact_sheet.png").is_file()
    assert len(samples(out)) == 3
    for sample in samples(out):
        image, good, mask = (
            np.asarray(Image.open(out / sample[name])) for name in ("file_name", "good_file_name", "mask_file_name")
        )
        assert image.shape == good.shape == (160, 160, 3)
        assert (image != good).any(axis=2)[mask > 0].mean() > 0.9


def test_default_folder_and_part_library(defectgen: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    outcome = defectgen("synth", "deep scratch", "-n", "1", *RENDER)
    assert outcome.code == 0, outcome.err
    assert "no material named" in outcome.out
    (sample,) = samples(tmp_path / "out" / "deep-scratch")
    assert sample["material"] in outcome.out
    assert sample["licence"] == "own"


def test_dry_run_shows_the_plan_and_writes_nothing(defectgen: Any, part: Path, tmp_path: Path) -> None:
    before = content(tmp_path)
    outcome = defectgen("synth", PROMPT, "--on", part, "--out", tmp_path / "set", "--dry-run", *RENDER)
    assert outcome.code == 0, outcome.err
    for word in ("hairline-crack", "brushed-aluminum", "160x160", "forecast", "MB", "render"):
        assert word in outcome.out
    assert content(tmp_path) == before


@pytest.mark.parametrize(("option", "low", "high"), [("--severity", 0.9, 1.0), ("--severity", 0.5, 0.5)])
def test_severity_narrows_the_spread(
    defectgen: Any, part: Path, tmp_path: Path, option: str, low: float, high: float
) -> None:
    out = tmp_path / "set"
    assert defectgen("synth", PROMPT, "--on", part, "-n", "2", option, f"{low}:{high}", "--out", out, *RENDER).code == 0
    drawn = [severity for sample in samples(out) for severity in sample["severity"]]
    assert drawn
    assert all(low - 1e-6 <= severity <= high + 1e-6 for severity in drawn)


def test_box_holds_the_defect(defectgen: Any, part: Path, tmp_path: Path) -> None:
    out = tmp_path / "set"
    code = defectgen("synth", PROMPT, "--on", part, "-n", "2", "--box", "40,40,120,120", "--out", out, *RENDER).code
    assert code == 0
    for sample in samples(out):
        for x0, y0, x1, y1 in sample["boxes"]:
            assert 40 <= x0 < x1 <= 120
            assert 40 <= y0 < y1 <= 120


def test_stopped_by_hand_it_goes_on_to_the_same_bytes(
    defectgen: Any, parts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    args = ("synth", PROMPT, "--on", parts, "-n", "3", *RENDER)
    assert defectgen(*args, "--out", tmp_path / "whole").code == 0

    def stop(job: Any, engine: Any, on_event: Any, judge: Any) -> Any:
        def tell(event: Event) -> None:
            on_event(event)
            raise KeyboardInterrupt

        return generate(job, engine, tell, judge)

    with monkeypatch.context() as patch:
        patch.setattr("defectgen.run.generate", stop)
        outcome = defectgen(*args, "--out", tmp_path / "stopped")
    assert outcome.code == 130
    assert outcome.err.count("\n") == 1
    assert str(tmp_path / "stopped") in outcome.err
    assert defectgen(*args, "--out", tmp_path / "stopped").code == 0
    assert content(tmp_path / "stopped") == content(tmp_path / "whole")


def test_another_configuration_needs_overwrite(defectgen: Any, part: Path, tmp_path: Path) -> None:
    args = ("synth", PROMPT, "--on", part, "-n", "1", "--out", tmp_path / "set", *RENDER)
    assert defectgen(*args).code == 0
    first = content(tmp_path / "set")
    refused = defectgen(*args, "--seed", "1")
    assert refused.code == 2
    assert "seed" in refused.err
    assert content(tmp_path / "set") == first
    assert defectgen(*args, "--seed", "1", "--overwrite").code == 0
    assert content(tmp_path / "set") != first


def test_a_run_that_keeps_nothing_says_so(
    defectgen: Any, part: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Idle(RenderEngine):
        def edit(self, windows: Sequence[Window]) -> list[NDArray[np.float32]]:
            return [window.good for window in windows]

    monkeypatch.setattr("defectgen.run.make_engine", lambda options: Idle())
    outcome = defectgen("synth", PROMPT, "--on", part, "-n", "1", "--out", tmp_path / "set", *RENDER)
    assert outcome.code == 1
    assert "rejected.jsonl" in outcome.err
    assert "invisible" in outcome.out


def test_from_python(part: Path, tmp_path: Path) -> None:
    seen: list[str] = []
    out = tmp_path / "set"
    result = synth(PROMPT, on=part, n=2, engine="render", out=out, on_event=lambda event: seen.append(event.kind))
    assert result.kept == len(samples(out)) == seen.count("kept") == 2
    assert sum(result.rejected.values()) == seen.count("rejected")


@pytest.mark.parametrize(
    ("prompt", "folder"),
    [("Hairline crack, on steel!", "hairline-crack-on-steel"), ("***", "defects"), ("a" * 200, "a" * 60)],
)
def test_slug(prompt: str, folder: str) -> None:
    assert slug(prompt) == folder


def test_a_material_that_the_type_implies_is_told(defectgen: Any, tmp_path: Path) -> None:
    outcome = defectgen("synth", "mura", "-n", "1", *RENDER, "--out", tmp_path / "out", "--dry-run")
    assert "mura is known on display-panel alone" in " ".join(outcome.out.split())
