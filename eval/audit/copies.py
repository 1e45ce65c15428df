"""How often copies are found and strangers taken for copies, on real sets: the numbers of COPIES.md.

    python eval/audit/copies.py out/mt out/pv --engine out/mt=out/mt_copy_paste --own out/mt=out/mt_render

The sets are imported and split (`defectgen import`, `defectgen split`); bank and limit come from the training split.

    pasted    training defects cut out by their own masks; turned, mirrored, 0.8 to 1.25 times as large, relit, and put
              anywhere on good training pictures
    engine    a set that `defectgen synth --engine copy-paste --bank` made from the same training split
    own       a set whose defects come from no picture, such as one of `--engine render`
    held out  the real defects of the val and test splits, which are other pieces as far as the split can tell
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np
from numpy.typing import NDArray

from defectgen.image import write_picture
from defectgen.metric.collection import Collection, Item, open_collection
from defectgen.metric.copies import copy_limit
from defectgen.metric.defect_match import LEAST_POINTS, Bank, Match, Patch, patches
from defectgen.record import Boxes

RESULT = Path(__file__).with_name("COPIES.md")
U8 = NDArray[np.uint8]
SIZES, GAINS, SHIFT = (0.8, 1.25), (0.9, 1.1), 10.0
LARGE = 150  # points
SHOWN = 6
Judged = list[tuple[Patch, Match]]


def pasted(real: Collection, n: int, folder: Path, rng: np.random.Generator) -> Collection:
    """n pictures with a training defect put on a good training picture; each is named after its donor."""
    donors = [item for item in real.defective.items if item.split == "train" and item.mask is not None]
    goods = [item for item in real.good.items if item.split == "train"]
    items: list[Item] = []
    while len(items) < n:
        donor, good = donors[rng.integers(len(donors))], goods[rng.integers(len(goods))]
        defect, mask = cut(donor, rng)
        background = good.pixels()
        room = (background.shape[0] - mask.shape[0], background.shape[1] - mask.shape[1])
        if min(room) < 1 or np.count_nonzero(mask) < LEAST_POINTS:
            continue
        items.append(put(folder, f"{len(items)}/{donor.name}", donor, (defect, mask), background, room, rng))
    return Collection(folder, "folder", tuple(items))


def cut(donor: Item, rng: np.random.Generator) -> tuple[U8, NDArray[np.bool_]]:
    whole = donor.mask_pixels()
    assert whole is not None
    x, y, w, h = cv2.boundingRect(whole.astype(np.uint8))
    defect, mask = donor.pixels()[y : y + h, x : x + w], whole[y : y + h, x : x + w]
    turns = int(rng.integers(4))
    defect, mask = np.rot90(defect, turns), np.rot90(mask, turns)
    if rng.random() < 0.5:
        defect, mask = defect[:, ::-1], mask[:, ::-1]
    size = rng.uniform(*SIZES)
    defect = cv2.resize(np.ascontiguousarray(defect), None, fx=size, fy=size, interpolation=cv2.INTER_LINEAR)
    mask = cv2.resize(mask.astype(np.float32), defect.shape[1::-1]) > 0.5
    relit = defect * rng.uniform(*GAINS) + rng.uniform(-SHIFT, SHIFT)
    return np.clip(relit, 0, 255).astype(np.uint8), mask


def put(
    folder: Path, name: str, donor: Item, piece: tuple[U8, NDArray[np.bool_]], good: U8, room: tuple[int, int],
    rng: np.random.Generator,
) -> Item:  # fmt: skip
    defect, shape = piece
    y, x = int(rng.integers(room[0])), int(rng.integers(room[1]))
    image, mask = good.copy(), np.zeros(good.shape[:2], np.uint8)
    image[y : y + shape.shape[0], x : x + shape.shape[1]][shape] = defect[shape]
    mask[y : y + shape.shape[0], x : x + shape.shape[1]][shape] = 255
    stem = name.partition("/")[0]
    files = [folder / f"{stem}_{kind}.png" for kind in ("image", "mask", "good")]
    for file, pixels in zip(files, (image, mask, good), strict=True):
        write_picture(file, pixels)
    left, top, w, h = cv2.boundingRect(mask)
    boxes: Boxes = ((left, top, left + w, top + h),)
    return Item(name, files[0], files[1], files[2], donor.defect, boxes, group=name)


def judge(bank: Bank, collection: Collection, most: int) -> Judged:
    """The best match of each picture, of up to `most` pictures spread over the collection."""
    best: dict[str, tuple[Patch, Match]] = {}
    items = collection.defective.items[:: max(1, len(collection.defective) // most)]
    for patch in patches(Collection(collection.path, collection.kind, items), "window"):
        match = bank.match(patch)
        if match and (patch.item.name not in best or match.score > best[patch.item.name][1].score):
            best[patch.item.name] = (patch, match)
    return list(best.values())


def row(what: str, judged: Judged, limit: float) -> str:
    scores = np.array([match.score for _, match in judged])
    large = np.array([match.score for patch, match in judged if patch.n >= LARGE])
    rate = f"{(large > limit).mean():.0%}" if large.size else "-"
    low, middle, high = np.quantile(scores, [0.1, 0.5, 0.9])
    return (
        f"| {what} | {len(scores)} | {np.count_nonzero(scores > limit)} | {(scores > limit).mean():.0%} | "
        f"{rate} of {large.size} | {low:.1f} / {middle:.1f} / {high:.1f} |"
    )


def likest(judged: Judged, bank: Bank, limit: float) -> Iterable[str]:
    """Held-out pictures that were called copies: to be looked at, since they may be one piece."""
    for patch, match in sorted(judged, key=lambda one: -one[1].score)[:SHOWN]:
        twin = bank.patches[match.row].item
        if match.score > limit and patch.item.record is not None and twin.record is not None:
            yield f"- {patch.item.record.source} and {twin.record.source}: r {match.correlation:.2f}, {match.score:.1f}"


def section(path: Path, made: dict[str, list[Path]], most: int) -> list[str]:
    real = open_collection(path)
    bank = Bank(list(patches(real.defective.keep(lambda item: item.split == "train"), "window")))
    limit = copy_limit(bank)
    with TemporaryDirectory() as folder:
        found = judge(bank, pasted(real, most, Path(folder), np.random.default_rng(0)), most)
    right = np.mean([bank.patches[m.row].group == group_of(real, p.item.name.partition("/")[2]) for p, m in found])
    held = judge(bank, real.keep(lambda item: item.split in ("val", "test")), most)
    rows = [row("pasted", found, limit), row("held out", held, limit)]
    rows += [
        row(f"{kind}: {one.name}", judge(bank, open_collection(one), most), limit)
        for kind in made
        for one in made[kind]
    ]
    return [
        f"## {path.name}", "",
        f"{len(bank)} training defects; limit {limit:.2f}; right piece in {right:.0%} of the pasted.", "",
        "| defects | pictures | copies | rate | rate from 150 points | score 10 / 50 / 90% |",
        "|---|--:|--:|--:|--:|--:|", *rows, "", "Held-out pictures beyond the limit:", "",
        *(list(likest(held, bank, limit)) or ["none"]), "",
    ]  # fmt: skip


def group_of(real: Collection, name: str) -> str:
    return next(item.group for item in real.items if item.name == name)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="+", type=Path)
    parser.add_argument("--engine", action="append", default=[], metavar="SET=FOLDER")
    parser.add_argument("--own", action="append", default=[], metavar="SET=FOLDER")
    parser.add_argument("--most", type=int, default=60, help="pictures of each kind")
    options = parser.parse_args()
    lines = [
        "# Copies found, and strangers taken for copies", "",
        "Made by `eval/audit/copies.py` (its docstring says what each row is). The limit is fitted on the training",
        "split alone, before any row was judged.", "",
    ]  # fmt: skip
    for path in options.sets:
        made = {}
        for kind in ("engine", "own"):
            pairs = [text.split("=", 1) for text in getattr(options, kind)]
            made[kind] = [Path(folder) for owner, folder in pairs if Path(owner) == path]
        lines += section(path, made, options.most)
        RESULT.write_text("\n".join(lines).rstrip() + "\n")
        print("\n".join(lines))


if __name__ == "__main__":
    main()
