"""The real tasks on worker processes: the same numbers as in one process, and a killed study that goes on."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from defectgen.gain.result import GainResult, read_result
from tests.gain.bench_set import real_set

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("workers")
    real_set(made / "real", good=24, each=16)
    return made


def command(out: str, jobs: int) -> list[str]:
    options = ("--real real --arms none,duplicate --tasks segment,classify --draws 2 --seeds 1 --shots 3 --size 32 "
               f"--steps 4 --batch 4 --device cpu --jobs {jobs} --out {out}")  # fmt: skip
    return [sys.executable, "-m", "defectgen", "gain", *options.split()]


def run(folder: Path, out: str, jobs: int) -> GainResult:
    subprocess.run(command(out, jobs), cwd=folder, check=True, capture_output=True)
    return read_result(folder / out / "gain.json")


def numbers(result: GainResult) -> dict[str, object]:
    return {one.key: one.numbers.model_copy(update={"seconds": 0.0}) for one in result.cells}


def test_any_number_of_workers_gives_the_same_numbers(folder: Path) -> None:
    one, two = run(folder, "one", 1), run(folder, "two", 2)
    assert one.complete and len(one.cells) == 8
    assert numbers(one) == numbers(two)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_a_study_that_was_killed_goes_on(folder: Path, how: signal.Signals) -> None:
    out = folder / how.name
    process = subprocess.Popen(command(out.name, 2), cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    while not list(out.glob("cells/*.json")) and process.poll() is None:
        time.sleep(0.1)
    process.send_signal(how)
    said = process.communicate()[1].decode()
    assert process.returncode in ((130,) if how == signal.SIGINT else (-9,))
    assert how == signal.SIGKILL or said == f"stopped; what is finished lies in {out.name}, the same command goes on\n"
    kept = {path.name: path.read_bytes() for path in out.glob("cells/*.json")}
    assert run(folder, out.name, 2).complete
    assert kept and all((out / "cells" / name).read_bytes() == content for name, content in kept.items())
