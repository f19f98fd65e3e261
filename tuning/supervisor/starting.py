"""Starting a runner: as a fork of a process that has done its imports, else from nothing."""

import subprocess
from typing import Protocol

from . import launch
from .fork_servers import fork_servers
from .launch import RunnerStart, command
from .spawner import spawn


class Process(Protocol):
    """A child of this process, with the part of `subprocess.Popen` that a supervisor needs."""

    pid: int
    returncode: int | None

    def poll(self) -> int | None: ...

    def wait(self, timeout: float | None = None) -> int: ...

    def terminate(self) -> None: ...


def start_runner(start: RunnerStart) -> Process:
    """Raises OSError if the system has no room for it."""
    return fork_servers.fork(start) or spawn(
        command(launch.MAIN, *start.flags, "--events-fd", str(start.events)),
        stdin=start.orders,
        stdout=start.log,
        stderr=subprocess.STDOUT,
        cwd=start.folder,
        env=start.environment,
        pass_fds=(start.events,),
        start_new_session=True,
    )
