"""Executions of running trials for slots that find no trial to begin: which one, and for which slot
it is worth it. A slot that trains one counts as one of the search's trials in parallel.

A slot for which no search has a trial (all are handed out, or the strategy waits for those that
run) takes an execution, or a fold, of a trial that another slot has.
A row of `Execution` is `Work` like any other: claimed, leased and reaped in the same way.

1. When a trial of such a search is ordered (`assignments/spread_trial.py`), all executions but
  the first get a row that waits. The trial's slot orders one execution after the other
  (`TrialOrder.execution`). Before each it takes the first row by deleting it if it still waits;
  another slot claims the last row of the trial that has most left. Each of these is one
  conditional statement, so that no execution is begun twice.
2. The other slot trains it with the seed that it has among all, writes its epochs under the
  trial's attempt and the result into the row (`assignments/execution.py`). The slot that has the
  trial waits for that without a stall limit and averages all results as KerasTuner does; the
  score is the same to the last digit (`tests/runner/test_executions.py`).
3. A lost execution waits again, without its epochs, for either slot; lost five times it is a
  lost attempt of its trial. Any other failure fails the trial. What ends a trial or its attempt
  deletes its rows: whoever trains one finds that it no longer has it, and stops. A slot that is
  lost with its trial loses the whole attempt, as usual.
4. A slot that trains an execution counts as one of the search's trials in parallel. Another
  search's slot takes only executions of trials whose executions last three seconds or longer,
  because a change of search costs it a runner and a trace.

Off (`Search.spreads`, `KindTraits.spread_seconds`, `NextTrial.independent`) for custom tuners and
a template's own `fit`, whose executions are their own; for Hyperband, whose executions leave one
checkpoint together; for searches that prune, because pruners compare executions in their order.

Ordering an execution costs the worker 1 ms of a processor and a write. That is nothing beside a
training, but not beside the fold of a small pipeline, which takes 40 ms: folds are handed out only
where the search's last trial took a second or more for each.
"""

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Sum
from django.utils import timezone

from tuning.analysis.sharing import full_teams, team_slot
from tuning.analysis.slots import Demand, may_take
from tuning.models import Epoch, Execution, Search
from tuning.recording.recorder import LeaseLost, locked

if TYPE_CHECKING:
    from .claims import Slot

# What it takes a slot to turn to another search: a runner, its data, the first model's graphs. The
# slot that has the trial trains a shorter execution sooner.
CHANGE_SECONDS = 3.0
_LARGE = (
    "trial__values", "trial__layers", "trial__search__space", "trial__search__oracle_state",
)  # fmt: skip


@dataclass(frozen=True)
class Waiting:
    """An execution that nobody has begun, one of so many that are `left` of its trial."""

    execution: Execution
    left: int

    @property
    def search(self) -> Search:
        return self.execution.trial.search

    @property
    def is_long(self) -> bool:
        """Whether those of its trial that have begun took so long that a slot of another search
        should take it."""
        started = self.execution.trial.started_at
        seconds = (timezone.now() - started).total_seconds() if started else 0.0
        return seconds >= CHANGE_SECONDS * (self.search.executions - self.left)


def claim_execution(slot: "Slot", prefer: int | None) -> Execution | None:
    """The last execution of the trial that has most of them left. `prefer` is the search whose data
    this slot already has in memory; of others it takes only long ones."""
    waiting = _waiting()
    allowed = may_take([each.search.gpu for each in waiting], slot.has_gpu)
    found = [
        each
        for each in waiting
        if each.search.gpu in allowed and (each.search.pk == prefer or each.is_long)
    ]
    found.sort(key=lambda each: (each.search.pk != prefer, -each.left, -each.execution.number))
    return next(filter(None, (_claim(each, slot) for each in found)), None)


def waiting_demand() -> Demand:
    """How many slots could take one, whatever they did before."""
    long = Counter(each.search for each in _waiting() if each.is_long)
    found = (Demand.of(search.gpu, min(search.room(), count)) for search, count in long.items())
    return sum(found, Demand())


def is_worth_it(search: Search) -> bool:
    """Whether executions of its next trial are offered, by what they took in the last one."""
    least = search.kind.spread_seconds
    if least is None or not search.spreads:
        return False
    if least == 0:
        return True
    last = search.trials.completed().order_by("-number").values_list("pk", flat=True).first()
    taken = Epoch.objects.filter(trial=last).aggregate(seconds=Sum("seconds"))["seconds"] or 0.0
    return bool(taken >= least * search.executions)


def _waiting() -> list[Waiting]:
    """Those of teams that may have another slot."""
    rows = Execution.objects.claimable().select_related("trial__search__project__team")
    found = list(rows.defer(*_LARGE))
    left = Counter(row.trial_id for row in found)
    full = full_teams(row.trial.search.project.team for row in found)
    return [
        Waiting(row, left[row.trial_id])
        for row in found
        if row.trial.search.project.team_id not in full
    ]


def _claim(waiting: Waiting, slot: "Slot") -> Execution | None:
    pk = waiting.execution.pk
    with transaction.atomic():
        try:
            search = locked(waiting.search.pk)
        except LeaseLost:
            # Deleted meanwhile.
            return None
        claimable = Execution.objects.claimable()
        with team_slot(waiting.search.project.team) as is_free:
            may = is_free and search.room() > 0
            if not may or not claimable.claim(pk, slot.worker, slot.number):
                return None
        Search.objects.touch(search.pk)
    rows = Execution.objects.select_related(
        "trial__search__project__dataset", "trial__search__hypermodel"
    )
    # Not there if its trial has ended since.
    found: Execution | None = rows.filter(pk=pk).first()
    return found
