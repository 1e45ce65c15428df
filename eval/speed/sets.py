"""How fast and how heavy import, check, show, split, caption, merge and each export are: the numbers of SETS.md.

    python eval/speed/sets.py                  1,000 and 20,000 pictures; an hour on two idle cores, 3 GB of disk
    python eval/speed/sets.py --quick          60 and 240 pictures: whether it runs, no numbers to keep
    python eval/speed/sets.py --only split     some of the commands

Every row is one cold command, as a user types it, in a process of its own: seconds from its start to its end, loading
of libraries included, and the peak of its resident memory. The source is synthetic: square grey pictures of layered
noise, 70 percent good (JPEG, which an import stores anew as PNG), 30 percent with one to three defects and their masks
(PNG, which it copies). Every fourth picture is a twin of the one before: the same surface, other sensor noise, other
exposure, so that the split has 3/4 n groups to find. The yardsticks are decoding alone, and copying the files.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
TARGETS = ("coco", "yolo-detect", "yolo-segment", "mvtec", "hf", "parquet", "webdataset", "cvat", "labelstudio")
SPLIT_GOAL = "20,000 pictures in 300 s or less"
CHILD = """
import json, resource, sys, time
start = time.perf_counter()
sys.argv[0] = "defectgen"
code = 0
try:
    from defectgen.cli import main
    main()
except SystemExit as error:
    code = error.code or 0
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print("\\n" + json.dumps({"code": code, "seconds": time.perf_counter() - start, "peak_mib": peak}))
"""
DECODE = """
import json, resource, sys, time
from pathlib import Path
start = time.perf_counter()
from defectgen.image import read_picture
for path in Path(sys.argv[1]).rglob("*.*"):
    read_picture(path, min_side=1)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({"code": 0, "seconds": time.perf_counter() - start, "peak_mib": peak}))
"""


@dataclass(frozen=True)
class Run:
    """One command. error: its last line where it failed."""

    name: str
    n: int
    seconds: float
    peak_mib: float
    mib: float
    error: str | None = None


@dataclass(frozen=True)
class Twins:
    """What the split made of the planted twins: pairs, pairs in one group, and groups in all."""

    planted: int
    together: int
    groups: int


def write_source(folder: Path, n: int, px: int) -> None:
    """good/*.jpg, crack/*.png and pit/*.png with masks/<type>/*.png."""
    import cv2
    import numpy as np

    for name in ("good", "crack", "pit", "masks/crack", "masks/pit"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    surface = np.zeros((px, px), np.float32)
    for i in range(n):
        rng = np.random.default_rng(i)
        twin = i % 4 == 1
        if not twin:
            layers = ((rng.normal(0, s, (k, k)).astype(np.float32), k) for k, s in ((4, 25), (16, 12), (48, 8)))
            surface = sum((cv2.resize(noise, (px, px)) for noise, _ in layers), np.zeros((px, px), np.float32))
        grey = 128 + rng.normal(0, 6) + surface + rng.normal(0, 3, (px, px))
        # Twins have the kind of their elder, else one type would tear the group's strata.
        kind = "good" if (i - twin) % 10 < 7 else ("crack" if (i - twin) % 20 < 10 else "pit")
        if kind != "good":
            mask = _defects(rng, px, kind)
            grey = np.where(mask > 0, grey - 60, grey)
            cv2.imwrite(str(folder / f"masks/{kind}/{i:06d}.png"), mask)
        suffix = ".jpg" if kind == "good" else ".png"
        cv2.imwrite(str(folder / f"{kind}/{i:06d}{suffix}"), np.clip(grey, 0, 255).astype(np.uint8))


def _defects(rng: object, px: int, kind: str) -> object:
    import cv2
    import numpy as np

    assert isinstance(rng, np.random.Generator)
    mask = np.zeros((px, px), np.uint8)
    for _ in range(int(rng.integers(1, 4))):
        x, y, u, v = (int(c) for c in rng.integers(px // 8, px - px // 8, 4))
        if kind == "crack":
            cv2.line(mask, (x, y), (u, v), 255, 1 + int(rng.integers(2)))
        else:
            cv2.circle(mask, (x, y), int(rng.integers(2, px // 12)), 255, -1)
    return mask


def steps(source: Path, work: Path) -> Iterator[tuple[str, list[str], Path | None]]:
    """Name, arguments and what may be deleted afterwards, in an order in which each finds what it needs."""
    made = work / "set"
    yield "import", ["import", "folder", str(source), str(made)], None
    yield "sets check", ["sets", "check", str(made)], None
    yield "sets check --write-hashes", ["sets", "check", str(made), "--write-hashes"], None
    yield "sets show", ["sets", "show", str(made)], None
    yield "caption", ["caption", str(made)], None
    yield "split", ["split", str(made)], None
    yield "split --by source", ["split", str(made), "--by", "source"], None
    yield "sets merge", ["sets", "merge", str(made), str(work / "merged")], work / "merged"
    for target in TARGETS:
        out = work / f"export-{target}"
        yield f"export --to {target}", ["export", str(made), str(out), "--to", target], out


def child(code: str, *args: str) -> dict[str, float | int | str]:
    env = {**os.environ, "PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1"}
    done = subprocess.run([sys.executable, "-c", code, *args], capture_output=True, text=True, env=env, check=False)
    try:
        result: dict[str, float | int | str] = json.loads(done.stdout.splitlines()[-1])
    except (IndexError, ValueError):
        result = {"code": done.returncode or 1, "seconds": 0.0, "peak_mib": 0.0}
    if result["code"]:
        result["error"] = ((done.stderr or done.stdout).strip().splitlines() or ["no message"])[-1]
    return result


def mib(folder: Path | None) -> float:
    if folder is None or not folder.is_dir():
        return 0.0
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 2**20


def measure(n: int, px: int, work: Path, only: list[str]) -> tuple[list[Run], Twins | None]:
    """Every command on a source of n pictures."""
    source, runs, twins = work / "source", list[Run](), None
    write_source(source, n, px)
    start = time.perf_counter()
    shutil.copytree(source, work / "copy")
    runs.append(Run("copying the source's files", n, time.perf_counter() - start, 0.0, mib(source)))
    shutil.rmtree(work / "copy")
    for name, args, waste in (("decoding alone", [], None), *steps(source, work)):
        needed = not only or name in ("import", "decoding alone") or any(part in name for part in only)
        if not needed:
            continue
        said = child(DECODE, str(source)) if not args else child(CHILD, *args)
        error = str(said["error"]) if said["code"] else None
        size = mib(waste or (work / "set" if name == "import" else None))
        runs.append(Run(name, n, float(said["seconds"]), float(said["peak_mib"]), size, error))
        print(f"{n:7,}  {name:28} {runs[-1].seconds:8.1f} s {runs[-1].peak_mib:7.0f} MiB  {error or ''}", flush=True)
        if waste is not None:
            shutil.rmtree(waste, ignore_errors=True)
        if name == "split":
            twins = find_twins(work / "set", n)
    return runs, twins


def find_twins(made: Path, n: int) -> Twins:
    """Reads the groups of a set that was split."""
    group_of: dict[str, str] = {}
    with (made / "metadata.jsonl").open(encoding="utf-8") as table:
        for line in table:
            record = json.loads(line)
            group_of[Path(record["source"]).stem] = record["group"]
    pairs = [(f"{i - 1:06d}", f"{i:06d}") for i in range(1, n, 4)]
    together = sum(group_of[a] == group_of[b] for a, b in pairs)
    return Twins(len(pairs), together, len(set(group_of.values())))


def page(runs: list[Run], twins: Twins | None, px: int, command: str) -> str:
    """SETS.md."""
    small, large = sorted({one.n for one in runs})
    by_name = {(one.name, one.n): one for one in runs}
    decode = by_name["decoding alone", large]
    lines = [
        "# Speed and memory of the commands on sets",
        "",
        f"Made by `{command}`: synthetic grey pictures of {px} x {px} px, {os.cpu_count()} CPUs, "
        f"Python {platform.python_version()}, {platform.machine()}. What is measured stands at the head of the script.",
        "Rates are those of the larger set; a ratio of 2 is twice the time of decoding the same pictures once.",
        "",
        f"| command | n = {large:,} | images/s | of decoding | peak, n = {small:,} | peak, n = {large:,} | growth |",
        "|---|--:|--:|--:|--:|--:|--:|",
    ]
    for one in runs:
        if one.n == large:
            lines.append(table_row(one, by_name.get((one.name, small)), decode))
    lines.append("")
    if twins is not None:
        lines.append(
            f"Split: {by_name['split', large].seconds:.0f} s for {large:,} pictures (goal: {SPLIT_GOAL}); it put "
            f"{twins.together:,} of the {twins.planted:,} planted twins together, in {twins.groups:,} groups where "
            f"{large - twins.planted:,} were planted."
        )
    sizes = [f"{one.name} {one.mib:,.0f} MiB" for one in runs if one.n == large and one.mib]
    lines += ["", "On the disk: " + ", ".join(sizes) + "."]
    return "\n".join(lines) + "\n"


def table_row(large: Run, small: Run | None, decode: Run) -> str:
    if large.error:
        return f"| {large.name} | failed: {large.error} | | | | | |"
    rate, ratio = large.n / max(large.seconds, 1e-9), large.seconds / decode.seconds
    if not large.peak_mib or small is None or small.error:
        return f"| {large.name} | {large.seconds:.1f} s | {rate:,.0f} | {ratio:.2f} x | | | |"
    growth = large.peak_mib / small.peak_mib - 1
    return (
        f"| {large.name} | {large.seconds:.1f} s | {rate:,.0f} | {ratio:.2f} x | {small.peak_mib:,.0f} MiB | "
        f"{large.peak_mib:,.0f} MiB | {growth:+.0%} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="few pictures; prints the page, leaves SETS.md as it is")
    parser.add_argument("--small", type=int, default=1000)
    parser.add_argument("--large", type=int, default=20_000)
    parser.add_argument("--px", type=int, default=128)
    parser.add_argument("--only", nargs="+", default=[], help="words of the commands to measure; import always runs")
    parser.add_argument("--work", type=Path, default=None, help="folder for the pictures; a temporary one by default")
    parser.add_argument("--page", type=Path, help="where to write the page; SETS.md by default, for a whole run")
    options = parser.parse_args()
    sizes = (60, 240) if options.quick else (options.small, options.large)
    whole = not options.quick and not options.only
    runs, twins = list[Run](), None
    for n in sizes:
        with tempfile.TemporaryDirectory(dir=options.work, prefix="defectgen-sets-") as work:
            more, twins = measure(n, options.px, Path(work), options.only)
            runs += more
    command = " ".join(["python eval/speed/sets.py", *sys.argv[1:]])
    text = page(runs, twins, options.px, command)
    if whole or options.page:
        (options.page or HERE / "SETS.md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
