"""The gallery of defect types: one page a domain, one cell a type, on one of its materials.

    python eval/vocabulary/gallery.py                       # every domain
    python eval/vocabulary/gallery.py --domain welding      # one page
    python eval/vocabulary/gallery.py --type undercut --recipe draft.yaml   # one type on each of its materials

Made by the `render` engine at severities 0.5 to 1. Recipes that are broken are left out and named. A red frame is a
type that could not be made, with the reason.
"""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from page import Cell, draw_page, save

from defectgen.book import RecipeBook, read_book
from defectgen.recipe import Defect, Material
from defectgen.trial import Trial, make_trial

SEVERITY = (0.5, 1.0)
PARTS = 4
AMBER = (255, 160, 0)


def boxed(trial: Trial) -> NDArray[np.uint8]:
    """The picture with a thin box beside each defect."""
    picture = np.ascontiguousarray(np.asarray(trial.image, np.uint8)[..., :3])
    for one in trial.instances:
        x0, y0, x1, y1 = one.box
        cv2.rectangle(picture, (x0 - 3, y0 - 3), (x1 + 2, y1 + 2), AMBER, 1)
    return picture


def cell(defect: Defect, material: Material, name: str, seed: int, side: int, boxes: bool) -> Cell:
    trial = make_trial(defect, material, seed, side=side, severity=SEVERITY)
    if isinstance(trial, Trial):
        picture = boxed(trial) if boxes else np.asarray(trial.image, np.uint8)[..., :3]
        return Cell(picture, name, f"{material.name}, {trial.audit.in_mask_delta:.0f} levels")
    return Cell(None, name, f"{material.name}: {', '.join(trial)}")


def one_material(defect: Defect, book: RecipeBook) -> Material:
    """One of a type's materials, always the same, and not the first for every type."""
    materials = book.materials_of(defect)
    return materials[number_of(defect) % len(materials)]


def number_of(defect: Defect) -> int:
    return int.from_bytes(hashlib.sha256(defect.name.encode()).digest()[:4], "big")


def own_seed(defect: Defect, args: argparse.Namespace) -> int:
    """A few different parts of each material on a page."""
    return int(args.seed) + number_of(defect) // 64 % PARTS


def pages(book: RecipeBook, args: argparse.Namespace) -> Iterable[tuple[str, list[Cell]]]:
    if args.type:
        defect = book.defect(args.type)
        yield (
            defect.name,
            [cell(defect, m, m.name, args.seed, args.side, args.boxes) for m in book.materials_of(defect)],
        )
        return
    domains = sorted({defect.domain for defect in book.defects.values()})
    for domain in domains if args.domain is None else [args.domain]:
        members = [d for d in book.defects.values() if d.domain == domain and book.materials_of(d)]
        chosen = [(d, one_material(d, book), d.name, own_seed(d, args)) for d in members]
        yield domain, [cell(*one, args.side, args.boxes) for one in chosen]


def main() -> None:
    parser = argparse.ArgumentParser(description="Pages of all defect types, by domain.")
    parser.add_argument("--domain", help="only this domain")
    parser.add_argument("--type", help="only this type, on each of its materials")
    parser.add_argument("--recipe", type=Path, action="append", default=[], help="your file or folder; may be repeated")
    parser.add_argument("--out", type=Path, default=Path("out/vocabulary"))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--side", type=int, default=224, help="pixels of a picture")
    parser.add_argument("--columns", type=int, default=6)
    parser.add_argument("--no-boxes", dest="boxes", action="store_false", help="leave out the boxes")
    args = parser.parse_args()
    book, problems = read_book(args.recipe)
    for problem in problems:
        print(f"left out: {problem}")
    for name, cells in pages(book, args):
        path = args.out / f"{name}.png"
        save(draw_page(f"{name}: {len(cells)}", cells, args.side, args.columns), path)
        failed = [one.name for one in cells if one.picture is None]
        print(f"{path}  {len(cells)} cells{f', not made: {chr(44).join(failed)}' if failed else ''}")


if __name__ == "__main__":
    main()
