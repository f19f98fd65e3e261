"""Searches: start, pause, resume, stop, extend, delete. Each is safe to call twice."""

from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.db.models import Case, F, Max, Q, Value, When
from django.db.models.functions import Now

from tuning.analysis.feeding import Fitting
from tuning.models import Cells, Project, SavedModel, Search, Trial
from tuning.protocol.statuses import SEARCH_ACTIVE, SearchStatus
from tuning.spaces.hyperparameters import default_values

from .dispatch import ring


@transaction.atomic
def start_search(user: Any, search: Search, fed: Sequence[int] = ()) -> Search:
    """Save a new search of `search.project`. Its first trial is the template's own defaults, unless
    they are among the trials that it is `fed` with (by their keys), which are not run again."""
    project = Project.objects.select_for_update().get(pk=search.project_id)
    last = project.searches.aggregate(last=Max("number"))["last"] or 0
    search.number = last + 1
    if search.hypermodel_id is None:
        search.hypermodel = project.hypermodel
    search.created_by = user
    search.status = SearchStatus.RUNNING
    # Locked, so that what was counted is there; deleted ones are none of them.
    trials = list(Trial.objects.select_for_update().filter(pk__in=fed).order_by("pk"))
    search.fed_count = len(trials)
    search.save()
    search.fed_trials.set(trials)
    fits = Fitting(search.space, search.strategy)
    defaults = default_values(search.space)
    tried = any(fits.values(trial.values) == defaults for trial in trials)
    if not search.strategy.enumerates and not tried:
        # What enumerates begins with the defaults by itself.
        baseline = Trial.objects.create(
            search=search,
            number=1,
            is_baseline=True,
            values=defaults,
        )
        Cells.objects.fill(search, [baseline])
    ring(times=search.parallel_trials)
    return search


def pause_search(search: Search) -> bool:
    """No new trials start; those that run go on to their end."""
    return Search.objects.change_status(
        search.pk, (SearchStatus.RUNNING,), status=SearchStatus.PAUSED
    )


def resume_search(search: Search) -> bool:
    changed = Search.objects.change_status(
        search.pk, (SearchStatus.PAUSED,), status=SearchStatus.RUNNING
    )
    ring(times=search.parallel_trials)
    return changed


@transaction.atomic
def stop_search(search: Search) -> bool:
    """End a search. The supervisors of its running trials notice within a second."""
    changed = Search.objects.change_status(
        search.pk, tuple(SEARCH_ACTIVE), status=SearchStatus.STOPPED, finished_at=Now()
    )
    search.trials.stop_queued()
    return changed


@transaction.atomic
def extend_search(search: Search, more: int, seen: int) -> bool:
    """Run `more` further trials (Hyperband: iterations), also after the search has ended.

    `seen` is the limit that the person saw (`max_trials` or `hyperband_iterations`): a second
    press of the same button changes nothing. A paused search stays paused.
    """
    limit = "max_trials" if search.strategy.counts_trials else "hyperband_iterations"
    changed = (
        Search.objects.run_here()
        .filter(pk=search.pk)
        .filter(Q(**{limit: seen}))
        .update(
            **{limit: F(limit) + more},
            exhausted=False,
            status=Case(
                When(status=SearchStatus.PAUSED, then=F("status")),
                default=Value(SearchStatus.RUNNING.value),
            ),
            # Somebody has seen them and wants to go on.
            forgiven=search.trials.aggregate(last=Max("end_order"))["last"] or 0,
            finished_at=None,
            failure_message="",
            revision=F("revision") + 1,
        )
    )
    ring(times=search.parallel_trials)
    return changed == 1


@transaction.atomic
def delete_search(search: Search) -> None:
    """Delete a search with its trials and the models retrained from them.

    The supervisors find their rows gone and end; files that no row refers to are swept away.
    """
    # Locked: a supervisor could add an epoch after the epochs were deleted.
    Search.objects.select_for_update().filter(pk=search.pk).first()
    saved_models = SavedModel.objects.filter(trial__search=search)
    list(saved_models.select_for_update(of=("self",)).values_list("pk", flat=True))
    stop_search(search)
    Search.objects.filter(pk=search.pk).delete()
