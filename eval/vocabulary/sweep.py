"""The sweep: every type on each material that it lists, two seeds each, and what is wrong, by type.

    python eval/vocabulary/sweep.py --domain welding
    python eval/vocabulary/sweep.py --shard 0/4 --jobs 2 --out out/vocabulary/sweep.json

Types that may be anywhere are tried on every material. The slow test tests/test_vocabulary_sweep.py asks the same.
"""

from __future__ import annotations

import argparse
import json
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from defectgen.book import RecipeBook, read_book
from defectgen.trial import faults


def try_type(name: str, extra: list[Path], side: int) -> dict[str, list[str]]:
    """Material to what is wrong there, for the materials where anything is."""
    book, _ = read_book(extra)
    defect = book.defects[name]
    found = {m.name: faults(defect, m, side=side) for m in book.materials_of(defect)}
    return {material: wrong for material, wrong in found.items() if wrong}


def chosen(book: RecipeBook, args: argparse.Namespace) -> list[str]:
    names = [d.name for d in book.defects.values() if args.domain in (None, d.domain)]
    names = [name for name in names if args.type in (None, name)]
    number, shards = map(int, args.shard.split("/"))
    return names[number::shards]


def main() -> None:
    parser = argparse.ArgumentParser(description="Every type on each of its materials.")
    parser.add_argument("--domain", help="only this domain")
    parser.add_argument("--type", help="only this type")
    parser.add_argument("--shard", default="0/1", help="number/of, such as 0/4")
    parser.add_argument("--recipe", type=Path, action="append", default=[], help="your file or folder; may be repeated")
    parser.add_argument("--side", type=int, default=192)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--out", type=Path, help="JSON to write")
    args = parser.parse_args()
    book, problems = read_book(args.recipe)
    for problem in problems:
        print(f"left out: {problem}")
    names = chosen(book, args)
    wrong: dict[str, dict[str, list[str]]] = {}
    with ProcessPoolExecutor(args.jobs, get_context("spawn")) as pool:
        tried = pool.map(try_type, names, [args.recipe] * len(names), [args.side] * len(names))
        for name, found in zip(names, tried, strict=True):
            wrong |= {name: found} if found else {}
            for material, lines in found.items():
                print(f"{name} on {material}: {'; '.join(lines)}", flush=True)
    print(f"{len(names)} types, {len(wrong)} with something wrong")
    if args.out:
        args.out.parent.mkdir(parents=True, exist_ok=True)
        args.out.write_text(json.dumps({"types": len(names), "wrong": wrong}, indent=1))


if __name__ == "__main__":
    main()
