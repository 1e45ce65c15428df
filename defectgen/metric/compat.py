"""Numbers as published: a set scored as a paper scores its own, with that protocol's flaws beside the result.

They are for comparing with that paper's table, and comparable only with the same network: the papers' IS and KID are
Inception-v3's. Each type of defect is scored by itself; the score without a defect is the mean over the types that have
one, which is what the papers print.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from defectgen.metric.collection import Collection, Item
from defectgen.metric.extractor import Extractor, Features
from defectgen.metric.feature import features_of
from defectgen.metric.inception_score import SPLITS, inception_score
from defectgen.metric.kid import kid_subsets
from defectgen.metric.protocol import Diversity, Number, Published, published
from defectgen.metric.result import Better, Interval, Protocol, Score

__all__ = ["SUBSET", "Spread", "compat"]

U8 = NDArray[np.uint8]
Items = tuple[Item, ...]
Spread = Callable[[Diversity, Sequence[U8], Sequence[U8], int], float]
"""IC-LPIPS of a variant: generated pictures, references and a seed to a mean distance."""
SUBSET = 1000
THIRD = 3
FEWEST: dict[Number, tuple[int, int]] = {"IS": (SPLITS, 0), "KID": (2, 2), "IC-LPIPS": (2, THIRD)}
"""Of the set and of the real pictures: no result can be computed with fewer; the papers name no least."""
BETTER: dict[Number, Better] = {"IS": "higher", "KID": "lower", "IC-LPIPS": "higher"}


def compat(
    name: str,
    synth: Collection,
    real: Collection,
    extractor: Extractor,
    *,
    seed: int,
    spread: Spread | None = None,
    why_not: str = "no LPIPS network was given",
    cache: Path | None = None,
) -> Protocol:
    """The protocol's numbers of the defective pictures; InputError for an unknown name.

    spread: IC-LPIPS; without it those scores are refused with why_not. cache: folder of features computed before.
    """
    how = published(name)
    types = [defect for defect in synth.defective.defects if defect in real.defective.defects]
    job = _Job(how, extractor, seed, spread, why_not, cache)
    scores: list[Score] = []
    for number in how.numbers:
        found = [job.score(number, defect, _by_name(synth.of(defect)), _by_name(real.of(defect))) for defect in types]
        scores += [job.mean(number, found), *found]
    settings = {**how.settings, "network here": _network(extractor), "types": ", ".join(types) or "none on both sides"}
    return Protocol(name=how.name, paper=how.paper, settings=settings, scores=tuple(scores), flaws=how.flaws)


def _network(extractor: Extractor) -> str:
    one = extractor.fingerprint
    same = "" if not extractor.label else "; not the papers' Inception-v3: compare with no published number"
    return f"{one.extractor}, {one.resize} resize to {one.input_px} px{same}"


def _by_name(found: Collection) -> Items:
    """In the order of the sources' names, which is that of a benchmark's own files."""
    return tuple(sorted(found.items, key=lambda item: item.record.source if item.record else item.name))


@dataclass(frozen=True)
class _Job:
    how: Published
    extractor: Extractor
    seed: int
    spread: Spread | None
    why_not: str
    cache: Path | None

    def score(self, number: Number, defect: str, synth: Items, real: Items) -> Score:
        """One number of one type."""
        synth, flags = synth[: self.how.generated], []
        if len(synth) < self.how.generated:
            flags.append(f"{len(synth)} generated, not {self.how.generated:,}")
        value: float | None = None
        refused = self._why_refused(number, len(synth), len(real))
        if refused is None and number == "KID":
            size = min(SUBSET, len(synth), len(real))
            flags.append(f"subsets of {size}" + ("" if size == SUBSET else f", not {SUBSET:,}"))
            value = kid_subsets(self._features(synth).vectors, self._features(real).vectors, size=size).mean
        elif refused is None and number == "IC-LPIPS":
            value = self._diversity(synth, real)
        elif refused is None:
            chances = self._features(synth).probabilities
            if chances is None:
                refused = "these features have no classes; take a classifier"
            else:
                value = inception_score(chances, SPLITS).mean
        return self._made(number, defect, (len(synth), len(real)), value, flags, refused)

    def _why_refused(self, number: Number, n_set: int, n_real: int) -> str | None:
        if number == "IC-LPIPS" and self.spread is None:
            return self.why_not
        fewest_set, fewest_real = FEWEST[number]
        if n_set >= fewest_set and n_real >= fewest_real:
            return None
        return f"{n_set} in the set and {n_real} real; at least {fewest_set} and {fewest_real} are needed"

    def _diversity(self, synth: Items, real: Items) -> float:
        assert self.spread is not None
        references = [item.pixels() for item in real[: len(real) // THIRD]]
        return self.spread(self.how.diversity, [item.pixels() for item in synth], references, self.seed)

    def _features(self, items: Items) -> Features:
        folder = Collection(items[0].image.parent, "folder", items)
        return features_of(folder, "image", self.extractor, cache=self.cache)

    def mean(self, number: Number, found: Sequence[Score]) -> Score:
        """Over the types that have a value."""
        values = [score.value.value for score in found if score.value is not None]
        n = sum(score.n_set for score in found), sum(score.n_real for score in found)
        if not values:
            reasons = sorted({score.refused for score in found if score.refused})
            return self._made(number, None, n, None, (), "; ".join(reasons) or "no type is on both sides")
        flags = [f"mean over {len(values)} of {len(found)} types"]
        return self._made(number, None, n, float(np.mean(values)), flags, None)

    def _made(
        self, number: Number, defect: str | None, n: tuple[int, int], value: float | None, flags: Sequence[str],
        refused: str | None,
    ) -> Score:  # fmt: skip
        label = "" if number == "IC-LPIPS" else self.extractor.label
        return Score(
            metric=f"{number}-{label}" if label else number, view="image", defect=defect, better=BETTER[number],
            n_set=n[0], n_real=n[1], value=None if value is None else Interval(value=value), flags=tuple(flags),
            refused=refused, seed=self.seed,
        )  # fmt: skip
