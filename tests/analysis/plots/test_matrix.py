from typing import Any

import pandas as pd
import pytest

from tuning.analysis.plots import matrix
from tuning.models import Search

pytestmark = pytest.mark.django_db


def test_columns_and_colour_are_the_rows_own(big: Search, raw: pd.DataFrame, info: Any) -> None:
    found = info("matrix", big, "plot.matrix.columns=hp:units&plot.matrix.columns=score")
    units, score = found["axes"]
    assert units["values"] == raw.units.tolist()
    expected = [None if pd.isna(value) else value for value in raw.score]
    assert score["values"] == pytest.approx(expected)
    assert found["colour"]["values"] == score["values"]


def test_there_are_never_more_than_a_handful(big: Search, info: Any) -> None:
    keys = [column for column, _ in info("matrix", big)["options"][0]["choices"]]
    query = "&".join(f"plot.matrix.columns={key}" for key in keys)
    assert len(info("matrix", big, query)["axes"]) == min(len(keys), 6)


def test_very_many_trials_are_sampled_and_the_plot_says_so(
    big: Search, info: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(matrix, "MAX_POINTS", 20)
    found = info("matrix", big)
    assert found["number"] == list(range(4, 81, 4))
    assert found["note"].startswith("A sample of 20 of 80 trials.")
