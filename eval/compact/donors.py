"""Which draft a fine-tuned model should start from, and how far it should go from it.

    python eval/compact/donors.py --data ../shared/data --shots 10

Magnetic tiles, where no choice may be made on test groups: the model is fine-tuned on the K shots of a draw alone, and
judged on the validation side. Each row makes one sample for each of these windows on a good window of another place,
severity spread as `synth` spreads it: with the rendered draft at several strengths, with donor drafts (`engine.donor`)
at several, and the donor draft itself, without a network. DONORS.md says how near each comes.
Adapters lie in --work and are trained once.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import marks
from bench import Bench, bench_of
from fewshot import SET, SPLIT, finetune, pictures, split_shots, taught_book
from makers import Made, compose

from defectgen.arm.options import AdapterOptions
from defectgen.atomic import write_atomic
from defectgen.book import RecipeBook
from defectgen.dataset.defect_set import DefectSet, is_defect_set
from defectgen.dataset.importer import import_set
from defectgen.dataset.item import ImportOptions
from defectgen.engine.compact import CompactEngine
from defectgen.engine.window import Engine, EngineInfo, Window
from defectgen.errors import DefectgenError
from defectgen.metric.choose_extractor import open_extractor
from defectgen.metric.extractor import Extractor, Features
from defectgen.train.job import data_root

Row = dict[str, Any]


class DraftEngine:
    """The draft of a compact engine, as it is."""

    def __init__(self, engine: CompactEngine) -> None:
        self._engine = engine

    @property
    def info(self) -> EngineInfo:
        return replace(self._engine.info, name="draft", steps=0, strength=0.0)

    @property
    def window_px(self) -> int:
        return self._engine.window_px

    def edit(self, windows: Sequence[Window]) -> list[Any]:
        return self._engine.drafts(windows)


def engines(adapter: Path) -> dict[str, Callable[[], Engine]]:
    """The rows of the table. Rendered drafts: the same adapter, its donors left out."""
    text = str(adapter)
    rows: dict[str, Callable[[], Engine]] = {
        "no adapter, rendered draft, 0.6": CompactEngine,
        "donor draft alone": lambda: DraftEngine(CompactEngine(adapters=[text])),
    }
    for strength in (0.3, 0.6, 1.0):
        rows[f"rendered draft, {strength:g}"] = lambda s=strength: CompactEngine(
            adapters=[text], strength=s, use_donors=False)  # fmt: skip
    for strength in (0.2, 0.3, 0.4, 0.6):
        rows[f"donor draft, {strength:g}"] = lambda s=strength: CompactEngine(adapters=[text], strength=s)
    return rows


def validation_bench(owner: DefectSet, n: int, seed: int, book: RecipeBook) -> Bench:
    """Windows of the validation side; what counts as training are the shots."""
    shots = [one for one in pictures(owner, "train") if one.defects]
    return bench_of(list(pictures(owner, "val")), shots, n, seed, book)


def make(engine: Engine, bench: Bench) -> list[Made]:
    return [compose(engine, case, good, i) for i, (case, good) in enumerate(zip(bench.cases, bench.goods, strict=True))]


def score(rows: Sequence[Made], bench: Bench, eye: Extractor, real: Sequence[Features]) -> Row:
    groups = bench.good_groups
    whole = marks.features([one.picture for one in rows], groups, eye)
    alone = marks.features(marks.defects_alone((one.picture, one.mask) for one in rows), groups, eye)
    found: Row = {
        "KID": marks.kid_draws(whole, real[0]), "KID alone": marks.kid_draws(alone, real[1]),
    }  # fmt: skip
    row: Row = {name: None if one is None else float(one[0]) for name, one in found.items()}
    row["probe"] = marks.probe([one.picture for one in rows], whole, real[0], [r.picture for r in bench.reals])
    row["statistics"] = marks.statistic_marks(rows, bench.reals)
    row["truth"] = marks.truth(rows, bench.goods, bench.cases, groups)
    row["copies"] = marks.copied(rows, bench.goods, groups, bench, whole, marks.features(
        *marks.seen_of(bench.training), eye))  # fmt: skip
    return row


def table(result: Row) -> str:
    lines = [
        "# Drafts for a fine-tuned model", "",
        f"Written by `python eval/compact/donors.py`: magnetic tiles, {result['shots']} shots of each class, draw"
        f" {result['draw']}, {result['windows']} windows of the validation side in {result['groups']} groups,"
        f" {result['steps']} steps of fine-tuning. The number is the strength.", "",
        "| start | KID | KID alone | probe | mean | contrast | gradient | label audit | copies |",
        "|---|---|---|---|---|---|---|---|---|",
    ]  # fmt: skip
    for name, row in result["rows"].items():
        told = row["probe"]["features"]["auroc"]
        stats = " | ".join(f"{row['statistics'][key]['ks']:.2f}" for key in ("mean", "contrast", "gradient"))
        probe = "refused" if told is None else f"{told[0]:.2f} [{told[1]:.2f}, {told[2]:.2f}]"
        kids = " | ".join("-" if row[key] is None else f"{row[key]:.4f}" for key in ("KID", "KID alone"))
        lines.append(f"| {name} | {kids} | {probe} | {stats} | {row['truth']['kept']:.2f} | {row['copies']} |")
    return "\n".join([*lines, "", "**KID**, **alone**, **probe** and the rest as in score/RESULT.md.", ""])


def run(args: argparse.Namespace) -> None:
    whole = args.work / "set"
    if not is_defect_set(whole):
        import_set("auto", data_root(args.data) / SET, whole, ImportOptions(), overwrite=True)
    place = args.work / f"k{args.shots}-draw{args.draw}"
    owner = split_shots(whole, args.shots, args.draw, place / "set")
    adapter = finetune(owner, args, place / "shots", donors=True)
    bench, eye = validation_bench(owner, args.n, args.seed, taught_book(adapter)), open_extractor(None, None)
    reals = [marks.features(*marks.seen_of(bench.reals), eye), marks.features(
        marks.defects_alone((r.picture, r.alpha > 127) for r in bench.reals), [r.group for r in bench.reals], eye)]
    path = args.out / "donors.json"
    result: Row = {
        "shots": args.shots, "draw": args.draw, "steps": args.steps, "seed": args.seed, "split": SPLIT,
        "windows": len(bench.cases), "groups": len({case.group for case in bench.cases}), "rows": {},
    }  # fmt: skip
    for name, engine in engines(adapter).items():
        result["rows"][name] = score(make(engine(), bench), bench, eye, reals)
        write_atomic(path, (json.dumps(result, indent=1) + "\n").encode())
        write_atomic(args.out / "DONORS.md", table(result).encode())
        print(f"{name} done", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent)
    parser.add_argument("--work", type=Path, default=Path("out/fewshot"), help="pictures and adapters: not for git")
    parser.add_argument("--shots", type=int, default=10)
    parser.add_argument("--draw", type=int, default=0)
    parser.add_argument("--steps", type=int, default=AdapterOptions.steps, help="of the fine-tuning")
    parser.add_argument("--adapters", type=Path, metavar="DIR", help="shared with the gain study; default: in --work")
    parser.add_argument("--n", type=int, default=60)
    parser.add_argument("--seed", type=int, default=11)
    try:
        run(parser.parse_args())
    except DefectgenError as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
