"""The edge warning: said where the best sit at a border by more than chance, and can go beyond."""

import random
from typing import Any

import pytest

from tests.conftest import SPACE
from tests.spaces.test_hyperparameters import entry, numbers
from tests.views.conftest import add_trial  # noqa: F401
from tuning.analysis.edges import edges, edges_of
from tuning.spaces.edits import Range, Values, edited

UNITS, OPTIMIZER, MOMENTUM, RATE = range(4)


def own(**parameters: Any) -> dict[str, Any]:
    return {"space": [entry(kind, name, **config) for name, (kind, config) in parameters.items()]}


ONE = own(
    rate=("Float", numbers(1e-4, 1e-1, None, "log")),
    dropout=("Float", numbers(0.0, 0.5)),
    units=("Int", numbers(8, 64, 8)),
    kernel=("Choice", {"values": [3, 5, 7], "ordered": True}),
    width=("Choice", {"values": [16, 32, 64], "ordered": True}),
    kind=("Choice", {"values": [1, 2, 3], "ordered": False}),
    bias=("Boolean", {"default": False}),
    layers=("Int", numbers(1, 3, 1)),
)


def found(space: dict[str, Any], **columns: list[Any]) -> list[tuple[str, str, str]]:
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    return [(e.sentence, e.end, e.wider.range_text) for e in edges_of(space, space, rows)]


@pytest.mark.parametrize(
    ("column", "values", "sentence", "wider"),
    [
        ("rate", [0.1, 0.09, 0.08, 0.095, 0.1],
         "The best 5 trials have rate at the upper end of its range, 0.1.",
         "0.0001 to 1, logarithmic"),
        ("rate", [1e-4, 1.1e-4, 1.2e-4, 0.02],
         "3 of the best 4 trials have rate at the lower end of its range, 0.0001.",
         "1e-05 to 0.1, logarithmic"),
        ("dropout", [0.5, 0.48, 0.49, 0.5],
         "The best 4 trials have dropout at the upper end of its range, 0.5.", "0 to 0.75"),
        ("units", [64, 64, 64, 64],
         "The best 4 trials have units at the upper end of its range, 64.",
         "8 to 96 in steps of 8"),
        ("width", [64] * 6,
         "The best 6 trials have width at the upper end of its range, 64.",
         "16, 32, 64, 128, 256"),
        ("kernel", [7] * 6,
         "The best 6 trials have kernel at the upper end of its range, 7.", "3, 5, 7, 9, 11"),
        ("layers", [3] * 6,
         "The best 6 trials have layers at the upper end of its range, 3.", "1 to 4"),
    ],
)  # fmt: skip
def test_said_and_widened(column: str, values: list[Any], sentence: str, wider: str) -> None:
    ((said, _, range_text),) = found(ONE, **{column: values})
    assert (said, range_text) == (sentence, wider)


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("rate", [0.1, 0.02, 0.001, 0.0005]),
        ("rate", [0.1, 0.1]),
        ("dropout", [0.0] * 8),
        ("units", [8] * 8),
        ("kernel", [7] * 3),
        ("kernel", [5] * 8),
        ("kind", [3] * 8),
        ("bias", [True] * 8),
        ("layers", [1] * 8),
    ],
)
def test_no_false_alarm(column: str, values: list[Any]) -> None:
    """Chance, no border, or nothing beyond it."""
    assert found(ONE, **{column: values}) == []


def test_what_decides_over_others_is_not_widened() -> None:
    space = {
        "space": [
            entry("Int", "layers", default=1, **numbers(1, 3, 1)),
            entry("Int", "units_3", ("layers", [3]), default=8, **numbers(8, 64, 8)),
        ]
    }
    assert found(space, layers=[3] * 6, units_3=[64] * 6) == [
        (
            "The best 6 trials have units_3 at the upper end of its range, 64.",
            "high",
            "8 to 96 in steps of 8",
        )
    ]


def test_a_space_that_was_narrowed_can_become_the_templates_again() -> None:
    narrow = edited(SPACE, {UNITS: Range(16, 32, 8), RATE: Values((0.01, 0.02, 0.04))})
    rows = [{"units": 32, "optimizer": "adam", "learning_rate": 0.01}] * 8
    said = {edge.parameter.name: edge.wider.range_text for edge in edges_of(narrow, SPACE, rows)}
    assert said == {
        "units": "16 to 40 in steps of 8",
        "learning_rate": "0.0025, 0.005, 0.01, 0.02, 0.04",
    }


def test_pure_chance_is_rarely_warned_of() -> None:
    """500 searches of 40 trials whose scores have nothing to do with their values."""
    draw = random.Random(1)
    alarms = 0
    for _ in range(500):
        columns = {
            "rate": [10 ** draw.uniform(-4, -1) for _ in range(4)],
            "dropout": [draw.uniform(0, 0.5) for _ in range(4)],
            "units": [8 * draw.randint(1, 8) for _ in range(4)],
            "kernel": [draw.choice([3, 5, 7]) for _ in range(4)],
            "width": [draw.choice([16, 32, 64]) for _ in range(4)],
            "layers": [draw.randint(1, 3) for _ in range(4)],
        }
        alarms += bool(found(ONE, **columns))
    assert alarms / 500 <= 0.05


@pytest.mark.parametrize(("direction", "end"), [("max", "high"), ("min", "low")])
@pytest.mark.django_db
def test_of_a_search(
    make_search: Any, add_trial: Any, direction: str, end: str,  # noqa: F811
    django_assert_max_num_queries: Any,
) -> None:  # fmt: skip
    search = make_search(max_trials=30, direction=direction)
    assert edges(search) == []
    for number in range(1, 31):
        rate = 10 ** (-4 + 3 * number / 30)
        values = {"units": 8 * (number % 5 + 2), "optimizer": "adam", "learning_rate": rate}
        add_trial(search, number, score=rate, values=values)
    with django_assert_max_num_queries(4):
        (edge,) = edges(search)
    assert (edge.parameter.name, edge.end, edge.count) == ("learning_rate", end, 3)
    assert edge.key == f"{RATE}.{end}"
