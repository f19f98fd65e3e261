"""Slots that work with fake runners."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from tuning.models import Worker
from tuning.supervisor.runners import Device, RunnerPool
from tuning.supervisor.slot import SlotLoop

from .fake_runner import FakeRunner, Script, good_trial


@pytest.fixture
def worker(db: None) -> Worker:
    now = timezone.now()
    return Worker.objects.create(name="worker-1", slots=2, started_at=now, seen_at=now)


@pytest.fixture
def make_slot(worker: Worker) -> Callable[..., SlotLoop]:
    """A function that makes a slot whose runners follow a script. The runners that were started
    are in the slot's `started`."""

    def make(script: Script = good_trial, number: int = 0, **runner: Any) -> SlotLoop:
        started: list[FakeRunner] = []

        def start(device: Device) -> FakeRunner:
            started.append(FakeRunner(device, script, **runner))
            return started[-1]

        loop = SlotLoop(
            worker=worker,
            number=number,
            device=Device(),
            pool=RunnerPool(start),
            memory_limit=10_000,
            stopping=threading.Event(),
        )
        loop.started = started  # type: ignore[attr-defined]
        return loop

    return make
