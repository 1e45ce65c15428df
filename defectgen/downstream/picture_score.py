"""What chances of types are worth against the true types of whole pictures.

accuracy and balanced_accuracy (mean recall of the types, good being one) are of the likeliest type. auroc and
average_precision tell defective from good. found: share of defective pictures whose chance of a defect reaches the
alarm threshold, which comes from val's good pictures; false_per_good: share of good ones that do.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from defectgen.downstream.pool import Pool
from defectgen.downstream.ranking import rank

__all__ = ["balanced_accuracy", "class_scores", "overall_scores"]

F32 = NDArray[np.float32]
Labels = NDArray[np.int64]


def balanced_accuracy(predicted: Labels, labels: Labels) -> float:
    """Mean over the labels that are there of the share of each that is predicted right."""
    return float(np.mean([np.mean(predicted[labels == k] == k) for k in np.unique(labels)]))


def overall_scores(chances: F32, pool: Pool, alarm: float) -> dict[str, float]:
    """Of chances (N, C + 1), good first."""
    predicted, defect = chances.argmax(1), 1.0 - chances[:, 0]
    ranking, alarms = rank(defect, pool.labels > 0), defect >= np.float32(alarm)
    return {
        "accuracy": float(np.mean(predicted == pool.labels)),
        "balanced_accuracy": balanced_accuracy(predicted, pool.labels),
        "auroc": ranking.auroc(),
        "average_precision": ranking.average_precision(),
        "found": float(np.mean(alarms[pool.defective])),
        "false_per_good": float(np.mean(alarms[pool.good])),
    }


def class_scores(chances: F32, pool: Pool, alarm: float) -> dict[str, dict[str, float]]:
    """Of each type that has pictures: recall and f1 of the type; auroc and found against good ones."""
    predicted, defect = chances.argmax(1), 1.0 - chances[:, 0]
    rows = {}
    for k, name in enumerate(pool.classes, 1):
        mine = pool.labels == k
        if not mine.any():
            continue
        kept = mine | (pool.labels == 0)
        right = int(np.count_nonzero(mine & (predicted == k)))
        rows[name] = {
            "recall": right / int(mine.sum()),
            "f1": 2 * right / (int(mine.sum()) + int(np.count_nonzero(predicted == k))),
            "auroc": rank(defect[kept], mine[kept]).auroc(),
            "found": float(np.mean(defect[mine] >= np.float32(alarm))),
        }
    return rows
