"""Optuna's samplers as strategies: TPE, Sobol, CMA-ES, NSGA-II, NSGA-III, and the automatic choice
among them.

A study lives for one call and is made from the known trials. What a sampler keeps besides is part
of the state: its random numbers, and what it has written down about the study and its trials.
"""

import base64
import warnings
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import optuna
from optuna.distributions import BaseDistribution
from optuna.samplers import (
    BaseSampler,
    CmaEsSampler,
    NSGAIIISampler,
    NSGAIISampler,
    QMCSampler,
    RandomSampler,
    TPESampler,
)
from optuna.trial import FrozenTrial, TrialState

from . import auto
from .contract import KnownTrial, Settings, State, Suggestion, known_warm, plain, with_warm
from .distributions import Dimensions, dimensions_of
from .traits import Name
from .untried import Key, is_listable, key_of, untried_values

optuna.logging.set_verbosity(optuna.logging.ERROR)

# A sampler that proposes known configurations again and again has run out of ideas.
MAX_REDRAWS = 10
_STATES = {
    "RUNNING": TrialState.RUNNING,
    "COMPLETED": TrialState.COMPLETE,
    "PRUNED": TrialState.PRUNED,
    "FAILED": TrialState.FAIL,
    "INFEASIBLE": TrialState.COMPLETE,
}
# Optuna wants to know when a trial was; no sampler reads it.
_ONCE = datetime(2000, 1, 1, tzinfo=UTC)
# Where samplers keep their sources of random numbers.
_RANDOM = ("_rng", "_cma_rng", "_random_sampler._rng", "_independent_sampler._rng")
# What CMA-ES and NSGA write down about trials; TPE's notes only repeat the values.
NOTES = ("cma:", "sepcma:", "cmawm:", "x_for_tell", "NSGAIISampler:", "NSGAIIISampler:")
# Optuna's population of 50 would draw all trials of a usual search at random.
MIN_POPULATION, MAX_POPULATION, GENERATIONS = 4, 50, 5
# As many generations may have their first trial still running.
KEPT_OPTIMIZERS = 16


def suggest(
    settings: Settings, state: State, trials: Sequence[KnownTrial], claimant: str,
    warm: Sequence[KnownTrial] = (),
) -> Suggestion:  # fmt: skip
    """See `contract.Suggests`."""
    known = known_warm(state, warm)
    dimensions = dimensions_of(settings.space)
    sampler = sampler_for(settings, len(known) + len(trials))
    set_random(sampler, state.get("random", {}))
    study = study_for(settings, sampler, state)
    earlier, notes_of_trials = [*known, *trials], state.get("notes", {})
    rows = (
        row_of(trial, what.params, what.distributions, notes_of_trials.get(trial.trial_id, {}))
        for trial in with_scores(settings, earlier)
        if (what := dimensions.described(trial)).params is not None
    )
    add_known(study, _read_by(sampler, rows))
    tried = {trial.key for trial in earlier}
    values, notes = _draw(study, dimensions, tried)
    if values is None:
        values = _anything_new(settings, dimensions, tried, seed=settings.seed + len(trials))
    if values is None:
        return Suggestion("STOPPED", "", {}, state)
    new = {
        "random": {**state.get("random", {}), **random_of(sampler)},
        "study": plain(study._storage.get_study_system_attrs(study._study_id)),
        "notes": without_old({**state.get("notes", {}), **({claimant: notes} if notes else {})}),
    }
    return Suggestion("RUNNING", claimant, plain(values), with_warm(new, known))


def _read_by(sampler: BaseSampler, rows: Iterator[FrozenTrial]) -> Iterator[FrozenTrial]:
    """Those that the sampler reads. Sobol's takes the space from the first that has ended well, and
    nothing from others: of many trials, making their rows was most of a suggestion."""
    if not isinstance(sampler, QMCSampler):
        yield from rows
        return
    for row in rows:
        yield row
        if row.state in (TrialState.COMPLETE, TrialState.PRUNED):
            return


def _draw(
    study: optuna.Study, dimensions: Dimensions, tried: Set[Key]
) -> tuple[dict[str, Any] | None, dict[str, Any]]:
    """A new configuration and what the sampler noted about it; None if it has none."""
    for _ in range(MAX_REDRAWS):
        trial = study.ask()
        values = dimensions.suggest(trial)
        if key_of(values) not in tried:
            attributes = study._storage.get_trial_system_attrs(trial._trial_id)
            return values, {k: v for k, v in attributes.items() if k.startswith(NOTES)}
        # As a running one it would keep the sampler away from what is around it.
        study.tell(trial, state=TrialState.FAIL)
    return None, {}


def _anything_new(
    settings: Settings, dimensions: Dimensions, tried: Set[Key], seed: int
) -> dict[str, Any] | None:
    if is_listable(settings.space):
        return untried_values(settings.space, tried, seed)
    study = optuna.create_study(sampler=RandomSampler(seed=seed))
    values, _ = _draw(study, dimensions, tried)
    return values


def sampler_for(settings: Settings, made: int) -> BaseSampler:
    """Optuna's sampler for the trial after `made` others."""
    name, seed = Name(settings.strategy), settings.seed
    starts = 10
    if name == Name.AUTO:
        choice = auto.choose(
            settings.space, settings.max_trials, settings.parallel, len(settings.directions),
            settings.constrained,
        )  # fmt: skip
        name = choice.first if made <= choice.starts else choice.then
        starts = choice.starts
    if sampler := common_sampler(name, settings):
        return sampler
    conditional = dimensions_of(settings.space).is_conditional
    # Optuna asks to say so with several objectives; with one it is what it does by itself.
    together = True if conditional and len(settings.directions) > 1 else None
    with warnings.catch_warnings():
        # That grouping is experimental in Optuna.
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        return TPESampler(
            seed=seed, n_startup_trials=starts, group=conditional, multivariate=together
        )


def common_sampler(name: Name, settings: Settings) -> BaseSampler | None:
    """Those that are made in one way, whether the space is known before or found by the trials."""
    seed, given = settings.seed, settings.arguments
    population: dict[str, Any] = {"population_size": _population(settings.max_trials), **given}
    with warnings.catch_warnings():
        # Optuna calls some of them experimental, and some arguments deprecated.
        warnings.simplefilter("ignore")
        match name:
            case Name.SOBOL:
                even: dict[str, Any] = {"scramble": True, **given}
                return QMCSampler(seed=seed, warn_independent_sampling=False, **even)
            case Name.CMAES:
                return CmaEsSampler(seed=seed, warn_independent_sampling=False, **given)
            case Name.NSGA2:
                return NSGAIISampler(seed=seed, **population)
            case Name.NSGA3:
                return NSGAIIISampler(seed=seed, **population)
    return None


def _population(max_trials: int) -> int:
    """How many trials a generation has."""
    return max(MIN_POPULATION, min(MAX_POPULATION, max_trials // GENERATIONS))


def study_for(settings: Settings, sampler: BaseSampler, state: State) -> optuna.Study:
    """A study without trials."""
    directions: list[Any] = [
        "maximize" if each == "max" else "minimize" for each in settings.directions
    ]
    study = optuna.create_study(directions=directions, sampler=sampler, storage=_Storage())
    set_notes(study, state)
    return study


def set_notes(study: optuna.Study, state: State) -> None:
    """What the sampler has written down about the study so far."""
    for key, value in state.get("study", {}).items():
        study._storage.set_study_system_attr(study._study_id, key, value)


def with_scores(settings: Settings, trials: Sequence[KnownTrial]) -> Iterator[KnownTrial]:
    """The trials, with scores in place of those of a trial that was not trained. Samplers compare
    infeasible trials by how much they violate the constraints, but genetic ones know none without
    scores."""
    if not any(map(_is_unscored, trials)):
        yield from trials
        return
    worst = _worst(settings, trials)
    for trial in trials:
        if _is_unscored(trial):
            trial = replace(trial, score=worst[0], other_scores=worst[1:])
        yield trial


def _is_unscored(trial: KnownTrial) -> bool:
    return trial.status == "INFEASIBLE" and trial.score is None


def _worst(settings: Settings, trials: Sequence[KnownTrial]) -> list[float]:
    known = [[t.score, *t.other_scores] for t in trials if t.status == "COMPLETED"]
    scores = [each for each in known if None not in each]
    if not scores:
        return [0.0] * len(settings.directions)
    ends = [min if direction == "max" else max for direction in settings.directions]
    return [end(column) for end, column in zip(ends, zip(*scores, strict=True), strict=True)]


def row_of(
    trial: KnownTrial, params: dict[str, Any], distributions: dict[str, BaseDistribution],
    notes: dict[str, Any],
) -> FrozenTrial:  # fmt: skip
    """A known trial as Optuna has it."""
    state = _STATES[trial.status]
    scores = None if trial.score is None else [trial.score, *trial.other_scores]
    # Not create_trial, which checks again what the space has checked: half of a suggestion's cost.
    row = FrozenTrial(
        number=-1,
        trial_id=-1,
        state=state,
        value=None,
        values=scores if state in (TrialState.COMPLETE, TrialState.PRUNED) else None,
        datetime_start=_ONCE,
        datetime_complete=None if trial.status == "RUNNING" else _ONCE,
        params=params,
        distributions=distributions,
        user_attrs={},
        system_attrs=dict(notes),
        # Of a pruned trial, samplers look at the last one alone.
        intermediate_values=(
            {trial.last_step: trial.score}
            if trial.status == "PRUNED" and trial.score is not None
            else {}
        ),
    )
    for place, excess in enumerate(trial.excesses):
        row.set_constraint(str(place), excess)
    return row


def add_known(study: optuna.Study, rows: Iterable[FrozenTrial]) -> None:
    """Have the study know these trials, after those that it has. They belong to it from then on."""
    storage: Any = study._storage
    storage.add_known(study._study_id, rows)


class _Storage(optuna.storages.InMemoryStorage):
    """Optuna's, which by itself copies each trial and looks which one is the best: a study that
    lives for one call has no use for either."""

    def add_known(self, study_id: int, rows: Iterable[FrozenTrial]) -> None:
        trials = self._studies[study_id].trials
        for row in rows:
            self._max_trial_id += 1
            row.number, row._trial_id = len(trials), self._max_trial_id
            self._trial_id_to_study_id_and_number[row._trial_id] = (study_id, row.number)
            trials.append(row)


def without_old(notes: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """CMA-ES pickles its whole optimizer into one trial of each generation, and reads only the
    newest one that has ended: of earlier ones the generation is enough."""
    heavy = [name for name, note in notes.items() if any("optimizer" in key for key in note)]
    for name in heavy[:-KEPT_OPTIMIZERS]:
        notes[name] = {k: v for k, v in notes[name].items() if "optimizer" not in k}
    return notes


def _sources(sampler: BaseSampler) -> Iterator[tuple[str, np.random.RandomState]]:
    kind = type(sampler).__name__
    for path in _RANDOM:
        found: Any = sampler
        for name in path.split("."):
            found = getattr(found, name, None)
        if found is not None:
            yield f"{kind}.{path}", found.rng


def random_of(sampler: BaseSampler) -> dict[str, Any]:
    states = {}
    for name, source in _sources(sampler):
        _, key, position, has_gauss, gauss = source.get_state(legacy=True)
        text = base64.b64encode(np.asarray(key, dtype="<u4").tobytes()).decode()
        states[name] = [text, int(position), int(has_gauss), float(gauss)]
    return states


def set_random(sampler: BaseSampler, states: dict[str, Any]) -> None:
    for name, source in _sources(sampler):
        if name in states:
            text, *rest = states[name]
            key = np.frombuffer(base64.b64decode(text), dtype="<u4")
            source.set_state(("MT19937", key, *rest))
