"""Few shots of magnetic-tile: fine-tune on K pictures of each class, score on test groups as `score.py` does.

    python eval/compact/fewshot.py --data ../shared/data --shots 1,5,10 --draws 5
    python eval/compact/fewshot.py --adapters out/gain/cache/arms/adapters      with those of the gain study

The set is imported once and split by groups as the gain study splits it, so that both draw the same shots and share
their adapters. For each (K, draw) the K shots of each class are drawn, the model is fine-tuned on them alone, without
the validation side: what it wants to judge by, it takes from its shots. Every engine makes windows from the masks and
the good pictures of the test groups; donors of the pasting engines, and the windows that memorising is measured
against, are the same K shots. Test windows are the same for all draws. A run that was stopped goes on. Pictures and
adapters lie in --work, which is not for git.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from bench import Bench, bench_of, load_bench, save_bench
from cases import Mask
from score import eyes_of, score_bench
from table import write_table

from defectgen.arm.adapter import adapter_of
from defectgen.arm.options import AdapterOptions
from defectgen.arm.shots_set import shots_set
from defectgen.atomic import write_atomic
from defectgen.book import RecipeBook, load_book
from defectgen.dataset.defect_set import DefectSet, is_defect_set
from defectgen.dataset.importer import import_set
from defectgen.dataset.item import ImportOptions
from defectgen.dataset.split import SplitOptions, split_set
from defectgen.errors import DefectgenError
from defectgen.image import to_rgb
from defectgen.metric.extractor import Extractor
from defectgen.model.adapter_path import RECIPES
from defectgen.model.checkpoint import default_weights, verify
from defectgen.record import Record
from defectgen.train.job import data_root
from defectgen.train.real import RealPicture

SET = "magnetic-tile"
SPLIT = {"ratios": (0.5, 0.2, 0.3), "seed": 1}
ENGINES = (
    "real-train",
    "untouched",
    "compact",
    "base",
    "render",
    "copy-paste",
    "plain-paste",
    "seamless",
    "perlin",
    "pyimgano-alpha",
    "inpaint",
)


def split_shots(whole: Path, shots: int, draw: int, out: Path) -> DefectSet:
    """A set of its own for this draw, its pictures linked, split with K training pictures of each class."""
    if not (out / "split.json").is_file():
        shutil.rmtree(out, ignore_errors=True)
        shutil.copytree(whole, out, copy_function=_link)
        split_set(DefectSet(out), SplitOptions(**SPLIT, shots=shots, draw=draw))
    return DefectSet(out)


def _link(source: str, target: str) -> None:
    """Tables are rewritten in place and need a file of their own; pictures are not."""
    if source.endswith(".png"):
        os.link(source, target)
    else:
        shutil.copyfile(source, target)


def pictures(owner: DefectSet, split: str) -> Iterator[RealPicture]:
    """The pictures of one split: good ones, and defective ones with a mask."""
    for record in owner.records():
        if record.split == split and record.annotation in ("mask", "good"):
            yield picture_of(owner, record)


def picture_of(owner: DefectSet, record: Record) -> RealPicture:
    rgb = np.rint(255 * to_rgb(owner.image(record).pixels)).astype(np.uint8)
    masks: dict[str, Mask] = {}
    for one in owner.instances(record):
        if one.mask is not None:
            x0, y0, x1, y1 = one.box
            masks.setdefault(phrase(one.defect), np.zeros(rgb.shape[:2], np.bool_))[y0:y1, x0:x1] |= one.mask
    found = tuple((name, mask) for name, mask in masks.items() if mask.any())
    return RealPicture(SET, record.group, owner.file(record.file_name), phrase(record.material or "part"), rgb, found)


def phrase(name: str) -> str:
    """A name as captions say it."""
    return name.replace("_", " ").replace("-", " ").strip()


def finetune(owner: DefectSet, args: argparse.Namespace, out: Path, donors: bool = False) -> Path:
    """The adapter of this draw's shots and good pictures, trained where it is not there yet."""
    chosen = [one for one in owner.records() if one.split == "train" and one.annotation in ("mask", "good")]
    return adapter_of(
        shots_set(owner, chosen, out), AdapterOptions(steps=args.steps, donors=donors),
        args.adapters or args.work / "adapters",
        watch=lambda lap: print(f"  step {lap.step}, {lap.seconds:.0f} s, loss {lap.loss:.4f}", flush=True),
    )  # fmt: skip


def taught_book(adapter: Path) -> RecipeBook:
    return load_book([adapter / RECIPES] if (adapter / RECIPES).exists() else [])


def bench_for(owner: DefectSet, n: int, seed: int, book: RecipeBook, path: Path) -> Bench:
    if not path.exists():
        training = [one for one in pictures(owner, "train") if one.defects]
        save_bench(bench_of(list(pictures(owner, "test")), training, n, seed, book), path)
    return load_bench(path, book)


def run_draw(
    whole: Path, shots: int, draw: int, args: argparse.Namespace, rows: dict[str, Any], eyes: Sequence[Extractor]
) -> Iterator[str]:
    work = args.work / f"k{shots}-draw{draw}"
    todo = [name for name in args.engines.split(",") if name not in rows["engines"]]
    if not todo:
        return
    owner = split_shots(whole, shots, draw, work / "set")
    adapter = finetune(owner, args, work / "shots")
    bench = bench_for(owner, args.n, args.seed, taught_book(adapter), work / f"bench-{args.n}-{args.seed}.npz")
    rows["shots"], rows["draw"], rows["finetune_steps"] = shots, draw, args.steps
    for name in todo:
        options = {"adapters": [str(adapter)]} if name == "compact" else {}
        made_by = {name: "compact" if name == "base" else name}
        yield from score_bench(rows, made_by, bench, work / "windows", eyes, options)


def load_result(args: argparse.Namespace) -> dict[str, Any]:
    path = args.out / "result.json"
    if path.exists():
        return dict(json.loads(path.read_text()))
    sha = verify(default_weights()).weights_sha256
    named = {"compact": {"weights_sha256": sha, "fine-tuned": "on the shots"}, "base": {"weights_sha256": sha}}
    return {"half": "test", "n": args.n, "seed": args.seed, "compact": named, "sets": {}}


def save(result: dict[str, Any], out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    write_atomic(out / "result.json", (json.dumps(result, indent=1) + "\n").encode())
    write_table(result, out / "RESULT.md")


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "fewshot")
    parser.add_argument("--work", type=Path, default=Path("out/fewshot"), help="pictures and adapters: not for git")
    parser.add_argument("--shots", default="1,5,10", help="pictures of each class, several by commas")
    parser.add_argument("--draws", type=int, default=5)
    parser.add_argument("--steps", type=int, default=AdapterOptions.steps, help="of each fine-tuning")
    parser.add_argument("--adapters", type=Path, metavar="DIR", help="shared with the gain study; default: in --work")
    parser.add_argument("--engines", default=",".join(ENGINES))
    parser.add_argument("--n", type=int, default=80)
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--features")
    parser.add_argument("--feature-weights", type=Path)
    return parser.parse_args()


def main() -> None:
    args = parse()
    try:
        whole, eyes, result = args.work / "set", eyes_of(args), load_result(args)
        if not is_defect_set(whole):
            import_set("auto", data_root(args.data) / SET, whole, ImportOptions(), overwrite=True)
        for draw in range(args.draws):
            for shots in (int(text) for text in args.shots.split(",")):
                rows = result["sets"].setdefault(f"{SET}, {shots} shots, draw {draw}", {"engines": {}})
                for key in run_draw(whole, shots, draw, args, rows, eyes):
                    save(result, args.out)
                    print(f"{shots} shots, draw {draw}: {key} done", flush=True)
    except DefectgenError as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
