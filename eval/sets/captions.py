"""Ten captions of each set beside their pictures, to be judged true or false by looking.

    python eval/sets/captions.py SET[=PRODUCT] ... --out out/captions

For each defect set a sheet: every picture with the outline of its mask or its boxes, a close-up of the largest defect
without the outline, and the caption that `defectgen caption` would write with the given seed. The sets are only read.
The verdicts are in CAPTIONS.md.
"""

from __future__ import annotations

import argparse
import textwrap
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from defectgen.book import load_book
from defectgen.dataset.caption_set import Captioner
from defectgen.dataset.defect_set import DefectSet
from defectgen.dataset.describe import Describer
from defectgen.dataset.instance import Instance, union
from defectgen.image import to_rgb
from defectgen.record import GOOD, Record

RGB8 = NDArray[np.uint8]
CELL, TEXT_W, MARGIN, LINE = 300, 620, 12, 19
PAPER, INK, FAINT, MARK = (250, 250, 248), (30, 32, 36), (120, 124, 130), (255, 60, 40)


def chosen(records: list[Record], n: int, seed: int) -> list[Record]:
    """Eight defective pictures spread over the types, the rest good."""
    rng = np.random.default_rng(seed)
    by_type: dict[str, list[Record]] = {}
    for record in records:
        by_type.setdefault(record.defect, []).append(record)
    queues = {name: [found[int(k)] for k in rng.permutation(len(found))] for name, found in sorted(by_type.items())}
    good = queues.pop(GOOD, [])[: n if len(queues) == 0 else 2]
    picks: list[Record] = []
    while len(picks) < n - len(good) and any(queues.values()):
        picks += [queue.pop() for queue in queues.values() if queue]
    return picks[: n - len(good)] + good


def fit(rgb: RGB8, side: int) -> Image.Image:
    scale = side / max(rgb.shape[:2])
    size = max(1, round(rgb.shape[1] * scale)), max(1, round(rgb.shape[0] * scale))
    return Image.fromarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_NEAREST))


def marked(rgb: RGB8, instances: list[Instance]) -> RGB8:
    out = np.ascontiguousarray(rgb.copy())
    width = max(1, round(max(rgb.shape[:2]) / CELL))
    for one in instances:
        if one.mask is None:
            cv2.rectangle(out, one.box[:2], (one.box[2] - 1, one.box[3] - 1), MARK, width)
    mask = cv2.dilate(union(instances, (rgb.shape[0], rgb.shape[1])).astype(np.uint8), np.ones((3, 3), np.uint8))
    contours, _ = cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(out, contours, -1, MARK, width)
    return out


def close_up(rgb: RGB8, instances: list[Instance]) -> RGB8:
    if not instances:
        return rgb
    x0, y0, x1, y1 = max(instances, key=lambda one: one.area).box
    side = min(max(48, round(1.5 * max(x1 - x0, y1 - y0))), *rgb.shape[:2])
    left = int(np.clip((x0 + x1 - side) // 2, 0, rgb.shape[1] - side))
    top = int(np.clip((y0 + y1 - side) // 2, 0, rgb.shape[0] - side))
    return np.ascontiguousarray(rgb[top : top + side, left : left + side])


def row(captioner: Captioner, record: Record, number: int) -> Image.Image:
    data = captioner.data
    rgb = np.asarray(np.rint(to_rgb(data.image(record).pixels) * 255), np.uint8)
    instances = data.instances(record) if record.defect != GOOD else []
    description = captioner.describe(record)
    lines = textwrap.wrap(captioner.caption(record, description), 84)
    facts = f"{number}  {record.source}  {record.defect}, {len(instances)} marked, {rgb.shape[1]}x{rgb.shape[0]}"
    one = description.defects[0] if description.defects else None
    if one is not None and one.outline is not None and one.tone is not None:
        outline, tone = one.outline, one.tone
        lines += [
            "",
            f"form {outline.form}, ratio {outline.axis_ratio}, forks {outline.forks}, pieces {outline.pieces}, "
            f"solidity {outline.solidity},",
            f"contrast {tone.contrast} in spread {tone.spread}, {tone.border} border, visibility {one.visibility}",
        ]
    out = Image.new("RGB", (2 * CELL + TEXT_W + 3 * MARGIN, CELL + MARGIN), PAPER)
    out.paste(fit(marked(rgb, instances), CELL), (0, 0))
    out.paste(fit(close_up(rgb, instances), CELL), (CELL + MARGIN, 0))
    pen = ImageDraw.Draw(out)
    x = 2 * (CELL + MARGIN)
    pen.text((x, 0), facts, FAINT, ImageFont.load_default(12))
    for k, line in enumerate(lines):
        pen.text((x, 24 + LINE * k), line, INK, ImageFont.load_default(15))
    return out


def sheet(folder: Path, product: str | None, n: int, seed: int) -> Image.Image:
    data = DefectSet(folder)
    captioner = Captioner(data, Describer(load_book(), product), seed)
    rows = [row(captioner, record, k) for k, record in enumerate(chosen(list(data.records()), n, seed), 1)]
    out = Image.new("RGB", (rows[0].width + 2 * MARGIN, sum(one.height for one in rows) + MARGIN), PAPER)
    top = MARGIN
    for one in rows:
        out.paste(one, (MARGIN, top))
        top += one.height
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sets", nargs="+")
    parser.add_argument("--out", type=Path, default=Path("out/captions"))
    parser.add_argument("--n", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    for name in args.sets:
        folder, _, product = name.partition("=")
        path = args.out / f"{Path(folder).name}.png"
        sheet(Path(folder), product or None, args.n, args.seed).save(path)
        print(path)


if __name__ == "__main__":
    main()
