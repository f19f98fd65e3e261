"""Runner processes, seen from the supervisor: starting, talking, watching, killing.

What a runner may cost and see is decided here and in `tuning/runner/hardening.py`.
"""

import contextlib
import ctypes
import fcntl
import os
import select
import shutil
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from threading import Lock, Thread
from typing import Any, Protocol

import psutil
from django.conf import settings

from tuning.protocol.events import MAX_LINE, BadEvent, Event, decode_event
from tuning.protocol.orders import EndOrder, Order, encode_order

MAIN = Path(settings.BASE_DIR) / "tuning" / "runner" / "__main__.py"
LOG_TAIL = 8_000
END_SECONDS = 10
_PR_SET_CHILD_SUBREAPER = 36


class RunnerGone(Exception):
    """The process has ended. The text says how, for people."""


@dataclass(frozen=True)
class Device:
    """What a slot trains on: a GPU (its index), or a number of CPU threads."""

    gpu: str = ""
    threads: int = 1

    def __str__(self) -> str:
        threads = "1 thread" if self.threads == 1 else f"{self.threads} threads"
        return f"GPU {self.gpu}" if self.gpu else f"CPU, {threads}"


class Runner(Protocol):
    """What the supervisor needs of a runner. The tests' fake runner has it too."""

    device: Device
    folder: Path
    search_id: int | None

    def send(self, order: Order) -> None:
        """Raises RunnerGone."""

    def read(self, timeout: float) -> Event | None:
        """The next event; None if none came within `timeout` seconds. Raises RunnerGone once the
        process has ended and all its events were read, BadEvent for a broken line."""

    def mark_log(self) -> None:
        """`log_tail` begins here."""

    def log_tail(self) -> str: ...

    def memory(self) -> int:
        """Bytes in use by the process and its children."""

    def end(self) -> None:
        """Ask the process to end, then make it. Its folder is removed."""

    def kill(self) -> None:
        """End it at once, with its children. Its folder is removed."""


class RunnerProcess:
    """A runner in its own session and its own empty folder."""

    def __init__(self, device: Device, needs_keras: bool = True) -> None:
        self.device = device
        self.search_id: int | None = None
        self.needs_keras = needs_keras
        self.folder = runners_folder() / uuid.uuid4().hex
        self.folder.mkdir(parents=True, mode=0o700)
        self._buffer = b""
        self._unsent = b""
        # Kept open: under its name the runner may have put a link to somebody else's file.
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_EXCL
        self._log = os.open(self.folder / "log.txt", flags, 0o600)
        self._events = -1
        try:
            self._process = self._start()
        except BaseException:
            self._close()
            raise

    def _start(self) -> "subprocess.Popen[bytes]":
        self._events, writing = os.pipe()
        command = [sys.executable, "-I", "-u", str(MAIN)]
        command += ["--events-fd", str(writing), "--parent-pid", str(os.getpid())]
        if not self.needs_keras:
            command.append("--no-keras")
        try:
            process = spawn(
                command,
                stdin=subprocess.PIPE,
                stdout=self._log,
                stderr=subprocess.STDOUT,
                cwd=self.folder,
                env=environment(self.device, self.folder),
                pass_fds=(writing,),
                start_new_session=True,
                bufsize=0,
            )
        finally:
            os.close(writing)
        os.set_blocking(self._events, False)
        assert process.stdin is not None
        os.set_blocking(process.stdin.fileno(), False)
        return process

    def send(self, order: Order) -> None:
        # What the pipe does not hold goes on in `read`: a process that still imports TensorFlow
        # takes its order later, and nobody who waits for it would see the search being stopped.
        self._unsent += encode_order(order)
        self._send_on()

    def _send_on(self) -> None:
        assert self._process.stdin is not None
        try:
            while self._unsent:
                sent = os.write(self._process.stdin.fileno(), self._unsent)
                self._unsent = self._unsent[sent:]
        except BlockingIOError:
            pass
        except BrokenPipeError as error:
            raise RunnerGone(self._ending()) from error

    def read(self, timeout: float) -> Event | None:
        # One at a time: what follows the end of one trial belongs to the next.
        if b"\n" not in self._buffer:
            assert self._process.stdin is not None
            orders = [self._process.stdin] if self._unsent else []
            readable, writable, _ = select.select([self._events], orders, [], timeout)
            if writable:
                self._send_on()
            if not readable and self._process.poll() is not None:
                # A process that the template left behind may hold the pipe open for ever.
                readable, _, _ = select.select([self._events], [], [], 0)
                if not readable:
                    raise RunnerGone(self._ending())
            if not readable:
                return None
            chunk = os.read(self._events, 1 << 16)
            if not chunk:
                raise RunnerGone(self._ending())
            self._buffer += chunk
        line, newline, rest = self._buffer.partition(b"\n")
        if newline:
            self._buffer = rest
            return decode_event(line)
        if len(line) > MAX_LINE:
            raise BadEvent("a line without an end")
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

    def memory(self) -> int:
        return sum(_resident(process) for process in self._tree())

    def end(self) -> None:
        with contextlib.suppress(RunnerGone):
            self.send(EndOrder())
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(timeout=2)
        self.kill()

    def kill(self) -> None:
        # Collected first: after the kill, grandchildren are no longer below the process.
        tree = self._tree()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        for process in tree:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        # A process that hangs in a driver dies later; the slot need not wait for it.
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(END_SECONDS)
            spawn.forget(self._process.pid)
        kill_orphans()
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._close()

    def _close(self) -> None:
        for descriptor in (self._events, self._log):
            if descriptor >= 0:
                os.close(descriptor)
        self._events = self._log = -1
        shutil.rmtree(self.folder, ignore_errors=True)

    def _tree(self) -> list[psutil.Process]:
        try:
            root = psutil.Process(self._process.pid)
            return [root, *root.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def _ending(self) -> str:
        try:
            code = self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            return "The process closed its channel."
        if code < 0:
            return f"The process was killed by {_signal_name(-code)}."
        return f"The process ended with exit status {code}."


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        # The real-time signals have no names.
        return f"signal {number}"


def _resident(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.Error:
        return 0


def environment(device: Device, folder: Path) -> dict[str, str]:
    """All that a runner sees of the environment: an allow-list, no credentials."""
    threads = str(device.threads)
    return {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "KERAS_HOME": str(settings.DOWNLOADS_ROOT),
        "KERAS_BACKEND": "tensorflow",
        "CUDA_VISIBLE_DEVICES": device.gpu or "-1",
        "OMP_NUM_THREADS": threads,
        "TF_NUM_INTRAOP_THREADS": threads,
        "TF_NUM_INTEROP_THREADS": "1",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "TF_FORCE_GPU_ALLOW_GROWTH": "true",
        "RUNNER_FILE_SIZE_MB": str(settings.RUNNER_FILE_SIZE_MB),
        "RUNNER_LEVEL": str(settings.SANDBOX_LEVEL),
        "RUNNER_NETWORK": "1" if settings.RUNNER_NETWORK else "0",
        "RUNNER_DATASETS": str(settings.DATASETS_ROOT),
    }


def runners_folder() -> Path:
    """Where the folders of this worker process's runners lie. Locked as long as it lives: a worker
    in another container shares the data folder, but knows nothing of our process ids."""
    global _own_folder
    with _own_folder_lock:
        root = Path(settings.RUNNERS_ROOT)
        if _own_folder is None or (_own_folder.pid, _own_folder.path.parent) != (os.getpid(), root):
            path = root / f"{_WORKER_PREFIX}{uuid.uuid4().hex}"
            path.mkdir(parents=True, mode=0o700)
            descriptor = _lock_folder(path)
            assert descriptor is not None
            _own_folder = _OwnFolder(os.getpid(), path, descriptor)
        return _own_folder.path


def sweep_runner_folders() -> None:
    """Remove what worker processes that no longer live have left behind, processes first."""
    for folder in Path(settings.RUNNERS_ROOT).glob(f"{_WORKER_PREFIX}*"):
        descriptor = _lock_folder(folder)
        if descriptor is None:
            continue
        for process in psutil.process_iter():
            if _began_below(process, folder):
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.kill()
        shutil.rmtree(folder, ignore_errors=True)
        os.close(descriptor)


_WORKER_PREFIX = "worker-"


@dataclass(frozen=True)
class _OwnFolder:
    pid: int
    path: Path
    descriptor: int


_own_folder: _OwnFolder | None = None
_own_folder_lock = Lock()


def _lock_folder(folder: Path) -> int | None:
    """A descriptor that locks the folder until it is closed; None if somebody else has it."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def _began_below(process: psutil.Process, folder: Path) -> bool:
    """Whether this was a runner's process in `folder`: they are started with it as HOME."""
    try:
        home = process.environ().get("HOME", "")
    except (psutil.Error, OSError):
        return False
    return home.startswith(f"{folder}{os.sep}")


def adopt_orphans() -> None:
    """Have the kernel hand orphaned descendants to this process instead of to init, so that what a
    template detached by a double fork is found. Linux only."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def kill_orphans() -> None:
    """End children of this process that nobody here started: what runners detached."""
    with spawn.births:
        known = spawn.started.copy()
        children = psutil.Process().children()
    for child in children:
        if child.pid not in known and _began_below(child, runners_folder()):
            with contextlib.suppress(psutil.NoSuchProcess, psutil.TimeoutExpired):
                child.kill()
                child.wait(timeout=5)


class _Spawner:
    """Starts every process from one thread that lives as long as the worker.

    A runner asks the kernel to be killed when its parent dies, and for the kernel the parent is
    the thread that started it: a slot's thread may end while its spare runner is still wanted.
    """

    def __init__(self) -> None:
        # Ids of the processes that were started and not yet forgotten.
        self.started: set[int] = set()
        # Held while a process exists that is not among the started ones yet: it is no orphan.
        self.births = Lock()
        self._requests: SimpleQueue[tuple[Any, Any, SimpleQueue[Any]]] = SimpleQueue()
        self._lock = Lock()
        self._pid = 0

    def __call__(self, *args: Any, **kwargs: Any) -> "subprocess.Popen[bytes]":
        with self._lock:
            # Celery may have forked since the thread was started.
            if self._pid != os.getpid():
                self._pid = os.getpid()
                Thread(target=self._serve, name="spawner", daemon=True).start()
        answer: SimpleQueue[Any] = SimpleQueue()
        self._requests.put((args, kwargs, answer))
        result = answer.get()
        if isinstance(result, BaseException):
            raise result
        process: subprocess.Popen[bytes] = result
        return process

    def forget(self, pid: int) -> None:
        """The process was waited for; its id may be used again."""
        self.started.discard(pid)

    def _serve(self) -> None:
        while True:
            args, kwargs, answer = self._requests.get()
            try:
                with self.births:
                    process = subprocess.Popen(*args, **kwargs)
                    self.started.add(process.pid)
                answer.put(process)
            except BaseException as error:  # noqa: BLE001  handed to the thread that asked
                answer.put(error)


spawn = _Spawner()


class RunnerPool:
    """Runners that are past their imports and wait for work: one spare for each worker."""

    SPARE_AFTER = 15.0

    def __init__(self, start: Callable[[Device], Runner] = RunnerProcess) -> None:
        self._start = start
        self._lock = Lock()
        self._spare: Runner | None = None
        self._taken_at = -self.SPARE_AFTER
        self._closed = False

    def take(self, device: Device) -> Runner:
        """The spare, if it is for this device, else a new runner."""
        self.check_spare()
        with self._lock:
            self._taken_at = time.monotonic()
            spare, self._spare = self._spare, None
        if spare is not None and spare.device == device:
            return spare
        if spare is not None:
            spare.kill()
        return self._start(device)

    def keep_spare(self, device: Device, idle: bool) -> None:
        """Start a spare unless there is one. Where work is going on, not just after one was
        taken: a search that begins needs the processor for itself."""
        soon = time.monotonic() < self._taken_at + self.SPARE_AFTER
        with self._lock:
            if not self._closed and self._spare is None and (idle or not soon):
                self._spare = self._start(device)

    def check_spare(self) -> None:
        """Drop a spare that died while it waited."""
        with self._lock:
            spare = self._spare
            if spare is None:
                return
            try:
                # Ready is consumed here or by whoever takes the runner; nobody waits for it.
                while spare.read(timeout=0) is not None:
                    pass
            except (RunnerGone, ValueError):
                spare.kill()
                self._spare = None

    def close(self) -> None:
        with self._lock:
            self._closed = True
            if self._spare:
                self._spare.kill()
                self._spare = None
