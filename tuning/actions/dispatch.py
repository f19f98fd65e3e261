"""Telling workers that there is work. A message is a hint: it may be lost, doubled or late."""

import logging

from celery import current_app
from django.db import transaction

from tuning.analysis.slots import Demand, slots
from tuning.protocol.gpu_needs import GpuNeed

logger = logging.getLogger(__name__)

WORK_TASK = "tuning.work"
GPU_WORK_TASK = "tuning.gpu_work"
# Joined machines may use keys of Redis that begin like the default one.
GPU_QUEUE = "celery-gpu"
IMPORTANCES_TASK = "tuning.importances"
MAIL_TASK = "tuning.mails"
NOTIFY_TASK = "tuning.notify"
SCRIPTS_TASK = "tuning.scripts"


def ring(times: int = 1, gpu: str = GpuNeed.NONE) -> None:
    """Send a hint to `times` slots, once the transaction is committed. `gpu`: whether what there is
    to do needs one."""
    transaction.on_commit(lambda: send_hints(_demand(times, gpu)))


def _demand(times: int, gpu: str) -> Demand:
    if gpu == GpuNeed.NONE:
        return Demand(anywhere=times)
    # Without a worker that takes them, messages would pile up.
    on_gpu = min(times, slots().free_gpus)
    return Demand(on_gpu, 0 if gpu == GpuNeed.REQUIRED else times - on_gpu)


def send_hints(demand: Demand) -> bool:
    """Send now: what is for slots with a GPU goes to a queue that only workers with one read.
    Returns whether the broker took it; workers also look into the database by themselves, so a lost
    broker only delays."""
    sent = [send_task(GPU_WORK_TASK, queue=GPU_QUEUE) for _ in range(demand.on_gpu)]
    sent += [send_task(WORK_TASK) for _ in range(demand.anywhere)]
    return all(sent)


def send_task(name: str, queue: str | None = None) -> bool:
    """Send one message now. Returns whether the broker took it."""
    try:
        # By name: the tasks import the worker's side, which the site must not load.
        # A hint that nobody took for a while is stale: the scheduler sends fresh ones.
        current_app.send_task(name, expires=30, retry=False, queue=queue)
    except Exception as error:  # noqa: BLE001  kombu raises whatever its transport raises
        logger.warning("could not reach the broker: %s", error)
        return False
    return True
