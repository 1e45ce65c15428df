"""Draw a training log: loss and learning rate over minutes.

    python eval/compact/plot_log.py eval/compact/log.csv --out log.png

A resumed run repeats the steps since its last checkpoint; the later line counts.
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

import matplotlib.pyplot as plt


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("log", type=Path)
    parser.add_argument("--out", type=Path, default=Path("log.png"))
    args = parser.parse_args()
    with args.log.open() as file:
        rows = {int(row["step"]): row for row in csv.DictReader(file)}
    minutes = [float(rows[step]["seconds"]) / 60 for step in sorted(rows)]
    figure, left = plt.subplots(figsize=(8, 4), layout="constrained")
    left.semilogy(minutes, [float(rows[step]["loss"]) for step in sorted(rows)], lw=1)
    left.set(xlabel="minutes", ylabel="loss", title=f"{max(rows)} steps")
    right = left.twinx()
    right.plot(minutes, [float(rows[step]["lr"]) for step in sorted(rows)], color="tab:green", lw=1)
    right.set(ylabel="learning rate", ylim=(0, None))
    figure.savefig(args.out, dpi=120)


if __name__ == "__main__":
    main()
