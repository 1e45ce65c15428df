"""Ways to sample, side by side: the same weights, masks, good windows and seeds, other noise.

    python eval/compact/sampling.py --data ../shared/data

On the `tune` half, since the defaults of `model.sampler` are chosen here. *along*: the Euler steps of the flow, which
go along one noise from start to end; *fresh*: noise anew at each step. Temperature scales the noise. Marks as in
`score.py`; *less* is the first row's KID of the defects alone less the row's own, paired, so that above 0 a row is
better; *spread* is the mean difference of two seeds of one mask under it, in grey levels. Writes SAMPLING.md and
sampling.json.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any
from unittest.mock import patch

import marks
import numpy as np
import torch
from bench import Bench, kept_bench
from cases import HALVES
from makers import Made, make_maker
from score import Field
from steps import apart, show
from torch import Tensor

from defectgen.atomic import write_atomic
from defectgen.book import load_book
from defectgen.engine import compact
from defectgen.engine.compact import STEPS, STRENGTH
from defectgen.errors import DefectgenError
from defectgen.metric.bootstrap import interval_of
from defectgen.metric.choose_extractor import open_extractor
from defectgen.model.checkpoint import default_weights, verify
from defectgen.model.flow import band
from defectgen.model.network import EditNetwork
from defectgen.model.sampler import TEMPERATURE, Conditions, sample, times
from defectgen.train.job import data_root

EVERY, OTHER_SEED = 4, 10_000
Row = dict[str, Any]


@dataclass(frozen=True)
class Way:
    """How to sample. noise: "along" or "fresh"."""

    noise: str = "along"
    temperature: float = TEMPERATURE
    steps: int = STEPS
    strength: float = STRENGTH

    def __call__(
        self, network: EditNetwork, good: Tensor, alpha: Tensor, c: Conditions, generators: Sequence[torch.Generator],
        *, draft: Tensor, **_: Any,
    ) -> Tensor:  # fmt: skip
        if self.noise == "fresh":
            return self._fresh(network, good, alpha, c, generators, draft)
        return sample(
            network, good, alpha, c, generators, steps=self.steps, guidance=1.0, strength=self.strength, draft=draft,
            temperature=self.temperature,
        )  # fmt: skip

    @torch.inference_mode()
    def _fresh(
        self, network: EditNetwork, good: Tensor, alpha: Tensor, c: Conditions, generators: Sequence[torch.Generator],
        draft: Tensor,
    ) -> Tensor:  # fmt: skip
        def noised(clean: Tensor, t: float) -> Tensor:
            noise = torch.stack([torch.randn(good.shape[1:], generator=g) for g in generators])
            return band(alpha) * ((1 - t) * clean + t * self.temperature * noise)

        grid = times(self.steps, self.strength)
        x = noised(draft, grid[0])
        for t, s in pairwise(grid):
            at = torch.full((len(x),), t)
            clean = network(x, at, good, alpha, draft, c.tokens, c.padding, c.vector)
            x = noised(clean.mean(1, keepdim=True), s)  # the windows of these sets are grey
        return x


WAYS = {
    "along": Way("along", 1.0), "along, 0.4": Way("along", 0.4), "fresh": Way("fresh", 1.0),
    "fresh, 0.7": Way("fresh", 0.7), "fresh, 0.4": Way("fresh", 0.4), "fresh, 0.2": Way("fresh", 0.2),
    "fresh, 0.4, 4 steps": Way("fresh", 0.4, steps=4), "fresh, 0.4, 16 steps": Way("fresh", 0.4, steps=16),
    "fresh, 0.4, strength 1": Way("fresh", 0.4, strength=1.0),
}  # fmt: skip
RIVALS = ("render", "copy-paste")


def windows_of(name: str, bench: Bench, seed: int, every: int = 1) -> list[Made]:
    make = make_maker("compact" if name in WAYS else name, bench, {})
    with patch.object(compact, "sample", WAYS.get(name, sample)):
        pairs = list(enumerate(zip(bench.cases, bench.goods, strict=True)))[::every]
        return [make(case, good, seed + i) for i, (case, good) in pairs]


def score_way(name: str, bench: Bench, field: Field) -> tuple[Row, Any]:
    made, groups = windows_of(name, bench, 0), bench.good_groups
    pictures = [one.picture for one in made]
    seen = marks.features(pictures, groups, field.eyes[0])
    shown = [(one.picture, one.mask) for one in made if one.mask.any()]
    whose = [group for one, group in zip(made, groups, strict=True) if one.mask.any()]
    alone = marks.features(marks.defects_alone(shown), whose, field.eyes[0])
    others = windows_of(name, bench, OTHER_SEED, EVERY)
    pairs = [(a, b) for a, b in zip(made[::EVERY], others, strict=True) if a.mask.any()]
    drawn = marks.kid_draws(alone, field.alone[0])
    row = {
        "probe": marks.probe(pictures, seen, field.reals[0], [one.picture for one in bench.reals])["features"],
        "statistics": marks.statistic_marks(made, bench.reals),
        "spread": float(np.mean(apart([a for a, _ in pairs], [b for _, b in pairs]))),
        "kid_alone": None if drawn is None else marks.shown(interval_of(float(drawn[0]), drawn[1:])),
    }
    return row, drawn


def score_set(bench: Bench) -> Row:
    field, rows, first = Field.of(bench, [open_extractor(None, None)]), {}, None
    for name in (*WAYS, *RIVALS):
        rows[name], drawn = score_way(name, bench, field)
        first = drawn if first is None else first
        rows[name]["less"] = None if drawn is None or first is None else marks.difference(drawn, first)
        print(f"{name} done", flush=True)
    return {"windows": len(bench.cases), "groups": len(set(bench.good_groups)), "rows": rows}


def write(result: Row, out: Path) -> None:
    lines = [
        "# Ways to sample", "",
        f"Written by `python eval/compact/sampling.py`, weights `{result['weights_sha256'][:8]}`, `tune` half, seed",
        f"{result['seed']}; {STEPS} steps at strength {STRENGTH} where nothing else is said. The default goes along",
        f"one noise at temperature {TEMPERATURE}. 95% intervals; columns as in the script's first lines.", "",
        "| set | noise | KID, defects alone | less | probe | KS of gradient | KS of contrast | KS of mean | spread |",
        "|---|---|---|---|---|--:|--:|--:|--:|",
    ]  # fmt: skip
    for name, found in result["sets"].items():
        for key, row in found["rows"].items():
            ks = " | ".join(f"{row['statistics'][part]['ks']:.2f}" for part in ("gradient", "contrast", "mean"))
            cells = f"{show(row['kid_alone'], 4)} | {show(row['less'], 4)} | {show(row['probe']['auroc'], 2)} | {ks}"
            lines.append(f"| {name} (n = {found['windows']}) | {key} | {cells} | {row['spread']:.1f} |")
    write_atomic(out / "SAMPLING.md", ("\n".join(lines) + "\n").encode())
    write_atomic(out / "sampling.json", (json.dumps(result, indent=1) + "\n").encode())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--data", type=Path)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent)
    parser.add_argument("--work", type=Path, default=Path("out/sampling"), help="windows: not for git")
    parser.add_argument("--sets", default="pv-vision", help="of grey pictures")
    parser.add_argument("--n", type=int, default=48)
    parser.add_argument("--seed", type=int, default=11)
    args = parser.parse_args()
    sha = verify(default_weights()).weights_sha256
    result: Row = {"n": args.n, "seed": args.seed, "weights_sha256": sha, "sets": {}}
    try:
        book = load_book()
        for name in args.sets.split(","):
            path = args.work / f"{name}-{args.n}-{args.seed}.npz"
            bench = kept_bench(path, data_root(args.data), name, HALVES["tune"], args.n, args.seed, book)
            result["sets"][name] = score_set(bench)
            write(result, args.out)
    except DefectgenError as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
