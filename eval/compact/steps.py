"""How few sampler steps do: each number of steps against 50, on the same windows and seeds.

    python eval/compact/steps.py --data ../shared/data --n 32

On the `tune` half, since the default is chosen here. Every row makes one sample for each held-out case, as `score.py`
does. *apart* is the mean difference from 50 steps under the mask in grey levels, beside that of another seed at 50
steps; KID is of the defects alone (`marks.defects_alone`), its difference from 50 steps with paired draws. A run that
was stopped goes on.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import marks
import numpy as np
from bench import Bench, kept_bench
from cases import HALVES, NAMES, interval, statistics
from makers import Made, make_maker

from defectgen.atomic import write_atomic
from defectgen.book import load_book
from defectgen.engine.compact import STEPS
from defectgen.errors import DefectgenError
from defectgen.metric.bootstrap import interval_of
from defectgen.metric.choose_extractor import open_extractor
from defectgen.metric.extractor import Features
from defectgen.train.job import data_root

SETS = ("pv-vision", "aws-cookies", "hsst-fabric")
MOST = 50
ASKED = (2, 3, 4, 5, 6, 8, 12, MOST)
OTHER_SEED = 1_000
Row = dict[str, Any]


def windows_of(bench: Bench, steps: int, seed: int, path: Path) -> list[Made]:
    """Made once and kept in `path`."""
    if not path.exists():
        make = make_maker("compact", bench, {"steps": steps})
        rows = [make(case, good, seed + i) for i, (case, good) in enumerate(zip(bench.cases, bench.goods, strict=True))]
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part.npz")
        np.savez(part, picture=np.stack([r.picture for r in rows]), mask=np.stack([r.mask for r in rows]))
        part.replace(path)
    table = np.load(path, allow_pickle=False)
    return [Made(picture, mask) for picture, mask in zip(table["picture"], table["mask"], strict=True)]


def apart(ones: list[Made], others: list[Made]) -> list[float]:
    """Mean absolute difference under the mask, grey levels, of each pair."""
    pairs = zip(ones, others, strict=True)
    return [float(np.abs(a.picture[a.mask].astype(float) - b.picture[a.mask]).mean()) for a, b in pairs]


def contrast(rows: list[Made]) -> list[float]:
    """Local contrast under the mask, grey levels (`cases.statistics`)."""
    at = NAMES.index("contrast")
    return [float(statistics(r.picture.astype(np.float32) / np.float32(255), r.mask)[at]) for r in rows]


def score_set(bench: Bench, folder: Path) -> Row:
    eye, rng = open_extractor(None, None), np.random.default_rng(0)
    groups = bench.good_groups
    real = alone([Made(r.picture, r.alpha > 127) for r in bench.reals], [r.group for r in bench.reals], eye)
    made = {steps: windows_of(bench, steps, 0, folder / f"steps-{steps}.npz") for steps in ASKED}
    other = windows_of(bench, MOST, OTHER_SEED, folder / "other-seed.npz")
    drawn = {steps: marks.kid_draws(alone(rows, groups, eye), real) for steps, rows in made.items()}
    rows: Row = {"other seed": {"apart": list(interval(np.array(apart(made[MOST], other)), rng))}}
    for steps, ones in made.items():
        row: Row = {
            "apart": list(interval(np.array(apart(made[MOST], ones)), rng)),
            "contrast": list(interval(np.array(contrast(ones)) - contrast(made[MOST]), rng)),
        }
        if (ours := drawn[steps]) is not None and (base := drawn[MOST]) is not None:
            row["kid"] = marks.shown(interval_of(float(ours[0]), ours[1:]))
            row["kid_less"] = marks.difference(base, ours)
        rows[str(steps)] = row
    return {"windows": len(bench.cases), "groups": len(set(groups)), "rows": rows}


def alone(rows: list[Made], groups: Any, eye: Any) -> Features:
    return marks.features(marks.defects_alone((one.picture, one.mask) for one in rows), list(groups), eye)


def write(result: Row, out: Path) -> None:
    lines = [
        "# Sampler steps", "",
        f"Written by `python eval/compact/steps.py`; `tune` half, seed {result['seed']}, default strength and guidance;"
        f" the default is {STEPS} steps.", "",
        "**apart**: from 50 steps, mean under the mask in grey levels; **contrast**: local contrast less that of 50"
        " steps, grey levels; **KID** of the defects alone, Lite0, and less that of 50 steps. 95% intervals.", "",
        "| set | steps | apart | contrast | KID | KID less 50 steps' |", "|---|---|---|---|---|---|",
    ]  # fmt: skip
    for name, found in result["sets"].items():
        for key, row in found["rows"].items():
            cells = [show(row.get(part), digits) for part, digits in (
                ("apart", 2), ("contrast", 2), ("kid", 4), ("kid_less", 4))]
            lines.append(f"| {name} (n = {found['windows']}) | {key} | {' | '.join(cells)} |")
    write_atomic(out / "STEPS.md", ("\n".join(lines) + "\n").encode())
    write_atomic(out / "steps.json", (json.dumps(result, indent=1) + "\n").encode())


def show(value: Any, digits: int) -> str:
    if value is None or value[0] is None:
        return "-"
    text = f"{value[0]:.{digits}f}"
    return text if value[1] is None else f"{text} [{value[1]:.{digits}f}, {value[2]:.{digits}f}]"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent)
    parser.add_argument("--work", type=Path, default=Path("out/steps"), help="windows: not for git")
    parser.add_argument("--sets", default=",".join(SETS))
    parser.add_argument("--n", type=int, default=32)
    parser.add_argument("--seed", type=int, default=11)
    args = parser.parse_args()
    result: Row = {"n": args.n, "seed": args.seed, "sets": {}}
    try:
        book = load_book()
        for name in args.sets.split(","):
            path = args.work / f"{name}-{args.n}-{args.seed}.npz"
            bench = kept_bench(path, data_root(args.data), name, HALVES["tune"], args.n, args.seed, book)
            result["sets"][name] = score_set(bench, path.with_suffix(""))
            write(result, args.out)
            print(f"{name} done", flush=True)
    except DefectgenError as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
