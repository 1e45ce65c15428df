"""The OpenVINO network against torch's, on a tiny real model; and what happens without the package."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import torch

from defectgen.book import load_book
from defectgen.engine.compact import CompactEngine
from defectgen.engine.window import Window
from defectgen.errors import InputError
from defectgen.mask.shape import Shape
from defectgen.model import device
from defectgen.model.checkpoint import load_unet, save_model
from defectgen.model.condition import VECTOR_DIM
from defectgen.model.device import pick_device
from defectgen.model.network import EditNetwork, build_unet

SIDE = 32


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    unet = build_unet((32, 32), SIDE)
    torch.nn.init.normal_(unet.conv_out.weight, std=0.05)
    folder = tmp_path_factory.mktemp("model")
    save_model(folder, unet, 1, {"any": (0.1, 0.2, 0.3, 0.4, 0.5)})
    return folder


@pytest.fixture
def cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """One cache for all tests of this file, so that the tiny model is converted once."""
    if find_spec("openvino") is None:
        pytest.skip("the extra [fast] is not installed")
    root = tmp_path_factory.getbasetemp() / "openvino-cache"
    monkeypatch.setenv("XDG_CACHE_HOME", str(root))
    return root / "defectgen" / "openvino"


def inputs(n: int) -> tuple[torch.Tensor, ...]:
    g = torch.Generator().manual_seed(3)
    alpha = torch.zeros(n, 1, SIDE, SIDE)
    alpha[:, :, 10:20, 12:18] = 1
    pictures = (torch.randn(n, 3, SIDE, SIDE, generator=g) for _ in range(3))
    noisy, good, draft = pictures
    padding = torch.arange(24)[None].repeat(n, 1) < 7
    tokens, vector = torch.randn(n, 24, 384, generator=g), torch.randn(n, VECTOR_DIM, generator=g)
    return noisy, torch.rand(n, generator=g), good, alpha, draft, tokens, padding, vector


def window(seed: int) -> Window:
    alpha = np.zeros((SIDE, SIDE), np.float32)
    alpha[12:20, 6:26] = 1
    shape = Shape(alpha, alpha, np.zeros_like(alpha), np.full_like(alpha, 4))
    good = np.linspace(0.3, 0.7, SIDE * SIDE * 3, dtype=np.float32).reshape(SIDE, SIDE, 3)
    return Window(good, shape, "scratch", 0.5, seed, load_book().defect("scratch"), None)


@pytest.mark.parametrize("n", [1, 2, 3])
def test_it_predicts_what_torch_predicts(weights: Path, cache: Path, n: int) -> None:
    from defectgen.model.openvino import OpenVinoUnet

    with torch.inference_mode():
        wanted = EditNetwork(load_unet(weights, torch.float32, "cpu")).eval()(*inputs(n))
        got = EditNetwork(OpenVinoUnet(weights, 1)).eval()(*inputs(n))
    assert got.shape == wanted.shape and got.dtype == torch.float32
    # bfloat16 keeps 8 bits of a number; a dozen layers may lose one or two of them.
    assert float((got - wanted).abs().max()) < 0.03 * float(wanted.abs().max())


def test_every_input_reaches_it(weights: Path, cache: Path) -> None:
    from defectgen.model.openvino import OpenVinoUnet

    network = EditNetwork(OpenVinoUnet(weights, 1)).eval()
    whole = inputs(1)
    with torch.inference_mode():
        first = network(*whole)
        for i, part in enumerate(whole):
            changed = ~part if part.dtype == torch.bool else 0.5 * part
            assert not torch.equal(network(*whole[:i], changed, *whole[i + 1 :]), first), f"input {i} is ignored"


def test_a_window_gives_the_same_bytes_in_any_company_and_in_another_engine(weights: Path, cache: Path) -> None:
    engine, other = (CompactEngine(weights, device="openvino", steps=3) for _ in range(2))
    alone = engine.edit([window(2)])[0]
    together = other.edit([window(1), window(2), window(3)])[1]
    assert np.array_equal(alone, together)
    by_torch = CompactEngine(weights, device="cpu", steps=3).edit([window(2)])[0]
    assert float(np.abs(alone - by_torch).max()) < 0.05


def test_a_damaged_copy_is_made_again(weights: Path, cache: Path) -> None:
    from defectgen.model.openvino import OpenVinoUnet

    OpenVinoUnet(weights, 1)
    (place,) = cache.iterdir()
    kept = {file.name: file.stat().st_mtime_ns for file in place.iterdir()}
    OpenVinoUnet(weights, 1)
    assert {file.name: file.stat().st_mtime_ns for file in place.iterdir()} == kept

    whole = (place / "unet.bin").read_bytes()
    (place / "unet.bin").write_bytes(b"\0" * len(whole))
    OpenVinoUnet(weights, 1)
    assert (place / "unet.bin").read_bytes() == whole
    assert [*cache.iterdir()] == [place]


def test_a_cache_that_cannot_be_written_does_no_harm(
    weights: Path, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from defectgen.model.openvino import OpenVinoUnet

    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with torch.inference_mode():
        assert torch.isfinite(EditNetwork(OpenVinoUnet(weights, 1)).eval()(*inputs(1))).all()


def test_nothing_is_reported_to_anyone(cache: Path, tmp_path: Path) -> None:
    """OpenVINO's telemetry leaves an identity in the home folder before it sends anything."""
    code = (
        "import sys; from defectgen.model.openvino import import_openvino; import_openvino();"
        "print([m for m in sys.modules if m.startswith('openvino_telemetry') and sys.modules[m]])"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], env={"HOME": str(tmp_path), "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.stdout.strip() == "[]", run.stderr
    assert not (tmp_path / "intel").exists()


def test_without_the_package_it_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device, "find_spec", lambda name: None)
    with pytest.raises(InputError, match=r'pip install "defectgen\[fast\]"$'):
        pick_device("openvino")


def test_auto_never_means_it() -> None:
    assert pick_device("auto") != "openvino"
