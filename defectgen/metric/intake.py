"""The intake of an audit: every file is read once, before any network is loaded, and what cannot be judged is listed.

A picture that cannot be read, or whose mask does not fit it, is left out with its reason; `strict` refuses it instead.
Test pictures never become a reference: of the real side those in the test split, those in a group with one, and those
that a known split blocks (`defectgen.blocked`) are left out and counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from defectgen.blocked import Blocked, pixels_sha256
from defectgen.errors import InputError
from defectgen.image import Picture, read_picture
from defectgen.metric.collection import Collection, Item, open_collection
from defectgen.metric.result import Side

__all__ = ["LEAST", "Intake", "Role", "check_apart", "check_paths", "count_side", "take_in"]

Role = Literal["SET", "REAL", "TRAIN"]
Watch = Callable[[int, int], None]
LEAST = 2
SHOWN_SIZES = 3
MOST_SHARED = 0.5


@dataclass(frozen=True)
class Intake:
    """A side of the audit. collection: what may be judged. test: what was held back as test pictures.

    pixels: sha256 of the pixels of each picture that may be judged, by name.
    """

    collection: Collection
    test: Collection
    side: Side
    pixels: Mapping[str, str]
    notes: tuple[str, ...]


@dataclass
class _Tally:
    left_out: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)
    sizes: Counter[str] = field(default_factory=Counter)
    channels: Counter[str] = field(default_factory=Counter)
    pixels: dict[str, str] = field(default_factory=dict)
    blocked: int = 0


def check_paths(synth: Path, real: Path) -> None:
    """InputError where both sides are one folder."""
    for path in (synth, real):
        if not path.is_dir():
            raise InputError(f"{path} is not a folder; expected a defect set or a folder of images")
    if synth.resolve() == real.resolve():
        raise InputError(
            f"{synth} and {real} are the same folder; expected a set and the real pictures to compare with"
        )


def check_apart(synth: Intake, real: Intake) -> str | None:
    """InputError where most pictures of the set are real pictures; a note where some are."""
    known = set(real.pixels.values())
    shared = sum(digest in known for digest in synth.pixels.values())
    if shared > MOST_SHARED * len(synth.pixels):
        raise InputError(
            f"{shared:,} of {len(synth.pixels):,} pictures of {synth.side.path} are pictures of {real.side.path}, "
            "pixel for pixel; expected a set and other, real pictures"
        )
    of = f"{shared:,} of {len(synth.pixels):,} pictures of SET"
    return f"{of} are also in REAL, pixel for pixel" if shared else None


def take_in(path: Path, role: Role, blocked: Blocked, strict: bool = False, watch: Watch = lambda i, n: None) -> Intake:
    """Reads every picture of one side; InputError where fewer than LEAST are left. watch: pictures done, of all."""
    everything = open_collection(path)
    tested = {item.group for item in everything.items if item.split == "test"}
    tally = _Tally()
    kept: list[Item] = []
    test: list[Item] = []
    for number, item in enumerate(everything.items, 1):
        sound = _sound(item, tally, strict)
        if sound is not None:
            reason = _test_reason(*sound, role, tested, blocked, tally)
            (kept if reason is None else test).append(sound[0])
            if reason is None:
                tally.pixels[item.name] = pixels_sha256(sound[1].pixels)
            else:
                tally.left_out[reason] += 1
        watch(number, len(everything))
    collection = replace(everything, items=tuple(kept))
    _check_enough(path, role, collection, tally)
    held = replace(everything, items=tuple(test))
    return Intake(collection, held, _side(path, collection, tally), tally.pixels, tuple(_notes(role, tally)))


def _sound(item: Item, tally: _Tally, strict: bool) -> tuple[Item, Picture] | None:
    """The item as it can be judged, and its picture; None where it cannot."""
    try:
        if item.name != item.name.encode(errors="replace").decode():
            raise InputError("its name is not UTF-8; rename it")
        picture = read_picture(item.image, min_side=1)
        if item.mask is not None:
            _check_mask(item, picture)
    except InputError as error:
        if strict:
            raise
        tally.left_out["cannot be read"] += 1
        tally.problems.append(f"{item.name}: {error}".encode(errors="replace").decode())
        return None
    height, width = picture.hw
    tally.sizes[f"{width}x{height}"] += 1
    tally.channels[{1: "grey", 2: "grey with alpha", 3: "RGB", 4: "RGB with alpha"}[picture.pixels.shape[2]]] += 1
    return _with_good(item, picture, tally, strict), picture


def _check_mask(item: Item, picture: Picture) -> None:
    assert item.mask is not None
    mask = read_picture(item.mask, min_side=1)
    if mask.hw != picture.hw:
        sizes = [f"{one.hw[1]}x{one.hw[0]}" for one in (mask, picture)]
        raise InputError(f"{item.mask} is {sizes[0]} pixels, its picture {sizes[1]}; expected a mask of the same size")


def _with_good(item: Item, picture: Picture, tally: _Tally, strict: bool) -> Item:
    """Without its good twin where that cannot be compared."""
    if item.good is None:
        return item
    try:
        good = read_picture(item.good, min_side=1)
        if good.hw != picture.hw:
            raise InputError(
                f"{item.good} is {good.hw[1]}x{good.hw[0]} pixels, its picture is not; expected the same view"
            )
    except InputError as error:
        if strict:
            raise
        tally.problems.append(f"{item.name}: {error}; judged without its good picture")
        return replace(item, good=None)
    return item


def _test_reason(
    item: Item, picture: Picture, role: Role, tested: set[str], blocked: Blocked, tally: _Tally
) -> str | None:
    """Why a picture must not be a reference; the set's own pictures are only counted."""
    if role != "SET" and item.split == "test":
        return "test split"
    if role != "SET" and item.split != "unsplit" and item.group in tested:
        return "same group as a test picture"
    if not len(blocked):
        return None
    try:
        blocked.check(picture)
    except InputError:
        if role != "SET":
            return "blocked by a known split"
        tally.blocked += 1
    return None


def _check_enough(path: Path, role: Role, collection: Collection, tally: _Tally) -> None:
    judged = len(collection) if role == "TRAIN" else len(collection.defective)
    if judged >= LEAST:
        return
    held = [f"{n:,} left out ({reason})" for reason, n in tally.left_out.items()]
    good = [f"{len(collection.good):,} good"] if len(collection.good) and role != "TRAIN" else []
    beside = f", {', '.join([*good, *held])}" if good or held else ""
    what = f"{judged} picture{'s' * (judged != 1)}{'' if role == 'TRAIN' else ' with a defect'}"
    raise InputError(f"{path} holds {what} to judge{beside}; expected at least {LEAST} as {role}")


def _side(path: Path, collection: Collection, tally: _Tally) -> Side:
    return Side(
        path=str(path), kind=collection.kind, left_out=dict(sorted(tally.left_out.items())),
        problems=tuple(tally.problems), **_counts(collection),
    )  # fmt: skip


def count_side(side: Side, collection: Collection, types: Mapping[str, int]) -> Side:
    """The side with the counts of what is compared in the end, and the types that the other side has not left out."""
    more = {f"{defect}: not on the other side": n for defect, n in types.items()}
    return side.model_copy(update={**_counts(collection), "left_out": {**side.left_out, **more}})


def _counts(collection: Collection) -> dict[str, Any]:
    items = collection.items
    return {
        "pictures": len(items), "defective": len(collection.defective), "good": len(collection.good),
        "with_mask": sum(item.mask is not None for item in items),
        "with_good": sum(item.good is not None for item in items),
        "defects": dict(sorted(Counter(item.defect for item in items if not item.is_good).items())),
    }  # fmt: skip


def _notes(role: Role, tally: _Tally) -> list[str]:
    notes = []
    for counts, what in ((tally.sizes, "sizes"), (tally.channels, "channel layouts")):
        if len(counts) > 1:
            named = ", ".join(f"{name} ({n:,})" for name, n in counts.most_common(SHOWN_SIZES))
            more = f" and {len(counts) - SHOWN_SIZES:,} more" if len(counts) > SHOWN_SIZES else ""
            notes.append(f"{role} mixes {what}: {named}{more}; each picture is resized, and made RGB, on its own")
    if tally.blocked:
        notes.append(
            f"pictures of {role} that a known split calls test pictures, or that look the same: {tally.blocked:,}"
        )
    return notes
