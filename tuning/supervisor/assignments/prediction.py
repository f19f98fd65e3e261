"""Having a saved model predict the rows that a person gives."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.conf import settings

from tuning.analysis.predictions.about import about
from tuning.analysis.profiles import class_names
from tuning.models import Prediction
from tuning.protocol.events import BadEvent, Event, Failed, Predicted
from tuning.protocol.failures import Failure, FailureCode
from tuning.protocol.orders import PredictOrder
from tuning.protocol.predictions import (
    MAX_CLASSES,
    MAX_ROWS,
    MAX_SERIES,
    MAX_SHOWN,
    PREDICTED,
    PredictedOutput,
    RowSource,
)
from tuning.protocol.statuses import Status
from tuning.protocol.tasks import TASKS, Task
from tuning.storage.stored import bytes_of, keep_file
from tuning.supervisor.handover import hand_copy, hand_over
from tuning.supervisor.prediction_files import is_png, store_answer
from tuning.supervisor.runners import Runner

from .base import Assignment, Unstartable, failure_of

_MAX_NOTES = 20


class PredictionAssignment(Assignment):
    row: Prediction
    time_limit = 600
    stall_limit = 300
    # Whatever the runner did before, it does not know this question.
    ordered = False

    def __init__(self, row: Prediction) -> None:
        super().__init__(row)
        self.saved_model_id = row.saved_model_id
        # Nobody watches a runner that waits, so none waits that has run the template's code.
        self.reusable = not row.saved_model.layers_code

    def start(self, runner: Runner) -> None:
        saved_model = self.row.saved_model
        model, file = f"model{saved_model.stored.place.suffix}", ""
        try:
            if runner.saved_model_id is None:
                hand_copy(saved_model.stored.fetch(self.heartbeat), runner.folder / model)
                runner.saved_model_id = saved_model.pk
            if self.row.source != RowSource.FORM:
                file = f"rows-{self.row.pk}-{self.row.attempt}"
                hand_over(self.row.uploaded.fetch(self.heartbeat), runner.folder / file)
        except FileNotFoundError as error:
            what = "model's file" if not file else "uploaded file"
            failure = Failure(FailureCode.MISSING_FILE, f"The {what} is missing.")
            raise Unstartable(failure) from error
        runner.send(
            PredictOrder(
                model, self.row.source, about(saved_model.project.data), self.row.rows,
                file, self.row.name, saved_model.trusted_types, saved_model.layers_code,
                settings.RUNNER_FILE_SIZE_MB * 1024 * 1024,
            )
        )  # fmt: skip

    def record(self, event: Event, runner: Runner) -> bool:
        match event:
            case Predicted():
                self._check(event)
                name = f"{self.row.pk}-{self.row.attempt}.csv"
                target = Path(settings.PREDICTIONS_ROOT) / name
                store_answer(runner.folder / PREDICTED, target, event.rows, self.heartbeat)
                sha256 = keep_file(target, self.heartbeat)
                self._finish(
                    Status.COMPLETED, answer=asdict(event), file=name, sha256=sha256,
                    size=bytes_of(target),
                )  # fmt: skip
                return True
            case Failed():
                self.fail(failure_of(event), runner.log_tail())
                # The runner has ended.
                self.reusable = False
                return True
        return False

    def _check(self, event: Predicted) -> None:
        """Pages count on it. Raises BadEvent."""
        if not 1 <= event.rows <= MAX_ROWS or not event.outputs:
            raise BadEvent("predictions of an impossible number of rows")
        dataset = self.row.saved_model.project.data
        targets = dataset.profile.get("target_names") or []
        if targets and [output.name for output in event.outputs] != targets:
            raise BadEvent("predictions of other targets")
        classes = len(class_names(dataset))
        shown = min(event.rows, MAX_SHOWN)
        for output in event.outputs:
            _check_output(output, classes, shown)
            if targets and output.task != dataset.task:
                raise BadEvent("predictions of another task")
        if len(event.notes) > _MAX_NOTES:
            raise BadEvent("too many notes")
        if (
            len(event.series) not in (0, shown)
            or max(map(len, event.series), default=0) > MAX_SERIES
        ):
            raise BadEvent("series of another number of windows")
        reproduced = event.reproduced
        if any(text and not is_png(text) for text in (event.picture, reproduced.picture)):
            raise BadEvent("an invalid picture")
        if not len(reproduced.names) == len(reproduced.given) == len(reproduced.cells):
            raise BadEvent("a reconstruction of other columns")

    def _finish(self, status: Status, **values: Any) -> None:
        super()._finish(status, **values)
        self.row.uploaded.remove()


def _check_output(output: PredictedOutput, classes: int, shown: int) -> None:
    if len(output.values) != shown or len(output.scores) not in (0, shown):
        raise BadEvent("predictions of another number of rows")
    # Of a label there is one score.
    has_labels = output.task in TASKS and Task(output.task).traits.has_labels
    known = 1 if has_labels else classes
    if any(len(scores) != known or known > MAX_CLASSES for scores in output.scores):
        raise BadEvent("scores of another number of classes")
    if classes and not all(
        value is not None and value.is_integer() and 0 <= value < classes for value in output.values
    ):
        raise BadEvent("predictions of unknown classes")
