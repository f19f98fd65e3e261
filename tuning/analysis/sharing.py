"""How teams that wait for slots share them: which search gives a free slot its next trial.

A slot goes to the team with the smallest share: the slots that it has now over its weight. Where
shares are equal (with fewer slots than teams, all that wait have none), it goes to the team whose
time since its last claim, times its weight, is longest. So no team waits for ever. With enough
slots teams have them in proportion to their weights; with few, each that waits has one before any
has two. Of the team's searches that of the highest priority is next, then that with the fewest
slots, then the one that has waited longest. A lower priority waits while higher ones of its own
team have trials to start, and for nothing else.

A slot with a GPU takes searches that want one before others of the same team and priority
(`slots.py` says which slots may have which searches).

A change of search is a change of process, so a slot stays with its search as long as nobody has a
better claim (`_outranks`), and for 20 s whoever waits (`firmly`).

A team at its quota of slots takes none: its trials, executions and retrainings wait. The claim
counts once more with the team's row locked (`team_slot`), so two slots cannot exceed it together.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import Count, F, OuterRef, Subquery, Value
from django.db.models.functions import Coalesce

from tuning.models import Execution, SavedModel, Search, Team, Trial
from tuning.models.fixed_queries import FixedQuery
from tuning.protocol.gpu_needs import GpuNeed
from tuning.protocol.statuses import SEARCH_ACTIVE, SearchStatus
from tuning.strategies.traits import traits_of

from .slots import Demand


@dataclass(frozen=True)
class TeamSlots:
    """How many slots a team has, and may have."""

    pk: int
    weight: int = 1
    in_use: int = 0
    limit: int | None = None

    @property
    def share(self) -> float:
        return self.in_use / self.weight

    def cut(self, requested: int) -> int:
        """How many of the requested ones it may have."""
        return requested if self.limit is None else max(min(requested, self.limit - self.in_use), 0)


@dataclass(frozen=True)
class WaitingSearch:
    """A search that could start `room` more trials now, of which `running` run; `has_waiting`: some
    wait already, and need no suggestion."""

    pk: int
    running: int
    room: int
    created_at: datetime
    claimed_at: datetime | None
    priority: int
    team: TeamSlots
    gpu: str = GpuNeed.NONE
    has_waiting: bool = False


def fair_order(
    searches: Collection[WaitingSearch], prefer: int | None, firmly: bool, now: datetime,
    has_gpu: bool = False,
) -> list[WaitingSearch]:  # fmt: skip
    """The search that is next, and those that follow if it has nothing to start after all.
    `prefer`: what the slot worked for until now; `has_gpu`: whether it has one."""
    waits = {team: now - since for team, since in _waiting_since(searches).items()}

    def key(search: WaitingSearch) -> tuple[Any, ...]:
        team = search.team
        since = search.claimed_at or search.created_at
        wait: timedelta = waits[team.pk] * team.weight
        gpu = not (has_gpu and search.gpu)
        return (team.share, -wait, team.pk, -search.priority, gpu, search.running, since, search.pk)

    ordered = sorted(searches, key=key)
    own = next((search for search in ordered if search.pk == prefer), None)
    if own and (firmly or not any(_outranks(search, own, has_gpu) for search in ordered)):
        ordered.sort(key=lambda search: search is not own)
    return ordered


def _waiting_since(searches: Iterable[WaitingSearch]) -> dict[int, datetime]:
    """Of each team: its last claim; if none of its searches has had one, when the first began."""
    teams: dict[int, list[WaitingSearch]] = {}
    for search in searches:
        teams.setdefault(search.team.pk, []).append(search)
    return {
        team: max((each.claimed_at for each in found if each.claimed_at), default=None)
        or min(each.created_at for each in found)
        for team, found in teams.items()
    }


def _outranks(search: WaitingSearch, own: WaitingSearch, has_gpu: bool) -> bool:
    """Whether a slot should turn from its own search to this one."""
    if search.team.pk != own.team.pk:
        return search.team.share < own.team.share or search.team.in_use == 0
    if search.priority != own.priority:
        return search.priority > own.priority
    if has_gpu and bool(search.gpu) != bool(own.gpu):
        return bool(search.gpu)
    return search.running == 0 and search is not own


def having_their_turn(ordered: Sequence[WaitingSearch]) -> set[int]:
    """Of searches in their fair order those without a slot that get one as soon as each one before
    them has one more: none of these takes two first."""
    found = set()
    for place, search in enumerate(ordered):
        before = ordered[:place]
        own = [each for each in before if each.team.pk == search.team.pk]
        share = (search.team.in_use + len(own)) / search.team.weight
        shares = [
            (each.team.in_use + 1) / each.team.weight
            for each in before
            if each.team.pk != search.team.pk
        ]
        same_priority = all(each.priority == search.priority for each in own)
        if not search.running and same_priority and share <= min(shares, default=share):
            found.add(search.pk)
    return found


def waiting_searches() -> list[WaitingSearch]:
    """Those that could start a trial now: a query, and one more if teams have to share."""
    rows = [row for row in map(_Running._make, _RUNNING.rows()) if _room(row)]
    teams = {(row.team, row.max_slots) for row in rows}
    limits = {team: _quota(own) for team, own in teams}
    shared = len(limits) > 1 or any(limit is not None for limit in limits.values())
    in_use = slots_in_use() if shared else Counter()
    found = []
    for row in rows:
        team = TeamSlots(row.team, row.weight, in_use[row.team], limits[row.team])
        if room := team.cut(_room(row)):
            since = row.created_at, row.last_claim_at
            found.append(
                WaitingSearch(
                    row.pk, row.running, room, *since, row.priority, team, row.gpu, row.queued > 0
                )
            )
    return found


def claimable_trials() -> Demand:
    """How many slots would find a trial to begin."""
    rooms: dict[TeamSlots, Demand] = {}
    for search in waiting_searches():
        room = Demand.of(search.gpu, search.room)
        rooms[search.team] = rooms.get(search.team, Demand()) + room
    return sum((_cut(team, room) for team, room in rooms.items()), Demand())


def _cut(team: TeamSlots, room: Demand) -> Demand:
    """As far as the team may have more slots."""
    on_gpu = team.cut(room.on_gpu)
    return Demand(on_gpu, team.cut(on_gpu + room.anywhere) - on_gpu)


class _Running(NamedTuple):
    """A search that runs, with counts of its trials, and its team."""

    pk: int
    parallel_trials: int
    exhausted: bool
    tuner: str
    max_trials: int
    last_claim_at: datetime | None
    created_at: datetime
    priority: int
    gpu: str
    running: int
    queued: int
    made: int
    team: int
    max_slots: int | None
    weight: int


def _running_searches() -> Any:
    running = _counted(Trial.objects.running(), "search") + _executions_elsewhere()
    queued = _counted(Trial.objects.queued(), "search")
    made = Coalesce(Subquery(_last_number()), 0)
    team = {
        name: F(f"project__team__{field}")
        for name, field in (("team", "pk"), ("max_slots", "max_slots"), ("weight", "weight"))
    }
    return (
        Search.objects.run_here()
        .with_status(SearchStatus.RUNNING)
        .annotate(running=running, queued=queued, made=made, **team)
        # Which of them have room is not asked here: the database would count everything twice.
        .filter(end_reason="")
        .order_by()
        # No objects: there may be hundreds, and each free slot asks.
        .values_list(*_Running._fields)
    )


def _last_number() -> Any:
    """How many trials a search has: they are numbered from 1 on, and none goes alone. By the end of
    an index: counting those of 100 searches with 10,000 each took longer than all else."""
    rows = Trial.objects.filter(search=OuterRef("pk")).order_by("-number")
    return rows.values("number")[:1]


def _executions_elsewhere() -> Any:
    """Of each search, how many slots train executions of other slots' trials."""
    return _counted(Execution.objects.running(), "trial__search")


def _counted(rows: Any, search: str) -> Any:
    """How many of these rows each search has, by its index. `search`: where they have it. Not by a
    join, which took SQLite a hundred times as long with 40,000 trials."""
    found = rows.filter(**{search: OuterRef("pk")}).order_by().values(search)
    return Coalesce(Subquery(found.annotate(count=Count("pk")).values("count")), 0)


def _room(row: _Running) -> int:
    """How many trials of a search could start now. Of strategies with rounds only they themselves
    know how many are left."""
    room = max(row.parallel_trials - row.running, 0)
    if row.exhausted:
        return min(room, row.queued)
    if traits_of(row.tuner).has_rounds:
        return room
    return min(room, row.queued + max(0, row.max_trials - row.made))


def slots_in_use() -> Counter[int]:
    """Of each team: the slots that have its trials, executions and retrainings. One query."""
    in_use: Counter[int] = Counter()
    for team, slots in _SLOTS_IN_USE.rows():
        in_use[team] += slots
    return in_use


def _slots_in_use() -> Any:
    # By search: SQLite would read all trials that there are to find the few that run.
    trials = _counted(Trial.objects.running().filter(script=""), "search")
    searches = Search.objects.with_status(*SEARCH_ACTIVE).order_by()
    searches = searches.annotate(slots=trials + _executions_elsewhere())
    models = SavedModel.objects.running().order_by().annotate(slots=Value(1))
    return searches.values_list("project__team", "slots").union(
        models.values_list("project__team", "slots"), all=True
    )


class Standing(NamedTuple):
    """What a search has: how many of its trials and executions run, the first trial that waits, and
    the number of its last one."""

    running: int
    waiting: int | None
    made: int


def standing_of(search_id: int) -> Standing:
    """One query: each claim asks, and once more with the search's row locked."""
    # Deleted meanwhile?
    return Standing._make(_STANDING.first(search_id) or (0, None, 0))


def _standing(search_id: int) -> Any:
    waiting = Trial.objects.queued().filter(search=OuterRef("pk")).order_by("number")
    return Search.objects.filter(pk=search_id).values_list(
        _counted(Trial.objects.running(), "search") + _executions_elsewhere(),
        Subquery(waiting.values("pk")[:1]),
        Coalesce(Subquery(_last_number()), 0),
    )


_RUNNING, _SLOTS_IN_USE = FixedQuery(_running_searches), FixedQuery(_slots_in_use)
_STANDING = FixedQuery(_standing)


def full_teams(teams: Iterable[Team]) -> set[int]:
    """Those that have all the slots that they may have. A query if any of them has a quota."""
    limits = {team.pk: team.quota("max_slots") for team in teams}
    limited = {pk: limit for pk, limit in limits.items() if limit is not None}
    in_use = slots_in_use() if limited else Counter()
    return {pk for pk, limit in limited.items() if in_use[pk] >= limit}


@contextmanager
def team_slot(team: Team) -> Iterator[bool]:
    """Whether the team may have another slot. Nothing else takes it for the team meanwhile."""
    if team.quota("max_slots") is None:
        yield True
        return
    with transaction.atomic():
        locked = Team.objects.select_for_update().get(pk=team.pk)
        yield not full_teams([locked])


def _quota(own: int | None) -> int | None:
    """The quota of slots of a team whose own one is this."""
    return Team(max_slots=own).quota("max_slots")
