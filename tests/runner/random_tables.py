"""Tables as people have them and worse: columns that never or hardly ever change, extremes, values
of which the training rows have none. For property tests."""

from typing import Any

import numpy as np
from hypothesis import strategies as st

NAN = np.nan
# How a column's training values come about, by the kind's name.
NUMBERS = {
    "even": lambda random, rows: random.uniform(-1, 1, rows),
    "far from 0": lambda random, rows: 1_700_000 + random.normal(0, 30, rows),
    "tiny": lambda random, rows: random.normal(0, 1e-9, rows),
    "huge": lambda random, rows: random.normal(0, 1e36, rows),
    "skewed": lambda random, rows: random.lognormal(0, 3, rows),
    "constant": lambda random, rows: np.full(rows, random.choice([0, 3, 0.1, 1e30])),
    "nearly constant": lambda _, rows: np.where(np.arange(rows), 3.0, 4.0),
    "last digit": lambda random, rows: 1 + random.randint(0, 2, rows) * 1.2e-7,
    "sparse": lambda random, rows: (random.rand(rows) < 0.02) * random.uniform(1, 255, rows),
    "very sparse": lambda random, rows: (random.uniform(size=rows) < 1e-3) * 224.0,
    "one extreme": lambda random, rows: np.where(np.arange(rows), random.normal(size=rows), 1e12),
    "missing": lambda _, rows: np.full(rows, NAN),
    "often missing": lambda random, rows: np.where(
        random.uniform(size=rows) < 0.9, NAN, random.normal(size=rows)
    ),
}  # fmt: skip
VALUES = 300
CATEGORIES = {
    "few": lambda random, rows: random.randint(0, 4, rows),
    "one": lambda _, rows: np.zeros(rows),
    "nearly one": lambda _, rows: np.where(np.arange(rows), 0, 1),
    "many": lambda random, rows: random.zipf(1.3, rows).clip(0, VALUES - 1),
    "all different": lambda _, rows: np.arange(rows) % VALUES,
    "sometimes missing": lambda random, rows: np.where(
        random.uniform(size=rows) < 0.01, NAN, random.randint(0, 3, rows)
    ),
}  # fmt: skip


def tables(most_rows: int = 3_000) -> st.SearchStrategy[tuple[np.ndarray, np.ndarray, list[Any]]]:
    """Training rows, rows as nobody has seen them, and the columns. One column at least varies."""
    kinds = st.lists(st.sampled_from([*NUMBERS, *CATEGORIES]), max_size=6).map(
        lambda drawn: [*drawn, "even"]
    )
    rows = st.sampled_from([n for n in (2, 20, 300, 700, 3_000) if n <= most_rows])
    return st.builds(_table, kinds, rows, st.integers(0, 1_000))


def _table(kinds: list[str], rows: int, seed: int) -> tuple[np.ndarray, np.ndarray, list[Any]]:
    random = np.random.RandomState(seed)
    columns: list[dict[str, Any]] = []
    seen, unseen = [], []
    for place, kind in enumerate(kinds):
        column: dict[str, Any] = {"name": f"{kind} {place}", "missing": 0}
        if kind in NUMBERS:
            values = NUMBERS[kind](random, rows).astype(np.float32)
            column["type"] = "number"
            large = np.nanmax(np.abs(values), initial=0)
            others = [NAN, 0, 224, 1e9, -1e9, large, -large]
        else:
            values = CATEGORIES[kind](random, rows).astype(np.float32)
            column |= {"type": "category", "values": [f"value {v}" for v in range(VALUES)]}
            others = [NAN, 0, 1, 2, 299, VALUES, VALUES + 1]
        columns.append(column)
        seen.append(values)
        unseen.append(random.permutation(others))
    return np.stack(seen, axis=1), np.stack(unseen, axis=1).astype(np.float32), columns
