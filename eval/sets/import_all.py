"""Every real set through import, check, show and split, as `defectgen` does it: the numbers of IMPORT.md.

    python eval/sets/import_all.py                     all sets of DEFECTGEN_DATA, into out/sets/<name>
    python eval/sets/import_all.py bsdata deeppcb      only these; the table then has only these rows

A set is checked twice: as it was imported, with the split that its source ships, and after `defectgen split`. The
contact sheets are out/sets/<name>/overview.png; no picture is committed.
"""

from __future__ import annotations

import argparse
import json
import os
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from defectgen.cli.sets import draw_sheets
from defectgen.dataset.check import check_set
from defectgen.dataset.defect_set import DefectSet
from defectgen.dataset.importer import DROPPED, ImportResult, import_set
from defectgen.dataset.item import ImportOptions
from defectgen.dataset.licence import terms
from defectgen.dataset.split import SplitOptions, SplitResult, split_set
from defectgen.dataset.summary import Summary, summarise
from defectgen.errors import InputError

ROOT = Path(__file__).resolve().parents[2]
RESULT = Path(__file__).with_name("IMPORT.md")
LICENCES = {
    "aws-circuitboard": "CC-BY-SA-4.0",
    "aws-cookies": "CC-BY-SA-4.0",
    "bsdata": "CC-BY-SA-4.0",
    "deeppcb": "MIT by its LICENSE, research only by its README",
    "hsst-fabric": "Apache-2.0",
    "magnetic-tile": "none stated, academic use",
    "pv-vision": "BSD-3-Clause",
    "textures": "CC0-1.0 AND MIT AND Apache-2.0",
}


@dataclass
class Study:
    """All that was measured of one set. problems: by kind, as imported and after the split."""

    name: str
    imported: ImportResult
    summary: Summary
    split: SplitResult | None
    problems: list[Counter[str]] = field(default_factory=list)
    first: list[str] = field(default_factory=list)


def study(source: Path, out: Path) -> Study:
    """Import, check, show, split, check again."""
    options = ImportOptions(licence=LICENCES.get(source.name, "unknown"))
    imported = import_set("auto", source, out, options, overwrite=True)
    owner = DefectSet(out)
    before = list(check_set(owner))
    summary = summarise(owner)
    draw_sheets(owner, summary, out / "overview.png")
    split = split_set(owner, SplitOptions()) if summary.defects.keys() - {"good"} else None
    after = list(check_set(DefectSet(out)))
    first = [f"{one.kind}: {one.where}: {one.detail}" for one in (*before, *after)][:3]
    counts = [Counter(one.kind for one in found) for found in (before, after)]
    return Study(source.name, imported, summary, split, counts, first)


def page(studies: list[Study], refused: list[str], command: str) -> str:
    """IMPORT.md."""
    lines = [
        "# The real sets, imported",
        "",
        f"Made by `{command}`: layout `auto`, default options. Facts only; the contact sheets are in `out/sets/`.",
        "Groups by name are those that the layout reads from file names and folders; groups found add the",
        "near-duplicates of `defectgen split`. Problems are those of `defectgen sets check`, as imported and after",
        "the split; one under *split* is a group that the source's own split tears.",
        "",
        "| set | layout | in | kept | dropped | groups by name | groups found | largest | problems |",
        "|---|---|--:|--:|--:|--:|--:|--:|---|",
        *(row(one) for one in studies),
        "",
        *(f"Not imported: {line}\n" for line in refused),
        *(line for one in studies for line in section(one)),
    ]
    return "\n".join(lines).rstrip() + "\n"


def row(one: Study) -> str:
    counts = one.imported.counts
    found = "-" if one.split is None else f"{len(one.split.sizes):,}"
    largest = one.summary.largest_group if one.split is None else max(one.split.sizes.values())
    problems = ", then ".join(spoken(counter) for counter in one.problems)
    return (
        f"| {one.name} | {one.imported.layout} | {counts.before:,} | {counts.kept:,} | "
        f"{counts.before - counts.kept:,} | {one.summary.groups:,} | {found} | {largest:,} | {problems} |"
    )


def spoken(counter: Counter[str]) -> str:
    return ", ".join(f"{n} {kind}" for kind, n in counter.most_common()) or "none"


def section(one: Study) -> list[str]:
    """One set: why this layout, what was dropped, defects, licence."""
    summary = one.summary
    lines = [f"## {one.name}", "", f"Layout `{one.imported.layout}`, since {one.imported.why}.", ""]
    lines += [f"- dropped, {reason}: {n}" for reason, n in one.imported.counts.dropped.items()]
    lines += [f"  - e.g. {text}" for text in examples(one.imported.folder)]
    if one.imported.counts.notes:
        lines.append(f"- notes on what was changed while reading: {one.imported.counts.notes}")
    sizes = ", ".join(f"{size} ({n})" for size, n in summary.sizes.most_common(3))
    more = f" and {len(summary.sizes) - 3} more" if len(summary.sizes) > 3 else ""
    names = ", ".join(f"{name} ({terms(name)})" for name in summary.licences)
    lines += [f"- sizes: {sizes}{more}", f"- licence: {names}"]
    if summary.with_good:
        lines.append(f"- {summary.with_good} pictures with the same view without the defect")
    if one.split is not None and one.split.torn:
        lines.append(f"- groups that the source's own split tears: {one.split.torn}")
    lines += [f"- check: {text}" for text in one.first]
    lines += ["", "| defect | pictures | instances | known by | small | medium | large | split of the source |"]
    lines += ["|---|--:|--:|---|--:|--:|--:|---|"]
    for name, count in summary.defects.items():
        known = "" if name == "good" else ", ".join(f"{kind} {n}" for kind, n in count.annotations.most_common())
        px = " | ".join(str(count.px[size]) for size in ("small", "medium", "large"))
        splits = ", ".join(f"{split} {n}" for split, n in count.splits.most_common())
        lines.append(f"| {name} | {count.pictures} | {count.instances} | {known} | {px} | {splits} |")
    return [*lines, ""]


def examples(folder: Path, most: int = 3) -> list[str]:
    """The first of each reason in the list of what was dropped."""
    path, seen = folder / DROPPED, dict[str, str]()
    for line in path.read_text("utf-8").splitlines() if path.is_file() else ():
        one = json.loads(line)
        seen.setdefault(one["reason"], f"{one['name']}: {one['detail']}")
    return list(seen.values())[:most]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="sets of the data folder; all of them by default")
    parser.add_argument("--out", type=Path, default=ROOT / "out" / "sets")
    parser.add_argument("--result", type=Path, default=None, help="IMPORT.md where all sets are taken")
    options = parser.parse_args()
    data = Path(os.environ.get("DEFECTGEN_DATA", ROOT.parent / "shared" / "data"))
    names = options.names or sorted(path.name for path in data.iterdir() if path.is_dir())
    studies: list[Study] = []
    refused: list[str] = []
    for name in names:
        try:
            studies.append(study(data / name, options.out / name))
            print(row(studies[-1]), flush=True)
        except InputError as error:
            refused.append(f"{name}: {str(error).replace(str(data / name), name)}.")
            print(refused[-1], flush=True)
    result = options.result or (options.out / "IMPORT.md" if options.names else RESULT)
    result.parent.mkdir(parents=True, exist_ok=True)
    command = " ".join(["python eval/sets/import_all.py", *options.names])
    result.write_text(page(studies, refused, command), encoding="utf-8")
    print(result)


if __name__ == "__main__":
    main()
