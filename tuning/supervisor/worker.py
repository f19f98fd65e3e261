"""A worker process: its row, its slots, its watch thread, its orderly end."""

import contextlib
import logging
import os
import platform
import random
import re
import signal
import socket
import threading
import time
from importlib.metadata import PackageNotFoundError, version

import psutil
from django.conf import settings
from django.db import OperationalError, close_old_connections
from django.db.models.functions import Now
from django.utils import timezone

from tuning.actions.dispatch import send_hints
from tuning.analysis.readiness import lacks_migrations
from tuning.models import Importances, Release, Worker
from tuning.models.workers import WATCH_SECONDS, Requested
from tuning.protocol import release
from tuning.strategies.suggesting import family_of
from tuning.strategies.traits import Name
from webapp.alive import note_alive

from . import checkpoints, claims, files, folders, gpus, resume_folders, schedule, scripts, slots
from .fork_servers import fork_servers
from .housekeeping import Housekeeping
from .importances import ImportancesProcess
from .isolation import Layer, probe
from .on_demand import Every, OnDemandThread
from .pool import RunnerPool
from .references import COLLECT_EVERY, collect_now
from .slot import SlotLoop
from .storage import StorageWatch
from .worker_names import unique_name

logger = logging.getLogger(__name__)

REAP_EVERY = 15
SWEEP_EVERY = 600
# So many workers look for work and for lost work each time. Of more, each does so the more seldom:
# the looks of 1,000 idle workers would keep more cores of a database busy than their trials.
LOOKING = 50
COUNT_EVERY = 60
CLOSE_SECONDS = 2


class WorkerProcess:
    """What lives as long as the Celery worker. One instance for each process: `this_worker`."""

    def __init__(self) -> None:
        # Nothing more is claimed; what runs goes on.
        self.closed = threading.Event()
        # What runs is given back.
        self.stopping = threading.Event()
        self._leaving = False
        self._grace = threading.Timer(settings.DRAIN_SECONDS, self.stopping.set)
        self._grace.daemon = True
        self._refusal = ""
        self._online = 1
        self.pool = RunnerPool(is_prepared=fork_servers.prepare, is_quick=fork_servers.serves)
        self.numbers = slots.SlotNumbers(0)
        self._importances = ImportancesProcess()
        self.importances = OnDemandThread(
            "importances", self._importances.is_due, self._importances.compute_all
        )
        self.housekeeping = None if settings.JOINED_AS else Housekeeping()
        self.scripts = OnDemandThread("scripts", scripts.is_due, scripts.Scripts().serve)
        self._collector = OnDemandThread("collector", Every(COLLECT_EVERY), collect_now)
        self.storage = StorageWatch()
        self.row: Worker | None = None
        self._thread: threading.Thread | None = None
        # Slots at work without a message, while the broker is away.
        self._alone: list[threading.Thread] = []

    def start(self, name: str) -> None:
        """Start the watch thread, which registers the worker as soon as the database answers."""
        folders.adopt_orphans()
        folders.sweep_runner_folders()
        # Whoever registers under a name takes over the work of whoever had it before.
        name = unique_name(name)
        self._thread = threading.Thread(target=self._watch, args=(name,), name="watch", daemon=True)
        self._thread.start()

    def _register(self, name: str) -> None:
        if lacks_migrations():
            # It cannot even say so in the database.
            self._refuse(LACKS_MIGRATIONS)
            return
        layers = probe()
        row = register(name, slots.slot_count(), layers)
        self.numbers = slots.SlotNumbers(row.slots, row.gpu_slots)
        self._obey(row)
        # Last: from now on slots are taken.
        self.row = row
        if not self.closed.is_set():
            self._ring()

    def _obey(self, row: Worker) -> None:
        """Take work or leave it, as the row, the database's version and the sandbox say."""
        # Seen on the workers page, doing nothing: better than gone without a word.
        self._refuse(_weak_isolation(row) or _other_version() or self.storage.problem)
        if self._refusal != row.refusal:
            row.refusal = self._refusal
            row.save(update_fields=["refusal"])
        if self._leaving or self._refusal or row.requested:
            self.closed.set()
        else:
            self.closed.clear()
        is_idle = self.numbers.free == self.numbers.count
        if row.requested == Requested.DRAIN and is_idle and not self._leaving:
            logger.warning("drained: this worker ends")
            os.kill(os.getpid(), signal.SIGTERM)

    def _refuse(self, reason: str) -> None:
        if reason and reason != self._refusal:
            logger.error("this worker takes no work. %s", reason)
        self._refusal = reason

    def work(self, for_gpu: bool = False) -> int:
        """Take a free slot, one with a GPU if it is for such work, and work until there is nothing
        to do. Returns what was done."""
        slot = self.numbers.take(for_gpu) if self.row else None
        if slot is None or self.row is None:
            return 0
        try:
            # Not before: whoever sees all slots free while this is set knows that nothing begins.
            if self.closed.is_set():
                return 0
            loop = SlotLoop(
                worker=self.row,
                number=slot,
                device=slots.device(slot),
                pool=self.pool,
                memory_limit=slots.memory_limit(),
                closed=self.closed,
                stopping=self.stopping,
            )
            done = loop.run()
        finally:
            self.numbers.give_back(slot)
        if done and not self.closed.is_set():
            # At once: the next search may begin any moment. The watch tries again.
            with contextlib.suppress(OSError):
                self._keep_spares()
        return done

    def stop(self) -> None:
        """Called when the worker is asked to stop: it claims nothing more, and what still runs
        after DRAIN_SECONDS goes back to the queue."""
        self._leaving = True
        self.closed.set()
        if settings.DRAIN_SECONDS == 0:
            self.stopping.set()
        elif not self._grace.is_alive():
            logger.warning("running work has %s s to end", settings.DRAIN_SECONDS)
            self._grace.start()

    def close(self) -> None:
        """Called when all of Celery's threads have ended."""
        if self._grace.is_alive():
            # Celery knows nothing of these.
            end = time.monotonic() + settings.DRAIN_SECONDS
            for thread in self._alone:
                thread.join(max(0, end - time.monotonic()))
        self._grace.cancel()
        self.stopping.set()
        if self._thread:
            # Else its last pass could say once more that this worker is there.
            self._thread.join(CLOSE_SECONDS)
        for thread in self._alone:
            thread.join(CLOSE_SECONDS)
        self._importances.close()
        self.pool.close()
        fork_servers.close()
        if self.row:
            Worker.objects.filter(pk=self.row.pk).update(stopped_at=Now())

    def _watch(self, name: str) -> None:
        reaper, tick = schedule.Reaper(), 0
        while not self.stopping.is_set():
            try:
                if self.row is None:
                    self._register(name)
                    if self.row:
                        self._load()
                else:
                    tick += 1
                    self._pass(reaper, tick)
            except Exception as error:
                # The watch must outlive everything, a database that is away included.
                logger.exception("the watchdog failed")
                if settings.JOINED_AS and _is_removed(error):
                    logger.error(REMOVED, settings.JOINED_SITE)
                    os.kill(os.getpid(), signal.SIGTERM)
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
        self.storage.look()
        self._beat(self.row)
        note_alive("worker")
        self._obey(self.row)
        if not self.closed.is_set():
            self._keep_spares()
            if self.numbers.free and self._has_turn():
                self._ring()
        self.importances.check()
        if self.housekeeping:
            self.housekeeping.check()
        self.scripts.check()
        self._collector.check()
        if tick % (COUNT_EVERY // WATCH_SECONDS) == 0:
            self._online = Worker.objects.online().count()
        if tick % (REAP_EVERY // WATCH_SECONDS) == 0 and self._has_turn():
            reaper.reap()
        if tick % (SWEEP_EVERY // WATCH_SECONDS) == 0:
            files.sweep()
            resume_folders.sweep()
            checkpoints.sweep()
            Worker.objects.forgotten().delete()
            Importances.objects.forgotten().delete()

    def _has_turn(self) -> bool:
        """By chance, so that workers need not agree on whose turn it is."""
        return random.random() * self._online < LOOKING  # noqa: S311

    def _beat(self, row: Worker) -> None:
        offset = row.clock_offset
        Worker.objects.filter(pk=row.pk).update(seen_at=Now(), stopped_at=None, clock_offset=offset)
        row.refresh_from_db(fields=["seen_at", "requested"])
        row.clock_offset = round(time.time() - row.seen_at.timestamp(), 1)

    def _ring(self) -> None:
        """Call for free slots of this worker: by way of the broker, so that Celery knows of them,
        and without it while it is away. Other workers do the same for theirs."""
        own = schedule.claimable().within(self.numbers.as_slots)
        if send_hints(own):
            return
        self._alone = [thread for thread in self._alone if thread.is_alive()]
        for for_gpu in [True] * own.on_gpu + [False] * own.anywhere:
            thread = threading.Thread(
                target=self._work_alone, args=(for_gpu,), name="slot", daemon=True
            )
            self._alone.append(thread)
            thread.start()

    def _work_alone(self, for_gpu: bool) -> None:
        try:
            self.work(for_gpu)
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
    # A process that was drained ended with this one's start; a pause outlives processes.
    Worker.objects.filter(name=name, requested=Requested.DRAIN).update(
        requested=Requested.NOTHING, requested_by=None
    )
    row, _ = Worker.objects.update_or_create(
        name=name,
        defaults={
            "slots": slot_count,
            "gpu_slots": slots.gpu_slots(),
            "gpu_problem": gpus.find().problem,
            "devices": [str(slots.device(number)) for number in range(slot_count)],
            "versions": versions(),
            "host": socket.gethostname(),
            "memory": psutil.virtual_memory().total,
            "refusal": "",
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


REMOVED = (
    "The database does not know this machine: it was removed from %s, and this worker ends. To "
    "join again, delete joined.json in the data folder and use a new token."
)
# A refused connection comes with a text and no code. Where the `lc_messages` of the server is in
# another language, the worker goes on trying until a person stops it.
_UNKNOWN_ROLE = re.compile(r"password authentication failed|role .* (does not exist|is not perm)")


def _is_removed(error: Exception) -> bool:
    return isinstance(error, OperationalError) and bool(_UNKNOWN_ROLE.search(str(error)))


LACKS_MIGRATIONS = (
    "The database lacks migrations of this version. Update the site first: make setup"
)


def _other_version() -> str:
    row = Release.objects.filter(pk=Release.ONLY).first()
    if row is None:
        return ""
    return release.refusal(release.WORKER_PROTOCOL, row.worker_protocol, row.oldest_worker_protocol)


def _weak_isolation(row: Worker) -> str:
    reached, least = row.isolation_level, settings.SANDBOX_MIN_LEVEL
    if reached is not None and reached >= least:
        return ""
    return (
        f"Its isolation reaches level {reached}, and SANDBOX_MIN_LEVEL is {least}. Run “manage.py "
        "doctor” on its machine to see what is missing."
    )


def _is_orphan() -> bool:
    """Whether the command that brought this worker for itself is gone."""
    parent = os.environ.get("TUNEROOM_WORKER_PARENT", "")
    return bool(parent) and os.getppid() != int(parent)


def versions() -> dict[str, str]:
    """Of Tuneroom, Python and the libraries that train."""
    found = {"tuneroom": release.build(), "python": platform.python_version()}
    for package in ("tensorflow", "keras", "keras-tuner"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "missing"
    return found
