"""The processes that a worker's runners are forks of, seen from the worker.

There is one (`tuning/runner/fork_server.py`) for each number of threads that slots have: libraries
read that when they are imported. It takes 3 s of a processor at the worker's start, and is started
anew if something ends it: the runners that it made are children of the worker and go on. Where
there is none, a runner does its own imports: on systems other than Linux; with a GPU, since nobody
has tried a fork with CUDA; with SPARE_RUNNERS=0; and where the imports fail, which a runner says
better.
"""

import contextlib
import logging
import math
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import time
import uuid
from pathlib import Path
from threading import Lock

from tuning.protocol.forks import GO, MAX_PACKET, READY, REFUSED, Descriptors, ForkRequest

from . import isolation, launch
from .folders import adopt_orphans, runners_folder
from .launch import Device, RunnerStart, command, environment, of_this_worker
from .spawner import spawn

logger = logging.getLogger(__name__)

# A fork takes some hundredths of a second; the imports less than this on a busy machine, and a
# lease is longer: whoever waits has claimed a trial.
_FORK_SECONDS, _IMPORT_SECONDS = 10, 20
# One that has closed its socket is about to end.
_END_SECONDS = 2
_LOG_TAIL = 2000


class ForkServerGoneError(Exception):
    """It has ended, or does not answer."""


class ForkedProcess:
    """A child of this process that another one made for it. As `subprocess.Popen`, of which it has
    what a runner's supervisor needs."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        # Once it was waited for, its number may be another process's.
        self._lock = Lock()

    def poll(self) -> int | None:
        with self._lock:
            if self.returncode is None:
                ended, status = os.waitpid(self.pid, os.WNOHANG)
                if ended:
                    self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        # As `subprocess` does it, since not every kernel has descriptors of processes.
        end, pause = time.monotonic() + (math.inf if timeout is None else timeout), 0.0005
        while (status := self.poll()) is None:
            if time.monotonic() >= end:
                raise subprocess.TimeoutExpired("runner", timeout or 0)
            time.sleep(pause)
            pause = min(2 * pause, 0.05)
        return status

    def terminate(self) -> None:
        with self._lock:
            if self.returncode is None:
                os.kill(self.pid, signal.SIGTERM)


class ForkServer:
    """One of them, for runners of so many threads."""

    def __init__(self, threads: int) -> None:
        self.threads = threads
        self._lock = Lock()
        self._is_ready = self._has_closed = False
        self._folder = runners_folder() / uuid.uuid4().hex
        self._folder.mkdir(mode=0o700)
        self._log = self._folder / "log.txt"
        self._requests, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._requests.settimeout(_FORK_SECONDS)
        try:
            with theirs, self._log.open("wb") as log:
                self._process = spawn(
                    command(launch.MAIN, "--forks-fd", str(theirs.fileno())),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    cwd=self._folder,
                    env=_environment(threads, self._folder),
                    pass_fds=(theirs.fileno(),),
                    start_new_session=True,
                )
        except BaseException:
            self._requests.close()
            shutil.rmtree(self._folder, ignore_errors=True)
            raise

    def is_ready(self, seconds: float = 0) -> bool:
        """Whether it has done its imports, waited for so long. Raises ForkServerGoneError."""
        try:
            # Not for one that is ready: a fork that takes long would hold up the worker.
            answers = not self._is_ready and _can_be_read(self._requests.fileno(), seconds)
        except ValueError as error:  # Another thread has closed it.
            raise ForkServerGoneError from error
        if answers:
            with self._lock:
                self._is_ready = self._is_ready or self._receive() == READY
        if self._process.poll() is not None:
            raise ForkServerGoneError
        return self._is_ready

    def fork(self, start: RunnerStart) -> ForkedProcess:
        """Raises ForkServerGoneError, or OSError if the system has no room for a process."""
        flags = of_this_worker(*start.flags)
        request = ForkRequest(str(start.folder), start.environment, flags).encode()
        waiting, go = os.pipe()
        try:
            # No other slot may take it for an orphan before it is known.
            with self._lock, spawn.births:
                self._send(request, Descriptors(start.orders, start.log, start.events, waiting))
                answer = self._receive()
                if answer.startswith(REFUSED):
                    raise OSError(answer.removeprefix(REFUSED).decode())
                process = ForkedProcess(int(answer))
                spawn.started.add(process.pid)
            os.write(go, GO)
            return process
        finally:
            os.close(waiting)
            os.close(go)

    def _send(self, request: bytes, descriptors: Descriptors) -> None:
        try:
            socket.send_fds(self._requests, [request], descriptors)
        except OSError as error:
            raise self._given_up() from error

    def _receive(self) -> bytes:
        try:
            answer = self._requests.recv(MAX_PACKET)
        except OSError as error:
            raise self._given_up() from error
        if not answer:
            self._has_closed = True
            raise ForkServerGoneError
        return answer

    def _given_up(self) -> ForkServerGoneError:
        self._process.kill()
        # What it has still answered would be taken for the answer to the next request.
        with contextlib.suppress(OSError):
            self._requests.shutdown(socket.SHUT_RDWR)
        return ForkServerGoneError()

    def close(self) -> str:
        """End it. Returns how it ended if that was during its imports, by no will of others."""
        if self._has_closed:
            # It is about to end by itself, and how is of interest.
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_END_SECONDS)
        self._process.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_END_SECONDS)
        # Whoever waits for it has learnt of its end by now: its descriptor may be another file's.
        self._requests.close()
        status = self._process.returncode
        if status is not None:
            spawn.forget(self._process.pid)
        problem = ""
        if not (self._is_ready or status in (None, 0, -signal.SIGKILL, -signal.SIGTERM)):
            said = self._log.read_text(errors="replace")[-_LOG_TAIL:]
            problem = f"It ended with status {status}. {said}"
        shutil.rmtree(self._folder, ignore_errors=True)
        return problem


class ForkServers:
    """All of this process."""

    def __init__(self) -> None:
        self._servers: dict[int, ForkServer] = {}
        self._lock = Lock()
        # One ended during its imports: another one would, too.
        self._are_broken = False

    def prepare(self, device: Device) -> bool:
        """Whether a runner for this device can be started at its best. If it is worth waiting for a
        fork server, one is on its way. Raises OSError if the system has no room for it."""
        if not self.serves(device):
            return True
        with self._lock:
            server = self._servers.get(device.threads)
            if server is None:
                adopt_orphans()
                server = self._servers[device.threads] = ForkServer(device.threads)
        try:
            return server.is_ready()
        except ForkServerGoneError:
            self._drop(server)
            return self._are_broken

    def serves(self, device: Device) -> bool:
        """Whether its runners are forks, sooner or later."""
        return not (device.gpu or sys.platform != "linux" or self._are_broken)

    def fork(self, start: RunnerStart) -> ForkedProcess | None:
        """None if no fork server is there for it. One that still imports what the runner needs is
        waited for. Raises OSError if the system has no room for a process."""
        server = self._servers.get(start.device.threads)
        if server is None or start.device.gpu:
            return None
        try:
            if server.is_ready(_IMPORT_SECONDS if start.needs_keras else 0):
                return server.fork(start)
        except ForkServerGoneError:
            self._drop(server)
        return None

    def _drop(self, server: ForkServer) -> None:
        with self._lock:
            if self._servers.get(server.threads) is not server:
                return
            problem = server.close()
            self._are_broken = bool(problem)
            del self._servers[server.threads]
        if problem:
            logger.warning("runners do their own imports: the fork server failed. %s", problem)

    def close(self) -> None:
        """End all of them. Their runners go on."""
        with self._lock:
            for server in self._servers.values():
                server.close()
            self._servers.clear()


fork_servers = ForkServers()


def _environment(threads: int, folder: Path) -> dict[str, str]:
    found = environment(Device(threads=threads), folder, level=0)
    if isolation.hides_shared_memory():
        # joblib looks for it when it is imported, which is before a runner is shut in.
        found["JOBLIB_MULTIPROCESSING"] = "0"
    return found


def _can_be_read(descriptor: int, seconds: float | None) -> bool:
    """Whether there is something to read within that time. By `poll`, since `select` refuses
    descriptors from 1,024 on."""
    waiting = select.poll()
    waiting.register(descriptor, select.POLLIN)
    return bool(waiting.poll(None if seconds is None else seconds * 1000))
