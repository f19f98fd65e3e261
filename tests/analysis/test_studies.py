"""Optuna studies from trials, and importances found in them."""

import random
from typing import Any

import pytest

from tuning.analysis.studies import (
    DEFAULT_METHOD,
    METHODS,
    Order,
    can_tell,
    families,
    study_of,
)


def an_order(count: int = 60, method: str = DEFAULT_METHOD) -> Order:
    """The score follows `units`, not `rate`, and `momentum` where it is in use."""
    draw = random.Random(1)
    units = [draw.randrange(8, 72, 8) for _ in range(count)]
    rate = [10 ** draw.uniform(-4, -1) for _ in range(count)]
    momentum: list[Any] = [draw.random() if index % 2 else None for index in range(count)]
    scores = [u / 32 + (m or 0) for u, m in zip(units, momentum, strict=True)]
    return Order(
        method=method, direction="max", scores=scores,
        parameters=[
            {"name": "units", "number": True, "log": False, "values": units},
            {"name": "rate", "number": True, "log": True, "values": rate},
            {"name": "momentum", "number": True, "log": False, "values": momentum},
            {"name": "same", "number": False, "log": False, "values": ["adam"] * count},
        ],
    )  # fmt: skip


def test_a_study_has_the_trials_as_they_are() -> None:
    order = an_order()
    study = study_of(order)
    assert study.best_value == max(order["scores"])
    units = sorted(set(order["parameters"][0]["values"]))
    found = [units[trial.params["units"]] for trial in study.trials]
    assert found == order["parameters"][0]["values"]
    assert study.trials[0].distributions["rate"].log  # type: ignore[attr-defined]
    # Not in use in half of the trials.
    assert "momentum" not in study.trials[1].params


@pytest.mark.parametrize("method", METHODS)
def test_what_decides_matters_most(method: str) -> None:
    everywhere, conditional = families(an_order(method=method))
    assert everywhere["trials"] == 60
    assert everywhere["names"][0] == "units"
    assert everywhere["shares"][0] > 0.6
    assert set(everywhere["names"]) == {"units", "rate", "same"}
    assert sum(everywhere["shares"]) == pytest.approx(1)
    assert (conditional["names"], conditional["trials"]) == (["momentum"], 30)
    assert conditional["shares"][0] > 0.05


def test_equal_scores_and_few_trials_tell_nothing() -> None:
    assert not can_tell([1.0, 1.0, 1.0, 1.0, 1.0])
    assert not can_tell([1.0, 2.0, 3.0])
    assert can_tell([1.0, 2.0, 3.0, 4.0])
    order = an_order()
    order["scores"] = [0.5] * 60
    assert families(order) == []


@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("direction", ["max", "min"])
def test_a_few_different_numbers_are_no_importance(method: str, direction: str) -> None:
    """Four values in steps decide hardly anything, a continuous one nearly all."""
    draw = random.Random(2)
    rate = [draw.uniform(0, 1) for _ in range(3000)]
    size = [draw.choice([8, 16, 32, 64]) for _ in range(3000)]
    scores = [r + s / 1000 for r, s in zip(rate, size, strict=True)]
    order = Order(
        method=method, direction=direction, scores=scores,
        parameters=[
            {"name": "size", "number": True, "log": False, "values": size},
            {"name": "rate", "number": True, "log": False, "values": rate},
        ],
    )  # fmt: skip
    (family,) = families(order)
    assert family["names"] == ["rate", "size"]
    assert family["shares"][0] > 0.8
