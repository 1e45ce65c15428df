"""The components of a diffusers folder, and the files that each of them must have."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from defectgen.errors import WeightsError
from defectgen.sd.weights_file import PICKLES, header_shapes, parameter_count, refuse_pickle

__all__ = ["Files", "component_files", "components_of", "model_files", "read_json"]

UNUSED = ("safety_checker", "feature_extractor", "image_encoder")
WEIGHTS = re.compile(r"(?:diffusion_pytorch_)?model(?:\.(\w+))?(?:-(\d{5})-of-(\d{5}))?\.safetensors")
VARIANTS = ("", "fp16")
TOKENS = ("tokenizer.json", "vocab.json", "spiece.model")


@dataclass(frozen=True)
class Files:
    """The weights of one component. variant: "" for the plain ones. parameters: how many there are."""

    paths: tuple[Path, ...]
    variant: str
    parameters: int


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object; WeightsError where there is none."""
    if not path.is_file():
        raise WeightsError(f"{path} is missing; expected a whole diffusers folder, fetch it again")
    try:
        found = json.loads(path.read_text())
    except ValueError:
        raise WeightsError(f"{path} is no JSON; fetch it again") from None
    if not isinstance(found, dict):
        raise WeightsError(f"{path} holds no JSON object; fetch it again")
    return found


def components_of(folder: Path) -> tuple[str, ...]:
    """Names of the components that a pipeline of this folder needs."""
    index = read_json(folder / "model_index.json")
    named = {name: value for name, value in index.items() if isinstance(value, list) and value and value[0]}
    return tuple(name for name in named if name not in UNUSED)


def component_files(folder: Path, name: str, needed: bool = True) -> Files:
    """The weights of a component; WeightsError where a file that it needs is missing, cut off or a pickle.

    needed: False where weights may still have to be fetched.
    """
    own = folder / name
    if name == "scheduler":
        read_json(own / "scheduler_config.json")
        return Files((), "", 0)
    if name.startswith("tokenizer"):
        if not any((own / file).is_file() for file in TOKENS):
            raise WeightsError(f"{own} has no vocabulary ({' or '.join(TOKENS)}); fetch the folder again")
        return Files((), "", 0)
    return model_files(own, needed)


def model_files(own: Path, needed: bool = True) -> Files:
    """The same for a folder of one model: config.json and weights."""
    read_json(own / "config.json")
    paths, variant = _weights(own)
    if not paths:
        if needed:
            _refuse(own)
        return Files((), "", 0)
    return Files(paths, variant, sum(parameter_count(header_shapes(path)) for path in paths))


def _weights(own: Path) -> tuple[tuple[Path, ...], str]:
    found: dict[str, list[tuple[Path, int, int]]] = {}
    for path in sorted(own.iterdir()):
        match = WEIGHTS.fullmatch(path.name)
        if match:
            part, parts = int(match[2] or 1), int(match[3] or 1)
            found.setdefault(match[1] or "", []).append((path, part, parts))
    for variant in VARIANTS:
        if variant in found:
            files = found[variant]
            whole = [one for one in files if one[2] == 1] or files
            if len(whole) < whole[0][2]:
                raise WeightsError(f"{own} has {len(whole)} of {whole[0][2]} files of weights; fetch it again")
            return tuple(path for path, _, _ in whole), variant
    return (), ""


def _refuse(own: Path) -> None:
    for path in sorted(own.iterdir()):
        if path.suffix in PICKLES:
            refuse_pickle(path)
    raise WeightsError(f"{own} holds no weights; expected a .safetensors file in it, fetch the folder again")
