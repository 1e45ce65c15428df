"""Defect sets of other tools and of ours on the same good pictures of two real sets, and what their masks are worth.

    python eval/audit/rivals.py --data ../shared/data --out out/rivals --n 60
    python eval/audit/rivals.py --data ../shared/data --out out/rivals --only "pyimgano alpha"

Both real sets are imported and split by groups as `defectgen import` and `defectgen split` do; tools see training
pictures alone. Sets go to OUT/<real set>/<tool>, the real one to OUT/<real set>/real; a set that is there is kept, so a
run that was stopped goes on. A run without --only ends with LABEL_TRUTH.md and a contact sheet of each set.

Beside `pip install 'defectgen[eval]'`, the other tools need
    pip install anomalib
    pip install --no-deps pyimgano && pip install defusedxml joblib tqdm      (its opencv-python would shadow ours)
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from rival_tools import Donor, Tool, tools

from defectgen.arm.donor import cut_donor
from defectgen.dataset.defect_set import DefectSet, is_defect_set
from defectgen.dataset.importer import import_set
from defectgen.dataset.item import ImportOptions
from defectgen.dataset.split import SplitOptions, split_set
from defectgen.dataset.writer import SetWriter, whole_folder
from defectgen.image import Pixels, luminance, read_picture, to_rgb, write_picture
from defectgen.metric.collection import Collection, Item, open_collection
from defectgen.metric.label_truth import label_truth
from defectgen.metric.result import Interval, LabelTruth
from defectgen.options import ENGINES
from defectgen.record import Record
from defectgen.run import synth
from defectgen.sample import Sample
from defectgen.sheet import draw_sheet

SEED = 5
DEFECTS = {
    "magnetic-tile": {"blowhole": "blowhole on magnetic tile", "break": "chip on magnetic tile",
                      "crack": "crack on magnetic tile"},
    "pv-vision": {"crack": "crack on solar cell", "cross crack": "cross crack on solar cell",
                  "dark area": "dark area on solar cell"},
}  # fmt: skip
TOOL_NAMES = tuple(tools({}, Path()))
COLUMNS = ("tool", "n", "blank masks", "recovered IoU", "leakage", "fill", "blank pieces", "blank of each type")
RESULT = Path(__file__).with_name("LABEL_TRUTH.md")


def slug(tool: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", tool.lower())


def real_set(source: Path, out: Path) -> Path:
    """The real set, imported and split once."""
    if not is_defect_set(out) or not (out / "split.json").is_file():
        import_set("auto", source, out, ImportOptions(), overwrite=True)
        split_set(DefectSet(out), SplitOptions())
    return out


def train_goods(real: Collection, n: int) -> list[Item]:
    """n good training pictures, a different group each time as far as there are any."""
    goods = [item for item in real.good.items if item.split == "train"]
    order = np.random.default_rng(SEED).permutation(len(goods))
    seen: dict[str, int] = {}
    turns = []
    for index in order:
        group = goods[int(index)].group
        turns.append((seen.setdefault(group, 0), len(turns), int(index)))
        seen[group] += 1
    return [goods[index] for _, _, index in sorted(turns)][:n]


def train_donors(real: Collection, defects: Iterator[str]) -> dict[str, list[Donor]]:
    """Real training defects by type, cut out."""
    train = real.keep(lambda item: item.split == "train" and item.mask is not None)
    return {name: [_donor(item) for item in train.of(name).items] for name in defects}


def _donor(item: Item) -> Donor:
    mask = item.mask_pixels()
    assert mask is not None
    return cut_donor(item.pixels(), mask)


def as_stored(out: np.ndarray, good: Pixels) -> Pixels:
    """Grey cameras stay grey: tools get three equal channels, and the luminance of what they give back is kept."""
    if good.shape[2] >= 3:
        return out
    return np.rint(luminance(to_rgb(out)) * 255).astype(np.uint8)[..., None]


def make_other(name: str, tool: Tool, goods: list[Item], defects: list[str], out: Path) -> None:
    """A set of another tool, one sample a good picture, the defects in turn."""
    with whole_folder(out) as part:
        writer = SetWriter(part)
        for index, item in enumerate(goods):
            defect, stem = defects[index % len(defects)], f"{index:06d}"
            good = read_picture(item.image).pixels
            rng = np.random.default_rng(np.random.SeedSequence([SEED, index]))
            pixels, mask = tool(np.ascontiguousarray(item.pixels()), defect, rng)
            assert item.record is not None
            write_sample(writer, stem, as_stored(pixels, good), mask, good, item.record, defect, name)
        writer.finish({"tool": name, "n": len(goods), "seed": SEED})


def write_sample(
    writer: SetWriter, stem: str, pixels: Pixels, mask: np.ndarray, good: Pixels, source: Record, defect: str, tool: str
) -> None:
    for folder, picture in (("images", pixels), ("masks", mask.astype(np.uint8) * 255), ("good", good)):
        writer.put_pixels(f"{folder}/{stem}.png", picture)
    stats = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)[2][1:]
    boxes = tuple((int(x), int(y), int(x + w), int(y + h)) for x, y, w, h, _ in stats)
    writer.put_record(Record(
        file_name=f"images/{stem}.png", mask_file_name=f"masks/{stem}.png", good_file_name=f"good/{stem}.png",
        text=f"{defect} ({tool})", defect=defect, material=source.material, boxes=boxes,
        labels=(defect,) * len(boxes), split="train", group=source.group, source=source.source,
        source_sha256=source.source_sha256, licence=source.licence,
    ))  # fmt: skip


def make_ours(engine: str, prompts: dict[str, str], goods: list[Item], real: Path, out: Path) -> None:
    """A set of one of our engines: a run a defect on a share of the good pictures, put together under real names."""
    work = out.with_name(f".{out.name}.runs")
    by_stem = {item.image.stem: item for item in goods}
    with whole_folder(out) as part:
        writer, index = SetWriter(part), 0
        for turn, (defect, prompt) in enumerate(prompts.items()):
            share = goods[turn :: len(prompts)]
            bank = bank_of(real, defect, work / f"bank {turn}") if engine == "copy-paste" else None
            done = synth(
                prompt, on=linked(share, work / f"good {turn}"), n=len(share), out=work / f"run {turn}", engine=engine,
                seed=SEED, bank=bank,
            )  # fmt: skip
            for record in DefectSet(done.folder).records():
                copy_sample(writer, done.folder, record, by_stem[Path(record.source).stem], defect, f"{index:06d}")
                index += 1
        writer.finish({"tool": engine, "n": index, "seed": SEED})


def linked(goods: list[Item], folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for item in goods:
        link = folder / item.image.name
        if not link.exists():
            link.symlink_to(item.image.resolve())
    return folder


def bank_of(real: Path, defect: str, folder: Path) -> Path:
    """A bank with the training pictures of one defect."""
    items = [i for i in open_collection(real).of(defect).items if i.split == "train" and i.mask is not None]
    for name in ("images", "masks"):
        (folder / name).mkdir(parents=True, exist_ok=True)
        for item in items:
            source = item.image if name == "images" else item.mask
            assert source is not None
            write_picture(folder / name / item.image.name, read_picture(source).pixels)
    return folder


def copy_sample(writer: SetWriter, folder: Path, record: Record, good: Item, defect: str, stem: str) -> None:
    names = {f"{kind}_file_name": f"{name}/{stem}.png" for kind, name in (("mask", "masks"), ("good", "good"))}
    assert record.mask_file_name is not None and record.good_file_name is not None and good.record is not None
    for name in (record.file_name, record.mask_file_name, record.good_file_name):
        writer.put_file(f"{name.split('/')[0]}/{stem}.png", folder / name)
    kept = {"defect": defect, "labels": (defect,) * len(record.boxes), "group": good.group, "index": int(stem)}
    writer.put_record(record.model_copy(update={"file_name": f"images/{stem}.png", **names, **kept}))


def sheet_of(folder: Path, truth: LabelTruth) -> None:
    """contact_sheet.png of any set with good twins; the IoU on it is that of mask and visible change."""
    rows = {row.name: row for row in truth.rows}
    samples = []
    for index, record in enumerate(DefectSet(folder).records()):
        row = rows[record.file_name]
        if record.boxes:
            fields = {name: getattr(record, name) for name in Record.model_fields}
            samples.append(Sample.model_construct(
                **fields, index=index, in_mask_delta=row.in_mask_delta or 0.0, prescribed_iou=row.recovered_iou or 0.0
            ))  # fmt: skip
    sheet = draw_sheet(folder, samples)
    if sheet is not None:
        write_picture(folder / "contact_sheet.png", sheet)


def table(out: Path) -> list[str]:
    """LABEL_TRUTH.md's tables, for every set there is."""
    lines = []
    for name, prompts in DEFECTS.items():
        lines += [f"## {name}", "", f"Types, in this order: {', '.join(prompts)}.", ""]
        lines += [f"| {' | '.join(COLUMNS)} |", f"|{'---|' * len(COLUMNS)}"]
        for tool in (*TOOL_NAMES, *ENGINES[::-1]):
            folder = out / name / slug(tool)
            if is_defect_set(folder):
                overall, *each = label_truth(open_collection(folder), seed=SEED)
                sheet_of(folder, overall)
                lines.append(f"| {tool}{' (ours)' if tool in ENGINES else ''} | {line(overall, each, list(prompts))} |")
        lines.append("")
    return lines


def line(overall: LabelTruth, each: list[LabelTruth], defects: list[str]) -> str:
    blank = {one.defect: f"{one.blanks.value:.2f}" for one in each}
    pieces = next((" of ".join(re.findall(r"\d+", note)) for note in overall.notes if "pieces" in note), "none")
    shown = (overall.blanks, overall.recovered_iou, overall.leakage, overall.fill)
    return " | ".join([str(overall.n), *map(cell, shown), pieces, ", ".join(blank.get(name, "-") for name in defects)])


def cell(value: Interval | None) -> str:
    if value is None:
        return "-"
    bounds = "" if value.low is None or value.high is None else f" ({value.low:.2f} to {value.high:.2f})"
    return f"{value.value:.2f}{bounds}"


HEAD = """# Label truth of other tools' sets, and of ours

Made by `python eval/audit/rivals.py --data DATA --out OUT`: one sample on each of the same good training pictures,
masks as each tool gives them, measured by `defectgen.metric.label_truth` from the files alone. In brackets 95%
intervals over resampled groups. *Blank*: nothing visible under the mask. *Recovered IoU*: mask against what changed
visibly. *Leakage*: share of the visible change outside the mask. *Fill*: share of the mask that changed visibly.

What is behind the numbers:

- *pyimgano poisson*: its `poisson_blend` hands OpenCV the centre of the picture, so the defect lands there, wherever
  its mask lies; only the wide masks of stains are met by chance.
- *cv2.seamlessClone*: the tone moves beyond the mask, which ships unpadded; where the solver's mask is not padded
  either, the frame that it keeps is the defect's own border, and the defect fades away.
- *anomalib synthetic*: what `SyntheticAnomalyDataset` does, a blend of 0.01 to 0.2, without its textures noise;
  *anomalib perlin*: the generator's own 0.2 to 1 with photographs of materials. Neither knows types.
- *plain paste*: real defects under their own masks. That masks are true says nothing of looking real.
- ours: every sample has passed the label audit of `synth`; here the files are measured anew, without it.

"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--n", type=int, default=60)
    parser.add_argument("--only", metavar="NAME", choices=(*TOOL_NAMES, *ENGINES))
    parser.add_argument("--table", action="store_true", help="make no set, only the table of those there are")
    parser.add_argument("--result", type=Path, default=RESULT)
    args = parser.parse_args()
    for name, prompts in DEFECTS.items() if not args.table else ():
        real = open_collection(real_set(args.data / name, args.out / name / "real"))
        goods, donors = train_goods(real, args.n), train_donors(real, iter(prompts))
        for tool, make in tools(donors, args.data / "textures").items():
            folder = args.out / name / slug(tool)
            if args.only in (None, tool) and not is_defect_set(folder):
                make_other(tool, make, goods, list(prompts), folder)
                print(folder, flush=True)
        for engine in ENGINES[::-1]:
            folder = args.out / name / slug(engine)
            if args.only in (None, engine) and not is_defect_set(folder):
                make_ours(engine, prompts, goods, real.path, folder)
                print(folder, flush=True)
    if args.only is None:
        args.result.write_text(HEAD + "\n".join(table(args.out)))


if __name__ == "__main__":
    main()
