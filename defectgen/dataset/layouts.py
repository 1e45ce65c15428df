"""The layouts that `defectgen import` knows, and how one is chosen for a folder.

A layout is named by the user, or recognised. Recognising goes rank by rank: the folder trees of known data sets, then
annotation formats, then index masks, then plain folders of pictures; the first rank in which a layout says yes
decides, and two that say yes in one rank leave the choice to the user. A layout's module is loaded when it is asked;
the table of names alone loads nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from defectgen.errors import InputError

if TYPE_CHECKING:
    from defectgen.dataset.item import Dropped, Found, ImportOptions

__all__ = ["AUTO", "LAYOUTS", "NamedLayout", "choose_layout", "layout_named"]

AUTO = "auto"
PACKAGE = "defectgen.dataset.layout"


@dataclass(frozen=True)
class Entry:
    """Where a layout is found: module, names of its two functions, rank among the others (lower is asked first)."""

    module: str
    rank: int
    recognise: str = "recognise"
    find: str = "find"


LAYOUTS: Mapping[str, Entry] = {
    "mvtec": Entry("mvtec", 0),
    "kolektor": Entry("kolektor", 0),
    "magnetic-tile": Entry("magnetic_tile", 0),
    "deeppcb": Entry("deeppcb", 0),
    "pv-vision": Entry("index_mask", 0, "recognise_pv_vision", "find_pv_vision"),
    "lookout": Entry("lookout", 1),
    "coco": Entry("coco", 1),
    "yolo": Entry("yolo", 1),
    "voc": Entry("voc", 1),
    "labelme": Entry("labelme", 1),
    "index-mask": Entry("index_mask", 2),
    "folder": Entry("folder", 3),
}


@dataclass(frozen=True)
class NamedLayout:
    """A layout that was chosen. why: a clause, where it was recognised; see `item.Layout` for the functions."""

    name: str
    why: str | None
    find: Callable[[Path, ImportOptions], Iterator[Found | Dropped]]


def layout_named(name: str) -> NamedLayout:
    """The layout of this name; InputError naming all of them for any other."""
    if name not in LAYOUTS:
        raise InputError(f"layout {name!r} is unknown; expected {AUTO}, {', '.join(LAYOUTS)}")
    return NamedLayout(name, None, _function(name, "find"))


def choose_layout(root: Path) -> NamedLayout:
    """The layout that recognises the folder; InputError where none does, or several of one rank do."""
    for rank in sorted({entry.rank for entry in LAYOUTS.values()}):
        names = [name for name, entry in LAYOUTS.items() if entry.rank == rank]
        said = {name: why for name in names if (why := _function(name, "recognise")(root)) is not None}
        if len(said) > 1:
            clauses = "; ".join(f"{name}, since {why}" for name, why in said.items())
            raise InputError(f"{root} may be {clauses}: name one in place of {AUTO}")
        for name, why in said.items():
            return NamedLayout(name, why, _function(name, "find"))
    raise InputError(f"no layout recognises {root}; name one in place of {AUTO}: {', '.join(LAYOUTS)}")


def _function(name: str, kind: str) -> Callable[..., Any]:
    entry = LAYOUTS[name]
    function: Callable[..., Any] = getattr(import_module(f"{PACKAGE}.{entry.module}"), getattr(entry, kind))
    return function
