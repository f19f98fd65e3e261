"""Windows of a time series: cut where they should be, divided by time without a common row, and
scaled by what the training part says."""

import shutil
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuning.protocol.windows import TooFewWindows, Windows
from tuning.runner.failures import BadData
from tuning.runner.inputs import data
from tuning.runner.inputs.data import load_dataset
from tuning.runner.inputs.windows import cut, steps_of
from tuning.splits.arranged import is_to_arrange

from .series import SPLIT, csv_text, hours, order, prepare, table

PARTS = ("train", "validation", "test")
windows = st.builds(
    Windows, st.integers(1, 30), st.integers(1, 10), st.integers(1, 12), st.integers(1, 400)
)


def rows_of(found: Windows, first: int, last: int) -> tuple[int, int]:
    """The first and the last row that windows see or predict."""
    return found.start(first), found.start(last) + found.length - 1


@given(windows, st.floats(0.05, 0.9), st.floats(0, 1))
def test_no_row_is_in_windows_of_two_parts(found: Windows, train: float, share: float) -> None:
    validation = (1 - train) * share
    try:
        parts = found.parts(train, validation, 1 - train - validation)
    except TooFewWindows:
        assert found.rows < found.smallest
        return
    there = [part for part in parts if len(part)]
    for earlier, later in pairwise(there):
        (_, last), (first, _) = (rows_of(found, p.start, p.stop - 1) for p in (earlier, later))
        assert last < first
        # No window is left out that could be in one of the two.
        assert later.start - earlier.stop == found.gap
        if found.gap:
            assert rows_of(found, later.start - 1, later.start - 1)[0] <= last
    assert rows_of(found, 0, there[-1].stop - 1)[1] < found.rows
    assert there[-1].stop == found.count
    assert parts[0]


@given(windows)
def test_the_smallest_table_is_just_large_enough(found: Windows) -> None:
    def fits(rows: int) -> bool:
        try:
            Windows(found.look_back, found.horizon, found.stride, rows).parts(0.7, 0.15, 0.15)
        except TooFewWindows:
            return False
        return True

    assert fits(found.smallest)
    assert not fits(found.smallest - 1)


@given(st.integers(1, 9), st.integers(1, 12), st.integers(1, 20))
def test_views_have_the_rows_of_their_windows(look_back: int, stride: int, count: int) -> None:
    steps = np.arange(3 * ((count - 1) * stride + look_back)).reshape(-1, 3)
    x = cut(steps, look_back, stride, count)
    for window in range(count):
        start = window * stride
        assert (x[window] == steps[start : start + look_back]).all()
    again, between = steps_of(x)
    assert (cut(again, look_back, between, count) == x).all()
    if stride < look_back and count > 1:
        assert len(again) == len(steps), "each row once"
    with pytest.raises(ValueError, match="read-only"):
        x[0] = 0


def test_a_window_sees_the_past_and_predicts_what_follows(tmp_path: Path) -> None:
    columns = table()
    folder, profile = prepare(tmp_path, columns)
    x, y = np.load(folder / "x.npy"), np.load(folder / "y.npy")
    assert profile["input_shape"] == [6, 4]
    names = [column["name"] for column in profile["columns"]]
    assert names == ["load", "degrees", "weekday", "wind"], "the time orders the rows"
    assert (profile["rows"], len(y)) == (120 - 8 + 1,) * 2
    assert profile["target_names"] == ["load +1", "load +2"]
    assert y[10] == pytest.approx([columns["load"][16], columns["load"][17]])
    dataset = load_dataset(order(folder))
    seen = dataset.x[10]
    assert seen[:, 0] == pytest.approx(columns["load"][10:16])
    # The weekday of the row two hours later: the last two are those of the rows to predict.
    codes = profile["columns"][2]["values"]
    assert [codes[int(code)] for code in seen[:, 2]] == columns["weekday"][12:18]
    assert np.isnan(x[7, 1])
    assert np.isnan(x[30, 1])
    assert np.load(folder / "times.npy")[0] == pytest.approx(19780 + 5 / 24)
    assert profile["windows"]["season"] == 24


def test_rows_are_sorted_by_time(tmp_path: Path) -> None:
    columns = table()
    folder, _ = prepare(tmp_path, columns)
    mixed = np.random.RandomState(3).permutation(120)
    shuffled = {name: [cells[row] for row in mixed] for name, cells in columns.items()}
    again, profile = prepare(tmp_path, shuffled)
    for file in ("x.npy", "y.npy", "times.npy"):
        assert np.array_equal(np.load(folder / file), np.load(again / file), equal_nan=True)
    assert "The rows were sorted by “when”." in profile["notes"]


def test_an_offset_of_the_clock_counts(tmp_path: Path) -> None:
    """When summer time ends, an hour of the clock comes twice."""
    import datetime

    first = datetime.datetime(2024, 10, 25, tzinfo=datetime.UTC)
    ends = datetime.datetime(2024, 10, 27, 1, tzinfo=datetime.UTC)
    moments = [first + datetime.timedelta(hours=row) for row in range(120)]
    zones = [datetime.timezone(datetime.timedelta(hours=1 + (m < ends))) for m in moments]
    when = [m.astimezone(zone).isoformat(" ") for m, zone in zip(moments, zones, strict=True)]
    assert when[48:50] == ["2024-10-27 02:00:00+02:00", "2024-10-27 02:00:00+01:00"]
    columns = table(when=when)
    mixed = np.random.RandomState(3).permutation(120)
    shuffled = {name: [cells[row] for row in mixed] for name, cells in columns.items()}
    folder, profile = prepare(tmp_path, shuffled)
    assert np.diff(np.load(folder / "times.npy")) == pytest.approx([1 / 24] * 119)
    assert np.load(folder / "x.npy")[:, 0] == pytest.approx(columns["load"])
    assert not any("longer than usual" in note for note in profile["notes"])
    assert np.array_equal(loaded(profile, tmp_path, shuffled)["y"], np.load(folder / "y.npy"))


def loaded(profile: dict[str, Any], folder: Path, columns: dict[str, Any]) -> dict[str, Any]:
    """What the lines define that load a person's own file."""
    (folder / "load.csv").write_text(csv_text(columns))
    code = profile["load_snippet"].replace("'load.csv'", repr(str(folder / "load.csv")))
    names: dict[str, Any] = {}
    exec(code, names)  # noqa: S102  our own text
    return names


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"horizon": 1},
        {"known": []},
        {"target": "load,degrees", "drop_rows": True},
        {"stride": 5},
        {"horizon": 1, "target": "load,degrees", "drop_rows": True, "known": []},
        {"types": {"when": "date"}},
    ],
)
def test_the_load_snippet_gives_the_same(tmp_path: Path, changes: dict[str, Any]) -> None:
    columns = table()
    mixed = np.random.RandomState(3).permutation(120)
    shuffled = {name: [cells[row] for row in mixed] for name, cells in columns.items()}
    folder, profile = prepare(tmp_path, shuffled, **changes)
    names = loaded(profile, tmp_path, shuffled)
    assert np.array_equal(names["y"], np.load(folder / "y.npy"))
    x = load_dataset(order(folder)).x
    assert list(names["x"].columns) == [column["name"] for column in profile["columns"]]
    place = list(names["x"].columns).index("load")
    assert names["x"]["load"].to_numpy("float32")[:6].tolist() == x[0, :, place].tolist()


def test_scaling_is_learned_from_the_training_rows(tmp_path: Path) -> None:
    columns = table(rows=300)
    folder, _ = prepare(tmp_path, columns)
    before = load_dataset(order(folder))
    last = before.places["train"].stop - 1  # type: ignore[union-attr]
    end = last + 6
    x = before.rows("train")[0]
    assert x.dtype == np.float32
    assert x.shape == (last + 1, 6, before.facts["input_shape"][1])
    loads = np.array(columns["load"][:end])
    assert before.preprocessing
    assert before.preprocessing.numbers.mean[0] == pytest.approx(loads.mean(), rel=1e-3)
    # Everything after the rows that training windows see is another world.
    for name, cell in (("load", 1e6), ("degrees", -1e6), ("wind", "storm")):
        columns[name][end + 2 :] = [cell + row if name != "wind" else cell
                                    for row in range(300 - end - 2)]  # fmt: skip
    changed = load_dataset(order(prepare(tmp_path, columns)[0]))
    assert np.array_equal(changed.rows("train")[0], x)
    assert not np.array_equal(changed.rows("test")[0], before.rows("test")[0])


def test_a_target_of_the_future_is_not_seen(tmp_path: Path) -> None:
    """The inputs of a window do not change with what it predicts, nor with anything later."""
    columns = table()
    before = load_dataset(order(prepare(tmp_path, columns)[0]))
    for name, cell in (("load", 0.5), ("degrees", 99.0), ("wind", "calm")):
        columns[name][70:] = [cell] * 50
    columns["load"][71] = 2.5
    after = load_dataset(order(prepare(tmp_path, columns)[0]))
    window = 70 - 6
    raw, changed = before.x[: window + 1, :, [0, 1, 2]], after.x[: window + 1, :, [0, 1, 2]]
    assert np.array_equal(raw, changed, equal_nan=True)
    assert not np.array_equal(before.y[window], after.y[window])


def test_parts_follow_each_other_in_time(tmp_path: Path) -> None:
    folder, profile = prepare(tmp_path, table(rows=300))
    dataset = load_dataset(order(folder))
    starts = {name: dataset.places[name] for name in PARTS}
    gap = Windows.of(profile).gap  # type: ignore[union-attr]
    assert gap == 7
    assert starts["validation"].start - starts["train"].stop == gap  # type: ignore[union-attr]
    assert data.row_numbers(order(folder), "test").tolist() == list(
        range(starts["test"].start, starts["test"].stop)  # type: ignore[union-attr]
    )
    x, y = dataset.rows("train", "validation")
    assert len(x) == len(y) == starts["validation"].stop  # type: ignore[union-attr]
    assert len(dataset.rows("validation", most=5)[0]) == 5
    assert not is_to_arrange(folder, SPLIT)
    assert not load_dataset(order(folder, train=0.8, validation=0.2, test=0)).has_rows("test")


def test_windows_are_views_of_rows_that_are_stored_once(tmp_path: Path) -> None:
    folder, _ = prepare(tmp_path, table(rows=300), look_back=90)
    x = load_dataset(order(folder)).x
    assert x.shape[:2] == (209, 90)
    assert (folder / "x.npy").stat().st_size == 128 + 300 * 4 * 4
    assert x.strides[0] == x.strides[1]


@pytest.mark.parametrize(
    ("columns", "changes", "words"),
    [
        ({}, {"time": ""}, "Windows need a time column"),
        ({}, {"time": "hour"}, "No column “hour”"),
        ({}, {"time": "wind"}, "neither a number nor a date like the others"),
        ({}, {"time": "load"}, "orders the rows, so it cannot be the target"),
        ({}, {"task": "multi-label"}, "Windows predict numbers or the class of the next row"),
        ({}, {"task": "classification", "target": "wind", "drop_rows": True}, "horizon is 2"),
        ({}, {"look_back": 100}, "120 rows are too few for windows of 100 [+] 2 rows"),
        ({}, {"look_back": 20_000}, "between 1 and 10,000"),
        ({}, {"horizon": 0}, "at least 1 row"),
        ({}, {"horizon": 201}, "201 numbers to predict, more than the limit of 200"),
        ({}, {"known": ["load"]}, "“load” is not an input, so it cannot be known in advance"),
        ({}, {"known": ["when"]}, "“when” is not an input"),
        ({}, {"look_back": 1}, r"the look-back \(1\) must be at least the horizon \(2\)"),
        ({"wind": [f"a long text of many words, all different, number {n}"
                   for n in range(120)]}, {}, "“wind” contains text"),
        ({"when": [*hours(119), hours(119)[-1]]}, {}, r"“when” is 2024-03-03 03:00 in several "
         r"rows \(2 rows share a time\)"),
        ({"when": ["", *hours(119)]}, {}, "“when” is empty in row 1"),
        ({"load": [1.0] * 120}, {}, "same value|same target"),
    ],
)  # fmt: skip
def test_what_cannot_be_cut_is_refused_with_a_sentence(
    tmp_path: Path, columns: dict[str, Any], changes: dict[str, Any], words: str
) -> None:
    rows = table(**columns)
    if "wind" in columns:
        rows["wind"] = [f'"{cell}"' for cell in rows["wind"]]
    with pytest.raises(BadData, match=words):
        prepare(tmp_path, rows, **changes)
    shutil.rmtree(tmp_path)


def test_steps_that_are_missing_are_said(tmp_path: Path) -> None:
    when = hours(130)
    _, profile = prepare(tmp_path, table(when=[*when[:50], *when[60:]]))
    assert any(
        "1 step between rows is longer than usual, the first after 2024-02-29 06:00" in note
        for note in profile["notes"]
    )


def test_parts_of_dates_are_inputs_where_a_person_asks_for_them(tmp_path: Path) -> None:
    _, profile = prepare(tmp_path, table(), types={"when": "date"}, known=["when (weekday)"])
    names = [column["name"] for column in profile["columns"]]
    assert "when (weekday)" in names
    assert profile["windows"]["known"] == ["when (weekday)"]


@pytest.mark.parametrize(("step", "season"), [(1, 7), (7, 52), (1 / 96, 96), (2.5, 0)])
def test_the_season_is_told_by_the_length_of_a_step(
    tmp_path: Path, step: float, season: int
) -> None:
    import datetime

    start = datetime.datetime(2020, 1, 1)  # noqa: DTZ001
    when = [str(start + datetime.timedelta(days=row * step)) for row in range(120)]
    assert prepare(tmp_path, table(when=when))[1]["windows"]["season"] == season
