"""Numbers as published: a set scored as a paper scores its own, with that protocol's flaws beside the result.

They are for comparing with that paper's table, and comparable only with the same networks: the papers' IS and KID are
Inception-v3's, their IC-LPIPS is VGG's. Each type of defect is scored by itself; the score without a defect is the mean
over the types that have one, which is what the papers print.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import overload

import numpy as np
from numpy.typing import NDArray

from defectgen.errors import InputError
from defectgen.metric.collection import Collection, Item
from defectgen.metric.extractor import Extractor, Features
from defectgen.metric.feature import features_of
from defectgen.metric.ic_lpips import VARIANTS, ic_lpips
from defectgen.metric.inception_score import SPLITS, inception_score
from defectgen.metric.kid import kid_subsets
from defectgen.metric.perceptual import PerceptualDistance
from defectgen.metric.protocol import Number, Published, published
from defectgen.metric.result import Better, Interval, Protocol, Score

__all__ = ["SUBSET", "compat"]

U8 = NDArray[np.uint8]
Items = tuple[Item, ...]
SUBSET = 1000
BETTER: dict[Number, Better] = {"IS": "higher", "KID": "lower", "IC-LPIPS": "higher"}


def compat(
    name: str,
    synth: Collection,
    real: Collection,
    extractor: Extractor,
    *,
    seed: int,
    distance: PerceptualDistance | None = None,
    why_not: str = "no LPIPS distance was given",
    cache: Path | None = None,
) -> Protocol:
    """The protocol's numbers of the defective pictures; InputError for an unknown name.

    distance: of IC-LPIPS; without it those scores are refused with why_not. cache: folder of features computed before.
    """
    how = published(name)
    types = [defect for defect in synth.defective.defects if defect in real.defective.defects]
    job = _Job(how, extractor, seed, distance, why_not, cache)
    scores: list[Score] = []
    for number in how.numbers:
        found = [job.score(number, defect, _by_name(synth.of(defect)), _by_name(real.of(defect))) for defect in types]
        scores += [job.mean(number, found), *found]
    settings = {
        **how.settings, "network here": _network(extractor), "LPIPS here": distance.name if distance else why_not,
        "types": ", ".join(types) or "none on both sides",
    }  # fmt: skip
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
    distance: PerceptualDistance | None
    why_not: str
    cache: Path | None

    def score(self, number: Number, defect: str, synth: Items, real: Items) -> Score:
        """One number of one type."""
        synth, flags = synth[: self.how.generated], []
        if len(synth) < self.how.generated:
            flags.append(f"{len(synth)} generated, not {self.how.generated:,}")
        value: float | None = None
        refused = self._why_refused(number, len(synth), len(real))
        if refused is None:
            try:
                value = {"KID": self._kid, "IC-LPIPS": self._diversity, "IS": self._inception}[number](synth, real)
            except InputError as error:
                refused = str(error)
        if number == "KID" and value is not None:
            size = _subset(synth, real)
            flags.append(f"subsets of {size}" + ("" if size == SUBSET else f", not {SUBSET:,}"))
        return self._made(number, defect, (len(synth), len(real)), value, flags, refused)

    def _why_refused(self, number: Number, n_set: int, n_real: int) -> str | None:
        """No result can be computed with fewer; the papers name no least."""
        if number == "IC-LPIPS" and self.distance is None:
            return self.why_not
        fewest = {"IS": (SPLITS, 0), "KID": (2, 2), "IC-LPIPS": (2, self.how.references)}[number]
        if n_set >= fewest[0] and n_real >= fewest[1]:
            return None
        return f"{n_set} in the set and {n_real} real; at least {fewest[0]} and {fewest[1]} are needed"

    def _kid(self, synth: Items, real: Items) -> float:
        size = _subset(synth, real)
        return kid_subsets(self._features(synth).vectors, self._features(real).vectors, size=size).mean

    def _inception(self, synth: Items, real: Items) -> float:
        chances = self._features(synth).probabilities
        if chances is None:
            raise InputError("these features have no classes; take a classifier")
        return inception_score(chances, SPLITS).mean

    def _diversity(self, synth: Items, real: Items) -> float:
        assert self.distance is not None
        references = _Pictures(real[: len(real) // self.how.references])
        variant = VARIANTS[self.how.diversity]
        return ic_lpips(_Pictures(synth), references, variant, self.distance, seed=self.seed).value

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
        return Score(
            metric=self._name(number), view="image", defect=defect, better=BETTER[number],
            n_set=n[0], n_real=n[1], value=None if value is None else Interval(value=value), flags=tuple(flags),
            refused=refused, seed=self.seed,
        )  # fmt: skip

    def _name(self, number: Number) -> str:
        label, variant = self.extractor.label, ""
        if number == "IC-LPIPS":
            other = self.distance is not None and not self.distance.name.startswith("LPIPS-")
            label, variant = self.distance.name if self.distance and other else "", f" ({self.how.diversity})"
        return (f"{number}-{label}" if label else number) + variant


def _subset(synth: Items, real: Items) -> int:
    return min(SUBSET, len(synth), len(real))


@dataclass(frozen=True)
class _Pictures(Sequence[U8]):
    """Pictures that are read when they are looked at."""

    items: Items

    def __len__(self) -> int:
        return len(self.items)

    @overload
    def __getitem__(self, at: int) -> U8: ...

    @overload
    def __getitem__(self, at: slice) -> _Pictures: ...

    def __getitem__(self, at: int | slice) -> U8 | _Pictures:
        return _Pictures(self.items[at]) if isinstance(at, slice) else self.items[at].pixels()
