"""Evaluating a saved model on the test rows by its file, for models that have no evaluation."""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from django.conf import settings

from tuning.models import ModelEvaluation, SavedModel
from tuning.protocol.evaluation import PREDICTIONS, Evaluation
from tuning.protocol.events import BadEvent, Evaluated, Event, Failed, Progress
from tuning.protocol.failures import Failure, FailureCode
from tuning.protocol.orders import EvaluateOrder
from tuning.protocol.statuses import Status
from tuning.storage.stored import bytes_of, keep_file
from tuning.supervisor.handover import hand_copy
from tuning.supervisor.prediction_files import is_png, store_predictions
from tuning.supervisor.runners import Runner

from .base import Assignment, Unstartable, failure_of


class EvaluationAssignment(Assignment):
    row: ModelEvaluation
    stall_limit = 900

    def __init__(self, row: ModelEvaluation) -> None:
        super().__init__(row)
        self.time_limit = row.saved_model.trial.search.time_limit

    def start(self, runner: Runner) -> None:
        saved_model = self.row.saved_model
        model = f"model{saved_model.stored.place.suffix}"
        try:
            hand_copy(saved_model.stored.fetch(self.heartbeat), runner.folder / model)
        except FileNotFoundError as error:
            failure = Failure(FailureCode.MISSING_FILE, "The model's file is missing.")
            raise Unstartable(failure) from error
        project = saved_model.trial.search.project_order()
        self.fetch_data(saved_model.project.dataset)
        self.arrange(project)
        runner.send(
            EvaluateOrder(
                project, model, saved_model.trial.search.model_kind, saved_model.batch_size,
                saved_model.test_metrics, saved_model.trusted_types, saved_model.layers_code,
            )
        )  # fmt: skip

    def record(self, event: Event, runner: Runner) -> bool:
        match event:
            case Progress():
                self._update(progress_text=event.text[:200])
            case Evaluated():
                # A name of its own for each attempt: a late writer must not touch the winner's.
                name = f"{self.row.saved_model_id}-evaluated-{self.row.attempt}.npy"
                found, stored = kept_evaluation(
                    self.row.saved_model, runner.folder, event.evaluation, name, self.heartbeat
                )
                self._finish(Status.COMPLETED, report=asdict(found), **stored)
                return True
            case Failed():
                self.fail(failure_of(event), runner.log_tail())
                return True
        return False


def kept_evaluation(
    saved_model: SavedModel, folder: Path, found: Evaluation, name: str,
    heartbeat: Callable[[], None],
) -> tuple[Evaluation, dict[str, str | int]]:  # fmt: skip
    """The evaluation and what its row says of the file with its predictions. The model is of use
    without them."""
    if not found.outputs:
        return found, {}
    try:
        if found.rows > saved_model.project.dataset.profile.get("rows", 0):
            raise BadEvent("more test rows than the dataset has")
        examples = [each for output in found.outputs for each in output.examples]
        if any(each.picture and not is_png(each.picture) for each in examples):
            raise BadEvent("an invalid picture")
        target = Path(settings.SAVED_MODELS_ROOT) / name
        store_predictions(folder / PREDICTIONS, target, found.rows, heartbeat)
    except BadEvent as error:
        return Evaluation(problem=f"The runner reported {error}."), {}
    sha256 = keep_file(target, heartbeat)
    return found, {"file": name, "sha256": sha256, "size": bytes_of(target)}
