"""Filling the cache of training windows, one shard after the other, origin by origin.

Shard k of an origin is a pure function of (seed, origin, k): a build that is stopped goes on where it was.
"""

from __future__ import annotations

import zlib
from collections import deque
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from defectgen.blocked import Blocked
from defectgen.book import RecipeBook, load_book
from defectgen.model.reference import ReferenceEncoder
from defectgen.model.text import TextEncoder
from defectgen.recipe import Material
from defectgen.train.pair import Pair, draw_blob, photo_root, ratio_window, rendered_window
from defectgen.train.pseudo_good import remove
from defectgen.train.real import SETS, RealPicture, load_real, read_rgb
from defectgen.train.real_pair import clean_window, defect_window
from defectgen.train.shard import write_shard

__all__ = ["SHARD_LENGTH", "Source", "build_cache", "check_sources", "held_out", "source", "strip_pairs"]

SHARD_LENGTH = 250

_METALS = ("metal", "aluminium", "Metal")
_MATERIALS = {
    "metal": "steel", "Metal": "steel", "aluminium": "aluminium", "wood": "wood", "Wood": "wood", "rosewood": "wood",
    "Leather": "leather", "fabric": "woven fabric", "wool": "woven fabric", "Marble": "marble",
    "Concrete": "concrete", "wall": "concrete", "Tiles": "ceramic tile",
}  # fmt: skip
_CLEAN_SHARE = 0.2

Source = Callable[[np.random.Generator], Pair | None]


def _material(name: str, book: RecipeBook) -> Material | None:
    for key, words in _MATERIALS.items():
        if key in name and words in book.material_aliases:
            return book.material(words)
    return None


def _rendered(book: RecipeBook, root: Path, manifests: Sequence[Path] = ()) -> Source:
    return lambda rng: rendered_window(book, rng)


def _ratio(book: RecipeBook, root: Path, manifests: Sequence[Path] = ()) -> Source:
    photos = [(path.stem, rgb) for path, rgb in load_photos(root, manifests)]

    def draw(rng: np.random.Generator) -> Pair | None:
        name, rgb = photos[int(rng.integers(len(photos)))]
        metal = any(word in name for word in _METALS)
        return ratio_window(rgb, _material(name, book), "metal" if metal else "dielectric", book, rng)

    return draw


def _real(book: RecipeBook, root: Path, manifests: Sequence[Path] = ()) -> Source:
    pictures = list(load_real(root, False, manifests))
    with_defect = [p for p in pictures if p.defects]
    clean = [p for p in pictures if not p.defects]

    def draw(rng: np.random.Generator) -> Pair | None:
        if rng.random() < _CLEAN_SHARE:
            return clean_window(_one_of(clean, rng), draw_blob(book, rng), rng)
        return _with_defect(_one_of(with_defect, rng), book, rng)

    return draw


def source(name: str, book: RecipeBook, root: Path) -> Source:
    """What draws pairs of an origin, "rendered", "ratio" or "real", as the cache gets them."""
    return _SOURCES[name](book, root)


def _one_of(pictures: list[RealPicture], rng: np.random.Generator) -> RealPicture:
    """One picture; sets weigh by the root of their size, so that small sets are not lost."""
    names = sorted({p.set_name for p in pictures})
    sizes = np.sqrt([sum(p.set_name == n for p in pictures) for n in names])
    name = str(rng.choice(names, p=sizes / sizes.sum()))
    members = [p for p in pictures if p.set_name == name]
    return members[int(rng.integers(len(members)))]


_SOURCES: dict[str, Callable[..., Source]] = {"rendered": _rendered, "ratio": _ratio, "real": _real}


def load_photos(root: Path, manifests: Sequence[Path] = ()) -> Iterator[tuple[Path, NDArray[np.uint8]]]:
    """Photographs of clean material; InputError where one is a test picture of a split."""
    blocked = Blocked.load(manifests, [root / "textures"])
    for path in photo_root(root):
        rgb = read_rgb(path)
        blocked.check_pixels(rgb, path)
        yield path, rgb


def check_sources(root: Path, windows: dict[str, int], manifests: Sequence[Path]) -> None:
    """InputError where a picture that these windows are cut from is a test picture; quick where nothing is blocked."""
    if not len(Blocked.load(manifests, [root / name for name in (*SETS, "textures")])):
        return
    if windows.get("ratio"):
        deque(load_photos(root, manifests), maxlen=0)
    if windows.get("real"):
        deque(load_real(root, False, manifests), maxlen=0)


def build_cache(
    cache: Path, root: Path, windows: dict[str, int], seed: int, manifests: Sequence[Path] = ()
) -> Iterator[Path]:
    """Write the shards that are missing for `windows` pairs of each origin; yields each as it is done.

    Origins take turns, so that training can begin with the first few shards of each. manifests: see `load_real`.
    """
    book = load_book()
    encoder, eyes = TextEncoder(chunk=64), ReferenceEncoder()
    sources = {name: _SOURCES[name](book, root, manifests) for name, count in windows.items() if count}
    for k in range(max(windows.values()) // SHARD_LENGTH):
        for name, draw in sources.items():
            folder = cache / f"shard-{name}-{k:04d}"
            if k >= windows[name] // SHARD_LENGTH or folder.exists():
                continue
            rng = np.random.default_rng([seed, zlib.crc32(name.encode()), k])
            pairs: list[Pair] = []
            while len(pairs) < SHARD_LENGTH:
                pair = draw(rng)
                if pair is not None:
                    pairs.append(pair)
            write_shard(folder, pairs, encoder, eyes, rng)
            yield folder


def strip_pairs(root: Path, seed: int, each: int = 7) -> list[Pair]:
    """Pairs for the validation strip: rendered and ratio windows of a seed of their own, held-out real ones."""
    book = load_book()
    rng = np.random.default_rng([seed, 99])
    pairs: list[Pair] = []
    for source in (_rendered(book, root), _ratio(book, root), held_out(book, root)):
        kept: list[Pair] = []
        while len(kept) < each:
            pair = source(rng)
            if pair is not None:
                kept.append(pair)
        pairs += kept
    return pairs


def held_out(book: RecipeBook, root: Path, half: int | None = None, sets: Collection[str] = tuple(SETS)) -> Source:
    """Real windows of the groups that training never sees; of one half of these groups, 0 or 1, if `half` is given."""
    pictures = [p for p in load_real(root, held_out=True, sets=sets) if p.defects]
    if half is not None:
        pictures = [p for p in pictures if zlib.crc32(p.group.encode()) % 2 == half]
    return lambda rng: _with_defect(_one_of(pictures, rng), book, rng)


def _with_defect(picture: RealPicture, book: RecipeBook, rng: np.random.Generator) -> Pair | None:
    mask = np.any([m for _, m in picture.defects], axis=0)
    barred = mask if picture.barred is None else mask | picture.barred
    found = defect_window(picture, remove(picture.rgb, mask, barred, rng), book, rng)
    return found[0] if found else None
