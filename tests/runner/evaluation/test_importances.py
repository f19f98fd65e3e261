"""Permutation importance of planted models, computed once more in a few lines."""

import numpy as np
import pandas as pd
import pytest

from tuning.runner.evaluation import importances
from tuning.runner.evaluation.importances import importances_of


def test_only_the_column_that_is_used_matters() -> None:
    random = np.random.default_rng(0)
    x = random.normal(size=(600, 3)).astype(np.float32)
    x[::7, 2] = np.nan
    y = (x[:, 1] > 0).astype(np.int64)

    def predict(rows: np.ndarray) -> np.ndarray:
        return (rows[:, 1] > 0).astype(np.int64)

    found = importances_of(predict, x, y, ["a", "b", "c"], "classification")
    assert (found.score, found.rows, found.problem) == ("accuracy", 600, "")
    assert [column.column for column in found.columns] == ["a", "b", "c"]
    a, b, c = found.columns
    assert (a.mean, a.deviation, c.mean) == (0.0, 0.0, 0.0)
    dropped = []
    for _ in range(20):
        shuffled = x.copy()
        shuffled[:, 1] = random.permutation(shuffled[:, 1])
        dropped.append(1 - (predict(shuffled) == y).mean())
    assert b.mean == pytest.approx(np.mean(dropped), abs=0.03)
    assert b.deviation is not None
    assert 0 < b.deviation < 0.05


def test_a_table_is_shuffled_as_the_model_takes_it() -> None:
    x = pd.DataFrame({"größe": [1.0, 2.0, 3.0, 4.0] * 10, "farbe": ["r", "g", None, "b"] * 10})

    def predict(rows: pd.DataFrame) -> np.ndarray:
        return rows["größe"].to_numpy() * 2

    found = importances_of(predict, x, predict(x), list(x.columns), "regression")
    assert found.score == "r2"
    assert [column.column for column in found.columns] == ["größe", "farbe"]
    assert found.columns[0].mean > 0.5
    assert found.columns[1].mean == 0


def test_work_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    many, y = np.zeros((3_000, 2)), np.arange(3_000) % 2
    sizes: list[int] = []

    def predict(rows: np.ndarray) -> np.ndarray:
        sizes.append(len(rows))
        return np.zeros(len(rows), np.int64)

    assert importances_of(predict, many, y, ["a", "b"], "classification").rows == 1_000
    assert max(sizes) == 1_000
    monkeypatch.setattr(importances, "_SECONDS", 0.0)
    assert "too slow" in importances_of(predict, many, y, ["a", "b"], "classification").problem
    wide = np.zeros((10, 501))
    names = [str(n) for n in range(501)]
    assert "500 columns" in importances_of(predict, wide, y[:10], names, "classification").problem


def test_a_column_of_windows_is_exchanged_with_its_whole_past() -> None:
    """The target is the difference between two steps of one column: shuffled step by step, or in a
    single row, its importance would be another."""
    random = np.random.default_rng(0)
    x = random.normal(size=(500, 4, 3)).astype(np.float32)
    x[..., 1] += np.arange(500)[:, None]
    y = x[:, 3, 1] - x[:, 0, 1] + 0.1 * x[:, 2, 2]

    def predict(windows: np.ndarray) -> np.ndarray:
        return np.asarray(windows[:, 3, 1] - windows[:, 0, 1] + 0.1 * windows[:, 2, 2])

    found = importances_of(predict, x, y, ["a", "b", "c"], "regression")
    a, b, c = (column.mean for column in found.columns)
    assert found.score == "r2"
    assert a == 0
    residual = ((y - y.mean()) ** 2).sum()

    def expected(part: np.ndarray) -> float:
        drops = [((part - random.permutation(part)) ** 2).sum() / residual for _ in range(200)]
        return float(np.mean(drops))

    assert b == pytest.approx(expected(x[:, 3, 1] - x[:, 0, 1]), rel=0.15)
    assert c == pytest.approx(expected(0.1 * x[:, 2, 2]), rel=0.3)
