"""The limits of a search: whichever is reached first ends it. One table, which forms, pages, the
recorder and the command line read.

A search ends at whichever limit it reaches first: `analysis/limits.py` has one row for each
(field, caption, unit, how far it is, the sentence when it is reached), which forms, pages,
`tune`, the help and the recorder read. They are checked under the search's lock where trials end
(`recorder.close_if_done`), where they are claimed, and in the scheduler's pass, because time
passes without any trial. A search that reached one keeps its status while its last trials run,
with `end_reason`, which keeps claims away; then it is completed and what waits is stopped. Wall
time is `Search.active_seconds`: `idle_seconds` has pauses and the time between an end and going
on. `actions.change_limits` writes only what a person changed, and lets a completed search go on
if no limit is reached any more.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.db.models import Q, Sum

from tuning.figures import counted, duration, figure
from tuning.models import Search, Trial

CLOCK_SECONDS = 10


class Unit(StrEnum):
    """What a limit counts; forms choose a field by it."""

    TRIALS = "trials"
    SECONDS = "seconds"
    SCORE = "score"


@dataclass(frozen=True)
class Standing:
    """How far a search is on its way to a limit. `sentence` is empty until it is reached."""

    share: float
    text: str
    sentence: str = ""
    # Of limits of time.
    seconds: float = 0.0


@dataclass(frozen=True)
class Limit:
    """`name` is the field of a search, of forms, and the option of `tune`.

    early: ends the search before its trials have run. Running trials go on to their end, waiting
        ones do not start.
    summed: a limit of time that parallel trials use up together.
    of_one_score: without a meaning where trials are compared by several objectives.
    """

    name: str
    caption: str
    help: str
    unit: Unit
    measure: Callable[[Search, Any], Standing]
    early: bool = True
    summed: bool = False
    of_one_score: bool = False

    @property
    def option(self) -> str:
        return f"--{self.name.replace('_', '-')}"

    def value(self, search: Search) -> Any:
        """None if the search has no such limit."""
        return getattr(search, self.name) if self.applies(search) else None

    def applies(self, search: Search) -> bool:
        if self.of_one_score and search.has_several_objectives:
            return False
        return self.early or search.strategy.counts_trials

    def value_text(self, value: float) -> str:
        """ "2 h", "20 trials" or "0.95"."""
        return _VALUE_TEXTS[self.unit](value)

    def standing(self, search: Search) -> Standing | None:
        value = self.value(search)
        return None if value is None else self.measure(search, value)


@dataclass(frozen=True)
class Bar:
    """A limit that is set, as a page shows it."""

    limit: Limit
    standing: Standing

    @property
    def percent(self) -> int:
        return round(100 * self.standing.share)


def bars(search: Search) -> list[Bar]:
    """The limits that are set, apart from the number of trials, which each search has."""
    standings = [(limit, limit.standing(search)) for limit in EARLY]
    return [Bar(limit, standing) for limit, standing in standings if standing]


def early_end(search: Search) -> str:
    """Which early limit is reached, in a sentence; empty if none is."""
    return _first_reached(search, EARLY)


def reached(search: Search) -> str:
    """The same for all limits."""
    return _first_reached(search, LIMITS)


def has_early_limit() -> Q:
    """Of searches that an early limit may end."""
    return Q(*((f"{limit.name}__isnull", False) for limit in EARLY), _connector=Q.OR)


def values_of(search: Search) -> list[tuple[str, str]]:
    """Captions and values of the early limits that are set, as a page's settings list them."""
    found = [(limit, limit.value(search)) for limit in EARLY]
    return [(limit.caption, limit.value_text(value)) for limit, value in found if value is not None]


def seconds_left(search: Search, lanes: int) -> tuple[float, bool]:
    """Until a limit of time is reached with `lanes` trials at once, and whether another early
    limit may be reached at any time. Of a search that has not been saved, too."""
    most, any_time = math.inf, False
    for limit in EARLY:
        value = limit.value(search)
        if value is None:
            continue
        if limit.unit != Unit.SECONDS:
            any_time = True
            continue
        spent = limit.measure(search, value).seconds if search.pk else 0.0
        most = min(most, max(value - spent, 0.0) / (lanes if limit.summed else 1))
    return most, any_time


def clock(search: Search) -> str:
    """What a page that follows the search has to see again though nothing happened: another text
    every ten seconds while time brings a limit closer."""
    timed = any(limit.unit == Unit.SECONDS and limit.value(search) is not None for limit in EARLY)
    return str(int(time.time() // CLOCK_SECONDS)) if timed and search.is_active else ""


def _first_reached(search: Search, limits: tuple[Limit, ...]) -> str:
    for limit in limits:
        standing = limit.standing(search)
        if standing and standing.sentence:
            return standing.sentence
    return ""


def _trials(search: Search, most: int) -> Standing:
    ended = search.trials.finished().count()
    sentence = f"Reached the maximum of {counted(most, 'trial')}." if ended >= most else ""
    return Standing(_share(ended, most), f"{ended:,} of {counted(most, 'trial')}", sentence)


def _wall_time(search: Search, most: int) -> Standing:
    return _time(search.active_seconds(), most, "maximum duration")


def _training_time(search: Search, most: int) -> Standing:
    return _time(training_seconds(search), most, "maximum training time")


def _target(search: Search, target: float) -> Standing:
    scored = search.trials.scored()
    first = scored.order_by("end_order", "number").first()
    best = scored.best_first(search.direction).first()
    if first is None or best is None:
        return Standing(0.0, f"target {_exactly(target)}")
    text = f"best {figure(best.score)}, target {_exactly(target)}"
    side = "gte" if search.direction == Search.Direction.MAX else "lte"
    hit = scored.filter(**{f"score__{side}": target}).order_by("end_order", "number").first()
    if hit is not None:
        sentence = f"Reached the target score {_exactly(target)} with trial {hit.number}."
        return Standing(1.0, text, sentence)
    # From the first score on: those who minimise have no natural zero.
    share = _share(abs(best.score - first.score), abs(target - first.score))
    return Standing(min(share, 0.99), text)


def _no_improvement(search: Search, most: int) -> Standing:
    best = best_that_ended_first(search)
    since = 0
    if best is not None and best.end_order is not None:
        since = search.trials.judged().filter(end_order__gt=best.end_order).count()
    sentence = ""
    if best is not None and since >= most:
        trials = counted(since, "trial")
        sentence = f"No improvement in {trials} since trial {best.number} ({figure(best.score)})."
    text = f"{since:,} of {counted(most, 'trial')}"
    return Standing(_share(since, most), text, sentence)


def best_that_ended_first(search: Search) -> Trial | None:
    """Of several best trials the one that ended first: a tie is no improvement."""
    best = search.trials.best_first(search.direction).first()
    if best is None:
        return None
    equals = search.trials.scored().filter(score=best.score)
    return equals.order_by("end_order", "number").first()


def training_seconds(search: Search) -> float:
    """All durations of trials together, those of active ones until now."""
    # Databases are slow to subtract times; the cells of ended trials have the difference.
    ended = search.index_rows.aggregate(sum=Sum("seconds"))["sum"] or 0.0
    active = search.trials.active().only("status", "started_at", "finished_at", "earlier_seconds")
    return ended + sum(max(trial.seconds, 0.0) for trial in active.order_by())


def _time(seconds: float, most: int, name: str) -> Standing:
    sentence = f"Reached the {name} of {duration(most)}." if seconds >= most else ""
    text = f"{duration(seconds)} of {duration(most)}"
    return Standing(_share(seconds, most), text, sentence, seconds)


def _exactly(value: float) -> str:
    """What a person entered, not rounded: 0.95 and not 0.9500."""
    return f"{value:.12g}"


def _share(done: float, of: float) -> float:
    return min(max(done / of, 0.0), 1.0) if of else 1.0


_VALUE_TEXTS: dict[Unit, Callable[[Any], str]] = {
    Unit.TRIALS: lambda value: counted(value, "trial"),
    Unit.SECONDS: duration,
    Unit.SCORE: _exactly,
}

LIMITS = (
    Limit(
        "target_score", "Target score",
        "Ends the search when a trial reaches this score.",
        Unit.SCORE, _target, of_one_score=True,
    ),
    Limit(
        "patience_trials", "Max trials without improvement",
        "Ends the search after this many finished trials without a better score.",
        Unit.TRIALS, _no_improvement, of_one_score=True,
    ),
    Limit(
        "max_time", "Max duration",
        "Ends the search after this time, pauses excluded: 90, 30m, 2h or 1d.",
        Unit.SECONDS, _wall_time,
    ),
    Limit(
        "max_training_time", "Max training time",
        "Ends the search after this total training time of its trials.",
        Unit.SECONDS, _training_time, summed=True,
    ),
    Limit(
        "max_trials", "Max trials",
        "Number of configurations, including the template defaults.",
        Unit.TRIALS, _trials, early=False,
    ),
)  # fmt: skip
EARLY = tuple(limit for limit in LIMITS if limit.early)
