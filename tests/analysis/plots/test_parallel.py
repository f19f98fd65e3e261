from typing import Any

import pandas as pd
import pytest

from tuning.models import Search

pytestmark = pytest.mark.django_db


def axis(found: dict[str, Any], key: str) -> dict[str, Any]:
    return next(axis for axis in found["axes"] if axis["key"] == key)


def test_axes_have_every_trial_s_values(big: Search, raw: pd.DataFrame, info: Any) -> None:
    found = info("parallel", big)
    assert found["number"] == raw.number.tolist()
    assert axis(found, "hp:units")["values"] == raw.units.tolist()
    optimizers = axis(found, "hp:optimizer")
    assert [optimizers["texts"][code] for code in optimizers["values"]] == raw.optimizer.tolist()
    momentum = axis(found, "hp:momentum")["values"]
    assert [value is None for value in momentum] == raw.momentum.isna().tolist()
    assert axis(found, "hp:learning_rate")["log"]


def test_a_brush_keeps_the_trials_around_it(big: Search, raw: pd.DataFrame, info: Any) -> None:
    found = info("parallel", big, "hp:units__between=16,32")
    assert found["number"] == raw.number.tolist()
    inside = [found["number"][place] for place in found["inside"]]
    assert inside == raw[raw.units.between(16, 32)].number.tolist()
    assert found["selected"] == len(inside)
    brush = {"key": "hp:units", "operator": "between", "value": (16.0, 32.0)}
    assert found["brushes"] == [brush]


def test_other_filters_take_trials_away(big: Search, raw: pd.DataFrame, info: Any) -> None:
    found = info("parallel", big, "score__gt=0.4&hp:optimizer__in=sgd")
    kept = raw[raw.score > 0.4]
    assert found["number"] == kept.number.tolist()
    assert len(found["inside"]) == (kept.optimizer == "sgd").sum()


def test_the_best_few_are_the_best_of_what_the_brush_leaves(
    big: Search, raw: pd.DataFrame, info: Any
) -> None:
    found = info("parallel", big, "hp:units__lte=32&hp:optimizer__in=sgd&score__top=3")
    left = raw[(raw.units <= 32) & (raw.optimizer == "sgd")]
    assert sorted(found["number"]) == sorted(left.nlargest(3, "score").number)


def test_axes_come_in_the_order_of_the_address(big: Search, info: Any) -> None:
    query = "plot.parallel.axes=score&plot.parallel.axes=hp:units&plot.parallel.axes=nonsense"
    found = info("parallel", big, query)
    assert [axis["key"] for axis in found["axes"]] == ["score", "hp:units"]
    assert found["options"][0]["chosen"] == ["score", "hp:units"]


def test_axes_of_few_numbers_name_those_that_there_are(
    big: Search, raw: pd.DataFrame, info: Any
) -> None:
    found = info("parallel", big)
    assert axis(found, "hp:units")["marks"] == sorted(set(raw.units))
    # Steps of 0.1, so they are possible values as well.
    assert axis(found, "hp:momentum")["marks"] == sorted(set(raw.momentum.dropna()))
    for key in ("hp:learning_rate", "score"):
        assert not {"marks", "step"} & axis(found, key).keys()
    fewer = info("parallel", big, "plot.parallel.axes=hp:units&number__lte=3")
    assert fewer["axes"][0]["marks"] == sorted(set(raw.units[:3]))


def test_axes_of_many_numbers_have_whole_steps(big: Search, info: Any) -> None:
    numbers = info("parallel", big, "plot.parallel.axes=number")["axes"][0]
    assert numbers["step"] == 1
    assert "marks" not in numbers
