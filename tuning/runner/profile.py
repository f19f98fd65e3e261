"""The facts about a dataset that pages show and templates ask for."""

from typing import Any

import numpy as np

from tuning.protocol.catalogue import CatalogueEntry

from .sources import Source

_HEAD_ROWS = 5
# Of the first rows; wider tables are cut there, with an ellipsis before the target.
_HEAD_COLUMNS = 40
_BINS = 20


def profile_of(entry: CatalogueEntry, source: Source) -> dict[str, Any]:
    """Shapes, ranges, class balance and first rows, as JSON values only."""
    x, y = source.x, source.y
    profile: dict[str, Any] = {
        "key": entry.key,
        "kind": entry.kind,
        "task": entry.task,
        "rows": len(x),
        "input_shape": list(x.shape[1:]),
        "dtype": str(x.dtype),
        "min_value": float(x.min()),
        "max_value": float(x.max()),
        "target_name": source.target_name,
        "source": source.origin,
        "citation": source.citation,
        "load_snippet": source.load_snippet,
    }
    if entry.task == "classification":
        profile |= {
            "num_classes": len(source.class_names),
            "class_names": source.class_names,
            "class_counts": np.bincount(y, minlength=len(source.class_names)).tolist(),
        }
    else:
        counts, edges = np.histogram(y, bins=_BINS)
        profile |= {
            "num_classes": None,
            "target_histogram": {"edges": edges.tolist(), "counts": counts.tolist()},
        }
    if entry.kind == "table":
        cut = len(source.feature_names) > _HEAD_COLUMNS
        gap = ["…"] if cut else []
        profile |= {
            "feature_names": source.feature_names,
            # Each row with its target as the last cell.
            "head": [
                [*map(_short, row[:_HEAD_COLUMNS]), *gap, _target(source, value)]
                for row, value in zip(x[:_HEAD_ROWS], y[:_HEAD_ROWS], strict=True)
            ],
        }
        if cut:
            profile["head_names"] = [*source.feature_names[:_HEAD_COLUMNS], *gap]
    return profile


def _short(value: np.floating) -> float:
    """A float32 as the shortest number that means it: 5.1, not 5.099999904632568."""
    return float(str(value))


def _target(source: Source, value: Any) -> Any:
    return source.class_names[int(value)] if source.class_names else _short(value)
