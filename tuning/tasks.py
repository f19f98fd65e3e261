"""The Celery worker's door. A message is a hint; what there is to do is in the database."""

import os
from typing import Any

from celery import shared_task
from celery.signals import beat_init, celeryd_after_setup, worker_shutdown, worker_shutting_down
from django.db import close_old_connections

from tuning.actions.dispatch import GPU_QUEUE
from tuning.supervisor import housekeeping, schedule, slots
from tuning.supervisor.worker import this_worker


@shared_task(name="tuning.work")
def work() -> None:
    """Work in a free slot until there is nothing to do; at once back if no slot is free."""
    _work()


@shared_task(name="tuning.gpu_work")
def gpu_work() -> None:
    """The same in a slot with a GPU, if one of those is free. Only workers with one read such
    messages."""
    _work(for_gpu=True)


def _work(for_gpu: bool = False) -> None:
    try:
        this_worker.work(for_gpu)
    finally:
        close_old_connections()


@shared_task(name="tuning.dispatch")
def dispatch() -> None:
    schedule.dispatch()


@shared_task(name="tuning.reap")
def reap() -> None:
    _reaper.reap()


@shared_task(name="tuning.importances")
def importances() -> None:
    """Only wakes the worker's own thread: a slot's thread is for training."""
    try:
        this_worker.importances.check()
    finally:
        close_old_connections()


@shared_task(name="tuning.mails")
def mails() -> None:
    """Only wakes the worker's own thread: a mail server may take its time."""
    _keep_house()


@shared_task(name="tuning.notify")
def notify() -> None:
    """Only wakes the worker's own thread: a webhook's server may take its time."""
    _keep_house()


def _keep_house() -> None:
    # A joined machine's worker leaves it to others, which look by themselves, too.
    try:
        if this_worker.housekeeping:
            this_worker.housekeeping.check()
    finally:
        close_old_connections()


@shared_task(name="tuning.scripts")
def scripts() -> None:
    """Only wakes the worker's own thread: scripts need no slot."""
    try:
        this_worker.scripts.check()
    finally:
        close_old_connections()


_reaper = schedule.Reaper()


@celeryd_after_setup.connect
def _start(sender: str, instance: Any, **_: Any) -> None:
    # As in manage.py, for a worker that is started by itself.
    os.umask(0o077)
    if slots.gpu_slots():
        instance.app.amqp.queues.select_add(GPU_QUEUE)
    # Not at `worker_ready`, which waits for the broker: there is work without it.
    this_worker.start(sender)


@beat_init.connect
def _start_housekeeping(**_: Any) -> None:
    housekeeping.start()


@worker_shutting_down.connect
def _stop(**_: Any) -> None:
    this_worker.stop()


@worker_shutdown.connect
def _close(**_: Any) -> None:
    this_worker.close()
