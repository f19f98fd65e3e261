"""Administrators pause and drain workers; everybody else reads it."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from tuning.models import AuditEntry, Worker
from tuning.models.workers import Requested


@pytest.fixture
def as_erin(db: None) -> Client:
    client = Client()
    erin = User.objects.create_superuser("erin")
    client.force_login(erin, backend="django.contrib.auth.backends.ModelBackend")
    return client


def ask(client: Client, worker: Worker, requested: str) -> Any:
    url = reverse("worker-request", args=[worker.pk])
    return client.post(url, {"requested": requested}, follow=True)


@pytest.mark.parametrize(
    ("requested", "said"),
    [
        ("pause", "Paused by erin: it takes no new work until it is resumed."),
        ("drain", "Drained by erin: it takes no new work and ends after its running work."),
    ],
)
def test_an_administrator_asks_and_takes_it_back(
    as_erin: Client, as_dora: Client, worker: Worker, requested: str, said: str
) -> None:
    page = ask(as_erin, worker, requested).content.decode()
    assert said in page
    assert "Resume" in page
    worker.refresh_from_db()
    assert (worker.requested, worker.requested_by.username) == (requested, "erin")
    assert not Worker.objects.available().exists()
    others = as_dora.get(reverse("worker-list")).content.decode()
    assert said in others
    assert "Resume" not in others
    page = ask(as_erin, worker, Requested.NOTHING).content.decode()
    assert f"{worker.name} takes work again." in page
    assert "Drain<" in page
    worker.refresh_from_db()
    assert (worker.requested, worker.requested_by) == ("", None)
    asked = "paused" if requested == "pause" else "drained"
    entries = AuditEntry.objects.filter(kind="worker.change").order_by("pk")
    assert [str(entry) for entry in entries] == [
        f"erin {asked} worker “worker@box”",
        "erin resumed worker “worker@box”",
    ]


def test_nobody_else_may_ask(as_alice: Client, as_erin: Client, worker: Worker) -> None:
    assert ask(as_alice, worker, "drain").status_code == 404
    assert "Drain<" not in as_alice.get(reverse("worker-list")).content.decode()
    assert ask(as_erin, worker, "kill").status_code == 404
    worker.refresh_from_db()
    assert worker.requested == ""


def test_a_worker_s_machine_is_described(as_dora: Client, worker: Worker) -> None:
    Worker.objects.update(
        host="gpu-1", memory=64 * 1024**3, clock_offset=-75.2, refusal="It is too old.",
        versions={"tuneroom": "3f2a91c0aa"},
    )  # fmt: skip
    page = as_dora.get(reverse("worker-list")).content.decode()
    for text in ("gpu-1", "64.0\xa0GB", "75 s behind the database", "It is too old.", "3f2a91c0aa"):
        assert text in page
    assert "Takes no work" in page
