"""The folder of a training job, and `work/` in it while the job runs: who may write there."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from defectgen.errors import InputError, OutputError

__all__ = ["check_job_folder", "claim_job"]


def check_job_folder(out: Path, *, ended: bool, resume: bool) -> None:
    """InputError unless a job may begin there, or go on where `resume` says so. ended: it holds an adapter already."""
    if ended:
        raise InputError(f"{out} holds an adapter already; name another folder")
    begun = (out / "work").is_dir()
    if begun and not resume:
        raise InputError(f"{out} holds a job that was stopped; go on with --resume or name another folder")
    if out.exists() and not begun and (not out.is_dir() or any(out.iterdir())):
        raise InputError(f"{out} is in use; name a folder that does not exist or is empty")


def claim_job(out: Path, mine: Mapping[str, Any]) -> None:
    """Makes the work folder this job's own; InputError where it is another's. mine: what a job goes on with or not."""
    path = out / "work" / "job.json"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{out} cannot be written: {error.strerror}; name another folder") from error
    if not path.exists():
        path.write_text(json.dumps(mine) + "\n")
    theirs = json.loads(path.read_text())
    changed = sorted(key for key in mine if theirs.get(key) != mine[key])
    if changed:
        raise InputError(f"{out} holds a job with another {', '.join(changed)}; name another folder")
