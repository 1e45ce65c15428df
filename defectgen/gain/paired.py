"""Paired differences: what an arm changes, shots for shots and run for run, and how sure that is.

D[d, s] = arm[d, s] - base[d, s] for draw d and seed s. Seeds are trainings on the same shots, each with a start of its
own, so they are no further evidence about other shots: D is averaged over the seeds within a draw first, and the
interval is Student's over the draws' means, with draws - 1 degrees of freedom. For balanced data this is what the mixed
model D = effect + draw + error gives (McCulloch, Searle and Neuhaus, Generalized, Linear, and Mixed Models, 2008,
chapter 2): the mean square between draws holds both the draws' variance and that of the seeds. Whatever a draw or a
seed does to both arms alike cancels. Draws of unequal spread make the interval too wide rather than too narrow
(Benjamini 1983).

Beside it stands a bootstrap over draws and, within these, seeds (Davison and Hinkley, Bootstrap Methods, 1997, section
3.8), which assumes no normal distribution but knows only the draws that were made; its replicates are spread by
sqrt(n / (n - 1)), since n draws spread less about their own mean than about the true one.

Intervals are about other shots and other trainings, judged on the same test pictures.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from defectgen.gain.row import Cells

__all__ = ["LEVEL", "RESAMPLES", "Paired", "compare"]

F64 = NDArray[np.float64]
LEVEL = 0.95
RESAMPLES = 2000
FEWEST_FOR_INTERVAL = 3
"""Of two draws the interval is thirteen standard errors to each side, and says nothing."""
EQUAL = 1e-9
"""Relative spread below which the draws' differences count as one and the same number."""


@dataclass(frozen=True)
class Paired:
    """The difference arm - base of one metric, in the metric's units.

    low, high: 95% by Student's t over draws; boot_low, boot_high: by the bootstrap. None with fewer than three draws,
    where all draws differ by one and the same amount other than 0, or where no bootstrap was asked for. p: two-sided,
    of no difference; 1 where there is no interval. per_draw: (draw, mean difference over its seeds). pairs: trainings
    with a twin; lonely: those without.
    """

    effect: float
    low: float | None
    high: float | None
    p: float
    boot_low: float | None
    boot_high: float | None
    base: float
    arm: float
    per_draw: tuple[tuple[int, float], ...]
    pairs: int
    lonely: int

    @property
    def draws(self) -> int:
        return len(self.per_draw)


def compare(base: Cells, arm: Cells, seed: int = 0, resamples: int = RESAMPLES) -> Paired | None:
    """The paired difference of two arms; None without a pair. Values that are no number count as missing.

    seed, resamples: of the bootstrap, which is left out with 0 resamples.
    """
    ours = {key for key, value in arm.items() if np.isfinite(value)}
    theirs = {key for key, value in base.items() if np.isfinite(value)}
    both = sorted(ours & theirs)
    if not both:
        return None
    by_draw: dict[int, list[tuple[float, float]]] = {}
    for key in both:
        by_draw.setdefault(key[0], []).append((base[key], arm[key]))
    means = np.array([np.mean(pairs, axis=0) for pairs in by_draw.values()])
    differences = means[:, 1] - means[:, 0]
    low, high, p = student(differences)
    runs = [np.array([b - a for a, b in pairs]) for pairs in by_draw.values()]
    boot_low, boot_high = _bootstrap(runs, seed, resamples) if resamples and low is not None else (None, None)
    ground, level = means.mean(axis=0)
    return Paired(
        float(differences.mean()), low, high, p, boot_low, boot_high, float(ground), float(level),
        tuple(zip(by_draw, map(float, differences), strict=True)), len(both), len(ours ^ theirs),
    )  # fmt: skip


def student(differences: F64) -> tuple[float | None, float | None, float]:
    """Lower and upper bound of the mean of (n,) differences, and p of a mean of 0."""
    n, mean = len(differences), float(differences.mean())
    if n < FEWEST_FOR_INTERVAL:
        return None, None, 1.0
    spread = float(differences.std(ddof=1))
    if spread <= EQUAL * abs(mean):
        return (mean, mean, 1.0) if mean == 0 else (None, None, 1.0)
    error = spread / np.sqrt(n)
    reach = float(special.stdtrit(n - 1, (1 + LEVEL) / 2) * error)
    return mean - reach, mean + reach, float(2 * special.stdtr(n - 1, -abs(mean) / error))


def _bootstrap(differences: list[F64], seed: int, resamples: int) -> tuple[float, float]:
    """Bounds of the mean over draws; differences: one array of seeds a draw."""
    rng = np.random.default_rng(seed)
    n, counts = len(differences), np.array([len(one) for one in differences])
    flat, first = np.concatenate(differences), np.cumsum(counts) - counts
    drawn = rng.integers(n, size=(resamples, n))
    runs = (rng.random((resamples, n, int(counts.max()))) * counts[drawn][..., None]).astype(np.int64)
    used = np.arange(runs.shape[2]) < counts[drawn][..., None]
    means = (flat[first[drawn][..., None] + runs] * used).sum(axis=2) / counts[drawn]
    centre = float(np.mean([one.mean() for one in differences]))
    edges = np.quantile(means.mean(axis=1) - centre, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    low, high = centre + edges * np.sqrt(n / (n - 1))
    return float(low), float(high)
