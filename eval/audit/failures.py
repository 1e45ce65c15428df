"""What each metric fails to notice: real pictures spoiled in known ways, scored against other real pictures.

    python eval/audit/failures.py SET OTHER ...     pairs of imported and split sets: OTHER gives the strange pictures

The defective pictures of a set are cut in two by group. One half is the reference. The other half, spoiled, is the set
under test; unspoiled it is the control. A metric notices a failure where its value, at the floor's n, lies outside the
range of its floor on the worse side. Features are Lite0's. Writes FAILURES.md.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from defectgen.metric.battery import score_view
from defectgen.metric.collection import Collection, Item, open_collection
from defectgen.metric.extractor import Extractor, Features
from defectgen.metric.floor import draw_floor
from defectgen.metric.inception_score import inception_score
from defectgen.metric.lite0 import lite0
from defectgen.metric.result import Interval, Score
from defectgen.metric.view import item_crops, square

RESULT = Path(__file__).with_name("FAILURES.md")
U8 = NDArray[np.uint8]
MOST, SEED = 120, 0
VIEWS = ("image", "window")
SHOWN = ("KID", "CMMD", "FID", "precision", "recall", "density", "coverage", "nearest-mean", "nearest-q95", "IS")
WORSE, BETTER, MISSED = "worse", "better", "missed"
EXPLAINED = (
    f"Real defect pictures, at most {MOST} in the reference and {MOST} in the set under test, no group on both sides;"
    " features of EfficientNet-Lite0; values at the floor's n, for KID and CMMD at full n. **Bold**: outside the"
    " floor's range on the worse side, that is, noticed. _Italic_: outside it on the better side, as if better than"
    ' other real pictures. Plain: within the range, not noticed. "KID by type": for how many types of defect KID'
    " noticed. Nearest similarity has no better side: both ways out of its range count as noticed.\n\n"
    "The floor is cut from the reference alone, so its halves hold half of its groups. Where groups are few, two halves"
    " differ much: that widens every floor, lets the control look better than real, and is a reason of most misses"
    " below. More groups of real pictures would sharpen every metric here; no metric can be sharper than they are."
)


@dataclass(frozen=True)
class Sight:
    """A picture, the box that its window is cut around, and what it is called."""

    name: str
    group: str
    defect: str
    pixels: U8
    box: tuple[int, int, int, int]

    def seen(self, view: str) -> U8:
        if view == "image":
            return self.pixels
        x0, y0, x1, y1 = square(self.box, (self.pixels.shape[0], self.pixels.shape[1]))
        return self.pixels[y0:y1, x0:x1]


Table = dict[str, dict[str, tuple[float, str]]]
"""Failure and metric to the value and what was noticed."""
Spoil = Callable[[list[Sight], np.random.Generator], list[Sight]]


def sight(item: Item) -> Sight | None:
    """The picture with its largest defect; None where its mask shows none."""
    boxes = item.boxes or tuple(crop.box for crop in item_crops(item, "window"))
    if not boxes:
        return None
    largest = max(boxes, key=lambda box: (box[2] - box[0]) * (box[3] - box[1]))
    return Sight(item.name, item.group or item.name, item.defect, item.pixels(), largest)


def halves(found: Collection, rng: np.random.Generator) -> tuple[list[Sight], list[Sight]]:
    """Reference and test half: no group on both sides, no more than MOST pictures each."""
    groups = rng.permutation(sorted({item.group or item.name for item in found.items}))
    side = {str(group): i % 2 for i, group in enumerate(groups)}
    both: tuple[list[Sight], list[Sight]] = ([], [])
    for i in rng.permutation(len(found.items)):
        item = found.items[int(i)]
        to = both[side[item.group or item.name]]
        if len(to) < MOST and (one := sight(item)) is not None:
            to.append(one)
    return both


def each(change: Callable[[U8, np.random.Generator], U8]) -> Spoil:
    return lambda sights, rng: [replace(one, pixels=change(one.pixels, rng)) for one in sights]


def blur(sigma: float) -> Spoil:
    return each(lambda pixels, rng: cv2.GaussianBlur(pixels, (0, 0), sigma).astype(np.uint8))


def noise(sigma: float) -> Spoil:
    def change(pixels: U8, rng: np.random.Generator) -> U8:
        grain = rng.normal(0, sigma, (*pixels.shape[:2], 1))
        return np.clip(np.rint(pixels + grain), 0, 255).astype(np.uint8)

    return each(change)


def collapse(kept: int) -> Spoil:
    """The first few pictures again and again, each a group of its own as a generator's outputs are."""
    return lambda sights, rng: [
        replace(sights[i % kept], name=one.name, group=one.name) for i, one in enumerate(sights)
    ]


def shuffle(sights: list[Sight], rng: np.random.Generator) -> list[Sight]:
    order = rng.permutation(len(sights))
    return [replace(one, defect=sights[int(i)].defect) for one, i in zip(sights, order, strict=True)]


def strange(share: float, others: Sequence[Sight]) -> Spoil:
    """A share of the pictures comes from another product."""

    def spoil(sights: list[Sight], rng: np.random.Generator) -> list[Sight]:
        count = round(share * len(sights))
        foreign = [replace(others[i % len(others)], defect=sights[i].defect) for i in range(count)]
        return foreign + sights[count:]

    return spoil


def blank(good: Sequence[U8]) -> Spoil:
    """Masks without defects: good pictures, each with the box of a defective one."""
    return lambda sights, rng: [replace(one, pixels=good[i % len(good)]) for i, one in enumerate(sights)]


Memo = dict[bytes, tuple[NDArray[np.float32], NDArray[np.float32]]]


def features(sights: Sequence[Sight], view: str, network: Extractor, memo: Memo) -> Features:
    """memo: rows by the bytes of the picture, since many failures only rearrange pictures."""
    seen = [one.seen(view) for one in sights]
    keys = [hashlib.sha256(repr(one.shape).encode() + one.tobytes()).digest() for one in seen]
    new = {key: picture for key, picture in zip(keys, seen, strict=True) if key not in memo}
    if new:
        vectors, chances = network.extract(list(new.values()))
        assert chances is not None
        memo |= {key: (vectors[i], chances[i]) for i, key in enumerate(new)}
    rows = [memo[key] for key in keys]
    groups, names, defects = zip(*((one.group, one.name, one.defect) for one in sights), strict=True)
    vectors, chances = (np.stack([row[part] for row in rows]) for part in (0, 1))
    return Features(vectors, chances, groups, names, defects, network.fingerprint)


def verdict(score: Score, value: float, floor: Interval) -> str:
    assert floor.low is not None and floor.high is not None
    if floor.low <= value <= floor.high:
        return MISSED
    if score.better == "neither":
        return WORSE
    return WORSE if (value > floor.high) == (score.better == "lower") else BETTER


def judge(test: Features, real: Features) -> dict[str, tuple[float, str]]:
    """Of each shown metric: its value at the floor's n, and what it noticed."""
    found = score_view(test, real, "view", seed=SEED, resamples=0, label="")
    same = {one.metric.partition("@")[0]: one for one in found if "@" in one.metric and one.defect is None}
    results = {}
    for one in found:
        if one.defect is None and one.metric in SHOWN and one.floor is not None:
            taken = same.get(one.metric, one)
            assert taken.value is not None
            results[one.metric] = taken.value.value, verdict(one, taken.value.value, one.floor)
    results["IS"] = judge_inception(test, real)
    types = [one for one in found if one.defect and one.metric == "KID" and one.floor is not None]
    noticed = sum(verdict(one, one.value.value, one.floor) == WORSE for one in types if one.value and one.floor)
    results["KID by type"] = float(noticed), f"{noticed} of {len(types)}"
    return results


def judge_inception(test: Features, real: Features) -> tuple[float, str]:
    """The inception score has no floor of its own: the range is that of halves of the reference, in one split."""
    assert test.probabilities is not None and real.probabilities is not None
    index = np.array([sorted(set(real.groups)).index(group) for group in real.groups])
    draws = draw_floor(index, len(test), np.random.default_rng(SEED))
    scores = [inception_score(real.probabilities[a], 1).mean for a, _ in draws.halves]
    value = inception_score(test.probabilities[draws.matched[0][0]], 1).mean
    low, high = np.quantile(scores, [0.025, 0.975])
    return value, MISSED if low <= value <= high else BETTER if value > high else WORSE


def spoils(others: Sequence[Sight], good: Sequence[U8], reference: Sequence[Sight]) -> dict[str, Spoil]:
    return {
        "control: nothing": lambda sights, rng: sights,
        "blur, 1 px": blur(1), "blur, 2 px": blur(2), "blur, 4 px": blur(4),
        "noise, 5 grey levels": noise(5), "noise, 15": noise(15), "noise, 40": noise(40),
        "collapse to 30 pictures": collapse(30), "collapse to 8": collapse(8), "collapse to 1": collapse(1),
        "5% of another product": strange(0.05, others), "25% of another product": strange(0.25, others),
        "labels shuffled": shuffle,
        "no defect under the masks": blank(good),
        "copies of the reference": lambda sights, rng: [replace(one, group=f"copy {one.name}") for one in reference],
    }  # fmt: skip


def study(path: Path, other: Path, view: str, network: Extractor) -> Table:
    """Failure and metric to value and verdict."""
    rng = np.random.default_rng(SEED)
    found = open_collection(path)
    reference, test = halves(found.defective, rng)
    foreign = halves(open_collection(other).defective, rng)[0]
    goods = [found.good.items[int(i)].pixels() for i in rng.permutation(len(found.good))[:MOST]]
    results: Table = {}
    memo: Memo = {}
    real = features(reference, view, network, memo)
    for name, spoil in spoils(foreign, goods, reference).items():
        spoiled = spoil(test, np.random.default_rng(SEED))
        results[name] = judge(features(spoiled, view, network, memo), real)
        print(f"{path.name}, {view}: {name}", file=sys.stderr)
    return results


def cell(value: float, noticed: str) -> str:
    text = f"{value:.3g}"
    return f"**{text}**" if noticed == WORSE else f"_{text}_" if noticed == BETTER else text


def table(results: Table) -> list[str]:
    lines = ["| failure | " + " | ".join((*SHOWN, "KID by type")) + " |", "|---|" + "--:|" * (len(SHOWN) + 1)]
    for name, row in results.items():
        cells = [cell(*row[metric]) if metric in row else "" for metric in SHOWN]
        lines.append(f"| {name} | " + " | ".join((*cells, row["KID by type"][1])) + " |")
    return lines


def summary(tables: Sequence[Table]) -> list[str]:
    """Of each metric: the failures that it did not call worse, over all sets and views."""
    lines = ["| metric | noticed | alarms on the control | not noticed, in how many tables |", "|---|--:|--:|---|"]
    for metric in SHOWN:
        missed: dict[str, int] = {}
        noticed, total, alarms = 0, 0, 0
        for results in tables:
            for name, row in results.items():
                hit = row[metric][1] == WORSE
                if name.startswith("control"):
                    alarms += hit
                    continue
                noticed, total = noticed + hit, total + 1
                if not hit:
                    missed[name] = missed.get(name, 0) + 1
        listed = "; ".join(f"{name} ({count})" for name, count in missed.items())
        lines.append(f"| {metric} | {noticed} of {total} | {alarms} of {len(tables)} | {listed} |")
    return lines


def table_of(work: Path, path: Path, other: Path, view: str, network: Extractor) -> Table:
    """From the work folder where it was computed before."""
    kept = work / f"{path.name}.{view}.json"
    if not kept.is_file():
        found = study(path, other, view, network)
        work.mkdir(parents=True, exist_ok=True)
        kept.write_text(json.dumps(found))
    return {name: {k: (v[0], v[1]) for k, v in row.items()} for name, row in json.loads(kept.read_text()).items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sets", nargs="+", type=Path, help="SET OTHER pairs")
    parser.add_argument("--work", type=Path, default=Path("out/failures"), help="finished tables are kept here")
    parser.add_argument("--only", help="SET/VIEW: this table alone, and no page")
    given = parser.parse_args()
    network, titled = lite0(), {}
    for path, other in zip(given.sets[::2], given.sets[1::2], strict=True):
        for view in VIEWS:
            if given.only in (None, f"{path.name}/{view}"):
                titled[f"{path.name}, {view} view"] = table_of(given.work, path, other, view, network)
    if given.only is None:
        write(titled, f"python eval/audit/failures.py {' '.join(path.name for path in given.sets)}")


def write(titled: dict[str, Table], command: str) -> None:
    lines = ["# What each metric failed to notice", "", f"Made by `{command}`. {EXPLAINED}", "", "## Over all tables"]
    lines += ["", *summary(list(titled.values()))]
    for title, results in titled.items():
        lines += ["", f"## {title}", "", *table(results)]
    RESULT.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
