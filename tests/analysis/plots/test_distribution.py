from typing import Any

import pandas as pd
import pytest

from tuning.models import Search

pytestmark = pytest.mark.django_db


def test_shares_are_ranks(big: Search, raw: pd.DataFrame, info: Any) -> None:
    [curve] = info("distribution", big)["curves"]
    scores = raw.score.dropna().sort_values()
    assert curve["scores"] == pytest.approx(scores.tolist())
    assert curve["shares"] == pytest.approx((scores.rank(pct=True)).tolist(), rel=1e-6)


def test_other_searches_with_the_same_objective_can_be_added(
    big: Search, make_search: Any, info: Any
) -> None:
    other, else_ = make_search(), make_search(objective="val_loss", direction="min")
    choices = info("distribution", big)["options"][0]["choices"]
    assert [pk for pk, _ in choices] == [str(other.pk)]
    query = f"plot.distribution.searches={other.pk}&plot.distribution.searches={else_.pk}"
    names = [curve["name"] for curve in info("distribution", big, query)["curves"]]
    assert names == [f"search {big.number}", f"search {other.number}"]
