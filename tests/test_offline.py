"""Nothing asks the network: with every connection refused, a run that needs the sentence encoder still works."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

RUN = """
import os, socket, sys
os.environ.pop("HF_HUB_OFFLINE", None)

def refuse(*args, **kwargs):
    print("CONNECTS", args[1:], flush=True)
    raise OSError("no network in this test")

socket.socket.connect = refuse
socket.getaddrinfo = refuse
sys.argv = ["defectgen", *{args!r}]
from defectgen.cli import main
main()
"""


@pytest.mark.parametrize("engine", ["render", "compact"])
def test_a_run_connects_to_nothing(tmp_path: Path, engine: str) -> None:
    args = ["synth", "fissure on blorft aluminium", "-n", "1", "--engine", engine, "--out", str(tmp_path / "set")]
    done = subprocess.run(
        [sys.executable, "-c", RUN.format(args=args)], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert "CONNECTS" not in done.stdout
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "set" / "metadata.jsonl").read_text().count("\n") == 1
