"""Runners that begin after their imports, which take TensorFlow 3 seconds of a processor each time.

Python's fork server imports the libraries once for each process of the tests; every runner is a
fork of it, in which the real runner hardens itself and serves orders. What depends on how a runner
starts (its command line, its isolation) is tested with processes of its own.
"""

import contextlib
import multiprocessing
import os
import signal
import sys
from collections.abc import Iterator
from multiprocessing import forkserver
from multiprocessing.reduction import DupFd
from pathlib import Path
from typing import Any

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["tests.runner.warm_imports"])


class WarmProcess:
    """The part of `subprocess.Popen` that the harness and its tests use."""

    def __init__(self, folder: Path, events: int, log: int, environment: dict[str, str]) -> None:
        orders, write = os.pipe()
        with _changed_environment(environment):
            # Some of it counts when TensorFlow is imported.
            forkserver.ensure_running()
        files = [DupFd(number) for number in (orders, log, events)]
        self._process = _CONTEXT.Process(target=_serve, args=(files, str(folder), environment))
        self._process.start()
        os.close(orders)
        self.stdin = os.fdopen(write, "wb")

    @property
    def pid(self) -> int:
        assert self._process.pid
        return self._process.pid

    def kill(self) -> None:
        self._process.kill()

    def wait(self, timeout: float | None = None) -> int:
        self._process.join(timeout)
        assert self._process.exitcode is not None, "it has not ended"
        return self._process.exitcode

    def communicate(self) -> None:
        """Close its input, wait for its end."""
        with contextlib.suppress(BrokenPipeError):
            self.stdin.close()
        self.wait()


def _serve(files: list[Any], folder: str, environment: dict[str, str]) -> None:
    """Become what `python -m tuning.runner` is after its imports."""
    orders, log, events = (file.detach() for file in files)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    # Those of the fork server.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    for number, standard in ((orders, 0), (log, 1), (log, 2)):
        os.dup2(number, standard)
    sys.path = [path for path in sys.path if path != ""]

    from tuning.runner import pruning
    from tuning.runner.sandbox.hardening import harden
    from tuning.runner.work import serve

    # The verdicts of a test come in time, however busy the machine is.
    pruning.MAX_WAIT_SECONDS = pruning.QUICK_EPOCH_SECONDS = 60.0
    harden(os.getppid(), level=0)
    try:
        serve(events, with_keras=True)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        if sys.exc_info()[0] is None:
            os._exit(0)


@contextlib.contextmanager
def _changed_environment(environment: dict[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(environment)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
