"""transformers' models from folders: the right vector of each kind, nothing left random, each error in one line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file

from defectgen.errors import InputError, WeightsError
from defectgen.metric.resize import resize_to
from defectgen.metric.transformers_model import transformers_model
from tests.metric.small_picture import picture

SMALL = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
SEEN = SMALL | {"image_size": 32, "patch_size": 8}
CLIP_SIZES: dict[str, Any] = {"size": {"shortest_edge": 40}, "crop_size": {"height": 32, "width": 32}}


def save(folder: Path, network: Any, processor: Any) -> Any:
    transformers.utils.logging.disable_progress_bar()
    network.save_pretrained(folder)
    processor.save_pretrained(folder)
    return network.eval()


def clip_tower(folder: Path) -> Any:
    config = transformers.CLIPVisionConfig(**SEEN, projection_dim=24)
    return save(
        folder, transformers.CLIPVisionModelWithProjection(config), transformers.CLIPImageProcessor(**CLIP_SIZES)
    )


def vit(folder: Path) -> Any:
    network = transformers.ViTForImageClassification(transformers.ViTConfig(**SEEN))
    return save(folder, network, transformers.ViTImageProcessor(size={"height": 32, "width": 32}))


def prepared(folder: Path) -> dict[str, torch.Tensor]:
    """By the model's own processor, of a picture that is resized already."""
    processor: Any = transformers.AutoImageProcessor.from_pretrained(folder)
    resized = resize_to(picture(0), 32)
    return dict(  # type: ignore[no-any-return]
        processor(
            [resized], return_tensors="pt", do_resize=False, do_center_crop=False, input_data_format="channels_last"
        )
    )


def test_clips_image_tower_gives_the_projected_embedding(tmp_path: Path) -> None:
    network = clip_tower(tmp_path / "tower")
    found = transformers_model(str(tmp_path / "tower"))
    vectors, chances = found.extract([picture(0)])
    with torch.inference_mode():
        expected = network(**prepared(tmp_path / "tower")).image_embeds
    np.testing.assert_allclose(vectors, expected.numpy(), atol=1e-5)
    assert chances is None and found.label == "tower"
    assert (found.fingerprint.input_px, found.fingerprint.dimensions) == (32, 24)
    assert "CLIPVisionModelWithProjection" in found.fingerprint.extractor


def test_a_whole_clip_gives_its_image_features(tmp_path: Path) -> None:
    text = SMALL | {"vocab_size": 64, "max_position_embeddings": 16, "bos_token_id": 0, "eos_token_id": 1}
    config = transformers.CLIPConfig(text_config=text, vision_config=SEEN, projection_dim=24)
    save(tmp_path / "clip", transformers.CLIPModel(config), transformers.CLIPImageProcessor(**CLIP_SIZES))
    assert transformers_model(str(tmp_path / "clip")).extract([picture(0)])[0].shape == (1, 24)


def test_a_pooler_that_was_never_saved_is_not_used(tmp_path: Path) -> None:
    network = vit(tmp_path / "vit")
    first, again = (transformers_model(str(tmp_path / "vit")).extract([picture(0)])[0] for _ in range(2))
    with torch.inference_mode():
        expected = network.vit(**prepared(tmp_path / "vit")).last_hidden_state[:, 0]
    np.testing.assert_array_equal(first, again)
    np.testing.assert_allclose(first, expected.numpy(), atol=1e-5)


def test_a_hub_model_that_was_fetched_before_is_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    place = tmp_path / "models--me--net"
    vit(place / "snapshots" / "abc")
    (place / "refs").mkdir()
    (place / "refs" / "main").write_text("abc")
    found = transformers_model("me/net")
    assert found.label == "net"
    np.testing.assert_array_equal(
        found.extract([picture(0)])[0], transformers_model(str(place / "snapshots" / "abc")).extract([picture(0)])[0]
    )


def test_maps_of_a_convolutional_network_are_pooled(tmp_path: Path) -> None:
    config = transformers.ResNetConfig(embedding_size=8, hidden_sizes=[8, 16], depths=[1, 1], layer_type="basic")
    processor = transformers.ConvNextImageProcessor(size={"shortest_edge": 32})
    save(tmp_path / "net", transformers.ResNetModel(config), processor)
    assert transformers_model(str(tmp_path / "net")).extract([picture(0), picture(1)])[0].shape == (2, 16)


def test_missing_weights_are_an_error_and_not_random(tmp_path: Path) -> None:
    clip_tower(tmp_path / "tower")
    file = tmp_path / "tower" / "model.safetensors"
    held = load_file(file)
    kept = {name: value for name, value in held.items() if "layers.1.mlp" not in name}
    save_file(kept, file, metadata={"format": "pt"})
    with pytest.raises(WeightsError, match=r"lacks 4 weights such as .*layers\.1\.mlp.*; they would be left random"):
        transformers_model(str(tmp_path / "tower"))


def test_each_error_is_one_line(tmp_path: Path) -> None:
    folder = tmp_path / "tower"
    clip_tower(folder)
    file, preparation = folder / "model.safetensors", folder / "preprocessor_config.json"
    whole, settings = file.read_bytes(), json.loads(preparation.read_text())

    def refused(kind: type[Exception], message: str, name: str = str(folder)) -> None:
        with pytest.raises(kind, match=message) as caught:
            transformers_model(name)
        assert "\n" not in str(caught.value)

    file.write_bytes(whole[: len(whole) // 2])
    refused(WeightsError, "tower (has damaged weights|cannot be loaded by transformers)")
    file.write_bytes(whole)
    preparation.write_text(json.dumps(settings | {"crop_size": {"height": 32, "width": 64}}))
    refused(InputError, "expected one square size")
    preparation.write_text(json.dumps(settings | {"crop_size": {"height": 40, "width": 40}}))
    refused(InputError, "cannot take 40 px")
    preparation.unlink()
    refused(InputError, "holds no image processor")
    file.unlink()
    refused(WeightsError, "holds no safetensors; save the model with save_pretrained")
    refused(WeightsError, "nobody.nothing. is neither a local folder nor to be had from the hub", "nobody/nothing")
