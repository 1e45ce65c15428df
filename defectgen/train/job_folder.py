"""The folder of a training job: who may write to it."""

from __future__ import annotations

from pathlib import Path

from defectgen.errors import InputError

__all__ = ["check_job_folder"]


def check_job_folder(out: Path, *, ended: bool, resume: bool) -> None:
    """InputError unless a job may begin there, or go on where `resume` says so. ended: it holds an adapter already."""
    if ended:
        raise InputError(f"{out} holds an adapter already; name another folder")
    begun = (out / "work").is_dir()
    if begun and not resume:
        raise InputError(f"{out} holds a job that was stopped; go on with --resume or name another folder")
    if out.exists() and not begun and (not out.is_dir() or any(out.iterdir())):
        raise InputError(f"{out} is in use; name a folder that does not exist or is empty")
