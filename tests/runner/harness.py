"""A supervisor for tests: starts the real runner, sends it orders, collects its events."""

import json
import os
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.services import PATIENCE
from tuning.protocol.events import (
    EpochEnd,
    Event,
    Failed,
    NextTrial,
    Ready,
    TrialEnd,
    TrialPruned,
    decode_event,
)
from tuning.protocol.model_kinds import ModelKind
from tuning.protocol.orders import (
    EndOrder,
    Order,
    PrepareOrder,
    ProjectOrder,
    SearchOrder,
    Split,
    TrialOrder,
    VerdictOrder,
    encode_order,
)
from tuning.protocol.uploads import Upload

from .warm import MAIN, ForkedRunner, WarmProcess, fork_runner, python

SPLIT = Split(train=0.7, validation=0.15, test=0.15, seed=3, stratified=True)


class Runner:
    """A running runner. `folder` becomes its working folder and must be empty. Without flags and
    settings of its own, or with `is_warm`, it is one that has done its imports: see `warm`."""

    def __init__(
        self, folder: Path, *flags: str, is_warm: bool = False, **environment: str
    ) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._read, write = os.pipe()
        self._log = (folder.parent / f"{folder.name}.log").open("wb")
        everything = {**_environment(folder), **environment}
        if not flags and not environment:
            self.process: Any = WarmProcess(folder, write, self._log.fileno(), everything)
        else:
            start = self._forked if is_warm else self._started
            self.process = start(flags, write, everything)
        os.close(write)
        self._events = os.fdopen(self._read, "rb", buffering=0)
        self._buffer = b""

    def _started(
        self, flags: Sequence[str], events: int, environment: dict[str, str]
    ) -> "subprocess.Popen[bytes]":
        """As a worker starts it."""
        whose = ["--events-fd", str(events), "--parent-pid", str(os.getpid())]
        return subprocess.Popen(
            [sys.executable, "-I", "-u", str(MAIN), *whose, *flags],
            cwd=self.folder,
            stdin=subprocess.PIPE,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            pass_fds=[events],
            env=environment,
        )

    def _forked(
        self, flags: Sequence[str], events: int, environment: dict[str, str]
    ) -> ForkedRunner:
        orders, write = os.pipe()
        process = fork_runner(self.folder, environment, flags, orders, self._log.fileno(), events)
        os.close(orders)
        process.stdin = os.fdopen(write, "wb", buffering=0)
        return process

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self.process.kill()
        self.process.communicate()
        self._events.close()
        self._log.close()

    @property
    def log(self) -> str:
        return Path(self._log.name).read_text()

    def send(self, order: Order) -> None:
        self.process.stdin.write(encode_order(order))
        self.process.stdin.flush()

    def receive(self, timeout: float = PATIENCE) -> Event | None:
        """The next event; None at the end of the runner."""
        deadline = time.monotonic() + timeout
        while b"\n" not in self._buffer:
            # `select` refuses descriptors from 1,024 on.
            waiting = select.poll()
            waiting.register(self._events, select.POLLIN)
            ready = waiting.poll(max(0.0, 1000 * (deadline - time.monotonic())))
            assert ready, f"no event within {timeout} s; the log says:\n{self.log}"
            piece = self._events.read(65536)
            if not piece:
                return None
            self._buffer += piece
        line, _, self._buffer = self._buffer.partition(b"\n")
        return decode_event(line)

    def until(self, *kinds: type[Any], timeout: float = PATIENCE) -> list[Any]:
        """Events up to and including the first of these kinds."""
        events: list[Any] = []
        while True:
            event = self.receive(timeout)
            assert event is not None, f"the runner ended after {events}:\n{self.log}"
            events.append(event)
            if isinstance(event, kinds):
                return events

    def result(self, order: Order, *kinds: type[Any], timeout: float = PATIENCE) -> Any:
        """Send an order and return the event that ends its work."""
        if not isinstance(order, TrialOrder):
            self.until(Ready, timeout=timeout)
        self.send(order)
        return self.until(*kinds, Failed, timeout=timeout)[-1]


class TrialRunner(Runner):
    """A runner in the middle of a search."""

    def begin(self, order: SearchOrder) -> NextTrial:
        self.until(Ready)
        self.send(order)
        first = self.until(NextTrial, Failed)[-1]
        assert isinstance(first, NextTrial), first
        return first

    def trial(
        self, trial_id: str, values: dict[str, Any], seed: int = 1, execution: int | None = None
    ) -> list[Any]:
        """Train one trial, or one execution of it; its events up to its end."""
        self.send(TrialOrder(trial_id, values, seed, execution=execution))
        events = self.until(TrialEnd, Failed)
        assert isinstance(self.receive(), NextTrial)
        return events

    def judged(
        self, order: TrialOrder, prune_at: int | None, keep_weights: bool = True
    ) -> list[Any]:
        """The events of one trial up to its end. Each verdict is sent; from `prune_at` epochs or
        folds on the trial is pruned."""
        self.send(order)
        assert order.verdicts_after is not None
        events: list[Any] = []
        units = int(order.values.get("tuner/initial_epoch", 0))
        while not isinstance(events[-1] if events else None, TrialEnd | TrialPruned | Failed):
            events.append(self.until(EpochEnd, TrialEnd, TrialPruned, Failed)[-1])
            units += isinstance(events[-1], EpochEnd)
            if isinstance(events[-1], EpochEnd) and units > order.verdicts_after:
                prune = prune_at is not None and units >= prune_at
                self.send(VerdictOrder(order.token, units, prune, keep_weights))
        assert isinstance(self.receive(), NextTrial)
        return events

    def finish(self) -> int:
        self.send(EndOrder())
        assert self.receive() is None
        return self.process.wait(PATIENCE)


def prepare(folder: Path, key: str, file: Path | None = None) -> Path:
    """Prepare a bundled dataset, or a file; the folder with its arrays."""
    upload = None
    if file is not None:
        folder.mkdir(parents=True)
        shutil.copy(file, folder)
        upload = Upload("arrays", file.name, file.name, most_bytes=10**9)
    with Runner(folder, "--no-keras") as runner:
        runner.until(Ready)
        runner.send(PrepareOrder(key, upload))
        while runner.receive() is not None:
            pass
    return folder / "prepared"


def inspect_templates(
    datasets: Path, folder: Path, templates: dict[str, str], sampled: Iterable[str] = ()
) -> dict[str, Any]:
    """Inspect many templates in one process: name -> its Inspected or Failed event, as a dict.
    `sampled`: of these as many models are sampled as are wanted, of the others only two: building
    them takes most of the time."""
    return _in_one_process("check_own_templates.py", datasets, folder, templates, *sampled)


def retrain_templates(datasets: Path, folder: Path, templates: dict[str, str]) -> dict[str, Any]:
    """Retrain many templates in one process, their defaults for one epoch: name -> its events as
    (class, fields). What each leaves behind is in the folder of its name."""
    return _in_one_process("check_retraining.py", datasets, folder, templates, str(folder))


def _in_one_process(
    check: str, datasets: Path, folder: Path, templates: dict[str, str], *more: str
) -> dict[str, Any]:
    (folder / "templates").mkdir()
    for name, code in templates.items():
        (folder / "templates" / f"{name}.py").write_text(code)
    script = Path(__file__).parent / check
    done = python(
        str(script), str(datasets), str(folder / "templates"), *more, cwd=folder,
        env={"PATH": "", "HOME": str(folder), "https_proxy": "http://127.0.0.1:9"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def project(code: str, dataset: Path, **split: Any) -> ProjectOrder:
    fields = {**SPLIT.__dict__, **split}
    return ProjectOrder(code, str(dataset), Split(**fields))


def search_order(project: ProjectOrder, space: dict[str, Any], **settings: Any) -> SearchOrder:
    defaults: dict[str, Any] = {
        "project": project,
        "objective": "val_accuracy",
        "direction": "max",
        "hyperband": False,
        "epochs": 1,
        "executions_per_trial": 1,
        "batch_size": 64,
        "early_stopping_metric": "",
        "early_stopping_patience": 1,
        "early_stopping_direction": "max",
        "space": space,
        "folds": 5 if settings.get("kind") == ModelKind.SKLEARN else 0,
    }
    return SearchOrder(**{**defaults, **settings})


def _environment(folder: Path) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "LANG": "C.UTF-8",
        "KERAS_HOME": str(folder / "keras"),
        "KERAS_BACKEND": "tensorflow",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "OMP_NUM_THREADS": "1",
        "TF_NUM_INTRAOP_THREADS": "1",
        "TF_NUM_INTEROP_THREADS": "1",
    }
