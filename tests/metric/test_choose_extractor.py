"""Names of extractors: each opens what it says, and each wrong one gets one line."""

from __future__ import annotations

from pathlib import Path

import pytest
import timm
from safetensors.torch import save_file

from defectgen.errors import DefectgenError
from defectgen.metric.choose_extractor import open_extractor
from defectgen.metric.network_extractor import NetworkExtractor
from defectgen.metric.optional_package import load_optional


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("timm") / "net.safetensors"
    save_file(timm.create_model("test_resnet", num_classes=0).state_dict(), path)
    return path


def test_lite0_is_the_default() -> None:
    assert open_extractor(None, None).label == open_extractor("lite0", None).label == "Lite0"


def test_timms_file_in_the_name_or_beside_it(weights: Path) -> None:
    inside, beside = open_extractor(f"timm:test_resnet:{weights}", None), open_extractor("timm:test_resnet", weights)
    assert isinstance(inside, NetworkExtractor)
    assert inside.label == "test_resnet" and inside.fingerprint == beside.fingerprint


@pytest.mark.parametrize(
    ("text", "file", "message"),
    [
        ("vgg", None, "unknown features 'vgg'; expected one of lite0, inception, timm:NAME"),
        ("timm", None, "unknown features 'timm'"),
        ("lite0:x", None, "unknown features 'lite0:x'"),
        ("", "none.pth", "features '' take no weights file|features None take no weights file"),
        ("lite0", "none.pth", "features 'lite0' take no weights file, got none.pth"),
        ("hf:x", "none.pth", "features 'hf:x' take no weights file"),
        ("inception", "none.pth", "weights none.pth do not exist"),
        ("timm:test_resnet:a.safetensors", "b.safetensors", "two weights files for timm:test_resnet"),
        ("hf:no/such/thing", None, "there is no folder no/such/thing; expected one, or a hub"),
    ],
)
def test_each_wrong_name_gets_one_line(text: str, file: str | None, message: str) -> None:
    with pytest.raises(DefectgenError, match=message) as caught:
        open_extractor(text, None if file is None else Path(file))
    assert "\n" not in str(caught.value)


def test_options_that_do_not_belong_are_refused() -> None:
    with pytest.raises(DefectgenError, match="unknown resize 'near'; expected one of clean, tf-bilinear"):
        open_extractor(None, None, resize="near")  # type: ignore[arg-type]
    with pytest.raises(DefectgenError, match="take no expected hash; expected one with inception alone"):
        open_extractor("lite0", None, expected_sha256="0")


def test_a_package_that_is_not_there_names_the_extra() -> None:
    with pytest.raises(DefectgenError, match=r"needs nosuchpackage, .*; pip install 'defectgen\[eval\]'"):
        load_optional("nosuchpackage.part")
