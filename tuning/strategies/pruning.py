"""Asking a pruner of Optuna's whether a trial is ended early.

Pure, like the strategies: the curves of the other trials in, a verdict out. Importing this module
imports Optuna.
"""

import math
import warnings
from collections.abc import Container, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from optuna.pruners import (
    BasePruner,
    HyperbandPruner,
    MedianPruner,
    PatientPruner,
    PercentilePruner,
    SuccessiveHalvingPruner,
    ThresholdPruner,
    WilcoxonPruner,
)
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from .contract import Curve
from .optuna_arguments import AUTO
from .pruners import Name, Pruning

_STATES = {
    "RUNNING": TrialState.RUNNING,
    "COMPLETED": TrialState.COMPLETE,
    "PRUNED": TrialState.PRUNED,
}
_ONCE = datetime(2000, 1, 1, tzinfo=UTC)
REMEMBERED = 4096


def should_prune(pruning: Pruning, others: Sequence[Curve], current: Curve, study: str) -> bool:
    """Whether `current` ends now, at its last step. `study` names the search: brackets are drawn by
    it."""
    if not current.values:
        return False
    if AUTO in dict(pruning.arguments).values():
        comparable = _after_the_first(others)
        if comparable is None:
            return False
        others = comparable
    if pruning.pruner == Name.HYPERBAND:
        pruner, others, rate = _bracket(pruning, others, current, study)
    else:
        pruner, rate = _pruner(pruning), 0
    trials = [_frozen(curve, pruning, rate) for curve in others]
    # A pruner notes the rung of a step when it is asked about that step.
    before = _rungs(current.until(max(current.values) - 1), pruning, rate)
    asked = _frozen_with(current, before, pruning.first_step)
    with warnings.catch_warnings():
        # Of values that are no numbers, and of pruners that Optuna calls experimental.
        warnings.simplefilter("ignore")
        return bool(pruner.prune(_Study(pruning.direction, study, trials), asked))  # type: ignore[arg-type]


def promoted(
    pruning: Pruning, others: Sequence[Curve], pruned: Sequence[Curve], study: str
) -> list[Curve]:
    """Those of `pruned` that go on after all: asked again at the rung at which they ended, the
    pruner no longer prunes them. `others` are all other trials of the search.

    Of trials that are compared with the same others, the best are asked first; once one is pruned,
    those below it are, too. To ask each of them takes the third power of the number of trials."""
    if not pruning.traits.promotes:
        return []
    found = []
    for rivals in _rivals(pruning, pruned):
        for at_rung, curve in rivals:
            rest = [other for other in (*others, *pruned) if other is not curve]
            if should_prune(pruning, rest, at_rung, study):
                break
            found.append(curve)
    return found


def next_promoted(pruning: Pruning, pruned: Sequence[Curve], most: int) -> list[Curve]:
    """Those of `pruned` that go on first when enough worse trials come: of each rung at which some
    were pruned, the best, `most` of them."""
    if not pruning.traits.promotes:
        return []
    rungs: dict[int, list[tuple[float, Curve]]] = {}
    for curve in pruned:
        at_rung = _at_last_rung(pruning, curve)
        value = at_rung.values[max(at_rung.values)] if at_rung else math.nan
        if not math.isnan(value):
            rungs.setdefault(len(_rungs(curve, pruning, 0)), []).append((value, curve))
    sign = -1 if pruning.direction == "max" else 1
    ranked = [sorted(each, key=lambda pair: sign * pair[0])[:most] for each in rungs.values()]
    return [curve for best in ranked for _, curve in best]


def _rivals(pruning: Pruning, pruned: Sequence[Curve]) -> list[list[tuple[Curve, Curve]]]:
    """The pruned trials, each also as it was at its last rung, grouped by what they are compared
    with, the best of each group first."""
    is_auto = AUTO in dict(pruning.arguments).values()
    groups: dict[tuple[int, ...], list[tuple[float, Curve, Curve]]] = {}
    for curve in pruned:
        at_rung = _at_last_rung(pruning, curve)
        if at_rung is None or math.isnan(value := at_rung.values[last := max(at_rung.values)]):
            continue
        # A step that skips rungs is compared at each of them; with "auto" not all count.
        rungs = len(_rungs(curve.until(last - 1), pruning, 0)), len(_rungs(at_rung, pruning, 0))
        group = (*rungs, curve.number) if is_auto else rungs
        groups.setdefault(group, []).append((value, at_rung, curve))
    sign = -1 if pruning.direction == "max" else 1
    ranked = [sorted(each, key=lambda one: sign * one[0]) for each in groups.values()]
    return [[(at_rung, curve) for _, at_rung, curve in each] for each in ranked]


def _after_the_first(others: Sequence[Curve]) -> list[Curve] | None:
    """With "auto", Optuna waits for a complete trial, which tells how many steps there are: it
    compares no trial before. None while there is none."""
    complete = [curve.number for curve in others if curve.status == "COMPLETED"]
    return [curve for curve in others if curve.number > min(complete)] if complete else None


def _at_last_rung(pruning: Pruning, curve: Curve) -> Curve | None:
    """A pruned trial as it was at the rung at which it ended: a verdict may arrive an epoch late,
    and what counts is the value at the rung. None of a trial that has come to none."""
    rungs = [step for step in pruning.rungs() if step <= max(curve.values, default=0)]
    if not rungs:
        return None
    return curve.until(min(step for step in curve.values if step >= rungs[-1]))


def _pruner(pruning: Pruning) -> BasePruner:
    given = {name: value for name, value in pruning.arguments if value != AUTO}
    comparing: dict[str, Any] = {
        "n_startup_trials": pruning.min_trials, "n_warmup_steps": pruning.first_pruned,
        "interval_steps": pruning.interval,
    }  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        match pruning.pruner:
            case Name.MEDIAN:
                return MedianPruner(**comparing, **given)
            case Name.PERCENTILE:
                return PercentilePruner(pruning.percentile, **comparing, **given)
            case Name.PATIENT:
                return PatientPruner(MedianPruner(**comparing), patience=pruning.patience, **given)
            case Name.ASHA:
                return SuccessiveHalvingPruner(pruning.resource, pruning.factor, **given)
            case Name.THRESHOLD:
                return ThresholdPruner(
                    lower=pruning.lower, upper=pruning.upper,
                    n_warmup_steps=pruning.first_pruned, interval_steps=pruning.interval,
                )  # fmt: skip
            case Name.WILCOXON:
                startup = {"n_startup_steps": max(2, pruning.warmup + 1), **given}
                return WilcoxonPruner(p_threshold=pruning.p, **startup)
    raise ValueError(f"{pruning.pruner} decides nothing by itself")


def _bracket(
    pruning: Pruning, others: Sequence[Curve], current: Curve, study: str
) -> tuple[BasePruner, list[Curve], int]:
    """The successive halving of the bracket that the trial belongs to, and its other trials."""
    given = {"max_resource": pruning.steps, **dict(pruning.arguments)}
    if given["max_resource"] == AUTO:
        given["max_resource"] = pruning.steps + pruning.first_step
    given["max_resource"] = max(given["max_resource"], pruning.resource)
    hyperband = HyperbandPruner(pruning.resource, reduction_factor=pruning.factor, **given)
    hyperband._try_initialization(_Study(pruning.direction, study, []))  # type: ignore[arg-type]

    def bracket(curve: Curve) -> int:
        frozen = _frozen(curve, pruning, 0)
        return hyperband._get_bracket_id(_Study(pruning.direction, study, []), frozen)  # type: ignore[arg-type]

    own = bracket(current)
    return hyperband._pruners[own], [curve for curve in others if bracket(curve) == own], own


@lru_cache(maxsize=REMEMBERED)
def _frozen(curve: Curve, pruning: Pruning, rate: int) -> FrozenTrial:
    return _frozen_with(curve, _rungs(curve, pruning, rate), pruning.first_step)


def _frozen_with(curve: Curve, notes: dict[str, Any], first: int) -> FrozenTrial:
    has_ended = curve.status != "RUNNING"
    return FrozenTrial(
        number=curve.number - 1,
        trial_id=curve.number - 1,
        state=_STATES[curve.status],
        value=curve.score,
        datetime_start=_ONCE,
        datetime_complete=_ONCE if has_ended else None,
        params={},
        distributions={},
        user_attrs={},
        system_attrs=notes,
        # By the code's own count.
        intermediate_values={step - 1 + first: value for step, value in curve.values.items()},
    )


def _rungs(curve: Curve, pruning: Pruning, rate: int) -> dict[str, Any]:
    """What successive halving notes, under Optuna's names, about a trial that it is asked about
    after each step: its value at the first step of each rung that it has come to."""
    notes = {}
    steps = sorted(curve.values)
    for rung, first in enumerate(pruning.rungs(rate)):
        step = next((step for step in steps if step >= first), None)
        if step is None or math.isnan(curve.values[step]):
            break
        notes[f"completed_rung_{rung}"] = curve.values[step]
    return notes


class _Study:
    """What pruners read of a study. A real one copies all trials each time it is asked."""

    def __init__(self, direction: str, name: str, trials: list[FrozenTrial]) -> None:
        maximize = direction == "max"
        self.direction = StudyDirection.MAXIMIZE if maximize else StudyDirection.MINIMIZE
        self.study_name = name
        self._storage = self
        self._trials = trials

    def get_trials(
        self,
        deepcopy: bool = True,  # noqa: ARG002
        states: Container[TrialState] | None = None,
    ) -> list[FrozenTrial]:
        return [trial for trial in self._trials if states is None or trial.state in states]

    @property
    def best_trial(self) -> FrozenTrial:
        sign = 1 if self.direction == StudyDirection.MAXIMIZE else -1
        scored = self.get_trials(states=(TrialState.COMPLETE,))
        return max(scored, key=lambda trial: sign * (trial.value or 0.0))

    def set_trial_system_attr(self, trial_id: int, key: str, value: Any) -> None:
        """What successive halving notes down follows from the curves."""
