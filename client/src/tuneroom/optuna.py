"""Logs the trials of an Optuna study. Imported for it only: the client itself needs no Optuna."""

from __future__ import annotations

from typing import Any

from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from .resources import Search
from .runs import Run

_MAX, _MIN = "max", "min"


class Callback:
    """Logs each trial that has ended, with its intermediate values as epochs.

        study.optimize(objective, n_trials=100, callbacks=[Callback(search)])

    The study's first value is the score of the search, so both have the same direction.
    """

    def __init__(self, search: Search) -> None:
        self._search = search

    def __call__(self, study: Study, trial: FrozenTrial) -> None:
        self._check(study)
        seconds = trial.duration.total_seconds() if trial.duration is not None else 0.0
        run = self._search.trial(trial.params, seconds=seconds)
        # Optuna's steps may count from 0.
        for epoch, step in enumerate(sorted(trial.intermediate_values), 1):
            run.log(epoch, {self._search.objective: trial.intermediate_values[step]})
        _finish(run, study, trial)

    def _check(self, study: Study) -> None:
        ours = str(self._search.data["direction"])
        theirs = _MAX if study.directions[0].name == "MAXIMIZE" else _MIN
        if ours != theirs:
            raise ValueError(
                f"The study's direction is {theirs}, that of search {self._search.number} is "
                f"{ours}."
            )


def _finish(run: Run, study: Study, trial: FrozenTrial) -> None:
    if trial.state == TrialState.PRUNED:
        run.prune()
    elif trial.state == TrialState.COMPLETE:
        score, *others = trial.values
        run.finish(score, metrics=dict(zip(_other_names(study), others, strict=True)))
    else:
        run.fail("The objective raised an exception or gave no number.")


def _other_names(study: Study) -> list[str]:
    """Of the values after the first."""
    names: list[Any] = list(study.metric_names or [])
    return names[1:] or [f"value {n}" for n in range(2, len(study.directions) + 1)]
