"""Groups, times and weights of a table: stored beside x, no inputs, and refused with a sentence
where they say nothing."""

import datetime
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tuning.protocol.written_dates import days_of
from tuning.runner.failures import BadData
from tuning.splits.stored import values_of
from tuning.supervisor.assignments.preparation import facts_of

from .test_tables import check_snippet, column, csv, parquet, read, workplace

__all__ = ["workplace"]
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)


def prepared(content: str, **types: str) -> dict[str, Any]:
    """The profile, as the supervisor takes it."""
    _, profile = read(content, target="label", types=types)
    facts_of(profile)
    return profile


def test_a_group_is_stored_and_no_input() -> None:
    content = csv(patient=lambda row: "" if row % 10 == 3 else f"P{row % 7}")
    profile = prepared(content, patient="group")
    assert profile["feature_names"] == ["size", "town"]
    described = {"name": "patient", "type": "group", "different": 8, "largest": 5, "missing": 3}
    assert profile["auxiliary"] == [described]
    assert profile["notes"][-1] == (
        "patient is the group of each row: 8 groups, of which the largest has 5 rows. The 3 rows "
        "without a value are one group."
    )
    groups = values_of(Path("prepared"), "patient")
    names = [-1 if row % 10 == 3 else row % 7 for row in range(30)]
    pairs = set(zip(groups.tolist(), names, strict=True))
    assert len(pairs) == len(set(names)) == 8
    check_snippet(profile)


def test_a_number_is_one_group_however_it_is_written() -> None:
    content = csv(
        id=lambda row: ("7", "7.0", "07", "123456789012345678", "123456789012345679")[row % 5]
    )
    profile = prepared(content, id="group")
    assert profile["auxiliary"][0]["different"] == 3


@pytest.mark.parametrize("written", ["%Y-%m-%d", "%d.%m.%Y", "%m/%d/%Y", "%Y-%m-%dT%H:%M:%SZ"])
def test_times_are_in_order(written: str) -> None:
    days = [EPOCH + datetime.timedelta(days=19692 + 37 * n % 30) for n in range(30)]
    content = csv(when=lambda row: days[row].strftime(written))
    profile = prepared(content, when="time")
    assert profile["feature_names"] == ["size", "town"]
    times = values_of(Path("prepared"), "when")
    assert times.tolist() == [(day - EPOCH).days for day in days]
    assert profile["auxiliary"][0] | {"different": 30, "dates": True} == profile["auxiliary"][0]


def test_times_of_a_parquet_file_and_numbers() -> None:
    stamps = pd.date_range("2024-01-31 23:00", periods=30, freq="90min")
    steps = np.arange(30) * 1e9
    labels = ["yes", "no"] * 15
    table = {"when": stamps, "step": steps, "size": [n * 0.75 for n in range(30)], "label": labels}
    _, profile = read(
        parquet({name: list(values) for name, values in table.items()}), "data.parquet",
        target="label", types={"when": "time", "step": "time"},
    )  # fmt: skip
    assert [one["dates"] for one in profile["auxiliary"]] == [True, False]
    assert np.diff(values_of(Path("prepared"), "when")) == pytest.approx([1 / 16] * 29)
    # float64, where an input's float32 would round.
    assert values_of(Path("prepared"), "step").tolist() == (np.arange(30) * 1e9).tolist()


def test_an_offset_counts() -> None:
    assert days_of("2024-03-31 01:30:00+01:00", "ymd") == days_of("2024-03-31T00:30Z", "ymd")
    assert days_of("2024-03-30 22:00-0230", "ymd") == days_of("2024-03-31 00:30", "ymd")
    assert days_of("2024-03-31", "ymd") == 19813


def test_weights_are_stored_for_the_rows_that_are_kept() -> None:
    content = csv(weight=lambda row: row / 4 if row else "").replace("no\n", "\n", 1)
    _, profile = read(content, target="label", types={"weight": "weight"}, drop_rows=True)
    assert profile["feature_names"] == ["size", "town"]
    assert values_of(Path("prepared"), "weight").tolist() == [row / 4 for row in range(1, 30)]
    assert profile["auxiliary"][0]["high"] == 7.25


@pytest.mark.parametrize(
    ("kind", "cell", "said"),
    [
        ("time", lambda row: "" if row == 4 else row, "“extra” is empty in row 5"),
        ("time", lambda row: "soon" if row == 4 else "2024-01-01", "row 5: “soon” is neither"),
        ("weight", lambda row: "?" if row == 0 else 1, "“extra” is empty in row 1"),
        ("weight", lambda row: row - 3, "“extra” has negative values, but weights are 0 or larger"),
        ("weight", lambda _: 0, "is 0 in every row"),
        ("weight", lambda row: "heavy" if row == 4 else 1, "row 5: “heavy” is not a number"),
        ("group", lambda _: "", "“extra” is empty. Leave it out"),
    ],
)
def test_what_says_nothing_is_refused(kind: str, cell: Callable[[int], Any], said: str) -> None:
    with pytest.raises(BadData, match=said):
        read(csv(extra=cell), target="label", types={"extra": kind})


def test_only_a_person_says_that_a_column_is_a_group() -> None:
    found, _ = read(csv(patient=lambda row: row % 4, weight=lambda row: row % 3))
    assert [column(found, name).type for name in ("patient", "weight")] == ["number", "number"]


def test_a_target_stays_one_whatever_its_type() -> None:
    profile = prepared(csv(), label="group")
    assert "auxiliary" not in profile
