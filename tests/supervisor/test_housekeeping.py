"""What is done for the whole site beside trials: by the scheduler and by workers, but not on joined
machines, whose rights do not suffice."""

from datetime import timedelta
from typing import Any

import pytest
from celery.signals import beat_init
from django.utils import timezone

from tuning import tasks
from tuning.models import AuditEntry, Team, TeamEvent
from tuning.supervisor import housekeeping
from tuning.supervisor.housekeeping import sweep
from tuning.supervisor.worker import WorkerProcess


def test_old_entries_go(settings: Any, team: Team) -> None:
    settings.AUDIT_LOG_DAYS = 30
    long_ago = timezone.now() - timedelta(days=100)
    AuditEntry.objects.create(kind="sign_out", at=long_ago)
    AuditEntry.objects.create(kind="sign_out")
    event = TeamEvent.objects.create(kind="test", team=team, path="/")
    TeamEvent.objects.filter(pk=event.pk).update(created_at=long_ago)
    sweep()
    assert (AuditEntry.objects.count(), TeamEvent.objects.count()) == (1, 0)


def test_the_scheduler_keeps_house(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[str] = []
    monkeypatch.setattr(housekeeping, "start", lambda: started.append("once"))
    beat_init.send(sender=None)
    assert started == ["once"]


def test_a_joined_machine_leaves_it_to_others(
    db: None, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert WorkerProcess().housekeeping is not None
    settings.JOINED_AS = "gpu-1"
    process = WorkerProcess()
    assert process.housekeeping is None
    monkeypatch.setattr(tasks, "this_worker", process)
    # Messages may come to any worker.
    tasks.mails()
    tasks.notify()
