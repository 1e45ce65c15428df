"""The sweep: every type on each material that it lists, two seeds each, and what is wrong, by type.

    python eval/vocabulary/sweep.py --domain welding
    python eval/vocabulary/sweep.py --out out/vocabulary/sweep.jsonl --page eval/vocabulary/SWEEP.md
    python eval/vocabulary/sweep.py --out out/vocabulary/sweep.jsonl --page eval/vocabulary/SWEEP.md --resume
    python eval/vocabulary/sweep.py --out out/vocabulary/sweep.jsonl --page eval/vocabulary/SWEEP.md --again

Types that may be anywhere are tried on every material. `--out` gets a line a type; `--resume` goes on with a run that
was cut off; `--again` adds the pairs that were wrong and those of types whose recipe has changed since, and the page
tells them apart.
The slow test tests/test_vocabulary_sweep.py asks the same of each pair.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path

from swept import Swept, read_swept, write_page

from defectgen.book import RecipeBook, read_book
from defectgen.recipe import Defect
from defectgen.trial import faults


@dataclass(frozen=True)
class Task:
    """A type to try on some of its materials."""

    type: str
    materials: tuple[str, ...]
    again: bool = False


def digest(defect: Defect, materials: Sequence[str], book: RecipeBook) -> str:
    """Of everything that the recipes say of a type on these materials."""
    told = [defect.model_dump_json(), *(book.materials[name].model_dump_json() for name in materials)]
    return hashlib.sha256("\n".join(told).encode()).hexdigest()[:12]


def try_type(task: Task, extra: list[Path], side: int) -> Swept:
    book, _ = read_book(extra)
    defect = book.defects[task.type]
    found = {name: faults(defect, book.materials[name], side=side) for name in task.materials}
    wrong = {material: lines for material, lines in found.items() if lines}
    recipe = digest(defect, [m.name for m in book.materials_of(defect)], book)
    return Swept(task.type, defect.domain, recipe, task.materials, wrong, task.again)


def whole(book: RecipeBook, args: argparse.Namespace) -> list[Task]:
    """Every pair that the options choose."""
    chosen = [d for d in book.defects.values() if args.domain in (None, d.domain) and args.type in (None, d.name)]
    done = {one.type for one in read_swept(args.out)} if args.resume else set()
    chosen = [d for d in chosen if d.name not in done]
    number, shards = map(int, args.shard.split("/"))
    return [Task(d.name, tuple(m.name for m in book.materials_of(d))) for d in chosen[number::shards]]


def unsettled(book: RecipeBook, path: Path) -> Iterator[Task]:
    """What an earlier sweep leaves to be tried: wrong pairs, and all pairs of a type that has changed or is new."""
    last = {one.type: one for one in read_swept(path)}
    for name, defect in book.defects.items():
        materials = tuple(m.name for m in book.materials_of(defect))
        one = last.get(name)
        if one is None or one.recipe != digest(defect, materials, book):
            yield Task(name, materials, again=True)
        elif one.wrong:
            yield Task(name, tuple(one.wrong), again=True)


def sweep(tasks: Sequence[Task], args: argparse.Namespace) -> Iterator[Swept]:
    with ProcessPoolExecutor(args.jobs, get_context("spawn")) as pool:
        for done in pool.map(try_type, tasks, [args.recipe] * len(tasks), [args.side] * len(tasks)):
            for material, lines in done.wrong.items():
                print(f"{done.type} on {material}: {'; '.join(lines)}", flush=True)
            yield done


def main() -> None:
    parser = argparse.ArgumentParser(description="Every type on each of its materials.")
    parser.add_argument("--domain", help="only this domain")
    parser.add_argument("--type", help="only this type")
    parser.add_argument("--shard", default="0/1", help="number/of, such as 0/4")
    parser.add_argument("--recipe", type=Path, action="append", default=[], help="your file or folder; may be repeated")
    parser.add_argument("--side", type=int, default=192)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--out", type=Path, help="JSON lines to write, one a type")
    parser.add_argument("--resume", action="store_true", help="add to --out the types that it lacks")
    parser.add_argument("--again", action="store_true", help="add to --out what it leaves to be tried")
    parser.add_argument("--page", type=Path, help="Markdown to write from --out")
    args = parser.parse_args()
    if (args.resume or args.again or args.page) and args.out is None:
        parser.error("--resume, --again and --page need --out")
    book, problems = read_book(args.recipe)
    for problem in problems:
        print(f"left out: {problem}")
    tasks = list(unsettled(book, args.out)) if args.again else whole(book, args)
    if args.out:
        args.out.parent.mkdir(parents=True, exist_ok=True)
        args.out.open("a" if args.again or args.resume else "w").close()
    wrong = pairs = 0
    for done in sweep(tasks, args):
        wrong, pairs = wrong + len(done.wrong), pairs + len(done.materials)
        if args.out:
            with args.out.open("a") as file:
                file.write(json.dumps(asdict(done)) + "\n")
    print(f"{len(tasks)} types, {pairs} pairs, {wrong} with something wrong")
    if args.page:
        write_page(args.page, read_swept(args.out), args.side, len(book.defects))


if __name__ == "__main__":
    main()
