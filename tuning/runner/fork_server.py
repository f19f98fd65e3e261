"""The fork server: a process that has imported what runners need. Each runner is a fork of it: it
begins in milliseconds, not seconds, and shares the memory that the imports take.

It imports installed packages only, holds no secrets, and is no runner's parent: each is handed to
the worker, which watches it as if it had started it, and outlives the fork server. What a runner
gives up (`sandbox/hardening.py`), it gives up after the fork.

Threads do not survive a fork, so none may be at work in here. The imports start those of OpenBLAS
(where a slot has several threads) and of pyarrow's memory, and both libraries see to a fork
themselves. Nobody has tried CUDA: runners with a GPU are processes of their own
(`supervisor/fork_servers.py`).
"""

import contextlib
import os
import socket
import tempfile
from collections.abc import Callable

from tuning.protocol.forks import GO, MAX_PACKET, READY, REFUSED, Descriptors, ForkRequest

from .sandbox.privileges import die_with_parent


def become_runner(requests_fd: int, parent_pid: int, load: Callable[[], None]) -> list[str]:
    """Load what runners need, serve requests until the worker closes the socket or ends. Returns in
    every runner, with its flags."""
    die_with_parent(parent_pid)
    load()
    requests = socket.socket(fileno=requests_fd)
    requests.send(READY)
    while True:
        packet, numbers, *_ = socket.recv_fds(requests, MAX_PACKET, len(Descriptors._fields))
        if not packet:
            os._exit(0)
        if _fork(requests):
            requests.close()
            return _settle(ForkRequest.decode(packet), Descriptors(*numbers))
        for number in numbers:
            os.close(number)


def _fork(requests: socket.socket) -> bool:
    """Make a process and tell the worker its number, or why there is none. Returns True in the new
    one and False here.

    A process in between makes it and ends at once: the kernel hands what that leaves behind to the
    next one above that adopts orphans, which the worker does.
    """
    told, tell = os.pipe()
    try:
        between = os.fork()
    except OSError as error:
        requests.send(_refusal(error))
        os.close(told)
        os.close(tell)
        return False
    if between == 0:
        os.close(told)
        _leave_behind(tell)
        return True
    os.close(tell)
    os.waitpid(between, 0)
    requests.send(os.read(told, MAX_PACKET))
    os.close(told)
    return False


def _leave_behind(tell: int) -> None:
    """Return in a new process, whose number is told, and end this one."""
    try:
        if new := os.fork():
            os.write(tell, str(new).encode())
            os._exit(0)
    except OSError as error:
        # Nobody listens if the fork server was given up.
        with contextlib.suppress(OSError):
            os.write(tell, _refusal(error))
        os._exit(1)
    os.close(tell)


def _refusal(error: OSError) -> bytes:
    return REFUSED + str(error).encode()


def _settle(request: ForkRequest, given: Descriptors) -> list[str]:
    """Wait until the worker knows this process, and change what `subprocess` would have changed.
    Returns the runner's flags."""
    if os.read(given.go, 1) != GO:
        os._exit(1)
    os.setsid()
    os.chdir(request.folder)
    os.environ.clear()
    os.environ.update(request.environment)
    # It was looked for, in the environment before.
    tempfile.tempdir = None
    for descriptor, standard in ((given.orders, 0), (given.log, 1), (given.log, 2)):
        os.dup2(descriptor, standard)
    for descriptor in (given.orders, given.log, given.go):
        os.close(descriptor)
    return [*request.flags, "--events-fd", str(given.events)]
