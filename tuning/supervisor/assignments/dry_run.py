"""Building sampled models of a template and timing a few steps of each."""

from dataclasses import asdict

from tuning.models import DryRun
from tuning.models.dry_runs import MODELS
from tuning.protocol.events import BadEvent, DryRunEnd, Event, Failed, ModelTried, Progress
from tuning.protocol.statuses import Status
from tuning.supervisor.runners import Runner

from .base import Assignment, failure_of

MAX_FAILURE = 300


class DryRunAssignment(Assignment):
    row: DryRun
    time_limit = 900
    stall_limit = 300

    def start(self, runner: Runner) -> None:
        self._update(tried=[])
        self.row.tried = []
        self.fetch_data(self.row.inspection.dataset)
        runner.send(self.row.order())

    def record(self, event: Event, runner: Runner) -> bool:
        match event:
            case Progress():
                self._update(progress_text=event.text[:200])
            case ModelTried():
                # One after the other: what was tried stays if a later model ends the runner.
                if len(self.row.tried) >= MODELS or min(event.seconds, event.setup) < 0:
                    raise BadEvent("impossible models of a dry run")
                tried = asdict(event) | {"failure": event.failure[:MAX_FAILURE]}
                self.row.tried = [*self.row.tried, tried]
                self._update(tried=self.row.tried)
            case DryRunEnd():
                self._finish(Status.COMPLETED, rows=event.rows)
                return True
            case Failed():
                self.fail(failure_of(event), runner.log_tail())
                return True
        return False
