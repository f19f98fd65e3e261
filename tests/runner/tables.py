"""Prepared tables with gaps and categories, as they come out of a CSV file."""

import json
from pathlib import Path
from typing import Any

import numpy as np

# Keras refuses slashes and doubled names in inputs; "numbers" and "prepare" are names of our own.
COLUMNS: list[dict[str, Any]] = [
    {"name": "size (m²)", "type": "number", "missing": 0},
    {"name": "price/unit", "type": "number", "missing": 0},
    {"name": "price_unit", "type": "number", "missing": 0},
    {"name": "Straße", "type": "category", "missing": 0, "values": ["Ahornweg", "[UNK]", "Ö\nx"]},
    {"name": "always 3", "type": "number", "missing": 0},
    {"name": "numbers", "type": "category", "missing": 0, "values": ["a", "b", "c", "never"]},
    {"name": "prepare", "type": "number", "missing": 0, "decimal": "."},
]


def raw_rows(count: int, seed: int = 0) -> np.ndarray:
    """x of a table with COLUMNS: gaps in the second and the fourth column; the fifth never changes;
    the last one holds numbers far from 0 that hardly differ, the first tiny ones."""
    random = np.random.RandomState(seed)
    x = random.normal(size=(count, len(COLUMNS)))
    x[:, 0] *= 1e-9
    x[:, 1] = random.lognormal(size=count)
    x[:, 3] = random.choice([0, 1, 2], count, p=[0.6, 0.3, 0.1])
    x[:, 4] = 3
    x[:, 5] = random.choice([0, 1, 2], count)
    x[:, 6] = 1_700_000 + 30 * x[:, 6]
    x[random.uniform(size=count) < 0.2, 1] = np.nan
    x[random.uniform(size=count) < 0.2, 3] = np.nan
    return x.astype(np.float32)


def write_table(folder: Path, x: np.ndarray, task: str, columns: list[Any] = COLUMNS) -> Path:
    """The folder of a prepared dataset. Its target follows from the fourth and sixth columns (a
    gap counts too), for regressions from the second as well."""
    folder.mkdir(parents=True)
    score = np.where(np.isnan(x[:, 3]), 2, x[:, 3]) + x[:, 5]
    if task == "classification":
        y = (score >= 2).astype(np.int64)
        of_task: dict[str, Any] = {"num_classes": 2, "class_names": ["cheap", "dear"]}
    else:
        y = (score + np.nan_to_num(x[:, 1], nan=1.0)).astype(np.float32)
        of_task = {"num_classes": None}
    np.save(folder / "x.npy", x)
    np.save(folder / "y.npy", y)
    profile = {
        "kind": "table", "task": task, "rows": len(x), "input_shape": [x.shape[1]],
        "min_value": 0.0, "max_value": 1.0, "feature_names": [c["name"] for c in columns],
        "target_name": "target", "columns": columns, **of_task,
    }  # fmt: skip
    (folder / "meta.json").write_text(json.dumps(profile))
    return folder
