"""What all tests share: offline, one thread a test process, and where the real data lies."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import numpy as np
import pytest

if (worker := os.environ.get("PYTEST_XDIST_WORKER")) and hasattr(os, "sched_setaffinity"):
    # Else each process would use all cores, and they would wait for one another.
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cores[int(worker.removeprefix("gw")) % len(cores)]})
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("DEFECTGEN_CACHE", str(Path(tempfile.gettempdir()) / "defectgen-test-cache"))

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.fixture(scope="session")
def repository() -> Path:
    """The checkout's root."""
    return ROOT


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder of the real data sets: DEFECTGEN_DATA, or data/ of a sibling folder `shared`."""
    folder = Path(os.environ.get("DEFECTGEN_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no real data sets at {folder}; set DEFECTGEN_DATA")
    return folder
