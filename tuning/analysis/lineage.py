"""Where a trial stands: its neighbours; in Hyperband its bracket, its round, the trial that it goes
on from."""

from dataclasses import dataclass

from tuning.models import Trial
from tuning.strategies import hyperband_plan


@dataclass(frozen=True)
class Place:
    """`bracket` and `round` count from 1, as people do; KerasTuner counts from 0."""

    bracket: int
    brackets: int
    round: int
    rounds: int
    first_epoch: int
    last_epoch: int
    parent: Trial | None
    children: list[Trial]


@dataclass(frozen=True)
class Neighbours:
    previous: Trial | None
    next: Trial | None


def neighbours(trial: Trial) -> Neighbours:
    """The trials before and after this one in its search."""
    others = trial.search.trials.only("search", "number")
    return Neighbours(
        others.filter(number__lt=trial.number).order_by("-number").first(),
        others.filter(number__gt=trial.number).order_by("number").first(),
    )


def hyperband_place(trial: Trial) -> Place | None:
    """None outside Hyperband, for its baseline, and where the plan is not known: in imports."""
    search = trial.search
    own = trial.tuner_values
    if not search.runs_here or not search.strategy.has_rounds or "tuner/bracket" not in own:
        return None
    plan = hyperband_plan.brackets(search.epochs, search.hyperband_factor)
    round_number = int(own.get("tuner/round", 0))
    number = hyperband_plan.bracket_of(
        round_number, trial.last_epoch, search.epochs, search.hyperband_factor
    )
    parent_id = own.get("tuner/trial_id")
    siblings = search.trials.defer("layers", "log_tail", "failure_traceback")
    return Place(
        # KerasTuner runs the bracket with the highest number first.
        bracket=len(plan) - number,
        brackets=len(plan),
        round=round_number + 1,
        rounds=number + 1,
        first_epoch=trial.first_epoch,
        last_epoch=trial.last_epoch,
        parent=siblings.filter(oracle_id=parent_id).first() if parent_id else None,
        children=list(siblings.filter(**{"tuner_values__tuner/trial_id": trial.oracle_id})),
    )
