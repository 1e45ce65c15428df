"""A believable result of a trial, simulated: nine arms, five draws, three seeds."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

import numpy as np

from defectgen.downstream.task import LEADS
from defectgen.gain.cell_cache import CellNumbers
from defectgen.gain.outcome import advice_of, say
from defectgen.gain.result import (
    ArmLine,
    CellLine,
    DrawLine,
    GainResult,
    Protocol,
    RealSide,
    TaskLine,
    TestSide,
    rows_of,
)
from defectgen.gain.verdict import judge

CLASSES = ("blowhole", "crack", "uneven")
EFFECTS = {
    "none": 0.0, "classical": 0.004, "copy-paste": 0.035, "seamless": -0.02, "perlin": 0.045, "pyimgano-alpha": 0.05,
    "render": 0.06, "compact": 0.11, "my-set": -0.14,
}  # fmt: skip
GROWTH = {0.5: 0.6, 1.0: 1.0, 2.0: 1.45, 5.0: 1.4}
TESTED = {"good": 190, "blowhole": 24, "crack": 12, "uneven": 31}


def small_trial(
    tasks: Sequence[str] = ("segment", "classify"), ratios: Sequence[float] = (1.0,), draws: int = 5, seeds: int = 3,
    effects: Mapping[str, float] = EFFECTS, zero_shot: bool = False, seed: int = 0, classes: Sequence[str] = CLASSES,
) -> GainResult:  # fmt: skip
    """The result as gain.json would hold it."""
    rng = np.random.default_rng(seed)
    arms = [*effects, *(("zero-shot compact", "zero-shot perlin") if zero_shot else ())]
    cells = [
        _cell(rng, task, arm, ratio, draw, s, effects, classes)
        for task in tasks for arm in arms
        for ratio in (ratios if arm not in ("none", "classical") else (0.0,))
        for draw in range(draws) for s in range(seeds)
    ]  # fmt: skip
    leads = LEADS
    rows = rows_of(cells)
    held = {task: leads[task] for task in tasks}
    verdicts = judge(rows, held)
    kinds = ("good", *classes)
    counts = dict(zip(kinds, (*TESTED.values(), *[9] * 9), strict=False))
    return GainResult(
        defectgen="0.1.0", command="defectgen gain --real sets/magnetic-tile --tasks segment,classify --shots 4",
        protocol=Protocol(
            version=1, shots=4, draws=draws, seeds=seeds, ratios=tuple(ratios), zero_shot=zero_shot, side=96, batch=16,
            device="cpu", libraries={"python": "3.11.9", "torch": "2.15.0", "timm": "1.0.31"},
        ),
        real=RealSide(
            name="magnetic-tile", sha256=hashlib.sha256(b"table").hexdigest(), classes=tuple(classes),
            counts={"train": counts, "val": counts, "test": counts},
        ),
        arms=tuple(_arm(name) for name in arms),
        tasks=tuple(TaskLine(task=task, model="lite0", lead=leads[task], steps=200) for task in tasks),
        draws=tuple(DrawLine(draw=d, shots={name: (f"{name}-{d}.png",) for name in classes}) for d in range(draws)),
        test=TestSide(names=("images/a.png",), labels=(0,)), planned=len(cells), cells=tuple(cells),
        verdicts=verdicts, said=tuple(say(one) for one in verdicts), advice=tuple(advice_of(rows, held)),
        notes=("left out by --defects: 103 pictures of fray",), seconds=8123.0,
    )  # fmt: skip


def _arm(name: str) -> ArmLine:
    kind = {"none": "real", "classical": "augmented", "my-set": "set"}.get(name, "made")
    zero = name.startswith("zero-shot ")
    pictures = 0 if kind in ("real", "augmented") else 60
    return ArmLine(name=name, kind=kind, maker=name, zero_shot=zero, pictures=pictures)  # type: ignore[arg-type]


def _cell(
    rng: np.random.Generator, task: str, arm: str, ratio: float, draw: int, seed: int, effects: Mapping[str, float],
    classes: Sequence[str],
) -> CellLine:  # fmt: skip
    shared = _fixed(0.05, draw, len(task)) + _fixed(0.02, draw, seed, 7)
    own = _fixed(0.012, draw, sum(map(ord, arm)))
    base = effects.get(arm, 0.02) * GROWTH.get(ratio, 1.0) * (1.0 if task == "segment" else 0.4)
    level = float(np.clip(0.34 + shared + base + own + rng.normal(0, 0.012), 0.02, 0.98))
    key = hashlib.sha256(f"{task}{arm}{ratio}{draw}{seed}".encode()).hexdigest()
    steps = (40, 80, 120, 160, 200)
    values = [level * (1 - np.exp(-step / 60)) + rng.normal(0, 0.01) for step in steps]
    curve = tuple({"step": float(s), "loss": 1 / s, "val": float(v)} for s, v in zip(steps, values, strict=True))
    numbers = CellNumbers(
        metrics=_metrics(task, level, rng),
        per_class={name: _metrics(task, level + 0.1 * k - 0.1, rng) for k, name in enumerate(classes)},
        curve=curve, best_step=200, val=float(values[-1]), seconds=16.0,
    )  # fmt: skip
    return CellLine(
        task=task, model="lite0", arm=arm, ratio=ratio, draw=draw, seed=seed, key=key, numbers=numbers
    )


def _fixed(spread: float, *key: int) -> float:
    """A number that is the same wherever its key is."""
    return float(np.random.default_rng(key).normal(0, spread))


def _metrics(task: str, level: float, rng: np.random.Generator) -> dict[str, float | None]:
    def near(value: float) -> float:
        return float(np.clip(value + rng.normal(0, 0.015), 0, 1))

    if task == "anomaly":
        found = {"balanced_accuracy": near(level + 0.2), "found": near(level + 0.1), "false_per_good": near(0.1),
                 "found_small": near(level), "image_auroc": 0.91, "image_ap": 0.88, "caught": 0.7, "iou": 0.3,
                 "pixel_ap": 0.4, "found_good_only": 0.5}  # fmt: skip
    elif task == "classify":
        found = {"balanced_accuracy": near(level + 0.2), "accuracy": near(level + 0.35), "recall": near(level + 0.2),
                 "auroc": near(0.6 + level / 2), "caught": near(level + 0.3)}  # fmt: skip
    else:
        found = {"pixel_ap": near(level), "f1_max": near(level + 0.05), "iou": near(level * 0.7),
                 "dice": near(level), "pro": near(level + 0.3), "image_auroc": near(0.65 + level / 2),
                 "false_per_good": near(0.06 - level / 20), "found": near(level + 0.15),
                 "found_small": near(level - 0.1), "caught": near(level + 0.2)}  # fmt: skip
    return dict(found)
