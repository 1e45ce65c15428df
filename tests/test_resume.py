"""A run that dies at any moment and is started again ends in the same bytes as one that was left alone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from defectgen.atomic import is_leftover
from defectgen.folder import SetFolder
from defectgen.generate import generate
from defectgen.image import read_picture
from tests.dark_engine import DarkEngine
from tests.set_job import small_job, tree

# Faint enough that some attempts are rejected, so that these are part of what must come out the same.
ENGINE = DarkEngine(depth=0.1)


class Killed(BaseException):
    """Stands for the end of the process; nothing may catch it."""


def die_at(monkeypatch: pytest.MonkeyPatch, step: int) -> None:
    """Die just before the step-th change of the disk, be it a write, a rename or a removal."""
    left = [step]
    for owner, name in ((os, "fsync"), (Path, "replace"), (Path, "rename"), (Path, "mkdir"), (Path, "unlink")):
        monkeypatch.setattr(owner, name, counted(getattr(owner, name), left))


def counted(change, left: list[int]):  # type: ignore[no-untyped-def]
    def dying(*args, **kwargs):  # type: ignore[no-untyped-def]
        left[0] -= 1
        if left[0] < 0:
            raise Killed
        return change(*args, **kwargs)

    return dying


def check_whole(out: Path) -> None:
    """Every file that has its name can be read, whatever moment it is."""
    for path in out.rglob("*.png"):
        if not is_leftover(path):
            read_picture(path)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("whole")
    generate(small_job(folder, n=3), ENGINE)
    return tree(folder / "out")


def test_death_at_every_change_of_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    generate(small_job(tmp_path, n=1, out=tmp_path / "whole"), ENGINE)
    undisturbed, steps = tree(tmp_path / "whole"), 0
    while True:
        job = small_job(tmp_path, n=1, out=tmp_path / str(steps))
        with monkeypatch.context() as patch:
            die_at(patch, steps)
            try:
                generate(job, ENGINE)
                break
            except Killed:
                pass
        check_whole(job.out)
        generate(job, ENGINE)
        assert tree(job.out) == undisturbed, f"after death at step {steps}"
        steps += 1
    assert steps > 20


def test_death_while_more_samples_are_added(
    tmp_path: Path, undisturbed: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for step in range(0, 24, 3):
        out = tmp_path / str(step)
        generate(small_job(tmp_path, n=1, out=out), ENGINE)
        with monkeypatch.context() as patch:
            die_at(patch, step)
            with pytest.raises(Killed):
                generate(small_job(tmp_path, n=3, out=out), ENGINE)
        generate(small_job(tmp_path, n=3, out=out), ENGINE)
        assert tree(out) == undisturbed, f"after death at step {step}"


def test_death_while_an_old_set_is_replaced(
    tmp_path: Path, undisturbed: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for step in range(0, 24, 3):
        out = tmp_path / str(step)
        generate(small_job(tmp_path, n=2, seed=5, out=out), ENGINE)
        with monkeypatch.context() as patch:
            die_at(patch, step)
            with pytest.raises(Killed):
                generate(small_job(tmp_path, n=3, out=out, overwrite=True), ENGINE)
        generate(small_job(tmp_path, n=3, out=out, overwrite=True), ENGINE)
        assert tree(out) == undisturbed, f"after death at step {step}"


def test_a_batch_that_was_half_done_is_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    generate(small_job(tmp_path, n=4, batch=4, out=tmp_path / "whole"), ENGINE)
    with monkeypatch.context() as patch:
        die_at(patch, 22)
        with pytest.raises(Killed):
            generate(small_job(tmp_path, n=4, batch=4), ENGINE)
    assert 0 < len(list((tmp_path / "out" / ".work").glob("*.json"))) < 4
    generate(small_job(tmp_path, n=4, batch=4), ENGINE)
    assert tree(tmp_path / "out") == tree(tmp_path / "whole")


def test_a_finished_set_is_left_alone(tmp_path: Path) -> None:
    job = small_job(tmp_path)
    generate(job, ENGINE)
    times = {path: path.stat().st_mtime_ns for path in (job.out / "images").iterdir()}
    assert generate(job, ENGINE).resumed == 4
    assert times == {path: path.stat().st_mtime_ns for path in (job.out / "images").iterdir()}


def test_an_unfinished_set_lists_what_it_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        die_at(patch, 40)
        with pytest.raises(Killed):
            generate(small_job(tmp_path), ENGINE)
    listed = (tmp_path / "out" / "metadata.jsonl").read_text().splitlines()
    assert 0 < len(listed) < 4
    assert SetFolder(tmp_path / "out", {}).outcome(0) is not None


RUN = """
import sys
from pathlib import Path
from defectgen.generate import generate
from tests.dark_engine import DarkEngine
from tests.set_job import small_job
job = small_job(Path(sys.argv[1]), n=6, out=Path(sys.argv[2]))
print("ready", flush=True)
generate(job, DarkEngine(depth=0.1, pause=0.03))
"""


def kill_and_resume(folder: Path, out: Path, delay: float, root: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", RUN, str(folder), str(out)], cwd=root, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(delay)
        process.send_signal(signal.SIGKILL)
    check_whole(out)
    generate(small_job(folder, n=6, out=out), ENGINE)


@pytest.mark.parametrize("kills", [3, pytest.param(20, marks=pytest.mark.slow)])
def test_kill_9_at_random_moments(tmp_path: Path, kills: int, repository: Path) -> None:
    start = time.perf_counter()
    generate(small_job(tmp_path, n=6, out=tmp_path / "whole"), DarkEngine(depth=0.1, pause=0.03))
    longest = time.perf_counter() - start
    whole = tree(tmp_path / "whole")
    for number, delay in enumerate(np.random.default_rng(0).uniform(0, longest, kills)):
        kill_and_resume(tmp_path, tmp_path / f"killed{number}", float(delay), repository)
        assert tree(tmp_path / f"killed{number}") == whole, f"after {delay:.3f} s of {longest:.3f} s"
