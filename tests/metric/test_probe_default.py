"""Probes with the extractor that the package brings along."""

from __future__ import annotations

from pathlib import Path

import pytest

from defectgen.metric.lite0 import lite0
from defectgen.metric.probe import probes
from tests.metric.test_probe import collection, jpeg, untouched_again


@pytest.mark.slow
def test_all_probes_with_the_default_extractor(tmp_path: Path) -> None:
    synth = collection(tmp_path / "set", 22, jpeg)
    real = collection(tmp_path / "real", 22, untouched_again, first=50)
    found = {one.kind: one for one in probes(synth, real, lite0(), defect="dent")}
    assert list(found) == ["realism", "realism-noise", "artefact", "artefact-noise"]
    assert all(one.auroc and one.floor and one.defect == "dent" and len(one.heat_maps) == 6 for one in found.values())
    for kind in ("realism-noise", "artefact-noise"):
        assert found[kind].auroc.value > 0.9
