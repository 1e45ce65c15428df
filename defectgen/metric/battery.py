"""The battery: every metric of one view of a set against real pictures, overall and for each defect.

Each score has its floor, its interval and its n, or the reason why it is not there. KID and CMMD lead; FID leads only
from 2,048 pictures a side on. Scores named "FID@88" are the same comparison with both sides drawn down to the floor's
n, for the metrics that depend on n.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from defectgen.metric import fid_infinity, inception_score
from defectgen.metric.bootstrap import FEWEST_GROUPS, draw_groups, group_index, half_rows, half_scale, interval_of
from defectgen.metric.extractor import Features
from defectgen.metric.floor import I64, Draws, draw_floor, range_of
from defectgen.metric.measure import FID, MEASURES, Measure, Number
from defectgen.metric.pairwise import F64, Vectors
from defectgen.metric.result import Better, Interval, Score
from defectgen.record import GOOD

__all__ = ["FEWEST_HALVES", "FID_ENOUGH", "HALVED_ROWS", "MATCHED", "score_view"]

FID_ENOUGH = 2048
LEADING = ("KID", "CMMD")
MATCHED = "@"
FEWEST_HALVES, HALVED_ROWS = 20, 100_000
"""Halves are drawn until they hold about so many rows together, since each costs what the metric costs."""


@dataclass(frozen=True)
class _Pair:
    """Two sets, the names their scores go by, and the numbers of their rows' groups."""

    synth: Features
    real: Features
    view: str
    defect: str | None
    seed: int
    label: str
    synth_index: I64
    real_index: I64

    def rng(self) -> np.random.Generator:
        return np.random.default_rng([self.seed, zlib.crc32((self.defect or "").encode())])

    @property
    def groups(self) -> int:
        """Of the side that has fewer."""
        return 1 + int(min(self.synth_index.max(initial=-1), self.real_index.max(initial=-1)))


def score_view(
    synth: Features, real: Features, view: str, *, seed: int, resamples: int, label: str
) -> list[Score]:  # fmt: skip
    """All scores of one view. label: of the extractor, a suffix of each metric's name; empty for Inception's own."""
    overall = _pair(synth, real, view, None, seed, label)
    scores = [*_score_pair(overall, resamples), *_score_overall(overall, resamples)]
    defects = sorted((set(synth.defects) | set(real.defects)) - {GOOD})
    if len(defects) < 2:
        return scores
    for defect in defects:
        scores += _score_pair(_pair(_of(synth, defect), _of(real, defect), view, defect, seed, label), resamples)
    return scores


def _of(features: Features, defect: str) -> Features:
    return features.take(np.flatnonzero(np.array(features.defects) == defect).astype(np.int64))


def _pair(synth: Features, real: Features, view: str, defect: str | None, seed: int, label: str) -> _Pair:
    indices = (group_index(side.groups, side.names) for side in (synth, real))
    return _Pair(synth, real, view, defect, seed, label, *indices)


def _score(pair: _Pair, metric: str, better: Better, at: int | None = None, **rest: object) -> Score:
    name = f"{metric}-{pair.label}" if pair.label else metric
    return Score.model_validate({
        "metric": name if at is None else f"{name}{MATCHED}{at}", "view": pair.view, "defect": pair.defect,
        "better": better, "n_set": len(pair.synth) if at is None else at,
        "n_real": len(pair.real) if at is None else at, "seed": pair.seed, **rest,
    })  # fmt: skip


def _score_pair(pair: _Pair, resamples: int) -> Iterator[Score]:
    n = min(len(pair.synth), len(pair.real))
    draws = draw_floor(pair.real_index, len(pair.synth), pair.rng()) if n else Draws(0, (), ())
    for measure in MEASURES:
        if n < measure.smallest:
            for number in measure.numbers:
                yield _score(pair, number.name, number.better, refused=_too_few(pair, measure.smallest))
        else:
            yield from _score_measure(pair, measure, draws, resamples)


def _too_few(pair: _Pair, smallest: int) -> str:
    of = f" of {pair.defect}" if pair.defect else ""
    return f"{len(pair.synth)} in the set and {len(pair.real)} real{of}; at least {smallest} of each are needed"


def _score_measure(pair: _Pair, measure: Measure, draws: Draws, resamples: int) -> Iterator[Score]:
    x, y = pair.synth.vectors, pair.real.vectors
    values = measure.compute(x, y)
    replicates, scale = _replicates(pair, measure, resamples)
    has_floor = draws.n >= measure.smallest
    floors = _repeat(measure, [(y[a], y[b]) for a, b in draws.halves]) if has_floor else None
    same = _repeat(measure, [(x[a], y[b]) for a, b in draws.matched]) if has_floor else None
    for i, number in enumerate(measure.numbers):
        value = Interval(value=values[i])
        if replicates is not None:
            value = interval_of(values[i], replicates[:, i], scale, number.bounds)
        floor = None if floors is None else range_of(floors[:, i])
        at_same = None if same is None else range_of(same[:, i])
        flags = _flags(pair, number, draws.n, measure.smallest, at_same)
        leading = _leads(pair, number) and value.low is not None and floor is not None
        yield _score(pair, number.name, number.better, value=value, floor=floor, flags=flags, leading=leading)
        if at_same is not None and not measure.unbiased:
            yield _score(pair, number.name, number.better, draws.n, value=at_same, floor=floor)


def _repeat(measure: Measure, pairs: list[tuple[Vectors, Vectors]]) -> F64:
    """(draws, numbers)."""
    return np.array([measure.compute(a, b) for a, b in pairs])


def _replicates(pair: _Pair, measure: Measure, resamples: int) -> tuple[F64 | None, float]:
    """(R, numbers) and what to multiply them by; None where there are too few groups, or halves too small."""
    rng, x, y = pair.rng(), pair.synth.vectors, pair.real.vectors
    if pair.groups < FEWEST_GROUPS or resamples < 2:
        return None, 1.0
    if measure.replicates is not None:
        draws = (draw_groups(index, resamples, rng) for index in (pair.synth_index, pair.real_index))
        return measure.replicates(x, y, *draws)[1:, None], 1.0
    times = min(resamples, max(FEWEST_HALVES, HALVED_ROWS // (len(x) + len(y))))
    halves = [(half_rows(pair.synth_index, rng), half_rows(pair.real_index, rng)) for _ in range(times)]
    if min(len(side) for half in halves for side in half) < measure.smallest:
        return None, 1.0
    scale = max(half_scale(pair.synth_index), half_scale(pair.real_index))
    return _repeat(measure, [(x[a], y[b]) for a, b in halves]), scale


def _leads(pair: _Pair, number: Number) -> bool:
    enough = min(len(pair.synth), len(pair.real)) >= FID_ENOUGH
    return number.name in LEADING or (number.name == FID and enough)


def _flags(pair: _Pair, number: Number, n: int, smallest: int, same: Interval | None) -> tuple[str, ...]:
    flags = []
    if number.name == FID:
        for count, of in ((len(pair.synth), "images of the set"), (len(pair.real), "real images")):
            if count < FID_ENOUGH:
                flags.append(f"{of} {count:,} < {FID_ENOUGH:,}: FID is biased upwards; read KID")
    if pair.groups < FEWEST_GROUPS:
        flags.append(f"{pair.groups} groups; {FEWEST_GROUPS} of each are needed for an interval")
    if same is None:
        flags.append(f"no floor: halves of the real set, no group torn, hold {n}; {smallest} are needed")
    else:
        flags.append(f"floor at n = {n:,}, where the set scores {same.value:.4g} ({same.low:.4g} to {same.high:.4g})")
    return tuple(flags)


def _score_overall(pair: _Pair, resamples: int) -> Iterator[Score]:
    yield _score_infinity(pair)
    if pair.synth.probabilities is not None:
        yield _score_inception(pair, resamples)


def _score_infinity(pair: _Pair) -> Score:
    needed = fid_infinity.smallest(pair.synth.vectors.shape[1])
    if min(len(pair.synth), len(pair.real)) < needed:
        return _score(pair, "FID-infinity", "lower", refused=_too_few(pair, needed))
    found = fid_infinity.fid_infinity(pair.synth.vectors, pair.real.vectors, pair.rng())
    return _score(pair, "FID-infinity", "lower", value=Interval(value=found.value))


def _score_inception(pair: _Pair, resamples: int) -> Score:
    """Its floor is none, since it compares with nothing; what real pictures score at the same n stands in a flag."""
    p, n = pair.synth.probabilities, len(pair.synth)
    assert p is not None
    if n < inception_score.SMALLEST:
        needed = inception_score.SMALLEST
        return _score(pair, "IS", "neither", refused=f"{n} in the set; at least {needed} are needed")
    found = inception_score.inception_score(p)
    value = Interval(value=found.mean)
    if 1 + int(pair.synth_index.max()) >= FEWEST_GROUPS and resamples >= 2:
        weights = draw_groups(pair.synth_index, resamples, pair.rng())
        value = interval_of(found.mean, inception_score.score_draws(p, weights.of_rows[:, 1:]), 1.0, (1.0, np.inf))
    flags = [f"{found.splits} split{'s' if found.splits > 1 else ''} of n = {n:,}", inception_score.NOTE]
    real = pair.real.probabilities
    if real is not None and len(real) >= inception_score.SMALLEST:
        rows = pair.rng().permutation(len(real))[:n]
        scored = inception_score.inception_score(real[rows])
        flags.insert(1, f"{scored.n:,} real images score {scored.mean:.4g} in {scored.splits}")
    return _score(pair, "IS", "neither", value=value, flags=tuple(flags))
