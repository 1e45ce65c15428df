"""Rows of a simulated trial: draws and seeds move every arm alike, arms by draw and single trainings on their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from defectgen.gain.row import ALL, REAL_ONLY, Row


def simulate(
    effects: Mapping[str, float], seed: int, draws: int = 5, seeds: int = 3, *, by_draw: float = 0.02,
    noise: float = 0.01, metric: str = "pixel_ap", task: str = "segment", ratios: Sequence[float] = (1.0,),
    defects: Sequence[str] = (ALL,), uneven: float = 0.0,
) -> list[Row]:  # fmt: skip
    """effects: of each arm. by_draw: deviation of an arm's own effect between draws. uneven: spread of its scale."""
    rng = np.random.default_rng(seed)
    draw_effect, seed_effect = rng.normal(0, 0.1, draws), rng.normal(0, 0.05, (draws, seeds))
    scale = np.exp(rng.normal(0, uneven, draws))
    rows = []
    for arm, effect in {REAL_ONLY: 0.0, **effects}.items():
        for ratio in (0.0,) if arm == REAL_ONLY else ratios:
            for defect in defects:
                own = rng.normal(0, by_draw, draws) * scale
                for d in range(draws):
                    for s in range(seeds):
                        shared = 0.5 + draw_effect[d] + seed_effect[d, s]
                        value = shared + effect + own[d] + rng.normal(0, noise) * scale[d]
                        rows.append(Row(task, arm, ratio, defect, metric, d, s, float(value)))
    return rows
