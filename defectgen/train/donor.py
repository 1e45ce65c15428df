"""Donors of a fine-tuning: what each real defect of its shots changed, for drafts in training and in use.

In training the draft of a window is often another shot's defect carried over to its mask (`engine.donor.carried`), so
that the network learns to make the one out of the other: to settle a change of the right kind on a surface and into a
mask that it does not come from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from defectgen.book import RecipeBook, phrase_key
from defectgen.dataset.instance import components
from defectgen.engine.donor import Donor, carried, donor_of
from defectgen.train.pair import Pair
from defectgen.train.pseudo_good import remove
from defectgen.train.shots import Shot

__all__ = ["MOST_DONORS", "DonorShelf", "collect_donors"]

MOST_DONORS = 64
DRAFT_SHARE = 0.6
U8 = NDArray[np.uint8]


@dataclass(frozen=True)
class DonorShelf:
    """Of each recipe: its donors, each with the group of the picture that it comes from."""

    rows: dict[str, tuple[tuple[str, Donor], ...]]

    @property
    def donors(self) -> dict[str, list[Donor]]:
        return {name: [donor for _, donor in rows] for name, rows in self.rows.items()}

    def drafted(self, pair: Pair, recipe: str | None, group: str, rng: np.random.Generator) -> Pair:
        """DRAFT_SHARE of the time, the pair with a donor of another group as its draft; else as it is."""
        others = [donor for other, donor in self.rows.get(recipe or "", ()) if other != group]
        if not others or rng.random() >= DRAFT_SHARE:
            return pair
        donor = others[int(rng.integers(len(others)))]
        unit = [plane.astype(np.float32) / np.float32(255) for plane in (pair.good, pair.alpha)]
        return replace(pair, draft=np.rint(255 * carried(donor, unit[0], unit[1], rng)).astype(np.uint8))


def collect_donors(shots: Sequence[Shot], book: RecipeBook, seed: int) -> DonorShelf:
    """Every piece of a defect that the book knows by name, at most MOST_DONORS of a recipe, the largest."""
    found: dict[str, list[tuple[int, str, Donor]]] = {}
    for number, shot in enumerate(shots):
        every = np.any([mask for _, mask in shot.picture.defects], axis=0)
        rng = np.random.default_rng([seed, 37, number])
        good = shot.good if shot.good is not None else remove(shot.picture.rgb, every, every, rng)
        for name, mask in shot.picture.defects:
            recipe = recipe_of(name, book)
            if recipe is not None:
                rows = found.setdefault(recipe, [])
                rows += [(area, shot.picture.group, donor) for area, donor in _pieces(shot.picture.rgb, good, mask)]
    shelf = {name: sorted(rows, key=lambda row: -row[0])[:MOST_DONORS] for name, rows in found.items() if rows}
    return DonorShelf({name: tuple((group, donor) for _, group, donor in rows) for name, rows in shelf.items()})


def recipe_of(name: str, book: RecipeBook) -> str | None:
    """The recipe of a class name; None where the book does not know it."""
    key = phrase_key(name)
    return book.defect(key).name if key in book.defect_aliases else None


def _pieces(rgb: U8, good: U8, mask: NDArray[np.bool_]) -> list[tuple[int, Donor]]:
    found = []
    for piece in components("defect", mask):
        alone = np.zeros_like(mask)
        alone[piece.window] = piece.mask
        found.append((piece.area, donor_of(rgb, good, alone)))
    return found
