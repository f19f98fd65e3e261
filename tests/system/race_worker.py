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
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "webapp.settings"
django.setup()

from django.conf import settings
from django.core.management import call_command
from django.db import close_old_connections, connection, transaction
from django.utils import timezone

from tests.supervisor.fake_runner import FakeRunner, Step
from tuning.actions import datasets
from tuning.actions.quotas import OverQuota
from tuning.actions.searches import start_search
from tuning.actions.worker_roles import create_role
from tuning.analysis import quotas
from tuning.models import (
    Dataset,
    Execution,
    HyperModel,
    Machine,
    Project,
    Search,
    Team,
    Trial,
    Worker,
)
from tuning.protocol.events import EpochEnd, TrialEnd
from tuning.protocol.failures import Failure, FailureCode
from tuning.protocol.orders import SearchOrder, TrialOrder
from tuning.protocol.statuses import SEARCH_ACTIVE
from tuning.protocol.uploads import TEXT_TABLE
from tuning.recording import recorder
from tuning.recording.recorder import News
from tuning.supervisor import claims, schedule, spreading, supervise
from tuning.supervisor.assignments import Assignment, assignment_for
from tuning.supervisor.claims import Slot
from tuning.supervisor.pool import RunnerPool
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
    {"tuner": "random", "max_trials": 20, "epochs": 2, "executions_per_trial": 6},
)


def prepare() -> None:
    """Says the name of a joined machine's role, as which the workers sign in."""
    call_command("migrate", verbosity=0)
    race_uploads()
    machine = Machine.objects.create(name="race", token_digest="0", token_expires_at=timezone.now())
    with transaction.atomic():
        print(create_role(machine, "secret"))
    team = Team.objects.create(name="Team")
    dataset = Dataset.objects.create(key="d", name="D", folder="d", status="completed")
    hypermodel = HyperModel.objects.create(key="h", name="H", code="", kinds=["image"])
    for number, own in enumerate(SEARCHES):
        project = Project.objects.create(
            team=team, name=str(number), dataset=dataset, hypermodel=hypermodel
        )
        common = {"objective": "val_accuracy", "direction": "max", "parallel_trials": 5}
        start_search(None, Search(project=project, space=SPACE, **common, **own))


def race_uploads() -> None:
    """Two uploads of a team that may have one file: both find room, one gets it."""
    team = Team.objects.create(name="With one file", max_files=1)
    Path(settings.UPLOADS_ROOT).mkdir(parents=True, exist_ok=True)
    asked: list[str] = []
    refused: list[str] = []

    def ask(*arguments: Any) -> str:
        """Nobody goes on before the other one has asked, too, or waits for its turn to."""
        asked.append(quotas.file_refusal(*arguments))
        mine = asked[-1]
        waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
        with connection.cursor() as cursor:
            while len(asked) < 2 and not cursor.execute(waiting).fetchone()[0]:
                continue
        return mine

    def upload(number: int) -> None:
        file = Path(settings.UPLOADS_ROOT) / f"race-{number}"
        file.write_bytes(b"a,b\n1,2\n")
        facts = {"name": "rows.csv", "kind": TEXT_TABLE}
        try:
            datasets.create_upload(Dataset(name=f"Rows {number}", team=team), file, facts)
        except OverQuota as error:
            refused.append(str(error))
        close_old_connections()
        connection.close()

    datasets.file_refusal = ask
    threads = [threading.Thread(target=upload, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    datasets.file_refusal = quotas.file_refusal
    assert Dataset.objects.filter(team=team).count() == 1
    assert len(refused) == 1
    assert "may have 1 file" in refused[0]
    # Slots prepare no datasets here.
    Dataset.objects.filter(team=team).delete()


tokens = itertools.count(random.randrange(10**9) * 1000)
done = threading.Event()
claimed: list[Trial] = []
helped: list[Execution] = []
# Executions whose leases were taken away.
given_up: list[int] = []


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
        yield EpochEnd(order.execution or 0, epoch, 0.1, metrics)
    yield TrialEnd(metrics, best_step=last - first - 1)


def remember(row: Any) -> Assignment:
    (claimed if isinstance(row, Trial) else helped).append(row)
    return assignment_for(row)


def claim_anything(slot: Slot, prefer: int | None, firmly: bool) -> Any:
    helps = random.random() < 0.5
    execution = spreading.claim_execution(slot, prefer) if helps else None
    return execution or claims.claim_next(slot, prefer, firmly)


def work() -> None:
    supervise.BEAT = 0.02
    supervise.CANCEL_CHECK_EVERY = 0.02
    schedule.send_hints = lambda _: None
    import tuning.supervisor.assignments.training as training_module
    import tuning.supervisor.slot as slot_module

    training_module.FLUSH_SECONDS = 0.01
    training_module.FIRST_FLUSH_SECONDS = 0.0
    # Slots turn to any search's executions at once, though trials wait.
    spreading.CHANGE_SECONDS = 0
    slot_module.claim_next = claim_anything  # type: ignore[assignment]
    slot_module.LOOK_EVERY = 0.0
    slot_module.assignment_for = remember
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
    for execution in helped:
        _help_late(execution)
    last = dict(Trial.objects.values_list("pk", "attempt"))
    lost = sum(trial.attempt < last[trial.pk] for trial in claimed)
    print(json.dumps({"lost": lost, "helped": len(helped), "given_up": len(given_up)}))


def _slot(row: Worker, number: int) -> None:
    pool = RunnerPool(lambda device: FakeRunner(device, script, independent=True))
    while not done.is_set():
        SlotLoop(row, number, Device(), pool, 10_000, threading.Event(), threading.Event()).run()
        close_old_connections()
        if not Search.objects.filter(status__in=SEARCH_ACTIVE).exists():
            done.set()
        done.wait(0.02)


def _reaper() -> None:
    """Takes a lease away and reaps, again and again; once a trial, for five times would fail it,
    and the killed worker takes one more."""
    while not done.wait(0.02):
        running = Trial.objects.running().filter(lost_attempts__lt=1).values_list("pk", flat=True)
        if running:
            unlucky = random.choice(running)
            Trial.objects.running().filter(pk=unlucky, lost_attempts__lt=1).update(
                lease_expires_at=None
            )
        for pk in (
            Execution.objects.running().filter(lost_attempts__lt=1).values_list("pk", flat=True)
        ):
            if random.random() < 0.5:
                given_up.append(pk)
                lost = Execution.objects.running().filter(pk=pk, lost_attempts__lt=1)
                lost.update(lease_expires_at=None)
        schedule.reap()


METRICS: dict[str, float | None] = {"val_accuracy": 9.0, "token": -1.0}


def _help_late(execution: Execution) -> None:
    """What the supervisor of a slot that helped out would try, if it slept through everything."""
    late = News([EpochEnd(execution.number, 99, 0.1, METRICS)], None)
    end, failure = TrialEnd(METRICS, 0), Failure(FailureCode.CODE_ERROR, "late")
    _refused(
        lambda: recorder.record_news(execution.trial, late, execution),
        lambda: recorder.complete_execution(execution, end, news=late),
        lambda: recorder.fail_execution(execution, failure, news=late),
        lambda: recorder.release_execution(execution),
    )


def _write_late(trial: Trial) -> None:
    """What a supervisor that slept through everything would try."""
    late = News([EpochEnd(0, 99, 0.1, METRICS)], 99, {"parameters": -1})
    _refused(
        lambda: recorder.record_news(trial, late),
        lambda: recorder.record_news(trial, News(late.epochs, None)),
        lambda: recorder.complete_trial(trial, METRICS, 0, news=late),
        lambda: recorder.prune_trial(trial, 1),
        lambda: recorder.record_news(trial, News(built={"parameters": -1})),
        lambda: recorder.release_trial(trial, "late"),
        lambda: recorder.stop_trial(trial, "late"),
        lambda: recorder.offer_executions(trial),
    )


def _refused(*writes: Callable[[], None]) -> None:
    for number, write in enumerate(writes):
        try:
            write()
        except recorder.LeaseLost:
            continue
        raise AssertionError(f"late writer {number} changed something")


if __name__ == "__main__":
    {"prepare": prepare, "work": work}[sys.argv[1]]()
