"""Calibration: what an arm can change where a detector knows good pictures alone.

In the task `anomaly` a memory of good pictures ranks pictures and pixels. What an arm adds, real shots or synthetic
pictures, sets the alarm threshold on the pictures' scores and nothing else. So only what is counted at that threshold
is held against real only; rankings (AUROC, AP, PRO, what is caught at a given false-alarm rate) and marked areas are
the same for every arm, and augmented shots are the shots.
"""

from __future__ import annotations

__all__ = ["GOOD_ONLY", "calibrates", "may_differ"]

TASKS = ("anomaly",)
AT_ALARM = ("balanced_accuracy", "found", "false_per_good")
GOOD_ONLY = "_good_only"
"""What the names of metrics end in that are counted at the threshold from good pictures alone."""


def calibrates(task: str) -> bool:
    """Whether arms change no more than the threshold."""
    return task in TASKS


def may_differ(task: str, metric: str) -> bool:
    """Whether an arm can change this metric."""
    if not calibrates(task):
        return True
    return metric in AT_ALARM or (metric.startswith("found_") and not metric.endswith(GOOD_ONLY))
