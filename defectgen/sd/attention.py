"""Attention implementations: PyTorch's scaled dot product, or xformers (Rabe & Staats 2021; Lefaudeux et al. 2022)."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

from defectgen.errors import InputError

__all__ = ["check_attention", "set_attention"]


def check_attention(name: str, device: str) -> str:
    """ "sdpa" or "xformers" for a name of `options.ATTENTIONS`; InputError where what was asked for cannot run here."""
    if name != "xformers":
        return "sdpa"
    if find_spec("xformers") is None:
        raise InputError("attention xformers needs a package that is missing here; pip install 'defectgen[gpu]'")
    if device != "cuda":
        raise InputError(f"attention xformers runs on CUDA only, and the device is {device}; use --attention sdpa")
    return name


def set_attention(pipe: Any, name: str) -> None:
    """name: as `check_attention` gave it."""
    if name == "sdpa":
        return  # what diffusers takes by itself with this PyTorch
    try:
        pipe.enable_xformers_memory_efficient_attention()
    except (ImportError, ModuleNotFoundError, NotImplementedError, ValueError) as error:
        reason = " ".join(str(error).split())[:160]
        raise InputError(f"xformers is installed but does not work here ({reason}); use --attention sdpa") from None
