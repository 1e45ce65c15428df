"""Conditions for a ControlNet (Zhang et al. 2023): the good window's structure, and the outline of the mask in it.

    canny      edges, Canny 1986                     lineart    dark lines, by difference from a blurred picture
    hed        Xie & Tu 2015, weights by path        pidinet    Su et al. 2021, weights by path
    depth      a transformers folder of a depth model; the defect's own profile is pressed into the map

Lines in and right beside the mask are left out, so that the part's structure neither draws through the defect nor
drowns it, and the mask's outline is drawn instead. The detectors are controlnet-aux's; what it would load as a pickle
is read here instead, as tensors only.
"""

from __future__ import annotations

import pickle
import warnings
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from defectgen.band import grow
from defectgen.errors import InputError, WeightsError
from defectgen.sd.options import parse_control
from defectgen.sd.weights_file import header_shapes

__all__ = ["Conditioner", "check_control"]

F32 = NDArray[np.float32]
LINE, MOAT_PX = 1.0, 6
DENT = 0.15  # of the depth map's range, where the defect is deepest
CANNY = (60, 140)
"""Thresholds below controlnet-aux's own 100 and 200, which see nothing on a brushed surface."""


def check_control(text: str) -> None:
    """Refuses a control whose package or weights are not here."""
    name, file = parse_control(text)
    if name != "depth" and find_spec("controlnet_aux") is None:
        raise InputError("a ControlNet needs controlnet-aux, which is not installed; pip install 'defectgen[sd]'")
    if file is None:
        return
    if name == "depth" and not (file / "config.json").is_file():
        raise WeightsError(f"{file} is no depth model; expected a folder with config.json and .safetensors")
    if name != "depth" and not file.is_file():
        raise WeightsError(f"there is no file {file}; expected the weights of {name}")
    if file.suffix == ".safetensors":
        header_shapes(file)


class Conditioner:
    """Draws the condition of a window by the control that `SdOptions.control` names."""

    def __init__(self, control: str, device: str = "cpu") -> None:
        check_control(control)
        self._name, file = parse_control(control)
        self._draw = _depth(file, device) if self._name == "depth" else _lines(self._name, file, device)

    def draw(self, good: F32, alpha: F32, profile: F32) -> F32:
        """(S, S, 3) in [0, 1] of a good window (S, S, 3) and the mask's coverage and profile, (S, S)."""
        found = self._draw(np.rint(good * 255).astype(np.uint8))
        found = _dented(found, alpha * profile) if self._name == "depth" else _outlined(found, alpha)
        return np.repeat(found[..., None], 3, 2).astype(np.float32)


def _dented(nearness: F32, depth: F32) -> F32:
    """The map with room below it, so that a defect on the farthest ground shows too."""
    return np.asarray(DENT + (1 - DENT) * nearness - DENT * depth, np.float32)


def _outlined(lines: F32, alpha: F32) -> F32:
    inside = (alpha >= 0.5).astype(np.uint8)
    drawn = np.where(grow(inside > 0, MOAT_PX), 0, lines).astype(np.float32)
    contours, _ = cv2.findContours(inside, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    return np.asarray(cv2.drawContours(drawn, contours, -1, LINE, 1), np.float32)


def _detectors() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it announces every package that it can do without
        import controlnet_aux
    return controlnet_aux


def _lines(name: str, file: Path | None, device: str) -> Any:
    """A function of (S, S, 3) uint8 that gives lines (S, S) in [0, 1]."""
    aux = _detectors()
    detector: Any
    extra: dict[str, Any] = {"output_type": "np"}
    if name == "canny":
        detector, extra = aux.CannyDetector(), {"low_threshold": CANNY[0], "high_threshold": CANNY[1]}
    elif name == "lineart":
        detector = aux.LineartStandardDetector()
    else:
        detector = _network(name, file).to(device)

    def draw(picture: NDArray[np.uint8]) -> F32:
        side = picture.shape[0]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # a median of nothing, on a blank window
            found = detector(picture, detect_resolution=side, **extra)
        if found.shape[0] != side:
            found = cv2.resize(found, (side, side), interpolation=cv2.INTER_LINEAR)
        return np.asarray(found[..., 0], np.float32) / np.float32(255)

    return draw


def _network(name: str, file: Path | None) -> Any:
    assert file is not None
    if name == "hed":
        from controlnet_aux.hed import ControlNetHED_Apache2, HEDdetector

        net, made = ControlNetHED_Apache2(), HEDdetector
    else:
        from controlnet_aux.pidi import PidiNetDetector
        from controlnet_aux.pidi.model import pidinet

        net, made = pidinet(), PidiNetDetector
    weights = {key.removeprefix("module."): value for key, value in _tensors(file).items()}
    try:
        net.load_state_dict(weights)
    except RuntimeError as error:
        raise WeightsError(f"{file} holds other weights than {name} ({' '.join(str(error).split())[:120]})") from None
    return made(net.float().eval())


def _tensors(file: Path) -> dict[str, Any]:
    """Weights by name; of a .pth file tensors alone are read, and one that holds anything else is refused."""
    import torch
    from safetensors.torch import load_file

    if file.suffix == ".safetensors":
        header_shapes(file)
        return load_file(file)
    try:
        found = torch.load(file, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError):
        raise WeightsError(
            f"{file} is a pickle of more than tensors, which can run code; give the weights as .safetensors"
        ) from None
    found = found.get("state_dict", found) if isinstance(found, dict) else {}
    return {key: value for key, value in found.items() if isinstance(value, torch.Tensor)}


def _depth(folder: Path | None, device: str) -> Any:
    """A function of (S, S, 3) uint8 that gives nearness (S, S), 0 to 1 over the window."""
    import torch
    import transformers

    assert folder is not None
    library: Any = transformers
    try:
        net = library.AutoModelForDepthEstimation.from_pretrained(folder, use_safetensors=True, local_files_only=True)
        processor = library.AutoImageProcessor.from_pretrained(folder, local_files_only=True)
    except (OSError, ValueError) as error:
        raise WeightsError(f"{folder} is no depth model ({' '.join(str(error).split())[:120]})") from None
    net = net.eval().to(device)

    def draw(picture: NDArray[np.uint8]) -> F32:
        with torch.inference_mode():
            inputs = processor(images=picture, return_tensors="pt").to(device)
            found = net(**inputs).predicted_depth[0].float().cpu().numpy()
        found = cv2.resize(found, picture.shape[1::-1], interpolation=cv2.INTER_LINEAR)
        return np.asarray((found - found.min()) / max(float(np.ptp(found)), 1e-6), np.float32)

    return draw
