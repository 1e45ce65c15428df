"""Published protocols: how three papers on generated defects compute their numbers, and what is wrong with that.

Each is described by what its paper and its public code say. What neither says is marked so, with the choice made here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from defectgen.errors import InputError

__all__ = ["PROTOCOLS", "Number", "Published", "published"]

Number = Literal["IS", "KID", "IC-LPIPS"]


@dataclass(frozen=True)
class Published:
    """numbers: that it reports, in its order. diversity: its variant in `ic_lpips`. settings, flaws: as in `Protocol`.

    references: which share of a type's real pictures, the first by name, IC-LPIPS takes; 3 is a third. generated:
    pictures a type.
    """

    name: str
    paper: str
    numbers: tuple[Number, ...]
    diversity: Literal["seas", "magic"]
    references: int
    settings: dict[str, str]
    flaws: tuple[str, ...]
    generated: int = 1000


BY_TYPE = "each type of defect by itself, then the mean over types"
IS_SETTING = "torch-fidelity's --isc: Inception-v3, 10 splits, shuffled with seed 2020"
KID_SETTING = (
    "torch-fidelity's --kid: 100 subsets, cubic kernel; its subsets of 1,000 cannot be drawn from fewer real pictures,"
    " and the size used is not published: here the smallest of 1,000 and both sides"
)
RANDOM_50 = (
    "LPIPS with VGG at 256 x 256 px, bilinear; references are the first third of the real pictures by name; each"
    " generated one joins its nearest reference; mean over clusters of the mean distance of pairs among 50 drawn at"
    " random; clusters of one are dropped"
)
FIRST_140 = (
    "LPIPS with VGG at 256 x 256 px; references are all real pictures of the type; each generated one joins its"
    " nearest reference, until that has 140; mean over clusters of the mean distance of all pairs; clusters of one or"
    " none count as 0"
)
REFERENCES = "real pictures of KID: all of the type; which ones were taken is not published"
SHARED_FLAWS = (
    "No interval and no floor: a type of MVTec AD has about 10 to 30 real pictures, and what two halves of them score"
    " against each other is not known.",
    "IC-LPIPS rises with any difference between pictures, noise and broken backgrounds included, and its references are"
    " pictures that the generator was trained on; higher is not better by itself.",
)
DRAWN = "The 50 or fewer pictures of a cluster are drawn without a fixed seed, so the number changes from run to run."
IS_FLAWS = (
    "The inception score sees no real picture: a user reports 2.91 on MVTec AD for DRAEM's pasted textures, where SeaS"
    " reports 1.88 for its own (SeaS, issue 30).",
    "It asks a classifier of everyday objects about one part at a time: values near 2 say little of defects.",
)
KID_FLAWS = (
    "KID of torch-fidelity needs as many pictures as its subsets hold (1,000 unless told otherwise); with a few tens of"
    " real ones the size must have been changed, by how much is not said.",
)
ANOMALYDIFFUSION = Published(
    "anomalydiffusion", "Hu et al., AnomalyDiffusion, AAAI 2024, arXiv 2312.05767", ("IS", "IC-LPIPS"), "magic", 3,
    {
        "by": BY_TYPE, "generated": "1,000 a type", "IS": IS_SETTING, "IC-LPIPS": RANDOM_50,
        "training pictures": "the first third of each type's real pictures by name",
    },
    (
        "Training stops after picture n // 3 of each type and testing starts at it: one picture a type is in both.",
        "The localisation network keeps the epoch that scores best on the test pictures.",
        "Pixel F1-max looks at 21 thresholds, 0 to 1 in steps of 0.05; the printed line of that name shows AP instead.",
        "The released pictures were filtered of poor ones and are about 500 a type, not 1,000; users report lower IS"
        " and IC-LPIPS on them than the paper's (issues 100 and 119).",
        *IS_FLAWS, *SHARED_FLAWS, DRAWN,
    ),
)  # fmt: skip
SEAS = Published(
    "seas", "Dai et al., SeaS, arXiv 2410.14987", ("IS", "KID", "IC-LPIPS"), "seas", 1,
    {
        "by": BY_TYPE, "generated": "1,000 a type", "IS": IS_SETTING, "KID": KID_SETTING, "reference": REFERENCES,
        "IC-LPIPS": FIRST_140,
    },
    (
        "Clusters stop at 140 pictures to save GPU memory, as its authors say (issue 30): a set that falls into few"
        " clusters is judged by a part of it.",
        "Real pictures reach LPIPS as 0..255 beside generated ones in -1..1 while clusters are formed, so its clusters"
        " are not LPIPS's; here they are.",
        *KID_FLAWS, *IS_FLAWS, *SHARED_FLAWS,
    ),
)  # fmt: skip
MAGIC = Published(
    "magic", "Choi et al., MAGIC, arXiv 2507.02314", ("KID", "IC-LPIPS"), "magic", 3,
    {
        "by": BY_TYPE, "generated": "1,000 a type (as the papers it compares with; its own number is not published)",
        "KID": KID_SETTING, "reference": REFERENCES, "IC-LPIPS": RANDOM_50,
    },
    (
        *KID_FLAWS, *SHARED_FLAWS, DRAWN,
        "Parameters of the published run are not all given; a user could not reproduce KID on one product (issue 8).",
    ),
)  # fmt: skip
PROTOCOLS = (ANOMALYDIFFUSION, SEAS, MAGIC)


def published(name: str) -> Published:
    """By name; InputError for another."""
    for one in PROTOCOLS:
        if one.name == name:
            return one
    names = ", ".join(one.name for one in PROTOCOLS)
    raise InputError(f"unknown protocol {name!r}; expected one of {names}")
