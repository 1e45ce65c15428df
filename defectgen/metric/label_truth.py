"""Label truth: whether masks say where pictures changed, for any set with good twins, whoever made it.

    delivered    the mask that the set ships; where there are only boxes, the boxes, filled
    recovered    where picture and good twin differ visibly (`label_audit.recover`), pinholes under the mask closed
    blank        fewer than LEAST_PIXELS recovered pixels under the delivered mask
    leakage      share of the recovered pixels that lie outside the delivered mask
    fill         share of the delivered mask that is recovered

What is visible depends on the noise of the part, taken from the good twin. Tools that write JPEG, or send the whole
picture through a network, change every pixel a little: the scatter of the difference outside the mask, by its median,
raises the level too, up to the 8 grey levels of `visible_level`. What is still above it counts as leakage.

Values are means over pictures; their 95% intervals come from groups drawn with replacement (`bootstrap`). Where no
picture of G groups is blank, or every one, the open end is 1 - 0.05 ** (1 / G), the exact form of the rule of three
(Hanley and Lippman-Hand, 1983).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from defectgen.band import grow
from defectgen.errors import InputError
from defectgen.image import grey_levels, to_rgb
from defectgen.label_audit import LEAST_PIXELS, VISIBLE_NOISES, deliver, iou, recover
from defectgen.metric.bootstrap import FEWEST_GROUPS, draw_groups, group_index, interval_of
from defectgen.metric.collection import Collection, Item
from defectgen.metric.result import Interval, LabelRow, LabelTruth
from defectgen.noise import noise_sigma
from defectgen.record import Boxes
from defectgen.sample import Sample

__all__ = ["Judged", "check_size", "has_truth", "judge", "label_truth", "recovered_mask", "summarise"]

U8 = NDArray[np.uint8]
Mask = NDArray[np.bool_]

PAIR_NOISES = 4.0  # scatters of an untouched background that a visible change must exceed
BACKGROUND_PX = 8  # distance from the mask at which the background starts
RESAMPLES = 1000


@dataclass(frozen=True)
class Judged:
    """One picture's row. pieces: of its mask; blank_pieces: those under which nothing is visible."""

    row: LabelRow
    group: str
    pieces: int = 0
    blank_pieces: int = 0
    boxes_only: bool = False


def has_truth(collection: Collection) -> bool:
    """Whether some defective picture has both a good twin and a mask or boxes."""
    return any(_judgeable(item) for item in collection.defective.items)


def label_truth(collection: Collection, *, seed: int) -> tuple[LabelTruth, ...]:
    """Over all defects first, with a row a picture, then for each defect, without rows.

    InputError where no picture has a good twin and a mask or boxes, or a twin or a mask is not of its picture's size.
    """
    defective = collection.defective.items
    items = [item for item in defective if _judgeable(item)]
    if not items:
        raise InputError(
            f"{collection.path} holds no defective picture with a good twin and a mask or boxes; "
            "without good pictures the masks can only be judged by a segmenter"
        )
    notes = []
    if left := len(defective) - len(items):
        notes.append(f"{left} of {len(defective)} defective pictures have no good twin, or no mask and no boxes")
    return summarise([_judge_item(item) for item in items], seed=seed, estimated=False, notes=notes)


def recovered_mask(good: U8, out: U8, delivered: Mask) -> Mask:
    """(H, W) bool of two (H, W, 3) uint8 pictures: visibly changed pixels, pinholes under the label closed."""
    sigma = max(noise_sigma(to_rgb(good)), PAIR_NOISES / VISIBLE_NOISES * _scatter(good, out, delivered))
    changed = recover(good, out, sigma)
    return changed | deliver(changed, delivered)


def _scatter(good: U8, out: U8, delivered: Mask) -> float:
    """Grey levels by which an untouched background differs: 0.0 where its pixels are the good picture's own."""
    background = ~grow(delivered, BACKGROUND_PX)
    if not background.any():
        return 0.0
    return float(np.median(grey_levels(good, out)[background])) / 0.6745


def judge(name: str, defect: str, delivered: Mask, shown: Mask, group: str) -> Judged:
    """What a mask of visible pixels, however it was found, says of the mask that a picture ships with."""
    under, area = int(np.count_nonzero(shown & delivered)), int(np.count_nonzero(delivered))
    visible = int(np.count_nonzero(shown))
    row = LabelRow(
        name=name, defect=defect, recovered_iou=iou(shown, delivered) if visible or area else 0.0,
        leakage=1 - under / visible if visible else None, fill=under / area if area else 0.0,
        blank=under < LEAST_PIXELS,
    )  # fmt: skip
    return Judged(row, group, *_pieces(delivered, shown))


def _pieces(delivered: Mask, shown: Mask) -> tuple[int, int]:
    """Pieces of a mask that are large enough to be seen, and how many of them show nothing."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(delivered.astype(np.uint8), connectivity=8)
    large = {int(k) for k in np.nonzero(stats[:, cv2.CC_STAT_AREA] >= LEAST_PIXELS)[0]} - {0}
    return len(large), len(large - {int(k) for k in np.unique(labels[shown])})


def _judgeable(item: Item) -> bool:
    return item.good is not None and (item.mask is not None or bool(item.boxes))


def _judge_item(item: Item) -> Judged:
    out, good, delivered = item.pixels(), item.good_pixels(), item.mask_pixels()
    assert good is not None
    check_size(item, "good picture", good.shape[:2], out.shape[:2])
    boxes_only = delivered is None
    if delivered is None:
        delivered = _filled(item.boxes, out.shape[:2])
    check_size(item, "mask", delivered.shape, out.shape[:2])
    shown = recovered_mask(good, out, delivered)
    found = judge(item.name, item.defect, delivered, shown, item.group or item.name)
    extra: dict[str, float | None] = {
        "in_mask_delta": float(grey_levels(good, out)[delivered].mean()) if delivered.any() else 0.0,
        "prescribed_iou": item.record.prescribed_iou if isinstance(item.record, Sample) else None,
    }
    if boxes_only:
        hulls = _hulls(item.boxes, shown)
        extra["recovered_iou"] = iou(hulls | (shown & ~delivered), delivered)
        extra["fill"] = float(np.count_nonzero(hulls)) / float(max(1, int(np.count_nonzero(delivered))))
    return Judged(found.row.model_copy(update=extra), found.group, found.pieces, found.blank_pieces, boxes_only)


def check_size(item: Item, what: str, hw: tuple[int, ...], expected: tuple[int, ...]) -> None:
    """InputError where something that belongs to a picture is not of its (height, width)."""
    if hw != expected:
        raise InputError(
            f"{item.image}: its {what} is {hw[1]}x{hw[0]} pixels, the picture {expected[1]}x{expected[0]}; "
            "expected one size: make them the same, or leave the picture out"
        )


def _filled(boxes: Boxes, hw: tuple[int, ...]) -> Mask:
    mask = np.zeros(hw, np.bool_)
    for x0, y0, x1, y1 in boxes:
        mask[y0:y1, x0:x1] = True
    return mask


def _hulls(boxes: Boxes, shown: Mask) -> Mask:
    """The bounding rectangle of what is visible in each box, filled."""
    mask = np.zeros_like(shown)
    for x0, y0, x1, y1 in boxes:
        x, y, w, h = cv2.boundingRect(shown[y0:y1, x0:x1].astype(np.uint8))
        mask[y0 + y : y0 + y + h, x0 + x : x0 + x + w] = True
    return mask


def summarise(
    judged: Sequence[Judged], *, seed: int, estimated: bool, notes: Sequence[str] = ()
) -> tuple[LabelTruth, ...]:
    """All rows together, then those of each defect."""
    overall = _summary(judged, seed, estimated, None, notes)
    kinds = sorted({one.row.defect for one in judged})
    parts = (_summary([one for one in judged if one.row.defect == kind], seed, estimated, kind, ()) for kind in kinds)
    return overall.model_copy(update={"rows": tuple(one.row for one in judged)}), *parts


def _summary(
    judged: Sequence[Judged], seed: int, estimated: bool, defect: str | None, notes: Sequence[str]
) -> LabelTruth:
    def mean(value: Callable[[LabelRow], float | None]) -> Interval | None:
        known = [(one.group, v) for one in judged if (v := value(one.row)) is not None]
        return _interval([v for _, v in known], [group for group, _ in known], seed) if known else None

    blanks, agreement, fill = mean(lambda r: r.blank), mean(lambda r: r.recovered_iou), mean(lambda r: r.fill)
    assert blanks is not None and agreement is not None and fill is not None
    return LabelTruth(
        n=len(judged), estimated=estimated, blanks=_opened(blanks, len({one.group for one in judged})),
        recovered_iou=agreement, leakage=mean(lambda r: r.leakage), fill=fill,
        prescribed_iou=mean(lambda r: r.prescribed_iou), defect=defect, notes=(*notes, *_remarks(judged)),
    )  # fmt: skip


def _remarks(judged: Sequence[Judged]) -> list[str]:
    pieces, blank = (sum(getattr(one, name) for one in judged) for name in ("pieces", "blank_pieces"))
    notes = [f"nothing is visible under {blank} of {pieces} pieces of the masks"] if blank else []
    if count := sum(one.boxes_only for one in judged):
        notes.append(f"{count} pictures have boxes alone: IoU and fill compare the boxes with what is visible in them")
    if count := sum(one.row.leakage is None for one in judged):
        notes.append(f"{count} pictures show no visible change at all; they have no leakage")
    return notes


def _interval(values: Sequence[float], groups: Sequence[str], seed: int) -> Interval:
    """Mean of shares with its interval; without bounds where there are too few groups."""
    known = np.asarray(values, np.float64)
    index = group_index(groups, groups)
    if int(index.max()) + 1 < FEWEST_GROUPS:
        return Interval(value=float(known.mean()))
    weights = draw_groups(index, RESAMPLES, np.random.default_rng(seed)).of_rows[:, 1:]
    return interval_of(float(known.mean()), known @ weights / weights.sum(0), bounds=(0.0, 1.0))


def _opened(share: Interval, groups: int) -> Interval:
    """Resampling groups that all agree finds nothing else; the open end says what they cannot rule out."""
    if share.low is None or share.value not in (0.0, 1.0):
        return share
    most = 1 - 0.05 ** (1 / groups)
    return Interval(value=0.0, low=0.0, high=most) if share.value == 0 else Interval(value=1.0, low=1 - most, high=1.0)
