"""Slots that claim rows of several teams: weights, priorities and quotas, in few queries."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tuning.actions.saved_models import retrain
from tuning.analysis.sharing import slots_in_use
from tuning.models import (
    Dataset,
    DryRun,
    Execution,
    Inspection,
    ModelEvaluation,
    Prediction,
    Project,
    SavedModel,
    Search,
    SearchImport,
    Team,
    Trial,
    Worker,
)
from tuning.protocol.statuses import Status
from tuning.supervisor.claims import Claimed, Slot, claim_next, claim_trial_of, has_work

pytestmark = pytest.mark.django_db


@pytest.fixture
def other(project: Project) -> Project:
    """The same with another team."""
    team = Team.objects.create(name="Others")
    return Project.objects.create(
        team=team, name="Theirs", dataset=project.dataset, hypermodel=project.hypermodel
    )


@pytest.fixture
def claim(worker: Worker) -> Callable[..., list[Claimed | None]]:
    def claim(times: int, **options: Any) -> list[Claimed | None]:
        return [claim_next(Slot(worker, number), **options) for number in range(times)]

    return claim


def teams_of(claimed: list[Claimed | None]) -> list[str]:
    return [each.search.project.team.name for each in claimed if isinstance(each, Trial)]


def test_teams_take_turns_by_their_weights(
    make_search: Any, claim: Any, other: Project, team: Team
) -> None:
    Team.objects.filter(pk=other.team_id).update(weight=2)
    for _ in range(3):
        make_search(parallel_trials=4)
    make_search(project=other, parallel_trials=6, max_trials=6)
    assert Counter(teams_of(claim(6))) == {"Digits team": 2, "Others": 4}
    assert slots_in_use() == {team.pk: 2, other.team_id: 4}


def test_a_higher_priority_is_first_within_its_team(make_search: Any, claim: Any) -> None:
    plain, high = make_search(), make_search(priority=Search.Priority.HIGH)
    low = make_search(priority=Search.Priority.LOW)
    claimed = [each.search_id for each in claim(6)]
    assert claimed == [high.pk] * 2 + [plain.pk] * 2 + [low.pk] * 2


def test_a_quota_of_slots_holds_for_trials_executions_and_retrainings(
    make_search: Any, claim: Any, worker: Worker, team: Team, alice: User, settings: Any
) -> None:
    settings.TEAM_QUOTAS = {**settings.TEAM_QUOTAS, "max_slots": 2}
    search = make_search(parallel_trials=8, max_trials=8, executions_per_trial=3)
    first, second, third = claim(3)
    assert (first.search_id, second.search_id, third) == (search.pk, search.pk, None)
    assert claim_trial_of(search.pk, Slot(worker, 4)) is None
    Execution.objects.create(trial=first, trial_attempt=first.attempt, number=1)
    retrain(alice, second)
    assert has_work() == 0
    assert claim(1, prefer=search.pk) == [None]
    Trial.objects.filter(pk=first.pk).update(status=Status.COMPLETED)
    assert has_work() > 0
    assert isinstance(claim(1)[0], SavedModel)
    assert claim(1, prefer=search.pk) == [None]
    Team.objects.update(max_slots=4)
    claimed = claim(3, prefer=search.pk)
    assert [isinstance(each, Trial) for each in claimed] == [True, True, False]
    assert slots_in_use()[team.pk] == 4


def test_a_quota_is_the_team_s_alone(
    make_search: Any, claim: Any, other: Project, team: Team
) -> None:
    Team.objects.filter(pk=team.pk).update(max_slots=0, weight=9)
    make_search()
    make_search(project=other, max_trials=2)
    assert teams_of(claim(4)) == ["Others", "Others"]


def test_claims_cost_no_more_queries_however_many_wait(
    make_search: Any, claim: Any, other: Project
) -> None:
    make_search(max_trials=40)
    claim(1)
    with CaptureQueriesContext(
        connection,
    ) as alone:
        claim(1)
    for _ in range(3):
        make_search()
        make_search(project=other)
    with CaptureQueriesContext(connection) as many:
        claim(1)
    # That of the slots that the teams have.
    assert len(many) <= len(alone) + 1


def test_a_claim_asks_once_whether_anything_else_is_queued(make_search: Any, claim: Any) -> None:
    """Not once for each kind of work."""
    make_search(max_trials=9)
    claim(1)
    kinds = (Prediction, Dataset, Inspection, SearchImport, DryRun, SavedModel, ModelEvaluation)
    tables = [f'FROM "{kind._meta.db_table}"' for kind in kinds]
    with CaptureQueriesContext(connection) as queries:
        claim(1)
    asked = [sql for each in queries if any(table in (sql := each["sql"]) for table in tables)]
    [one] = [sql for sql in asked if tables[0] in sql]
    assert all(table in one for table in tables)
    # The slots that teams have count retrainings as well.
    assert all(tables[5] in sql for sql in asked if sql != one)


def test_slots_in_use_are_found_by_an_index(make_search: Any) -> None:
    make_search()
    with CaptureQueriesContext(connection) as queries:
        slots_in_use()
    [query] = queries
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {query['sql']}")
        plan = [row[3] for row in cursor.fetchall()]
    # What the subqueries call trials and their executions.
    trials = [step for step in plan if step.split()[1] in ("U0", "U1")]
    assert trials
    assert not [step for step in trials if step.startswith("SCAN")], plan
