"""Reading a template's search space and metrics."""

from dataclasses import asdict, replace

from tuning.models import Inspection
from tuning.protocol.events import BadEvent, Event, Failed, Inspected, Progress
from tuning.protocol.model_kinds import ModelKind
from tuning.protocol.orders import InspectOrder
from tuning.protocol.script_settings import ScriptSettings, check_settings
from tuning.protocol.statuses import Status
from tuning.spaces.checked import checked_space
from tuning.supervisor.runners import Runner

from .base import Assignment, failure_of


class InspectionAssignment(Assignment):
    row: Inspection
    time_limit = 600
    stall_limit = 600

    def start(self, runner: Runner) -> None:
        self.fetch_data(self.row.dataset)
        runner.send(InspectOrder(self.row.order()))

    def is_awaited(self) -> bool:
        return not Inspection.objects.unasked().filter(pk=self.row.pk).exists()

    def record(self, event: Event, runner: Runner) -> bool:
        match event:
            case Progress():
                self._update(progress_text=event.text[:200])
            case Inspected():
                self._finish(
                    Status.COMPLETED,
                    space=event.space,
                    metrics=event.metrics,
                    parameters=event.parameters,
                    summary=event.summary,
                    samples=asdict(event.samples),
                    note=event.note,
                    model_kind=model_kind_of(event),
                    objective=objective_of(event),
                    direction=event.direction,
                    directions=directions_of(event),
                    script=asdict(script_of(event)),
                )
                return True
            case Failed():
                self.fail(failure_of(event), runner.log_tail())
                return True
        return False


def model_kind_of(event: Inspected) -> ModelKind:
    """An event of an untrusted process, checked. Raises BadEvent."""
    try:
        return ModelKind(event.kind)
    except ValueError as error:
        raise BadEvent("an inspection of an unknown kind of model") from error


def objective_of(event: Inspected) -> str:
    """The objective that the code itself proposes, or nothing. Raises BadEvent."""
    if event.direction not in ("min", "max", ""):
        raise BadEvent("an inspection with an unknown direction")
    if event.objective and event.objective not in event.metrics:
        raise BadEvent("an inspection whose objective is not one of its metrics")
    return event.objective


def directions_of(event: Inspected) -> dict[str, str]:
    """The directions of some of the metrics. Raises BadEvent."""
    if not event.directions.keys() <= set(event.metrics):
        raise BadEvent("an inspection with a direction of an unknown metric")
    if not all(direction in ("min", "max") for direction in event.directions.values()):
        raise BadEvent("an inspection with an invalid direction")
    return event.directions


def script_of(event: Inspected) -> ScriptSettings:
    """What the code's script gives to its tuner and its search. Raises BadEvent."""
    try:
        check_settings(event.script)
    except ValueError as error:
        raise BadEvent(str(error)) from error
    space = event.script.space
    return replace(event.script, space=checked_space(space) if space else {})
