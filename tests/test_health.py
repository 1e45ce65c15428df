"""What `doctor` finds: everything in place, and each thing that is not, with what to do."""

from __future__ import annotations

import shutil
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from defectgen import health
from defectgen.errors import WeightsError
from defectgen.health import Finding, examine


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The trial run has tests of its own; weights are as good as any here."""
    monkeypatch.setattr(health, "_time", lambda device: Finding("time", True, "soon"))
    monkeypatch.setitem(health.CHECKS, "weights", lambda: Finding("weights", True, "there"))


def test_all_is_well_here(tmp_path: Path) -> None:
    findings = list(examine(tmp_path, "cpu"))
    assert [finding for finding in findings if not finding.ok] == []
    assert {"python", "packages", "opencv", "recipes", "part library", "text encoder", "disk", "device", "time"} <= {
        finding.name for finding in findings
    }
    assert list(tmp_path.iterdir()) == []


def problems(folder: Path, device: str = "cpu") -> dict[str, str]:
    return {finding.name: finding.found for finding in examine(folder, device) if not finding.ok}


def test_damaged_weights_are_a_problem_and_stop_the_trial_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def damaged() -> Finding:
        raise WeightsError("sha256 differs; reinstall it")

    monkeypatch.setitem(health.CHECKS, "weights", damaged)
    assert problems(tmp_path) == {"weights": "sha256 differs; reinstall it"}
    assert "time" not in {finding.name for finding in examine(tmp_path, "cpu")}


def test_a_second_opencv_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Other:
        name = "opencv-python"

    real = list(metadata.distributions())
    monkeypatch.setattr(health, "distributions", lambda: [*real, Other()])
    assert "opencv-python and opencv-python-headless" in problems(tmp_path)["opencv"]


def test_a_missing_package_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "PACKAGES", ("numpy", "surely-not-installed"))
    assert "pip install surely-not-installed" in problems(tmp_path)["packages"]


def test_a_full_disk_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(tmp_path)._replace(free=1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    assert "make room" in problems(tmp_path)["disk"]


def test_an_absent_device_is_a_problem(tmp_path: Path) -> None:
    assert "tpu" in problems(tmp_path, "tpu")["device"]


@pytest.mark.parametrize(("ok", "code"), [(True, 0), (False, 2)])
def test_the_command_marks_and_counts(monkeypatch: pytest.MonkeyPatch, ok: bool, code: int, capsys: Any) -> None:
    from defectgen.cli import app

    monkeypatch.setattr(health, "examine", lambda folder, device: iter([Finding("weights", ok, "as found")]))
    with pytest.raises(SystemExit) as left:
        app(["doctor"])
    assert left.value.code == code
    out = capsys.readouterr().out
    assert ("ok" in out) is ok
    assert ("1 problem" in out) is not ok
