"""Which work a free slot takes next, and taking it: one transaction, one winner.

`claims.py` takes a trial that waits, or makes a new one from a suggestion. A suggestion is
computed on a snapshot of the search, without any lock (`suggestions.py`); then one short
transaction locks the search row, checks that the search still wants a trial and that nobody used
the same version of its state (`Search.oracle_version`), and stores trial and state together. If
another slot did, the suggestion is dropped and another one is computed. A worker computes one
suggestion at a time.

Short work that a person waits for goes first (predicting, preparing, inspecting for a project or
for a person on the template's page, dry runs, retraining). Then come the searches, between whose
teams slots are shared (`analysis/sharing.py`). Slots that find no trial take
executions of those that run. Last come the inspections that no project waits for: set-up queues
one for each built-in template, with the first bundled dataset that it fits, so that the galleries
can show its space. They begin only while nothing else is queued, and one at a time, so that all
slots but one are free for what a person starts meanwhile. Where none is free, the supervisor sees
it four times a second (`Assignment.gives_way`): it ends the inspection and gives it back to the
queue, which counts as no lost attempt. A slot stays with its search for 20 s at a time, because a
change of search is a change of process. Trials, their executions, retrainings and dry runs may want
a GPU (`analysis/slots.py`). Whether other work goes first takes queries of its own: the
slot looks when its trial begins the last epoch (`SlotLoop._prepare_claim`), and at most four times
a second.
"""

import logging
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import partial
from threading import Lock
from typing import Any, TypeVar

from django.db import DatabaseError, transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from tuning.analysis.sharing import (
    Standing,
    claimable_trials,
    fair_order,
    full_teams,
    standing_of,
    team_slot,
    waiting_searches,
)
from tuning.analysis.slots import Demand, may_take, slots, workers_for
from tuning.models import (
    Attempt,
    Dataset,
    DryRun,
    Execution,
    Inspection,
    ModelEvaluation,
    Prediction,
    SavedModel,
    Search,
    SearchImport,
    Trial,
    Work,
    Worker,
)
from tuning.models.fixed_queries import FixedInsert, FixedQuery
from tuning.models.work import kinds_queued
from tuning.protocol.gpu_needs import GpuNeed
from tuning.protocol.statuses import SearchStatus
from tuning.recording import recorder

from . import spreading, suggestions
from .drawn_ahead import drawn_ahead

logger = logging.getLogger(__name__)

T = TypeVar("T")

_suggesting = Lock()

# Trials before their executions: what becomes of an execution depends on its trial.
KINDS: tuple[type[Work], ...] = (
    Trial, Execution, Inspection, Dataset, SavedModel, ModelEvaluation, SearchImport, Prediction,
    DryRun,
)  # fmt: skip
Claimed = (
    Dataset | Execution | Inspection | ModelEvaluation | Prediction | SavedModel | SearchImport
    | Trial | DryRun
)  # fmt: skip


@dataclass(frozen=True)
class Slot:
    """Who claims: a worker and the number of one of its slots."""

    worker: Worker
    number: int

    @property
    def has_gpu(self) -> bool:
        return self.number < self.worker.gpu_slots


def claim_next(slot: Slot, prefer: int | None = None, firmly: bool = False) -> Claimed | None:
    """The next piece of work for this slot, or None. Short work that a person waits for on a page
    goes first. Slots without a trial to begin take executions of those that run. Spaces that nobody
    asked for are read while nothing else is queued. `prefer` is the
    search whose data this slot already has in memory; `firmly` prefers it even while another search
    waits."""
    queued = kinds_queued(_SHORT_WORK)
    for kind, claim in _SHORT_WORK.items():
        if kind in queued and (claimed := claim(slot)):
            return claimed
    return (
        _claim_trial(slot, prefer, firmly)
        or spreading.claim_execution(slot, prefer)
        or (_claim_inspection(slot, _unasked()) if Inspection in queued else None)
    )


def demand() -> Demand:
    """How many slots could find something to do, at least."""
    return _awaited() + Demand(anywhere=min(_unasked().count(), 1))


def has_work() -> int:
    return demand().total


def lacks_slots() -> bool:
    """Whether work that a person waits for finds no free slot."""
    awaited = _awaited()
    return bool(awaited) and awaited != awaited.within(slots())


def others_go_first(search_id: int, slot: Slot, firmly: bool) -> bool:
    """Whether other work may come before this slot's next trial of this search; `firmly` as in
    `claim_next`."""
    short = _awaited_short_work()
    if short.anywhere or (short.on_gpu and slot.has_gpu):
        return True
    if firmly:
        return False
    searches = _open_to(slot, waiting_searches(), lambda search: search.gpu)
    return any(search.pk != search_id for search in searches)


def _awaited() -> Demand:
    """How many slots could find something to do that a person waits for. What requires a GPU that
    no worker has keeps nothing else from its slot."""
    found = _awaited_short_work() + claimable_trials() + spreading.waiting_demand()
    nobody_can = found.on_gpu and not workers_for(GpuNeed.REQUIRED)
    return Demand(anywhere=found.anywhere) if nobody_can else found


def _awaited_short_work() -> Demand:
    """The same of what is neither a trial nor part of one."""
    queued = kinds_queued(_SHORT_WORK)
    ready: dict[type[Work], Callable[[], QuerySet[Any]]] = {
        Dataset: Dataset.objects.ready,
        Inspection: lambda: Inspection.objects.ready().awaited(),
        ModelEvaluation: ModelEvaluation.objects.queued,
        SearchImport: SearchImport.objects.ready,
        Prediction: Prediction.objects.queued,
    }
    waiting = sum(rows().count() for kind, rows in ready.items() if kind in queued)
    needs = [row.gpu for row in _retrainings()] if SavedModel in queued else []
    if DryRun in queued:
        needs += DryRun.objects.queued().values_list("gpu", flat=True)
    return sum(map(Demand.of, needs), Demand(anywhere=waiting))


def _open_to(slot: Slot, rows: Collection[T], need: Callable[[T], str]) -> list[T]:
    """Those that this slot may have."""
    allowed = may_take(map(need, rows), slot.has_gpu)
    return [row for row in rows if need(row) in allowed]


def _claim_prediction(slot: Slot) -> Prediction | None:
    queue = Prediction.objects.queued().order_by("pk")
    for pk in queue.values_list("pk", flat=True):
        if Prediction.objects.claim(pk, slot.worker, slot.number):
            return Prediction.objects.select_related("saved_model__project__dataset").get(pk=pk)
    return None


def _claim_dataset(slot: Slot) -> Dataset | None:
    queue = Dataset.objects.ready()
    for pk in queue.values_list("pk", flat=True):
        if Dataset.objects.claim(pk, slot.worker, slot.number):
            return Dataset.objects.get(pk=pk)
    return None


def _claim_inspection(slot: Slot, queue: QuerySet[Inspection]) -> Inspection | None:
    for pk in queue.order_by("created_at").values_list("pk", flat=True):
        if Inspection.objects.claim(pk, slot.worker, slot.number):
            return Inspection.objects.select_related("dataset", "hypermodel").get(pk=pk)
    return None


def _unasked() -> QuerySet[Inspection]:
    """Inspections that may run though nobody waits for them: only while nothing else is queued, and
    one at a time (two if two slots look at the same moment), so that the other slots are free for
    what a person starts meanwhile. Where none is free, it gives way."""
    if Inspection.objects.running().unasked().exists() or _awaited():
        return Inspection.objects.none()
    return Inspection.objects.ready().unasked()


def _claim_import(slot: Slot) -> SearchImport | None:
    for pk in SearchImport.objects.ready().values_list("pk", flat=True):
        if SearchImport.objects.claim(pk, slot.worker, slot.number):
            return SearchImport.objects.select_related("project").get(pk=pk)
    return None


def _claim_dry_run(slot: Slot) -> DryRun | None:
    rows = list(DryRun.objects.queued().only("gpu"))
    for row in _open_to(slot, rows, lambda row: row.gpu):
        if DryRun.objects.claim(row.pk, slot.worker, slot.number):
            return DryRun.objects.select_related(
                "inspection__dataset", "inspection__hypermodel", "project__dataset"
            ).get(pk=row.pk)
    return None


def _claim_saved_model(slot: Slot) -> SavedModel | None:
    for row in _open_to(slot, _retrainings(), lambda row: row.gpu):
        with team_slot(row.project.team) as is_free:
            claimed = is_free and SavedModel.objects.claim(row.pk, slot.worker, slot.number)
        if claimed:
            return SavedModel.objects.select_related(
                "trial__search__project__dataset", "trial__search__hypermodel"
            ).get(pk=row.pk)
    return None


def _retrainings() -> list[Any]:
    """Those that wait, of teams that may have another slot, with the `gpu` of their searches."""
    queue = SavedModel.objects.queued().order_by("created_at").select_related("project__team")
    rows = list(queue.only("project__team").annotate(gpu=F("trial__search__gpu")))
    full = full_teams(row.project.team for row in rows)
    return [row for row in rows if row.project.team_id not in full]


def _claim_evaluation(slot: Slot) -> ModelEvaluation | None:
    for pk in ModelEvaluation.objects.queued().order_by("pk").values_list("pk", flat=True):
        if ModelEvaluation.objects.claim(pk, slot.worker, slot.number):
            return ModelEvaluation.objects.select_related(
                "saved_model__trial__search__project__dataset",
                "saved_model__trial__search__hypermodel", "saved_model__project__dataset",
            ).get(pk=pk)  # fmt: skip
    return None


# In the order in which a slot looks for it.
_SHORT_WORK: dict[type[Work], Callable[[Slot], Claimed | None]] = {
    Prediction: _claim_prediction,
    Dataset: _claim_dataset,
    Inspection: lambda slot: _claim_inspection(slot, Inspection.objects.ready().awaited()),
    SearchImport: _claim_import,
    DryRun: _claim_dry_run,
    SavedModel: _claim_saved_model,
    ModelEvaluation: _claim_evaluation,
}


def _claim_trial(slot: Slot, prefer: int | None, firmly: bool) -> Trial | None:
    searches = _open_to(slot, waiting_searches(), lambda search: search.gpu)
    for search in fair_order(searches, prefer, firmly, timezone.now(), slot.has_gpu):
        trial = claim_trial_of(search.pk, slot, search.has_waiting)
        if trial is not None:
            return trial
    return None


def claim_trial_of(search_id: int, slot: Slot, has_waiting: bool | None = None) -> Trial | None:
    """Claim a trial of this search: a waiting one, else a new one that its strategy suggests.
    `has_waiting`: whether one waits, where that has just been read."""
    ahead = drawn_ahead(search_id)
    if ahead is None and has_waiting is None:
        has_waiting = standing_of(search_id).waiting is not None
    if ahead or has_waiting:
        trial = _claim_locked(search_id, slot, ahead)
        if trial is not None:
            return trial
    # One at a time: suggestions from one state contradict each other, and all share one processor.
    with _suggesting:
        while (drawn := _draw(search_id, by_worker=True)) is not None:
            trial = _claim_locked(search_id, slot, drawn)
            if trial is not None or drawn.is_final:
                return trial
    return None


def make_asked(search_id: int) -> None:
    """Have a trial of this search wait for a script that asks for one, unless one waits already."""
    with _suggesting:
        while (drawn := _draw(search_id, by_worker=False)) is not None:
            with transaction.atomic():
                search, now = _locked_with_room(search_id)
                if search is None or not search.asked_at or now.waiting:
                    return
                if _make_drawn(search, now.made, drawn, None):
                    Search.objects.touch(search_id)
                    return
            if drawn.is_final:
                return


def _claim_locked(search_id: int, slot: Slot, drawn: suggestions.Drawn | None) -> Trial | None:
    with transaction.atomic():
        search, now = _locked_with_room(search_id)
        if search is None:
            return None
        with team_slot(search.project.team) as is_free:
            if not is_free:
                return None
            waiting = _claimed(search, now.waiting, slot) if now.waiting else None
            return waiting or (_make_drawn(search, now.made, drawn, slot) if drawn else None)


def _draw(search_id: int, by_worker: bool) -> suggestions.Drawn | None:
    """A suggestion, computed without any lock; None if the search takes no further trial, or its
    team no further slot for it."""
    search, now = _with_room(_RUNNING, search_id)
    if search is None or not search.may_suggest(now.made):
        return None
    if by_worker and full_teams([search.project.team]):
        return None
    try:
        return suggestions.draw(search, now.made + 1)
    except Search.DoesNotExist:
        # Deleted meanwhile.
        return None
    except DatabaseError:
        raise
    except Exception as error:
        logger.exception("the strategy of %s failed", search)
        with transaction.atomic():
            # Else this search would be the first in the queue for ever, and no other one ran.
            recorder.fail_search(search, recorder.strategy_failure(error))
        return None


def _make_drawn(
    search: Search, made: int, drawn: suggestions.Drawn, slot: Slot | None
) -> Trial | None:
    """Make a trial of what was drawn, if the search, which is locked and has so many trials, still
    wants it. It waits, or runs on this slot."""
    if not drawn.fits(search) or not search.may_suggest(made):
        return None
    if drawn.suggestion.status == "STOPPED":
        search.exhausted = True
        search.save(update_fields=["exhausted"])
        recorder.close_if_done(search)
    # One that a person tried may have its number. Asked before anything is written: a state must
    # not know a trial that there is not.
    if drawn.suggestion.status != "RUNNING" or made >= drawn.number:
        return None
    if slot is None:
        return suggestions.take(search, drawn, Trial.objects.create)
    create = partial(Trial.objects.create_claimed, slot.worker, slot.number)
    trial = suggestions.take(search, drawn, create, _TAKEN_AND_CLAIMED)
    return _with_attempt(trial, slot) if trial else None


def _locked_with_room(search_id: int) -> tuple[Search | None, Standing]:
    """As `_with_room`, locked, unless the search has reached a limit, with which it ends here."""
    search, now = _with_room(_RUNNING_LOCKED, search_id)
    return None if search is None or recorder.end_at_limit(search) else search, now


def _with_room(query: FixedQuery, search_id: int) -> tuple[Search | None, Standing]:
    """The search, if it runs and one more of its trials may run, and how it stands."""
    search: Search | None = query.first(search_id)
    # After the lock: as it stood before, another slot may have taken the last place.
    now = standing_of(search_id)
    return search if search is not None and search.room(now.running) > 0 else None, now


def _running(search_id: int) -> QuerySet[Search]:
    # With the project, whose name the log has, and the team, whose quota counts: whatever else a
    # trial may need of its search is read when it does, once a runner.
    rows = Search.objects.filter(pk=search_id, status=SearchStatus.RUNNING).order_by()
    return rows.select_related("project__team")


def _running_locked(search_id: int) -> QuerySet[Search]:
    # These may be large, and are read where they are needed.
    rows = _running(search_id).defer("oracle_state", "space")
    return rows.select_for_update(of=("self",))


_RUNNING, _RUNNING_LOCKED = FixedQuery(_running), FixedQuery(_running_locked)


def _claimed(search: Search, pk: int, slot: Slot) -> Trial | None:
    """Claim a trial of a search that is locked."""
    if not Trial.objects.claim(pk, slot.worker, slot.number):
        return None
    Search.objects.filter(pk=search.pk).update(**_of_claim())
    trial = Trial.objects.get(pk=pk)
    trial.search = search
    return _with_attempt(trial, slot)


def _of_claim() -> dict[str, Any]:
    """What a claim changes in the search's row."""
    return {"last_claim_at": Now(), "revision": F("revision") + 1}


_TAKEN_AND_CLAIMED = suggestions.taking(**_of_claim())


def _with_attempt(trial: Trial, slot: Slot) -> Trial:
    _NEW_ATTEMPT.create(
        trial=trial, number=trial.attempt, worker_name=slot.worker.name, slot=slot.number
    )
    return trial


_NEW_ATTEMPT = FixedInsert(Attempt)
