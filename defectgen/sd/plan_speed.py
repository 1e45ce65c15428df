"""Speeds that devices were measured at: floating-point operations a second of a Stable Diffusion 1.5-sized model.

    infer      a step of sampling, UNet
    train      a step of low-rank training, UNet, forward and backward
    decode     the autoencoder's decoder

`speed.json` beside this module is what `eval/speed/sd.py` measured; `defectgen plan --measure` adds this machine's own
figures to the user's cache, which count first. A device that is in neither has no speed: time is then not forecast.
"""

from __future__ import annotations

import json
import platform
from importlib.resources import files
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from defectgen.user_cache import cached_bytes, store_bytes

__all__ = ["WORKS", "Speed", "device_name", "known_speeds", "remember", "speed_of"]

WORKS = ("infer", "train", "decode")
TABLE = "speed.json"
_KIND = "sd-speed"


class Speed(BaseModel):
    """One measurement. seconds: of the pass, processor seconds on a CPU. flops: of the pass as it was traced.

    traced, measured: bytes of the peak beyond weights; measured is None where it was not.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    device: str
    work: str
    dtype: str
    attention: str
    batch: int
    side: int
    checkpointing: bool
    seconds: float
    flops: float
    traced: int
    measured: int | None
    versions: str

    @property
    def rate(self) -> float:
        return self.flops / self.seconds


def device_name(device: str) -> str:
    """What a table calls the device: the GPU's name; the processor's name and how many threads it uses here."""
    if device == "cuda":
        import torch

        return str(torch.cuda.get_device_name(0))
    if device == "mps":
        return f"Apple {platform.machine()} GPU"
    import torch

    return f"{_processor()}, {torch.get_num_threads()} thread{'s' if torch.get_num_threads() > 1 else ''}"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())


def known_speeds() -> list[Speed]:
    """This machine's own measurements first, then the table's."""
    own = cached_bytes(_KIND, TABLE)
    table = files("defectgen.sd").joinpath(TABLE)
    shipped = table.read_bytes() if table.is_file() else b"[]"
    return [Speed.model_validate(entry) for text in (own or b"[]", shipped) for entry in json.loads(text)]


def remember(speeds: list[Speed]) -> None:
    """Keep this machine's measurements."""
    store_bytes(_KIND, TABLE, json.dumps([speed.model_dump() for speed in speeds]).encode())


def speed_of(name: str, work: str, dtype: str, *, checkpointing: bool = False) -> Speed | None:
    """The fastest attention's measurement of a device at a work; None where it was never measured in this dtype."""
    found = [s for s in known_speeds() if (s.device, s.work, s.dtype) == (name, work, dtype)]
    alike = [s for s in found if s.checkpointing == checkpointing] or found
    return max(alike, key=lambda s: s.rate, default=None)
