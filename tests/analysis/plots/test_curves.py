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
    assert "in table order" in found["note"]


def test_epochs_of_earlier_attempts_are_left_out(trained: Search, info: Any) -> None:
    trial = trained.trials.get(number=1)
    trial.attempt += 1
    trial.save()
    found = info("curves", trained, "sort=number")
    assert 1 not in [curve["number"] for curve in found["curves"]]


def chosen(*keys: Any) -> str:
    return "&".join(f"plot.curves.trial={key}" for key in keys)


def test_ticked_trials_take_the_place_of_the_first(
    trained: Search, raw: pd.DataFrame, info: Any
) -> None:
    keys = dict(zip(raw.number, raw.pk, strict=True))
    # A filter that leaves none of them does not matter.
    query = chosen(keys[9], keys[2]) + "&number__gte=50&sort=number"
    found = info("curves", trained, query)
    assert found["number"] == [9, 2]
    assert [curve["number"] for curve in found["curves"]] == [9, 9, 2, 2]
    assert found["note"] == ""
    count = next(option for option in found["options"] if option["name"] == "count")
    assert count["chosen"] == ["chosen"]
    # The first ones can be asked for again, and the ticked ones after that.
    assert info("curves", trained, query + "&plot.curves.count=5")["number"][0] == 50
    assert info("curves", trained, query + "&plot.curves.count=chosen")["number"] == [9, 2]


def test_ticked_trials_of_other_searches_and_nonsense_are_left_out(
    trained: Search, make_search: Any, raw: pd.DataFrame, info: Any
) -> None:
    other = make_search().trials.create(number=900)
    best = info("curves", trained)["number"]
    assert info("curves", trained, chosen(other.pk, "x", "9" * 40, "\u0664"))["number"] == best
    assert info("curves", trained, chosen(other.pk, raw.pk[0], "-1"))["number"] == [1]


def test_only_so_many_ticked_trials_are_drawn_and_it_says_so(
    trained: Search, raw: pd.DataFrame, info: Any
) -> None:
    found = info("curves", trained, chosen(*raw.pk[:51]))
    assert found["number"] == list(range(1, 51))
    assert found["note"] == "Only the first 50 of the selected trials."
    assert info("curves", trained, chosen(*raw.pk[:50]))["note"] == ""
