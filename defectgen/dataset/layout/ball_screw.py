"""Which of bsdata's pictures show the same place of a ball screw, by their names.

    01_200907165704_395000_270_crop_2    camera, time yymmddhhmmss, micrometres along the screw, degrees, crop
    KGT2-V-318-A08_crop_3                screw, S clean or V soiled, running number, section, crop

The camera follows the thread, 2.5 mm for each 45 degrees, and its view covers more than that: positions closer than
5 mm show the same pits, at another angle. So positions are chained, and a chain over all times is one group. Of the
KGT pictures neighbours in number overlap; screw and section together are one group.

Schlagenhauf, Landwehr: Industrial machine tool component surface defect dataset. Data in Brief 39, 2021.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

__all__ = ["places"]

SEQUENCE = re.compile(r"^(\d{2})_\d{12}_(\d{6})_\d{3}_crop_\d+$")
SINGLE = re.compile(r"^(KGT\d)-[SV]-\d{3}-(A\d{2})_crop_\d+$")
SAME_PLACE_UM = 5000


def places(stems: Iterable[str]) -> dict[str, str]:
    """The group of each file stem that is named like bsdata's; others are left out."""
    out: dict[str, str] = {}
    seen: list[tuple[str, int, str]] = []
    for stem in stems:
        if single := SINGLE.match(stem):
            out[stem] = f"{single[1]}-{single[2]}"
        elif one := SEQUENCE.match(stem):
            seen.append((one[1], int(one[2]), stem))
    start = last = None
    for camera, position, stem in sorted(seen):
        if last is None or start is None or camera != last[0] or position - last[1] >= SAME_PLACE_UM:
            start = f"{camera}_{position:06d}"
        last = camera, position
        out[stem] = start
    return out
