"""Inception-v3 with the weights that FID is defined by (Heusel et al. 2017; Salimans et al. 2016 for IS).

The network is torch-fidelity's, the weights the public conversion of TensorFlow's graph of 2015-12-05. They come from a
file of the user's and are never fetched. 2,048 values after the last pooling; class probabilities are those of IS: the
1,008 logits without their bias. Input is 299 px, (x - 128) / 128.

The file's name carries the start of its sha256; another file is only taken when its hash is given, and then the
distances on it are not called plain FID.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

from defectgen.errors import WeightsError
from defectgen.metric.network_extractor import Forward, NetworkExtractor
from defectgen.metric.optional_package import load_optional
from defectgen.metric.reason import reason_of
from defectgen.metric.resize import Resize
from defectgen.metric.result import Fingerprint
from defectgen.metric.weights_file import check_sha256, read_tensors
from defectgen.user_cache import cache_folder

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["FID_SHA256", "FILE_NAMES", "find_weights", "inception"]

FID_SHA256 = "6726825d"
"""The start of the hash of the FID weights, as torch-fidelity and pytorch-fid publish it in the file's name."""
FILE_NAMES = (f"weights-inception-2015-12-05-{FID_SHA256}.pth", f"pt_inception-2015-12-05-{FID_SHA256}.pth")
SIDE, DIMENSIONS = 299, 2048
STAGES = (
    "Conv2d_1a_3x3", "Conv2d_2a_3x3", "Conv2d_2b_3x3", "MaxPool_1", "Conv2d_3b_1x1", "Conv2d_4a_3x3", "MaxPool_2",
    "Mixed_5b", "Mixed_5c", "Mixed_5d", "Mixed_6a", "Mixed_6b", "Mixed_6c", "Mixed_6d", "Mixed_6e", "Mixed_7a",
    "Mixed_7b", "Mixed_7c", "AvgPool",
)  # fmt: skip


def inception(
    path: Path | None = None, *, expected_sha256: str = FID_SHA256, resize: Resize = "clean"
) -> NetworkExtractor:
    """The extractor of a weights file, or of the one in the user's cache; WeightsError where there is none that fits.

    expected_sha256: a whole hash or its start. The label is empty for the FID weights alone, else it names the hash.
    """
    path = find_weights() if path is None else path
    sha256 = check_sha256(path, expected_sha256)
    fingerprint = Fingerprint(
        extractor="inception-v3", weights_sha256=sha256, resize=resize, input_px=SIDE, dtype="float32",
        dimensions=DIMENSIONS,
    )  # fmt: skip
    label = "" if sha256.startswith(FID_SHA256) else f"Inception-{sha256[:8]}"
    return NetworkExtractor(label, fingerprint, _forward(_network(path)))


def find_weights() -> Path:
    """The file in the user's cache, by one of its public names; WeightsError that says where to put it."""
    folder = cache_folder() / "weights"
    for name in FILE_NAMES:
        if (folder / name).is_file():
            return folder / name
    raise WeightsError(
        f"no Inception-v3 weights in {folder}; put torch-fidelity's {FILE_NAMES[0]} there or give its path by --weights"
    )


def _network(path: Path) -> Any:
    import torch

    module = load_optional("torch_fidelity.feature_extractor_inceptionv3")
    # The class reads its file as a pickle that may run code: it is given plain tensors that were read without.
    plain = io.BytesIO()
    torch.save(read_tensors(path), plain)
    plain.seek(0)
    try:
        return module.FeatureExtractorInceptionV3("inception-v3", ["2048"], feature_extractor_weights_path=plain)
    except RuntimeError as error:
        raise WeightsError(f"{path} does not fit Inception-v3 ({reason_of(error)}); give the FID weights") from None


def _forward(network: Any) -> Forward:
    """The stages in order: the network's own forward takes 8-bit pictures only, and resizes them in its own way."""

    def forward(pixels: Tensor) -> tuple[Tensor, Tensor | None]:
        hidden = (pixels - 128) / 128
        for stage in STAGES:
            hidden = getattr(network, stage)(hidden)
        vectors = hidden.flatten(1)
        return vectors, vectors @ network.fc.weight.T

    return forward
