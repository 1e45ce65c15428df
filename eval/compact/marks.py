"""Marks: everything that one engine's windows are scored by, each beside what real windows score.

Distances, nearest real windows and their floors are those of `defectgen audit` (`metric.battery`): floors are halves of
the held-out real windows that share no group, drawn down to the same n. Groups, never windows, are resampled; where
there are fewer than 8 there is no interval. A generated window belongs to the group of its good picture.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from bench import Bench, Real
from cases import F64, NAMES, U8, Case, Mask, interval, statistics
from makers import Made

from defectgen.band import BAND_PX, grow
from defectgen.image import write_picture
from defectgen.metric.battery import score_view
from defectgen.metric.bootstrap import FEWEST_GROUPS, draw_groups, group_index, interval_of
from defectgen.metric.collection import Collection, Item
from defectgen.metric.copies import copies
from defectgen.metric.distribution import ks_distance
from defectgen.metric.extractor import Extractor, Features
from defectgen.metric.ic_lpips import diversity
from defectgen.metric.kid import kid_replicates
from defectgen.metric.label_truth import judge, recovered_mask, summarise
from defectgen.metric.nearest import nearest_real
from defectgen.metric.perceptual import PerceptualDistance
from defectgen.metric.probe import realism_probe
from defectgen.metric.residual import ResidualExtractor
from defectgen.metric.result import Interval, ProbeResult
from defectgen.metric.view import OUTSIDE, View, square

__all__ = [
    "KEPT", "artefacts", "copied", "defects_alone", "distances", "features", "kid_draws", "memory", "paired_errors",
    "probe", "seen_of", "spread", "statistic_marks", "truth",
]  # fmt: skip

KEPT = ("KID", "CMMD", "FID", "coverage", "nearest-mean", "nearest-q95")
RESAMPLES, HALVES = 500, 60
Row = dict[str, Any]


def seen_of(rows: Sequence[Real]) -> tuple[list[U8], list[str]]:
    return [row.picture for row in rows], [row.group for row in rows]


def defects_alone(rows: Iterable[tuple[U8, Mask]]) -> list[U8]:
    """The mask view of `defectgen audit` of each (window, mask): a square around the mask, grey outside it.

    A whole window is mostly background: a distance hardly changes where the defect is left out.
    """
    seen = []
    for picture, mask in rows:
        x, y, w, h = cv2.boundingRect(mask.astype(np.uint8))
        x0, y0, x1, y1 = square((x, y, x + w, y + h), mask.shape)
        seen.append(np.where(mask[y0:y1, x0:x1, None], picture[y0:y1, x0:x1], np.uint8(OUTSIDE)))
    return seen


def features(pictures: Sequence[U8], groups: Sequence[str], extractor: Extractor) -> Features:
    """One row a window; all of one type, so that scores are overall."""
    parts = [extractor.extract(pictures[at : at + 16])[0] for at in range(0, len(pictures), 16)]
    names = tuple(f"{group}#{i}" for i, group in enumerate(groups))
    return Features(np.concatenate(parts), None, tuple(groups), names, ("defect",) * len(names), extractor.fingerprint)


def shown(value: Interval | None) -> list[float | None] | None:
    if value is None:
        return None
    return [None if one is None else round(one, 5) for one in (value.value, value.low, value.high)]


def distances(synth: Features, real: Features, label: str, view: View = "window") -> dict[str, Row]:
    """Of each metric of KEPT, and of FID at the floor's n: value with interval, floor with range."""
    found = {}
    for score in score_view(synth, real, view, seed=0, resamples=RESAMPLES, label=label):
        plain = score.metric.split("@")[0].removesuffix(f"-{label}" if label else "")
        if plain in KEPT:
            found[score.metric] = {"value": shown(score.value), "floor": shown(score.floor), "n": score.n_set,
                                   "refused": score.refused}  # fmt: skip
    return found


def kid_draws(synth: Features, real: Features) -> F64 | None:
    """(1 + RESAMPLES,): KID and its bootstrap draws; the same groups are drawn for engines on the same goods."""
    indices = [group_index(side.groups, side.names) for side in (synth, real)]
    if min(index.max() + 1 for index in indices) < FEWEST_GROUPS:
        return None
    weights = [draw_groups(index, RESAMPLES, np.random.default_rng([7, i])) for i, index in enumerate(indices)]
    return kid_replicates(synth.vectors, real.vectors, weights[0], weights[1])


def difference(ours: F64, theirs: F64) -> list[float | None] | None:
    """KID of another engine less ours, with the interval of paired draws."""
    return shown(interval_of(float(theirs[0] - ours[0]), theirs[1:] - ours[1:]))


def memory(synth: Features, real: Features, training: Features) -> Row:
    """Cosine to the nearest window of the training groups, beside that of held-out real windows."""
    ours, theirs = (nearest_real(side.vectors, training.vectors) for side in (synth, real))
    return {"mean": [round(ours.mean, 4), round(theirs.mean, 4)],
            "q95": [round(one.quantile(0.95), 4) for one in (ours, theirs)]}  # fmt: skip


def copied(made: Sequence[Made], goods: Sequence[U8], groups: Sequence[str], bench: Bench, found: Features,
           training: Features) -> int:  # fmt: skip
    """Windows whose defect `metric.copies` takes for one of the training windows'."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        synth = _collection(
            root / "set", [(m.picture, m.mask, good) for m, good in zip(made, goods, strict=True)], groups
        )
        own = [(row.picture, row.alpha > 127, None) for row in bench.training]
        train = _collection(root / "train", own, [row.group for row in bench.training])
        named = [_renamed(side, one) for side, one in ((found, synth), (training, train))]
        return sum(pair.is_copy for pair in copies(synth, train, *named, view="window"))


def _collection(root: Path, rows: Sequence[tuple[U8, Mask, U8 | None]], groups: Sequence[str]) -> Collection:
    root.mkdir()
    items = []
    for i, (picture, mask, good) in enumerate(rows):
        paths = [root / f"{i:04d}-{kind}.png" for kind in ("image", "mask", "good")]
        for path, pixels in zip(paths, (picture, mask[..., None].astype(np.uint8) * 255, good), strict=True):
            if pixels is not None:
                write_picture(path, pixels)
        twin = paths[2] if good is not None else None
        items.append(Item(paths[0].name, paths[0], paths[1], twin, "defect", (), "train", groups[i]))
    return Collection(root, "folder", tuple(items))


def _renamed(side: Features, collection: Collection) -> Features:
    names = tuple(item.name for item in collection.items)
    return Features(side.vectors, None, side.groups, names, side.defects, side.fingerprint)


def statistic_marks(made: Sequence[Made], reals: Sequence[Real]) -> Row:
    """Kolmogorov-Smirnov distance of each in-mask statistic to real windows', its floor between halves, medians."""
    ours = _table([(one.picture, one.mask) for one in made])
    theirs = _table([(one.picture, one.alpha > 127) for one in reals])
    names, index = np.unique([one.group for one in reals], return_inverse=True)
    rng = np.random.default_rng(17)
    floors = []
    for _ in range(HALVES if len(names) > 1 else 0):
        first = np.isin(index, rng.permutation(len(names))[: len(names) // 2])
        floors.append([ks_distance(theirs[first, k], theirs[~first, k]) for k in range(len(NAMES))])
    floor = np.round(np.mean(floors, axis=0), 3).tolist() if floors else [None] * len(NAMES)
    return {name: {"ks": round(ks_distance(ours[:, k], theirs[:, k]), 3), "floor": floor[k],
                   "median": [round(float(np.median(side[:, k])), 2) for side in (ours, theirs)]}
            for k, name in enumerate(NAMES)}  # fmt: skip


def _table(rows: Sequence[tuple[U8, Mask]]) -> F64:
    """(n, 3) statistics, windows with an empty mask left out."""
    return np.stack([statistics(p.astype(np.float32) / np.float32(255), m) for p, m in rows if m.any()])


def paired_errors(made: Sequence[Made], cases: Sequence[Case]) -> Row:
    """As `heldout.py`: errors of the statistics on the case's own pseudo-good window, `overall` in real spreads."""
    real = _table([(case.pair.target, case.pair.alpha > 127) for case in cases])
    ours = np.stack([
        statistics(one.picture.astype(np.float32) / np.float32(255), case.pair.alpha > 127)
        for one, case in zip(made, cases, strict=True)
    ])  # fmt: skip
    error, rng = np.abs(ours - real), np.random.default_rng(0)
    rows = {name: [round(v, 3) for v in interval(error[:, k], rng)] for k, name in enumerate(NAMES)}
    apart = (error / np.maximum(real.std(0), 1e-6)).mean(1)
    return {**rows, "overall": [round(v, 3) for v in interval(apart, rng)], "n": len(cases)}


def truth(made: Sequence[Made], goods: Sequence[U8], cases: Sequence[Case], groups: Sequence[str]) -> Row:
    """Recovered against prescribed masks, from the pixels alone, and what the label audit said where it was asked."""
    judged = [
        judge(f"{i}", case.name, one.mask, recovered_mask(good, one.picture, one.mask), group)
        for i, (one, good, case, group) in enumerate(zip(made, goods, cases, groups, strict=True))
    ]
    overall = summarise(judged, seed=0, estimated=False)[0]
    row: Row = {key: shown(getattr(overall, key)) for key in ("recovered_iou", "blanks", "leakage", "fill")}
    asked = [one for one in made if one.kept is not None]
    if asked:
        row["kept"] = round(float(np.mean([one.kept for one in asked])), 3)
        row["prescribed_iou"] = round(float(np.mean([one.prescribed_iou for one in asked])), 3)
        row["outside_px"] = int(sum(one.outside_px or 0 for one in asked))
    return row


def probe(pictures: Sequence[U8], synth: Features, real: Features, reals: Sequence[U8]) -> Row:
    """AUROC of generated against real windows by features and by residual statistics, each with its floor."""
    eye = ResidualExtractor()
    noise = [features(side, one.groups, eye) for side, one in ((pictures, synth), (reals, real))]
    return {"features": _auroc(realism_probe(synth, real)), "noise": _auroc(realism_probe(noise[0], noise[1]))}


def _auroc(found: ProbeResult) -> Row:
    return {"auroc": shown(found.auroc), "floor": shown(found.floor), "n": found.n_set, "refused": found.refused}


def artefacts(made: Sequence[Made], goods: Sequence[U8], groups: Sequence[str], extractor: Extractor) -> Row:
    """Whether what lies outside the defects gives the window away.

    Where no pixel beyond the band of any mask changed, background and untouched window are the same bytes, and no
    classifier can be above 0.5. Else the windows, with the good pixels put back under mask and band, are told from
    the good windows.
    """
    bands = [grow(one.mask, BAND_PX) for one in made]
    strays = [(one.picture != good).any(axis=2) & ~band for one, good, band in zip(made, goods, bands, strict=True)]
    share = float(np.mean([stray.mean() for stray in strays]))
    if not share:
        return {"auroc": [0.5, None, None], "changed_outside": 0.0, "how": "identity"}
    backs = [np.where(band[..., None], good, one.picture) for one, good, band in zip(made, goods, bands, strict=True)]
    found = realism_probe(*(features(side, groups, extractor) for side in (backs, goods)), kind="artefact")
    return {**_auroc(found), "changed_outside": round(share, 5), "how": "probe"}


def spread(sets: Sequence[Sequence[Made]], distance: PerceptualDistance) -> Row:
    """Mean distance among samples of one mask and prompt that differ in their seed: perceptual, of a window cut
    around the mask; and in grey levels under the mask."""
    seen, grey = [], []
    for samples in sets:
        x, y, w, h = cv2.boundingRect(np.any([one.mask for one in samples], axis=0).astype(np.uint8))
        view = np.s_[max(0, y - 8) : y + h + 8, max(0, x - 8) : x + w + 8]
        seen.append(diversity([np.ascontiguousarray(one.picture[view]) for one in samples], distance))
        mask, pictures = samples[0].mask, np.stack([one.picture for one in samples]).astype(np.float32)
        grey.append(float(np.abs(pictures[:-1] - pictures[1:])[:, mask].mean()))
    return {"distance": round(float(np.mean(seen)), 4), "grey_levels": round(float(np.mean(grey)), 2),
            "masks": len(sets), "samples": len(sets[0]), "of": distance.name}  # fmt: skip
