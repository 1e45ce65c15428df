"""The split that a folder's or file's name speaks of: instances_val2017, valid, Testing, trainval."""

from __future__ import annotations

import re

__all__ = ["split_named"]

WORD = re.compile(r"(?<![a-z])(train(?:ing)?(?:val)?|val(?:id(?:ation)?)?|test(?:ing)?)(?![a-z])")
SPLITS = {"tr": "train", "va": "val", "te": "test"}


def split_named(name: str) -> str | None:
    """"train", "val" or "test"; None where the name speaks of none, or of several."""
    found = {SPLITS[word[:2]] for word in WORD.findall(name.lower())}
    return found.pop() if len(found) == 1 else None
