"""Preparing a built-in dataset: arrays, profile and pictures, stored once."""

from pathlib import Path

from django.conf import settings

from tuning.models import Dataset
from tuning.protocol.events import Event, Failed, Prepared, Progress
from tuning.protocol.orders import PrepareOrder
from tuning.protocol.statuses import Status
from tuning.supervisor.files import folder_digest, store_folder
from tuning.supervisor.runners import Runner

from .base import Assignment, failure_of


class PreparationAssignment(Assignment):
    row: Dataset
    stall_limit = 120

    def start(self, runner: Runner) -> None:
        runner.send(PrepareOrder(self.row.key))

    def record(self, event: Event, runner: Runner) -> bool:
        match event:
            case Progress():
                self._update(progress_text=event.text[:200])
            case Prepared():
                self._store(runner.folder, event)
                return True
            case Failed():
                self.fail(failure_of(event), runner.log_tail())
                return True
        return False

    def _store(self, root: Path, event: Prepared) -> None:
        digest = folder_digest(root / "prepared")
        folder = f"{self.row.key}-{digest[:16]}"
        store_folder(root, Path(settings.DATASETS_ROOT) / folder, "prepared", beat=self.beat)
        self._finish(Status.COMPLETED, folder=folder, sha256=digest, profile=event.profile)
