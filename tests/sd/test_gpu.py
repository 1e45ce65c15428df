"""What only a GPU can run: half precision, weights that wait in main memory, xformers, a memory that is full."""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np
import pytest
import torch

from defectgen.engine.sd import SdEngine
from defectgen.errors import InputError
from defectgen.sd.options import SdOptions
from tests.engine.test_sd import window
from tests.sd.tiny import save_tiny

pytestmark = pytest.mark.gpu


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device here")
    return str(save_tiny(tmp_path_factory.mktemp("sd") / "tiny"))


def edited(model: str, **changes: object) -> np.ndarray:
    options = SdOptions(model, device="cuda", steps=3, **changes)  # type: ignore[arg-type]
    return np.asarray(SdEngine(options).edit([window()])[0])


@pytest.mark.parametrize("dtype", ["fp16", "bf16", "fp32"])
def test_each_number_format_edits(model: str, dtype: str) -> None:
    first = edited(model, dtype=dtype)
    assert np.array_equal(first, edited(model, dtype=dtype))
    assert np.abs(first - window().good).max() * 255 > 3


@pytest.mark.parametrize("changes", [{"offload": "model"}, {"offload": "sequential"}, {"slicing": True}], ids=str)
def test_saving_memory_changes_no_pixel_that_one_could_see(model: str, changes: dict[str, object]) -> None:
    plain = edited(model, dtype="fp32")
    assert np.abs(edited(model, dtype="fp32", **changes) - plain).max() * 255 <= 2


def test_xformers_gives_the_same_picture(model: str) -> None:
    if find_spec("xformers") is None:
        with pytest.raises(InputError, match=r"defectgen\[gpu\]"):
            edited(model, attention="xformers")
        return
    plain = edited(model, dtype="fp32")
    assert np.abs(edited(model, dtype="fp32", attention="xformers") - plain).max() * 255 <= 2


def test_a_full_memory_says_what_helps(model: str) -> None:
    engine = SdEngine(SdOptions(model, device="cuda", steps=1))
    free, total = torch.cuda.mem_get_info()
    torch.cuda.set_per_process_memory_fraction(torch.cuda.memory_allocated() / total + 1e-5)
    try:
        with pytest.raises(InputError, match="out of GPU memory"):
            engine.edit([window(seed) for seed in range(64)])
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
    assert free > 0
