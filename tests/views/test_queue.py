"""The queue: why something waits, its position and its start, and that other teams' names stay
with them."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from tests.api.conftest import Caller
from tuning.actions.saved_models import retrain
from tuning.actions.searches import pause_search
from tuning.analysis.queue import Reason, Row, queue
from tuning.models import (
    AuditEntry,
    Dataset,
    HyperModel,
    Inspection,
    Project,
    Search,
    SearchImport,
    Team,
    Trial,
    TrialIndex,
    Worker,
)
from tuning.protocol.statuses import Status
from tuning.supervisor.claims import Slot, claim_next

from .addresses import addressed

URL = reverse("queue-list")


@pytest.fixture
def worker(db: None) -> Worker:
    now = timezone.now()
    return Worker.objects.create(name="worker-1", slots=2, started_at=now, seen_at=now)


@pytest.fixture
def theirs(project: Project) -> Project:
    team = Team.objects.create(name="Secret team")
    return Project.objects.create(
        team=team, name="Secret", dataset=project.dataset, hypermodel=project.hypermodel
    )


@pytest.fixture
def erin(db: None) -> User:
    return User.objects.create_superuser("erin")


def rows(user: User) -> list[Row]:
    return queue(user).rows


def reasons(user: User) -> list[tuple[Reason, int | None]]:
    return [(row.reason, row.position) for row in rows(user)]


def test_without_work_nothing_waits(as_dora: Client) -> None:
    assert "Nothing waits" in as_dora.get(URL).content.decode()


def test_searches_wait_for_workers_slots_and_themselves(
    make_search: Any, worker: Worker, alice: User
) -> None:
    search = make_search(parallel_trials=1)
    Worker.objects.update(seen_at=timezone.now() - timedelta(hours=1))
    assert reasons(alice) == [(Reason.NO_WORKER, 1)]
    Worker.objects.update(seen_at=timezone.now())
    assert reasons(alice) == [(Reason.NEXT, 1)]
    Worker.objects.update(requested="drain")
    assert reasons(alice) == [(Reason.REFUSING, 1)]
    Worker.objects.update(requested="")
    claim_next(Slot(worker, 0))
    assert reasons(alice) == [(Reason.PARALLEL, None)]
    Search.objects.update(parallel_trials=3)
    claim_next(Slot(worker, 1))
    assert reasons(alice) == [(Reason.NO_SLOT, 1)]
    assert rows(alice)[0].detail == "2 trials to start, 2 running"
    pause_search(search)
    assert reasons(alice) == [(Reason.PAUSED, None)]
    Search.objects.update(status="running", max_trials=2)
    assert reasons(alice) == [], "its last trials run"


def test_a_team_at_its_quota_reads_so(
    make_search: Any, worker: Worker, alice: User, team: Team
) -> None:
    make_search(parallel_trials=4)
    trial = claim_next(Slot(worker, 0))
    Team.objects.filter(pk=team.pk).update(max_slots=1)
    retrain(alice, trial)  # type: ignore[arg-type]
    assert reasons(alice) == [(Reason.QUOTA, None)] * 2


def test_rounds_wait_for_the_trials_that_run(make_search: Any, worker: Worker, alice: User) -> None:
    make_search(tuner="hyperband", epochs=9)
    claim_next(Slot(worker, 0))
    assert reasons(alice) == [(Reason.ROUND, None)]


def test_work_that_needs_something_else_first(
    project: Project, dataset: Dataset, hypermodel: HyperModel, alice: User, worker: Worker
) -> None:
    unread = Dataset.objects.create(
        key="unread", name="Unread", team=project.team, source=Dataset.Source.UPLOAD,
        requested=True, size_text="", detected_schema={},
    )  # fmt: skip
    Inspection.objects.create(dataset=unread, hypermodel=hypermodel, requested=True)
    SearchImport.objects.create(project=project, key="a", name="study.db", awaits_choice=True)
    gallery = HyperModel.objects.create(key="new", name="New", code="")
    Inspection.objects.create(dataset=dataset, hypermodel=gallery)
    Dataset.objects.create(key="later", name="Never needed", source=Dataset.Source.KERAS)
    assert [(row.text, row.reason) for row in rows(alice)] == [
        ("Preparing Unread", Reason.NEXT),
        ("Validating Test CNN on Unread", Reason.DATA),
        ("Reading study.db", Reason.CHOICE),
    ]


def test_other_teams_are_counted_and_not_named(
    make_search: Any, theirs: Project, worker: Worker, dora: User, erin: User, as_dora: Client
) -> None:
    make_search(project=theirs)
    own = make_search()
    [row] = rows(dora)
    assert (row.text, row.position, row.can_edit) == (str(own), 2, False)
    page = as_dora.get(URL).content.decode()
    assert "Secret" not in page
    assert "Other teams have 1 entry." in page
    assert [row.team for row in rows(erin)] == ["Secret team", "Digits team"]


def test_the_api_has_the_queue_and_priorities(
    make_search: Any, theirs: Project, worker: Worker, dora: User, alice: User
) -> None:
    make_search(project=theirs)
    search = make_search()
    answer = Caller(dora).get("queue").json()
    [entry] = answer["entries"]
    assert (entry["text"], entry["position"], entry["reason"]) == (str(search), 2, Reason.NEXT)
    assert (answer["hidden"], answer["free_slots"]) == (1, 2)
    at = f"projects/{search.project_id}/searches/{search.number}"
    assert Caller(alice).patch(at, {"priority": 1}).json()["settings"]["priority"] == 1
    assert Caller(alice).patch(at, {"priority": 5}).status_code == 422
    assert Caller(dora).patch(at, {"priority": 0}).status_code == 403


def test_a_start_is_estimated_from_the_trials_that_run(
    make_search: Any, theirs: Project, worker: Worker, alice: User
) -> None:
    """By hand: two trials of a median of 100 s run for 40 s and 70 s; two wait."""
    busy = make_search(project=theirs, max_trials=9)
    for number, seconds in enumerate((90, 100, 500), start=5):
        ended = Trial.objects.create(search=busy, number=number, status=Status.COMPLETED)
        TrialIndex.objects.create(
            search=busy, trial=ended, number=number, status=Status.COMPLETED, seconds=seconds
        )
    for slot, age in enumerate((40, 70)):
        trial = claim_next(Slot(worker, slot))
        started = timezone.now() - timedelta(seconds=age)
        Trial.objects.filter(pk=trial.pk).update(started_at=started)  # type: ignore[union-attr]
    make_search()
    make_search()
    starts = [row.starts_in for row in rows(alice)]
    assert starts == [pytest.approx(30, abs=10), pytest.approx(60, abs=10)]
    high = Search.objects.exclude(pk=busy.pk).latest("pk")
    Search.objects.filter(pk=high.pk).update(priority=Search.Priority.HIGH)
    assert [(row.search == high, row.starts_in is None) for row in rows(alice)] == [
        (True, False), (False, True),
    ], "all trials of a higher priority come first"  # fmt: skip
    Search.objects.filter(pk=high.pk).update(priority=Search.Priority.NORMAL)
    Trial.objects.running().update(started_at=timezone.now() - timedelta(seconds=501))
    assert [row.starts_in for row in rows(alice)] == [None, None], "longer than any before"
    Trial.objects.running().update(started_at=timezone.now())
    TrialIndex.objects.filter(number=7).delete()
    assert [row.starts_in for row in rows(alice)] == [None, None], "too few have ended"


def test_the_priority_changes_the_order(
    make_search: Any, worker: Worker, alice: User, as_bob: Client, as_dora: Client
) -> None:
    first, second = make_search(), make_search()
    url = reverse("search-priority", args=[addressed(second)])
    assert as_dora.post(url, {"priority": 1}).status_code == 403
    assert as_bob.post(url, {"priority": 1})["Location"] == URL
    assert [row.text for row in rows(alice)] == [str(second), str(first)]
    assert (
        str(AuditEntry.objects.get(kind="search.priority"))
        == "bob set the priority of search 2 to high"
    )
    as_bob.post(url, {"priority": 9})
    second.refresh_from_db()
    assert second.priority == Search.Priority.HIGH


def test_a_long_queue_needs_no_more_queries(make_search: Any, worker: Worker, alice: User) -> None:
    make_search()
    with CaptureQueriesContext(connection) as short:
        queue(alice)
    for _ in range(5):
        make_search()
    with CaptureQueriesContext(connection) as long:
        queue(alice)
    assert len(long) == len(short)


def test_the_page_follows_the_queue(make_search: Any, as_bob: Client) -> None:
    page = as_bob.get(URL).content.decode()
    assert f'<div id="queue" class="live" hx-get="{URL}" hx-trigger="every 5s"' in page
    assert "Nothing waits" in page
    search = make_search()
    news = as_bob.get(URL, headers={"HX-Request": "true"}).content.decode()
    assert news.lstrip().startswith('<div id="queue"')
    assert str(search) in news
