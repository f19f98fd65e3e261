"""Training a trial's values again, on all training data, into a file for download."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F

from tuning.models import ModelEvaluation, SavedModel, SavedModelEpoch
from tuning.protocol.events import BadEvent, EpochEnd, Event, Failed, Progress, Retrained
from tuning.protocol.failures import Failure, FailureCode
from tuning.protocol.model_kinds import ModelKind
from tuning.protocol.orders import RetrainOrder
from tuning.protocol.skops_types import VETTED_TYPES
from tuning.protocol.statuses import Status
from tuning.recording import announcing
from tuning.storage.stored import StoredFile
from tuning.supervisor.model_files import BadModelFile, store_model_file
from tuning.supervisor.runners import Runner

from .base import Assignment, failure_of
from .epoch_limit import EpochLimit
from .evaluation import kept_evaluation


class RetrainingAssignment(Assignment):
    row: SavedModel

    def __init__(self, row: SavedModel) -> None:
        super().__init__(row)
        search = row.trial.search
        # Training on more rows for as many epochs, plus the evaluation and the file.
        self.time_limit = search.time_limit * 2
        self.stall_limit = search.stall_limit
        # The search knows what kind of model comes: a runner is not asked.
        self.kind = ModelKind(search.model_kind)
        self._limit = EpochLimit(self.kind, row.epochs)

    def start(self, runner: Runner) -> None:
        project = self.row.trial.search.project_order()
        self.fetch_data(self.row.project.dataset)
        self.arrange(project)
        runner.send(
            RetrainOrder(
                project=project,
                values=self.row.trial.values,
                space=self.row.trial.search.space,
                epochs=self.row.epochs,
                batch_size=self.row.batch_size,
                seed=self.row.seed,
                kind=self.kind,
                scoring=self.row.trial.search.scoring,
                objective=self.row.trial.search.objective,
                direction=self.row.trial.search.direction,
            )
        )

    def record(self, event: Event, runner: Runner) -> bool:
        match event:
            case Progress():
                self._update(progress_text=event.text[:200], revision=F("revision") + 1)
            case EpochEnd():
                self._limit.add()
                self._record_epoch(event)
            case Retrained():
                try:
                    self._store(runner.folder, event)
                except BadModelFile as error:
                    failure = Failure(FailureCode.BAD_MODEL_FILE, str(error))
                    self.fail(failure, runner.log_tail())
                return True
            case Failed():
                self.fail(failure_of(event), runner.log_tail())
                return True
        return False

    def _record_epoch(self, event: EpochEnd) -> None:
        with transaction.atomic():
            self._update(revision=F("revision") + 1)
            SavedModelEpoch.objects.bulk_create(
                [
                    SavedModelEpoch(
                        saved_model=self.row,
                        attempt=self.row.attempt,
                        epoch=event.epoch,
                        seconds=event.seconds,
                        metrics=event.metrics,
                    )
                ],
                ignore_conflicts=True,
            )

    def _store(self, folder: Path, event: Retrained) -> None:
        if not VETTED_TYPES.issuperset(event.trusted_types):
            raise BadEvent("types that must not be trusted")
        # A name of its own for each attempt: a late writer must not touch the winner's file.
        files = [folder / name for name in self.kind.traits.model_files]
        source = next((file for file in files if file.exists()), files[0])
        name = f"{self.row.pk}-{self.row.attempt}{source.suffix}"
        target = Path(settings.SAVED_MODELS_ROOT) / name
        size, digest = store_model_file(source, target, settings.MODEL_MAX_MB << 20, self.heartbeat)
        StoredFile(target, digest).keep(self.heartbeat)
        evaluation, predictions = kept_evaluation(
            self.row, folder, event.evaluation, f"{self.row.pk}-{self.row.attempt}.npy",
            self.heartbeat,
        )  # fmt: skip
        with transaction.atomic():
            self._finish(
                Status.COMPLETED,
                test_metrics=event.metrics,
                parameters=event.parameters,
                layers=event.summary,
                versions=event.versions,
                trusted_types=event.trusted_types,
                note=event.note,
                layers_code=event.layers_code,
                file=name,
                size=size,
                sha256=digest,
            )
            ModelEvaluation.objects.create(
                saved_model=self.row, report=asdict(evaluation), **predictions
            )

    def _finish(self, status: Status, **values: Any) -> None:
        with transaction.atomic():
            super()._finish(status, revision=F("revision") + 1, **values)
            if status == Status.COMPLETED:
                announcing.model_ready(self.row, values["test_metrics"])
            else:
                announcing.model_failed(self.row, values["failure_message"])
