"""A runner without a process: it speaks the protocol and trains nothing.

A `Script` decides what becomes of a trial, given its values. The real runner passes the same
contract tests (test_runner_contract.py).
"""

import io
import shutil
import signal
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tuning.protocol.checkpoints import folder_of
from tuning.protocol.evaluation import PREDICTIONS, Evaluation
from tuning.protocol.events import (
    Built,
    CheckpointSaved,
    DryRunEnd,
    EpochEnd,
    Event,
    Inspected,
    ModelTried,
    NextTrial,
    OfTrial,
    Prepared,
    Ready,
    Resumed,
    Retrained,
    TrialEnd,
    TrialPruned,
    decode_event,
    encode_event,
)
from tuning.protocol.model_kinds import ModelKind
from tuning.protocol.orders import (
    DryRunOrder,
    EndOrder,
    EvaluateOrder,
    InspectOrder,
    Order,
    PredictOrder,
    PrepareOrder,
    RetrainOrder,
    SearchOrder,
    TrialOrder,
    VerdictOrder,
    decode_order,
    encode_order,
)
from tuning.protocol.predictions import PREDICTED
from tuning.supervisor.gpus import NO_SAMPLE, Sample
from tuning.supervisor.runners import Device, RunnerGone
from tuning.supervisor.usage import DiskUse, Leftovers


def model_file(kind: str) -> bytes:
    """A file that is made like those of Keras or skops, as far as the supervisor looks."""
    members = {
        "keras": {"metadata.json": b"{}", "config.json": b"{}",
                  "model.weights.h5": b"\x89HDF\r\n\x1a\n and so on"},
        "skops": {"schema.json": b"{}", "140512.npy": b"numbers"},
    }  # fmt: skip
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in members[kind].items():
            archive.writestr(zipfile.ZipInfo(name), content)
    return file.getvalue()


class Silence:
    """In a script: say nothing until the supervisor loses patience."""


@dataclass(frozen=True)
class Death:
    """In a script: the process ends without a word, by a signal."""

    by: signal.Signals = signal.SIGSEGV


Step = Event | type[Silence] | Death | Callable[[], None] | bytes
Script = Callable[[SearchOrder, TrialOrder], Iterator[Step]]


def good_trial(search: SearchOrder, trial: TrialOrder) -> Iterator[Step]:
    """Improves epoch by epoch; larger `units` are better."""
    first = trial.resume_after or int(trial.values.get("tuner/initial_epoch", 0))
    last = int(trial.values.get("tuner/epochs", search.epochs))
    yield Built(parameters=100, summary="dense")
    if trial.resume_after:
        yield Resumed(trial.resume_after)
    scores = []
    chosen = trial.execution
    count = search.executions_per_trial
    if search.kind == ModelKind.KERAS:
        count = search.folds or count
    for execution in range(count) if chosen is None else [chosen]:
        for epoch in range(first + 1, last + 1):
            score = trial.values["units"] / 100 + epoch / 1000 + execution / 10_000
            metrics: dict[str, float | None] = {search.objective: score, "loss": 1 - score}
            yield EpochEnd(execution, epoch, 0.1, metrics)
        scores.append(score)
    mean = sum(scores) / len(scores)
    loss = sum(1 - score for score in scores) / len(scores)
    yield TrialEnd({search.objective: mean, "loss": loss}, best_step=last - first - 1)


def good_inspection() -> Iterator[Step]:
    yield Inspected({"space": [], "values": {}}, ["loss"], 7, "")


@dataclass
class FakeRunner:
    device: Device = field(default_factory=Device)
    script: Script = good_trial
    inspection: Callable[[], Iterator[Step]] = good_inspection
    used_memory: int = 1000
    used_gpu: Sample = NO_SAMPLE
    trusted_types: list[str] = field(default_factory=list)
    independent: bool = False
    evaluation: Evaluation = field(default_factory=Evaluation)
    predictions: bytes = b""
    weights: bytes = b"weights"
    profile: dict[str, Any] = field(default_factory=lambda: {"rows": 10})
    # To questions, one after the other; beside each lies this table.
    answers: Iterator[Event] = field(default_factory=lambda: iter(()))
    table: bytes = b""
    used_processes: int = 1
    used_disk: DiskUse = field(default_factory=DiskUse)
    search_id: int | None = None
    saved_model_id: int | None = None

    def __post_init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="fake-runner-"))
        self.orders: list[Order] = []
        self.ended = False
        self._search: SearchOrder | None = None
        self._steps: list[Iterator[Step]] = [iter([Ready()])]

    def send(self, order: Order) -> None:
        # Through the wire format, so that a test meets what a process would.
        order = decode_order(encode_order(order))
        self.orders.append(order)
        match order:
            case SearchOrder():
                self._search = order
                self._steps.append(iter([NextTrial(self.independent)]))
            case TrialOrder():
                assert self._search is not None
                self._steps.append(self._trial(self._search, order))
            case InspectOrder():
                self._steps.append(self.inspection())
            case DryRunOrder():
                self._steps.append(iter([ModelTried(100, 1200, 0.5, 1.5), DryRunEnd()]))
            case PrepareOrder():
                self._steps.append(self._prepare(order))
            case RetrainOrder():
                self._steps.append(self._retrain(order))
            case EvaluateOrder():
                self._write(PREDICTIONS, self.predictions)
                self._steps.append(iter([next(self.answers)]))
            case PredictOrder():
                self._write(PREDICTED, self.table)
                self._steps.append(iter([next(self.answers)]))
            case EndOrder():
                self.ended = True

    def read(self, timeout: float) -> Event | None:
        if self.ended:
            raise RunnerGone("The process ended with exit status 0.")
        while self._steps:
            step = next(self._steps[0], None)
            if step is None:
                self._steps.pop(0)
            elif step is Silence:
                return None
            elif isinstance(step, Death):
                self.ended = True
                text = f"The process was killed by {step.by.name}."
                raise RunnerGone(text, step.by)
            elif isinstance(step, bytes):
                return decode_event(step)
            elif callable(step):
                step()
                return None
            else:
                event: Any = step
                return decode_event(encode_event(event))
        return None

    def mark_log(self) -> None:
        pass

    def log_tail(self) -> str:
        return "the end of the log"

    def memory(self, limit: int) -> int:
        return self.used_memory

    def gpu(self) -> Sample:
        return self.used_gpu

    def processes(self) -> int:
        return self.used_processes

    def disk(self) -> DiskUse:
        return self.used_disk

    def leftovers(self) -> Leftovers:
        return Leftovers(False, self.used_processes, self.used_disk)

    def end(self) -> None:
        self.kill()

    def kill(self) -> None:
        self.ended = True
        shutil.rmtree(self.folder, ignore_errors=True)

    def _trial(self, search: SearchOrder, order: TrialOrder) -> Iterator[Step]:
        if order.values.get("tuner/epochs", search.epochs) < search.epochs and search.hyperband:
            self._write(f"kt/search/trial_{order.trial_id}/checkpoint.weights.h5", self.weights)
        for step in self.script(search, order):
            if isinstance(step, CheckpointSaved):
                self._write("/".join((*folder_of(step.epoch), "state.json")), b"{}")
            yield replace(step, trial=order.token) if isinstance(step, OfTrial) else step
            verdict = self._verdict(order) if isinstance(step, EpochEnd) else None
            if verdict and verdict.prune:
                if search.resumes and verdict.keep_weights:
                    self._write(
                        f"kt/search/trial_{order.trial_id}/checkpoint.weights.h5", self.weights
                    )
                yield TrialPruned(trial=order.token)
                break
        yield NextTrial(self.independent)

    def _verdict(self, trial: TrialOrder) -> VerdictOrder | None:
        # Whoever reads an epoch answers it before the next event is read.
        last = self.orders[-1]
        return last if isinstance(last, VerdictOrder) and last.token == trial.token else None

    def _prepare(self, order: PrepareOrder) -> Iterator[Step]:
        self._write("prepared/x.npy", order.key.encode())
        yield Prepared(self.profile)

    def _retrain(self, order: RetrainOrder) -> Iterator[Step]:
        if order.kind == ModelKind.SKLEARN:
            self._write("model.skops", model_file("skops"))
            yield Retrained({"score": 0.9}, 0, {"skops": "0"}, "Ridge()", self.trusted_types)
            return
        for epoch in range(1, order.epochs + 1):
            yield EpochEnd(0, epoch, 0.1, {"loss": 1 / epoch})
        self._write("model.keras", model_file("keras"))
        if self.predictions:
            self._write(PREDICTIONS, self.predictions)
        yield Retrained({"accuracy": 0.9}, 100, {"keras": "3"}, "dense", evaluation=self.evaluation)

    def _write(self, name: str, content: bytes) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
