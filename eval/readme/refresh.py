"""Runs the commands that the README shows and puts their output under them.

    python eval/readme/refresh.py            rewrites README.md
    python eval/readme/refresh.py --check    only says whether the commands still run

A command is a line that starts with "$ defectgen" in a console block; what follows it up to the next command or the
block's end is its output. The commands run in an empty folder that sees samples/ of the checkout.
"""

from __future__ import annotations

import argparse
import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
COLUMNS = 100


def output_of(command: str, folder: Path) -> list[str]:
    """What one command prints, both streams in order, without blanks at the ends of lines."""
    words = shlex.split(command)
    env = os.environ | {"COLUMNS": str(COLUMNS), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-m", *words], cwd=folder, env=env, text=True, check=False,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    if done.returncode:
        raise SystemExit(f"{command}: exit code {done.returncode}\n{done.stdout}")
    lines = [line.rstrip() for line in done.stdout.splitlines()]
    return [line for line in lines if line]


def refreshed(text: str, folder: Path) -> str:
    """The README with the outputs of now."""
    lines: list[str] = []
    in_console = showing = False
    for line in text.splitlines():
        if line.startswith("```"):
            in_console, showing = line == "```console", False
        if in_console and line.startswith("$ "):
            showing = line.startswith("$ defectgen ")
            lines.append(line)
            lines += output_of(line.removeprefix("$ "), folder) if showing else []
        elif not showing:
            lines.append(line)
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="run the commands, leave the file alone")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        (Path(scratch) / "samples").symlink_to(ROOT / "samples", target_is_directory=True)
        text = refreshed(README.read_text(encoding="utf-8"), Path(scratch))
    if not args.check:
        README.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
