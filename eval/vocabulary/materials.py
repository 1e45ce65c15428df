"""The page of materials: a good part of each, or several parts of some.

python eval/vocabulary/materials.py                     # all, one part each
python eval/vocabulary/materials.py brass zinc -n 8     # eight parts of each of these
"""

from __future__ import annotations

import argparse
from pathlib import Path

from page import Cell, draw_page, save

from defectgen.book import read_book
from defectgen.errors import RecipeError
from defectgen.recipe import Material
from defectgen.render.library import lot_of, render_lot


def cell(material: Material, number: int, args: argparse.Namespace) -> Cell:
    try:
        picture = render_lot(lot_of(material, number, args.seed), args.side)
    except RecipeError as error:
        return Cell(None, material.name, str(error))
    return Cell(picture, material.name, f"{material.domain}: {material.description}")


def main() -> None:
    parser = argparse.ArgumentParser(description="A page of good parts.")
    parser.add_argument("material", nargs="*", help="names; else all")
    parser.add_argument("-n", type=int, default=1, help="parts of each")
    parser.add_argument("--recipe", type=Path, action="append", default=[], help="your file or folder; may be repeated")
    parser.add_argument("--out", type=Path, default=Path("out/vocabulary/materials.png"))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--side", type=int, default=256, help="pixels of a picture")
    parser.add_argument("--columns", type=int, default=8)
    args = parser.parse_args()
    book, problems = read_book(args.recipe)
    for problem in problems:
        print(f"left out: {problem}")
    chosen = [book.material(name) for name in args.material] or list(book.materials.values())
    cells = [cell(material, number, args) for material in chosen for number in range(args.n)]
    save(draw_page(f"{len(chosen)} materials", cells, args.side, args.columns), args.out)
    print(args.out)


if __name__ == "__main__":
    main()
