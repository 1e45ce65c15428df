"""Kill the real command with SIGKILL at random moments, start it again, compare the bytes with an undisturbed run.

    python eval/resume/measure.py --kills 20 --n 12

A run that ends before the kills are used up is compared, and the rest goes to a new folder. Writes RESULT.md.
"""

from __future__ import annotations

import argparse
import hashlib
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
PROMPT = "pitting on milled steel"


def digest(folder: Path) -> dict[str, str]:
    """sha256 of every file below a folder, by its relative path."""
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def command(out: Path, n: int, engine: str) -> list[str]:
    return [sys.executable, str(ROOT / "cli.py"), "synth", PROMPT, "-n", str(n), "--engine", engine, "--out", str(out)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--n", type=int, default=12)
    parser.add_argument("--engine", default="compact")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent)
    args = parser.parse_args()
    rng, killed, folders, same = np.random.default_rng(args.seed), 0, 0, 0
    with tempfile.TemporaryDirectory() as scratch:
        began = time.monotonic()
        subprocess.run(command(Path(scratch) / "whole", args.n, args.engine), check=True, stdout=subprocess.DEVNULL)
        whole, wanted = time.monotonic() - began, digest(Path(scratch) / "whole")
        while killed < args.kills:
            out = Path(scratch) / f"cut-{folders}"
            while True:
                run = subprocess.Popen(command(out, args.n, args.engine), stdout=subprocess.DEVNULL)
                try:
                    code = run.wait(rng.uniform(0.2, 0.9) * whole) if killed < args.kills else run.wait()
                except subprocess.TimeoutExpired:
                    run.kill()
                    run.wait()
                    killed += 1
                    continue
                assert code == 0, f"exit code {code}"
                break
            folders += 1
            same += digest(out) == wanted
    text = (
        f"# Killed and started again\n\nMade by `python eval/resume/measure.py --kills {args.kills} --n {args.n}`, "
        f"engine {args.engine}.\n\n- SIGKILL at random moments: {killed}\n- folders finished after that: {folders}\n"
        f"- of these equal to the undisturbed run, byte for byte, {len(wanted)} files each: {same}\n"
    )
    (args.out / "RESULT.md").write_text(text)
    print(text)


if __name__ == "__main__":
    main()
