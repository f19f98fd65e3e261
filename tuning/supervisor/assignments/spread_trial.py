"""Training a trial whose executions other slots may take as well."""

from typing import Any

import numpy as np

from tuning.models import Execution, Search, Trial
from tuning.models.resource_use import Used
from tuning.protocol.events import BadEvent, Built, EpochEnd, Event, Metrics, NextTrial, TrialEnd
from tuning.protocol.scorers import SCORE, spread_of
from tuning.protocol.statuses import Status
from tuning.recording import recorder
from tuning.recording.recorder import LeaseLost
from tuning.supervisor import spreading
from tuning.supervisor.runners import Runner

from .trial import TrialAssignment


class SpreadTrialAssignment(TrialAssignment):
    """Has its runner train one execution after the other as long as any waits; then waits for those
    of other slots. One that another slot lost waits again, for both."""

    def __init__(self, row: Trial) -> None:
        super().__init__(row)
        # By execution.
        self._results: dict[int, TrialEnd] = {}
        # The next one is not ordered yet.
        self._is_due = False

    def record(self, event: Event, runner: Runner) -> bool:
        match event:
            case NextTrial() if not self.ordered and event.independent:
                self._offer()
            case NextTrial() if self._is_due:
                self._order(runner)
                return False
            case Built() if self._results:
                # The model of the first execution once more.
                return False
            case EpochEnd() if self._execution not in (None, event.execution):
                raise BadEvent("an epoch of another execution")
            case TrialEnd() if self._execution is not None and self.ordered:
                self._results[self._execution] = event
                return self._proceed(runner)
        return super().record(event, runner)

    def tick(self, runner: Runner) -> bool:
        super().tick(runner)
        return self.is_waiting and self._proceed(runner)

    def _offer(self) -> None:
        if spreading.is_worth_it(self.search):
            recorder.offer_executions(self.row)
            self._execution = 0

    def _proceed(self, runner: Runner) -> bool:
        """Begin the next execution that waits; True if all have ended, and the trial with them."""
        number = Execution.objects.take_first(self.row)
        self._is_due = number is not None
        if number is not None:
            self._execution = number
        others = [] if self._is_due else list(Execution.objects.of(self.row))
        # One that another slot lost just now is found at the next look.
        self.is_waiting = any(other.status != Status.COMPLETED for other in others)
        if self._is_due or self.is_waiting:
            return False
        results = self._results | {
            other.number: TrialEnd(other.metrics, other.best_step) for other in others
        }
        if len(results) < self.search.executions:
            # The rows went with the trial's attempt.
            raise LeaseLost
        self.used = Used.together([self.used, *(other.used for other in others)])
        self._complete(combined(self.search, results), runner)
        return True


def combined(search: Search, results: dict[int, TrialEnd]) -> TrialEnd:
    """What KerasTuner makes of the results of all executions, by number: to the last digit."""
    in_order = [results[number] for number in sorted(results)]
    found: dict[str, list[Any]] = {}
    for result in in_order:
        # Without a score of each there is none of the trial.
        for name, value in {search.objective: None, **result.metrics}.items():
            found.setdefault(name, []).append(np.nan if value is None else value)
    metrics: Metrics = {name: _number(np.mean(values)) for name, values in found.items()}
    scores = found.get(SCORE, [])
    if not search.kind.has_epochs and len(scores) > 1 and np.isfinite(scores).all():
        metrics |= spread_of(scores)
    step = sum(result.best_step for result in in_order) // len(in_order)
    own = found[search.objective] if search.kind.has_epochs else []
    return TrialEnd(metrics, step, [float(value) for value in own if np.isfinite(value)])


def _number(value: Any) -> float | None:
    return float(value) if np.isfinite(value) else None
