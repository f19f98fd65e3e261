from typing import Any

import pandas as pd
import pytest

from tuning.models import Epoch, Search

pytestmark = pytest.mark.django_db


@pytest.fixture
def trained(big: Search) -> Search:
    for trial in big.trials.all():
        for execution in (0, 1):
            for epoch in (1, 2, 3):
                Epoch.objects.create(
                    trial=trial, attempt=trial.attempt, execution=execution, epoch=epoch, seconds=1,
                    metrics={"val_accuracy": epoch / 10 + execution, "loss": trial.number},
                )  # fmt: skip
    return big


def test_the_best_trials_have_a_curve_for_each_execution(
    trained: Search, raw: pd.DataFrame, info: Any
) -> None:
    found = info("curves", trained, "plot.curves.count=5")
    best = raw.nlargest(5, "score").number.tolist()
    assert found["number"] == best
    executions = [(curve["number"], curve["execution"]) for curve in found["curves"]]
    assert executions == [(number, execution) for number in best for execution in (0, 1)]
    assert found["curves"][1]["epochs"] == [1, 2, 3]
    assert found["curves"][1]["values"] == pytest.approx([1.1, 1.2, 1.3])


def test_the_table_s_order_and_another_metric_can_be_chosen(trained: Search, info: Any) -> None:
    found = info("curves", trained, "sort=number&plot.curves.metric=loss")
    assert found["number"] == list(range(1, 11))
    assert found["curves"][0]["values"] == [1, 1, 1]
    assert "as the table is sorted" in found["note"]


def test_epochs_of_earlier_attempts_are_left_out(trained: Search, info: Any) -> None:
    trial = trained.trials.get(number=1)
    trial.attempt += 1
    trial.save()
    found = info("curves", trained, "sort=number")
    assert 1 not in [curve["number"] for curve in found["curves"]]
