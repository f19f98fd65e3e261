"""The Pareto front of a search with several objectives: the completed trials that no other trial
beats in one objective without being worse in another. Where there are several objectives, pages
speak of it in place of a best trial.

A front is read from the trial index in one query and remembered for a revision of its search.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from django.core.cache import cache

from tuning.figures import counted, figure, in_words
from tuning.models import Search, Trial
from tuning.protocol.constraints import RELATIONS, Constraint
from tuning.protocol.measured import MEASURED, label_of
from tuning.protocol.metrics import MAX
from tuning.protocol.objectives import Objective
from tuning.protocol.statuses import Status

from .pareto import front_places, knee_of, losses_of

REMEMBERED_SECONDS = 3600
# Of the table on the search's page.
MAX_ROWS = 12
# The trial index's columns of what is measured and is a column of its own.
_FIELDS = {"parameters": "parameters", "peak_memory": "memory"}


@dataclass(frozen=True)
class JudgedTrial:
    """A trial with a value of each objective, in their order."""

    pk: int
    number: int
    values: tuple[float, ...]


@dataclass(frozen=True)
class Front:
    """`trials` are sorted by the first objective, best first. `knee` is the suggested compromise,
    `reason` says why."""

    objectives: tuple[Objective, ...]
    trials: tuple[JudgedTrial, ...] = ()
    knee: JudgedTrial | None = None
    reason: str = ""

    @property
    def keys(self) -> set[int]:
        return {trial.pk for trial in self.trials}

    @property
    def labels(self) -> list[str]:
        return [label_of(objective.name) for objective in self.objectives]

    @property
    def text(self) -> str:
        """ "5 trials on the Pareto front"."""
        return f"{counted(len(self.trials), 'trial')} on the Pareto front"


def front_of(search: Search) -> Front:
    """One query, or none if nothing has changed since the last time."""
    key = f"front-{search.pk}-{search.revision}"
    known: Front | None = cache.get(key)
    if known is None:
        known = _front(search)
        cache.set(key, known, REMEMBERED_SECONDS)
    return known


def judged_trials(search: Search) -> list[JudgedTrial]:
    """The completed trials that have all objectives, by number."""
    keys = [column_of(search, objective.name) for objective in search.objectives]
    scored = search.index_rows.filter(status=Status.COMPLETED, score__isnull=False)
    if all(keys):
        rows = scored.order_by("number").values_list("trial", "number", *keys)
        found = [JudgedTrial(pk, number, tuple(values)) for pk, number, *values in rows]
    else:
        # The index has no room for one of them.
        names = [objective.name for objective in search.objectives]
        trials = search.trials.scored().order_by("number")
        found = [
            JudgedTrial(trial.pk, trial.number, tuple(trial.figure(name) for name in names))
            for trial in trials.only("number", "metrics", "measures", "parameters", "peak_memory")
        ]
    return [trial for trial in found if None not in trial.values]


def column_of(search: Search, name: str) -> str:
    """Where the trial index has an objective; empty if it has no room for it."""
    if name == search.objective:
        return "score"
    slot: str = search.index_columns.get(f"metric:{name}", "")
    return slot or _FIELDS.get(name, "") or search.index_columns.get(f"measure:{name}", "")


def key_of(search: Search, name: str) -> str:
    """What the trial table calls the column of an objective."""
    if name == search.objective:
        return "score"
    if name not in MEASURED or f"metric:{name}" in search.index_columns:
        return f"metric:{name}"
    return _FIELDS.get(name, f"measure:{name}")


def losses(search: Search, trials: Sequence[JudgedTrial]) -> list[tuple[float, ...]]:
    directions = [objective.direction for objective in search.objectives]
    return [losses_of(trial.values, directions) for trial in trials]


def _front(search: Search) -> Front:
    objectives = tuple(search.objectives)
    every = judged_trials(search)
    found = [every[place] for place in front_places(losses(search, every))]
    sign = -1 if search.direction == MAX else 1
    found.sort(key=lambda trial: (sign * trial.values[0], trial.number))
    place = knee_of(losses(search, found))
    if place is None:
        return Front(objectives)
    return Front(objectives, tuple(found), found[place], _reason(objectives, found, found[place]))


def _reason(
    objectives: Sequence[Objective], front: Sequence[JudgedTrial], chosen: JudgedTrial
) -> str:
    parts = []
    is_best_of_all = True
    for place, objective in enumerate(objectives):
        values = [trial.values[place] for trial in front]
        best = max(values) if objective.direction == MAX else min(values)
        value = chosen.values[place]
        is_best_of_all &= value == best
        against = "the best" if value == best else f"best {objective_figure(best)}"
        parts.append(f"{label_of(objective.name)} {objective_figure(value)} ({against})")
    if is_best_of_all:
        return "No other trial is better in any objective."
    return f"Of the front, it is nearest to the best of all objectives: {in_words(parts)}."


def objective_figure(value: float) -> str:
    """A value of an objective; whole numbers from 1,000 on keep all digits."""
    return figure(int(value) if float(value).is_integer() and abs(value) >= 1000 else value)


def suggested(search: Search) -> Trial | None:
    """The trial that pages propose: the best one, or the compromise of several objectives."""
    if not search.has_several_objectives:
        best = search.trials.best_first(search.direction)
    else:
        knee = front_of(search).knee
        best = search.trials.filter(pk=knee.pk) if knee else search.trials.none()
    found: Trial | None = best.defer("failure_traceback", "log_tail", "layers").first()
    return found


def front_text(search: Search) -> str:
    """What lists show of a search in place of a best score; empty with one objective, or before
    the first trial has completed."""
    if not search.has_several_objectives:
        return ""
    front = front_of(search)
    return front.text if front.trials else ""


@dataclass(frozen=True)
class FrontRow:
    """A line of the search page's table: `figures` of the objectives, in their order."""

    trial: Trial
    figures: list[str]
    is_knee: bool


def front_rows(search: Search, most: int = MAX_ROWS) -> list[FrontRow]:
    """The first trials of the front, best first objective first."""
    front = front_of(search)
    shown = front.trials[:most]
    if front.knee and front.knee not in shown:
        shown = (*shown[:-1], front.knee)
    trials = search.trials.defer("failure_traceback", "log_tail", "layers")
    found = trials.in_bulk([each.pk for each in shown])
    return [
        FrontRow(
            found[each.pk], [objective_figure(value) for value in each.values], each == front.knee
        )
        for each in shown
        if each.pk in found
    ]


def objective_values(search: Search) -> list[tuple[str, str]]:
    """Captions and texts of the objectives after the first and of the constraints, as a page's
    settings list them."""
    words = dict(Search.Direction.choices)
    found = [
        (f"Objective {place}", f"{label_of(each.name)}, {words[each.direction]}")
        for place, each in enumerate(search.objectives[1:], start=2)
    ]
    return [*found, *(("Constraint", constraint_text(each)) for each in search.constraint_list)]


def constraint_text(constraint: Constraint) -> str:
    """ "Latency (ms) at most 5"."""
    words = RELATIONS[constraint.relation]
    return f"{label_of(constraint.name)} {words} {constraint.limit_text}"
