"""What boxes are worth against true boxes: COCO's mean average precision, what is found, and false alarms.

map50 and map (IoU 0.5, and 0.5 to 0.95) are pycocotools' own, over all pictures, good ones included as negatives (Lin
et al. 2014, "Microsoft COCO"). The alarm threshold is the lowest score that at most 5 % of val's good pictures reach.
At it: recall, the share of true boxes that a box of the same type meets at IoU 0.5; found, that a box of any type meets
at IoU 0.3; false_per_good, boxes a good picture.

Boxes are (M, 5) or, when detected, (M, 6): x0, y0, x1, y1 in pixels, type from 1, score.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from contextlib import redirect_stdout
from typing import Any

import numpy as np
from numpy.typing import NDArray

from defectgen.downstream.found import size_of
from defectgen.downstream.pool import Pool
from defectgen.downstream.ranking import rank
from defectgen.metric.optional_package import load_optional

__all__ = ["box_scores", "class_box_scores", "coco_precision", "overlaps", "top_scores"]

F32 = NDArray[np.float32]
MATCH, NEAR = 0.5, 0.3
MOST_BOXES = 100


def coco_precision(seen: Sequence[F32], pool: Pool) -> NDArray[np.float64]:
    """(10, C): average precision at IoU 0.5 to 0.95 of each type; nan where a type has no true box."""
    truth = load_optional("pycocotools.coco").COCO()
    truth.dataset = _annotations(pool)
    with redirect_stdout(io.StringIO()):
        truth.createIndex()
        found = _results(seen)
        if not len(found):
            return np.where(_present(pool), np.zeros((10, len(pool.classes))), np.nan)
        judge = load_optional("pycocotools.cocoeval").COCOeval(truth, truth.loadRes(found), "bbox")
        judge.params.maxDets = [1, 10, MOST_BOXES]
        judge.evaluate()
        judge.accumulate()
    precision = judge.eval["precision"][:, :, :, 0, -1]  # (IoU, recall, type), all areas
    return np.asarray(np.where(_present(pool), precision.mean(axis=1), np.nan), np.float64)


def _present(pool: Pool) -> NDArray[np.bool_]:
    kinds = np.concatenate([np.zeros(0, np.float32), *(boxes[:, 4] for boxes in pool.boxes)])
    return np.array([bool(np.any(kinds == k)) for k in range(1, len(pool.classes) + 1)])


def _annotations(pool: Pool) -> dict[str, Any]:
    rows: list[dict[str, Any]] = []
    for picture, boxes in enumerate(pool.boxes):
        for x0, y0, x1, y1, kind in boxes.tolist():
            area = (x1 - x0) * (y1 - y0)
            rows.append({"id": len(rows) + 1, "image_id": picture, "category_id": int(kind), "iscrowd": 0,
                         "bbox": [x0, y0, x1 - x0, y1 - y0], "area": area})  # fmt: skip
    return {
        "info": {}, "images": [{"id": i} for i in range(len(pool))], "annotations": rows,
        "categories": [{"id": k, "name": name} for k, name in enumerate(pool.classes, 1)],
    }  # fmt: skip


def _results(seen: Sequence[F32]) -> NDArray[np.float64]:
    """(n, 7) as pycocotools reads them: picture, x, y, width, height, score, type."""
    rows = [np.zeros((0, 7))]
    for picture, boxes in enumerate(seen):
        x0, y0, x1, y1, kind, score = boxes.astype(np.float64).T
        rows.append(np.stack([np.full(len(boxes), float(picture)), x0, y0, x1 - x0, y1 - y0, score, kind], axis=1))
    return np.concatenate(rows)


def top_scores(seen: Sequence[F32]) -> F32:
    """(N,): the highest score of each picture's boxes, 0 where there is none."""
    return np.array([boxes[:, 5].max() if len(boxes) else 0.0 for boxes in seen], np.float32)


def overlaps(a: F32, b: F32) -> NDArray[np.float64]:
    """(M, K): IoU of each of M boxes with each of K."""
    low, high = np.maximum(a[:, None, :2], b[None, :, :2]), np.minimum(a[:, None, 2:4], b[None, :, 2:4])
    both = (high - low).clip(0).prod(axis=2).astype(np.float64)
    areas = [np.prod(one[:, 2:4] - one[:, :2], axis=1).astype(np.float64) for one in (a, b)]
    return np.asarray(both / np.maximum(areas[0][:, None] + areas[1][None, :] - both, 1e-9), np.float64)


def _hits(true: F32, seen: F32) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """For each true box: whether one of its type meets it, and whether any does nearly."""
    iou = overlaps(true, seen)
    same = true[:, None, 4] == seen[None, :, 4]
    return np.any((iou >= MATCH) & same, axis=1), np.any(iou >= NEAR, axis=1)


def _finds(seen: Sequence[F32], pool: Pool, alarm: float) -> dict[str, NDArray[Any]]:
    """Of every true box: its type, its size, whether it is recalled and found."""
    rows: list[tuple[int, str, bool, bool]] = []
    for true, boxes in zip(pool.boxes, seen, strict=True):
        same, near = _hits(true, boxes[boxes[:, 5] >= np.float32(alarm)])
        sizes = [size_of(float(area) ** 0.5 / pool.side) for area in np.prod(true[:, 2:4] - true[:, :2], axis=1)]
        rows += zip(true[:, 4].astype(int).tolist(), sizes, same.tolist(), near.tolist(), strict=True)
    kind, size, recalled, found = zip(*rows, strict=True)
    return {"kind": np.array(kind), "size": np.array(size), "recall": np.array(recalled), "found": np.array(found)}


def box_scores(seen: Sequence[F32], pool: Pool, alarm: float) -> dict[str, float]:
    """Of detected boxes of each picture."""
    precision = coco_precision(seen, pool)
    finds = _finds(seen, pool, alarm)
    raised = [int(np.count_nonzero(seen[i][:, 5] >= np.float32(alarm))) for i in pool.good]
    ranking = rank(top_scores(seen), pool.labels > 0)
    scores = {
        "map50": float(np.nanmean(precision[0])),
        "map": float(np.nanmean(precision)),
        "image_auroc": ranking.auroc(),
        "recall": float(finds["recall"].mean()),
        "found": float(finds["found"].mean()),
        "false_per_good": float(np.mean(raised)),
    }
    for size in sorted(set(finds["size"].tolist())):
        scores[f"found_{size}"] = float(finds["found"][finds["size"] == size].mean())
    return scores


def class_box_scores(seen: Sequence[F32], pool: Pool, alarm: float) -> dict[str, dict[str, float]]:
    """Of each type that has true boxes."""
    precision, finds = coco_precision(seen, pool), _finds(seen, pool, alarm)
    rows = {}
    for k, name in enumerate(pool.classes, 1):
        mine = finds["kind"] == k
        if mine.any():
            rows[name] = {
                "map50": float(precision[0, k - 1]), "map": float(precision[:, k - 1].mean()),
                "recall": float(finds["recall"][mine].mean()), "found": float(finds["found"][mine].mean()),
            }  # fmt: skip
    return rows
