"""TensorBoard events of a fine-tuning: losses by step, and the strips."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from PIL import Image

from defectgen.errors import InputError
from defectgen.train.sd_finetune import SdLap

__all__ = ["Board"]


class Board:
    """Writes events to a folder; does nothing where there is none. InputError where tensorboard is not installed."""

    def __init__(self, folder: Path | None) -> None:
        self._writer: Any = None
        if folder is None:
            return
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError:
            raise InputError("--tensorboard needs a package that is missing here; pip install tensorboard") from None
        self._writer = SummaryWriter(folder)

    def __enter__(self) -> Board:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._writer is not None:
            self._writer.close()

    def note(self, lap: SdLap) -> None:
        if self._writer is None:
            return
        self._writer.add_scalar("loss/train", lap.loss, lap.step)
        if lap.val_loss is not None:
            self._writer.add_scalar("loss/kept", lap.val_loss, lap.step)

    def show(self, step: int, strip: Path) -> None:
        if self._writer is not None:
            self._writer.add_image("strip", np.asarray(Image.open(strip)), step, dataformats="HWC")
