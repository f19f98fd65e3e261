"""Summary, history, curves and overview against rows made by hand."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tuning.analysis.curves import grouped, trial_info
from tuning.analysis.forecast import Range
from tuning.analysis.history import history_info
from tuning.analysis.overview import search_rows
from tuning.analysis.plan import plan_info
from tuning.analysis.summary import planned_trials, spread, summarise
from tuning.models import Epoch, Search, Trial, TrialIndex
from tuning.protocol.statuses import Status

START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def add(make_search: Any) -> Any:
    def add(search: Search, number: int, status: Status, score: float | None, took: int) -> Trial:
        trial, _ = Trial.objects.update_or_create(
            search=search, number=number,
            defaults={
                "status": status, "score": score, "attempt": 1, "started_at": START,
                "finished_at": START + timedelta(seconds=took),
            },
        )  # fmt: skip
        search.refresh_from_db(fields=["index_columns"])
        TrialIndex.objects.fill(search, [trial])
        return trial

    return add


def test_a_search_that_minimises(make_search: Any, add: Any) -> None:
    search = make_search(objective="val_loss", direction="min", max_trials=6)
    add(search, 1, Status.COMPLETED, 0.5, 10)
    add(search, 2, Status.COMPLETED, 0.3, 20)
    add(search, 3, Status.FAILED, None, 5)
    add(search, 4, Status.COMPLETED, 0.4, 30)
    summary = summarise(search)
    assert summary.best.number == 2
    assert summary.baseline.number == 1
    assert summary.difference == pytest.approx(-0.2)
    assert (summary.completed, summary.failed, summary.running) == (3, 1, 0)
    assert (summary.finished, summary.planned) == (4, 6)
    assert summary.training_seconds == 65
    # Two trials are left, one at a time, of 15 to 25 s each.
    assert summary.remaining == Range(30, 50)
    [row] = search_rows(search.project)
    assert (row.best, row.training_seconds) == (0.3, 65)
    assert history_info(search) == {
        "objective": "val_loss", "direction": "min", "numbers": [1, 2, 4],
        "scores": [0.5, 0.3, 0.4], "best": [0.5, 0.3, 0.3], "failed": [3], "baseline": 0.5,
        "total": 3, "pruned": [], "pruned_values": [],
    }  # fmt: skip


@pytest.mark.slow
def test_of_very_many_trials_a_sample_is_drawn_with_all_that_were_best(make_search: Any) -> None:
    search = make_search(max_trials=9000)
    scores = {number: number % 97 / 100 + number / 100_000 for number in range(2, 9001)}
    Trial.objects.bulk_create(
        Trial(search=search, number=number, status=Status.COMPLETED, score=score)
        for number, score in scores.items()
    )
    TrialIndex.objects.fill(search)
    info = history_info(search)
    assert 1500 < len(info["numbers"]) < 2600
    assert info["total"] == 8999
    assert info["scores"] == [scores[number] for number in info["numbers"]]
    assert set(_leaders(scores)) <= set(info["numbers"])
    assert info["numbers"][-1] == 9000


def _leaders(scores: dict[int, float]) -> list[int]:
    """The trials that were the best so far, one after another."""
    leaders: list[int] = []
    for number, score in scores.items():
        if not leaders or score > scores[leaders[-1]]:
            leaders.append(number)
    return leaders


def test_nothing_has_run(make_search: Any) -> None:
    summary = summarise(make_search())
    assert (summary.best, summary.difference, summary.remaining) == (None, None, None)
    assert summary.planned == 4


@pytest.mark.parametrize(
    ("settings", "planned"),
    [
        ({"max_trials": 7}, 7),
        ({"tuner": "grid", "max_trials": 5000}, 880),
        ({"tuner": "grid", "max_trials": 50}, 50),
        ({"tuner": "hyperband", "epochs": 9}, 24),
    ],
)
def test_planned_trials(make_search: Any, settings: dict[str, Any], planned: int) -> None:
    assert planned_trials(make_search(**settings)) == planned


def test_a_plan_counts_executions(make_search: Any) -> None:
    plan = plan_info(make_search(max_trials=5, epochs=10, executions_per_trial=2))
    assert (plan.trials, plan.epochs) == (5, 100)


def test_spread() -> None:
    found = spread([0.8, 0.9, None, 1.0])
    assert found is not None
    assert (found.mean, found.deviation) == (pytest.approx(0.9), pytest.approx(0.1))
    assert (found.lowest, found.highest, found.count) == (0.8, 1.0, 3)
    assert spread([0.9]) is None


def test_curves_show_the_last_attempt_alone(make_search: Any, add: Any) -> None:
    search = make_search()
    trial = add(search, 1, Status.COMPLETED, 0.9, 1)
    for attempt, value in ((0, 0.1), (1, 0.9)):
        Epoch.objects.create(
            trial=trial, attempt=attempt, execution=0, epoch=1, seconds=1,
            metrics={"val_accuracy": value, "loss": None},
        )  # fmt: skip
    assert trial_info(trial)["plots"] == [
        {
            "metric": "accuracy",
            "curves": [{"name": "validation", "validation": True, "epochs": [1], "values": [0.9]}],
        },
        {
            "metric": "loss",
            "curves": [{"name": "training", "validation": False, "epochs": [1], "values": [None]}],
        },
    ]


def test_the_objective_is_drawn_first() -> None:
    plots = grouped([("", 1, {"auc": 1.0, "loss": 1.0, "val_zeta": 1.0})], first="val_zeta")
    assert [plot["metric"] for plot in plots["plots"]] == ["zeta", "loss", "auc"]


def test_what_the_page_counts_and_sums_is_read_from_an_index(make_search: Any) -> None:
    """Of 100,000 trials, whose rows are wide."""
    search = make_search()
    history = search.index_rows.order_by("number").values("number", "status", "score")
    for rows in (search.index_rows.values("seconds"), history):
        assert "COVERING INDEX cells_of_search" in rows.explain()
