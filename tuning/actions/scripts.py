"""Trials that scripts elsewhere train: the search that they belong to, and their beginning. What
becomes of them then: `tuning.recording.scripts`."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from tuning.analysis.quotas import trials_refusal
from tuning.models import Attempt, Search, Trial, TrialIndex, Worker
from tuning.models.trials import SCRIPT_LEASE_SECONDS
from tuning.models.work import lease_end
from tuning.models.workers import ago
from tuning.protocol.measured import MEASURED, label_of
from tuning.protocol.statuses import SEARCH_ACTIVE, SearchStatus, Status
from tuning.recording import recorder
from tuning.spaces.checked import Scalar
from tuning.spaces.joined import joined
from tuning.strategies.traits import Name

from .archived import locked_to_start
from .audit import record
from .dispatch import SCRIPTS_TASK, send_task

# Of what else is measured, this is known from the epochs.
_KNOWN = ("epoch_seconds", "training_seconds")


@transaction.atomic
def open_log(user: Any, search: Search) -> tuple[Search, bool]:
    """The search of scripts of `search.project` with this name, and whether it is new. Two scripts
    that begin at once get the same one. With a space, its strategy suggests values; without one,
    scripts bring them."""
    project = locked_to_start(search.project_id)
    found = project.searches.of_scripts().filter(name=search.name).order_by("-number").first()
    if found is not None:
        return found, False
    search.number = project.next_search_number()
    search.created_by = user
    search.origin = Search.Origin.SCRIPT
    search.status = SearchStatus.RUNNING
    search.epochs = 1
    if not search.space:
        search.tuner = Name.GIVEN
        search.exhausted = True
        search.max_trials = 0
        search.space = {"space": [], "values": {}}
    search.save()
    record("search.start", search, by=user)
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
    return trials_refusal(search.project.team, search.trials.count() + 1)


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
    last = row.last_number()
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


def refusal_to_ask(search: Search) -> str:
    """Why scripts get no trials of this search; empty if they do."""
    if search.is_imported:
        return f"Search {search.number} was imported, so it suggests nothing."
    if not search.strategy.suggests:
        return f"Search {search.number} has no strategy, so it suggests nothing."
    if search.strategy.has_rounds:
        return f"{search.strategy.caption} continues trained models, which a script does not have."
    if search.kind.not_asked:
        return search.kind.not_asked
    if search.pruning.traits.promotes:
        return f"{search.pruning.traits.caption} continues pruned trials, which a script cannot."
    measured = [name for name in search.judged_by if name in MEASURED and name not in _KNOWN]
    if measured:
        return f"A script cannot measure {label_of(measured[0])}, which this search needs."
    return ""


@dataclass(frozen=True)
class Asked:
    """A trial for the script, or why there is none yet or, `ended`, none any more."""

    trial: Trial | None = None
    reason: str = ""
    ended: bool = False


@transaction.atomic
def ask(search: Search, script: str) -> Asked:
    """Claim a trial of this search for a script. While none waits, a worker is asked for one."""
    row = recorder.locked(search.pk)
    if not row.is_active or recorder.end_at_limit(row):
        row.refresh_from_db(fields=["status", "end_reason"])
        status = row.get_status_display().lower()
        return Asked(reason=row.end_reason or f"The search is {status}.", ended=True)
    if row.status == SearchStatus.PAUSED:
        return Asked(reason="The search is paused.")
    if row.room() < 1:
        return Asked(reason="The limit of parallel trials is reached.")
    waiting = row.trials.queued().order_by("number").values_list("pk", flat=True).first()
    if waiting and Trial.objects.claim_for_script(waiting, script):
        trial = Trial.objects.get(pk=waiting)
        Attempt.objects.create(trial=trial, number=trial.attempt, worker_name=script)
        Search.objects.filter(pk=row.pk).update(
            # Whoever still waits asks again. The next suggestion is to know how this trial did.
            asked_at=None,
            last_claim_at=Now(),
            revision=F("revision") + 1,
        )
        return Asked(trial)
    if not row.may_suggest():
        return Asked(reason="All trials have started. A lost one will be offered again.")
    Search.objects.filter(pk=row.pk).update(asked_at=Now())
    transaction.on_commit(lambda: send_task(SCRIPTS_TASK))
    if not Worker.objects.available().exists():
        return Asked(reason="No worker is available to suggest values.")
    return Asked(reason="A worker suggests values.")
