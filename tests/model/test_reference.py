"""What a reference's vector holds, what it leaves out, and what its pseudo words change."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from defectgen.model.captioner import TOKENS, ImplicitCaptioner
from defectgen.model.reference import REFERENCE_DIM, SIDE, Reference, ReferenceEncoder, reference_window


def part(
    colour: tuple[int, int, int], at: tuple[int, int], seed: int = 0
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    rgb = np.random.default_rng(seed).integers(110, 150, (200, 240, 3)).astype(np.uint8)
    alpha = np.zeros((200, 240), np.float32)
    y, x = at
    alpha[y : y + 30, x : x + 40] = 1
    rgb[alpha > 0] = colour
    return rgb, alpha


@pytest.fixture(scope="module")
def eyes() -> ReferenceEncoder:
    return ReferenceEncoder()


def vector(eyes: ReferenceEncoder, reference: Reference) -> torch.Tensor:
    return eyes.encode([reference])[0]


def test_the_window_holds_the_defect_and_its_surroundings() -> None:
    found = reference_window(*part((200, 30, 30), (20, 30)))
    assert found.rgb.shape == (SIDE, SIDE, 3) and found.alpha.shape == (SIDE, SIDE)
    assert 0.2 < float(found.alpha.mean()) < 0.7


def test_without_a_mask_the_whole_picture_counts() -> None:
    rgb, _ = part((200, 30, 30), (20, 30))
    assert reference_window(rgb, np.zeros(rgb.shape[:2], np.float32)).alpha.min() == pytest.approx(1.0)


def test_place_is_left_out_and_look_is_kept(eyes: ReferenceEncoder) -> None:
    here = vector(eyes, reference_window(*part((200, 30, 30), (20, 30))))
    there = vector(eyes, reference_window(*part((200, 30, 30), (120, 150), seed=1)))
    other = vector(eyes, reference_window(*part((20, 20, 220), (120, 150), seed=1)))
    assert here.shape == (REFERENCE_DIM,)
    assert float((here - there).norm()) < 0.5 * float((here - other).norm())


def test_company_changes_nothing(eyes: ReferenceEncoder) -> None:
    first, second = (reference_window(*part(c, (50, 60))) for c in ((200, 30, 30), (20, 20, 220)))
    together = eyes.encode([second, first])[1]
    assert torch.allclose(together, vector(eyes, first), atol=1e-4)


def test_untold_references_add_nothing() -> None:
    torch.manual_seed(0)
    captioner = ImplicitCaptioner()
    torch.nn.init.normal_(captioner.speak.weight)
    tokens, padding, told_vector = torch.randn(2, 5, 384), torch.ones(2, 5, dtype=torch.bool), torch.randn(2, 400)
    told = torch.tensor([True, False])
    words, real, vector_ = captioner.join(tokens, padding, told_vector, torch.randn(2, REFERENCE_DIM), told)
    assert words.shape == (2, 5 + TOKENS, 384) and real.shape == (2, 5 + TOKENS)
    assert real[0].all() and not real[1, 5:].any()
    assert torch.equal(vector_[1], told_vector[1]) and not torch.equal(vector_[0], told_vector[0])
    assert not words[1, 5:].any()
