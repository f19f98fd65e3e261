"""Dates that become numbers, here and in what people copy."""

import datetime
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuning.analysis.predictions.about import about
from tuning.models import Dataset
from tuning.protocol.orders import PredictOrder
from tuning.protocol.predictions import RowSource
from tuning.protocol.written_dates import DATE_PARTS, date_parts
from tuning.runner.failures import BadData
from tuning.runner.prediction.rows import _of_table

from .test_table_files import sheet
from .test_tables import check_snippet, column, csv, parquet, read, workplace

__all__ = ["workplace"]
DAYS = [datetime.date(2023, 11, 5) + datetime.timedelta(days=11 * n) for n in range(30)]
PARTS = [f"when ({part})" for part in DATE_PARTS]


def check_parts(profile: dict[str, Any], days: list[datetime.date] = DAYS) -> None:
    """Year, month, weekday and days are those that Python's dates say."""
    names = profile["feature_names"]
    x = np.load("prepared/x.npy")
    found = x[:, [names.index(part) for part in PARTS]]
    epoch = datetime.date(1970, 1, 1)
    wanted = [[d.year, d.month, d.weekday(), (d - epoch).days] for d in days]
    assert np.array_equal(found, np.array(wanted, np.float32))
    check_snippet(profile)


@pytest.mark.parametrize("form", [
    "%Y-%m-%d", "%d.%m.%Y", "%m/%d/%Y", "%d/%m/%Y", "%d-%m-%y", "%Y-%m-%dT00:00:00Z", "%Y/%m/%d",
])  # fmt: skip
def test_dates_become_numbers_where_somebody_asks(form: str) -> None:
    content = csv(when=lambda row: DAYS[row].strftime(form))
    found, _ = read(content)
    assert column(found, "when").type == "out"
    Path("prepared").rmdir()
    _, profile = read(content, target="label", types={"when": "date"})
    assert profile["feature_names"] == [*PARTS, "size", "town"]
    assert [one["date"] for one in profile["columns"][:4]] == ["when"] * 4
    assert profile["dropped"][0]["name"] == "when"
    check_parts(profile)


def test_times_are_fractions_of_days_and_gaps_stay() -> None:
    content = csv(when=lambda row: "?" if row == 3 else f"2024-01-31 {row % 24}:30:00")
    _, profile = read(content, target="label", types={"when": "date"})
    x = np.load("prepared/x.npy")
    assert np.isnan(x[3, :4]).all()
    assert x[12, 3] == pytest.approx(19753 + 12.5 / 24)
    check_snippet(profile)


@pytest.mark.parametrize("sign", ["/", ".", "-"])
def test_the_order_that_nothing_decides(sign: str) -> None:
    pairs = [(1 + n % 12, 1 + n * 7 % 11) for n in range(30)]
    content = csv(when=lambda row: f"{pairs[row][0]}{sign}{pairs[row][1]}{sign}{2010 + row % 9}")
    _, profile = read(content, target="label", types={"when": "date"})
    days = [
        datetime.date(2010 + n % 9, *(pair if sign == "/" else pair[::-1]))
        for n, pair in enumerate(pairs)
    ]
    check_parts(profile, days)


def test_typed_dates_of_other_files() -> None:
    rows = [[pd.Timestamp(day).to_pydatetime(), n / 8, "yn"[n % 2]] for n, day in enumerate(DAYS)]
    table = sheet([["when", "n", "label"], *rows])
    _, profile = read(table, "t.xlsx", target="label", types={"when": "date"})
    check_parts(profile)
    Path("prepared").rename("before")
    columns = {"when": [pd.Timestamp(day) for day in DAYS], "n": [n / 8 for n in range(30)],
               "label": ["yn"[n % 2] for n in range(30)]}  # fmt: skip
    found, profile = read(parquet(columns), "t.parquet", target="label", types={"when": "date"})
    assert column(found, "when").reason == "contains dates or times"
    check_parts(profile)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (lambda row: f"Name {row}", "row 1: “Name 0” is not a date"),
        (lambda row: "2024-02-30" if row == 6 else "2024-02-03", "row 7: “2024-02-30” is not a"),
        (lambda row: "13/1/2024" if row == 6 else "1/13/2024", "row 7: “13/1/2024” is not a date"),
        (lambda row: row, "row 1: “0” is not a date"),
    ],
)
def test_what_is_no_date_is_named(values: Any, words: str) -> None:
    with pytest.raises(BadData, match=words):
        read(csv(when=values), target="label", types={"when": "date"})


def asked(profile: dict[str, Any], content: str) -> Any:
    """The rows that a model of this dataset gets from the file of a question."""
    dataset = Dataset(kind=profile["kind"], task="regression", profile=profile, upload={})
    columns = [{"name": c["name"], "type": c["type"]} for c in profile["columns"]]
    model: Any = SimpleNamespace(
        columns=columns, naming_columns=[], is_raw=True, windows=about(dataset)["windows"],
        rows_ahead=0,
    )  # fmt: skip
    Path("asked.csv").write_text(content)
    order = PredictOrder(
        "model.keras", RowSource.TABLE, name="asked.csv", file="asked.csv", most_bytes=1 << 20,
        about=about(dataset),
    )  # fmt: skip
    rows = _of_table(order, model)
    names: dict[str, Any] = {}
    exec(rows.load, names)  # noqa: S102  our own text
    pd.testing.assert_frame_equal(names["x"], rows.values, check_dtype=False)
    return rows.values


@pytest.mark.parametrize(
    ("form", "sign"), [("%d/%m/%Y", "/"), ("%m/%d/%Y", "/"), ("%m-%d-%Y", "-")]
)
def test_the_dataset_says_the_order_of_a_questions_dates(form: str, sign: str) -> None:
    """3 April, also where no row of the question has a day above 12."""
    _, profile = read(csv(when=lambda row: DAYS[row].strftime(form)), target="label",
                      types={"when": "date"})  # fmt: skip
    day = datetime.date(2024, 4, 3)
    alone = asked(profile, f"when,size,town\n{day.strftime(form)},1.5,Ulm\n")
    assert list(alone["when (month)"]) == [4]
    written = asked(profile, f"when,size,town\n{day.isoformat()},1.5,Ulm\n")
    assert list(written["when (month)"]) == [4], "no doubt about four digits first"
    other = {"%d/%m/%Y": "4/13/2024"}.get(form, f"13{sign}4{sign}2024")
    with pytest.raises(BadData, match=f"row 1: “{other}” is not a date"):
        asked(profile, f"when,size,town\n{other},1.5,Ulm\n")


def test_the_dataset_says_the_order_of_a_questions_times() -> None:
    """1 May, 8 May and 5 June follow each other; 5 January, 5 August and 6 May would not."""
    days = [DAYS[0] + datetime.timedelta(days=7 * n) for n in range(40)]
    lines = ["when,load", *(f"{day:%d/%m/%Y},{n % 9}.5" for n, day in enumerate(days))]
    _, profile = read("\n".join(lines), target="load", time="when", look_back=2)
    rows = asked(profile, "when,load\n01/05/2024,1.5\n08/05/2024,2.5\n05/06/2024,3.5\n")
    assert list(rows["load"]) == [1.5, 2.5, 3.5]


def test_the_dataset_says_what_percentages_are() -> None:
    """A model of shares from 0 to 1 gets no 12 for 12 %, and one of plain numbers no 0.12."""
    _, profile = read(csv(rate=lambda row: f"{row}%"), target="label")
    assert list(asked(profile, "rate,size,town\n12%,1.5,Ulm\n")["rate"]) == [0.12]
    with pytest.raises(BadData, match="“12” is not a number"):
        asked(profile, "rate,size,town\n12,1.5,Ulm\n")
    shutil.rmtree("prepared")
    _, plain = read(csv(rate=lambda row: row * 1.5), target="label")
    assert list(asked(plain, "rate,size,town\n12,1.5,Ulm\n")["rate"]) == [12]
    with pytest.raises(BadData, match="“12%” is not a number"):
        asked(plain, "rate,size,town\n12%,1.5,Ulm\n")


def test_a_question_with_a_file_has_dates() -> None:
    """The prediction page reads them as the dataset was read, and so do the lines that it shows."""
    columns = [{"name": name, "type": "number"} for name in (*PARTS, "size")]
    model: Any = SimpleNamespace(columns=columns, naming_columns=[], is_raw=True, windows=None)
    lines = ["size,when", *(f"{n}.5,{day:%d.%m.%Y}" for n, day in enumerate(DAYS[:4]))]
    Path("new.csv").write_text("\n".join(lines))
    order = PredictOrder(
        "model.keras", RowSource.TABLE, name="new.csv", file="new.csv", most_bytes=1 << 20,
        about={"reading": {"types": {"when": "date"}}},
    )  # fmt: skip
    rows = _of_table(order, model)
    assert list(rows.values["when (year)"]) == [day.year for day in DAYS[:4]]
    names: dict[str, Any] = {}
    exec(rows.load, names)  # noqa: S102  our own text
    assert np.allclose(names["x"].to_numpy(float), rows.values.to_numpy(float))


@given(day=st.dates(datetime.date(1000, 1, 1)), moment=st.times())
def test_a_date_that_is_written_is_read(day: datetime.date, moment: datetime.time) -> None:
    year, month, weekday, days = date_parts(f"{day} {moment:%H:%M:%S}", "ymd")
    assert (year, month, weekday) == (day.year, day.month, day.weekday())
    seconds = moment.hour * 3600 + moment.minute * 60 + moment.second
    whole = (day - datetime.date(1970, 1, 1)).days
    assert days == pytest.approx(whole + seconds / 86400, abs=1e-6)
