"""How long a search takes: only what ended trials say, as a range."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from tuning.analysis.forecast import Range, quartiles
from tuning.analysis.plan import plan_info
from tuning.analysis.summary import summarise
from tuning.models import Epoch, Inspection, Project, Search, Trial, TrialIndex
from tuning.protocol.statuses import Status
from tuning.strategies.pruners import MAX_WAITING

pytestmark = pytest.mark.django_db

Add = Callable[..., None]


@pytest.fixture
def add() -> Add:
    """A function that adds completed trials of these durations, each with three epochs that take
    one fifth of it."""

    def add_trials(search: Search, *durations: float, status: Status = Status.COMPLETED) -> None:
        now = timezone.now()
        for place, seconds in enumerate(durations):
            trial, _ = Trial.objects.update_or_create(
                search=search, number=1 + place,
                defaults={
                    "status": status, "score": 0.5, "attempt": 1, "epochs_done": 3,
                    "started_at": now - timedelta(seconds=seconds), "finished_at": now,
                    "end_order": 1 + place,
                },
            )  # fmt: skip
            Epoch.objects.bulk_create(
                Epoch(trial=trial, attempt=1, execution=0, epoch=n, seconds=seconds / 5, metrics={})
                for n in (1, 2, 3)
            )
            TrialIndex.objects.fill(search, [trial])

    return add_trials


def _left(search: Search) -> str:
    remaining = summarise(search).remaining
    return remaining.duration_text if remaining else ""


def test_quartiles_hold_the_mean() -> None:
    assert quartiles([10.0, 20.0, 30.0]) == Range(15, 25)
    assert quartiles([1.0, 1.0, 1.0, 97.0]) == Range(1, 25)
    assert quartiles([10.0, 20.0]) is None


def test_time_left_is_a_range(make_search: Any, add: Add) -> None:
    few = make_search()
    add(few, 20, 40)
    assert _left(few) == ""
    search = make_search(max_trials=13)
    # Ten trials, one at a time, of 25 to 35 s each.
    add(search, 20, 30, 40)
    assert _left(search) == "4 min 10 s to 5 min 50 s"


def test_trials_of_one_length_have_no_range(make_search: Any, add: Add) -> None:
    search = make_search(max_trials=5)
    add(search, 30, 30, 30)
    assert _left(search) == "about 1 min"


def test_with_rounds_epochs_are_counted(make_search: Any, add: Add) -> None:
    search = make_search(tuner="hyperband", epochs=4)
    add(search, 30, 30, 30)
    remaining = summarise(search).remaining
    assert remaining is not None
    # Nine epochs of ten seconds are done. One bracket trains five models for two epochs and two of
    # them for two more, the other one three for four; the baseline has four.
    assert remaining.high == pytest.approx(10 * (5 * 2 + 2 * 2 + 3 * 4 + 4 - 9))


def test_running_trials_share_the_work(make_search: Any, add: Add) -> None:
    search = make_search(max_trials=13, parallel_trials=4)
    add(search, 30, 30, 30)
    rows = [Trial(search=search, number=n, status=Status.RUNNING) for n in (4, 5)]
    Trial.objects.bulk_create(rows)
    # Eight wait and two are half done: nine trials of 30 s, two at once.
    assert _left(search) == "about 2 min 15 s"


def test_time_left_ends_with_a_limit_of_time(make_search: Any, add: Add) -> None:
    search = make_search(max_trials=1003, max_time=3600)
    add(search, 30, 30, 30)
    Search.objects.update(created_at=timezone.now() - timedelta(seconds=3000))
    search.refresh_from_db()
    remaining = summarise(search).remaining
    assert remaining is not None
    # Ten minutes, and what a last trial then takes.
    assert remaining.low == pytest.approx(600, abs=5)
    assert remaining.high == pytest.approx(630, abs=5)


def test_training_time_is_used_up_by_all_at_once(make_search: Any, add: Add) -> None:
    search = make_search(max_trials=1003, max_training_time=690, parallel_trials=2)
    add(search, 30, 30, 30)
    now = timezone.now()
    rows = [Trial(search=search, number=n, status=Status.RUNNING, started_at=now) for n in (4, 5)]
    Trial.objects.bulk_create(rows)
    remaining = summarise(search).remaining
    assert remaining is not None
    assert remaining.low == pytest.approx(300, abs=5)


def test_a_score_may_end_it_any_time(make_search: Any, add: Add) -> None:
    search = make_search(max_trials=5, target_score=0.9)
    add(search, 30, 30, 30)
    assert _left(search) == "up to 1 min"


def _sketch(project: Project, **settings: Any) -> Search:
    defaults = {
        "project": project, "hypermodel": project.hypermodel, "objective": "val_accuracy",
        "direction": "max", "space": project.inspection.space, "tuner": "random",
        "max_trials": 10, "epochs": 6, "parallel_trials": 2,
    }  # fmt: skip
    return Search(**{**defaults, **settings})


def _estimate(project: Project, **settings: Any) -> str:
    found = plan_info(_sketch(project, **settings)).estimate
    return found.text if found else ""


def test_no_estimate_without_earlier_trials(project: Project, make_search: Any, add: Add) -> None:
    assert _estimate(project) == ""
    add(make_search(), 10, 20)
    assert _estimate(project) == ""


def test_an_estimate_from_earlier_trials(project: Project, make_search: Any, add: Add) -> None:
    add(make_search(), 10, 20, 30)
    # An epoch takes 3 to 5 s, a trial 6 to 10 s besides: 60 epochs and 10 trials, two at once.
    assert _estimate(project) == "2 min to 3 min 20 s, based on 3 earlier trials"
    assert _estimate(project, max_time=150).startswith("2 min to 2 min 30 s")
    assert _estimate(project, patience_trials=5).startswith("up to 3 min 20 s")


def test_what_does_not_compare_gives_no_estimate(
    project: Project, make_search: Any, add: Add
) -> None:
    add(make_search(batch_size=8), 10, 20, 30)
    add(make_search(), 10, 20, 30, status=Status.FAILED)
    assert _estimate(project) == ""


def test_other_teams_trials_are_not_looked_at(
    project: Project, make_search: Any, add: Add, charlie: User
) -> None:
    add(make_search(), 10, 20, 30)
    others = charlie.memberships.get().team
    Project.objects.update(team=others)
    project.pk = None
    project.save()
    assert project.team != others
    assert _estimate(project) == ""


def test_disk_is_only_taken_by_rounds_with_known_models(project: Project) -> None:
    assert plan_info(_sketch(project, tuner="hyperband", epochs=4)).disk == ""
    Inspection.objects.update(samples={"median": 1_000_000})
    project = Project.objects.get(pk=project.pk)
    plan = plan_info(_sketch(project, tuner="hyperband", epochs=4))
    # Rounds of 4 and 2 trials, and of 3: those of the second round wait, or are continued.
    assert plan.disk == "at most 8 MB to 24 MB"
    assert plan_info(_sketch(project)).disk == ""


def test_disk_is_taken_by_pruned_trials_that_may_go_on(project: Project) -> None:
    Inspection.objects.update(samples={"median": 1_000_000})
    project = Project.objects.get(pk=project.pk)
    asha = {"tuner": "auto", "pruner": "asha", "max_trials": 1000, "pruning_factor": 3}
    # Five of each rung, however many trials there are.
    rungs = len(_sketch(project, **asha).pruning.rungs())
    low, high = (rungs * MAX_WAITING * each for each in (4, 12))
    assert plan_info(_sketch(project, **asha)).disk == f"at most {low} MB to {high} MB"
    assert plan_info(_sketch(project, **asha | {"max_trials": 3})).disk == "at most 12 MB to 36 MB"
    assert plan_info(_sketch(project, **asha | {"executions_per_trial": 2})).disk == ""
    assert plan_info(_sketch(project, **asha | {"pruner": "median"})).disk == ""
