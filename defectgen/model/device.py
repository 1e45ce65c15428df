"""Where and in which number format the network runs."""

from __future__ import annotations

import os
from importlib.util import find_spec
from typing import TYPE_CHECKING

from defectgen.errors import InputError

if TYPE_CHECKING:
    import torch

__all__ = ["DEVICES", "pick_device", "pick_dtype", "pick_trainer", "set_threads"]

DEVICES = ("auto", "cpu", "cuda", "mps", "openvino")
_MOST_THREADS = 8


def pick_device(name: str) -> str:
    """The device to use for `auto` or a name of DEVICES; InputError when it is not there.

    `openvino` is the CPU by another library. It samples faster but starts later, and only runs a model: `auto` never
    means it.
    """
    import torch

    there = {
        "cpu": True,
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "openvino": find_spec("openvino") is not None,
    }
    if name == "auto":
        return next(d for d in ("cuda", "mps", "cpu") if there[d])
    if name not in there:
        raise InputError(f"unknown device {name!r}; expected one of {', '.join(DEVICES)}")
    if name == "openvino" and not there[name]:
        raise InputError("device 'openvino' needs a package that is missing here; pip install \"defectgen[fast]\"")
    if not there[name]:
        raise InputError(f"device {name!r} is not available here; use --device auto or --device cpu")
    return name


def pick_trainer(name: str) -> str:
    """As `pick_device`, for training; InputError for `openvino`, be it installed or not."""
    if name == "openvino":
        raise InputError("device 'openvino' only runs a model; train with --device auto, cpu, cuda or mps")
    return pick_device(name)


def pick_dtype(device: str) -> torch.dtype:
    """bfloat16 where the device computes in it, else float32; a CPU without its instructions is faster in float32."""
    import torch

    if device == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float32
    if device == "cpu" and torch.ops.mkldnn._is_mkldnn_bf16_supported():
        return torch.bfloat16
    return torch.float32


def set_threads() -> int:
    """Use the cores that this process may use, at most eight, and return how many.

    The number does not follow the load of the machine, so that a run that is resumed on a busier machine gives the
    same bytes. On a busy host threads that wait should sleep: OMP_WAIT_POLICY=PASSIVE, set before torch is loaded.
    """
    import torch

    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    count = max(1, min(cores, _MOST_THREADS))
    torch.set_num_threads(count)
    return count
