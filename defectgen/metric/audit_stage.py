"""The bench that an audit works on, and the stages that compare the two sides by numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from defectgen.metric.battery import score_view
from defectgen.metric.collection import Collection
from defectgen.metric.distribution import DefectMeasure, compare_measures, measure_defects
from defectgen.metric.domain_stage import judge_domain
from defectgen.metric.extractor import Extractor, Features
from defectgen.metric.feature import features_of
from defectgen.metric.neighbour import find_neighbours
from defectgen.metric.result import Distribution, Neighbour, Score
from defectgen.metric.view import View, has_view
from defectgen.user_cache import cache_folder

__all__ = ["Bench", "Scored", "compare_defects", "feature_cache", "score", "score_domain"]

CACHE = "features"
LOOKED_AT: tuple[View, ...] = ("window", "image", "mask")


def feature_cache() -> Path:
    """Where features are kept from one audit to the next."""
    return cache_folder() / CACHE


@dataclass(frozen=True)
class Bench:
    """What every stage works on. synth, real: as they are compared. test: held back of the real side.

    train: what the generator learned from, where that was told.
    """

    synth: Collection
    real: Collection
    test: Collection
    train: Collection | None
    extractor: Extractor
    seed: int
    resamples: int
    progress: Callable[[str, int, int], None]
    _seen: dict[tuple[str, View], Features] = field(default_factory=dict)

    def features(self, name: str, side: Collection, view: View) -> Features:
        """Of the defective pictures of a side called `name`; each is computed once."""
        if (name, view) not in self._seen:
            self.progress(f"{name}: features of the {view} view", 0, 1)
            self._seen[name, view] = features_of(side.defective, view, self.extractor, cache=feature_cache())
        return self._seen[name, view]


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
    sides = {"SET": bench.synth.defective, "REAL": bench.real.defective}
    for view in views:
        blind = [name for name, side in sides.items() if not has_view(side, view)]
        if blind:
            lacks = "no masks" if view == "mask" else "no masks and no boxes"
            notes.append(f"the {view} view was not compared: {' and '.join(blind)} has {lacks}")
            continue
        ours, theirs = (bench.features(name, side, view) for name, side in sides.items())
        bench.progress(f"scores of the {view} view", 0, 1)
        scores += score_view(
            ours, theirs, view, seed=bench.seed, resamples=bench.resamples, label=bench.extractor.label
        )  # fmt: skip
        neighbours[view] = find_neighbours((sides["SET"], ours), (sides["REAL"], theirs), view)
    best = next((view for view in LOOKED_AT if neighbours.get(view)), None)
    return Scored(_marked(scores), tuple(neighbours[best]) if best else (), tuple(notes))


def score_domain(bench: Bench, source: str | None) -> tuple[Score, ...]:
    """The inception score by a classifier of the defects themselves, where one is asked for."""
    if source is None:
        return ()
    bench.progress("domain classifier", 0, 1)
    cache = feature_cache()
    return _marked(judge_domain(bench.synth, bench.real, bench.extractor, source, cache=cache, seed=bench.seed))


def _marked(scores: Sequence[Score]) -> tuple[Score, ...]:
    """With the number of the one extractor that there is."""
    return tuple(one.model_copy(update={"fingerprint": 0}) for one in scores)


def compare_defects(bench: Bench) -> tuple[Distribution, ...]:
    """What the defects are like, over all of them and type by type."""
    ours, theirs = (_measured(bench, side, name) for name, side in (("SET", bench.synth), ("REAL", bench.real)))
    found = compare_measures(ours, theirs, None, bench.seed)
    shared = sorted({one.defect for one in ours} & {one.defect for one in theirs})
    for defect in shared if len(shared) > 1 else ():
        found += compare_measures(ours, theirs, defect, bench.seed)
    return tuple(found)


def _measured(bench: Bench, side: Collection, name: str) -> list[DefectMeasure]:
    bench.progress(f"{name}: size, shape and contrast of the defects", 0, 1)
    return list(measure_defects(side))
