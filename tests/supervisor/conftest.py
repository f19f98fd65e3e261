"""Slots that work with fake runners; data for real ones."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from tests.conftest import DIGITS_FOLDER
from tests.services import PATIENCE, made_once
from tuning.models import Worker
from tuning.protocol.events import Prepared
from tuning.protocol.orders import PrepareOrder
from tuning.supervisor.files import store_folder
from tuning.supervisor.pool import RunnerPool
from tuning.supervisor.runners import Device, RunnerProcess
from tuning.supervisor.slot import SlotLoop

from . import rights
from .fake_runner import FakeRunner, Script, good_trial

UNITS_SPACE = {
    "space": [{"class_name": "Int", "config": {
        "name": "units", "default": 8, "conditions": [], "min_value": 8, "max_value": 64,
        "step": 8, "sampling": "linear"}}],
    "values": {},
}  # fmt: skip


@pytest.fixture
def digits() -> Path:
    """The digits, prepared by a real runner, which needs no TensorFlow for that. Their folder is
    that of the fixture `dataset`: a test that deletes it, or sweeps, takes it from those after."""
    # Runners see no other folder than this one's.
    target = Path(settings.DATASETS_ROOT) / DIGITS_FOLDER
    store_folder(made_once("digits", _prepare_digits), target)
    return target


def _prepare_digits(folder: Path) -> None:
    runner = RunnerProcess(Device(), needs_keras=False)
    try:
        runner.send(PrepareOrder("digits"))
        while not isinstance(runner.read(timeout=PATIENCE), Prepared):
            continue
        store_folder(runner.folder / "prepared", folder)
    finally:
        runner.kill()


@pytest.fixture(autouse=True)
def _rights_of_joined_machines() -> Iterator[None]:
    """What these tests have a worker do, the role of a joined machine may do, too."""
    with connection.execute_wrapper(rights.checking):
        yield


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
            closed=threading.Event(),
        )
        loop.started = started  # type: ignore[attr-defined]
        return loop

    return make
