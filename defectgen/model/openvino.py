"""The U-Net of a model folder, run on the CPU by OpenVINO instead of torch.

The graph is traced and converted once for a model folder and kept in the user's cache folder, which may be deleted at
any time:

    $XDG_CACHE_HOME/defectgen/openvino/<sha256 of the weights>-<version of OpenVINO>/    ~/.cache without the variable
        unet.xml, unet.bin    OpenVINO's format, float32
        sha256                of both

It is compiled anew in every process, for each batch size that occurs: fixed shapes run faster than free ones.
"""

from __future__ import annotations

import hashlib
import importlib
import os
import shutil
import sys
import warnings
from collections.abc import Sequence
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor, nn

from defectgen.model.adapter import Adapter, adapted_unet
from defectgen.model.checkpoint import verify
from defectgen.model.condition import TEXT_DIM, VECTOR_DIM

__all__ = ["OpenVinoUnet", "cache_folder", "import_openvino"]

_GRAPH, _WEIGHTS, _DIGEST = "unet.xml", "unet.bin", "sha256"
_WORDS = 24


def import_openvino() -> Any:
    """The module `openvino`, without the telemetry that it would send home on import and on every conversion."""
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    return importlib.import_module("openvino")


def cache_folder() -> Path:
    """Where converted models are kept."""
    root = os.environ.get("XDG_CACHE_HOME")
    return (Path(root) if root else Path.home() / ".cache") / "defectgen" / "openvino"


class _Positional(nn.Module):
    """Conversion wants plain arguments and one plain result."""

    def __init__(self, unet: Any) -> None:
        super().__init__()
        self.unet = unet

    def forward(self, grid: Tensor, time: Tensor, tokens: Tensor, padding: Tensor, vector: Tensor) -> Tensor:
        out: tuple[Tensor] = self.unet(
            grid, time, encoder_hidden_states=tokens, encoder_attention_mask=padding, class_labels=vector,
            return_dict=False,
        )  # fmt: skip
        return out[0]


class OpenVinoUnet:
    """Stands where `EditNetwork` expects a diffusers U-Net; CPU tensors in, CPU tensors out."""

    def __init__(self, folder: Path, threads: int, adapters: Sequence[Adapter] = ()) -> None:
        """folder: a model folder, see `checkpoint`. Raises WeightsError when it is damaged."""
        self._core = import_openvino().Core()
        self._graph = _converted(folder, self._core, adapters)
        native = "BF16" in self._core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
        self._settings = {
            "INFERENCE_PRECISION_HINT": "bf16" if native else "f32",
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_NUM_THREADS": threads,
            "ENABLE_CPU_PINNING": False,
        }
        self._requests: dict[tuple[torch.Size, ...], Any] = {}
        # `EditNetwork` asks a U-Net for its number format here.
        self.conv_in = SimpleNamespace(weight=torch.empty(0, dtype=torch.float32))

    def __call__(
        self, grid: Tensor, time: Tensor, *, encoder_hidden_states: Tensor, encoder_attention_mask: Tensor,
        class_labels: Tensor,
    ) -> SimpleNamespace:  # fmt: skip
        """As `UNet2DConditionModel`: `.sample` is (B, 96, G, G) for a grid (B, 160, G, G)."""
        given = (grid, time, encoder_hidden_states, encoder_attention_mask, class_labels)
        request = self._request(tuple(part.shape for part in given))
        results = request.infer([part.contiguous().numpy() for part in given], share_inputs=True)
        return SimpleNamespace(sample=torch.from_numpy(results[0]))

    def _request(self, shapes: tuple[torch.Size, ...]) -> Any:
        if shapes not in self._requests:
            graph = self._graph.clone()
            graph.reshape({i: list(shape) for i, shape in enumerate(shapes)})
            compiled = self._core.compile_model(graph, "CPU", self._settings)
            self._requests[shapes] = compiled.create_infer_request()
        return self._requests[shapes]


def _converted(folder: Path, core: Any, adapters: Sequence[Adapter]) -> Any:
    """The graph of a model folder: the kept one if it is whole, else a new one, kept if the disk lets us."""
    place = cache_folder() / f"{_weights_sha256(folder, adapters)}-{version('openvino')}"
    if _is_whole(place):
        return core.read_model(place / _GRAPH)
    graph = _convert(adapted_unet(folder, torch.float32, "cpu", adapters))
    # Without a copy on disk the next start takes longer; the result is the same.
    with suppress(OSError, RuntimeError):
        _keep(graph, place)
    return graph


def _weights_sha256(folder: Path, adapters: Sequence[Adapter]) -> str:
    """Of the base weights alone, or of all digests and scales together."""
    base = verify(folder).weights_sha256
    parts = [f"{one.info.weights_sha256}:{one.scale:g}" for one in adapters]
    return hashlib.sha256(" ".join([base, *parts]).encode()).hexdigest() if parts else base


def _convert(unet: Any) -> Any:
    side = int(unet.config["sample_size"])
    example = (
        torch.zeros(2, int(unet.config["in_channels"]), side, side),
        torch.full((2,), 500.0),
        torch.zeros(2, _WORDS, TEXT_DIM),
        torch.ones(2, _WORDS, dtype=torch.bool),
        torch.zeros(2, VECTOR_DIM),
    )
    with warnings.catch_warnings():
        # Tracing warns of every branch it freezes; they depend on shapes, which are fixed for a model.
        warnings.simplefilter("ignore")
        return import_openvino().convert_model(_Positional(unet), example_input=example)


def _digest(place: Path) -> str:
    return hashlib.sha256((place / _GRAPH).read_bytes() + (place / _WEIGHTS).read_bytes()).hexdigest()


def _is_whole(place: Path) -> bool:
    try:
        return (place / _DIGEST).read_text() == _digest(place)
    except OSError:
        return False


def _keep(graph: Any, place: Path) -> None:
    """Make the folder `place` appear complete or not at all."""
    place.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=".tmp-", dir=place.parent) as scratch:
        made = Path(scratch) / place.name
        made.mkdir()
        import_openvino().save_model(graph, made / _GRAPH, compress_to_fp16=False)
        (made / _DIGEST).write_text(_digest(made))
        if not _is_whole(place):
            shutil.rmtree(place, ignore_errors=True)
            made.rename(place)
