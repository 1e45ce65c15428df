"""The frame of the command line: help, version, completion, exit codes, the launchers."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer

from defectgen import __version__
from defectgen.cli import app
from defectgen.errors import DefectgenError

ROOT = Path(__file__).resolve().parents[2]


def run(*command: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *command], capture_output=True, text=True, cwd=ROOT, env=os.environ | env, check=False
    )


def test_no_arguments_show_the_help(defectgen: Any) -> None:
    bare, asked = defectgen(), defectgen("--help")
    assert bare.code == asked.code == 0
    for verb in ("synth", "explain", "recipes", "doctor", "pretrain"):
        assert verb in bare.out
        assert verb in asked.out


def test_a_group_alone_shows_its_help(defectgen: Any) -> None:
    outcome = defectgen("recipes")
    assert "list" in outcome.out
    assert outcome.err == ""


@pytest.mark.parametrize("launcher", [["cli.py"], ["-m", "defectgen"]])
def test_launchers(launcher: list[str]) -> None:
    done = run(*launcher, "--version")
    assert (done.returncode, done.stdout) == (0, f"defectgen {__version__}\n")


@pytest.mark.parametrize(
    ("words", "place", "expected"),
    [
        ("defectgen ", "1", "synth"),
        ("defectgen synth --eng", "2", "--engine"),
        ("defectgen synth --engine c", "3", "compact\ncopy-paste\ncutpaste"),
        ("defectgen synth --device ", "3", "auto\ncpu\ncuda\nmps"),
    ],
)
def test_completion(words: str, place: str, expected: str) -> None:
    done = run("cli.py", _DEFECTGEN_COMPLETE="complete_bash", COMP_WORDS=words, COMP_CWORD=place)
    assert expected in done.stdout


@pytest.mark.parametrize(
    ("raised", "code", "line"),
    [
        (DefectgenError("one\ntwo"), 2, "error: one two\n"),
        (KeyboardInterrupt(), 130, None),
        (typer.Abort(), 130, "stopped\n"),
    ],
)
def test_exit_codes(
    raised: BaseException,
    code: int,
    line: str | None,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail(*_: Any) -> None:
        raise raised

    monkeypatch.setattr("defectgen.health.examine", fail)
    with pytest.raises(SystemExit) as left:
        app(["doctor"])
    assert left.value.code == code
    if line is not None:
        assert capsys.readouterr().err == line


def test_a_bug_shows_itself(defectgen: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("defectgen.health.examine", fail)
    with pytest.raises(ZeroDivisionError):
        defectgen("doctor")
