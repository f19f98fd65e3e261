"""Trials of scripts that ask for their values one after the other, as Optuna's own do.

Optuna's `Trial` answers, on a study that is made of the known trials, each with the distributions
that it has drawn its values from: what a sampler draws for a whole trial, what for one
hyperparameter alone and what it does about a new one is Optuna's own (`tests/strategies/
test_define_by_run.py`). The state is the one of `optuna_samplers.py`; it may have moved on between
two questions of a trial, since trials that run at once draw from one source of random numbers.
"""

import json
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import optuna
from optuna.distributions import BaseDistribution, json_to_distribution
from optuna.samplers import BaseSampler, RandomSampler, TPESampler
from optuna.trial import TrialState

from tuning.spaces.define_by_run import Distribution, distribution_for, entries_by_name

from .contract import KnownTrial, Settings, State, known_warm, plain, with_warm
from .optuna_samplers import (
    NOTES,
    add_known,
    common_sampler,
    random_of,
    row_of,
    set_notes,
    set_random,
    study_for,
    with_scores,
    without_old,
)
from .traits import Name

# What TPE shares of a running trial with the others.
_RUNNING_NOTES = "tpe:"


def sampler_for(settings: Settings) -> BaseSampler:
    """Optuna's sampler, with the script's arguments and its own defaults; Automatic is the one that
    a study has by itself."""
    name = Name(settings.strategy)
    match name:
        case Name.RANDOM:
            return RandomSampler(seed=settings.seed)
        case Name.AUTO | Name.TPE:
            with warnings.catch_warnings():
                # Optuna calls some arguments experimental, and some deprecated.
                warnings.simplefilter("ignore")
                return TPESampler(seed=settings.seed, **settings.arguments)
    sampler = common_sampler(name, settings)
    if sampler is None:
        raise ValueError(f"{name} needs a search space that is known before.")
    return sampler


def read_distribution(distribution: Distribution) -> BaseDistribution:
    """Optuna's object. Raises ValueError."""
    try:
        return json_to_distribution(json.dumps(distribution))
    except (KeyError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        raise ValueError(f"no distribution: {error}") from error


class OpenTrial:
    """A trial that draws its values. `trials` are all of its search by number, itself among them
    under the name `claimant`: the values that it has already are not drawn again."""

    def __init__(
        self, settings: Settings, state: State, trials: Sequence[KnownTrial], claimant: str,
        warm: Sequence[KnownTrial] = (),
    ) -> None:  # fmt: skip
        self._claimant = claimant
        self._warm = known_warm(state, warm)
        self._running = {trial.trial_id for trial in trials if trial.status == "RUNNING"}
        self._sampler = sampler_for(settings)
        study = study_for(settings, self._sampler, state)
        entries = entries_by_name(settings.space)
        notes = state.get("notes", {})
        for trial in with_scores(settings, [*self._warm, *trials]):
            own = notes.get(trial.trial_id, {})
            if trial.trial_id == claimant:
                self._trial = _begun(study, trial.values, own)
            else:
                add_known(study, [row_of(trial, *_described(trial, entries), own)])
        self._study = study

    def suggest(self, state: State, name: str, distribution: BaseDistribution) -> tuple[Any, State]:
        """The value of a hyperparameter, and the state after it."""
        # Since this trial was opened, others may have moved both on.
        set_random(self._sampler, state.get("random", {}))
        set_notes(self._study, state)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            value = self._trial._suggest(name, distribution)
        storage, study = self._study._storage, self._study
        attributes = storage.get_trial_system_attrs(self._trial._trial_id)
        known = (*NOTES, _RUNNING_NOTES)
        own = {key: note for key, note in attributes.items() if key.startswith(known)}
        notes = {**state.get("notes", {}), **({self._claimant: own} if own else {})}
        new = {
            "random": {**state.get("random", {}), **random_of(self._sampler)},
            "study": plain(storage.get_study_system_attrs(study._study_id)),
            "notes": without_old(self._kept(notes)),
        }
        return plain(value), with_warm(new, self._warm)

    def _kept(self, notes: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
        """Without what was noted for others while a trial ran that has ended."""
        kept = {
            name: {
                key: value
                for key, value in note.items()
                if name in self._running or not key.startswith(_RUNNING_NOTES)
            }
            for name, note in notes.items()
        }
        return {name: note for name, note in kept.items() if note}


def _begun(study: optuna.Study, values: dict[str, Any], notes: dict[str, Any]) -> optuna.Trial:
    frozen = optuna.trial.create_trial(
        state=TrialState.RUNNING, system_attrs={**notes, "fixed_params": values}
    )
    # As `Study.ask` does: the trials that it knows are those of its start.
    study._thread_local.cached_all_trials = None
    trial_id = study._storage.create_new_trial(study._study_id, template_trial=frozen)
    return optuna.Trial(study, trial_id)


def _described(
    trial: KnownTrial, entries: Mapping[str, dict[str, Any]]
) -> tuple[dict[str, Any], dict[str, BaseDistribution]]:
    """Its values and their distributions: those of the space where it brings none, as one of
    another search. A value that its distribution cannot hold is nothing to learn from."""
    params: dict[str, Any] = {}
    distributions: dict[str, BaseDistribution] = {}
    for name, value in trial.values.items():
        written = trial.distributions.get(name)
        if written is None and name in entries and not name.startswith("tuner/"):
            written = distribution_for(entries[name])
        if written is None:
            continue
        distribution = read_distribution(written)
        try:
            fits = distribution._contains(distribution.to_internal_repr(value))
        except ValueError:
            fits = False
        if fits:
            params[name], distributions[name] = value, distribution
    return params, distributions
