"""A worker without Celery, for test_races.py: slots with fake runners that race for trials.

    python -m tests.system.race_worker prepare|work

Each epoch and each result carries the token of the attempt that made it.
"""

# ruff: noqa: E402

import itertools
import json
import os
import random
import sys
import threading
from collections.abc import Iterator

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "webapp.settings"
django.setup()

from django.core.management import call_command
from django.db import close_old_connections
from django.utils import timezone

from tests.supervisor.fake_runner import FakeRunner, Step
from tuning.actions.searches import start_search
from tuning.models import Dataset, HyperModel, Project, Search, Team, Trial, Worker
from tuning.protocol.events import EpochEnd, TrialEnd
from tuning.protocol.orders import SearchOrder, TrialOrder
from tuning.protocol.statuses import SEARCH_ACTIVE
from tuning.supervisor import recorder, schedule, supervise
from tuning.supervisor.assignments import TrialAssignment
from tuning.supervisor.pool import RunnerPool
from tuning.supervisor.recorder import News
from tuning.supervisor.runners import Device
from tuning.supervisor.slot import SlotLoop

SLOTS = 4
SPACE = {
    "space": [
        {"class_name": "Float", "config": {
            "name": "rate", "default": 0.1, "conditions": [], "min_value": 0.0, "max_value": 1.0,
            "step": None, "sampling": "linear"}},
    ],
    "values": {},
}  # fmt: skip
SEARCHES = (
    {"tuner": "random", "max_trials": 40},
    {"tuner": "hyperband", "epochs": 4},
    {"tuner": "auto", "max_trials": 40},
    {"tuner": "cmaes", "max_trials": 40},
    {"tuner": "random", "max_trials": 400, "target_score": 0.95},
    {"tuner": "tpe", "max_trials": 40, "epochs": 9, "pruner": "asha"},
)


def prepare() -> None:
    call_command("migrate", verbosity=0)
    team = Team.objects.create(name="Team")
    dataset = Dataset.objects.create(key="d", name="D", folder="d", status="completed")
    hypermodel = HyperModel.objects.create(key="h", name="H", code="", kinds=["image"])
    for number, settings in enumerate(SEARCHES):
        project = Project.objects.create(
            team=team, name=str(number), dataset=dataset, hypermodel=hypermodel
        )
        common = {"objective": "val_accuracy", "direction": "max", "parallel_trials": 5}
        start_search(None, Search(project=project, space=SPACE, **common, **settings))


tokens = itertools.count(random.randrange(10**9) * 1000)
done = threading.Event()
claimed: list[Trial] = []


def script(search: SearchOrder, order: TrialOrder) -> Iterator[Step]:
    token = float(next(tokens))
    score = random.random()
    if search.resumes and order.trial_id.isdigit():
        # Each is worse than those before it, so that pruned ones come to belong to the best third.
        score = 1 / int(order.trial_id)
    metrics: dict[str, float | None] = {"val_accuracy": score, "token": token}
    first = int(order.values.get("tuner/initial_epoch", 0))
    last = int(order.values.get("tuner/epochs", search.epochs))
    for epoch in range(first + 1, last + 1):
        # Long enough for the reaper to come between.
        done.wait(random.random() * 0.03)
        yield EpochEnd(0, epoch, 0.1, metrics)
    yield TrialEnd(metrics, best_step=last - first - 1)


def remember(row: Trial) -> TrialAssignment:
    claimed.append(row)
    return TrialAssignment(row)


def work() -> None:
    supervise.BEAT = 0.02
    supervise.WANTED_EVERY = 0.02
    schedule.send_hints = lambda _: None
    import tuning.supervisor.assignments.trial as trial_module
    import tuning.supervisor.slot as slot_module

    trial_module.FLUSH_SECONDS = 0.01
    trial_module.FIRST_FLUSH_SECONDS = 0.0
    slot_module.assignment_for = remember  # type: ignore[assignment]
    now = timezone.now()
    row = Worker.objects.create(
        name=f"race-{os.getpid()}", slots=SLOTS, started_at=now, seen_at=now
    )
    from tuning.strategies import kerastuner, optuna_samplers  # noqa: F401

    print("ready", flush=True)
    threads = [threading.Thread(target=_slot, args=(row, number)) for number in range(SLOTS)]
    threads.append(threading.Thread(target=_reaper))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for trial in claimed:
        _write_late(trial)
    last = dict(Trial.objects.values_list("pk", "attempt"))
    print(json.dumps({"lost": sum(trial.attempt < last[trial.pk] for trial in claimed)}))


def _slot(row: Worker, number: int) -> None:
    pool = RunnerPool(lambda device: FakeRunner(device, script))
    while not done.is_set():
        SlotLoop(row, number, Device(), pool, 10_000, threading.Event()).run()
        close_old_connections()
        if not Search.objects.filter(status__in=SEARCH_ACTIVE).exists():
            done.set()
        done.wait(0.02)


def _reaper() -> None:
    """Takes a lease away and reaps, again and again; once a trial, for three times would fail it,
    and the killed worker takes one more."""
    while not done.wait(0.02):
        running = Trial.objects.running().filter(losses__lt=1).values_list("pk", flat=True)
        if running:
            unlucky = random.choice(running)
            Trial.objects.running().filter(pk=unlucky, losses__lt=1).update(lease_expires_at=None)
        schedule.reap()


def _write_late(trial: Trial) -> None:
    """What a supervisor that slept through everything would try."""
    metrics: dict[str, float | None] = {"val_accuracy": 9.0, "token": -1.0}
    late = News([EpochEnd(0, 99, 0.1, metrics)], 99, {"parameters": -1})
    for write in (
        lambda: recorder.record_news(trial, late),
        lambda: recorder.complete_trial(trial, metrics, 0, news=late),
        lambda: recorder.prune_trial(trial, 1),
        lambda: recorder.record_news(trial, News(built={"parameters": -1})),
        lambda: recorder.release_trial(trial, "late"),
        lambda: recorder.stop_trial(trial, "late"),
    ):
        try:
            write()
        except recorder.LeaseLost:
            continue
        raise AssertionError(f"a late writer changed {trial}")


if __name__ == "__main__":
    {"prepare": prepare, "work": work}[sys.argv[1]]()
