"""Processes that begin after the import of Keras, KerasTuner and skops, which takes seconds.

Python's fork server imports them, and the modules of the runner, once for each process of the
tests. Every runner of these tests (`WarmProcess`) is a fork of it, in which the real runner hardens
itself and serves orders, and so is every other program (`python`). The runners of supervisors
(`fork_runner`) are such forks too, isolated as usual. What depends on how a process starts is
tested with processes of its own and with forks of the product's own fork server.
"""

import contextlib
import multiprocessing
import os
import runpy
import signal
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator, Sequence
from multiprocessing import forkserver
from multiprocessing.reduction import DupFd
from pathlib import Path
from threading import Lock
from typing import Any

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["tests.runner.warm_imports"])


_starting = Lock()

ROOT = str(Path(__file__).resolve().parents[2])
MAIN = Path(ROOT) / "tuning" / "runner" / "__main__.py"
# The sums of several threads may differ in their last digits, which several tests compare.
_ONE_THREAD = {
    "OMP_NUM_THREADS": "1", "TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1",
}  # fmt: skip
# What counts when TensorFlow is imported.
_IMPORT_SETTINGS = {
    **_ONE_THREAD, "KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "3",
    "KERAS_HOME": str(Path(os.environ["TUNEROOM_DATA"]) / "keras"),
    # Python would say nothing of a module that it doesn't find.
    "PYTHONPATH": ROOT,
}  # fmt: skip


def python(
    *words: str, cwd: Path | None = None, env: dict[str, str] | None = None, input: str = ""
) -> "subprocess.CompletedProcess[str]":
    """What `python -c CODE ...`, `python -m MODULE ...` or `python FILE ...` prints and returns. It
    computes in one thread, whatever the machine has."""
    with contextlib.ExitStack() as stack:
        given, out, err = files = [
            stack.enter_context(tempfile.TemporaryFile("w+")) for _ in range(3)
        ]
        given.write(input)
        given.seek(0)
        # TensorFlow reads them when it is used for the first time, after its import.
        environment = {**(os.environ if env is None else env), **_ONE_THREAD}
        process = _fork(
            _run, [file.fileno() for file in files], cwd or Path.cwd(), environment, words
        )
        process.join()
        for file in (out, err):
            file.seek(0)
        status = process.exitcode
        assert status is not None
        return subprocess.CompletedProcess(words, status, out.read(), err.read())


class WarmProcess:
    """The part of `subprocess.Popen` that the harness and its tests use."""

    def __init__(self, folder: Path, events: int, log: int, environment: dict[str, str]) -> None:
        orders, write = os.pipe()
        self._process = _fork(_serve, [orders, log, log, events], folder, environment)
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


class ForkedRunner:
    """The part of `subprocess.Popen` that a supervisor and the harness use."""

    def __init__(self, process: Any, stdin: Any = None) -> None:
        self._process = process
        self.pid: int = process.pid
        self.stdin = stdin

    @property
    def returncode(self) -> int | None:
        status: int | None = self._process.exitcode
        return status

    def poll(self) -> int | None:
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        self._process.join(timeout)
        if self.returncode is None:
            raise subprocess.TimeoutExpired("runner", timeout or 0)
        return self.returncode

    def terminate(self) -> None:
        if self.returncode is None:
            self._process.terminate()

    def kill(self) -> None:
        self._process.kill()

    def communicate(self) -> None:
        """Close its input, wait for its end."""
        with contextlib.suppress(BrokenPipeError):
            self.stdin.close()
        self._process.join()


def fork_runner(
    folder: Path, environment: dict[str, str], flags: Sequence[str], orders: int, log: int,
    events: int,
) -> ForkedRunner:  # fmt: skip
    """A runner with these flags, isolated as they say."""
    files = [orders, log, log, events]
    return ForkedRunner(_fork(_become_runner, files, folder, environment, tuple(flags)))


def _fork(
    target: Callable[..., None], files: list[int], folder: Path, environment: dict[str, str],
    *arguments: Any,
) -> Any:  # fmt: skip
    """A process that begins in `target`, past the imports, with these files as its first ones."""
    with _starting, _changed_environment(_IMPORT_SETTINGS):
        forkserver.ensure_running()
    handed = [DupFd(number) for number in files]
    process = _CONTEXT.Process(
        target=_begin, args=(target, handed, str(folder), environment, *arguments)
    )
    process.start()
    return process


def _begin(
    target: Callable[..., None], files: list[Any], folder: str, environment: dict[str, str],
    *arguments: Any,
) -> None:  # fmt: skip
    numbers = [file.detach() for file in files]
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    # Those of the fork server.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    for number, standard in zip(numbers, (0, 1, 2), strict=False):
        os.dup2(number, standard)
    sys.path = [path for path in sys.path if path != ""]
    target(*numbers[3:], *arguments)


def _run(words: tuple[str, ...]) -> None:
    """Become `python WORDS`."""
    sys.stdin, sys.stdout, sys.stderr = open(0), open(1, "w"), open(2, "w")  # noqa: SIM115
    how, rest = (words[0], words[1:]) if words[0] in ("-c", "-m") else ("", words)
    sys.argv = [how or rest[0], *rest[1:]]
    sys.path = [path for path in sys.path if path != ROOT]
    status: Any = 0
    try:
        if how == "-c":
            sys.path.insert(0, "")
            main = {"__name__": "__main__"}
            exec(compile(rest[0], "<string>", "exec"), main)  # noqa: S102
        elif how == "-m":
            sys.path.insert(0, str(Path.cwd()))
            runpy.run_module(rest[0], run_name="__main__", alter_sys=True)
        else:
            sys.path.insert(0, str(Path(rest[0]).resolve().parent))
            runpy.run_path(rest[0], run_name="__main__")
    except SystemExit as end:
        status = end.code or 0
        if not isinstance(status, int):
            sys.stderr.write(f"{status}\n")
            status = 1
    except BaseException:  # noqa: BLE001
        traceback.print_exc()
        status = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def _become_runner(events: int, flags: tuple[str, ...]) -> None:
    """Become a runner with these flags."""
    os.setsid()
    sys.stdin, sys.stdout, sys.stderr = open(0), open(1, "w"), open(2, "w")  # noqa: SIM115
    # What was read from the environment of the process that forked. Keras would make its folder;
    # this one is there, and the runner's.
    tempfile.tempdir = None
    keras_config: Any = sys.modules["keras.src.backend.config"]
    keras_config._KERAS_DIR = os.environ["KERAS_HOME"] = os.environ["HOME"]
    if "--no-keras" not in flags:
        from tuning.runner.networks import samples

        # How many there are is tested with own templates; in supervisors' tests it only takes time.
        samples.MAX_SAMPLES = 2
    whose = ["--events-fd", str(events), "--parent-pid", str(os.getppid())]
    sys.argv = [str(MAIN), *whose, *flags]
    runpy.run_path(str(MAIN), run_name="__main__")


def _serve(events: int) -> None:
    """Become what `python -m tuning.runner` is after its imports."""
    from tuning.runner import pruning
    from tuning.runner.evaluation import importances
    from tuning.runner.networks import samples
    from tuning.runner.sandbox.hardening import harden
    from tuning.runner.work import serve

    # The verdicts of a test come in time, however busy the machine is, and nothing is left out
    # because it takes long.
    pruning.MAX_WAIT_SECONDS = pruning.QUICK_EPOCH_SECONDS = 60.0
    samples.SECONDS = importances._SECONDS = 600.0
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
    before = {name: os.environ.get(name) for name in environment}
    os.environ.update(environment)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
