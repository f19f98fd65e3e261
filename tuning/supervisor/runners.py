"""Runner processes, seen from the supervisor: starting, talking, watching, killing.

What a runner may cost and see is decided here and in `tuning/runner/sandbox/hardening.py`.
"""

import contextlib
import os
import select
import shutil
import signal
import subprocess
import sys
import uuid
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import psutil

from tuning.protocol.events import MAX_LINE, BadEvent, Event, decode_event
from tuning.protocol.orders import EndOrder, Order, encode_order

from . import gpus, isolation, usage
from .folders import kill_orphans, runners_folder
from .launch import Device, RunnerStart
from .spawner import spawn
from .starting import Process, start_runner

LOG_TAIL = 8_000
# A log beyond this is cut to its end.
MAX_LOG = 16 * 1024 * 1024
END_SECONDS = 10
# A process that has closed its channel mostly is about to end.
_ENDING_SECONDS = 2
# So much longer if only the guardian is left, which has to notice that and to end what was started:
# on a busy machine a runner that was killed would be taken for one that closed its channel, which
# is the template's fault. With a heartbeat before it, less than a lease.
_GUARDIAN_SECONDS = 15


class RunnerGone(Exception):
    """The process has ended. The text says how, for people; `killed_by` is the signal, if one
    ended it."""

    def __init__(self, how: str, killed_by: int | None = None) -> None:
        super().__init__(how)
        self.killed_by = killed_by


class Runner(Protocol):
    """What the supervisor needs of a runner. The tests' fake runner has it too."""

    device: Device
    folder: Path
    search_id: int | None
    # The saved model that it has loaded.
    saved_model_id: int | None

    def send(self, order: Order) -> None:
        """Raises RunnerGone."""

    def read(self, timeout: float) -> Event | None:
        """The next event; None if none came within `timeout` seconds. Raises RunnerGone once the
        process has ended and all its events were read, BadEvent for a broken line."""

    def mark_log(self) -> None:
        """`log_tail` begins here."""

    def log_tail(self) -> str: ...

    def memory(self, limit: int) -> int:
        """Bytes in use by the process and all that it started. Exact only beyond `limit`."""

    def gpu(self) -> gpus.Sample:
        """What it takes of its GPU, if it has one."""

    def processes(self) -> int:
        """Processes and threads that it has."""

    def disk(self) -> usage.DiskUse:
        """What its files take. Its log is kept short."""

    def leftovers(self) -> usage.Leftovers:
        """What a trial left behind: all of it in one look."""

    def end(self) -> None:
        """Ask the process to end, then make it. Its folder is removed."""

    def kill(self) -> None:
        """End it at once, with its children. Its folder is removed. May be called again."""


class RunnerProcess:
    """A runner in its own session and its own empty folder."""

    start_process: Callable[[RunnerStart], Process] = staticmethod(start_runner)

    def __init__(self, device: Device, needs_keras: bool = True) -> None:
        self.device = device
        self.search_id: int | None = None
        self.saved_model_id: int | None = None
        self.needs_keras = needs_keras
        self._level = isolation.level()
        self.folder = runners_folder() / uuid.uuid4().hex
        self.folder.mkdir(parents=True, mode=0o700)
        self._buffer = b""
        self._unsent = b""
        self._killed = False
        # Kept open: under its name the runner may have put a link to another person's file.
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_EXCL
        self._log = os.open(self.folder / "log.txt", flags, 0o600)
        self._events = self._orders = -1
        try:
            self._process = self._start()
        except BaseException:
            self._close()
            raise

    def _start(self) -> Process:
        with contextlib.ExitStack() as stack:
            self._events, events = os.pipe()
            stack.callback(os.close, events)
            orders, self._orders = os.pipe()
            stack.callback(os.close, orders)
            process = self.start_process(
                RunnerStart(
                    self.device, self.needs_keras, self._level,
                    self.folder, orders, self._log, events,
                )
            )  # fmt: skip
        os.set_blocking(self._events, False)
        os.set_blocking(self._orders, False)
        return process

    def send(self, order: Order) -> None:
        # What the pipe does not hold goes on in `read`: a process that still imports TensorFlow
        # takes its order later, and nobody who waits for it would see the search being stopped.
        self._unsent += encode_order(order)
        self._send_on()

    def _send_on(self) -> None:
        try:
            while self._unsent:
                sent = os.write(self._orders, self._unsent)
                self._unsent = self._unsent[sent:]
        except BlockingIOError:
            pass
        except BrokenPipeError as error:
            raise self._ending() from error

    def _ready(self, timeout: float) -> tuple[bool, bool]:
        """Whether events can be read, and orders that wait be sent on. By `poll`, since `select`
        refuses descriptors from 1,024 on."""
        waiting = select.poll()
        waiting.register(self._events, select.POLLIN)
        if self._unsent:
            waiting.register(self._orders, select.POLLOUT)
        ready = {descriptor for descriptor, _ in waiting.poll(max(timeout, 0) * 1000)}
        return self._events in ready, self._orders in ready

    def read(self, timeout: float) -> Event | None:
        # One at a time: what follows the end of one trial belongs to the next.
        if b"\n" not in self._buffer:
            readable, writable = self._ready(timeout)
            if writable:
                self._send_on()
            if not readable and self._process.poll() is not None:
                # A process that the template left behind may hold the pipe open for ever.
                readable, _ = self._ready(0)
                if not readable:
                    raise self._ending()
            if not readable:
                return None
            chunk = os.read(self._events, 1 << 16)
            if not chunk:
                raise self._ending()
            self._buffer += chunk
        line, newline, rest = self._buffer.partition(b"\n")
        if newline:
            self._buffer = rest
            return decode_event(line)
        if len(line) > MAX_LINE:
            raise BadEvent("an unfinished line")
        return None

    def mark_log(self) -> None:
        # Emptied, so that a night of chatty trials does not fill the disk.
        os.ftruncate(self._log, 0)

    def log_tail(self) -> str:
        if self._log < 0:
            return ""
        start = max(0, os.fstat(self._log).st_size - LOG_TAIL)
        text = os.pread(self._log, LOG_TAIL, start)
        return text.decode(errors="replace").replace("\x00", "")

    def memory(self, limit: int) -> int:
        tree = usage.family(self._process.pid)
        # Its guardians may be forks of the same process: they share what they have.
        used = usage.resident(tree[self._own_processes - 1 :], limit)
        used += usage.unnamed(tree).memory
        if self._level >= isolation.OWN_VIEW and len(tree) > 1:
            used += usage.shared_memory(tree[1].pid)
        return used

    def gpu(self) -> gpus.Sample:
        if self.device.gpu is None:
            return gpus.NO_SAMPLE
        pids = {process.pid for process in usage.family(self._process.pid)}
        return gpus.sample(self.device.gpu, pids)

    def processes(self) -> int:
        return usage.threads(usage.family(self._process.pid))

    def disk(self) -> usage.DiskUse:
        return self._disk_of(usage.family(self._process.pid))

    def _disk_of(self, tree: Sequence[psutil.Process]) -> usage.DiskUse:
        if os.fstat(self._log).st_size > MAX_LOG:
            end = self.log_tail()
            os.ftruncate(self._log, 0)
            os.write(self._log, end.encode())
        use = usage.disk_use(self.folder)
        return replace(use, bytes=use.bytes + usage.unnamed(tree).disk)

    def leftovers(self) -> usage.Leftovers:
        tree = usage.family(self._process.pid)
        has_company = len(tree) > self._own_processes
        return usage.Leftovers(has_company, usage.threads(tree), self._disk_of(tree))

    @property
    def _own_processes(self) -> int:
        """Itself and its guardians: one more stands at the border of its namespaces."""
        if sys.platform != "linux":
            return 1
        return 3 if self._level >= isolation.OWN_VIEW else 2

    def _is_alive(self) -> bool:
        """Whether more than its guardians is left."""
        living = 0
        for process in usage.family(self._process.pid):
            with contextlib.suppress(psutil.NoSuchProcess):
                living += process.status() != psutil.STATUS_ZOMBIE
        return living >= self._own_processes

    def end(self) -> None:
        with contextlib.suppress(RunnerGone):
            self.send(EndOrder())
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(timeout=2)
        self.kill()

    def kill(self) -> None:
        if self._killed:
            return
        self._killed = True
        # Its guardian ends all that was started, however it was detached, and itself last. First of
        # all: thousands of processes take long to look at.
        self._process.terminate()
        if not self._has_ended():
            # The guardian itself goes on: nobody else inherits what is detached meanwhile.
            for process in self._tree()[1:]:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.kill()
            self._has_ended()
        # It may have no guardian yet, or one that cannot cope.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        # A process that hangs in a driver dies later; the slot need not wait for it.
        if self._has_ended():
            spawn.forget(self._process.pid)
        kill_orphans()
        self._close()

    def _has_ended(self) -> bool:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(END_SECONDS)
        return self._process.returncode is not None

    def _close(self) -> None:
        for descriptor in (self._events, self._orders, self._log):
            if descriptor >= 0:
                os.close(descriptor)
        self._events = self._orders = self._log = -1
        shutil.rmtree(self.folder, ignore_errors=True)

    def _tree(self) -> list[psutil.Process]:
        try:
            root = psutil.Process(self._process.pid)
            return [root, *root.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def _ending(self) -> RunnerGone:
        try:
            code = self._process.wait(_ENDING_SECONDS)
        except subprocess.TimeoutExpired:
            if self._is_alive():
                return RunnerGone("The runner closed its channel.")
            try:
                code = self._process.wait(_GUARDIAN_SECONDS)
            except subprocess.TimeoutExpired:
                return RunnerGone("The runner ended, but its guardian did not.")
        if code < 0:
            return RunnerGone(f"The process was killed by {_signal_name(-code)}.", -code)
        return RunnerGone(f"The process ended with exit status {code}.")


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        # The real-time signals have no names.
        return f"signal {number}"
