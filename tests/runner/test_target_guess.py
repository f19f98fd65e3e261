"""The guess of the column that is to be predicted."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuning.runner.datasets.tables import target_guess
from tuning.runner.datasets.tables.cells import CellReader
from tuning.runner.datasets.tables.columns import Scan
from tuning.runner.datasets.tables.target_guess import NAMES, TargetGuess, guess_target

ROWS = 40
KINDS = {
    "amounts": [f"{row * 37 % ROWS * 1.25 + 0.1}" for row in range(ROWS)],
    "classes": [f"{'ab'[row % 2]}" for row in range(ROWS)],
    "digits": [f"{row % 5}" for row in range(ROWS)],
    "ids": [str(1000 + row * 37 % ROWS) for row in range(ROWS)],
    "counts": [str(row + 1) for row in range(ROWS)],
    "texts": [f"text {row}" for row in range(ROWS)],
    # Free text, of which some is there twice.
    "reviews": [f"this text has several words {max(row, 5)}" for row in range(ROWS)],
    "constant": ["1"] * ROWS,
    "one value with gaps": ["", "1"] * (ROWS // 2),
    "empty": [""] * ROWS,
    "dates": [f"2024-01-{row % 28 + 1:02}" for row in range(ROWS)],
}
NEVER = ("texts", "reviews", "constant", "one value with gaps", "empty", "dates", "counts")


def guess(*columns: tuple[str, str]) -> TargetGuess:
    """For columns of a name and a kind."""
    scans = []
    for name, kind in columns:
        scan = Scan(name, CellReader())
        scan.take(KINDS[kind], 1)
        scans.append(scan)
    return guess_target(scans)


def amounts(names: str) -> list[tuple[str, str]]:
    return [(name, "amounts") for name in names.split(",")]


@pytest.mark.parametrize(
    ("names", "target"),
    [
        # Well-known tables.
        ("SepalLength,SepalWidth,Species", "Species"),
        ("survived,pclass,sex,age,fare,class,alone", "survived"),
        ("id,diagnosis,radius_mean,Unnamed: 32", "diagnosis"),
        ("carat,cut,color,depth,table,price,x,y,z", "price"),
        ("X,Y,month,temp,wind,area", "area"),
        ("age,job,default,balance,poutcome,y", "y"),
        ("Time,V1,V2,Amount,Class", "Class"),
        ("mpg,cylinders,horsepower", "mpg"),
        ("longitude,median_house_value,ocean_proximity", "median_house_value"),
        ("Store,Weekly_Sales,Temperature,Fuel_Price_Index", "Weekly_Sales"),
        ("HeartDisease,Age,Sex", "HeartDisease"),
        ("airline,class,price", "price"),
        # Case and punctuation do not count; whole names before parts, the end of a name before
        # the rest.
        ("Sale Price,house price,b", "Sale Price"),
        ("TARGET,a,b", "TARGET"),
        ("target_class,label!,b", "label!"),
        ("a,house_price,price_per_m2,b", "house_price"),
        ("price per m2,a,b", "price per m2"),
        ("x,y", "y"),
        ("y_position,a,b", "b"),
        ("subclass,enterprise,b", "b"),
        ("label,b,y", "y"),
    ],
)
def test_names_say_which_column_is_predicted(names: str, target: str) -> None:
    assert guess(*amounts(names)).column.name == target


def test_the_reason_says_what_the_guess_rests_on() -> None:
    assert guess(*amounts("Price,b")).reason == "“Price” is a common name of a target."
    assert guess(*amounts("house_price,b")).reason == "The name “house_price” contains “price”."
    assert "It is the last column" in guess(*amounts("a,b")).reason


@pytest.mark.parametrize("kind", NEVER)
@pytest.mark.parametrize("name", ["target", "house_price", "remarks"])
def test_what_cannot_be_predicted_is_not_guessed(name: str, kind: str) -> None:
    found = guess(("size", "amounts"), ("town", "classes"), (name, kind))
    assert found.column.name == "town"


def test_numbers_that_never_repeat_need_a_whole_name() -> None:
    size = ("size", "amounts")
    assert guess(("price", "ids"), size).column.name == "price"
    assert guess(("class_number", "ids"), size, ("customer", "ids")).column.name == "size"
    assert guess(("customer", "ids"), ("text", "texts")).column.name == "customer"


def test_thousands_of_columns_are_looked_at_once_each(monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"größe der probe {number} in µm" for number in range(300)]
    calls: list[str] = []
    plain = target_guess._plain

    def counted(name: str) -> str:
        calls.append(name)
        return plain(name)

    monkeypatch.setattr(target_guess, "_plain", counted)
    guess(*amounts(",".join(names)))
    assert len(calls) <= 2 * len(names)


_NAMED = st.sampled_from(
    [*NAMES[0], "price", "class", "house_price", "a", "size", "Größe", "col 3"]
)
_COLUMNS = st.lists(
    st.tuples(_NAMED, st.sampled_from(sorted(KINDS))), min_size=2, max_size=6,
    unique_by=lambda column: column[0],
)  # fmt: skip


@given(_COLUMNS)
def test_no_guess_is_impossible_where_another_is_possible(columns: list[Any]) -> None:
    kinds = dict(columns)
    found = guess(*columns)
    assert found.reason.endswith(".")
    if any(kind not in NEVER for kind in kinds.values()):
        assert kinds[found.column.name] not in NEVER


@given(_COLUMNS, st.sampled_from(["amounts", "classes", "digits"]), st.randoms())
def test_a_column_called_target_is_found_wherever_it_is(
    columns: list[Any], kind: str, chance: Any
) -> None:
    others = [column for column in columns if column[0] not in NAMES[0]]
    mixed = [*others, ("Target", kind)]
    chance.shuffle(mixed)
    assert guess(*mixed).column.name == "Target"
