"""Do the labels tell the truth? Many samples over prompts, materials and real good parts, and what the audit recorded.

    python eval/label_truth/measure.py --data ../shared/data --out eval/label_truth --per-prompt 24

Every run goes through the command's own library call with default settings. The two intersections are those that the
audit recorded; blanks, and pixels changed outside the band, are computed anew from the files of every kept sample.
Writes result.json and RESULT.md to --out; the sets themselves, with their contact sheets, go to --sets.
"""

from __future__ import annotations

import argparse
import json
import os
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import current_process, get_context
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from defectgen.run import synth

PROMPTS = (
    "hairline crack on brushed aluminum", "deep scratch on painted metal", "rust patch on cast iron",
    "oil stain on woven fabric", "blister on matte plastic", "edge chip on ceramic tile", "blowhole in cast aluminum",
    "burn mark on wood", "broken end in denim", "dent in stainless steel", "delamination on carbon fibre",
    "fibre contamination on glass", "wrinkle in leather", "pitting on milled steel", "solder splash on pcb",
    "cross crack on solar cell",
)  # fmt: skip
REAL = (
    ("pv-vision", "crack on solar cell", "val/img"), ("bsdata", "pitting on steel", "data"),
    ("magnetic-tile", "blowhole", "MT_Free/Imgs"), ("textures", "scratch", ""),
    ("aws-cookies", "crack", "training-images"),
)  # fmt: skip
REAL_GOOD = {"aws-cookies": "normal-*.jpg"}


def good_parts(data: Path, name: str, folder: str, into: Path) -> Path:
    """A folder with links to some good pictures of a real set."""
    into.mkdir(parents=True, exist_ok=True)
    found = sorted((data / name / folder).glob(REAL_GOOD.get(name, "*.jpg")))
    if name == "pv-vision":
        found = [p for p in found if not _is_defective(p)]
    if name == "bsdata":
        found = [p for p in found if not (data / name / "label" / f"{p.stem}.json").exists()]
    for path in found[:24]:
        link = into / path.name
        if not link.exists():
            link.symlink_to(path.resolve())
    return into


def _is_defective(picture: Path) -> bool:
    index = np.asarray(Image.open(picture.parent.parent / "ann" / f"{picture.stem}.png"))
    return bool(np.isin(index, (1, 2, 3)).any())


def read_back(folder: Path) -> list[dict[str, float]]:
    """What the files themselves say of every kept sample."""
    rows = []
    for line in (folder / "metadata.jsonl").read_text().splitlines():
        record = json.loads(line)
        good = cv2.imread(str(folder / record["good_file_name"]), cv2.IMREAD_UNCHANGED)
        image = cv2.imread(str(folder / record["file_name"]), cv2.IMREAD_UNCHANGED)
        mask = cv2.imread(str(folder / record["mask_file_name"]), cv2.IMREAD_GRAYSCALE) > 127
        change = np.abs(image.astype(int) - good.astype(int)).reshape(*mask.shape, -1).max(-1)
        outside = cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
        rows.append({
            "blank": float(not mask.any() or change[mask].mean() < 2),
            "outside_changed_px": float(((change > 0) & (outside > record["band_px"])).sum()),
            "changed_iou": record["changed_iou"], "prescribed_iou": record["prescribed_iou"],
            "share_of_visible_change_in_mask": float((change > 8)[mask].sum() / max(1, (change > 8).sum())),
            "attempts": record["attempts"],
        })  # fmt: skip
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent)
    parser.add_argument("--sets", type=Path, default=Path("out/label_truth"))
    parser.add_argument("--per-prompt", type=int, default=24)
    parser.add_argument("--engine", default="compact")
    parser.add_argument("--jobs", type=int, default=2)
    args = parser.parse_args()
    runs: list[tuple[str, str, Path | None]] = [(p.replace(" ", "-"), p, None) for p in PROMPTS]
    if args.data:
        for name, prompt, folder in REAL:
            runs.append((name, prompt, good_parts(args.data, name, folder, args.sets / "good" / name)))
    rows, table, reasons = [], [], Counter[str]()
    with ProcessPoolExecutor(args.jobs, get_context("spawn"), pin, (args.jobs,)) as pool:
        waiting = [pool.submit(one_run, args, *run) for run in runs]
        for future in waiting:
            found, line, rejected = future.result()
            rows += found
            table.append(line)
            reasons.update(rejected)
            print(*line, flush=True)
    write(args, rows, table, reasons)


def pin(jobs: int) -> None:
    """One core for each of several processes: two with a thread each do more than one with two."""
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    if jobs > 1 and len(cores) >= jobs:
        index = int(current_process().name.rsplit("-", 1)[-1])
        os.sched_setaffinity(0, {cores[index % len(cores)]})


def one_run(
    args: argparse.Namespace, name: str, prompt: str, on: Path | None
) -> tuple[list[dict[str, float]], tuple[str, int, int, float, float], dict[str, int]]:
    """One prompt: its rows, its line of the table, its rejections."""
    done = synth(prompt, on=on, n=args.per_prompt, out=args.sets / name, engine=args.engine, seed=1)
    found = read_back(done.folder)
    title = prompt if on is None else f"{prompt} (real: {name})"
    medians = _median(found, "prescribed_iou"), _median(found, "changed_iou")
    return found, (title, done.kept, sum(done.rejected.values()), *medians), dict(done.rejected)


def _median(rows: list[dict[str, float]], key: str) -> float:
    return round(float(np.median([r[key] for r in rows])), 3) if rows else float("nan")


def write(
    args: argparse.Namespace, rows: list[dict[str, float]], table: list[tuple[str, int, int, float, float]],
    reasons: Counter[str],
) -> None:  # fmt: skip
    result = {
        "engine": args.engine, "samples": len(rows), "blank_share": float(np.mean([r["blank"] for r in rows])),
        "pixels_changed_outside_band": int(sum(r["outside_changed_px"] for r in rows)),
        "median_changed_iou": _median(rows, "changed_iou"), "median_prescribed_iou": _median(rows, "prescribed_iou"),
        "mean_attempts": round(float(np.mean([r["attempts"] for r in rows])), 3), "rejected": dict(reasons),
        "median_share_of_visible_change_in_mask": _median(rows, "share_of_visible_change_in_mask"),
    }  # fmt: skip
    (args.out / "result.json").write_text(json.dumps(result, indent=2) + "\n")
    lines = ["# Label truth", "", "Made by `python eval/label_truth/measure.py`; changes, band and blanks are computed",
             "anew from the files.", ""]  # fmt: skip
    lines += [f"- {key.replace('_', ' ')}: {value}" for key, value in result.items()]
    lines += ["", "| prompt | kept | rejected attempts | IoU prescribed | IoU changed |", "|---|---|---|---|---|"]
    lines += [f"| {p} | {k} | {r} | {a} | {b} |" for p, k, r, a, b in table]
    (args.out / "RESULT.md").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
