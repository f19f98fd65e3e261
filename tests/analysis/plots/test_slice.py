from typing import Any

import pandas as pd
import pytest

from tuning.models import Search

pytestmark = pytest.mark.django_db


def test_each_hyperparameter_stands_beside_the_score(
    big: Search, raw: pd.DataFrame, info: Any
) -> None:
    found = info("slice", big)
    expected = [None if pd.isna(value) else value for value in raw.score]
    assert found["figure"]["values"] == pytest.approx(expected)
    rates = next(axis for axis in found["axes"] if axis["key"] == "hp:learning_rate")
    assert rates["values"] == pytest.approx(raw.learning_rate.tolist(), rel=1e-6)


def test_another_figure_can_be_chosen(big: Search, info: Any) -> None:
    found = info("slice", big, "plot.slice.figure=metric:val_loss")
    assert found["figure"]["key"] == "metric:val_loss"
    assert info("slice", big, "plot.slice.figure=hp:optimizer")["figure"]["key"] == "score"
