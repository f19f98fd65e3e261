"""What the site tells machines that watch it."""

from types import SimpleNamespace
from typing import Any

import pytest
from django.db import DatabaseError
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families

from tests.services import free_port
from tuning.analysis import readiness
from tuning.models import Dataset, Inspection, Project, Search, SearchImport, Trial, Worker
from tuning.models.workers import Requested

TOKEN = {"Authorization": "Bearer watch-me"}


def test_the_health_check_needs_neither_account_nor_database(client: Client) -> None:
    """Without the fixture of a database, a query fails."""
    response = client.get("/health/")
    assert (response.status_code, response.json()) == (200, {"status": "ok"})


def test_it_is_ready(client: Client, worker: Worker) -> None:
    response = client.get("/ready/")
    assert response.status_code == 200
    names = ("database", "migrations", "broker", "storage", "worker", "disk")
    assert response.json() == {"status": "ready", "checks": dict.fromkeys(names, "ok")}


def unready(client: Client) -> dict[str, str]:
    response = client.get("/ready/")
    assert (response.status_code, response.json()["status"]) == (503, "not ready")
    return {name: text for name, text in response.json()["checks"].items() if text != "ok"}


def test_without_a_worker_it_is_not(client: Client, db: None) -> None:
    assert unready(client) == {"worker": "No worker is available."}


def test_nor_with_a_full_disk(client: Client, worker: Worker, monkeypatch: Any) -> None:
    usage = SimpleNamespace(free=1000)
    monkeypatch.setattr(readiness.shutil, "disk_usage", lambda _: usage)
    assert unready(client) == {"disk": "Less disk is free than DISK_FLOOR_MB."}


def test_nor_without_the_broker(client: Client, worker: Worker, settings: Any) -> None:
    settings.REDIS_URL = f"redis://127.0.0.1:{free_port()}/0"
    settings.CELERY_BROKER_TRANSPORT_OPTIONS = {"socket_connect_timeout": 1}
    assert unready(client) == {"broker": "Redis does not answer."}


def test_nor_before_migrations_are_applied(
    client: Client, worker: Worker, monkeypatch: Any
) -> None:
    monkeypatch.setattr(readiness, "_migrated", False)
    monkeypatch.setattr(readiness, "lacks_migrations", lambda: True)
    assert unready(client) == {"migrations": "Migrations have to be applied."}


def test_nor_without_the_database(client: Client, worker: Worker, monkeypatch: Any) -> None:
    def fail() -> str:
        raise DatabaseError

    monkeypatch.setitem(readiness.CHECKS, "database", fail)
    assert unready(client) == {"database": "The database does not answer."}


def numbers(client: Client) -> dict[tuple[str, ...], float]:
    """Each number by its name and labels."""
    response = client.get("/metrics", headers=TOKEN)
    assert response.status_code == 200
    families = text_string_to_metric_families(response.content.decode())
    samples = (sample for family in families for sample in family.samples)
    return {(each.name, *each.labels.values()): each.value for each in samples}


@pytest.fixture
def watched(settings: Any, db: None) -> Client:
    settings.METRICS_TOKEN = "watch-me"
    return Client()


def test_metrics_count_what_there_is(watched: Client, search: Search, worker: Worker) -> None:
    assert numbers(watched)["tuneroom_slots", "free"] == 2
    Trial.objects.filter(number=3).update(status="running", worker=worker, lost_attempts=2)
    Trial.objects.filter(number=2).update(status="queued")
    Search.objects.update(status="running")
    Dataset.objects.update(status="queued", lost_attempts=1, requested=True, folder="")
    found = numbers(watched)
    assert found["tuneroom_searches", "running"] == 1
    assert found["tuneroom_searches", "completed"] == 0
    assert [found["tuneroom_trials", each] for each in ("queued", "running", "completed")] == [
        1
    ] * 3
    assert found["tuneroom_trials", "failed"] == 0
    assert (found["tuneroom_slots", "busy"], found["tuneroom_slots", "free"]) == (1, 1)
    assert found["tuneroom_queue_length", "trial"] == found["tuneroom_queue_length", "dataset"] == 1
    assert found["tuneroom_queue_length", "prediction"] == 0
    assert found["tuneroom_lost_attempts",] == 3
    assert found["tuneroom_workers",] == 1
    Worker.objects.update(requested=Requested.PAUSE)
    paused = numbers(watched)
    assert (paused["tuneroom_slots", "busy"], paused["tuneroom_slots", "free"]) == (1, 0)


def test_the_queue_is_what_slots_can_take(
    watched: Client, search: Search, project: Project, worker: Worker
) -> None:
    """Not what waits for a person, nor for what nobody asked for."""
    Trial.objects.filter(number=2).update(status="queued")
    Search.objects.update(status="paused")
    Dataset.objects.update(status="queued", requested=False, folder="")
    SearchImport.objects.create(project=project, key="import-1", awaits_choice=True)
    Inspection.objects.update(status="queued")
    found = numbers(watched)
    kinds = ("trial", "dataset", "searchimport", "inspection")
    assert [found["tuneroom_queue_length", kind] for kind in kinds] == [0] * 4


def test_metrics_know_how_long_requests_take(watched: Client) -> None:
    def count(address: str, status: str) -> float:
        return numbers(watched).get(("tuneroom_request_seconds_count", address, status), 0)

    before = count("health", "2xx")
    watched.get("/health/")
    assert count("health", "2xx") == before + 1
    unknown = count("", "4xx")
    watched.get("/nothing/")
    watched.get("/nowhere/")
    assert count("", "4xx") == unknown + 2


def test_metrics_are_for_who_has_the_token(client: Client, watched: Client, settings: Any) -> None:
    for headers in ({}, {"Authorization": "Bearer guess"}, {"Authorization": "watch-me"}):
        response = watched.get("/metrics", headers=headers)
        assert response.status_code == 401
        assert "tuneroom_" not in response.content.decode()
    settings.METRICS_TOKEN = ""
    for headers in (TOKEN, {"Authorization": "Bearer "}):
        assert client.get("/metrics", headers=headers).status_code == 404
