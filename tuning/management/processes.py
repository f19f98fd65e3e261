"""Keeping a few processes: start them together, pass on what they say, stop them together.

Used by `manage.py up`. Not by workers for their runners: those have rules of their own.
"""

import contextlib
import fcntl
import os
import re
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from tuning.runner.sandbox.privileges import die_with_parent

STOP_SECONDS = 10
# A child that dies is started again, later each time; one that dies so often within this time ends
# all: what is wrong will not go away by itself.
MAX_DEATHS = 5
DEATHS_SECONDS = 300
FIRST_DELAY = 0.5
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Taken(Exception):
    """Another process has the lock. The text is its process id, if that is known."""


@contextlib.contextmanager
def folder_lock(path: Path, wait_seconds: float = 0) -> Iterator[int]:
    """Hold an exclusive lock on a file for as long as this process or a fork of it lives.

    Gives the open descriptor. Waits up to `wait_seconds` for another holder, then raises Taken.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        end = time.monotonic() + wait_seconds
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > end:
                    raise Taken(os.pread(descriptor, 20, 0).decode().strip()) from None
                time.sleep(0.1)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        yield descriptor
    finally:
        os.close(descriptor)


@dataclass
class _Start:
    """How a child is started, and how that went so far: monotonic times of its deaths, and of its
    next start if that is still to come."""

    command: Sequence[str]
    keep: tuple[int, ...]
    may_end: bool = False
    deaths: list[float] = field(default_factory=list)
    again_at: float | None = None


class Family:
    """Child processes that are kept running, and that end with this process even if it is killed.

    `run` passes on their lines (but for blank ones and those that `noise` matches) and starts a
    child that dies again, until a signal asks to stop or one of them dies `most_deaths` times in a
    short while; leaving the `with` block stops them all.
    """

    def __init__(
        self,
        environment: Mapping[str, str],
        noise: re.Pattern[bytes],
        most_deaths: int = MAX_DEATHS,
        stop_seconds: float = STOP_SECONDS,
    ) -> None:
        self.environment = environment
        self.noise = noise
        self.most_deaths = most_deaths
        self.stop_seconds = stop_seconds
        self.failed = ""
        self._starts: dict[str, _Start] = {}
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self._selector = selectors.DefaultSelector()
        self._buffers: dict[str, bytes] = {}
        self._stopping = False

    def __enter__(self) -> "Family":
        self._guard, self._guard_pipe = _start_guard(self.stop_seconds)
        # Signals wake the selector; without this a signal that arrives just before it starts to
        # wait would be noticed only with the next line of a child.
        self._wake_read, self._wake_write = os.pipe()
        os.set_blocking(self._wake_read, False)
        os.set_blocking(self._wake_write, False)
        signal.set_wakeup_fd(self._wake_write, warn_on_full_buffer=False)
        self._selector.register(self._wake_read, selectors.EVENT_READ)
        for number in STOP_SIGNALS:
            signal.signal(number, lambda *_: self._ask_to_stop())
        signal.signal(signal.SIGCHLD, lambda *_: None)
        return self

    def start(
        self, name: str, command: Sequence[str], keep: Iterable[int] = (), may_end: bool = False
    ) -> None:
        """Start a child that inherits the descriptors `keep`, which have to stay open: it may be
        started again. `name` stands before its lines. `may_end`: it may be asked to end by others,
        as administrators drain a worker."""
        self._starts[name] = _Start(command, tuple(keep), may_end)
        self._start(name)

    def _start(self, name: str) -> None:
        start = self._starts[name]
        start.again_at = None
        child = subprocess.Popen(
            start.command,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=start.keep,
            # Ctrl-C reaches every process of the terminal's group; the children are to be stopped
            # in order instead.
            start_new_session=True,
            # If the guard is killed too, this is all that ends it. Between fork and exec, locks of
            # other threads could be held for ever: there is one at most, while the site starts.
            preexec_fn=partial(die_with_parent, os.getpid(), signal.SIGTERM),
        )
        assert child.stdout
        os.set_blocking(child.stdout.fileno(), False)
        self._children[name] = child
        self._buffers[name] = b""
        self._tell_guard("+", child)
        self._selector.register(child.stdout, selectors.EVENT_READ, name)

    def wake(self) -> None:
        """Have `run` yield; for other threads."""
        os.write(self._wake_write, b"\0")

    def run(self) -> Iterator[None]:
        """Pass on lines. Yields after each batch; ends when it is time to stop."""
        while not self._stopping and not self.failed:
            self._pass_on(seconds=self._seconds_to_next_start())
            self._keep_guard()
            for name, start in self._starts.items():
                if start.again_at is None and self._children[name].poll() is not None:
                    self._note_death(name, start)
                elif start.again_at is not None and time.monotonic() >= start.again_at:
                    self._start(name)
            yield
        self._pass_on(wait=False)

    def _keep_guard(self) -> None:
        """Start another guard if it was killed."""
        with contextlib.suppress(ChildProcessError):
            if os.waitpid(self._guard, os.WNOHANG) == (0, 0):
                return
        os.close(self._guard_pipe)
        self._guard, self._guard_pipe = _start_guard(self.stop_seconds)
        for child in self._children.values():
            if child.poll() is None:
                self._tell_guard("+", child)

    def _tell_guard(self, what: str, child: "subprocess.Popen[bytes]") -> None:
        # One that was killed is replaced soon, and learns of all children that live then.
        with contextlib.suppress(BrokenPipeError):
            os.write(self._guard_pipe, f"{what}{child.pid}\n".encode())

    def _note_death(self, name: str, start: _Start) -> None:
        child, now = self._children[name], time.monotonic()
        # Its last lines say why.
        self._pass_on(wait=False)
        # What it left behind would be in the way of the next one.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, signal.SIGKILL)
        self._tell_guard("-", child)
        if child.returncode == 0 and start.may_end:
            # Alone, it is for whatever keeps this process running to decide what comes next.
            self._stopping = len(self._starts) == 1
            start.again_at = now + FIRST_DELAY
            _print(f"{name[0].upper()}{name[1:]} ended in order.")
            return
        start.deaths = [then for then in start.deaths if now - then < DEATHS_SECONDS] + [now]
        deaths, reason = len(start.deaths), f"{name} ended unexpectedly ({_how(child.returncode)})"
        if deaths >= self.most_deaths:
            self.failed = reason if deaths == 1 else f"{reason}, {deaths} times within a short time"
            return
        delay = FIRST_DELAY * 2 ** (deaths - 1)
        start.again_at = now + delay
        _print(f"{reason[0].upper()}{reason[1:]}. Starting it again in {delay:g} s.")

    def _seconds_to_next_start(self) -> float | None:
        times = [start.again_at for start in self._starts.values() if start.again_at is not None]
        return max(0.0, min(times) - time.monotonic()) if times else None

    def __exit__(self, *_: object) -> None:
        for number in STOP_SIGNALS:
            # Asked again: no more patience.
            signal.signal(number, lambda *_: self._kill_all())
        self._signal_all(signal.SIGTERM)
        end = time.monotonic() + self.stop_seconds
        while self._alive() and time.monotonic() < end:
            self._pass_on(seconds=0.1)
        self._kill_all()
        for child in self._children.values():
            child.wait()
            self._tell_guard("-", child)
        self._pass_on(wait=False)
        for child in self._children.values():
            if child.stdout:
                child.stdout.close()
        os.close(self._guard_pipe)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self._guard, 0)
        signal.set_wakeup_fd(-1)
        for descriptor in (self._wake_read, self._wake_write):
            os.close(descriptor)
        self._selector.close()

    def _ask_to_stop(self) -> None:
        self._stopping = True

    def _kill_all(self) -> None:
        self._signal_all(signal.SIGKILL, group=True)

    def _alive(self) -> bool:
        return any(child.poll() is None for child in self._children.values())

    def _signal_all(self, number: signal.Signals, group: bool = False) -> None:
        for child in self._children.values():
            with contextlib.suppress(ProcessLookupError, PermissionError):
                if group:
                    # Also what a child left behind: its group outlives it.
                    os.killpg(child.pid, number)
                elif child.poll() is None:
                    child.send_signal(number)

    def _pass_on(self, wait: bool = True, seconds: float | None = None) -> None:
        for key, _ in self._selector.select(seconds if wait else 0):
            if key.fd == self._wake_read:
                with contextlib.suppress(BlockingIOError):
                    os.read(self._wake_read, 4096)
                continue
            try:
                text = os.read(key.fd, 65536)
            except BlockingIOError:
                continue
            if not text:
                self._selector.unregister(key.fileobj)
                key.fileobj.close()  # type: ignore[union-attr]
            self._say(key.data, text)

    def _say(self, name: str, text: bytes) -> None:
        *lines, rest = (self._buffers[name] + text).split(b"\n")
        if not text and rest:
            lines, rest = [*lines, rest], b""
        self._buffers[name] = rest
        for line in lines:
            if not line.strip() or self.noise.match(line):
                continue
            _print(f"{_prefix(name)}{line.decode(errors='replace')}")


def _print(text: str) -> None:
    # Nobody listens any more (`make up | head`): that is no reason not to stop in order.
    with contextlib.suppress(BrokenPipeError):
        print(text, flush=True)


def _prefix(name: str) -> str:
    text = f"{name:>9} | "
    if sys.stdout.isatty() and "NO_COLOR" not in os.environ:
        return f"\x1b[2m{text}\x1b[0m"
    return text


def _how(returncode: int) -> str:
    if returncode < 0:
        return f"killed by {signal.Signals(-returncode).name}"
    return f"exit status {returncode}"


def _start_guard(stop_seconds: float) -> tuple[int, int]:
    """A fork that stops the children if this process can't: after `kill -9`, after a crash.

    It reads the children's process ids from a pipe, whose end means that this process is gone.
    Linux's parent-death signal, which they have as well, does less: one signal, to direct children
    only.
    """
    read, write = os.pipe()
    sys.stdout.flush()
    pid = os.fork()
    if pid:
        os.close(read)
        return pid, write
    try:
        os.close(write)
        os.setsid()
        for number in STOP_SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        groups: set[int] = set()
        with os.fdopen(read) as lines:
            for line in lines:
                group = int(line[1:])
                groups.add(group) if line[0] == "+" else groups.discard(group)
        _kill_groups(groups, signal.SIGTERM)
        end = time.monotonic() + stop_seconds
        while groups and time.monotonic() < end:
            time.sleep(0.1)
            _kill_groups(groups, 0)
        _kill_groups(groups, signal.SIGKILL)
    finally:
        # No clean-up of the parent's: it is the parent's.
        os._exit(0)


def _kill_groups(groups: set[int], number: int) -> None:
    """Send a signal to process groups; forget those that are gone."""
    for group in tuple(groups):
        try:
            os.killpg(group, number)
        except ProcessLookupError:
            groups.discard(group)
        except PermissionError:
            continue
