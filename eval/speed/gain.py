"""How long a step and a cell of the gain trial take, beside a plain torch loop over the same networks.

    python eval/speed/gain.py --page eval/speed/GAIN.md      the numbers of GAIN.md (minutes on one core)
    python eval/speed/gain.py --tasks segment --sides 96     a part of them, printed alone

Made-up pictures: 400 good and 50 defective ones to train on, 200 in val, 540 in test, five types. A *step* is all that
the trial does for one: dealing, flipping and shifting a batch of 16, loss, gradients, update. The *plain* step has the
same network with the same layers learning, and a batch that lies ready as floats: float32, torch's own memory layout,
no dealing, AdamW. Both run in turn in one process, on one thread. A *cell* is one training of the default number of
steps, its looks at val, thresholds, and all numbers on test, forecast from its parts, each of them measured. Seconds
are of processor time, the least of several steps, so that what else a machine does counts for little.
"""

from __future__ import annotations

import argparse
import os
import platform
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from defectgen.downstream import classify, detect, draem, unet
from defectgen.downstream.batch import Batch, Batches
from defectgen.downstream.pool import Pool
from defectgen.downstream.task import STEPS, TrainOptions, Trial, make_task

CLASSES = ("pit", "crack", "stain", "chip", "fray")
BATCH, MEASURED, LOOKS = 16, 8, 5
MODULES = {"classify": classify, "detect": detect, "segment": unet, "supervised-anomaly": draem}


@dataclass(frozen=True)
class Row:
    """Seconds; plain is None for what is not trained by steps."""

    task: str
    side: int
    step: float | None
    plain: float | None
    look: float
    rest: float

    @property
    def cell(self) -> float:
        return STEPS[self.task] * (self.step or 0.0) + LOOKS * self.look + self.rest


def made_up(good: int, each: int, side: int, seed: int) -> Pool:
    """Noise with one block a defective picture."""
    rng = np.random.default_rng(seed)
    labels = np.array([0] * good + [k + 1 for k in range(len(CLASSES)) for _ in range(each)], np.int64)
    pixels = rng.normal(110, 12, (len(labels), side, side, 3)).clip(0, 255).astype(np.uint8)
    masks = np.zeros((len(labels), side, side), np.uint8)
    boxes = [np.zeros((0, 5), np.float32) for _ in labels]
    for i in np.flatnonzero(labels):
        x0, y0 = rng.integers(0, side // 2, 2).tolist()
        x1, y1 = x0 + int(rng.integers(3, side // 3)), y0 + int(rng.integers(3, side // 3))
        masks[i, y0:y1, x0:x1] = labels[i]
        pixels[i, y0:y1, x0:x1] //= 1 + labels[i].astype(np.uint8)
        boxes[i] = np.array([[x0, y0, x1, y1, labels[i]]], np.float32)
    names = tuple(map(str, range(len(labels))))
    kinds = tuple("mask" if k else "good" for k in labels)
    return Pool(pixels, masks, labels, tuple(boxes), kinds, names, names, CLASSES)


def made_trial(side: int) -> Trial:
    real, extra = made_up(400, 10, side, 0), made_up(0, 10, side, 1)
    return Trial(real, extra, made_up(150, 10, side, 2), made_up(380, 32, side, 3))


def network_of(task: str, side: int) -> tuple[nn.Module, Callable[[Batch], torch.Tensor]]:
    if task == "detect":
        detector = detect.make_detector(len(CLASSES), side)
        return detector, lambda batch: detect._loss(detector, batch)
    if task == "classify":
        classifier = classify.Classifier(len(CLASSES))
        return classifier, lambda batch: functional.cross_entropy(classifier(batch.pixels), batch.labels)
    network = unet.UNet(len(CLASSES)) if task == "segment" else draem.Draem()
    return network, network.loss


@contextmanager
def plainly(task: str) -> Iterator[None]:
    """float32 throughout."""
    modules: Any = (MODULES[task], unet)
    kept = [module.computing for module in modules]
    for module in modules:
        module.computing = lambda device, half=True: nullcontext()
    yield
    for module, computing in zip(modules, kept, strict=True):
        module.computing = computing


def plain_step(task: str, trial: Trial) -> float:
    """The least time of a step of the plain loop."""
    torch.manual_seed(0)
    network, loss_of = network_of(task, trial.real.side)
    network = network.to(memory_format=torch.contiguous_format).train()
    optimiser = torch.optim.AdamW([p for p in network.parameters() if p.requires_grad], 1e-4)
    batch = next(iter(Batches(trial, TrainOptions(batch=BATCH))))
    batch = Batch(batch.pixels.contiguous(), batch.masks, batch.labels, batch.boxes)
    taken = []
    with plainly(task):
        for _ in range(MEASURED):
            start = time.process_time()
            optimiser.zero_grad()
            loss_of(batch).backward()
            optimiser.step()
            taken.append(time.process_time() - start)
    return min(taken)


def run_task(task: str, trial: Trial) -> tuple[float | None, float, float]:
    """Least time of a step, time of a look, and of all else."""
    ticks = [time.process_time()]
    options = TrainOptions(steps=MEASURED, batch=BATCH, evaluations=MEASURED // 2)
    make_task(task).run(trial, options, lambda step, loss: ticks.append(time.process_time()))
    whole = time.process_time() - ticks[0]
    if len(ticks) == 1:
        return None, 0.0, whole
    between = [b - a for a, b in pairwise(ticks[1:])]  # a look follows each second step, so it is in each second gap
    step = min(between[0::2])
    look = max(0.0, min(between[1::2]) - step)
    return step, look, max(0.0, whole - MEASURED * step - MEASURED // 2 * look)


def measure(task: str, side: int) -> Row:
    trial = made_trial(side)
    if not STEPS[task]:
        return Row(task, side, None, None, 0.0, run_task(task, trial)[2])
    plain = plain_step(task, trial)
    step, look, rest = run_task(task, trial)
    return Row(task, side, step, min(plain, plain_step(task, trial)), look, rest)


def page(rows: list[Row]) -> str:
    lines = [
        "# Speed of the gain trial", "",
        f"Made by `python eval/speed/gain.py --page eval/speed/GAIN.md`: batch {BATCH}, one thread of a busy machine, "
        f"torch {torch.__version__}, {platform.machine()}, seconds of processor time. What a step, the plain step and "
        "a cell are stands at the head of the script.", "",
        "| task | side | steps | a step | plain step | ratio | a look at val | thresholds and test | a cell |",
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]  # fmt: skip
    for row in rows:
        step, plain, ratio = "", "", ""
        if row.step is not None and row.plain is not None:
            step, plain, ratio = f"{row.step:.3f} s", f"{row.plain:.3f} s", f"{row.step / row.plain:.2f}"
        lines.append(
            f"| {row.task} | {row.side} | {STEPS[row.task] or ''} | {step} | {plain} | {ratio} | {row.look:.1f} s | "
            f"{row.rest:.1f} s | {row.cell:.0f} s |"
        )
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", default=",".join(STEPS))
    parser.add_argument("--sides", default="96,128")
    parser.add_argument("--page", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(1)
    rows = []
    for task in options.tasks.split(","):
        for side in options.sides.split(","):
            rows.append(measure(task, int(side)))
            print(rows[-1], f"cell {rows[-1].cell:.0f} s", flush=True)
    print(page(rows))
    if options.page:
        options.page.write_text(page(rows))


if __name__ == "__main__":
    main()
