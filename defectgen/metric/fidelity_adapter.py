"""Extractors of ours under torch-fidelity's own commands: registered once, then named to `calculate_metrics`.

    name = register(lite0())
    torch_fidelity.calculate_metrics(input1=..., input2=..., fid=True, feature_extractor=name, cuda=False)

It offers two layers: `vectors`, for FID, KID and precision and recall, and `logits`, for IS, which are the logarithms
of the class probabilities.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from defectgen.metric.extractor import Extractor
from defectgen.metric.optional_package import load_optional

__all__ = ["LAYERS", "register"]

LAYERS = ("vectors", "logits")
_LAYER_OF = {"isc": "logits", "fid": "vectors", "kid": "vectors", "prc": "vectors"}


def register(extractor: Extractor) -> str:
    """The name under which torch-fidelity now knows the extractor; the same one for the same fingerprint."""
    print_ = extractor.fingerprint
    name = "-".join(("defectgen", extractor.label or "inception", print_.weights_sha256[:8], print_.resize))
    name = "".join(letter if letter.isalnum() or letter in "-." else "_" for letter in name)
    registry = load_optional("torch_fidelity.registry")
    if name not in registry.FEATURE_EXTRACTORS_REGISTRY:
        load_optional("torch_fidelity").register_feature_extractor(name, _adapter(extractor))
    return name


def _adapter(extractor: Extractor) -> Any:
    import torch

    class Adapter(load_optional("torch_fidelity").FeatureExtractorBase):  # type: ignore[misc]
        """Takes (n, 3, H, W) uint8 and gives a tuple of the layers asked for, (n, D) and (n, K) float32."""

        def __init__(self, name: str, features_list: list[str], **_: object) -> None:
            super().__init__(name, features_list)

        def forward(self, pictures: torch.Tensor) -> tuple[torch.Tensor, ...]:
            vectors, chances = extractor.extract([picture.permute(1, 2, 0).cpu().numpy() for picture in pictures])
            layers = {"vectors": torch.from_numpy(vectors)}
            if chances is not None:
                layers["logits"] = torch.from_numpy(np.log(np.maximum(chances, np.finfo(np.float32).tiny)))
            return tuple(layers[name] for name in self.features_list)

        @staticmethod
        def get_provided_features_list() -> tuple[str, ...]:
            return LAYERS

        @staticmethod
        def get_default_feature_layer_for_metric(metric: str) -> str:
            return _LAYER_OF[metric]

        @staticmethod
        def can_be_compiled() -> bool:
            return False

        @staticmethod
        def get_dummy_input_for_compile() -> torch.Tensor:
            return torch.zeros((1, 3, 64, 64), dtype=torch.uint8)

    return Adapter
