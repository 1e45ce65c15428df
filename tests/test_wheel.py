"""The wheel stands alone: installed into an empty environment, away from the checkout, it runs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def run(*command: str | Path, cwd: Path) -> str:
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, cwd=cwd, env=env, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder, cwd=ROOT)
    return next(folder.glob("*.whl"))


def test_wheel_carries_recipes_samples_weights_and_licence(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    weights = "weights/compact/unet/diffusion_pytorch_model.safetensors"
    page = "report/templates/audit.css"
    for wanted in ("recipes/defects/crack.yaml", "samples/good/metadata.jsonl", page, "py.typed", weights):
        assert f"defectgen/{wanted}" in names
    assert any(name.startswith("defectgen/samples/good/brushed-aluminum/") for name in names)
    assert any(name.endswith("licenses/LICENSE") for name in names)
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"defectgen"}


def test_installed_wheel_runs_outside_the_checkout(wheel: Path, tmp_path: Path) -> None:
    """The dependencies are lent by this environment, by a path file; defectgen comes from the wheel alone."""
    run(sys.executable, "-m", "venv", "--without-pip", "env", cwd=tmp_path)
    scripts = tmp_path / "env" / ("Scripts" if os.name == "nt" else "bin")
    python = scripts / "python"
    pip = (sys.executable, "-m", "pip", "--python", python)
    run(*pip, "install", "--no-deps", "--no-index", wheel, cwd=tmp_path)
    where = "import sysconfig; print(sysconfig.get_path('purelib'))"
    site = Path(run(python, "-c", where, cwd=tmp_path).strip())
    (site / "lent.pth").write_text(sysconfig.get_path("purelib"))
    origin = run(python, "-c", "import defectgen; print(defectgen.__file__)", cwd=tmp_path).strip()
    assert Path(origin).is_relative_to(site)
    prompt = "hairline crack on brushed aluminum"
    run(scripts / "defectgen", "synth", prompt, "-n", "1", "--engine", "render", cwd=tmp_path)
    folder = tmp_path / "out" / "hairline-crack-on-brushed-aluminum"
    (line,) = (folder / "metadata.jsonl").read_text().splitlines()
    sample = json.loads(line)
    assert sample["material"] == "brushed-aluminum"
    assert (folder / sample["file_name"]).is_file()
    assert (folder / sample["mask_file_name"]).is_file()
