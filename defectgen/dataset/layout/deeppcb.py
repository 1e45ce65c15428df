"""DeepPCB: binarised scans of circuit boards, with the aligned defect-free template beside each.

    PCBData/group00041/00041/00041000_test.jpg    the scan
    PCBData/group00041/00041/00041000_temp.jpg    its template: the good view, and a good picture of its own
    PCBData/group00041/00041_not/00041000.txt     a line a defect: x1 y1 x2 y2 class
    PCBData/trainval.txt, test.txt                the split, where there; lines "IMAGE.jpg ANNOTATION.txt"

Classes: 1 open, 2 short, 3 mousebite, 4 spur, 5 spurious copper, 6 pin hole. The group is the folder, one board.

The boxes are the annotation; masks are recovered. Scan and template are cut at 127. Around each box, grown by 16 px,
the template is first moved by up to 6 px to where it agrees best, since tracks are a few pixels off in places. The
mask is where the two differ inside the box grown by 3 px, and not inside another defect's box. Edges still jitter by
a pixel: a difference on the outermost pixels of the template's copper or of its gaps counts only within 2 px of one
further inside, and a single pixel without neighbours does not count. A defect with nothing further inside is taken as
it is, with a note. The instance's box is its mask's extent. Where scan and template agree in the whole of a box, there
is no mask to be had: the picture keeps its boxes alone, with a note.

Tang, He, Huang, Yang: Online PCB defect detector on a new PCB defect dataset. arXiv:1902.06197.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from defectgen.dataset.instance import Box, Instance, Mask
from defectgen.dataset.item import DropError, Dropped, Found, ImportOptions, Labels
from defectgen.dataset.layout.mask_file import read_soft
from defectgen.errors import InputError
from defectgen.record import GOOD

__all__ = ["CLASSES", "find", "recognise"]

CLASSES = {1: "open", 2: "short", 3: "mousebite", 4: "spur", 5: "spurious copper", 6: "pin hole"}
TEST, TEMPLATE = "_test.jpg", "_temp.jpg"
SPLIT_FILES = {"trainval.txt": "train", "test.txt": "test"}
GROW_PX = 3
EDGE_REACH = 2
ALIGN_PX, SHIFT_PX = 16, 6
MATERIAL = "circuit board"
Named = tuple[str, Box]



def recognise(root: Path) -> str | None:
    """Whether a scan has its template beside it and a folder *_not of boxes next to its own."""
    scan = next(_scans(root), None)
    if scan is None or not _template(scan).is_file() or not _boxes_file(scan).parent.is_dir():
        return None
    return f"it holds pairs *{TEST} and *{TEMPLATE} with boxes in folders *_not"


def find(root: Path, options: ImportOptions) -> Iterator[Found | Dropped]:
    """Every scan, followed by its template."""
    splits = _splits(root)
    scan = None
    for scan in _scans(root):
        name, template, boxes = scan.relative_to(root).as_posix(), _template(scan), _boxes_file(scan)
        split, group = splits.get(scan.name.removesuffix(TEST)), scan.parent.name
        if not boxes.is_file():
            yield Dropped(name, "no annotation", f"{boxes.parent.name}/{boxes.name} is missing")
        elif not template.is_file():
            yield Dropped(name, "image missing", f"its template {template.name} is missing")
        else:
            read = _reader(scan, template, boxes, options)
            yield Found(scan, name, read, good=template, split=split, group=group, material=MATERIAL)
        if template.is_file():
            name = template.relative_to(root).as_posix()
            yield Found(template, name, lambda hw: Labels(), GOOD, split=split, group=group, material=MATERIAL)
    if scan is None:
        raise InputError(f"{root} holds no *{TEST}; expected DeepPCB's PCBData/groupN/N/*{TEST}")


def _scans(root: Path) -> Iterator[Path]:
    for pattern in ("PCBData/group*/*", "group*/*", "*"):
        scans = sorted(root.glob(f"{pattern}/*{TEST}"))
        if scans:
            return iter(scans)
    return iter(())


def _template(scan: Path) -> Path:
    return scan.with_name(scan.name.removesuffix(TEST) + TEMPLATE)


def _boxes_file(scan: Path) -> Path:
    return scan.parent.with_name(f"{scan.parent.name}_not") / f"{scan.name.removesuffix(TEST)}.txt"


def _splits(root: Path) -> dict[str, str]:
    """Split by the scan's number, where the set's own lists are there."""
    out: dict[str, str] = {}
    for name, split in SPLIT_FILES.items():
        for path in (root / name, root / "PCBData" / name):
            lines = path.read_text("utf-8").splitlines() if path.is_file() else []
            out |= {Path(line.split()[0]).stem: split for line in lines if line.strip()}
    return out


def _reader(scan: Path, template: Path, boxes: Path, options: ImportOptions) -> Callable[[tuple[int, int]], Labels]:
    def read(hw: tuple[int, int]) -> Labels:
        named = _read_boxes(boxes, hw, options)
        return _recovered(named, read_soft(scan, hw), read_soft(template, hw))

    return read


def _read_boxes(path: Path, hw: tuple[int, int], options: ImportOptions) -> list[Named]:
    out = []
    for number, line in enumerate(path.read_text("utf-8", errors="replace").splitlines(), 1):
        if not line.strip():
            continue
        try:
            x0, y0, x1, y1, value = (int(part) for part in line.replace(",", " ").split())
        except ValueError as error:
            detail = f"{path.name} line {number} is {line!r}; expected x1 y1 x2 y2 class"
            raise DropError("unreadable", detail) from error
        defect = _defect(value, path, options)
        if not (0 <= x0 < x1 <= hw[1] and 0 <= y0 < y1 <= hw[0]):
            detail = f"{path.name} line {number}: {x0} {y0} {x1} {y1} of {hw[1]}x{hw[0]} pixels"
            raise DropError("outside image", detail)
        if defect is not None:
            out.append((defect, (x0, y0, x1, y1)))
    return out


def _defect(value: int, path: Path, options: ImportOptions) -> str | None:
    if value not in CLASSES and str(value) not in options.classes.keys() | options.ignore:
        raise DropError("unknown class", f"{path.name} has class {value}; expected 1 to {len(CLASSES)}")
    return options.defect_of(CLASSES.get(value, str(value)), value)


def _recovered(named: Sequence[Named], scan: Mask, template: Mask) -> Labels:
    """Instances with their masks; boxes alone where one of them holds no change."""
    taken = np.zeros(scan.shape, np.uint16)
    for _, (x0, y0, x1, y1) in named:
        taken[y0:y1, x0:x1] += 1
    out, notes = [], []
    for defect, box in named:
        mask, uncleaned = _mask_in(box, scan, template, taken)
        if not mask.any():
            notes.append(f"{defect} at {box}: scan and template agree, boxes alone kept")
        elif uncleaned:
            notes.append(f"{defect} at {box}: on the edges of the copper alone, taken uncleaned")
        out.append((defect, box, mask))
    if any(not mask.any() for _, _, mask in out):
        return Labels([Instance(defect, box) for defect, box, _ in out], notes)
    return Labels([Instance.of_mask(defect, mask) for defect, _, mask in out], notes)


def _mask_in(box: Box, scan: Mask, template: Mask, taken: NDArray[np.uint16]) -> tuple[Mask, bool]:
    """(H, W) change that belongs to one box, and whether all of it lies on the template's edges."""
    import cv2

    around = _grown(box, ALIGN_PX)
    good = _moved(scan, template, around)
    x0, y0, x1, y1 = box
    allowed = np.zeros(scan.shape, np.bool_)
    allowed[_grown(box, GROW_PX)] = taken[_grown(box, GROW_PX)] == 0
    allowed[y0:y1, x0:x1] = True
    own = (scan[around] != good) & allowed[around]
    kernel, copper = np.ones((3, 3), np.uint8), good.astype(np.uint8)
    core = _without_specks(own & (cv2.dilate(copper, kernel) == cv2.erode(copper, kernel)))
    near = cv2.dilate(core.astype(np.uint8), np.ones((2 * EDGE_REACH + 1,) * 2, np.uint8)).astype(np.bool_)
    mask = np.zeros(scan.shape, np.bool_)
    mask[around] = own & near if core.any() else own
    return mask, not core.any()


def _grown(box: Box, by: int) -> tuple[slice, slice]:
    # A slice may end beyond the picture, but not begin before it.
    return slice(max(box[1] - by, 0), box[3] + by), slice(max(box[0] - by, 0), box[2] + by)


def _moved(scan: Mask, template: Mask, around: tuple[slice, slice]) -> Mask:
    """The template in a window, moved by the shift that agrees best with the scan, the smallest of several.

    Where the shift brings in what lies beyond the template's border, the scan itself stands in.
    """
    padded = np.pad(template, SHIFT_PX, mode="edge")
    known = np.pad(np.ones(template.shape, np.bool_), SHIFT_PX)
    here = scan[around]
    reach = range(-SHIFT_PX, SHIFT_PX + 1)
    best, least = around, here.size + 1
    for dy, dx in sorted(((dy, dx) for dy in reach for dx in reach), key=lambda move: move[0] ** 2 + move[1] ** 2):
        y, x = around[0].start + SHIFT_PX + dy, around[1].start + SHIFT_PX + dx
        place = slice(y, y + here.shape[0]), slice(x, x + here.shape[1])
        apart = int(np.count_nonzero(padded[place] != here))
        if apart < least:
            best, least = place, apart
    return np.where(known[best], padded[best], here)


def _without_specks(mask: Mask) -> Mask:
    """The mask less its pixels that have no neighbour."""
    import cv2

    count = cv2.filter2D(mask.astype(np.uint8), -1, np.ones((3, 3), np.uint8), borderType=cv2.BORDER_CONSTANT)
    return np.asarray(mask & (count > 1))
