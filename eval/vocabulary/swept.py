"""What a sweep found: a line a type, and a page of pairs and faults by domain, with what was tried again."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Swept", "read_swept", "write_page"]

HEAD = """\
# Every type on each of its materials

Written by `python eval/vocabulary/sweep.py --out out/vocabulary/sweep.jsonl --page eval/vocabulary/SWEEP.md`
(`--again` for what was mended). Each pair is a type on a rendered part of {side} px, with seeds 0 and 1. A pair is
sound if both seeds give a sample that the label audit ships within the usual number of attempts, the mask is not empty,
lies on the part and has the size that the recipe states, and the two masks differ. The audit itself asks that the
change can be seen above the part's noise and covers the mask.

"""


@dataclass(frozen=True)
class Swept:
    """One type: the materials it was tried on, and what is wrong on those where anything is.

    recipe: digest of the type and its materials as they were tried. again: an earlier line was mended and this one
    tries it once more.
    """

    type: str
    domain: str
    recipe: str
    materials: tuple[str, ...]
    wrong: dict[str, list[str]]
    again: bool = False


def read_swept(path: Path) -> list[Swept]:
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    return [Swept(**{**line, "materials": tuple(line["materials"])}) for line in lines]


def write_page(path: Path, swept: Sequence[Swept], side: int, types: int) -> None:
    """types: how many there are, tried or not."""
    first = [one for one in swept if not one.again]
    again = [one for one in swept if one.again]
    head = HEAD.format(side=side) + f"## The one run\n\n{len(first)} of {types} types, on each material that they list."
    parts = [head, *table(first), *faults_of(first, "In this run")]
    if again:
        parts += ["", "## Tried again", "", *mended(first, again)]
        parts += faults_of(latest(swept), "After that")
    path.write_text("\n".join(parts) + "\n")


def latest(swept: Iterable[Swept]) -> list[Swept]:
    """The last line of each type."""
    return list({one.type: one for one in swept}.values())


def table(swept: Sequence[Swept]) -> Iterator[str]:
    yield from ("", "| domain | types | pairs | pairs with a fault |", "|---|---|---|---|")
    for domain in sorted({one.domain for one in swept}):
        yield row(domain, [one for one in swept if one.domain == domain])
    yield row("**all**", swept)


def row(name: str, swept: Sequence[Swept]) -> str:
    pairs, wrong = sum(len(one.materials) for one in swept), sum(len(one.wrong) for one in swept)
    return f"| {name} | {len(swept)} | {pairs} | {wrong} |"


def faults_of(swept: Iterable[Swept], when: str) -> list[str]:
    told = [f"- {one.type} on {material}: {'; '.join(lines)}" for one in swept for material, lines in one.wrong.items()]
    return ["", f"{when}, these were wrong:" if told else f"{when}, nothing was wrong.", *([""] if told else []), *told]


def mended(first: Sequence[Swept], again: Sequence[Swept]) -> Iterator[str]:
    """What was tried again, and why."""
    before = {one.type: one for one in first}
    yield "These were tried again after the run, for a fault there or since their recipe has changed:"
    yield ""
    for one in again:
        old = before.get(one.type)
        why = "new" if old is None else f"wrong on {len(old.wrong)}" if old.wrong else "changed"
        yield f"- {one.type} ({why}): tried on {len(one.materials)}, wrong on {len(one.wrong)}"
