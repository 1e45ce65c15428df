"""An effect in plain words: what a difference of a metric means to somebody who inspects parts.

Effects are fractions; words count in hundreds: 0.14 of recall is "finds 14 more of 100 cracks".
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from defectgen.caption import plural
from defectgen.dataset.noun import Noun
from defectgen.gain.calibration import calibrates
from defectgen.gain.row import ALL

__all__ = ["SAME_RATE", "Measure", "effect_in_words", "measure_of", "range_in_words"]

LEAST = 5e-4
SIZES = {
    "small": "Defects whose area is less than that of a square of 5% of the picture's width.",
    "medium": "Between 5% and 15%.", "large": "Above 15%.",
}  # fmt: skip
SAME_RATE = " at the same false-alarm rate"
AT_ALARM = "at the threshold that at most 5 of 100 good validation pictures reach"
AT_CHOSEN = "at the threshold that validation chose"
AT_SET = "at the threshold that the arm's defects set"
COIN = "How often a defective picture scores above a good one; 0.5 is a coin."


@dataclass(frozen=True)
class Measure:
    """title: as a heading. meaning: one sentence. rise, fall: what happens as it grows or shrinks by {n} in a hundred.

    up, down: a bare step of it, for a range. better: 1 where more is better, -1 where less is.
    """

    title: str
    meaning: str
    rise: str
    fall: str
    up: str = "more"
    down: str = "fewer"
    better: int = 1


def _points(title: str, meaning: str) -> Measure:
    rise, fall = (f"{title} {{n}} points {way}" for way in ("higher", "lower"))
    return Measure(title, meaning, rise, fall, "higher", "lower")


def _finds(title: str, meaning: str, where: str = "", size: str = "") -> Measure:
    rise, fall = (f"finds {{n}} {way} of 100 {size}{{defects}}{where}" for way in ("more", "fewer"))
    return Measure(title, meaning, rise, fall)


def _pairs(title: str, meaning: str, what: str) -> Measure:
    rise, fall = (f"ranks {{n}} {way} of 100 pairs of a good and a defective {what} right" for way in ("more", "fewer"))
    return Measure(title, meaning, rise, fall)


MEASURES = {
    "accuracy": Measure(
        "Accuracy", "Share of test pictures that are named right.", "names {n} more of 100 pictures right",
        "names {n} fewer of 100 pictures right",
    ),
    "balanced_accuracy": Measure(
        "Balanced accuracy", "Share of test pictures named right, where good and every type of defect count alike.",
        "names {n} more of 100 pictures right, all types counting alike",
        "names {n} fewer of 100 pictures right, all types counting alike",
    ),
    "recall": _finds("Found", f"Share of the defects that are found and named right, {AT_CHOSEN}."),
    "found": _finds("Found", f"Share of the defects that raise an alarm, {AT_ALARM}."),
    **{f"found_{size}": _finds(f"Found, {size}", meaning, size=f"{size} ") for size, meaning in SIZES.items()},
    "caught": _finds(
        "Caught", "Share of the defective pictures above the score that all but 5 of 100 good pictures stay under.",
        SAME_RATE,
    ),
    "auroc": _pairs("AUROC", COIN, "picture"),
    "image_auroc": _pairs("Image AUROC", COIN, "picture"),
    "pixel_auroc": _pairs("Pixel AUROC", "The same of the pixels of a defect and others.", "pixel"),
    "image_ap": _points("image AP", "How pure the list of alarms stays while more defective pictures are found."),
    "average_precision": _points("average precision", "How pure the list of alarms stays while more is found."),
    "pixel_ap": _points("pixel AP", "How pure the marked area stays while more of the defects is marked."),
    "map50": _points("mAP at 0.5", "How pure the boxes stay while more is found; a box counts if it overlaps by half."),
    "map": _points("mAP", "The same, averaged over overlaps from 0.5 to 0.95."),
    "f1_max": _points("best F1", "The best balance of precision and recall of pixels over all thresholds."),
    "f1": _points("F1", "The balance of precision and recall."),
    "iou": _points("IoU", f"Overlap of what is marked with what is defective, {AT_CHOSEN}."),
    "dice": _points("Dice", "The same overlap, counted gentler."),
    "pro": _points("PRO", "Share of each defect that is marked, averaged up to 30% of falsely marked area."),
    "false_per_good": Measure(
        "False alarms", f"Alarms on a good picture, {AT_ALARM}.",
        "raises {n} more false alarms on 100 good pictures", "raises {n} fewer false alarms on 100 good pictures",
        better=-1,
    ),
}  # fmt: skip


SET_MEASURES = {
    "balanced_accuracy": Measure(
        "Balanced accuracy",
        f"Share of test pictures judged right, where good and defective ones count alike, {AT_SET}.",
        "judges {n} more of 100 pictures right, good and defective counting alike",
        "judges {n} fewer of 100 pictures right, good and defective counting alike",
    ),
    "found": _finds("Found", f"Share of the defects that raise an alarm, {AT_SET}."),
    "false_per_good": replace(MEASURES["false_per_good"], meaning=f"Alarms on a good picture, {AT_SET}."),
}  # fmt: skip
"""Of tasks in which an arm sets the threshold."""


def measure_of(metric: str, task: str = "") -> Measure:
    """What is known of a metric, in general or in a task; of an unknown one, that more is better."""
    own = SET_MEASURES.get(metric) if calibrates(task) else None
    return own or MEASURES.get(metric) or _points(metric.replace("_", " "), "")


def effect_in_words(metric: str, effect: float, defect: str = ALL, task: str = "") -> str:
    """ "finds 14 more of 100 cracks"; "changes nothing that shows" for less than one in two thousand."""
    if abs(effect) < LEAST:
        return "changes nothing that shows"
    measure = measure_of(metric, task)
    words = measure.rise if effect > 0 else measure.fall
    return words.format(n=per_hundred(effect), defects=many(defect))


def range_in_words(metric: str, low: float, high: float) -> str:
    """An interval of the effect: "6 to 22 more", "3 fewer to 6 more"."""
    measure = measure_of(metric)
    ends = [(per_hundred(value), measure.down if value < 0 else measure.up) for value in (low, high)]
    (first, way), (last, other) = ends
    if way == other:
        return f"{last} to {first} {way}" if high < 0 else f"{first} to {last} {way}"
    return f"{first} {way} to {last} {other}"


def per_hundred(effect: float) -> str:
    """The size of a fraction in a hundred: 14, 2.3, 0.4."""
    size = 100 * abs(effect)
    return f"{size:.0f}" if size >= 9.95 else f"{size:.1f}".removesuffix(".0")


def many(defect: str) -> str:
    """A class in the plural; what is no noun stands before "defects"."""
    if defect == ALL:
        return "defects"
    return plural(Noun.of(defect).text).replace("“", "").replace("”", "")
