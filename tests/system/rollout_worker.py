"""A worker without Celery, for test_rollout.py: a whole `WorkerProcess` with fake runners.

    python -m tests.system.rollout_worker NAME PROTOCOL [TRIALS]

With TRIALS it first starts a search of so many. It stops in order on SIGTERM, as a Celery worker.
"""

# ruff: noqa: E402

import os
import signal
import sys
import threading
from collections.abc import Iterator

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "webapp.settings"
django.setup()

from tests.supervisor.fake_runner import FakeRunner, Step, good_trial
from tuning.actions.searches import start_search
from tuning.models import Dataset, HyperModel, Project, Search, Team
from tuning.protocol import release
from tuning.protocol.orders import SearchOrder, TrialOrder
from tuning.supervisor import worker as module
from tuning.supervisor.isolation import Layer
from tuning.supervisor.pool import RunnerPool

SPACE = {
    "space": [{"class_name": "Int", "config": {
        "name": "units", "default": 8, "conditions": [], "min_value": 1, "max_value": 9999,
        "step": 1, "sampling": "linear"}}],
    "values": {},
}  # fmt: skip
pause = threading.Event()


def script(search: SearchOrder, order: TrialOrder) -> Iterator[Step]:
    for step in good_trial(search, order):
        # So that trials run while a worker is asked to stop.
        pause.wait(0.05)
        yield step


def prepare(trials: int) -> None:
    project = Project.objects.create(
        team=Team.objects.create(name="Team"), name="Rollout",
        dataset=Dataset.objects.create(key="d", name="D", folder="d", status="completed"),
        hypermodel=HyperModel.objects.create(key="h", name="H", code="", kinds=["image"]),
    )  # fmt: skip
    start_search(
        None,
        Search(
            project=project, space=SPACE, objective="val_accuracy", direction="max",
            tuner="random", epochs=2, max_trials=trials, parallel_trials=4,
        ),
    )  # fmt: skip


def work(name: str, protocol: int) -> None:
    release.WORKER_PROTOCOL = protocol
    module.WATCH_SECONDS = 0.1  # type: ignore[assignment]
    module.probe = lambda: [Layer(0, "own process", True, "")]
    # No broker: each worker takes what it finds.
    module.send_hints = lambda _: False
    process = module.WorkerProcess()
    process.pool = RunnerPool(lambda device: FakeRunner(device, script))
    process._load = lambda: None  # type: ignore[method-assign]
    asked = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: asked.set())
    process.start(name)
    asked.wait()
    process.stop()
    process.close()


if __name__ == "__main__":
    if len(sys.argv) > 3:
        prepare(int(sys.argv[3]))
    work(sys.argv[1], int(sys.argv[2]))
