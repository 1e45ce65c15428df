"""Near-duplicates: pictures of one and the same piece, photographed or saved more than once.

Each picture becomes a detail (see `detail`). Two pictures are

    copies  where the details agree as they lie (correlation >= COPY): the same photograph, saved again;
    twins   where they agree after the best affine alignment (`alike` >= ALIKE), and where what each of them does not
            share with its crowd agrees too (`own` >= the threshold).

The *crowd* of a picture is the mean of the K details nearest to it. Good boards before a fixed camera, or solar cells
with the same bus bars, correlate at 0.99 without being one piece: only what is left beyond the crowd tells pieces
apart. A picture with less than LEAST_SHARE of its detail to itself is too plain to tell; only its copies are found. In
the other direction, a piece that is there more than about K / 2 times is its own crowd and is not found;
say so with --group-by. Mirrored and turned pictures are not looked for.

Candidates are the nearest neighbours in three ways: as they lie, in what their crowds do not have, and by the
amplitudes of their spectra, which a shift hardly changes. Each is one matrix product over vectors of about a thousand
numbers, done in blocks; the alignment, which costs a thousand times more a pair, is only done for a fixed number of
candidates a picture. Alignment: Evangelidis and Psarakis 2008 (enhanced correlation coefficient), started from the
best shift.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import cv2
import numpy as np
from numpy.typing import NDArray

from defectgen.dataset.union import Union
from defectgen.detail import SIDE, coarse_of

__all__ = ["ALIKE", "COPY", "OWN", "Near", "Search", "Twin", "find_twins"]

F32 = NDArray[np.float32]

COPY, ALIKE, OWN = 0.999, 0.85, 0.7
CROWD, CANDIDATES, MOVED = 24, 8, 4
LEAST_LIKENESS, LEAST_SHIFTED = 0.25, 0.4
MOST_SHIFT = 6
LEAST_SHARE = 0.2
MOST_SCALE, LEAST_OVERLAP = 1.3, 0.6
BLOCK, BATCH = 1024, 512
RIDGE = 1e-2
BAND = 24
WORKERS = 2


@dataclass(frozen=True)
class Twin:
    """Two pictures of one piece, by their positions. alike, own: correlations in [-1, 1]; own is 1 for copies."""

    first: int
    second: int
    alike: float
    own: float


@dataclass(frozen=True)
class Near:
    """The nearest neighbours of each of n pictures: index and likeness, (n, k), best first; likeness in [-1, 1]."""

    index: NDArray[np.int64]
    likeness: F32

    def pairs(self, least: float, most: int) -> Iterator[tuple[float, int, int]]:
        """(likeness, first, second) of the first `most` neighbours of each picture."""
        rows, columns = np.nonzero(self.likeness[:, :most] >= least)
        for i, k in zip(rows.tolist(), columns.tolist(), strict=True):
            j = int(self.index[i, k])
            yield float(self.likeness[i, k]), min(i, j), max(i, j)


@dataclass(frozen=True)
class Search:
    """What was found. twins: best first; pairs that better pairs have tied already are left out. near: neighbours."""

    twins: tuple[Twin, ...]
    near: Near


def find_twins(details: NDArray[np.floating], threshold: float = OWN) -> Search:
    """All copies and twins among (n, S, S) details. The same details give the same pairs."""
    near = nearest(coarse_of(details), CROWD)
    tied = Union(len(details))
    found = list(_copies(details, near, tied))
    crowd = Crowd(details, near, tied)
    own = nearest(coarse_of(crowd.residuals()), CANDIDATES)
    moved = nearest(spectra_of(details), MOVED)
    pairs = candidates(near, own, moved)
    with ThreadPoolExecutor(WORKERS) as pool:
        for start in range(0, len(pairs), BATCH):
            batch = [pair for pair in pairs[start : start + BATCH] if not tied.same(*pair)]
            for twin in pool.map(partial(_compare, details, crowd, threshold), batch):
                if twin is not None and tied.join(twin.first, twin.second):
                    found.append(twin)
    return Search(tuple(sorted(found, key=lambda twin: (-twin.own, -twin.alike, twin.first, twin.second))), near)


def nearest(vectors: F32, k: int) -> Near:
    """The k nearest of unit vectors (n, d) to each of them, itself left out."""
    n = len(vectors)
    k = max(min(k, n - 1), 0)
    index, likeness = np.empty((n, k), np.int64), np.empty((n, k), np.float32)
    for start in range(0, n if k else 0, BLOCK):
        product = vectors[start : start + BLOCK] @ vectors.T
        rows = np.arange(len(product))
        product[rows, start + rows] = -2
        top = np.argpartition(-product, k - 1, axis=1)[:, :k]
        values = np.take_along_axis(product, top, axis=1)
        order = np.lexsort((top, -values), axis=1)
        index[start : start + BLOCK] = np.take_along_axis(top, order, axis=1)
        likeness[start : start + BLOCK] = np.take_along_axis(values, order, axis=1)
    return Near(index, likeness)


def _copies(details: NDArray[np.floating], near: Near, tied: Union) -> Iterator[Twin]:
    for likeness, i, j in near.pairs(COPY, CROWD):
        if _correlation(_detail(details, i), _detail(details, j)) >= COPY and tied.join(i, j):
            yield Twin(i, j, likeness, 1.0)


def spectra_of(details: NDArray[np.floating]) -> F32:
    """(n, d) unit vectors that a shift hardly changes: amplitudes of the spectrum, less those that all share."""
    window = np.hanning(SIDE)[:, None] * np.hanning(SIDE)
    out = np.empty((len(details), BAND * BAND * 2), np.float32)
    for start in range(0, len(details), BLOCK):
        spectrum = np.abs(np.fft.rfft2(np.asarray(details[start : start + BLOCK], np.float32) * window))
        low = np.concatenate([spectrum[:, :BAND, 1 : BAND + 1], spectrum[:, -BAND:, 1 : BAND + 1]], axis=1)
        out[start : start + BLOCK] = np.sqrt(low).reshape(len(low), -1)
    out /= np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-6)
    out -= out.mean(axis=0)
    return np.asarray(out / np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-6), np.float32)


def candidates(*sources: Near) -> list[tuple[int, int]]:
    """Pairs worth aligning, the likeliest first."""
    best: dict[tuple[int, int], float] = {}
    for source in sources:
        for likeness, i, j in source.pairs(LEAST_LIKENESS, CANDIDATES):
            best[i, j] = max(likeness, best.get((i, j), -1.0))
    return sorted(best, key=lambda pair: (-best[pair], pair))


class Crowd:
    """What each detail shares with the details nearest to it; copies of one picture count once."""

    def __init__(self, details: NDArray[np.floating], near: Near, tied: Union) -> None:
        self._details = details
        self._members = [self._distinct(i, near.index[i], tied) for i in range(len(details))]

    @staticmethod
    def _distinct(i: int, neighbours: NDArray[np.int64], tied: Union) -> NDArray[np.int64]:
        seen = {tied.root(i)}
        kept = []
        for j in neighbours.tolist():
            if tied.root(j) not in seen:
                seen.add(tied.root(j))
                kept.append(j)
        return np.asarray(kept, np.int64)

    def residual(self, i: int, without: int | None = None) -> F32:
        """(S, S) detail i less what its crowd's mean, moved a little, explains; `without`: a neighbour left out."""
        detail = _detail(self._details, i)
        members = self._members[i]
        members = members if without is None else members[members != without]
        if not members.size:
            return detail
        shared = _poses(np.asarray(self._details[members], np.float32).mean(axis=0))
        gram = shared @ shared.T + RIDGE * np.eye(len(shared), dtype=np.float32)
        share = np.linalg.solve(gram, shared @ detail.ravel())
        return np.asarray(detail - (share @ shared).reshape(detail.shape), np.float32)

    def residuals(self) -> NDArray[np.float16]:
        out = np.empty(self._details.shape, np.float16)
        for i in range(len(out)):
            out[i] = self.residual(i)
        return out


def _poses(mean: F32) -> F32:
    """(7, S * S): a picture, and how it changes with each parameter of a small affine move."""
    ys, xs = np.mgrid[-1 : 1 : SIDE * 1j, -1 : 1 : SIDE * 1j].astype(np.float32)
    down, right = np.gradient(mean)
    moves = [mean, down, right, xs * down, ys * down, xs * right, ys * right]
    return np.asarray([move.ravel() for move in moves], np.float32)


def _detail(details: NDArray[np.floating], i: int) -> F32:
    return np.asarray(details[i], np.float32)


def _compare(details: NDArray[np.floating], crowd: Crowd, threshold: float, pair: tuple[int, int]) -> Twin | None:
    """The twin that a pair of candidates makes, or None."""
    i, j = pair
    first, second = _detail(details, i), _detail(details, j)
    warp = _align(first, second)
    if warp is None:
        return None
    inside = _warped(np.ones_like(first), warp) > 0.5
    if inside.mean() < LEAST_OVERLAP:
        return None
    alike = _correlation(first[inside], _warped(second, warp)[inside])
    if alike < ALIKE:
        return None
    left, right = crowd.residual(i, j), crowd.residual(j, i)
    if min(left.std() / first.std(), right.std() / second.std()) < LEAST_SHARE:
        return None
    own = _correlation(left[inside], _warped(right, warp)[inside])
    return Twin(i, j, alike, own) if own >= threshold else None


def _align(first: F32, second: F32) -> F32 | None:
    """(2, 3) affine map from places of `first` to places of `second`; None where nothing near the identity fits."""
    core = first[MOST_SHIFT:-MOST_SHIFT, MOST_SHIFT:-MOST_SHIFT]
    _, shifted, _, place = cv2.minMaxLoc(cv2.matchTemplate(second, core, cv2.TM_CCOEFF_NORMED))
    if shifted < LEAST_SHIFTED:
        return None
    warp = np.array([[1, 0, place[0] - MOST_SHIFT], [0, 1, place[1] - MOST_SHIFT]], np.float32)
    stop = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 30, 1e-3)
    try:
        _, fitted = cv2.findTransformECC(first, second, warp, cv2.MOTION_AFFINE, stop, np.empty(0, np.uint8), 3)
    except cv2.error:  # It did not converge: the pictures have nothing in common
        return None
    scales = np.linalg.svd(fitted[:, :2], compute_uv=False)
    return np.asarray(fitted, np.float32) if scales[1] >= 1 / MOST_SCALE and scales[0] <= MOST_SCALE else None


def _warped(picture: F32, warp: F32) -> F32:
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(picture, warp, (SIDE, SIDE), flags=flags), np.float32)


def _correlation(a: F32, b: F32) -> float:
    a, b = a - a.mean(), b - b.mean()
    return float((a * b).sum() / max(float(np.sqrt((a * a).sum() * (b * b).sum())), 1e-6))
