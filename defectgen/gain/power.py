"""Power: how large an effect must be for a trial of this size to notice it.

A paired difference with standard error e over n draws is called where |t| exceeds the quantile c of Student's t at
1 - alpha / (2 m), m arms being judged together. For a true effect of d the statistic follows the noncentral t with
noncentrality d / e, so d / e at which it exceeds c in `POWER` of all trials is what can be noticed (Cohen, Statistical
Power Analysis for the Behavioral Sciences, 1988, chapter 2).
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from scipy import special

from defectgen.gain.paired import LEVEL, Paired
from defectgen.gain.verdict import ALPHA, FEWEST_DRAWS, Verdict

__all__ = ["POWER", "noticeable", "noticeable_by"]

POWER = 0.8


def noticeable(paired: Paired, family: int) -> float | None:
    """The effect that POWER of such trials would notice, in the metric's units; None where there is no verdict."""
    if paired.low is None or paired.high is None or paired.draws < FEWEST_DRAWS or paired.high <= paired.low:
        return None
    freedom = paired.draws - 1
    error = (paired.high - paired.low) / 2 / float(special.stdtrit(freedom, (1 + LEVEL) / 2))
    least = float(special.stdtrit(freedom, 1 - ALPHA / (2 * family)))
    return error * float(special.nctdtrinc(freedom, 1 - POWER, least))


def noticeable_by(verdicts: Sequence[Verdict]) -> float | None:
    """The middle one of several arms; None without any."""
    found = [size for one in verdicts if (size := noticeable(one.paired, one.family)) is not None]
    return median(found) if found else None
