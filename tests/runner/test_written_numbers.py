"""Numbers as people write them, each column by all of its values, here and in what people copy."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuning.protocol.written_numbers import IMPORTS, SOURCE, read_number
from tuning.runner.failures import BadData

from .test_tables import check_snippet, column, parquet, read, workplace

__all__ = ["workplace"]

CASES = Path(__file__).parent.parent / "cases"


def table(cells: list[str], *others: list[str]) -> str:
    """A file with a column `odd`, further ones, and classes; all cells are quoted."""
    names = ["odd", *(f"other {place}" for place in range(len(others))), "label"]
    labels = [("yes", "no")[row % 2] for row in range(len(cells))]
    rows = zip(cells, *others, labels, strict=True)
    return "\n".join([",".join(names), *(",".join(f'"{c}"' for c in row) for row in rows)])


@pytest.mark.parametrize(
    ("text", "decimal", "number", "unit"),
    [
        ("$1,234.50", ".", 1234.5, "$"), ("1.234,50 €", ",", 1234.5, "€"), ("61%", ".", 0.61, "%"),
        ("61,5 %", ",", 0.615, "%"), ("(1,234)", ".", -1234, ""), ("($5)", ".", -5, "$"),
        ("-$5", ".", -5, "$"), ("$-5", ".", -5, "$"), ("−5", ".", -5, ""), ("+5", ".", 5, ""),
        ("1'234.5", ".", 1234.5, ""), ("1’234", ".", 1234, ""), ("1 234 567", ".", 1234567, ""),
        ("1\xa0234,5", ",", 1234.5, ""), ("kr 1.234", ",", 1234, "kr"), ("US$5", ".", 5, "US$"),
        ("₹1,23,456.7", ".", 123456.7, "₹"), ("5 EUR", ".", 5, "EUR"), ("1,5", ",", 1.5, ""),
        ("0,123", ",", 0.123, ""), ("1e-3", ".", 0.001, ""),
    ],
)  # fmt: skip
def test_one_number(text: str, decimal: str, number: float, unit: str) -> None:
    assert read_number(text, decimal) == (pytest.approx(number), unit)


@pytest.mark.parametrize("text", [
    "", "$", "()", "(5", "5)", "-(5)", "--5", "$5%", "1,23", "12,34.5", "1.2.3", "0,123", "5-",
    "$5-$9", "1 23", "1,234'567", "1_000", "١٢", "Köln", "1" * 60,
])  # fmt: skip
def test_no_number(text: str) -> None:
    assert read_number(text) is None


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        (["$1,234.50", "$17.25", "$9"], [1234.5, 17.25, 9]),
        (["1.234,50 €", "17,25 €", "9"], [1234.5, 17.25, 9]),
        (["61%", "0", "7.5%"], [0.61, 0, 0.075]),
        (["(1,234)", "1,235", "-7.5"], [-1234, 1235, -7.5]),
        # One value decides for all of them.
        (["1,234", "2,345", "1,5"], [1.234, 2.345, 1.5]),
        (["1,234", "2,345", "1,500.5"], [1234, 2345, 1500.5]),
        (["1.234", "2.345", "1.000.000"], [1234, 2345, 1e6]),
        # Nothing decides: the file's sign, which is the point.
        (["1,234", "2,345", "3,456"], [1234, 2345, 3456]),
    ],
)
def test_a_column_is_read_with_one_decimal_sign(cells: list[str], values: list[float]) -> None:
    cells = [*cells, *cells, *cells]
    plain = [f"{place / 4}" for place in range(9)]
    found, profile = read(table(cells, plain), target="label")
    assert column(found, "odd").type == "number"
    x = np.load("prepared/x.npy")
    assert x[:3, 0] == pytest.approx(values)
    assert x[:, 1] == pytest.approx([place / 4 for place in range(9)])
    check_snippet(profile)


@pytest.mark.parametrize(
    ("cells", "odd"),
    [
        (["1.5", "2.5", "3.25", "1,5"], "1,5"),
        (["61%", "7%", "5%", "0.5"], "0.5"),
        (["$5", "$6", "$7", "€8"], "€8"),
    ],
)
def test_no_column_is_read_half_and_half(cells: list[str], odd: str) -> None:
    cells = [*cells[:3] * 4, cells[3]]
    found, _ = read(table(cells, [f"{n * n}" for n in range(13)]))
    assert column(found, "odd").reason == f"contains numbers, except “{odd}” in row 13"
    Path("prepared").rmdir()
    with pytest.raises(BadData, match=f"“odd”, row 13: “{odd}” is not written like"):
        read(table(cells), target="label", types={"odd": "number"})


def test_the_decimal_sign_of_an_open_column_can_be_chosen() -> None:
    cells = ["1,234", "2,345", "3,456"] * 3
    other = ["1,5", "2,25", "7,125"] * 3
    # Other columns decide for the file, and thus for this one.
    found, profile = read(table(cells, other), target="label")
    assert found.decimal == ","
    assert (column(found, "odd").open, column(found, "other 0").open) == (True, False)
    assert column(found, "odd").reading == "“1,234” is read as 1.234"
    assert np.load("prepared/x.npy")[0] == pytest.approx([1.234, 1.5])
    check_snippet(profile)
    Path("prepared").rename("before")
    found, profile = read(table(cells, other), target="label", decimals={"odd": "."})
    assert column(found, "odd").reading == "“1,234” is read as 1234"
    assert np.load("prepared/x.npy")[0] == pytest.approx([1234, 1.5])
    check_snippet(profile)


def test_all_values_decide_not_only_the_first_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    from tuning.runner.datasets.tables import text

    monkeypatch.setattr(text, "CELLS_AT_ONCE", 6)
    cells = [*["1,234", "2,345"] * 6, "1,5"]
    found, profile = read(table(cells), target="label")
    assert column(found, "odd").type == "number"
    assert np.load("prepared/x.npy")[[0, -1], 0] == pytest.approx([1.234, 1.5])
    check_snippet(profile)


def test_currency_and_percent_of_a_file() -> None:
    content = (CASES / "currency_percent.csv").read_bytes()
    found, profile = read(content, target="price")
    assert [(c.name, c.type) for c in found.columns] == [
        ("column 1", "out"), ("income", "number"), ("rent", "number"), ("share", "number"),
        ("price", "number"),
    ]  # fmt: skip
    assert found.task == "regression"
    assert np.load("prepared/x.npy")[0] == pytest.approx([119295, 2982.38, 0.61])
    assert np.load("prepared/y.npy")[0] == 357381
    assert any("rent: “$2,982.38” is read as 2982.38" in note for note in profile["notes"])
    columns = json.loads(Path("prepared/meta.json").read_text())["columns"]
    assert [one["decimal"] for one in columns] == [".", ".", "."]
    check_snippet(profile)


def test_texts_of_a_parquet_file_are_numbers_too() -> None:
    columns = {"odd": ["$5", "$6.5", None] * 5, "y": [n * 1.5 for n in range(15)]}
    found, profile = read(parquet(columns), "t.parquet", target="y")
    assert column(found, "odd").type == "number"
    check_snippet(profile)


def test_a_marker_of_missing_values_can_be_a_value() -> None:
    cells = ["NA", "Pave", "?", ""] * 5
    found, _ = read(table(cells))
    assert (found.markers, column(found, "odd").missing) == (["?", "NA"], 15)
    Path("prepared").rmdir()
    found, profile = read(table(cells), target="label", not_missing=["na"])
    assert (found.markers, column(found, "odd").missing) == (["?"], 10)
    assert profile["columns"][0]["values"] == ["NA", "Pave"]
    check_snippet(profile)


def test_numbers_that_stand_for_missing_values_have_types_in_parquet() -> None:
    columns = {"age": [-999, 5, 7] * 5, "y": [n * 1.5 for n in range(15)]}
    found, _ = read(parquet(columns), "t.parquet", target="y", gaps=["-999"])
    assert column(found, "age").missing == 5


SIGNED = st.decimals(-(10**9), 10**9, places=2, allow_nan=False)


@given(
    values=st.lists(SIGNED, min_size=4, max_size=9, unique=True), comma=st.booleans(),
    unit=st.sampled_from(["", "$", "€", "CHF "]), group=st.sampled_from(["", "'", " ", "\xa0"]),
    brackets=st.booleans(),
)  # fmt: skip
def test_what_is_written_is_read(
    values: list[Any], comma: bool, unit: str, group: str, brackets: bool
) -> None:
    names: dict[str, Any] = {}
    exec("\n".join([*IMPORTS, SOURCE]), names)  # noqa: S102  our own text
    for value in values:
        whole, _, fraction = f"{abs(value):,.2f}".partition(".")
        text = whole.replace(",", group) + (",", ".")[not comma] + fraction
        text = f"{unit}{text}"
        if value < 0:
            text = f"({text})" if brackets else f"-{text}"
        assert names["number_of"](text, "," if comma else ".") == pytest.approx(float(value))
