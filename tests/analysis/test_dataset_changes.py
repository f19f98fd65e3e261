"""What is said of the difference between two versions of a dataset."""

from typing import Any

import numpy as np
import pytest

from tuning.analysis.dataset_changes import DatasetChanges, dataset_changes, summary_text
from tuning.models import Dataset


def number(name: str, values: Any, missing: int = 0) -> dict[str, Any]:
    counts, edges = np.histogram(values, 20)
    histogram = {"edges": edges.tolist(), "counts": counts.tolist()}
    return {"name": name, "type": "number", "missing": missing, "histogram": histogram}


def category(name: str, **counts: int) -> dict[str, Any]:
    return {"name": name, "type": "category", "missing": 0, "values": list(counts),
            "counts": list(counts.values()), "different": len(counts)}  # fmt: skip


def table(*columns: dict[str, Any], rows: int = 2000, **profile: Any) -> Dataset:
    return Dataset(
        name="Houses", kind="table", folder="houses",
        profile={"rows": rows, "columns": list(columns), "column_count": len(columns),
                 "input_shape": [len(columns)], **profile},
    )  # fmt: skip


def normal(mean: float, rows: int = 2000, seed: int = 0) -> Any:
    return np.random.default_rng(seed).normal(mean, 1, rows)


def moved(before: Dataset, after: Dataset) -> list[str]:
    return [one.name for one in dataset_changes(before, after).moved]


def test_rows_and_columns_are_compared() -> None:
    before = table(number("age", normal(0)), number("code", normal(0)), category("gone", a=2000))
    after = table(
        number("age", normal(0, seed=1), missing=7), category("code", a=2100), category("new", b=1),
        rows=2100,
    )  # fmt: skip
    changes = dataset_changes(before, after)
    assert ("Rows", "2,000", "2,100") in changes.facts
    assert ("Missing values", "0", "7") in changes.facts
    assert (changes.added, changes.removed) == (["new"], ["gone"])
    assert changes.retyped == [("code", "number", "category")]
    assert changes.moved == []
    assert summary_text(changes) == "1 column added, 1 column removed, 1 column of another type."


def test_distributions_that_moved_are_named_the_farthest_first() -> None:
    before = table(
        number("same", normal(0)), number("a little", normal(0)), number("far", normal(0)),
        category("town", Ulm=1000, Bonn=1000),
    )  # fmt: skip
    after = table(
        number("same", normal(0, seed=1)), number("a little", normal(0.5, seed=2)),
        number("far", normal(5, seed=3)), category("town", Ulm=600, Bonn=1000, Kiel=400),
    )  # fmt: skip
    changes = dataset_changes(before, after)
    assert [one.name for one in changes.moved] == ["far", "town", "a little"]
    far, town, _ = changes.moved
    assert far.distance > 0.95
    assert far.text.startswith("median about 5.0")
    assert "was" in far.text
    assert (town.distance, town.text) == (pytest.approx(0.2), "Ulm: 30%, was 50%")
    assert len(far.before.bars) == len(far.after.bars) == 20
    assert summary_text(changes) == "3 distributions moved."


def test_few_rows_differ_by_chance() -> None:
    found = [
        moved(table(number("x", normal(0, 20, seed))), table(number("x", normal(0, 20, seed + 99))))
        for seed in range(30)
    ]
    assert sum(map(len, found)) <= 2


def test_gaps_in_histograms_agree_with_the_exact_statistic() -> None:
    """SciPy's, on the values themselves."""
    from scipy.stats import ks_2samp

    for shift in (0.5, 1, 2):
        a, b = normal(0), normal(shift, seed=1)
        (found,) = dataset_changes(table(number("x", a)), table(number("x", b))).moved
        assert found.distance == pytest.approx(ks_2samp(a, b).statistic, abs=0.06)


def test_the_target_is_compared_too() -> None:
    classes = {"class_names": ["no", "yes"], "num_classes": 2, "target_name": "sold"}
    before = table(number("x", normal(0)), class_counts=[1000, 1000], **classes)
    after = table(number("x", normal(0)), class_counts=[400, 1600], **classes)
    (found,) = dataset_changes(before, after).moved
    assert (found.name, found.text) == ("sold (target)", "no: 20%, was 50%")
    histogram = {"edges": [0, 1, 2], "counts": [100, 900]}
    other = table(number("x", normal(0)), target_histogram=histogram)
    assert moved(before, other) == [], "classes and numbers are not compared"


@pytest.mark.parametrize("profile", [{}, {"rows": 5, "input_shape": [8, 8, 1], "num_classes": 2}])
def test_data_without_columns_are_compared_as_far_as_they_are_known(profile: Any) -> None:
    images = Dataset(name="Photos", kind="image", folder="photos", profile=profile)
    changes = dataset_changes(images, images)
    assert isinstance(changes, DatasetChanges)
    assert summary_text(changes) == "Columns are the same."
