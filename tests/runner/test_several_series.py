"""A table of several time series: windows within each series, divided at the same moments, the
class of the next row, and windows as rows of a table for estimators. Everything is counted again
with pandas."""

from io import StringIO
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuning.protocol.description import description_of
from tuning.protocol.orders import SearchOrder
from tuning.protocol.predictions import lagged_rows, raw_windows
from tuning.protocol.windows import TooFewWindows, Windows
from tuning.runner.failures import BadData
from tuning.runner.folds import folds_of
from tuning.runner.inputs.data import Dataset, load_dataset
from tuning.runner.inputs.frames import raw_frame
from tuning.splits.windows import parts_in_time, window_folds

from .series import csv_text, order, panel, prepare

LOOK_BACK, HORIZON = 6, 2
PARTS = ("train", "validation", "test")
STORES = {"series": "store"}
LOW_OR_HIGH = {**STORES, "target": "state", "horizon": 1, "known": []}


def by_hand(columns: dict[str, list[Any]]) -> list[tuple[str, pd.DataFrame]]:
    """Each window's store and rows, in the order in which windows end."""
    table = pd.DataFrame(columns)
    found = []
    for name, rows in table.groupby("store", sort=False):
        rows = rows.sort_values("when").reset_index(drop=True)
        for first in range(len(rows) - LOOK_BACK - HORIZON + 1):
            found.append((str(name), rows[first : first + LOOK_BACK + HORIZON]))
    return sorted(found, key=lambda pair: pair[1]["when"].iloc[-1])


def loaded(root: Path, columns: dict[str, list[Any]], **changes: Any) -> Dataset:
    return load_dataset(order(prepare(root, columns, **{**STORES, **changes})[0]))


def test_windows_are_those_of_each_store(tmp_path: Path) -> None:
    columns = panel()
    folder, profile = prepare(tmp_path, columns, **STORES)
    dataset = load_dataset(order(folder))
    windows = by_hand(columns)
    assert profile["rows"] == len(windows) == len(dataset.x)
    days, stores = (dataset.facts["columns"][place]["values"] for place in (2, 4))
    assert profile["windows"]["series_names"] == ["north", "south", "harbour"]
    x, y = dataset.x[:], np.load(folder / "y.npy")
    for number, (store, rows) in enumerate(windows):
        assert {stores[int(code)] for code in x[number, :, 4]} == {store}
        assert x[number, :, 0] == pytest.approx(rows["load"][:LOOK_BACK])
        assert y[number] == pytest.approx(rows["load"][LOOK_BACK:])
        found = [days[int(code)] for code in x[number, :, 2]]
        assert found == rows["weekday"][HORIZON:].tolist(), "known two rows early"


def test_names_that_look_like_something_else_are_an_input(tmp_path: Path) -> None:
    """In another table, such a column would be left out: numbers but for one text."""
    columns = panel()
    numbers = {"north": "101", "south": "102", "harbour": "B 7"}
    columns["store"] = [numbers[store] for store in columns["store"]]
    for row in [at for at, store in enumerate(columns["store"]) if store == "B 7"][12:]:
        for cells in columns.values():
            cells[row] = None
    columns = {
        name: [cell for cell in cells if cell is not None] for name, cells in columns.items()
    }
    _, profile = prepare(tmp_path, columns, **STORES)
    assert "store" in [column["name"] for column in profile["columns"]]
    columns["store"] = [store if store == "101" else store * 60 for store in columns["store"]]
    _, profile = prepare(tmp_path, columns, **STORES)
    assert "store" not in [column["name"] for column in profile["columns"]], "too long"


def test_no_moment_is_in_two_parts_whatever_the_store(tmp_path: Path) -> None:
    columns = panel()
    dataset = loaded(tmp_path, columns)
    windows = by_hand(columns)
    ends = []
    for part in PARTS:
        chosen = [windows[number] for number in dataset.places[part]]
        assert {"north", "south"} <= {store for store, _ in chosen}
        times = [rows["when"] for _, rows in chosen]
        ends.append((min(one.iloc[0] for one in times), max(one.iloc[-1] for one in times)))
    (_, train), (validation, before_test), (test, _) = ends
    assert train < validation < before_test < test


@given(st.integers(1, 60), st.integers(0, 10_000), st.floats(0.2, 0.8))
def test_parts_of_any_series_follow_each_other(count: int, seed: int, train: float) -> None:
    random = np.random.default_rng(seed)
    first = random.integers(0, 60, count).astype(float)
    length = random.integers(1, 10, count)
    last = first + length
    rest = (1 - train) / 2
    try:
        parts = parts_in_time(first, last, [train, rest, rest])
    except TooFewWindows:
        return
    assert all(map(len, parts))
    for earlier, later in pairwise(parts):
        assert last[earlier].max() < first[later].min()
    for before, after in window_folds(first, last, 3):
        if len(before) and len(after):
            assert last[before].max() < first[after].min()


@given(st.integers(40, 200), st.integers(1, 8), st.floats(0.3, 0.8))
def test_series_of_the_same_times_are_divided_as_one_would_be(
    count: int, length: int, train: float
) -> None:
    one = Windows(length, 1, 1, count + length)
    starts = np.tile(np.arange(one.count, dtype=float), 3)
    rest = (1 - train) / 2
    parts = parts_in_time(starts, starts + length, [train, rest, rest])
    expected = one.parts(train, rest, rest)
    for found, same in zip(parts, expected, strict=True):
        assert len(found) / 3 == pytest.approx(len(same), abs=1.01)


def test_the_future_changes_neither_inputs_nor_scaling(tmp_path: Path) -> None:
    columns = panel()
    before = loaded(tmp_path, columns)
    windows = by_hand(columns)
    newest = max(windows[number][1]["when"].iloc[-1] for number in before.places["train"])
    later = [place for place, when in enumerate(columns["when"]) if when > newest]
    assert later
    for place in later:
        columns["load"][place] = 1e6 + place
        columns["degrees"][place] = -1e6
    after = loaded(tmp_path, columns)
    x, y = before.rows("train")
    assert np.array_equal(after.rows("train")[0], x)
    assert np.array_equal(after.rows("train")[1], y)
    assert not np.array_equal(after.rows("test")[0], before.rows("test")[0])
    assert before.preprocessing
    assert after.preprocessing
    for name in ("fill", "mean", "scale"):
        learned = (getattr(one.preprocessing.numbers, name) for one in (before, after))
        assert np.array_equal(*learned)
    rows = pd.concat([windows[number][1][:LOOK_BACK] for number in before.places["train"]])
    loads = rows.drop_duplicates(["store", "when"])["load"]
    assert before.preprocessing.numbers.mean[0] == pytest.approx(loads.mean(), rel=1e-3)


def test_a_target_of_the_future_is_not_seen(tmp_path: Path) -> None:
    """The inputs of each window are the same if all that follows its last row is another."""
    columns = panel()
    before = loaded(tmp_path, columns, known=[])
    windows = by_hand(columns)
    chosen = len(windows) // 2
    store, rows = windows[chosen]
    for place in range(len(columns["when"])):
        if columns["when"][place] > rows["when"].iloc[LOOK_BACK - 1]:
            columns["load"][place] = 0.5 + place
    after = loaded(tmp_path, columns, known=[])
    assert np.array_equal(after.x[chosen], before.x[chosen], equal_nan=True), store
    assert not np.array_equal(after.y[chosen], before.y[chosen])


def test_folds_train_on_the_past_alone(tmp_path: Path) -> None:
    columns = panel()
    dataset = loaded(tmp_path, columns)
    windows = by_hand(columns)
    keys = dataset.keys("train", "validation")
    numbers = np.concatenate([dataset.places["train"], dataset.places["validation"]])
    assert keys is not None
    search = SearchOrder(order(tmp_path), "", "", False, 1, 1, 32, "", 0, "", folds=3)
    folds = list(
        folds_of(search, "regression", dataset.windows).split(np.zeros(len(keys)), None, keys)
    )
    assert len(folds) == 3
    for train, test in folds:
        seen = max(windows[number][1]["when"].iloc[-1] for number in numbers[train])
        assert seen < min(windows[number][1]["when"].iloc[0] for number in numbers[test])


def test_the_class_of_the_next_row(tmp_path: Path) -> None:
    columns = panel()
    folder, profile = prepare(tmp_path, columns, **LOW_OR_HIGH)
    dataset = load_dataset(order(folder))
    assert (profile["task"], profile["class_names"]) == ("classification", ["high", "low"])
    table = pd.DataFrame(columns)
    found = []
    for _, rows in table.groupby("store", sort=False):
        rows = rows.sort_values("when")
        found += list(zip(rows["when"][LOOK_BACK:], rows["state"][LOOK_BACK:], strict=True))
    found.sort(key=lambda pair: pair[0])
    assert [profile["class_names"][code] for code in dataset.y] == [state for _, state in found]
    assert profile["class_counts"] == np.bincount(dataset.y).tolist()
    assert dataset.y.dtype == np.int64
    # What the class was is an input, as for numbers.
    assert [column["name"] for column in profile["columns"]] == [
        "load", "degrees", "weekday", "wind", "store", "state",
    ]  # fmt: skip


@pytest.mark.parametrize("changes", [{}, LOW_OR_HIGH, {"types": {"store": "out"}}, {"stride": 4}])
def test_the_load_snippet_gives_the_same(tmp_path: Path, changes: dict[str, Any]) -> None:
    columns = panel()
    folder, profile = prepare(tmp_path, columns, **{**STORES, **changes})
    (tmp_path / "load.csv").write_text(csv_text(columns))
    names: dict[str, Any] = {}
    code = profile["load_snippet"].replace("'load.csv'", repr(str(tmp_path / "load.csv")))
    exec(code, names)  # noqa: S102  our own text
    assert np.array_equal(names["y"], np.load(folder / "y.npy"))
    assert "store" in names["x"], "predictions need it"
    loads = names["x"]["load"].to_numpy("float32")
    assert np.array_equal(loads, np.load(folder / "x.npy")[:, 0])


def test_estimators_get_windows_as_rows_of_a_table(tmp_path: Path) -> None:
    columns = panel()
    dataset = loaded(tmp_path, columns).for_estimators()
    names = [column["name"] for column in dataset.facts["columns"]]
    assert names[:3] == ["load t-5", "degrees t-5", "weekday t-3"]
    assert names[-6:] == ["load t", "degrees t", "weekday t+2", "wind t", "store t", "state t"]
    table = pd.DataFrame(columns).sort_values(["store", "when"])
    shifted = table.groupby("store")["load"].shift(5)
    table = table.assign(before=shifted).dropna(subset=["before"])
    pairs = set(zip(table["before"].round(3), table["load"].round(3), strict=True))
    x = dataset.raw("train", "validation", "test")[0]
    place = names.index("load t")
    assert {(round(float(a), 3), round(float(b), 3)) for a, b in x[:, [0, place]]} <= pairs
    inputs = dataset.rows("train")[0]
    assert inputs.shape == (dataset.count("train"), dataset.facts["input_shape"][0])
    # All inputs of the same column have the same scale, whichever step they are of.
    loads = [dataset.facts["feature_names"].index(name) for name in ("load t-5", "load t")]
    raw = dataset.raw("train")[0][:, [0, place]]
    slope = np.diff(inputs[:, loads], axis=1) / np.diff(raw, axis=1)
    assert slope == pytest.approx(np.full(slope.shape, slope[0, 0]), rel=1e-2)


@pytest.mark.parametrize(
    ("columns", "changes", "words"),
    [
        ({}, {"series": "shop"}, "No column “shop”"),
        ({}, {"series": "load"}, "names the series, so it cannot be the target"),
        ({}, {"series": "when"}, "names the series, so it cannot be the time column"),
        ({}, {"series": ""}, "If the table holds several series, select the column that names"),
        ({}, {"horizon": 2, "target": "state"}, "Only the class of the next row can be predicted"),
        ({}, {"task": "multi-label"}, "Windows predict numbers or the class of the next row"),
        ({}, {"look_back": 40}, "windows of several series are too few for 3 parts"),
        ({"store": ["", *["north"] * 164]}, {}, "“store” is empty in 1 row"),
        ({"store": ["north"] * 165}, {}, "“north” has several"),
    ],
)  # fmt: skip
def test_what_cannot_be_cut_is_refused_with_a_sentence(
    tmp_path: Path, columns: dict[str, Any], changes: dict[str, Any], words: str
) -> None:
    with pytest.raises(BadData, match=words):
        prepare(tmp_path, {**panel(), **columns}, **{**STORES, **changes})


def test_short_series_are_named(tmp_path: Path) -> None:
    columns = panel()
    for name, cells in columns.items():
        # Its one row is the first one of all.
        cells.insert(0, "new" if name == "store" else cells[0])
    _, profile = prepare(tmp_path, columns, **STORES)
    assert profile["windows"]["series_names"][0] == "new"
    assert profile["rows"] == len(by_hand(panel()))
    assert any(
        "1 series with fewer than 8 rows has no window: “new”" in note for note in profile["notes"]
    )


def read(columns: dict[str, list[Any]]) -> pd.DataFrame:
    """As a person's file gives them."""
    return pd.read_csv(StringIO(csv_text(columns)))


def described(dataset: Dataset) -> dict[str, Any]:
    """What lies in a network's file, whose inputs have the columns' names."""
    about = description_of(dataset.facts)
    columns = [{**column, "input": column["name"]} for column in about["columns"]]
    return {**about, "columns": columns}


@pytest.mark.parametrize("changes", [{}, {"types": {"store": "out"}}])
def test_raw_rows_become_the_windows_of_the_dataset(
    tmp_path: Path, changes: dict[str, Any]
) -> None:
    """The last windows of each store come last, so that the newest come first once turned."""
    columns = panel()
    dataset = loaded(tmp_path, columns, **changes)
    table = read(columns)
    found = raw_windows(table, described(dataset))
    [loads] = found["load"]
    assert len(loads) == len(dataset.x)
    newest = [
        rows.sort_values("when")["load"].to_numpy("float32")[:-HORIZON][-LOOK_BACK:]
        for _, rows in table.groupby("store", sort=False)
    ]
    assert np.array_equal(np.array(loads[::-1][:3]), np.array(newest))
    known = {tuple(window) for window in dataset.x[:][:, :, 0]}
    assert {tuple(window) for window in loads} == known
    with pytest.raises(ValueError, match="There are 7 rows, but the model needs 8"):
        raw_windows(table[table["store"] == "north"][:7], described(dataset))


def test_lagged_rows_are_what_estimators_were_fitted_on(tmp_path: Path) -> None:
    # It imports Keras, which takes seconds.
    from tuning.runner.saved.raw_sklearn import as_sklearn

    columns = panel()
    dataset = loaded(tmp_path, columns).for_estimators()
    rows = lagged_rows(read(columns), description_of(dataset.facts))
    assert dataset.preprocessing
    fitted = raw_frame(dataset.preprocessing, dataset.raw("train")[0])
    assert list(rows.columns) == list(fitted.columns)
    assert rows.dtypes.tolist() == fitted.dtypes.tolist()
    everything = {tuple(row) for row in rows.astype(str).itertuples(index=False)}
    assert {tuple(row) for row in fitted.astype(str).itertuples(index=False)} <= everything
    transformer = as_sklearn(dataset.preprocessing, dataset.raw("train")[0])
    assert transformer.transform(fitted) == pytest.approx(dataset.rows("train")[0], abs=1e-5)
