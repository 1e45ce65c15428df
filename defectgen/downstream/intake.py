"""What every task asks of its pictures before anything is trained: enough of each kind, in each split.

One line says which split lacks what. `require` is of all tasks, `require_masks` of those that learn or judge by pixel.
"""

from __future__ import annotations

import numpy as np

from defectgen.downstream.pool import Pool
from defectgen.errors import InputError

__all__ = ["LEAST_GOOD", "require", "require_boxes", "require_masks", "require_multiple"]

LEAST_GOOD = 4
"""Good pictures of a split; fewer say nothing about false alarms."""


def require(train: Pool, val: Pool, test: Pool, *, every_class_in_train: bool = True) -> None:
    """InputError where a split is empty, has too few good pictures, or lacks a class."""
    for name, pool in (("train", train), ("val", val), ("test", test)):
        if not len(pool):
            raise InputError(f"no {name} pictures; split the set with defectgen split")
        if pool.classes != train.classes or pool.side != train.side:
            raise InputError(f"the {name} pictures have other classes or another size than the training pictures")
        if len(pool.good) < LEAST_GOOD:
            raise InputError(
                f"{len(pool.good)} good pictures in the {name} split; expected {LEAST_GOOD} or more, to count alarms on"
            )
        lacking = [one for k, one in enumerate(pool.classes, 1) if not np.any(pool.labels == k)]
        if lacking and (name != "train" or every_class_in_train):
            raise InputError(
                f"no {', '.join(lacking)} in the {name} split; split again with more of it, or leave the class out"
            )
    if not train.classes:
        raise InputError("every picture is good; expected at least one class of defects")


def require_masks(*pools: Pool, task: str) -> None:
    """InputError where a defective picture has no mask, or an empty one."""
    for pool in pools:
        for i in pool.defective:
            if pool.annotations[i] != "mask" or not pool.masks[i].any():
                raise InputError(
                    f"{pool.names[i]} shows a {pool.classes[pool.labels[i] - 1]} without a mask; {task} needs masks on "
                    "every defective picture"
                )


def require_boxes(*pools: Pool, task: str) -> None:
    """InputError where a defective picture has no box."""
    for pool in pools:
        for i in pool.defective:
            if not len(pool.boxes[i]):
                raise InputError(
                    f"{pool.names[i]} shows a {pool.classes[pool.labels[i] - 1]} without a box; {task} needs boxes or "
                    "masks on every defective picture"
                )


def require_multiple(side: int, of: int, task: str) -> None:
    """InputError where the side does not fit the network's strides."""
    if side % of:
        raise InputError(f"size {side} px does not fit {task}; expected a multiple of {of}")
