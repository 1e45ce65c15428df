"""IC-LPIPS: how different generated pictures are that come from the same real one (intra-cluster LPIPS).

Each generated picture belongs to the cluster of the real picture that is nearest by LPIPS; the mean distance of all
pairs in a cluster, averaged over clusters (Ojha et al., "Few-shot Image Generation via Cross-domain Correspondence",
2021). Higher is more diverse, and noise is the most diverse of all: it is no measure of quality. Published numbers come
from different definitions, so each is computed under the name of the paper that uses it:

    dfmgan   AlexNet; the first 200 of each cluster; clusters of one or none count as 0. Read from the authors' public
             code (metrics/lpips.py; Duan et al. 2023), which also prints the mean without zeros.
    seas     VGG-16; the first 140 of each cluster out of 1,000 pictures; clusters of one or none count as 0. Read from
             the authors' public code (utils/metrics/metrics_lpips.py; Dai et al. 2024).
    magic    VGG-16; 50 of each cluster, drawn at random; clusters of one or none are left out. MAGIC's evaluation
             (Choi et al. 2025) names a script of AnomalyDiffusion's (Hu et al. 2024), which was read in public copies;
             its real pictures are the first third of the test folder. That it is unchanged in MAGIC is not certain.

What is not reproduced: both DFMGAN's and SeaS' code hand real pictures to LPIPS as 0..255 beside generated ones in
-1..1 while clusters are formed, so their clusters are not those of LPIPS. Here both are in -1..1. All pictures come to
256 px by a bilinear filter with support, as in two of the three; SeaS takes its real ones by nearest neighbour.

With the offline distance the same sums are called *IC-LPIPS-Lite0*, and are on another scale.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from defectgen.errors import InputError
from defectgen.metric.perceptual import Backbone, PerceptualDistance

__all__ = ["ICLPIPS", "SMALLEST", "VARIANTS", "Variant", "cluster_of", "diversity", "ic_lpips"]

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
U8 = NDArray[np.uint8]
SMALLEST = 2


@dataclass(frozen=True)
class Variant:
    """A published definition. most: pictures of a cluster that count, the first ones or drawn at random.

    singletons: whether clusters of fewer than two pictures count as 0 or are left out.
    """

    name: str
    backbone: Backbone
    most: int
    pick: Literal["first", "random"]
    singletons: Literal["zero", "drop"]


VARIANTS = {
    "dfmgan": Variant("dfmgan", "alex", 200, "first", "zero"),
    "seas": Variant("seas", "vgg", 140, "first", "zero"),
    "magic": Variant("magic", "vgg", 50, "random", "drop"),
}


@dataclass(frozen=True)
class ICLPIPS:
    """metric: "IC-LPIPS (dfmgan)", "IC-LPIPS-Lite0 (dfmgan)" and so on, after the distance that was really used.

    sizes: generated pictures of each real one's cluster, before any are left out. of_clusters: mean distance of each,
    not a number for fewer than two pictures. without_empty: the mean over clusters of two and more.
    """

    metric: str
    value: float
    without_empty: float
    sizes: tuple[int, ...]
    of_clusters: tuple[float, ...]


def ic_lpips(
    generated: Sequence[U8], real: Sequence[U8], variant: Variant, distance: PerceptualDistance, *, seed: int = 0
) -> ICLPIPS:
    """Of (H, W, 3) uint8 pictures of any sizes, in order; seed draws where the variant does.

    InputError where there are too few, where the distance is LPIPS on another backbone than the variant's, and where no
    cluster has two pictures.
    """
    if len(generated) < SMALLEST or not len(real):
        raise InputError(
            f"IC-LPIPS: {len(generated)} generated and {len(real)} real pictures; at least {SMALLEST} and 1 are needed"
        )
    metric = _metric_name(variant, distance)
    belongs = cluster_of(generated, real, distance)
    rng = np.random.default_rng(seed)
    means = []
    for k in range(len(real)):
        chosen = _chosen(np.flatnonzero(belongs == k), variant, rng)
        means.append(diversity([generated[i] for i in chosen], distance) if len(chosen) >= SMALLEST else np.nan)
    of_clusters = np.array(means)
    if np.isnan(of_clusters).all():
        raise InputError(f"{metric}: no cluster has two of {len(generated)} pictures; generate more of them")
    without_empty = float(np.nanmean(of_clusters))
    value = float(np.nan_to_num(of_clusters).mean()) if variant.singletons == "zero" else without_empty
    sizes = np.bincount(belongs, minlength=len(real))
    return ICLPIPS(metric, value, without_empty, tuple(sizes.tolist()), tuple(of_clusters.tolist()))


def cluster_of(generated: Sequence[U8], real: Sequence[U8], distance: PerceptualDistance) -> I64:
    """(n,): the nearest real picture of each generated one; the first of equally near ones."""
    return np.asarray(distance.cross(generated, real).argmin(axis=1), np.int64)


def diversity(pictures: Sequence[U8], distance: PerceptualDistance) -> float:
    """Mean perceptual distance of all pairs: of the samples of one mask or one prompt, how much they vary."""
    if len(pictures) < SMALLEST:
        raise InputError(f"diversity: {len(pictures)} pictures; at least {SMALLEST} are needed")
    return float(distance.within(pictures).mean())


def _chosen(members: I64, variant: Variant, rng: np.random.Generator) -> I64:
    if variant.pick == "random":
        members = rng.permutation(members)
    return members[: variant.most]


def _metric_name(variant: Variant, distance: PerceptualDistance) -> str:
    if distance.name == f"LPIPS-{variant.backbone}":
        return f"IC-LPIPS ({variant.name})"
    if distance.name.startswith("LPIPS-"):
        raise InputError(
            f"IC-LPIPS ({variant.name}) is defined on LPIPS-{variant.backbone}, not {distance.name}; "
            f"give the weights of {variant.backbone}"
        )
    return f"IC-LPIPS-{distance.name} ({variant.name})"
