"""What the worker of a joined machine does, with fake runners, and what it may not do; for
test_joining.py: python -m tests.system.joined_worker

The settings are those of the data folder alone. It works until it is told to stop by the end of its
input, line by line: "work" is answered once nothing is left to do, "rights" with JSON.
"""

# ruff: noqa: E402

import json
import os
import sys
import threading
from typing import Any

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "webapp.settings"
django.setup()

from django.core.exceptions import ImproperlyConfigured
from django.db import ProgrammingError, connection, transaction

from tests.supervisor.fake_runner import FakeRunner
from tuning.models import Importances, Worker
from tuning.models.worker_rights import rights_by_table
from tuning.protocol.events import Predicted
from tuning.protocol.predictions import PredictedOutput
from tuning.supervisor import checkpoints, files, resume_folders, schedule
from tuning.supervisor.pool import RunnerPool
from tuning.supervisor.references import collect_unneeded
from tuning.supervisor.runners import Device
from tuning.supervisor.slot import SlotLoop
from tuning.supervisor.worker import WorkerProcess, register

ANSWER = Predicted(1, [PredictedOutput("class", "classification", [3.0], [[0.1] * 10], True)], [])
# What the table of rights does not say.
FORBIDDEN = (
    "SELECT password FROM auth_user", "SELECT email FROM auth_user",
    "UPDATE auth_user SET is_superuser = true", "UPDATE tuning_project SET team_id = 1",
    "UPDATE tuning_team SET max_slots = NULL", "SELECT secret FROM tuning_webhook",
    "CREATE TABLE mine (number int)", "CREATE ROLE mine", "DROP TABLE tuning_epoch",
    "ALTER TABLE tuning_trial DISABLE TRIGGER ALL", "GRANT SELECT ON auth_user TO CURRENT_USER",
    "COPY tuning_trial TO PROGRAM 'true'",
)  # fmt: skip


def start(device: Device) -> FakeRunner:
    return FakeRunner(device, answers=iter([ANSWER] * 3), table=b"a,b\r\n1,2\r\n")


def work(worker: Worker) -> str:
    pool = RunnerPool(start)
    never = threading.Event()
    while SlotLoop(worker, 0, Device(), pool, 10_000, never, never).run():
        pass
    # What the watch does now and then.
    WorkerProcess()._beat(worker)
    schedule.reap()
    files.sweep()
    checkpoints.sweep()
    resume_folders.sweep()
    collect_unneeded()
    Worker.objects.forgotten().delete()
    Importances.objects.forgotten().delete()
    return "done"


def rights() -> str:
    """Where PostgreSQL and the table disagree, and which forbidden statements ran."""
    wrong = []
    for table, allowed in rights_by_table().items():
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT has_table_privilege(%s, 'INSERT'), has_table_privilege(%s, 'DELETE'), "
                "has_any_column_privilege(%s, 'SELECT'), has_any_column_privilege(%s, 'UPDATE'), "
                "has_table_privilege(%s, 'TRUNCATE')",
                [f'"{table}"'] * 5,
            )
            found = cursor.fetchone()
        expected = (
            allowed.insert,
            allowed.delete,
            bool(allowed.select),
            bool(allowed.update),
            False,
        )
        if found != expected:
            wrong.append(f"{table}: {found}, not {expected}")
    wrong += [statement for statement in FORBIDDEN if not _is_refused(statement)]
    return json.dumps(wrong)


def _is_refused(statement: str) -> bool:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    except ProgrammingError as error:
        return error.__cause__.sqlstate == "42501"  # type: ignore[union-attr]
    return False


def signs() -> bool:
    try:
        settings: Any = django.conf.settings
        return bool(settings.SECRET_KEY)
    except ImproperlyConfigured:
        return False


if __name__ == "__main__":
    assert not signs()
    row = register(f"{django.conf.settings.JOINED_AS}@test", 1, layers=[])
    for line in sys.stdin:
        print(work(row) if line.strip() == "work" else rights(), flush=True)
