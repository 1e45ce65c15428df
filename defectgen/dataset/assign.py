"""Which group goes to which split: whole groups, each defect in the asked ratio, seeded.

Iterative stratification (Sechidis, Tsoumakas, Vlahavas 2011) over groups: the defect with the fewest groups is dealt
out first, its largest groups first, each to the split that lacks most of it. A defect with as many groups as there are
splits, or fewer, gives one to each in the order train, test, val.

Few shots: of the training side, K pictures of each defect stay, drawn group by group so that they show as many pieces
as they can; the rest is "unused". Val and test do not depend on the draw, and within a draw fewer shots are a part of
more shots.
"""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from defectgen.errors import InputError
from defectgen.record import GOOD, UNUSED

__all__ = ["SPLITS", "assign_splits", "check_shots", "drop_straddling", "straddling", "take_shots"]

SPLITS = ("train", "val", "test")
FIRST_SERVED = (0, 2, 1)


def assign_splits(
    groups: Sequence[str], defects: Sequence[str], ratios: tuple[float, float, float], rng: np.random.Generator
) -> list[str]:
    """The split of each picture. groups, defects: of each picture; ratios: of train, val and test, sum 1."""
    names, member = np.unique(np.asarray(groups, dtype=object).astype(str), return_inverse=True)
    kinds, kind = np.unique(np.asarray(defects, dtype=object).astype(str), return_inverse=True)
    counts = np.zeros((len(names), len(kinds)), np.int64)
    np.add.at(counts, (member, kind), 1)
    side = _deal(counts, np.asarray(ratios), rng)
    return [SPLITS[k] for k in side[member]]


def _deal(
    counts: NDArray[np.int64], ratios: NDArray[np.floating], rng: np.random.Generator
) -> NDArray[np.int64]:
    """The split, 0 to 2, of each group; counts: (groups, defects) pictures."""
    side = np.full(len(counts), -1, np.int64)
    shuffled = rng.permutation(len(counts))
    have = np.zeros((3, counts.shape[1]), np.int64)
    wanted = ratios[:, None] * counts.sum(axis=0)
    for kind in np.argsort((counts > 0).sum(axis=0), kind="stable"):
        left = [g for g in shuffled if side[g] < 0 and counts[g, kind]]
        left.sort(key=lambda g: -counts[g, kind])
        for done, g in enumerate(left):
            lacking = [k for k in FIRST_SERVED if ratios[k] > 0 and not have[k, kind]]
            if lacking and len(left) - done <= len(lacking):
                side[g] = lacking[0]
            else:
                need = np.where(ratios > 0, wanted[:, kind] - have[:, kind], -np.inf)
                side[g] = int(np.argmax(need))
            have[side[g]] += counts[g]
    return side


def take_shots(
    groups: Sequence[str], defects: Sequence[str], splits: Sequence[str], shots: int, seed: int, draw: int
) -> list[str]:
    """The splits again, with all but `shots` training pictures of each defect unused; good pictures stay.

    InputError where a defect has fewer.
    """
    out = list(splits)
    for defect in sorted(set(defects) - {GOOD}):
        pool = [i for i, split in enumerate(splits) if split == "train" and defects[i] == defect]
        rng = np.random.default_rng([seed, draw, zlib.crc32(defect.encode())])
        for i in _by_turns(pool, groups, rng)[shots:]:
            out[i] = UNUSED
    return out


def _by_turns(pool: Sequence[int], groups: Sequence[str], rng: np.random.Generator) -> list[int]:
    """The pool in a drawn order that goes round its groups: one picture of each, then a second of each, and so on."""
    turn: Counter[str] = Counter()
    names = sorted({groups[i] for i in pool})
    rank = dict(zip(names, rng.permutation(len(names)).tolist(), strict=True))
    keyed = []
    for i in rng.permutation(np.asarray(pool, np.int64)).tolist():
        keyed.append((turn[groups[i]], rank[groups[i]], i))
        turn[groups[i]] += 1
    return [i for _, _, i in sorted(keyed)]


def check_shots(groups: Sequence[str], defects: Sequence[str], splits: Sequence[str], shots: int) -> None:
    """InputError where a defect has fewer training pictures than `shots`, or no test picture beside them."""
    for defect in sorted(set(defects) - {GOOD}):
        mine = [i for i, name in enumerate(defects) if name == defect]
        side = Counter(splits[i] for i in mine)
        if side["train"] < shots or not side["test"]:
            raise InputError(
                f"no {shots} shots of {defect}: its {len(mine)} pictures in {len({groups[i] for i in mine})} groups "
                f"give train {side['train']}, val {side['val']}, test {side['test']}; "
                "lower --shots, change --ratios, or leave the defect out"
            )


def straddling(groups: Sequence[str], splits: Sequence[str]) -> dict[str, Counter[str]]:
    """Groups that lie in more than one split, with their pictures in each."""
    sides: dict[str, Counter[str]] = {}
    for group, split in zip(groups, splits, strict=True):
        sides.setdefault(group, Counter())[split] += 1
    return {group: count for group, count in sides.items() if len(count) > 1}


def drop_straddling(groups: Sequence[str], splits: Sequence[str]) -> list[str]:
    """The splits again; of a torn group its test pictures stay, or else those of val; the others become unused."""
    torn = straddling(groups, splits)
    out = []
    for group, split in zip(groups, splits, strict=True):
        kept = next(name for name in reversed(SPLITS) if name in torn[group]) if group in torn else split
        out.append(split if split == kept else UNUSED)
    return out
