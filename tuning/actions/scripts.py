"""Trials that scripts elsewhere train: the search that they belong to, and their beginning. What
becomes of them then: `tuning.recording.scripts`."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Max
from django.db.models.functions import Now

from tuning.models import Attempt, Project, Search, Trial, TrialIndex
from tuning.models.trials import SCRIPT_LEASE_SECONDS
from tuning.models.work import lease_end
from tuning.models.workers import ago
from tuning.protocol.statuses import SEARCH_ACTIVE, SearchStatus, Status
from tuning.spaces.checked import Scalar
from tuning.spaces.joined import joined
from tuning.strategies.traits import Name


@transaction.atomic
def open_log(user: Any, search: Search) -> tuple[Search, bool]:
    """The search of scripts of `search.project` with this name, and whether it is new. Two scripts
    that begin at once get the same one."""
    project = Project.objects.select_for_update().get(pk=search.project_id)
    found = project.searches.of_scripts().filter(name=search.name).order_by("-number").first()
    if found is not None:
        return found, False
    search.number = project.next_search_number()
    search.created_by = user
    search.origin = Search.Origin.SCRIPT
    search.status = SearchStatus.RUNNING
    search.tuner = Name.GIVEN
    search.exhausted = True
    search.epochs, search.max_trials = 1, 0
    search.space = {"space": [], "values": {}}
    search.save()
    return search, True


def refusal_to_log(search: Search) -> str:
    """Why no runs can be logged to this search; empty if they can."""
    if not search.is_of_scripts:
        return (
            f"Workers train the trials of search {search.number}. Log to a search of scripts."
            if search.runs_here
            else f"Search {search.number} was imported. Log to a search of scripts."
        )
    if search.status not in (*SEARCH_ACTIVE, SearchStatus.COMPLETED):
        return f"The search is {search.get_status_display().lower()}."
    return ""


@transaction.atomic
def begin_run(
    search: Search, values: Mapping[str, Scalar], script: str, epochs: int | None = None,
    seconds: float = 0.0,
) -> Trial | None:  # fmt: skip
    """A trial of values that a script chose and trains from now on, for so many `epochs` if it
    knows, or has trained for so many `seconds`. A completed search goes on for it. None if the
    search takes none any more."""
    row = Search.objects.select_for_update().get(pk=search.pk)
    if refusal_to_log(row):
        return None
    last = row.trials.aggregate(last=Max("number"))["last"] or 0
    trial = Trial.objects.create(
        search=row,
        number=last + 1,
        values=dict(values),
        tuner_values={"tuner/epochs": epochs} if epochs else {},
        status=Status.RUNNING,
        attempt=1,
        script=script,
        brings_values=True,
        started_at=ago(timedelta(seconds=seconds)),
        lease_expires_at=lease_end(SCRIPT_LEASE_SECONDS),
    )
    Attempt.objects.create(trial=trial, number=1, worker_name=script)
    TrialIndex.objects.fill(row, [trial])
    Search.objects.filter(pk=row.pk).update(
        **({} if row.is_active else row.going_on()),
        **({"space": joined(row.space, values)} if row.is_log else {}),
        max_trials=F("max_trials") + 1,
        last_claim_at=Now(),
        revision=F("revision") + 1,
    )
    return trial
