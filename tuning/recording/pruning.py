"""Whether a running trial goes on: its epochs, and those of the search's other trials, put before
the search's pruner. And which pruned trials go on after all.

The supervisor decides, where the rows are (`recording/pruning.py`; `curves.py` has what is
compared): it keeps the curves of ended trials in memory and reads only those that have ended
since. It answers each epoch beyond the warm-up with a `VerdictOrder`; the runner waits for it at
most 50 ms, and not at all where epochs last longer than a second. A trial that hears of its
verdict ends as if by early stopping, and says `TrialPruned`; one that has reached its end by then
is completed. Pruned trials have no score: they are never the best, and teach strategies as
Optuna's samplers learn (KerasTuner's oracles take the last value for the score). The baseline,
values that a person tried and trials that a person wants trained to their end are never pruned.

With successive halving (ASHA) a pruned trial may turn out to belong to the best of its rung: each
time a trial ends, the recorder asks the pruner again about those that were pruned and queues whom
it would let go on now. A network's last weights and optimizer are kept for that
(`Search.pruned_trials_resume`): the next attempt takes over the epochs and goes on. With several
executions, cross-validation and custom tuners it begins again.
"""

import logging
from collections.abc import Iterable

from django.db import InterfaceError, OperationalError

from tuning.models import Search, Trial, TrialIndex
from tuning.protocol.events import EpochEnd
from tuning.protocol.statuses import Status
from tuning.strategies.contract import Curve

from .checkpoints import pruned_matters
from .curves import Point, other_curves, point, steps_of

logger = logging.getLogger(__name__)


class Judge:
    """Says after each epoch of a trial whether it is pruned. `points` are epochs behind it."""

    def __init__(self, trial: Trial, points: Iterable[Point] = ()) -> None:
        self._trial, self._search = trial, trial.search
        self._pruning = trial.search.pruning
        self.points = list(points)
        # What was asked at earlier steps has been answered.
        self._asked = max(steps_of(self._search, self._pruning, self.points), default=0)
        self.pruned = False

    @property
    def answers_after(self) -> int | None:
        """The number of epochs (or folds) after which each further one is answered; None if this
        trial is never pruned."""
        if not (self._pruning.traits.prunes and self._trial.may_be_pruned):
            return None
        whole_parts = self._pruning.traits.by_part and self._search.kind.epochs_given
        return self._pruning.warmup * (self._search.epochs if whole_parts else 1)

    def add(self, event: EpochEnd) -> None:
        self.points.append(point(self._search, event.execution, event.epoch, event.metrics))

    @property
    def count(self) -> int:
        """Epochs (or folds) so far."""
        return len(self.points)

    @property
    def curve(self) -> Curve:
        """What others are compared with if this one is pruned now."""
        values = steps_of(self._search, self._pruning, self.points, ended=True)
        return Curve(self._trial.number, "PRUNED", values)

    def answers(self) -> bool:
        return self.answers_after is not None and self.count > self.answers_after

    def prunes(self) -> bool:
        """Whether the trial ends now. Once it is so, it stays so."""
        if self.pruned:
            return True
        values = steps_of(self._search, self._pruning, self.points)
        step = self._due(values)
        if step is None:
            return False
        try:
            others = other_curves(self._search, self._pruning, self._trial)
        except (OperationalError, InterfaceError) as error:
            # The trial goes on meanwhile, and the next epoch asks again.
            logger.warning("no pruning decision, the database did not answer: %s", error)
            return False
        # Imported when a search prunes: it brings Optuna.
        from tuning.strategies.pruning import should_prune

        self._asked = step
        current = Curve(self._trial.number, "RUNNING", values).until(step)
        self.pruned = should_prune(self._pruning, others, current, study_name(self._search))
        return self.pruned

    def weights_matter(self) -> bool:
        """Whether the trial may go on after all once it is pruned. In doubt it may."""
        try:
            return pruned_matters(self._trial, self.curve)
        except (OperationalError, InterfaceError) as error:
            logger.warning("weights are kept, the database did not answer: %s", error)
            return True

    def _due(self, values: dict[int, float]) -> int | None:
        """The step to ask about: the last one or, where a pruner compares at rungs, the first of
        the next rung. Not twice the same, and not after the end: there is nothing to save."""
        last = max(values, default=0)
        if not self._asked < last < self._pruning.end:
            return None
        if not self._pruning.traits.compares_running:
            return last
        rung = next((rung for rung in self._pruning.rungs() if rung > self._asked), last + 1)
        return min((step for step in values if step >= rung), default=None)


def study_name(search: Search) -> str:
    """Hyperband's pruner draws brackets by it."""
    return f"search-{search.pk}-{search.seed}"


def promote(search: Search) -> None:
    """Let pruned trials go on that belong to the best after all. Called in a transaction that holds
    the search's lock, after a trial ended."""
    pruning = search.pruning
    if not pruning.traits.promotes or not search.is_active or search.end_reason:
        return
    rows = search.trials.filter(status=Status.PRUNED, pruned_attempt__isnull=False)
    numbers = set(rows.values_list("number", flat=True))
    curves = other_curves(search, pruning)
    pruned = [curve for curve in curves if curve.number in numbers]
    others = [curve for curve in curves if curve.number not in numbers]
    from tuning.strategies.pruning import promoted

    chosen = promoted(pruning, others, pruned, study_name(search))
    waiting = rows.filter(number__in=[curve.number for curve in chosen])
    keys = [row.pk for row in waiting if Trial.objects.promote(row)]
    TrialIndex.objects.fill(
        search, list(Trial.objects.select_related("worker").filter(pk__in=keys))
    )
