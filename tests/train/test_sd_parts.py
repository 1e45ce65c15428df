"""Losses, windows and words of Stable Diffusion fine-tuning."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from defectgen.errors import InputError
from defectgen.train.real import RealPicture
from defectgen.train.sd_loss import REST, prediction_target, weight_map, weighted_loss
from defectgen.train.sd_options import SdFinetuneOptions, settle
from defectgen.train.sd_window import defect_window, draw_window, extra_mask
from defectgen.train.sd_words import Words, choose_words, rare_tokens, slug
from defectgen.train.shots import Shot, Shots
from tests.sd.tiny import tiny_scheduler, tiny_tokenizer

WORDS = Words("plain", {"crack": "crack"})


def shots(side: int = 200, good: bool = True) -> Shots:
    rng = np.random.default_rng(0)
    rgb = rng.integers(60, 90, (side, side, 3)).astype(np.uint8)
    mask = np.zeros((side, side), bool)
    mask[80:90, 60:120] = True
    broken = rgb.copy()
    broken[mask] = 240
    picture = RealPicture("set", "g", Path("a.png"), "steel", broken, (("crack", mask),))
    clean = RealPicture("set", "h", Path("b.png"), "steel", rgb, ())
    return Shots((Shot(picture, None, "a fine crack on steel"),), (), (clean,) if good else (), {})


def test_the_rim_weighs_most_and_the_rest_least() -> None:
    defect, hole = np.zeros((64, 64), np.uint8), np.zeros((64, 64), np.uint8)
    defect[16:40, 16:40] = 255
    hole[12:44, 12:44] = 255
    hole[52:60, 52:60] = 255
    weights = weight_map(defect, hole, 4, prior=False)
    assert weights.shape == (16, 16)
    rim, inside, extra, rest = weights[4, 4], weights[7, 7], weights[13, 13], weights[0, 15]
    assert rim > inside > extra > rest == pytest.approx(REST)


def test_a_good_window_weighs_its_whole_hole_alike() -> None:
    hole = np.zeros((32, 32), np.uint8)
    hole[8:16, 8:24] = 255
    weights = weight_map(np.zeros_like(hole), hole, 4, prior=True)
    assert set(np.unique(weights).round(6)) == {np.float32(REST), np.float32(1)}


def test_errors_where_nothing_weighs_do_not_count() -> None:
    target, weights = torch.randn(2, 4, 8, 8), torch.zeros(2, 8, 8)
    weights[:, 2:4] = 1
    wrong = target.clone()
    wrong[:, :, 6] += 5
    assert weighted_loss(wrong, target, weights).tolist() == [0, 0]
    assert weighted_loss(target + 2, target, weights).tolist() == pytest.approx([4, 4])


def test_each_prediction_type_has_its_own_target() -> None:
    from diffusers import DDPMScheduler

    scheduler = DDPMScheduler.from_config(tiny_scheduler().config)
    clean, noise, t = torch.randn(2, 4, 8, 8), torch.randn(2, 4, 8, 8), torch.tensor([10, 900])
    assert prediction_target("epsilon", scheduler, clean, noise, t) is noise
    assert prediction_target("sample", scheduler, clean, noise, t) is clean
    a = scheduler.alphas_cumprod[t].reshape(-1, 1, 1, 1)
    velocity = a.sqrt() * noise - (1 - a).sqrt() * clean
    torch.testing.assert_close(prediction_target("v_prediction", scheduler, clean, noise, t), velocity)


def test_a_window_shows_the_defect_in_its_hole() -> None:
    for i in range(20):
        window = defect_window(shots().train, WORDS, 96, np.random.default_rng(i))
        on = window.defect > 0
        assert on.any() and (window.hole[on] == 255).all() and (window.hole > 0).sum() > on.sum()
        assert window.target[on].mean() > 180 > window.target[~on].mean()
        assert "crack" in window.text and not window.prior


def test_the_same_number_draws_the_same_window() -> None:
    first, second = (draw_window(shots(), WORDS, 64, np.random.default_rng(7)) for _ in range(2))
    assert np.array_equal(first.target, second.target) and np.array_equal(first.hole, second.hole)


@pytest.mark.parametrize("good", [True, False])
def test_prior_windows_show_no_defect(good: bool) -> None:
    drawn = [draw_window(shots(400, good), WORDS, 64, np.random.default_rng(i)) for i in range(60)]
    prior = [window for window in drawn if window.prior]
    assert 4 <= len(prior) <= 25
    for window in prior:
        assert window.target.max() < 100 and window.hole.any() and not window.defect.any()
        assert window.text == "clean steel"


def test_a_window_larger_than_the_picture_is_mirrored() -> None:
    window = defect_window(shots(150).train, WORDS, 512, np.random.default_rng(0))
    assert window.target.shape == (512, 512, 3) and window.target.std() > 0


def test_a_mask_that_fills_the_picture_is_refused() -> None:
    full = np.ones((100, 100), bool)
    picture = RealPicture("set", "g", Path("a.png"), "steel", np.zeros((100, 100, 3), np.uint8), (("crack", full),))
    with pytest.raises(InputError, match="no usable window in 40 tries"):
        defect_window([Shot(picture, None, "")], WORDS, 64, np.random.default_rng(0))


def test_extra_masks_vary_and_stay_small() -> None:
    shares = [float((extra_mask(64, np.random.default_rng(i)) > 0).mean()) for i in range(50)]
    assert min(shares) > 0 and max(shares) < 0.5 and len(set(shares)) > 25


def test_words() -> None:
    rng = np.random.default_rng(0)
    taught = Words("new", {"mt fray": "<mt-fray>"})
    said = {taught.caption("mt fray", "steel", "one large MT Fray here", rng) for _ in range(30)}
    assert said == {"one large <mt-fray> here", "<mt-fray> on steel"}
    assert {taught.caption("mt fray", "steel", "nothing named", rng) for _ in range(30)} == {"<mt-fray> on steel"}
    long = Words("plain", {"crack": "crack"}, frozenset({"own words"}))
    assert {long.caption("crack", "steel", "own words", rng) for _ in range(30)} == {"crack on steel"}
    assert slug("Cross  Crack_2") == "cross-crack-2"


def test_words_that_cannot_be_new_are_refused() -> None:
    tokenizer = tiny_tokenizer()
    assert choose_words("new", ["crack", "fray"], tokenizer).said == {"crack": "<crack>", "fray": "<fray>"}
    with pytest.raises(InputError, match="make the same new word"):
        choose_words("new", ["cross crack", "cross-crack"], tokenizer)
    tokenizer.add_tokens(["<crack>"])
    with pytest.raises(InputError, match="knows the word <crack> already"):
        choose_words("new", ["crack"], tokenizer)
    with pytest.raises(InputError, match="no letter in it"):
        slug("--")
    with pytest.raises(InputError, match="0 rare words of 3 letters for 1 defects"):
        rare_tokens(tokenizer, 1)


def test_rare_tokens_are_the_last_merged() -> None:
    from transformers import CLIPTokenizer

    letters = "aksqz"
    merges = [("k", "s</w>"), ("s", "ks</w>"), ("z", "q</w>"), ("a", "zq</w>")]
    tokens = [*letters, *(f"{x}</w>" for x in letters), *("".join(pair) for pair in merges), "<|startoftext|>",
              "<|endoftext|>"]  # fmt: skip
    tokenizer = CLIPTokenizer(vocab={token: i for i, token in enumerate(tokens)}, merges=merges)
    assert rare_tokens(tokenizer, 2) == ["azq", "sks"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"batch": 0}, "batch is 0; expected more than 0"),
        ({"dtype": "int8"}, "dtype 'int8' is unknown; use auto, fp32, fp16, bf16"),
        ({"optimiser": "sgd"}, "optimizer 'sgd' is unknown"),
        ({"method": "full", "text_encoder": True}, "belong to --method lora"),
        ({"preset": "4gb"}, "preset '4gb' is unknown; use 8gb, 12gb, 24gb"),
        ({"size": 100}, "size 100 is no multiple of 64; this model takes 64"),
        ({"dtype": "fp16"}, "fp16 cannot be trained on cpu"),
        ({"optimiser": "adamw8bit"}, "adamw8bit needs a CUDA device; use --optimizer adamw"),
    ],
)
def test_options_that_cannot_be_followed(changes: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        settle(SdFinetuneOptions("m", **changes), 512, 64, "cpu", None)  # type: ignore[arg-type]


def test_presets_follow_the_memory_and_options_come_first() -> None:
    assert [settle(SdFinetuneOptions("m"), 512, 64, "cuda", g).preset for g in (6.0, 11.9, 23.7, 78.0)] == [
        "8gb", "12gb", "24gb", "24gb",
    ]  # fmt: skip
    settings = settle(SdFinetuneOptions("m", preset="24gb", batch=2, size=256), 512, 64, "cpu", None)
    assert (settings.batch, settings.side, settings.rank, settings.dtype) == (2, 256, 32, "fp32")
