"""Diffusers and transformers without their progress bars and their notices about themselves."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["quiet"]


@contextmanager
def quiet() -> Iterator[None]:
    """Silent inside; afterwards the two libraries speak as before."""
    from diffusers.utils import logging as diffusers_logging
    from transformers.utils import logging as transformers_logging

    logs = (diffusers_logging, transformers_logging)
    shown = [log.is_progress_bar_enabled() for log in logs]
    levels = [log.get_verbosity() for log in logs]
    for log in logs:
        log.disable_progress_bar()
        log.set_verbosity_error()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for log, was, level in zip(logs, shown, levels, strict=True):
            log.set_verbosity(level)
            if was:
                log.enable_progress_bar()
