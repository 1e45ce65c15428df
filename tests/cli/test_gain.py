"""`defectgen gain` as a user meets it: what it refuses in one line, what a dry run tells, and a small study."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import Command
from tests.gain.bench_set import real_set, synthetic_set
from tests.gain.tiny_task import known

SMALL = ("--tasks", "tiny", "--arms", "none,duplicate", "--draws", "2", "--seeds", "1", "--shots", "2", "--size", "32",
         "--batch", "4", "--jobs", "1", "--device", "cpu")  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def tiny() -> Iterator[None]:
    with known(steps=3):
        yield


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return real_set(tmp_path_factory.mktemp("gain") / "real", good=24, each=16).path


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("--shots", "few"), "--shots 'few': expected a number, or all"),
        (("--ratios", "1,x"), "--ratios '1,x': expected numbers with commas between"),
        (("--ratios", "-1"), "--ratios '-1': expected synthetic pictures a real shot"),
        (("--arms", "none,magic"), "--arms: 'magic' is unknown"),
        (("--tasks", "fly"), "unknown task 'fly'; expected one of"),
        (("--tasks", ""), "--tasks is empty"),
        (("--synth", "nowhere"), "nowhere is not a folder; expected a defect set"),
        (("--shots", "40"), "--shots asks for 40"),
        (("--defects", "dent"), "--defects: "),
        (("--budget", "0"), "--budget is 0"),
        (("--html", "page.txt"), "does not end in .html"),
        (("--html", "nowhere/page.html"), "lies in nowhere, which is not there"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(
    defectgen: Command, real: Path, tmp_path: Path, given: tuple[str, ...], said: str
) -> None:
    done = defectgen("gain", "--real", real, *SMALL, "--out", tmp_path / "out", *given)
    assert done.code == 2 and said in done.err and done.err.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_a_set_that_was_not_split_is_refused(defectgen: Command, tmp_path: Path) -> None:
    done = defectgen("gain", "--real", synthetic_set(tmp_path / "set").path, *SMALL)
    assert done.code == 2 and "has no train split" in done.err and "run defectgen split" in done.err


def test_a_dry_run_tells_the_plan_and_writes_nothing(defectgen: Command, real: Path, tmp_path: Path) -> None:
    done = defectgen("gain", "--real", real, *SMALL, "--out", tmp_path / "out", "--dry-run")
    assert done.code == 0 and done.err == ""
    lines = {line.split()[0]: line for line in done.out.splitlines() if line}
    assert "4, 1 at a time on cpu" in lines["trainings"] and "tiny (flat, 3 steps), at 32 px" in lines["tasks"]
    assert "4 trainings to do, 0 done already" in lines["forecast"]
    assert "2 synthetic sets are made, where" in lines["before"] and not (tmp_path / "out").exists()
    assert lines["train"].endswith(" pictures: 12 good, 8 scratch, 8 spot") and lines["real"].endswith("real")


def test_a_study_leaves_numbers_and_a_page_and_goes_on(defectgen: Command, real: Path, tmp_path: Path) -> None:
    args = ("gain", "--real", real, *SMALL, "--out", tmp_path / "out", "--json", tmp_path / "out/copy.json",
            "--html", tmp_path / "out/page.html")  # fmt: skip
    done = defectgen(*args, "--budget", "0.00001")
    assert done.code == 0 and "4 of 4 trainings are left: run the same command to go on" in " ".join(done.out.split())
    done = defectgen(*args)
    assert done.code == 0 and done.err == "" and "2 draws; a verdict needs 5" in done.out
    content = json.loads((tmp_path / "out/gain.json").read_text())
    assert len(content["cells"]) == content["planned"] == 4
    assert (tmp_path / "out/copy.json").read_bytes() == (tmp_path / "out/gain.json").read_bytes()
    page = (tmp_path / "out/page.html").read_text("utf-8")
    assert "no evidence" in page and "<script" not in page and "http://" not in page.replace("http://www.w3.org", "")
