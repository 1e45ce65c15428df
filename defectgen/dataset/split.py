"""Splitting a set: train, val and test by whole groups, written into its table, with a manifest beside it.

    metadata.jsonl   split and group of every record, rewritten in place
    split.json       options, counts, groups, what the set said before, and a mark of every test picture (`blocked`)

Splitting again starts from what the set said before it was first split, not from the last split.
"""

from __future__ import annotations

import json
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import defectgen
from defectgen.atomic import write_atomic
from defectgen.blocked import LIMIT, SPLIT_FILE, SPLIT_FORMAT, Mark, mark_of
from defectgen.dataset.assign import SPLITS, assign_splits, check_shots, drop_straddling, straddling, take_shots
from defectgen.dataset.defect_set import DefectSet
from defectgen.dataset.group import Grouping, group_names, group_pictures
from defectgen.dataset.near_duplicate import ALIKE, COPY, LEAST_SHARE, OWN
from defectgen.dataset.writer import rewrite_records
from defectgen.detail import SIDE, detail_of
from defectgen.errors import InputError
from defectgen.record import GOOD, Record

__all__ = ["BY", "SplitOptions", "SplitResult", "read_details", "split_set"]

BY = ("groups", "source")
WORKERS, AHEAD = 2, 4
LEAST_LIMIT = 0.95
Watch = Callable[[int], None]


@dataclass(frozen=True)
class SplitOptions:
    """ratios: train, val, test; any scale. by: "groups" also looks for twins, "source" takes the names' word alone.

    group_by: regular expression on a record's source. threshold: see `near_duplicate`. shots: training pictures of each
    defect, None for all; draw: which ones. keep: the source's own split stands; drop: pictures whose group lies in the
    source's test or val split as well become unused, instead of refusing.
    """

    ratios: tuple[float, float, float] = (0.7, 0.15, 0.15)
    by: str = "groups"
    group_by: str | None = None
    threshold: float = OWN
    shots: int | None = None
    draw: int = 0
    seed: int = 0
    keep: bool = False
    drop: bool = False


@dataclass(frozen=True)
class SplitResult:
    """What a split left. counts: (pictures, groups) by defect and split. sizes: pictures of each group, largest first.

    ties: pairs that the search tied. torn: groups that the source's own split had torn.
    """

    path: Path
    pictures: int
    counts: dict[str, dict[str, tuple[int, int]]]
    sizes: dict[str, int]
    ties: int
    torn: int


def split_set(owner: DefectSet, options: SplitOptions, watch: Watch = lambda done: None) -> SplitResult:
    """Split a set in place. watch: pictures read so far. InputError leaves it as it was."""
    ratios = _checked(options)
    before = _before(owner)
    records = [_reset(record, before) for record in owner.records()]
    if not records:
        raise InputError(f"{owner.path} holds no pictures; nothing to split")
    ties = group_names(records, options.group_by)
    details = read_details(owner, records, watch) if options.by == "groups" else None
    grouping = group_pictures(ties, details, options.threshold)
    defects = [record.defect for record in records]
    torn = straddling(grouping.groups, [record.split for record in records]) if options.keep else {}
    splits = _splits(records, grouping, defects, ratios, options, owner.path)
    counts = _count(grouping.groups, defects, splits)
    sizes = dict(sorted(grouping.sizes().items(), key=lambda item: (-item[1], item[0])))
    result = SplitResult(owner.path / SPLIT_FILE, len(records), counts, sizes, len(grouping.twins), len(torn))
    _write(owner, records, grouping, splits, options, result)
    return result


def _checked(options: SplitOptions) -> tuple[float, float, float]:
    """The ratios with sum 1; InputError for what no set could be split by."""
    if options.by not in BY:
        raise InputError(f"--by {options.by!r} is unknown; use one of {', '.join(BY)}")
    train, val, test = options.ratios
    if min(options.ratios) < 0 or train <= 0 or not np.isfinite(sum(options.ratios)):
        text = ",".join(f"{part:g}" for part in options.ratios)
        raise InputError(f"--ratios {text}: expected three numbers from 0, the first above 0, such as 0.7,0.15,0.15")
    if not 0 < options.threshold <= 1:
        raise InputError(f"--threshold is {options.threshold:g}; expected above 0 and at most 1")
    if options.shots is not None and options.shots < 1:
        raise InputError(f"--shots is {options.shots}; expected at least 1")
    for name in ("draw", "seed"):
        if getattr(options, name) < 0:
            raise InputError(f"--{name} is {getattr(options, name)}; expected 0 or more")
    if options.drop and not options.keep:
        raise InputError("--drop-straddling only says what --keep does with groups in two splits; add --keep")
    total = train + val + test
    return train / total, val / total, test / total


def _before(owner: DefectSet) -> dict[str, tuple[str, str]]:
    """(split, group) of each file as the set had it before it was first split; empty where it never was."""
    path = owner.path / SPLIT_FILE
    if not path.is_file():
        return {}
    try:
        before = json.loads(path.read_text("utf-8"))["before"]
        return {name: (str(split), str(group)) for name, (split, group) in before.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise InputError(f"{path} is no split manifest of this project; move it away, then split again") from None


def _reset(record: Record, before: dict[str, tuple[str, str]]) -> Record:
    if record.file_name not in before:
        return record
    split, group = before[record.file_name]
    return record.model_copy(update={"split": split, "group": group})


def read_details(
    owner: DefectSet, records: Sequence[Record], watch: Watch = lambda done: None
) -> NDArray[np.float16]:
    """(n, S, S) details of the records' pictures, in order; a few pictures are in memory at a time."""
    out = np.empty((len(records), SIDE, SIDE), np.float16)
    for i, detail in enumerate(_in_order(lambda record: detail_of(owner.image(record).pixels), records)):
        out[i] = detail
        watch(i + 1)
    return out


def _in_order(job: Callable[..., Any], *arguments: Sequence[Any]) -> Iterator[Any]:
    """As `map`, on several threads that run a few items ahead."""
    waiting: deque[Future[Any]] = deque()
    with ThreadPoolExecutor(WORKERS) as pool:
        try:
            for one in zip(*arguments, strict=True):
                waiting.append(pool.submit(job, *one))
                if len(waiting) > WORKERS * AHEAD:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)


def _splits(
    records: Sequence[Record], grouping: Grouping, defects: Sequence[str], ratios: tuple[float, float, float],
    options: SplitOptions, folder: Path,
) -> list[str]:  # fmt: skip
    """The split of each record."""
    groups = grouping.groups
    if options.keep:
        splits = _kept(records, groups, options, folder)
    else:
        splits = assign_splits(groups, defects, ratios, np.random.default_rng([options.seed, 0]))
    if options.shots is None:
        return splits
    check_shots(groups, defects, splits, options.shots)
    return take_shots(groups, defects, splits, options.shots, options.seed, options.draw)


def _kept(records: Sequence[Record], groups: Sequence[str], options: SplitOptions, folder: Path) -> list[str]:
    splits = [record.split for record in records]
    strange = sum(split not in SPLITS for split in splits)
    if strange:
        raise InputError(f"--keep: {strange} of {len(splits)} pictures of {folder} have no split; leave --keep out")
    torn = straddling(groups, splits)
    if torn and not options.drop:
        name, sides = max(torn.items(), key=lambda item: (sum(item[1].values()), item[0]))
        spread = ", ".join(f"{count} in {split}" for split, count in sorted(sides.items()))
        raise InputError(
            f"--keep: {len(torn)} of {len(set(groups))} groups lie in two splits ({name!r}: {spread}); "
            "add --drop-straddling to leave their training pictures unused, or leave --keep out"
        )
    return drop_straddling(groups, splits)


def _count(
    groups: Sequence[str], defects: Sequence[str], splits: Sequence[str]
) -> dict[str, dict[str, tuple[int, int]]]:
    """(pictures, groups) by defect, good first, and split."""
    pictures = Counter(zip(defects, splits, strict=True))
    pieces = Counter((defect, split) for defect, split, _ in {*zip(defects, splits, groups, strict=True)})
    out: dict[str, dict[str, tuple[int, int]]] = {}
    for defect, split in sorted(pictures, key=lambda key: (key[0] != GOOD, key)):
        out.setdefault(defect, {})[split] = pictures[defect, split], pieces[defect, split]
    return out


def _write(
    owner: DefectSet, records: Sequence[Record], grouping: Grouping, splits: Sequence[str], options: SplitOptions,
    result: SplitResult,
) -> None:  # fmt: skip
    """The manifest first: a test picture that is blocked too early does no harm."""
    manifest = {
        "format": SPLIT_FORMAT,
        "version": defectgen.__version__,
        "options": {**asdict(options), "ratios": list(options.ratios)},
        "search": {"copy": COPY, "alike": ALIKE, "own": options.threshold, "least_share": LEAST_SHARE, "side": SIDE}
        if options.by == "groups" else None,
        "counts": {
            defect: {split: {"pictures": n, "groups": g} for split, (n, g) in sides.items()}
            for defect, sides in result.counts.items()
        },
        "groups": _members(records, grouping),
        "twins": [
            [records[t.first].file_name, records[t.second].file_name, round(t.alike, 4), round(t.own, 4)]
            for t in grouping.twins
        ],
        "before": {record.file_name: [record.split, record.group] for record in records},
        "test": [mark.model_dump() for mark in _marks(owner, records, grouping, splits)],
    }  # fmt: skip
    text = json.dumps(manifest, indent=1, ensure_ascii=False)
    write_atomic(owner.path / SPLIT_FILE, (text + "\n").encode())
    pairs = zip(records, splits, grouping.groups, strict=True)
    rewrite_records(owner.path, (one.model_copy(update={"split": s, "group": g}) for one, s, g in pairs))


def _members(records: Sequence[Record], grouping: Grouping) -> dict[str, list[str]]:
    """Pictures of the groups that have more than one."""
    out: dict[str, list[str]] = {}
    for record, group in zip(records, grouping.groups, strict=True):
        out.setdefault(group, []).append(record.file_name)
    return {group: names for group, names in out.items() if len(names) > 1}


def _marks(
    owner: DefectSet, records: Sequence[Record], grouping: Grouping, splits: Sequence[str]
) -> Iterator[Mark]:
    """A mark of each test picture; its limit lies half-way between the likeness of its nearest stranger and 1."""
    chosen = [i for i, split in enumerate(splits) if split == "test"]
    strangers = np.full(len(chosen), 2 * LIMIT - 1) if grouping.strangers is None else grouping.strangers[chosen]
    limits = np.maximum((1 + strangers) / 2, LEAST_LIMIT).round(6).tolist()

    def mark(record: Record, limit: float) -> Mark:
        return mark_of(owner.image(record), record.file_name, record.source, record.source_sha256, limit)

    yield from _in_order(mark, [records[i] for i in chosen], limits)
