"""How fast and how heavy FID and KID are, features included, beside torch-fidelity with the same extractor.

    taskset -c 0 python eval/speed/audit.py               the numbers of AUDIT.md (many minutes on one core)
    taskset -c 0 python eval/speed/audit.py --n 200       a quicker look, printed alone

Two sets of made-up pictures of 256 x 256 px lie on the disk as PNG. Each side runs in a process of its own, on one
thread: ours reads, looks up an empty cache of features, computes, fills the cache, and takes FID and KID over all
pairs; torch-fidelity runs `calculate_metrics(fid=True, kid=True)` with that extractor registered, its cache off and no
worker processes, which would only get in its way on one core. Loading libraries and weights is left out on both sides.
Seconds are of processor time, and the two sides run at the same time on the same core, so that whatever else a machine
does slows both alike. Peaks are of resident memory of the whole process.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
SIDE, BATCH = 256, 16
KID_SUBSET, KID_SUBSETS = 1000, 100
ONE_THREAD = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}


def write_pictures(folder: Path, n: int, seed: int, contrast: float) -> None:
    """n pictures of smooth shading, grain and one dark stroke, whose contrast is what the two sets differ in."""
    import cv2
    import numpy as np

    from defectgen.image import write_picture

    folder.mkdir(parents=True)
    for i in range(n):
        rng = np.random.default_rng((seed, i))
        shading = cv2.resize(rng.normal(120, 30, (6, 6, 3)).astype(np.float32), (SIDE, SIDE), interpolation=2)
        grain = cv2.GaussianBlur(rng.normal(0, 25, (SIDE, SIDE)).astype(np.float32), (0, 0), 1)
        ends = rng.integers(0, SIDE, 4).tolist()
        stroke = cv2.line(np.zeros((SIDE, SIDE), np.float32), ends[:2], ends[2:], contrast, int(rng.integers(1, 6)))
        pixels = np.clip(shading + (grain - stroke)[..., None], 0, 255).astype(np.uint8)
        write_picture(folder / f"{i:05d}.png", pixels)


class Stages:
    """Seconds of processor time by stage, of this process and those it started."""

    def __init__(self) -> None:
        self.found: dict[str, float] = {}

    def run(self, name: str, work: Callable[[], Any]) -> Any:
        start = _processor_seconds()
        result = work()
        self.found[name] = _processor_seconds() - start
        return result


def _processor_seconds() -> float:
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def ours(first: Path, second: Path, cache: Path) -> dict[str, Any]:
    from defectgen.metric.choose_extractor import open_extractor
    from defectgen.metric.collection import open_collection
    from defectgen.metric.feature import features_of
    from defectgen.metric.frechet import frechet_distance
    from defectgen.metric.kid import kid

    extractor, stages = open_extractor("lite0", None), Stages()
    x, y = stages.run("features", lambda: [
        features_of(open_collection(folder), "image", extractor, cache=cache, batch=BATCH) for folder in (first, second)
    ])  # fmt: skip
    fid = stages.run("FID", lambda: frechet_distance(x.vectors, y.vectors))
    return {"FID": fid, "KID": stages.run("KID", lambda: kid(x.vectors, y.vectors)), "stages": stages.found}


def torch_fidelity_side(first: Path, second: Path, n: int) -> dict[str, Any]:
    import torch_fidelity

    from defectgen.metric.choose_extractor import open_extractor
    from defectgen.metric.fidelity_adapter import register

    name, stages = register(open_extractor("lite0", None)), Stages()
    found = stages.run("all", lambda: torch_fidelity.calculate_metrics(
        input1=str(first), input2=str(second), fid=True, kid=True, kid_subset_size=min(KID_SUBSET, n),
        kid_subsets=KID_SUBSETS, feature_extractor=name, cuda=False, cache=False, save_cpu_ram=True, batch_size=BATCH,
        verbose=False,
    ))  # fmt: skip
    fid, kid = found["frechet_inception_distance"], found["kernel_inception_distance_mean"]
    return {"FID": fid, "KID": kid, "stages": stages.found}


class Part:
    """One side in a process of its own. found: its numbers, seconds of all its stages, and its peak in MiB."""

    def __init__(self, *arguments: str) -> None:
        self._command = [sys.executable, str(HERE / "audit.py"), "--side", *arguments]
        self._process = subprocess.Popen(self._command, stdout=subprocess.PIPE, text=True, env=os.environ | ONE_THREAD)

    def found(self) -> dict[str, Any]:
        out = self._process.communicate()[0]
        if self._process.returncode:
            raise SystemExit(f"{' '.join(self._command)} failed")
        print(out.splitlines()[-1], file=sys.stderr, flush=True)
        found: dict[str, Any] = json.loads(out.splitlines()[-1])
        return found | {"cpu": sum(found["stages"].values())}


def measure(n: int, small: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        for size in (small, n):
            write_pictures(root / f"{size}a", size, 1, 60)
            write_pictures(root / f"{size}b", size, 2, 80)

        def side(kind: str, size: int, cache: str) -> Part:
            return Part(kind, str(root / f"{size}a"), str(root / f"{size}b"), str(root / cache), str(size))

        pair = [side("ours", n, "cold"), side("torch-fidelity", n, "")]
        mine, theirs = (one.found() for one in pair)
        warm, little = side("ours", n, "cold").found(), side("ours", small, "small").found()
        return {"n": n, "small": small, "small_ours": little, "ours": mine, "theirs": theirs, "warm": warm}


def text_of(found: dict[str, Any]) -> str:
    n, small, mine, theirs, warm = (found[key] for key in ("n", "small", "ours", "theirs", "warm"))
    stages = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in mine["stages"].items())
    growth = found["ours"]["peak_mib"] / found["small_ours"]["peak_mib"] - 1
    rows = [
        (f"ours, no features cached, n = {n:,}", mine), (f"torch-fidelity, n = {n:,}", theirs),
        (f"ours, all features cached, n = {n:,}", warm),
        (f"ours, no features cached, n = {small:,}", found["small_ours"]),
    ]  # fmt: skip
    table = "\n".join(
        f"| {name} | {one['cpu']:.1f} s | {one['peak_mib']:.0f} MiB | {one['FID']:.4f} "
        f"| {one['KID']:.5f} |" for name, one in rows
    )  # fmt: skip
    return f"""# Speed and memory of FID and KID

Made by `taskset -c 0 python eval/speed/audit.py`: {n:,} against {n:,} pictures of {SIDE} x {SIDE} px, one core of
{platform.machine()}, Python {platform.python_version()}, EfficientNet-Lite0 on both sides. What is timed stands at the
head of the script.

| FID and KID of two sets | processor | peak | FID-Lite0 | KID-Lite0 |
|---|--:|--:|--:|--:|
{table}

**Ratio, ours to torch-fidelity: {mine["cpu"] / theirs["cpu"]:.2f}** of processor time (goal: 1.0 or less).
Of ours, {stages}.
torch-fidelity's KID is the mean of {KID_SUBSETS} subsets of {min(KID_SUBSET, n):,}, ours takes every pair.

Memory of ours grows by {growth:+.0%} from n = {small:,} to n = {n:,}.
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--n", type=int, default=2000)
    parser.add_argument("--small", type=int, default=500)
    parser.add_argument("--side", nargs=5, metavar=("KIND", "FIRST", "SECOND", "CACHE", "N"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.side:
        kind, first, second, cache, n = options.side
        run = ours(Path(first), Path(second), Path(cache)) if kind == "ours" else torch_fidelity_side(
            Path(first), Path(second), int(n)
        )  # fmt: skip
        print(json.dumps(run | {"peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
        return
    text = text_of(measure(options.n, min(options.small, options.n // 2)))
    if options.n == parser.get_default("n"):
        (HERE / "AUDIT.md").write_text(text)
    print(text)


if __name__ == "__main__":
    main()
