"""The stages of an audit that look at pictures through a network: scores, neighbours, probes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from defectgen.metric.battery import score_view
from defectgen.metric.collection import Collection
from defectgen.metric.distribution import DefectMeasure, compare_measures, measure_defects
from defectgen.metric.extractor import Extractor, Features
from defectgen.metric.feature import features_of
from defectgen.metric.label_truth import has_truth, label_truth
from defectgen.metric.neighbour import find_neighbours
from defectgen.metric.probe import probes
from defectgen.metric.result import Distribution, LabelTruth, Neighbour, ProbeResult, Score
from defectgen.metric.view import View, has_view
from defectgen.user_cache import cache_folder

__all__ = ["Bench", "Scored", "compare_defects", "judge_labels", "probe", "score"]

CACHE = "features"
LOOKED_AT: tuple[View, ...] = ("window", "image", "mask")


@dataclass(frozen=True)
class Bench:
    """What every stage works on: both sides as they are compared, what looks at them, and how much."""

    synth: Collection
    real: Collection
    train: Collection | None
    extractor: Extractor
    seed: int
    resamples: int
    progress: Callable[[str, int, int], None]


@dataclass(frozen=True)
class Scored:
    """The numbers, and the neighbours of the view that shows defects best."""

    scores: tuple[Score, ...]
    neighbours: tuple[Neighbour, ...]
    notes: tuple[str, ...]


def score(bench: Bench, views: Sequence[View]) -> Scored:
    """Every metric of every view that both sides have."""
    scores: list[Score] = []
    neighbours: dict[View, list[Neighbour]] = {}
    notes = []
    sides = bench.synth.defective, bench.real.defective
    for view in views:
        blind = [name for name, side in zip(("SET", "REAL"), sides, strict=True) if not has_view(side, view)]
        if blind:
            notes.append(f"no {view} view: {' and '.join(blind)} has no masks{'' if view == 'mask' else ' and no boxes'}")
            continue
        ours, theirs = (_features(bench, side, view) for side in sides)
        bench.progress(f"scores of the {view} view", 0, 1)
        found = score_view(
            ours, theirs, view, seed=bench.seed, resamples=bench.resamples, label=bench.extractor.label
        )  # fmt: skip
        scores += [one.model_copy(update={"fingerprint": 0}) for one in found]
        neighbours[view] = find_neighbours((sides[0], ours), (sides[1], theirs), view)
    best = next((view for view in LOOKED_AT if neighbours.get(view)), None)
    return Scored(tuple(scores), tuple(neighbours[best]) if best else (), tuple(notes))


def _features(bench: Bench, side: Collection, view: View) -> Features:
    bench.progress(f"features of the {view} view", 0, 1)
    return features_of(side, view, bench.extractor, cache=cache_folder() / CACHE)


def compare_defects(bench: Bench) -> tuple[Distribution, ...]:
    """What the defects are like, over all of them and type by type."""
    ours, theirs = (_measured(bench, side, name) for name, side in (("SET", bench.synth), ("REAL", bench.real)))
    found = compare_measures(ours, theirs, None, bench.seed)
    shared = sorted({one.defect for one in ours} & {one.defect for one in theirs})
    for defect in shared if len(shared) > 1 else ():
        found += compare_measures(ours, theirs, defect, bench.seed)
    return tuple(found)


def _measured(bench: Bench, side: Collection, name: str) -> list[DefectMeasure]:
    bench.progress(f"measuring the defects of {name}", 0, 1)
    return list(measure_defects(side))


def judge_labels(bench: Bench) -> tuple[LabelTruth, ...]:
    """Whether masks are true, where there are good pictures to tell by."""
    bench.progress("comparing masks with what changed", 0, 1)
    return label_truth(bench.synth, seed=bench.seed) if has_truth(bench.synth) else ()


def probe(bench: Bench) -> tuple[ProbeResult, ...]:
    """Whether a classifier can tell the sides apart."""
    bench.progress("probing", 0, 1)
    return probes(bench.synth, bench.real, bench.extractor, seed=bench.seed)
