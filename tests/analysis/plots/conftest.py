"""Searches whose plots are compared with pandas and Optuna on the raw rows."""

import random
from typing import Any

import pandas as pd
import pytest
from django.contrib.auth.models import User
from django.http import QueryDict

from tuning.analysis.plots import PLOTS
from tuning.analysis.trials.selection import Selection
from tuning.models import Search, Trial, TrialIndex
from tuning.protocol.statuses import Status


@pytest.fixture
def big(make_search: Any) -> Search:
    """Eighty trials; the score follows `units`; some failed; `momentum` only with sgd."""
    search: Search = make_search(max_trials=80)
    search.trials.all().delete()
    draw = random.Random(3)
    for number in range(1, 81):
        optimizer = draw.choice(["adam", "sgd"])
        values: dict[str, Any] = {
            "units": draw.randrange(8, 72, 8),
            "optimizer": optimizer,
            "learning_rate": 10 ** draw.uniform(-4, -1),
        }
        if optimizer == "sgd":
            values["momentum"] = draw.randrange(10) / 10
        done = draw.random() < 0.85
        score = values["units"] / 100 + draw.random() / 20
        Trial.objects.create(
            search=search, number=number, values=values,
            status=Status.COMPLETED if done else Status.FAILED,
            score=score if done else None,
            metrics={"val_accuracy": score, "val_loss": 1 - score} if done else {},
        )  # fmt: skip
    TrialIndex.objects.fill(search)
    search.refresh_from_db()
    return search


@pytest.fixture
def raw(big: Search) -> pd.DataFrame:
    """The trials themselves, past everything under test."""
    return pd.DataFrame(
        {"pk": t.pk, "number": t.number, "status": t.status, "score": t.score, **t.values}
        for t in big.trials.order_by("number")
    )


@pytest.fixture
def info(alice: User) -> Any:
    """A function: the figures of a plot for a search and a query."""

    def of(name: str, search: Search, query: str = "") -> dict[str, Any]:
        return PLOTS[name].info(Selection.read(search, QueryDict(query), alice))

    return of
