"""What a confirmation shows: the top trials of a search, each run several times with new seeds.

A search's best score is the luckiest of many, so that the runs that chose it say too much of it.
Only the new runs are compared here. Trials that chance may have put behind the best are tied with
it, and of tied trials the smaller one, or the faster one, is suggested.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from tuning.figures import counted, in_words
from tuning.models import Search, Trial
from tuning.protocol.statuses import Status
from tuning.strategies.untried import Key, key_of

from .summary import Spread, light, spread
from .ties import SIGNIFICANT, paired_folds, welch

# What a form proposes and takes.
TOP, MAX_TOP = 5, 20
RUNS, MAX_RUNS = 3, 20
FOLDS, MAX_FOLDS = 10, 20
# The same values may be found so often among the best.
_ROUNDS = 10


class Verdict(StrEnum):
    BEST = "best"
    TIED = "not distinguishable from the best"
    WORSE = "worse than the best"
    UNKNOWN = "too few scores to compare"


@dataclass(frozen=True)
class Confirmed:
    """`trial` is the one that was confirmed (None if it was deleted), `again` the one that ran its
    values again, `spread` what its runs scored."""

    trial: Trial | None
    again: Trial
    spread: Spread | None
    verdict: Verdict
    p: float | None = None

    @property
    def name(self) -> str:
        return f"trial {(self.trial or self.again).number}"


@dataclass(frozen=True)
class Confirmation:
    """`rows` begin with the best mean; `left` trials have not completed. `suggested` is the one of
    the best and its ties that is smallest or fastest; None while trials are left."""

    search: Search
    rows: tuple[Confirmed, ...]
    left: int
    suggested: Confirmed | None = None
    reason: str = ""

    @property
    def tied(self) -> list[Confirmed]:
        return [row for row in self.rows if row.verdict == Verdict.TIED]

    @property
    def sentence(self) -> str:
        """What came of it; empty while trials are left."""
        if self.suggested is None:
            return ""
        best = self.rows[0]
        if not self.tied:
            alone = "is better than the others by more than chance"
            others = [row.verdict for row in self.rows[1:]]
            compared = bool(others) and set(others) == {Verdict.WORSE}
            return f"{_capital(best.name)} {alone if compared else 'has the best mean'}."
        tied = in_words([row.name for row in self.tied])
        verb = "is" if len(self.tied) == 1 else "are"
        text = f"{_capital(tied)} {verb} not distinguishable from {best.name}, the best (95 %)."
        return f"{text} {_capital(self.suggested.name)} {self.reason}."


def confirmation(search: Search) -> Confirmation | None:
    """Of a search that confirms others; None for all other searches. One query."""
    if not search.is_confirmation:
        return None
    trials = list(light(search.trials.select_related("confirms__search").order_by("number")))
    done = [t for t in trials if t.status == Status.COMPLETED and t.score is not None]
    down = search.direction == Search.Direction.MIN
    done.sort(key=lambda trial: (trial.score if down else -trial.score, trial.number))
    rows = tuple(_confirmed(search, done[0], trial) for trial in done)
    left = sum(trial.is_active for trial in trials)
    if left or not rows:
        return Confirmation(search, rows, left)
    return Confirmation(search, rows, 0, *_suggested(rows))


def confirmations_on(search: Search) -> list[Confirmation]:
    """What its page shows: the search's own result if it is a confirmation, else those of the
    confirmations of its top trials, the latest first."""
    if (own := confirmation(search)) is not None:
        return [own]
    found = search.confirmations.select_related("project").defer("oracle_state").order_by("-pk")
    return [made for each in found if (made := confirmation(each)) is not None]


def candidates(search: Search, count: int) -> list[Trial]:
    """The best `count` trials with different values. Hyperband trains the same ones in several
    rounds, and a person may have run some again."""
    rows = light(search.trials.best_first(search.direction)).select_related("search")
    found: dict[Key, Trial] = {}
    for trial in rows[: count * _ROUNDS]:
        found.setdefault(key_of(trial.values), trial)
    return list(found.values())[:count]


def refusal(search: Search) -> str:
    """Why its trials cannot be confirmed; empty if they can."""
    if text := lasting_refusal(search):
        return text
    return "" if search.trials.scored().exists() else "No trial has completed yet."


def lasting_refusal(search: Search) -> str:
    """The same, as far as no further trial changes it."""
    if not search.runs_here:
        return search.no_code_text
    if search.kind.not_confirmed:
        return search.kind.not_confirmed
    if search.has_several_objectives:
        return "With several objectives there is no ranking of trials to confirm."
    return ""


def _confirmed(search: Search, best: Trial, trial: Trial) -> Confirmed:
    scores = _scores(search, trial)
    found = spread(trial.execution_scores)
    if trial.pk == best.pk:
        return Confirmed(trial.confirms, trial, found, Verdict.BEST)
    test = paired_folds if search.has_folds else welch
    p = test(_scores(search, best), scores)
    if p is None:
        return Confirmed(trial.confirms, trial, found, Verdict.UNKNOWN)
    verdict = Verdict.TIED if p >= SIGNIFICANT else Verdict.WORSE
    return Confirmed(trial.confirms, trial, found, verdict, p)


def _scores(search: Search, trial: Trial) -> list[float]:
    """Of its runs. Nobody knows which fold has none where a `fit` of the template's own does not
    report each: then they cannot be paired with those of another trial."""
    scores = [score for score in trial.execution_scores if score is not None]
    return [] if search.has_folds and len(scores) != search.folds else scores


def _suggested(rows: Sequence[Confirmed]) -> tuple[Confirmed, str]:
    """Of the best and its ties, with the reason."""
    level = [row for row in rows if row.verdict in (Verdict.BEST, Verdict.TIED)]
    best = level[0]
    sizes = [row.again.parameters for row in level]
    if all(sizes) and len(set(sizes)) > 1:
        smallest = min(level, key=lambda row: row.again.parameters or 0)
        text = counted(smallest.again.parameters or 0, "parameter")
        return smallest, f"is the smallest of them ({text})"
    times = [row.again.duration for row in level]
    if all(times) and len(level) > 1:
        fastest = min(level, key=lambda row: row.again.duration or 0)
        return fastest, "trained fastest of them"
    return best, "has the best mean"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
