"""Our metrics beside torch-fidelity's own functions on the same features: the numbers of PARITY.md.

    python eval/audit/parity.py                  features drawn at random
    python eval/audit/parity.py SET REAL         also the Lite0 features of two collections' defective pictures

Both sides get the same float32 rows. torch-fidelity gets them twice: as they are, and as float64, since it computes in
the precision of what it is given.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
import torch_fidelity
from numpy.typing import NDArray
from torch_fidelity.helpers import text_to_dtype
from torch_fidelity.metric_fid import fid_features_to_statistics, fid_statistics_to_metric
from torch_fidelity.metric_isc import isc_features_to_metric
from torch_fidelity.metric_kid import kid_features_to_metric
from torch_fidelity.metric_prc import prc_features_to_metric

from defectgen.metric.collection import open_collection
from defectgen.metric.feature import features_of
from defectgen.metric.frechet import frechet_distance
from defectgen.metric.inception_score import inception_score
from defectgen.metric.kid import kid_subsets
from defectgen.metric.lite0 import lite0
from defectgen.metric.precision_recall import precision_recall

RESULT = Path(__file__).with_name("PARITY.md")
F32 = NDArray[np.float32]
Numbers = dict[str, float]
SUBSETS = 20
SEED = 2020


def ours(x: F32, y: F32, logits: F32) -> Numbers:
    subset = kid_subsets(x, y, min(len(x), len(y), 1000), SUBSETS, SEED)
    balls, splits = precision_recall(x, y), inception_score(softmax(logits), 10, SEED)
    return {
        "FID": frechet_distance(x, y), "KID mean": subset.mean, "KID deviation": subset.deviation,
        "precision": balls.precision, "recall": balls.recall, "IS mean": splits.mean, "IS deviation": splits.deviation,
    }  # fmt: skip


def softmax(logits: F32) -> NDArray[np.float64]:
    return torch.from_numpy(logits).double().softmax(1).numpy()


def theirs(x: F32, y: F32, logits: F32, dtype: torch.dtype) -> Numbers:
    a, b = torch.from_numpy(x).to(dtype), torch.from_numpy(y).to(dtype)
    fid = fid_statistics_to_metric(fid_features_to_statistics(a), fid_features_to_statistics(b), False)
    size = min(len(x), len(y), 1000)
    kid = kid_features_to_metric(a, b, kid_subsets=SUBSETS, kid_subset_size=size, rng_seed=SEED, verbose=False)
    prc = prc_features_to_metric(a, b, verbose=False)
    isc = isc_features_to_metric(torch.from_numpy(logits), 10, True, SEED)
    return {
        "FID": fid["frechet_inception_distance"], "KID mean": kid["kernel_inception_distance_mean"],
        "KID deviation": kid["kernel_inception_distance_std"], "precision": prc["precision"], "recall": prc["recall"],
        "IS mean": isc["inception_score_mean"], "IS deviation": isc["inception_score_std"],
    }  # fmt: skip


def drawn() -> Iterator[tuple[str, F32, F32, F32]]:
    rng = np.random.default_rng(0)

    def normal(n: int, d: int, shift: float = 0.0) -> F32:
        return (rng.normal(size=(n, d)) + shift).astype(np.float32)

    yield "Gaussians, 400 and 300, 64 dimensions", normal(400, 64, 0.2), normal(300, 64), 3 * normal(400, 100)
    yield "Gaussians, 60 and 90, 256 dimensions", normal(60, 256, 0.2), normal(90, 256), 3 * normal(60, 100)
    yield "Gaussians about 1,000, 400 and 300, 64 dimensions", normal(400, 64, 1000.02), normal(300, 64, 1000), 3 * (
        normal(400, 100)
    )


def real(set_path: Path, real_path: Path) -> tuple[str, F32, F32, F32]:
    """The logarithm of a probability serves as its logit: softmax gives the probability back."""
    network = lite0()
    found = [
        features_of(open_collection(path).defective, "image", network, cache=None) for path in (set_path, real_path)
    ]
    assert found[0].probabilities is not None
    logits = np.log(np.maximum(found[0].probabilities, 1e-30)).astype(np.float32)
    x, y = (np.array(one.vectors) for one in found)
    return f"Lite0 features, {set_path.name} {len(x)} and {real_path.name} {len(y)}", x, y, logits


def relative(a: float, b: float) -> str:
    return f"{abs(a - b) / max(abs(b), 1e-300):.1e}" if a != b else "0"


def table(title: str, x: F32, y: F32, logits: F32) -> str:
    mine, double, single = ours(x, y, logits), theirs(x, y, logits, torch.float64), theirs(x, y, logits, torch.float32)
    lines = [
        f"## {title}\n",
        "| metric | ours | torch-fidelity, float64 rows | off by | torch-fidelity, float32 rows | off by |",
        "|---|--:|--:|--:|--:|--:|",
    ]  # fmt: skip
    for name, value in mine.items():
        lines.append(
            f"| {name} | {value:.9g} | {double[name]:.9g} | {relative(value, double[name])} | {single[name]:.9g} |"
            f" {relative(value, single[name])} |"
        )
    return "\n".join(lines)


def found_dtypes() -> str:
    named = {name: text_to_dtype(name) for name in ("float32", "float64")}
    trap = named["float64"] is not torch.float64
    verdict = "its network still runs in float32 when asked for float64" if trap else "float64 means float64"
    named_so = ", ".join(f"`{name}` as `{dtype}`" for name, dtype in named.items())
    return (
        f"torch-fidelity {torch_fidelity.__version__}'s table of dtypes gives {named_so}: {verdict}. Its statistics"
        " take the precision of the features, float32, but for the covariance (NumPy makes it float64) and IS. Here"
        " every statistic is float64, whatever the features are.\n\n"
        "Where there are fewer rows than dimensions, its eigenvalues of Σ₁Σ₂ that should be 0 are rounding, whose"
        " square roots add up: FID is off in the eighth digit. Where features lie far from 0, float32 loses KID"
        " altogether."
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sets", nargs="*", type=Path, help="SET REAL")
    sets = parser.parse_args().sets
    cases = list(drawn())
    if sets:
        cases.append(real(sets[0], sets[1]))
    command = " ".join(["python eval/audit/parity.py", *(path.name for path in sets)])
    head = (
        f"# Our metrics beside torch-fidelity's\n\nMade by `{command}`; torch-fidelity {torch_fidelity.__version__},"
        f" {SUBSETS} KID subsets of all rows that both sides hold (1,000 at most), k = 3, 10 splits, seed {SEED}."
        ' "Off by" is relative.'
    )
    RESULT.write_text("\n\n".join([head, found_dtypes(), *(table(*case) for case in cases)]) + "\n")


if __name__ == "__main__":
    main()
