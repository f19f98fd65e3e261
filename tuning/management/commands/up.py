"""`manage.py up`: the site, one worker and the scheduler, in one terminal."""

import errno
import hashlib
import os
import re
import shutil
import socket
import sys
import threading
import time
import urllib.error
import urllib.request
from argparse import ArgumentParser
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from tuning.management.prepared import NOT_SET_UP, is_unprepared
from tuning.management.privacy import close_data_folder
from tuning.management.processes import STOP_SECONDS, Family, Taken, folder_lock

READY_SECONDS = 60
# What TensorFlow says on every import. It ignores TF_CPP_MIN_LOG_LEVEL that early.
NOISE = re.compile(rb"I0000 |WARNING: All log messages before absl::InitializeLog")
# Some of them may be sending files to people with slow connections.
SITE_THREADS = 64
PARTS = ("site", "worker", "scheduler")
JOINED = "This machine joined {} and runs a worker only: manage.py worker"


class Command(BaseCommand):
    help = "Start the site, one worker and the scheduler; Ctrl-C stops them all."
    # The checks would load every page's imports here too, a second on a small machine.
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--only",
            choices=PARTS,
            help="Start one component only, for setups with separate machines or containers.",
        )
        parser.epilog = "HOST, PORT, SLOTS and TUNEROOM_DATA are settings: docs/settings.md."

    def handle(self, *, only: str | None = None, **options: Any) -> None:
        started = time.monotonic()
        parts = (only,) if only else PARTS
        if settings.JOINED_AS and parts != ("worker",):
            raise CommandError(JOINED.format(settings.JOINED_SITE))
        host, port = address()
        with ExitStack() as stack:
            # Children hold it, too: no second Tuneroom starts beside what is left of the first.
            locks = [] if only else [self._lock_data_folder(stack)]
            self._close_data_folder()
            refuse_unprepared(with_site="site" in parts)
            listener = stack.enter_context(listen(host, port)) if "site" in parts else None
            slots = slot_count() if "worker" in parts else 0
            self._say(f"Starting {_these(parts, slots)} ...")
            environment = {"TF_CPP_MIN_LOG_LEVEL": "2", **os.environ, "PYTHONUNBUFFERED": "1"}
            if listener and settings.METRICS_TOKEN:
                environment["PROMETHEUS_MULTIPROC_DIR"] = empty_metrics_folder()
            family = stack.enter_context(
                Family(environment, NOISE, stop_seconds=STOP_SECONDS + settings.DRAIN_SECONDS)
            )
            waiter = None
            if listener:
                descriptor = listener.fileno()
                # It stays open here: while a site that died is started again, people wait a moment.
                family.start("site", site_command(descriptor), keep=[descriptor, *locks])
            if slots:
                family.start("worker", worker_command(slots), keep=locks, may_end=True)
            if "scheduler" in parts:
                family.start("scheduler", scheduler_command(), keep=locks)
            if listener:
                waiter = Waiter(host, port, family)
                waiter.start()
            for _ in family.run():
                if waiter and waiter.ready and not waiter.told:
                    waiter.told = True
                    self._welcome(host, port, time.monotonic() - started)
                if waiter and waiter.gave_up:
                    family.failed = f"the site does not answer after {READY_SECONDS} s"
            if waiter:
                waiter.cancelled.set()
            self._say(f"\nStopping: {family.failed}." if family.failed else "Stopping ...")
        if family.failed:
            raise CommandError(f"{family.failed[0].upper()}{family.failed[1:]}.")
        self._say("Stopped.")

    def _close_data_folder(self) -> None:
        changed, left = close_data_folder()
        if changed:
            self._say(
                f"Removed permissions of other accounts on {changed} files in the data folder."
            )
        if left:
            self._say(f"Other accounts can access {left[0]}, which belongs to another account.")

    def _lock_data_folder(self, stack: ExitStack) -> int:
        path = Path(settings.DATA_ROOT) / "up.lock"
        try:
            return stack.enter_context(folder_lock(path))
        except Taken as taken:
            if _alive(str(taken)):
                raise CommandError(
                    f"Tuneroom is already running on {settings.DATA_ROOT} (process {taken}). "
                    "Stop it, or use another folder and port: TUNEROOM_DATA=/another/folder "
                    "PORT=8001"
                ) from None
            # Killed: what watches over its processes is still stopping them.
            self._say("Waiting for the processes of a killed Tuneroom to end ...")
            try:
                seconds = STOP_SECONDS + settings.DRAIN_SECONDS + 5
                return stack.enter_context(folder_lock(path, wait_seconds=seconds))
            except Taken:
                raise CommandError(
                    f"Processes of a killed Tuneroom still use {settings.DATA_ROOT}."
                ) from None

    def _welcome(self, host: str, port: int, seconds: float) -> None:
        shown = "127.0.0.1" if host in ("0.0.0.0", "::") else host  # noqa: S104
        self._say(
            f"\n  Tuneroom is ready ({seconds:.1f} s):  {url(shown, port)}\n"
            f"  Its data are in {settings.DATA_ROOT}. Ctrl-C stops it.\n"
        )
        if shown != host and not os.environ.get("ALLOWED_HOSTS"):
            self._say(
                "  It listens on the network but answers only this machine. Set ALLOWED_HOSTS to\n"
                "  the site's host names, and use a reverse proxy with HTTPS: docs/deployment.md.\n"
            )

    def _say(self, text: str) -> None:
        with suppress(BrokenPipeError):
            self.stdout.write(text)
            self.stdout.flush()


class Waiter(threading.Thread):
    """Waits until the site answers, beside the loop that passes on what the children say."""

    def __init__(self, host: str, port: int, family: Family) -> None:
        super().__init__(daemon=True)
        local = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
        self.url = f"{url(local, port)}health/"
        self.ready = False
        self.family = family
        self.told = False
        self.gave_up = False
        self.cancelled = threading.Event()

    def run(self) -> None:
        end = time.monotonic() + READY_SECONDS
        while not self.cancelled.is_set():
            if answers(self.url):
                self.ready = True
                self.family.wake()
                return
            if time.monotonic() > end:
                self.gave_up = True
                self.family.wake()
                return
            self.cancelled.wait(0.1)


# No proxy leads to our own address.
_DIRECTLY = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def answers(url: str) -> bool:
    """Whether a site answers, if only to say that it does not know us."""
    try:
        with _DIRECTLY.open(url, timeout=5):
            return True
    except urllib.error.HTTPError as error:
        with error:
            return error.code < 500
    except OSError:
        return False


def address() -> tuple[str, int]:
    host = os.environ.get("HOST") or "127.0.0.1"
    port = os.environ.get("PORT") or "8000"
    if not port.isdigit() or not 1 <= int(port) <= 65535:
        raise CommandError(f"PORT is {port!r}; it must be a number from 1 to 65535.")
    return host, int(port)


def url(host: str, port: int) -> str:
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


def listen(host: str, port: int) -> socket.socket:
    """The site's socket, opened here: a taken port is known at once, and there is no gap in which
    another process could take it."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=512)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            free = port + 1 if port < 65535 else 8000
            raise CommandError(
                f"Port {port} is in use. Choose another port: PORT={free} make up"
            ) from None
        unknown = isinstance(error, socket.gaierror)
        reason = "no such host" if unknown else os.strerror(error.errno or 0)
        raise CommandError(f"Can't listen on {host}, port {port}: {reason}.") from None


def refuse_unprepared(with_site: bool) -> None:
    """Without its tables every process would fail on its own, at length; without scripts and styles
    the site's pages."""
    try:
        unprepared = is_unprepared()
    finally:
        # A connection must not be shared with forks.
        connection.close()
    if unprepared or (with_site and not Path(settings.STATIC_ROOT).exists()):
        raise CommandError(NOT_SET_UP.format("here"))


def empty_metrics_folder() -> str:
    """Where the site's processes count requests together. What former ones counted is over."""
    folder = Path(settings.DATA_ROOT) / "metrics"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    return str(folder)


def slot_count() -> int:
    from tuning.supervisor import slots

    return slots.slot_count()


def site_command(descriptor: int) -> list[str]:
    # WEB_CONCURRENCY and GUNICORN_CMD_ARGS are gunicorn's own settings and work as usual.
    return [
        sys.executable, "-m", "gunicorn", "webapp.wsgi",
        "--bind", f"fd://{descriptor}",
        "--worker-class", "webapp.gunicorn_worker.PatientWorker", "--threads", str(SITE_THREADS),
        # Below the usual limit of 1,024 open files.
        "--worker-connections", "500",
        "--graceful-timeout", str(STOP_SECONDS - 5),
        "--log-level", "warning",
        # Its default is one path for all of a person's gunicorns.
        "--no-control-socket",
    ]  # fmt: skip


def worker_command(slots: int) -> list[str]:
    digest = hashlib.sha256(str(settings.DATA_ROOT).encode()).hexdigest()[:8]
    name = settings.JOINED_AS or f"tuneroom-{digest}"
    return [
        sys.executable,
        # Eight lines against running as root, which `manage.py doctor` says in one.
        "-W", "ignore::UserWarning:celery.platforms",
        "-m", "celery", "--quiet", "-A", "webapp", "worker",
        "--pool", "threads",
        # One thread more than slots, for the scheduler's own tasks.
        "--concurrency", str(slots + 1),
        "--hostname", f"{name}@%h",
        "--loglevel", "WARNING",
        # What these do is not needed here, and mingling alone delays the start by a second.
        "--without-gossip", "--without-mingle", "--without-heartbeat",
    ]  # fmt: skip


def scheduler_command() -> list[str]:
    return [
        sys.executable, "-m", "celery", "--quiet", "-A", "webapp", "beat",
        "--loglevel", "WARNING",
        "--pidfile", "",
        # In memory: what happens every few seconds needs no file that a crash could break.
        "--scheduler", "webapp.alive:WatchedScheduler",
    ]  # fmt: skip


def _alive(pid: str) -> bool:
    try:
        os.kill(int(pid), 0)
    except (ValueError, ProcessLookupError):
        return False
    except PermissionError:
        return True
    return True


def _these(parts: tuple[str, ...], slots: int) -> str:
    words = {
        "site": "the site",
        "worker": f"a worker with {slots} slot{'s' if slots != 1 else ''}",
        "scheduler": "the scheduler",
    }
    *most, last = [words[part] for part in parts]
    return f"{', '.join(most)} and {last}" if most else last
