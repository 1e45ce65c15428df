"""The dataset card: README.md with the YAML header that the Hugging Face hub and `load_dataset` read.

Header: licence, task categories, size category, the files of each split, columns. Body: counts, provenance, licence
ledger, how to load it. https://huggingface.co/docs/hub/datasets-cards
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import yaml

from defectgen.dataset.export.job import ExportJob
from defectgen.dataset.export.row import HF_SPLIT, features
from defectgen.record import GOOD

__all__ = ["write_card"]

HUB_LICENCES = (
    "apache-2.0", "bsd-2-clause", "bsd-3-clause", "cc-by-2.0", "cc-by-4.0", "cc-by-nc-4.0", "cc-by-nc-sa-4.0",
    "cc-by-sa-4.0", "cc0-1.0", "mit",
)  # fmt: skip
SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
TASKS = ["image-segmentation", "object-detection", "image-classification"]


def write_card(job: ExportJob, files: Mapping[str, str]) -> None:
    """files: the pattern of each of the hub's split names."""
    head = yaml.safe_dump(_header(job, files), allow_unicode=True, sort_keys=False)
    (job.folder / "README.md").write_text(f"---\n{head}---\n\n{_body(job)}", encoding="utf-8")


def _header(job: ExportJob, files: Mapping[str, str]) -> dict[str, Any]:
    from datasets import DatasetInfo

    n = sum(job.pictures.values())
    licences = sorted({_hub_licence(name) for name in job.census.licences})
    return {
        "pretty_name": job.name,
        "license": licences[0] if len(licences) == 1 else licences,
        "task_categories": TASKS,
        "tags": ["defect", "anomaly", "industrial-inspection"],
        "size_categories": [next((name for limit, name in SIZES if n < limit), "n>1M")],
        "configs": [
            {"config_name": "default", "data_files": [{"split": k, "path": path} for k, path in files.items()]}
        ],
        "dataset_info": {"features": DatasetInfo(features=features(job))._to_yaml_dict()["features"]},
    }


def _hub_licence(name: str) -> str:
    """The hub's identifier; "other" for what it has none for, spelt out in the ledger below."""
    plain = name.lower().replace(" ", "-")
    return plain if plain in HUB_LICENCES else "other"


def _body(job: ExportJob) -> str:
    parts = [
        f"# {job.name}",
        "Pictures of parts with and without defects: `image`, `mask` (white on the defect, null on good pictures and "
        "where no mask is known), `text`, `defect`, `boxes` ([x0, y0, x1, y1] in pixels, x1 and y1 exclusive) and "
        "the type of each box in `labels`.",
        "## Pictures", _counts(job),
        *(["Left out: " + "; ".join(f"{n} {reason}" for reason, n in job.left_out.items())] if job.left_out else []),
        "## Licences", _ledger(job),
        "## Provenance", "```json\n" + json.dumps(job.source.manifest, indent=1, ensure_ascii=False)[:4000] + "\n```",
        "## Use", 'from datasets import load_dataset\nload_dataset("<this folder>")'.join(("```python\n", "\n```")),
    ]  # fmt: skip
    return "\n\n".join(parts) + "\n"


def _counts(job: ExportJob) -> str:
    names = sorted({defect for _, defect in job.pictures}, key=lambda name: (name != GOOD, name))
    lines = ["| defect | " + " | ".join(HF_SPLIT.get(split, split) for split in job.splits) + " |"]
    lines.append("|---" * (1 + len(job.splits)) + "|")
    for name in names:
        lines.append(f"| {_cell(name)} | " + " | ".join(str(job.pictures[split, name]) for split in job.splits) + " |")
    return "\n".join(lines)


def _ledger(job: ExportJob) -> str:
    lines = ["| licence | pictures of the set |", "|---|---|"]
    return "\n".join(lines + [f"| {_cell(name)} | {n} |" for name, n in sorted(job.census.licences.items())])


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())
