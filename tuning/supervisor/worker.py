"""A worker process: its row, its slots, its watch thread, its orderly end."""

import contextlib
import logging
import os
import platform
import signal
import threading
from importlib.metadata import PackageNotFoundError, version

from django.conf import settings
from django.db import close_old_connections
from django.db.models.functions import Now
from django.utils import timezone

from tuning.actions.dispatch import send_hints
from tuning.models import AuditEntry, Importances, Worker
from tuning.models.workers import WATCH_SECONDS
from tuning.strategies.suggesting import family_of
from tuning.strategies.traits import Name
from webapp.alive import note_alive

from . import checkpoints, claims, files, folders, schedule, slots
from .importances import ImportancesThread
from .isolation import Layer, probe
from .locks import own_name
from .mails import MailThread
from .pool import RunnerPool
from .scripts import ScriptThread
from .slot import SlotLoop

logger = logging.getLogger(__name__)

REAP_EVERY = 15
SWEEP_EVERY = 600
CLOSE_SECONDS = 2


class WorkerProcess:
    """What lives as long as the Celery worker. One instance for each process: `this_worker`."""

    def __init__(self) -> None:
        self.stopping = threading.Event()
        self.pool = RunnerPool()
        self.numbers = slots.SlotNumbers(0)
        self.importances = ImportancesThread()
        self.mails = MailThread()
        self.scripts = ScriptThread()
        self.row: Worker | None = None
        self._thread: threading.Thread | None = None
        # Slots at work without a message, while the broker is away.
        self._alone: list[threading.Thread] = []

    def start(self, name: str) -> None:
        """Start the watch thread, which registers the worker as soon as the database answers."""
        folders.adopt_orphans()
        folders.sweep_runner_folders()
        # Whoever registers under a name takes over the work of whoever had it before.
        name = own_name(name)
        self._thread = threading.Thread(target=self._watch, args=(name,), name="watch", daemon=True)
        self._thread.start()

    def _register(self, name: str) -> None:
        layers = probe()
        self.row = register(name, slots.slot_count(), layers)
        reached = self.row.isolation_level
        if reached is None or reached < settings.SANDBOX_MIN_LEVEL:
            # Seen on the workers page, doing nothing: better than gone without a word.
            logger.error(
                "isolation reaches level %s, SANDBOX_MIN_LEVEL is %s: this worker takes no work",
                reached,
                settings.SANDBOX_MIN_LEVEL,
            )
            self.row.slots = 0
            self.row.save(update_fields=["slots"])
        # Last: from now on slots are taken.
        self.numbers = slots.SlotNumbers(self.row.slots)
        self._ring()

    def work(self) -> int:
        """Take a free slot and work until there is nothing to do. Returns what was done."""
        slot = self.numbers.take() if self.row else None
        if slot is None or self.row is None:
            return 0
        try:
            loop = SlotLoop(
                worker=self.row,
                number=slot,
                device=slots.device(slot),
                pool=self.pool,
                memory_limit=slots.memory_limit(),
                stopping=self.stopping,
            )
            done = loop.run()
        finally:
            self.numbers.give_back(slot)
        if done and not self.stopping.is_set():
            # At once: the next search may begin any moment. The watch tries again.
            with contextlib.suppress(OSError):
                self._keep_spares()
        return done

    def stop(self) -> None:
        """Called when the worker is asked to stop: running work goes back to the queue."""
        self.stopping.set()

    def close(self) -> None:
        """Called when all threads have ended."""
        self.stopping.set()
        if self._thread:
            # Else its last pass could say once more that this worker is there.
            self._thread.join(CLOSE_SECONDS)
        for thread in self._alone:
            thread.join(CLOSE_SECONDS)
        self.importances.close()
        self.pool.close()
        if self.row:
            Worker.objects.filter(pk=self.row.pk).update(stopped_at=Now())

    def _watch(self, name: str) -> None:
        reaper, tick = schedule.Reaper(), 0
        while not self.stopping.is_set():
            try:
                if self.row is None:
                    self._register(name)
                    self._load()
                else:
                    tick += 1
                    self._pass(reaper, tick)
            except Exception:
                # The watch must outlive everything, a database that is away included.
                logger.exception("the watchdog failed")
            finally:
                close_old_connections()
            self.stopping.wait(WATCH_SECONDS)

    def _load(self) -> None:
        # Optuna takes a second to load: now, not when a person waits for a trial. KerasTuner, which
        # brings TensorFlow with it, is loaded by the first search that needs it.
        self._keep_spares()
        family_of(Name.AUTO)

    def _pass(self, reaper: schedule.Reaper, tick: int) -> None:
        assert self.row is not None
        if _is_orphan():
            os.kill(os.getpid(), signal.SIGTERM)
        Worker.objects.filter(pk=self.row.pk).update(seen_at=Now(), stopped_at=None)
        note_alive("worker")
        self._keep_spares()
        if self.numbers.free:
            self._ring()
        self.importances.check()
        self.mails.check()
        self.scripts.check()
        if tick % (REAP_EVERY // WATCH_SECONDS) == 0:
            reaper.reap()
        if tick % (SWEEP_EVERY // WATCH_SECONDS) == 0:
            files.sweep()
            checkpoints.sweep()
            Worker.objects.forgotten().delete()
            Importances.objects.forgotten().delete()
            if settings.AUDIT_LOG_DAYS:
                AuditEntry.objects.expire(settings.AUDIT_LOG_DAYS)

    def _ring(self) -> None:
        """Call for free slots of this worker: by way of the broker, so that Celery knows of them,
        and without it while it is away. Other workers do the same for theirs."""
        times = min(schedule.claimable(), self.numbers.free)
        if send_hints(times):
            return
        self._alone = [thread for thread in self._alone if thread.is_alive()]
        for _ in range(times):
            thread = threading.Thread(target=self._work_alone, name="slot", daemon=True)
            self._alone.append(thread)
            thread.start()

    def _work_alone(self) -> None:
        try:
            self.work()
        except Exception:
            logger.exception("a slot failed")
        finally:
            close_old_connections()

    def _keep_spares(self) -> None:
        free = self.numbers.free_ones
        self.pool.keep(slots.spare_devices(free), idle=len(free) == self.numbers.count)


this_worker = WorkerProcess()


def register(name: str, slot_count: int, layers: list[Layer]) -> Worker:
    """Write this worker's row. Work that a former process of the same name held is lost."""
    now = timezone.now()
    row, _ = Worker.objects.update_or_create(
        name=name,
        defaults={
            "slots": slot_count,
            "devices": [str(slots.device(number)) for number in range(slot_count)],
            "versions": versions(),
            "isolation": [layer.as_json() for layer in layers],
            "started_at": now,
            "seen_at": now,
            "stopped_at": None,
        },
    )
    for kind in claims.KINDS:
        # A missing lease counts as expired: the next pass of the reaper takes it.
        kind.objects.running().filter(worker=row).update(lease_expires_at=None)  # type: ignore[attr-defined]
    schedule.reap()
    return row


def _is_orphan() -> bool:
    """Whether the command that brought this worker for itself is gone."""
    parent = os.environ.get("TUNEROOM_WORKER_PARENT", "")
    return bool(parent) and os.getppid() != int(parent)


def versions() -> dict[str, str]:
    """Of Python and of the libraries that train."""
    found = {"python": platform.python_version()}
    for package in ("tensorflow", "keras", "keras-tuner"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "missing"
    return found
