"""What waits for a slot, why, and what is before it.

Members see their teams' work, administrators all. Of other teams a member learns only how much of
their work is before theirs: no name, no address. Short work that a person waits for is first, in
the order in which slots claim it (`supervisor/claims.py`); searches follow in their fair order
(`sharing.py`), one row for each, which stands for the trials that it could start.

What requires a GPU waits for slots that have one; while such work waits, nothing is estimated. A
start is estimated only where it is known what will free the slots: all of them have trials of
searches that have ended a few, and the row is next whoever's slot it is, because it is short work
or a search without a slot that none of those before it passes again.
"""

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from statistics import median
from typing import Any

from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from tuning.figures import counted
from tuning.models import (
    Dataset,
    DryRun,
    Execution,
    Inspection,
    ModelEvaluation,
    Prediction,
    Project,
    SavedModel,
    Search,
    SearchImport,
    Team,
    Trial,
    TrialIndex,
    Work,
    Worker,
)
from tuning.protocol.gpu_needs import GpuNeed
from tuning.protocol.statuses import SEARCH_ACTIVE, SearchStatus, Status

from .sharing import fair_order, full_teams, having_their_turn, waiting_searches
from .slots import Slots, slots
from .tasks import Task, tasks

# As slots claim them.
_SHORT: tuple[type[Work], ...] = (
    Prediction, Dataset, Inspection, SearchImport, DryRun, SavedModel, ModelEvaluation,
)  # fmt: skip
# Where work says whether it needs a GPU.
_NEEDS: dict[type[Work], str] = {SavedModel: "trial__search__gpu", DryRun: "gpu"}
Lacking = Mapping[str, "Reason"]
# Rows that a page shows.
MAX_ROWS = 200
# Trials that must have ended before the length of the next one is estimated.
MIN_ENDED, LAST_ENDED = 3, 20


class Reason(StrEnum):
    """Why something does not run yet, as the page says it."""

    NEXT = "A slot is free: a worker takes it within seconds."
    NO_SLOT = "All slots are busy."
    NO_GPU_SLOT = "All slots with a GPU are busy."
    NO_WORKER = "No worker is online."
    NO_GPU = "It requires a GPU, and no worker with one takes work."
    REFUSING = "The workers that are online take no work: they are paused, draining or outdated."
    QUOTA = "The team has all the slots that its quota allows."
    PAUSED = "The search is paused."
    PARALLEL = "Its limit of parallel trials is reached."
    ROUND = "Its strategy waits for running trials to finish."
    EXECUTIONS = "Its last trials are running; their executions wait for free slots."
    DATA = "The dataset is prepared first."
    CHOICE = "A team member has to confirm how it is read."

    @property
    def is_claimable(self) -> bool:
        """Whether slots are all that is missing."""
        return self in _CLAIMABLE


_CLAIMABLE = {
    Reason.NEXT, Reason.NO_SLOT, Reason.NO_GPU_SLOT, Reason.NO_WORKER, Reason.REFUSING,
}  # fmt: skip


@dataclass(frozen=True)
class Row:
    """`position` counts from 1 among all that only lacks a slot; `starts_in` are seconds.
    `has_turn`: nothing before it takes two slots first. `search` is there for the rows of searches,
    whose priority can be changed."""

    text: str
    url: str
    since: datetime
    reason: Reason
    project: int | None = None
    team: str = ""
    seen: bool = True
    detail: str = ""
    position: int | None = None
    has_turn: bool = True
    starts_in: float | None = None
    search: Search | None = None
    can_edit: bool = False


@dataclass(frozen=True)
class Queue:
    """`rows` are those that the user may see, `hidden` is the number of the others."""

    rows: list[Row]
    hidden: int
    slots: Slots
    waiting: int


def queue(user: Any) -> Queue:
    """A few queries for each kind of work, however much waits."""
    now_slots = slots()
    known = set(Project.objects.visible_to(user).values_list("pk", flat=True))
    lacking: Lacking = {need: _lacking(now_slots, need) for need in GpuNeed}
    found = [*_short_work(user, lacking), *_searches(user, lacking)]
    rows = sorted(_numbered(found, now_slots), key=lambda row: row.position is None)
    if not user.is_superuser:
        rows = [row for row in rows if row.seen or row.project in known]
    teams = _team_names(rows)
    shown = [replace(row, team=teams.get(row.project or 0, "")) for row in rows[:MAX_ROWS]]
    waiting = sum(row.reason.is_claimable for row in found)
    return Queue(shown, len(found) - len(shown), now_slots, waiting)


def _lacking(now_slots: Slots, need: str) -> Reason:
    """Why work with this need waits that only lacks a slot."""
    if need == GpuNeed.REQUIRED:
        if now_slots.free_gpus:
            return Reason.NEXT
        return Reason.NO_GPU_SLOT if now_slots.gpus else Reason.NO_GPU
    if now_slots.free:
        return Reason.NEXT
    if now_slots.total:
        return Reason.NO_SLOT
    return Reason.REFUSING if Worker.objects.online().exists() else Reason.NO_WORKER


def _short_work(user: Any, lacking: Lacking) -> Iterator[Row]:
    for kind in _SHORT:
        rows: Any = kind.objects.queued()  # type: ignore[attr-defined]
        if kind is Dataset:
            # Built-in ones wait until a project needs them: that is no queue.
            rows = rows.filter(Q(requested=True) | ~Q(detected_schema={}), folder="")
        if kind is Inspection:
            # For the galleries, once nothing else waits: a queue of its own.
            rows = rows.awaited()
        ready = set(kind.objects.ready().values_list("pk", flat=True))  # type: ignore[attr-defined]
        full = _full_projects(rows) if kind is SavedModel else set()
        needs = dict(rows.values_list("pk", _NEEDS[kind])) if kind in _NEEDS else {}
        for task in tasks(kind, user, rows):
            reason = lacking[needs.get(task.row.pk, GpuNeed.NONE)]
            if task.row.pk not in ready:
                reason = Reason.DATA if kind is Inspection else Reason.CHOICE
            elif task.project in full:
                reason = Reason.QUOTA
            yield _row(task, reason)


def _row(task: Task, reason: Reason) -> Row:
    return Row(task.text, task.url, task.row.created_at, reason, task.project, seen=task.visible)


def _full_projects(rows: Any) -> set[int]:
    found = {row.project_id: row.project.team for row in rows.select_related("project__team")}
    full = full_teams(found.values())
    return {project for project, team in found.items() if team.pk in full}


def _searches(user: Any, lacking: Lacking) -> Iterator[Row]:
    """First those that only lack a slot, in their fair order."""
    able = fair_order(waiting_searches(), None, False, timezone.now())
    order = {each.pk: place for place, each in enumerate(able)}
    turns = having_their_turn(able)
    active = Search.objects.run_here().with_status(*SEARCH_ACTIVE).filter(end_reason="")
    large = "oracle_state", "space", "project__hypermodel__code"
    rows = list(active.select_related("project__team").defer(*large).for_list())
    full = full_teams(row.project.team for row in rows)
    editable = set(Team.objects.editable_by(user).values_list("pk", flat=True))
    executions = Counter(Execution.objects.claimable().values_list("trial__search", flat=True))
    for row in sorted(rows, key=lambda row: order.get(row.pk, len(order))):
        reason = _reason(row, row.pk in order, executions[row.pk], full, lacking[row.gpu])
        if reason is not None:
            yield Row(
                str(row), reverse("search-detail", args=[row]),
                row.last_claim_at or row.created_at, reason, row.project_id, seen=False,
                detail=_detail(row, executions[row.pk]), has_turn=row.pk in turns, search=row,
                can_edit=row.project.team_id in editable,
            )  # fmt: skip


def _reason(
    search: Any, is_able: bool, executions: int, full: set[int], lacking: Reason
) -> Reason | None:
    """None if nothing of it waits: its last trials run."""
    if search.status == SearchStatus.PAUSED:
        return Reason.PAUSED
    if is_able:
        # A worker would have begun a trial long before a person reads this.
        waits = search.strategy.has_rounds and search.running_count and not search.queued_count
        return Reason.ROUND if waits and lacking == Reason.NEXT else lacking
    if not _left(search):
        return Reason.EXECUTIONS if executions else None
    return Reason.QUOTA if search.project.team_id in full else Reason.PARALLEL


def _left(search: Any) -> int:
    """How many of its trials have not begun; of strategies with rounds at least those known."""
    if search.exhausted or not search.strategy.suggests:
        return int(search.queued_count)
    if search.strategy.has_rounds:
        return max(int(search.queued_count), 1)
    return int(search.queued_count + max(search.max_trials - search.trial_count, 0))


def _detail(search: Any, executions: int) -> str:
    parts = []
    if not search.strategy.has_rounds:
        parts.append(f"{counted(_left(search), 'trial')} to start")
    parts.append(f"{search.running_count} running" if search.running_count else "none running")
    if executions:
        parts.append(f"{counted(executions, 'execution')} waiting")
    return ", ".join(parts)


def _numbered(rows: list[Row], now_slots: Slots) -> list[Row]:
    """With positions, and estimates where they are honest."""
    # Which slot becomes free next is known, but not whether it is one with a GPU.
    any_slot = not any(row.reason == Reason.NO_GPU_SLOT for row in rows)
    may_tell = any_slot and now_slots.total and not now_slots.free
    frees = _seconds_until_free() if may_tell else []
    numbered, place = [], 0
    for row in rows:
        if row.reason.is_claimable:
            place += 1
            known = row.has_turn and place <= len(frees)
            row = replace(row, position=place, starts_in=frees[place - 1] if known else None)
        numbered.append(row)
    return numbered


def _seconds_until_free() -> list[float]:
    """When slots become free, the soonest first: by the median length of the last trials of each
    search. Empty unless that is known of all that runs."""
    running = Trial.objects.running().filter(script="")
    rows = list(running.exclude(started_at=None).values_list("search", "started_at"))
    kinds: tuple[Any, ...] = (Execution, *_SHORT)
    if not rows or any(kind.objects.running().exists() for kind in kinds):
        return []
    searches = {search for search, _ in rows}
    lengths: dict[int, list[float]] = {search: [] for search in searches}
    ended = TrialIndex.objects.filter(
        search__in=searches, status=Status.COMPLETED, seconds__isnull=False
    )
    for search, seconds in ended.order_by("-trial").values_list("search", "seconds")[
        : LAST_ENDED * len(searches)
    ]:
        lengths[search].append(seconds)
    if any(len(found) < MIN_ENDED for found in lengths.values()):
        return []
    now = timezone.now()
    left = []
    for search, started in rows:
        taken = (now - started).total_seconds()
        if taken > max(lengths[search]):
            # It takes longer than any before: nobody knows how long.
            return []
        left.append(_rounded(max(median(lengths[search]) - taken, 0.0)))
    return sorted(left)


def _rounded(seconds: float) -> float:
    """As exact as an estimate is."""
    unit = 10 if seconds < 120 else 60
    return max(math.ceil(seconds / unit), 1) * unit


def _team_names(rows: list[Row]) -> dict[int, str]:
    projects = Project.objects.filter(pk__in={row.project for row in rows if row.project})
    return dict(projects.values_list("pk", "team__name"))
