"""Reading a search of another program, and writing its trials."""

from dataclasses import asdict
from typing import Any

from django.conf import settings

from tuning.models import Search, SearchImport
from tuning.protocol.events import Event, Failed, FoundStudies, Imported, Progress
from tuning.protocol.failures import Failure, FailureCode
from tuning.protocol.orders import ImportOrder
from tuning.protocol.statuses import Status
from tuning.supervisor.handover import hand_over
from tuning.supervisor.imports import (
    begin_search,
    check_imported,
    check_studies,
    read_trials,
    write_trials,
)
from tuning.supervisor.runners import Runner

from .base import Assignment, Unstartable, failure_of

_UPLOADED = "upload"


class ImportAssignment(Assignment):
    row: SearchImport
    stall_limit = 300

    def start(self, runner: Runner) -> None:
        try:
            hand_over(self.row.uploaded.fetch(self.heartbeat), runner.folder / _UPLOADED)
        except FileNotFoundError as error:
            message = "The uploaded file is missing. Upload it again."
            raise Unstartable(Failure(FailureCode.MISSING_FILE, message)) from error
        most_bytes = settings.RUNNER_FILE_SIZE_MB * 1024 * 1024
        chosen = self.row.objective, self.row.direction, self.row.study, self.row.value_name
        runner.send(ImportOrder(_UPLOADED, self.row.name, most_bytes, *chosen))

    def record(self, event: Event, runner: Runner) -> bool:
        match event:
            case Progress():
                self._update(progress_text=event.text[:200])
            case Imported():
                check_imported(event)
                if event.objective:
                    self._write(event, runner)
                else:
                    # Nobody knows what the search optimised, or which way.
                    self._await_choice(metrics=event.metrics, objective=event.proposed)
                return True
            case FoundStudies():
                check_studies(event)
                self._await_choice(studies=[asdict(study) for study in event.studies])
                return True
            case Failed():
                self.fail(failure_of(event), runner.log_tail())
                return True
        return False

    def _write(self, event: Imported, runner: Runner) -> None:
        search = begin_search(self.row, event)
        try:
            for done in write_trials(self.row, search, read_trials(runner.folder, event.trials)):
                self._update(progress_text=f"Writing trial {done:,} of {event.trials:,}")
                self.heartbeat()
            self._finish(Status.COMPLETED)
        except BaseException:
            # Half a search helps nobody; another attempt begins again.
            SearchImport.objects.filter(search=search).update(search=None)
            Search.objects.filter(pk=search.pk).delete()
            self.row.search = None
            raise

    def _await_choice(self, **found: Any) -> None:
        """A person has the next word."""
        self._must(self.rows.requeue(self.row.pk, self.row.attempt, awaits_choice=True, **found))

    def _finish(self, status: Status, **values: Any) -> None:
        super()._finish(status, **values)
        if status == Status.FAILED and self.row.search_id:
            # What an attempt left whose worker was lost.
            SearchImport.objects.filter(pk=self.row.pk).update(search=None)
            Search.objects.filter(pk=self.row.search_id).delete()
        self.row.uploaded.remove()
