"""What a worker says of its isolation, and that it takes no work below the least level."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.services import ROOT, clean_environment
from tuning.models import Worker
from tuning.supervisor.isolation import HIGHEST_LEVEL, Layer, probe
from tuning.supervisor.worker import WorkerProcess


def layers(*active: bool) -> list[Layer]:
    """A layer for each level from 0 up."""
    return [Layer(level, f"layer {level}", is_active, "") for level, is_active in enumerate(active)]


@pytest.mark.parametrize(
    ("active", "level"),
    [
        ((True, True, True), 2),
        ((True, True, False), 1),
        ((True, False, True), 0),
        ((False, True, True), -1),
        ((), None),
    ],
)
def test_a_level_counts_only_with_all_below_it(active: tuple[bool, ...], level: Any) -> None:
    worker = Worker(isolation=[layer.as_json() for layer in layers(*active)])
    assert worker.isolation_level == level


@pytest.mark.django_db
@pytest.mark.parametrize(("least", "refused"), [(0, False), (1, False), (2, True)])
def test_a_worker_below_the_least_level_takes_no_work(
    least: int, refused: bool, settings: Any, monkeypatch: Any
) -> None:
    settings.SANDBOX_MIN_LEVEL, settings.SLOTS = least, 2
    monkeypatch.setattr("tuning.supervisor.worker.probe", lambda: layers(True, True, False))
    process = WorkerProcess()
    process._register("worker-x")
    assert process.closed.is_set() == refused
    assert ("SANDBOX_MIN_LEVEL is 2" in Worker.objects.get().refusal) == refused
    assert Worker.objects.available().exists() != refused


def test_the_probe_tells_every_layer() -> None:
    found = probe()
    assert {layer.level for layer in found} == set(range(HIGHEST_LEVEL + 1))
    assert found[0].active, "a runner could not even be started"


LEVEL = """
import os, sys
os.umask(int(sys.argv[1], 8))
import django
django.setup()
from tuning.supervisor.isolation import level
print(level())
"""


@pytest.mark.slow
def test_the_level_does_not_depend_on_the_umask(tmp_path: Path) -> None:
    """Folders that are made for a runner were closed to a user of its own."""
    reached = []
    for umask in ("022", "077"):
        environment = clean_environment(
            TUNEROOM_DATA=str(tmp_path / umask), DJANGO_SETTINGS_MODULE="webapp.settings"
        )
        done = subprocess.run(
            [sys.executable, "-c", LEVEL, umask],
            cwd=ROOT, env=environment, capture_output=True, text=True,
        )  # fmt: skip
        reached.append(done.stdout.strip())
    assert reached[0] == reached[1] != "", done.stderr
