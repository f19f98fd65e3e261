"""Searches: start, pause, resume, stop, extend, delete. Each is safe to call twice."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.db import transaction
from django.db.models import F, Max, Q
from django.db.models.functions import Now

from tuning.analysis.limits import LIMITS, Unit, early_end
from tuning.analysis.warm_start import Fitting
from tuning.figures import counted, duration
from tuning.models import SavedModel, Search, Trial, TrialIndex
from tuning.protocol.gpu_needs import GpuNeed
from tuning.protocol.statuses import SEARCH_ACTIVE, SearchStatus, Status
from tuning.recording import announcing
from tuning.spaces.hyperparameters import default_values
from tuning.strategies.untried import key_of

from .archived import locked_to_start, refuse_archived
from .audit import current_actor, record
from .dispatch import ring


@transaction.atomic
def start_search(
    user: Any, search: Search, warm_start: Sequence[int] = (),
    enqueued: Sequence[dict[str, Any]] = (),
) -> Search:  # fmt: skip
    """Save a new search of `search.project`. Its first trial has the template defaults, unless the
    `warm_start` (keys of finished trials, which are not run again) contains them. Trials of the
    `enqueued` configurations follow and count towards `max_trials`. Raises PermissionDenied if the
    project or its team is archived."""
    project = locked_to_start(search.project_id)
    search.number = project.next_search_number()
    if search.hypermodel_id is None:
        search.hypermodel = project.hypermodel
    search.created_by = user
    search.status = SearchStatus.RUNNING
    # Locked, so that none is deleted between the count and the commit.
    trials = list(Trial.objects.select_for_update().filter(pk__in=warm_start).order_by("pk"))
    search.warm_start_count = len(trials)
    search.save()
    search.warm_start_trials.set(trials)
    fits = Fitting(search.space, search.strategy, search.kind.defines_by_run)
    defaults = default_values(search.space)
    tried = any(fits.values(trial.values) == defaults for trial in trials)
    # What enumerates begins with the defaults by itself; a confirmation runs what it confirms; and
    # what defines its space by run has none.
    given = search.strategy.enumerates or not search.strategy.suggests or search.kind.defines_by_run
    baseline = [] if given or tried else [defaults]
    others = [values for values in enqueued if values not in baseline]
    rows = [
        Trial.objects.create(
            search=search, number=number, values=values, is_baseline=values in baseline
        )
        for number, values in enumerate([*baseline, *others], start=1)
    ]
    TrialIndex.objects.fill(search, rows)
    record("search.start", search, by=user)
    ring(search.parallel_trials, search.gpu)
    return search


@transaction.atomic
def set_priority(search: Search, priority: int) -> None:
    """Which of its team's searches goes first, from the next free slot on."""
    others = Search.objects.filter(pk=search.pk).exclude(priority=priority)
    if others.update(priority=priority, revision=F("revision") + 1):
        record("search.priority", search, priority=Search.Priority(priority).label.lower())


@transaction.atomic
def set_gpu(search: Search, need: str) -> None:
    """Whether it needs a GPU, from the next trial on."""
    others = Search.objects.filter(pk=search.pk).exclude(gpu=need)
    if others.update(gpu=need, revision=F("revision") + 1):
        record("search.gpu", search, need=GpuNeed(need).caption.lower())
        ring(search.parallel_trials, need)


@transaction.atomic
def pause_search(search: Search) -> bool:
    """No new trials start; those that run go on to their end."""
    changed = Search.objects.change_status(
        search.pk, (SearchStatus.RUNNING,), status=SearchStatus.PAUSED, paused_at=Now()
    )
    if changed:
        record("search.pause", search)
        announcing.search_paused(search, by=current_actor().person)
    return changed


@transaction.atomic
def resume_search(search: Search) -> bool:
    row = Search.objects.select_for_update().get(pk=search.pk)
    changed = Search.objects.change_status(
        search.pk,
        (SearchStatus.PAUSED,),
        status=SearchStatus.RUNNING,
        paused_at=None,
        idle_seconds=row.idle_until_now(),
    )
    if changed:
        record("search.resume", search)
    ring(search.parallel_trials, search.gpu)
    return changed


@transaction.atomic
def stop_search(search: Search) -> bool:
    """End a search. The supervisors of its running trials notice within a second."""
    changed = _stop(search)
    if changed:
        record("search.stop", search)
        announcing.search_stopped(search, by=current_actor().person)
    return changed


def _stop(search: Search) -> bool:
    changed = Search.objects.change_status(
        search.pk, tuple(SEARCH_ACTIVE), status=SearchStatus.STOPPED, finished_at=Now()
    )
    search.trials.stop_queued()
    return changed


@transaction.atomic
def extend_search(search: Search, more: int, seen: int) -> bool:
    """Run `more` further trials (Hyperband: iterations), also after the search has ended.

    `seen` is the limit that the person saw (`max_trials` or `hyperband_iterations`): a second
    press of the same button changes nothing. A paused search stays paused. Raises PermissionDenied
    if its project or team is archived.
    """
    limit = "max_trials" if search.strategy.counts_trials else "hyperband_iterations"
    row = Search.objects.select_for_update().get(pk=search.pk)
    refuse_archived(row.project)
    paused = row.status == SearchStatus.PAUSED
    changed = (
        Search.objects.not_imported()
        .filter(pk=search.pk)
        .filter(Q(**{limit: seen}))
        .update(
            **{limit: F(limit) + more},
            exhausted=False,
            **(row.going_on() if not paused else {"end_reason": ""}),
            # A person has seen them and wants to go on.
            forgiven=search.trials.aggregate(last=Max("end_order"))["last"] or 0,
            failure_message="",
            revision=F("revision") + 1,
        )
    )
    if changed:
        unit = "trial" if search.strategy.counts_trials else "iteration"
        record("search.extend", search, more=counted(more, unit))
    ring(search.parallel_trials, search.gpu)
    return changed == 1


def refusal_to_try(search: Search) -> str:
    """Why no values can be tried in this search; empty if they can."""
    return _refusal_to_go_on(search, "try more values", "try your values")


def refusal_to_train_to_end(trial: Trial) -> str:
    """Why this trial cannot be trained to its end; empty if it can."""
    if trial.status != Status.PRUNED:
        return f"Trial {trial.number} is not pruned: its status is {trial.get_status_display()}."
    purpose = f"train trial {trial.number} to the end"
    return _refusal_to_go_on(trial.search, purpose, purpose)


def _refusal_to_go_on(search: Search, purpose: str, then: str) -> str:
    """Why no further trial that a person asks for can run."""
    if not search.runs_here:
        return search.no_code_text
    if not search.strategy.suggests:
        return "A confirmation runs the trials that it began with, and no others."
    reached = search.end_reason if search.is_active else early_end(search)
    if reached:
        return f"{reached} Change the limits of the search to {purpose}."
    if not search.is_active and search.status != SearchStatus.COMPLETED:
        status = search.get_status_display().lower()
        return f"The search is {status}. Extend it first, then {then}."
    return ""


@transaction.atomic
def try_values(search: Search, values: Mapping[str, Any], seen: int) -> Trial | None:
    """Run a trial of these values next, besides the trials that are planned; one of a paused search
    waits. A completed search goes on for it. None if the search takes none any more. Raises
    PermissionDenied if its project or team is archived.

    `seen` is the number of the last trial when the person saw the form: a second press of the same
    button gives the trial of the first one, whether it waits, runs or has ended.
    """
    row = Search.objects.select_for_update().get(pk=search.pk)
    refuse_archived(row.project)
    if refusal_to_try(row):
        return None
    for tried in row.trials.tried_by_hand().filter(number__gt=seen):
        if key_of(tried.values) == key_of(dict(values)):
            return tried
    last = row.last_number()
    trial = Trial.objects.create(search=row, number=last + 1, values=dict(values))
    TrialIndex.objects.fill(row, [trial])
    Search.objects.filter(pk=row.pk).update(
        **({} if row.is_active else row.going_on()),
        max_trials=F("max_trials") + 1,
        revision=F("revision") + 1,
    )
    record("search.try", row)
    ring(gpu=row.gpu)
    return trial


@transaction.atomic
def train_to_end(trial: Trial) -> bool:
    """Train a pruned trial again, without pruning it; one of a paused search waits. A completed
    search goes on for it. Whether this changed anything: a second press does not. Raises
    PermissionDenied if its project or team is archived."""
    search = Search.objects.select_for_update().filter(pk=trial.search_id).first()
    if search:
        refuse_archived(search.project)
    row = search and search.trials.select_related("search").filter(pk=trial.pk).first()
    if search is None or row is None or refusal_to_train_to_end(row):
        return False
    if not search.trials.train_to_end(row):
        return False
    TrialIndex.objects.fill(search, [search.trials.get(pk=row.pk)])
    Search.objects.filter(pk=search.pk).update(
        **({} if search.is_active else search.going_on()), revision=F("revision") + 1
    )
    record("trial.train_to_end", row)
    ring(gpu=search.gpu)
    return True


@transaction.atomic
def pin_weights(trial: Trial, pinned: bool) -> bool:
    """Keep the weights of a pruned trial, also after its search has ended, or let them be removed
    once nothing needs them. False if there are none any more."""
    # Locked: whoever removes weights asks for the pins under the same lock.
    Search.objects.select_for_update().filter(pk=trial.search_id).first()
    rows = Trial.objects.filter(pk=trial.pk, status=Status.PRUNED)
    row = rows.first()
    if row is None or (pinned and not row.pruned_weights.exists()):
        return False
    if not rows.exclude(pinned=pinned).update(pinned=pinned):
        # Pressed twice, or promoted meanwhile.
        return rows.exists()
    Search.objects.touch(trial.search_id)
    # Each by its name: a test finds the kinds that are recorded.
    if pinned:
        record("trial.pin", trial)
    else:
        record("trial.unpin", trial)
    return True


@transaction.atomic
def change_limits(search: Search, values: Mapping[str, Any]) -> bool:
    """Set these limits (fields of a search) of one that runs or has ended by a limit. One that
    ended goes on if no limit is reached any more and there is something to try; an active one
    is checked against its new limits by a worker, at the latest at the scheduler's next pass.
    Raises PermissionDenied if its project or team is archived."""
    row = Search.objects.not_imported().select_for_update().get(pk=search.pk)
    refuse_archived(row.project)
    if not row.limits_can_change:
        return False
    for name, value in values.items():
        setattr(row, name, value)
    row.exhausted = row.exhausted and "max_trials" not in values
    row.revision += 1
    ended, reason, row.end_reason = not row.is_active, row.end_reason, ""
    row.save(update_fields=[*values, "exhausted", "revision", "end_reason"])
    if ended and not early_end(row) and row.may_suggest():
        Search.objects.filter(pk=row.pk).update(**row.going_on())
    elif ended:
        Search.objects.filter(pk=row.pk).update(end_reason=reason)
    record("search.limits", row, limits=", ".join(_limit_texts(values)))
    ring(row.parallel_trials, row.gpu)
    return True


def _limit_texts(values: Mapping[str, Any]) -> Iterator[str]:
    for limit in LIMITS:
        if limit.name in values:
            value = values[limit.name]
            text = duration(value) if value and limit.unit == Unit.SECONDS else str(value or "none")
            yield f"{limit.caption.lower()} {text}"


@transaction.atomic
def delete_search(search: Search) -> None:
    """Delete a search with its trials and the models retrained from them.

    The supervisors find their rows gone and end; files that no row refers to are swept away.
    """
    # Locked: a supervisor could add an epoch after the epochs were deleted.
    Search.objects.select_for_update().filter(pk=search.pk).first()
    saved_models = SavedModel.objects.filter(trial__search=search)
    list(saved_models.select_for_update(of=("self",)).values_list("pk", flat=True))
    record("search.delete", search)
    _stop(search)
    Search.objects.filter(pk=search.pk).delete()
