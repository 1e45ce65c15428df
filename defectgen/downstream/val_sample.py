"""The part of val that is looked at during training: at most MOST pictures, so that looking costs little.

Half of them good where there are enough, the defective ones spread over the classes. It does not depend on the seed of
a training, so that all arms and seeds of a study choose by the same pictures.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from defectgen.downstream.pool import Pool

__all__ = ["MOST", "val_sample"]

MOST = 96


def val_sample(val: Pool, most: int = MOST) -> Pool:
    """At most `most` pictures of val, in val's order."""
    if len(val) <= most:
        return val
    per_class = max(1, most // 2 // max(len(val.classes), 1))
    kept = [_spread(np.flatnonzero(val.labels == k), per_class) for k in range(1, len(val.classes) + 1)]
    kept.append(_spread(val.good, most - sum(len(one) for one in kept)))
    return val.take(np.sort(np.concatenate(kept)))


def _spread(indices: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """At most count of them, evenly spaced."""
    if len(indices) <= count:
        return indices
    return indices[np.linspace(0, len(indices) - 1, count).round().astype(np.int64)]
