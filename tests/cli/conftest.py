"""The command line under test, in this process, and a small good part."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from defectgen.cli import app


class Outcome(NamedTuple):
    """What a command left: exit code, what it said on either stream."""

    code: int
    out: str
    err: str


Command = Callable[..., Outcome]


@pytest.fixture
def defectgen() -> Command:
    """Runs `defectgen ARGS`; an unexpected exception is raised, as it would be a bug."""

    def run(*args: str | Path) -> Outcome:
        result = CliRunner().invoke(app, [str(arg) for arg in args])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Outcome(result.exit_code, result.stdout, result.stderr)

    return run


def brushed(side: int, seed: int = 0) -> np.ndarray:
    """(side, side, 3) uint8: horizontal strokes with a little noise."""
    rng = np.random.default_rng(seed)
    strokes = rng.normal(0, 6, (side, 1)) + rng.normal(0, 3, (side, side))
    grey = 140 + strokes + np.linspace(-15, 15, side)[None, :]
    return np.repeat(np.clip(grey, 0, 255).astype(np.uint8)[..., None], 3, axis=2)


@pytest.fixture
def part(tmp_path: Path) -> Path:
    """A good part, 160 x 160 pixels."""
    path = tmp_path / "part.png"
    Image.fromarray(brushed(160)).save(path)
    return path


@pytest.fixture
def parts(tmp_path: Path) -> Path:
    """A folder of three good parts."""
    folder = tmp_path / "parts"
    folder.mkdir()
    for i in range(3):
        Image.fromarray(brushed(160, i)).save(folder / f"part-{i}.png")
    return folder
