"""`defectgen audit` as a user meets it: a screen of 80 columns, two files, and one line for what cannot be used."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from defectgen.metric.result import AuditReport
from tests.cli.conftest import Command
from tests.metric.audit_sets import write_set


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """synth/ and real/ of 16 pictures each, which no test may change."""
    top = tmp_path_factory.mktemp("audit")
    write_set(top / "synth", 16, 1, twins=True)
    write_set(top / "real", 16, 2)
    return top


def listing(folder: Path) -> list[str]:
    return sorted(str(path) for path in folder.rglob("*"))


def test_an_audit_prints_its_numbers_and_writes_both_files(
    defectgen: Command, folders: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEFECTGEN_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("COLUMNS", "80")
    html, data = tmp_path / "report.html", tmp_path / "audit.json"
    done = defectgen(
        "audit", folders / "synth", "--real", folders / "real", "--html", html, "--json", data, "--views", "window",
        "--resamples", 100, "--no-probe",
    )  # fmt: skip
    assert done.code == 0, done.err
    report = AuditReport.model_validate_json(data.read_text("utf-8"))
    assert report.fingerprints[0].extractor == "efficientnet-lite0"
    for word in ("KID-Lite0", "floor", "labels", "refused", str(html)):
        assert word in done.out
    assert max(len(line) for line in done.out.splitlines() if str(tmp_path) not in line and "/" not in line) <= 80
    assert "KID-Lite0" in html.read_text("utf-8")
    again = defectgen(
        "audit", folders / "synth", "--real", folders / "real", "--json", tmp_path / "again.json", "--views", "window",
        "--resamples", 100, "--no-probe",
    )  # fmt: skip
    assert again.code == 0
    same = AuditReport.model_validate_json((tmp_path / "again.json").read_text("utf-8"))
    assert same.scores == report.scores and same.copies == report.copies


def empty(top: Path) -> tuple[Path, ...]:
    (top / "empty").mkdir()
    return top / "empty", top / "real"


def one_picture(top: Path) -> tuple[Path, ...]:
    (top / "one").mkdir()
    shutil.copy(top / "synth/images/000000.png", top / "one")
    return top / "one", top / "real"


def all_broken(top: Path) -> tuple[Path, ...]:
    (top / "broken").mkdir()
    for name in ("a.png", "b.png"):
        (top / "broken" / name).write_bytes(b"no picture")
    return top / "broken", top / "real"


def good_only(top: Path) -> tuple[Path, ...]:
    (top / "fine/good").mkdir(parents=True)
    for k in range(3):
        Image.fromarray(np.full((40, 40), 90 + k, np.uint8)).save(top / f"fine/good/{k}.png")
    return top / "fine", top / "real"


def copied(top: Path) -> tuple[Path, ...]:
    shutil.copytree(top / "real", top / "copied")
    return top / "copied", top / "real"


def all_tested(top: Path) -> tuple[Path, ...]:
    return top / "synth", write_set(top / "tested", 4, 3, test=4)


SIDES: dict[str, tuple[Callable[[Path], tuple[Path, ...]], str]] = {
    "empty set": (empty, "holds no images"),
    "one image": (one_picture, "holds 1 picture with a defect"),
    "corrupt files": (all_broken, "2 left out (cannot be read)"),
    "good pictures only": (good_only, "3 good"),
    "the same folder": (lambda top: (top / "real", top / "real"), "are the same folder"),
    "the same pictures": (copied, "pixel for pixel"),
    "test pictures only": (all_tested, "4 left out (test split)"),
    "no folder": (lambda top: (top / "nowhere", top / "real"), "is not a folder"),
}


@pytest.mark.parametrize(("make", "said"), SIDES.values(), ids=SIDES)
def test_sides_that_cannot_be_compared(
    defectgen: Command, folders: Path, tmp_path: Path, make: Callable[[Path], tuple[Path, ...]], said: str
) -> None:
    top = tmp_path / "top"
    shutil.copytree(folders, top)
    synth, real = make(top)
    check_refused(defectgen, top, said, synth, "--real", real)


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("--views", "face"), "unknown view"),
        (("--features", "resnet"), "unknown features"),
        (("--weights", "{top}/none.pt"), "is not a file"),
        (("--features", "inception", "--weights", "{top}/wrong.pt"), "sha256"),
        (("--compat", "nobody"), "nobody"),
        (("--resamples", "3"), "at least 100"),
        (("--classifier", "{top}/none.safetensors"), "none.safetensors"),
        (("--train", "{top}/nowhere"), "not a folder"),
        (("--html", "{top}/report.pdf"), "does not end in .html"),
        (("--json", "{top}/no/audit.json"), "not there"),
        (("--seed", "x"), "seed"),
    ],
)
def test_options_that_cannot_be_used(
    defectgen: Command, folders: Path, tmp_path: Path, args: tuple[str, ...], said: str
) -> None:
    top = tmp_path / "top"
    shutil.copytree(folders, top)
    (top / "wrong.pt").write_bytes(b"these are no weights")
    check_refused(defectgen, top, said, top / "synth", "--real", top / "real", *(arg.format(top=top) for arg in args))


def check_refused(defectgen: Command, top: Path, said: str, *args: str | Path) -> None:
    before = listing(top)
    outputs = [part for option, name in (("--html", "r.html"), ("--json", "a.json")) if option not in args
               for part in (option, top / name)]  # fmt: skip
    done = defectgen("audit", *args, *outputs)
    assert done.code == 2 and done.err.startswith("error: ") and done.err.count("\n") == 1, done.err
    assert said in done.err
    assert listing(top) == before
