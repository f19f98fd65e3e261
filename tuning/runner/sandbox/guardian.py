"""The process that stays behind when a runner goes on in a child: whatever the child starts and
detaches is handed to it by the kernel, and it ends only when all of that has ended.

It runs before any code that could be hostile, keeps no descriptor open and is out of that code's
reach (Landlock, a namespace or another user). The supervisor ends a runner by asking its guardian
(SIGTERM); the kernel does the same when the supervisor dies.

The guardian (`guardian.py`) is the runner's first process, which goes on in a child and stays
behind with no descriptor open. As a subreaper it inherits whatever is detached, it stops and
kills all of it when the supervisor asks (SIGTERM) or dies, and ends as the runner did. In
namespaces a second one is the first process there, with which the kernel ends all the others.
"""

import os
import select
import signal
import sys
import time
from pathlib import Path
from typing import NoReturn

from .privileges import die_with_parent, prctl

_PR_SET_DUMPABLE, _PR_SET_CHILD_SUBREAPER = 4, 36
_WATCHED = {signal.SIGCHLD, signal.SIGTERM}
_MAX_DESCRIPTORS = 4096
# A process in a driver's call dies when that returns; nobody waits longer than this for it.
_KILL_SECONDS = 20


def stay_behind() -> None:
    """Return in a child; this process becomes its guardian and ends as the child did."""
    if sys.platform == "linux":
        prctl(_PR_SET_CHILD_SUBREAPER, 1)
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _WATCHED)
    guardian = os.getpid()
    child = os.fork()
    if child:
        _guard(child)
    signal.pthread_sigmask(signal.SIG_SETMASK, before)
    # A session of its own: one signal ends all that was forked in it, and not the guardian.
    os.setsid()
    die_with_parent(guardian)


def stay_behind_a_namespace() -> None:
    """The same at the border of a new process namespace: return as its first process, with which
    the kernel ends all others in it. What ended it is told through a pipe: such a process cannot
    die by its own signal."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _WATCHED)
    reading, writing = os.pipe()
    child = os.fork()
    if child:
        os.close(writing)
        _guard(child, reading)
    signal.pthread_sigmask(signal.SIG_SETMASK, before)
    os.close(reading)
    # To the first process of a namespace its parent is number 0, dead or alive: the pipe tells.
    die_with_parent(0)
    broken = select.poll()
    broken.register(writing, 0)
    if broken.poll(0):
        os._exit(1)
    first = os.fork()
    if first:
        _close_all(keep=writing)
        while True:
            pid, status = os.wait()
            if pid == first:
                os.write(writing, str(status).encode())
                os._exit(0)
    os.close(writing)
    os.setsid()
    die_with_parent(1)


def _guard(child: int, told: int = -1) -> NoReturn:
    """Wait for the child or for the order to end it, end what is left of it, end as it did."""
    _close_all(keep=told)
    status = None
    while status is None:
        if signal.sigwait(_WATCHED) == signal.SIGTERM:
            break
        status = _reap(child)
    if told < 0:
        _end_all(child)
    elif status is None:
        # All others in its namespace die with it. Numbers in /proc are not ours there.
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    if status is None:
        # Whoever did not give the order himself has to see that it was one.
        _die_by(signal.SIGTERM)
    if told >= 0:
        text = os.read(told, 20)
        status = int(text) if text else status
    if os.WIFSIGNALED(status):
        _die_by(os.WTERMSIG(status))
    os._exit(os.waitstatus_to_exitcode(status) & 0xFF)


def _reap(child: int) -> int | None:
    """Collect all that has ended; the child's status if it was among them."""
    found = None
    try:
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return found
            if pid == child:
                found = status
    except ChildProcessError:
        return found


def _end_all(child: int) -> None:
    """Kill everything below this process. Stopped first: what stands still forks no more."""
    _signal_group(child)
    known: set[int] = set()
    deadline = 0.0
    while below := _descendants():
        if known != set(below):
            # A bomb may fork faster than a busy machine lets us look: it is never given up.
            known, deadline = set(below), time.monotonic() + _KILL_SECONDS
        elif time.monotonic() > deadline:
            return
        for number in (signal.SIGSTOP, signal.SIGKILL):
            for pid in below:
                _signal(pid, number)
        if _reap(child) is None:
            time.sleep(0.005)


def _signal_group(group: int) -> None:
    try:
        os.killpg(group, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return


def _signal(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def _descendants() -> list[int]:
    """Every process below this one, zombies that wait for us included."""
    children: dict[int, list[int]] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                # "pid (name) state parent ...", and a name may hold anything.
                parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            except (OSError, ValueError):
                continue  # It ended while we looked.
            children.setdefault(parent, []).append(int(folder.name))
    found: list[int] = []
    waiting = [os.getpid()]
    while waiting:
        below = children.get(waiting.pop(), [])
        found += below
        waiting += below
    return found


def _die_by(number: int) -> NoReturn:
    if sys.platform == "linux":
        # The runner's limits, none of which allows a core file, are not this process's.
        prctl(_PR_SET_DUMPABLE, 0)
    # 9 cannot be handled, and needs not be.
    if number != signal.SIGKILL:
        signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {number})
    os.kill(os.getpid(), number)
    os._exit(1)


def _close_all(keep: int) -> None:
    """Nobody may wait for the end of a pipe that only a guardian still holds."""
    null = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(null, standard)
    os.closerange(3, max(3, keep))
    os.closerange(max(3, keep + 1), _MAX_DESCRIPTORS)
