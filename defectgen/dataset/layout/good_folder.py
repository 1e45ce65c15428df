"""What folders are called that hold good pictures, that hold masks, and that hold one part of a split."""

from __future__ import annotations

__all__ = ["GOOD_FOLDERS", "MASK_FOLDERS", "SPLIT_FOLDERS", "is_good_folder"]

GOOD_FOLDERS = ("good", "ok", "normal", "defect_free", "defectfree", "no_defect", "free")
MASK_FOLDERS = ("ground_truth", "masks", "mask", "gt")
SPLIT_FOLDERS = {"train": "train", "training": "train", "val": "val", "validation": "val", "test": "test"}


def is_good_folder(name: str) -> bool:
    return name.lower().replace("-", "_").replace(" ", "_") in GOOD_FOLDERS
