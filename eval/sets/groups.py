"""What grouping finds in real sets, and how fast it is.

    python eval/sets/groups.py study SET ... --out FOLDER     a line of numbers a set, and sheets of pairs to look at
    python eval/sets/groups.py speed --n 20000                seconds for pictures with planted twins
"""

from __future__ import annotations

import argparse
import re
import resource
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from defectgen.dataset import near_duplicate
from defectgen.dataset.defect_set import DefectSet
from defectgen.dataset.group import Tie, group_pictures
from defectgen.dataset.near_duplicate import OWN, Twin, find_twins
from defectgen.dataset.split import read_details
from defectgen.detail import SIDE, coarse_of, detail_of
from defectgen.image import Pixels, to_rgb
from defectgen.record import Record

CELL = 150
Pair = Callable[[Record, Record], bool]


def number(record: Record) -> int:
    return int(re.findall(r"num_(\d+)", record.source)[0])


# What the file names tell, independently of the pictures: tiles are numbered in the order of their photographs, cells
# by their place in the module (neighbouring wafers of one ingot are built into the same place of successive modules).
TOLD: dict[str, Pair] = {
    "MT_": lambda a, b: abs(number(a) - number(b)) < 2500,
    "FSEC_|EL": lambda a, b: Path(a.source).stem.rsplit("_", 1)[1] == Path(b.source).stem.rsplit("_", 1)[1],
}


def all_pairs(details: NDArray[np.float16]) -> list[Twin]:
    """Every candidate that aligns, with its correlation of own detail, however low."""
    near = near_duplicate.nearest(coarse_of(details), near_duplicate.CROWD)
    tied = near_duplicate.Union(len(details))
    crowd = near_duplicate.Crowd(details, near, tied)
    own = near_duplicate.nearest(coarse_of(crowd.residuals()), near_duplicate.CANDIDATES)
    moved = near_duplicate.nearest(near_duplicate.spectra_of(details), near_duplicate.MOVED)
    pairs = near_duplicate.candidates(near, own, moved)
    return [twin for pair in pairs if (twin := near_duplicate._compare(details, crowd, -1.0, pair))]


def study(folder: Path, out: Path) -> None:
    """Prints what was found in one set; writes sheets of pairs just under, just over and far over the threshold."""
    owner = DefectSet(folder)
    records = list(owner.records())
    details = read_details(owner, records)
    grouping = group_pictures([Tie(record.file_name, record.source_sha256) for record in records], details)
    sizes = grouping.sizes()
    with_company = sum(size for size in sizes.values() if size > 1)
    print(f"| {folder.name} | {len(records)} | {len(sizes)} | {with_company} | {sizes.most_common(3)} |")
    pairs = all_pairs(details)
    told = next((test for key, test in TOLD.items() if re.search(key, records[0].source)), None)
    for low in np.arange(0, 1, 0.1):
        inside = [twin for twin in pairs if low <= twin.own < low + 0.1 + 1e-6]
        right = sum(told(records[t.first], records[t.second]) for t in inside) if told else "-"
        print(f"    own {low:.1f} to {low + 0.1:.1f}: {len(inside)} pairs, the names agree on {right}")
    if "MT_" in records[0].source:
        rare = [k for k, record in enumerate(records) if record.defect in ("crack", "blowhole", "break")]
        twins = Counter(grouping.groups[k] for k in rare)
        found = sum(twins[grouping.groups[k]] > 1 for k in rare)
        print(f"    crack, blowhole, break: {found} of {len(rare)} have a twin among them")
    rng = np.random.default_rng(0)
    for name, low, high in (("under", OWN - 0.1, OWN), ("over", OWN, OWN + 0.1), ("far", OWN + 0.1, 1.01)):
        inside = [twin for twin in pairs if low <= twin.own < high]
        chosen = [inside[k] for k in rng.permutation(len(inside))[:12]]
        if chosen:
            cv2.imwrite(str(out / f"{folder.name}-{name}.png"), sheet(owner, records, chosen))


def sheet(owner: DefectSet, records: list[Record], twins: list[Twin]) -> NDArray[np.uint8]:
    cells = []
    for twin in sorted(twins, key=lambda twin: twin.own):
        cell = np.zeros((CELL + 30, 2 * CELL + 8, 3), np.uint8)
        for k, i in enumerate((twin.first, twin.second)):
            shown = thumbnail(owner.image(records[i]).pixels)
            cell[30 : 30 + shown.shape[0], k * (CELL + 2) : k * (CELL + 2) + shown.shape[1]] = shown
            cv2.putText(cell, Path(records[i].source).stem[-20:], (k * (CELL + 2), 26), 0, 0.36, (255, 255, 255), 1)
        cv2.putText(cell, f"alike {twin.alike:.3f} own {twin.own:.2f}", (0, 12), 0, 0.4, (120, 255, 255), 1)
        cells.append(cell)
    cells += [np.zeros_like(cells[0])] * (-len(cells) % 4)
    return np.vstack([np.hstack(cells[k : k + 4]) for k in range(0, len(cells), 4)])


def thumbnail(pixels: Pixels) -> NDArray[np.uint8]:
    scale = CELL / max(pixels.shape[:2])
    small = cv2.resize(to_rgb(pixels), None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return np.rint(small[:CELL, :CELL, ::-1] * 255).astype(np.uint8)


def planted(n: int, seed: int = 0) -> tuple[NDArray[np.float16], NDArray[np.int64]]:
    """Details of n pictures of 96 x 96, every fourth a second photograph of the one before; piece of each picture.

    A third of the pieces share one design, as before a fixed camera.
    """
    rng = np.random.default_rng(seed)
    lines = np.zeros((104, 104), np.float32)
    lines[10::24] = lines[12::24] = 6
    details, piece = np.empty((n, SIDE, SIDE), np.float16), np.empty(n, np.int64)
    for i in range(n):
        again = i % 4 == 3
        piece[i] = piece[i - 1] if again else i
        if not again:
            grain = cv2.GaussianBlur(rng.normal(0, 1, (104, 104)).astype(np.float32), (0, 0), 1.5)
            surface = grain / grain.std() + (lines if i % 3 == 0 else 0)
        y, x = rng.integers(0, 9, 2)
        view = 120 + rng.uniform(8, 14) * surface[y : y + 96, x : x + 96] + rng.normal(0, 2, (96, 96))
        details[i] = detail_of(np.clip(view, 0, 255).astype(np.uint8)[..., None])
    return details, piece


def speed(n: int) -> dict[str, float]:
    """Seconds to group n planted pictures, and how right it was."""
    start = time.perf_counter()
    details, piece = planted(n)
    made, worked = time.perf_counter(), time.process_time()
    search = find_twins(details)
    seconds, cpu = time.perf_counter() - made, time.process_time() - worked
    right = sum(int(piece[twin.first] == piece[twin.second]) for twin in search.twins)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    return {
        "n": n, "making_s": round(made - start, 1),
        "grouping_s": round(seconds, 1), "cpu_s": round(cpu, 1), "planted": n // 4,
        "found": right, "false": len(search.twins) - right, "peak_gb": round(memory, 2),
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    looking = commands.add_parser("study")
    looking.add_argument("sets", type=Path, nargs="+")
    looking.add_argument("--out", type=Path, required=True)
    timing = commands.add_parser("speed")
    timing.add_argument("--n", type=int, default=20000)
    options = parser.parse_args()
    if options.command == "speed":
        print(speed(options.n))
        return
    options.out.mkdir(parents=True, exist_ok=True)
    print("| set | pictures | groups | with company | largest |\n|---|---|---|---|---|")
    for folder in options.sets:
        study(folder, options.out)


if __name__ == "__main__":
    main()
