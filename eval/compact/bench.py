"""The bench: everything one set is scored on, drawn once and kept in a file.

    cases      held-out real windows of one half, each with what an engine is told of it
    goods      a good window of another place for each case, cut where the case lies: of a good held-out picture of
               another group; of another defective picture with its defect removed, where there are not enough good
               ones; of another place of the same picture, where there is only that one
    extra      as many more held-out real windows, for floors at the same n
    training   real windows of the groups that training saw: donors, memorising, and "as good as real can be"

A set with few pictures gives at most WINDOWS_A_PICTURE windows a picture; more would say the same again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from cases import U8, Case, both_sides, case_of, defect_of, draw_pairs, half_of, without_defects
from numpy.typing import NDArray

from defectgen.book import RecipeBook, load_book
from defectgen.train.pair import Pair
from defectgen.train.real import RealPicture
from defectgen.train.real_pair import Cut, cut_window

__all__ = ["Bench", "Real", "draw_bench", "load_bench", "most_windows", "save_bench"]

WINDOWS_A_PICTURE = 12
FEWEST_GOOD = 3
PIXELS = ("good", "target", "draft", "alpha")
WORDS = ("text", "origin", "family")


@dataclass(frozen=True)
class Real:
    """A real window: picture (S, S, 3), alpha (S, S), uint8; class name, group."""

    picture: U8
    alpha: U8
    name: str
    group: str


@dataclass(frozen=True)
class Bench:
    """goods[i] with good_groups[i] is the good window for cases[i]."""

    cases: tuple[Case, ...]
    goods: tuple[U8, ...]
    good_groups: tuple[str, ...]
    extra: tuple[Real, ...]
    training: tuple[Real, ...]

    @property
    def reals(self) -> tuple[Real, ...]:
        """All held-out real windows, the cases' own first."""
        own = tuple(Real(c.pair.target, c.pair.alpha, c.name, c.group) for c in self.cases)
        return own + self.extra


def most_windows(n: int, pictures: int) -> int:
    return min(n, WINDOWS_A_PICTURE * pictures)


def draw_bench(root: Path, set_name: str, half: int, n: int, seed: int) -> Bench:
    held, training = both_sides(root, set_name)
    return bench_of([p for p in held if half_of(p.group) == half], training, n, seed, load_book())


def kept_bench(path: Path, root: Path, set_name: str, half: int, n: int, seed: int, book: RecipeBook) -> Bench:
    """`draw_bench` once, kept at `path`."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        save_bench(draw_bench(root, set_name, half, n, seed), path)
    return load_bench(path, book)


def bench_of(
    held: Sequence[RealPicture], training: Sequence[RealPicture], n: int, seed: int, book: RecipeBook
) -> Bench:
    """n: windows, see `most_windows`. The book holds a recipe for every class, or `cases.STAND_INS` names one."""
    rng = np.random.default_rng([seed, 5])
    defective = [p for p in held if p.defects]
    count = most_windows(n, len(defective))
    drawn = list(islice(draw_pairs(defective, book, rng), 2 * count))
    found = tuple(case_of(*one, book) for one in drawn[:count])
    goods = [good_for(case, held, rng) for case in found]
    extra = tuple(_real(*one, book) for one in drawn[count:])
    seen = islice(draw_pairs(training, book, np.random.default_rng([seed, 6])), 2 * count)
    return Bench(
        found, tuple(pixels for pixels, _ in goods), tuple(group for _, group in goods), extra,
        tuple(_real(*one, book) for one in seen),
    )  # fmt: skip


def _real(pair: Pair, picture: RealPicture, cut: Cut, book: RecipeBook) -> Real:
    return Real(pair.target, pair.alpha, defect_of(pair.text, book)[0], picture.group)


def good_for(case: Case, held: Sequence[RealPicture], rng: np.random.Generator) -> tuple[U8, str]:
    """A good window of another place and its group; see the module."""
    clean = [p for p in held if not p.defects and p.group != case.group]
    others = [p for p in held if p.defects and p.path != case.path]
    strangers = [p for p in others if p.group != case.group]
    pool = clean if len(clean) >= FEWEST_GOOD else strangers or others
    if pool:
        picture = pool[int(rng.integers(len(pool)))]
        return cut_window(_good(picture, rng), fit_cut(case.cut, picture.rgb.shape[:2])), picture.group
    own = next(p for p in held if p.path == case.path)
    side, (height, width) = case.cut[2], own.rgb.shape[:2]
    cut = int(rng.integers(width - side + 1)), int(rng.integers(height - side + 1)), side
    return cut_window(_good(own, rng), cut), own.group


def _good(picture: RealPicture, rng: np.random.Generator) -> U8:
    return without_defects(picture, rng) if picture.defects else picture.rgb


def fit_cut(cut: Cut, hw: tuple[int, ...]) -> Cut:
    """The same window, moved and shrunk as far as a picture of another size asks for."""
    side = min(cut[2], *hw)
    return min(cut[0], hw[1] - side), min(cut[1], hw[0] - side), side


def save_bench(bench: Bench, path: Path) -> None:
    """To an npz file; it holds real pictures and is not for git."""
    table: dict[str, Any] = {f"case_{k}": np.stack([getattr(c.pair, k) for c in bench.cases]) for k in PIXELS}
    table |= {f"case_{k}": np.array([getattr(c.pair, k) for c in bench.cases]) for k in WORDS}
    table["case_group"] = np.array([c.group for c in bench.cases])
    table["case_path"] = np.array([str(c.path) for c in bench.cases])
    table["case_cut"] = np.array([c.cut for c in bench.cases])
    table["goods"], table["good_groups"] = np.stack(bench.goods), np.array(bench.good_groups)
    for name in ("extra", "training"):
        rows = getattr(bench, name)
        table |= {f"{name}_{k}": np.stack([getattr(r, k) for r in rows]) for k in ("picture", "alpha")}
        table |= {f"{name}_{k}": np.array([getattr(r, k) for r in rows]) for k in ("name", "group")}
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part.npz")
    np.savez(part, **table)
    part.replace(path)


def load_bench(path: Path, book: RecipeBook) -> Bench:
    """What `save_bench` wrote; shapes and recipes are found anew."""
    table = np.load(path, allow_pickle=False)
    found = []
    for i in range(len(table["case_text"])):
        pixels: dict[str, NDArray[np.uint8]] = {k: table[f"case_{k}"][i] for k in PIXELS}
        words = {k: str(table[f"case_{k}"][i]) for k in WORDS}
        case = case_of(Pair(**pixels, **words), _NOWHERE, (0, 0, 0), book)
        x, y, side = (int(v) for v in table["case_cut"][i])
        group, source = str(table["case_group"][i]), Path(str(table["case_path"][i]))
        found.append(Case(case.pair, case.shape, case.defect, case.name, group, source, (x, y, side)))
    reals = {name: tuple(Real(*row) for row in zip(
        table[f"{name}_picture"], table[f"{name}_alpha"], map(str, table[f"{name}_name"]),
        map(str, table[f"{name}_group"]), strict=True)) for name in ("extra", "training")}  # fmt: skip
    return Bench(
        tuple(found), tuple(table["goods"]), tuple(map(str, table["good_groups"])), reals["extra"], reals["training"]
    )


_NOWHERE = RealPicture("", "", Path(), "", np.zeros((1, 1, 3), np.uint8), ())
