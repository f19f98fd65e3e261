from typing import Any

import pandas as pd
import pytest

from tuning.models import Search

pytestmark = pytest.mark.django_db
UNITS_AND_OPTIMIZER = "plot.contour.x=hp:units&plot.contour.y=hp:optimizer"


def test_squares_are_means_of_their_trials(big: Search, raw: pd.DataFrame, info: Any) -> None:
    found = info("contour", big, UNITS_AND_OPTIMIZER)
    means = raw.dropna(subset="score").pivot_table(
        index="optimizer", columns="units", values="score"
    )
    assert found["columns"] == means.columns.tolist()
    names = [found["y"]["texts"][row] for row in found["rows"]]
    for name, line in zip(names, found["means"], strict=True):
        expected = [None if pd.isna(value) else value for value in means.loc[name]]
        assert line == pytest.approx(expected, rel=1e-6)


def test_many_different_values_fall_into_a_grid(big: Search, raw: pd.DataFrame, info: Any) -> None:
    found = info("contour", big, "plot.contour.x=hp:learning_rate&plot.contour.y=hp:units")
    assert len(found["columns"]) == 30
    assert sum(map(sum, found["counts"])) == raw.score.notna().sum()
    # Logarithmic: neighbours have the same ratio.
    ratios = [b / a for a, b in zip(found["columns"], found["columns"][1:], strict=False)]
    assert ratios == pytest.approx([ratios[0]] * 29)


def test_one_column_twice_is_refused_in_a_sentence(big: Search, info: Any) -> None:
    found = info("contour", big, "plot.contour.x=hp:units&plot.contour.y=hp:units")
    assert found["pk"] == []
    assert "two different columns" in found["note"]


def test_it_says_that_only_some_points_are_drawn(
    big: Search, raw: pd.DataFrame, info: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "drawn" not in info("contour", big, UNITS_AND_OPTIMIZER)["note"]
    monkeypatch.setattr("tuning.analysis.plots.contour.MAX_POINTS", 40)
    found = info("contour", big, UNITS_AND_OPTIMIZER)
    count, drawn = int(raw.score.notna().sum()), len(found["pk"])
    assert drawn <= 40
    assert f"Means of {count} trials" in found["note"]
    assert found["note"].endswith(f"{drawn} of them are drawn as points.")
