"""Group links: which group of the real set a generated picture's surface comes from.

A generated picture and the real pictures of the part that it was made on must stay on one side of every split. Sets
tell it by their sources: the sha256 of the good picture's file is that of a real picture's file, or of the file that
the real one was imported from. Sets that share group names were split alike, and keep them.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace

from defectgen.metric.collection import Collection, Item

__all__ = ["link_groups"]


def link_groups(synth: Collection, real: Collection) -> tuple[Collection, int]:
    """The set with the real set's groups where its sources are found there, and how many pictures that were.

    A plain folder's groups are its own files; they get a prefix, so that equal names mean nothing.
    """
    known = _groups_by_sha256(real) if any(item.record for item in synth.items) else {}
    linked = 0
    items = []
    for item in synth.items:
        group = None if item.record is None else known.get(item.record.source_sha256)
        linked += group is not None
        items.append(replace(item, group=group or _own_group(item)))
    return replace(synth, items=tuple(items)), linked


def _groups_by_sha256(real: Collection) -> dict[str, str]:
    found = {}
    for item in real.items:
        if item.record is not None:
            found[item.record.source_sha256] = item.group
        found[hashlib.sha256(item.image.read_bytes()).hexdigest()] = item.group
    return found


def _own_group(item: Item) -> str:
    return item.group if item.record is not None else f"set/{item.group}"
