"""Optuna studies built from trials, and what Optuna finds out about them.

Nothing here knows the database: the worker has it done in a process of its own, which reads an
Order as JSON and writes what it found (`python -m tuning.analysis.studies`). Building a study of
10,000 trials takes half a second and fANOVA's forest seconds, without letting go of Python's lock;
in a worker's process they would hold up its supervisors.
"""

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypedDict

if TYPE_CHECKING:
    import optuna

# Below that any order of the hyperparameters is chance; below the other one it is shown with a
# warning.
MIN_TRIALS, RELIABLE_TRIALS = 4, 20
# Numbers of so few values are compared by their places. PED-ANOVA takes a spike of its density for
# importance where many trials have exactly the same number of a continuous range.
MAX_PLACES = 50
# Each family of conditional hyperparameters takes a forest of its own.
MAX_FAMILIES = 6
# Optuna's trees of full depth take 18 s for 1,000 trials and minutes for 10,000. These take 4 s for
# 10,000, and the shares differ in the third digit.
TREES, DEPTH = 32, 8


@dataclass(frozen=True)
class Method:
    """A way to find importances. `help` is one sentence."""

    name: str
    caption: str
    help: str


METHODS = {
    method.name: method
    for method in (
        Method(
            "ped_anova", "PED-ANOVA",
            "Compares hyperparameter values of the best 10% of trials with those of all trials.",
        ),
        Method(
            "fanova", "fANOVA",
            "Share of score variance explained by each hyperparameter.",
        ),
    )
}  # fmt: skip
DEFAULT_METHOD = next(iter(METHODS))


class Values(TypedDict):
    """A hyperparameter's value in each trial, None where it was not in use."""

    name: str
    number: bool
    log: bool
    values: list[Any]


class Order(TypedDict):
    method: str
    direction: str
    scores: list[float]
    parameters: list[Values]


class Family(TypedDict):
    """Hyperparameters in use in the same trials, with their part in the spread of the scores."""

    names: list[str]
    shares: list[float]
    trials: int


def study_of(order: Order, trials: Sequence[int] | None = None) -> "optuna.Study":
    """A study of the given trials (indices; else all) with the hyperparameters that all have."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    chosen = range(len(order["scores"])) if trials is None else trials
    columns = [
        _column(p, [p["values"][i] for i in chosen])
        for p in order["parameters"]
        if all(p["values"][i] is not None for i in chosen)
    ]
    study = optuna.create_study(direction="maximize" if order["direction"] == "max" else "minimize")
    study.add_trials(
        optuna.trial.create_trial(
            params={name: samples[place] for name, samples, _ in columns},
            distributions={name: distribution for name, _, distribution in columns},
            value=order["scores"][i],
        )
        for place, i in enumerate(chosen)
    )
    return study


def _column(parameter: Values, values: list[Any]) -> tuple[str, list[Any], Any]:
    """Its name, what Optuna gets of its values, and what these span. Steps are left out: earlier
    ranges may have had others."""
    from optuna import distributions

    different = sorted(set(values), key=None if parameter["number"] else str)
    if not parameter["number"]:
        return parameter["name"], values, distributions.CategoricalDistribution(different)
    if len(different) <= MAX_PLACES:
        place = {value: index for index, value in enumerate(different)}
        span = distributions.IntDistribution(0, len(different) - 1)
        return parameter["name"], [place[value] for value in values], span
    low, high = different[0], different[-1]
    logarithmic = parameter["log"] and low > 0
    return parameter["name"], values, distributions.FloatDistribution(low, high, log=logarithmic)


def families(order: Order) -> list[Family]:
    """Importances: first of the hyperparameters that all trials have, then of those that
    only some have, among these."""
    everywhere = tuple(range(len(order["scores"])))
    users: dict[tuple[int, ...], list[str]] = {everywhere: []}
    for parameter in order["parameters"]:
        trials = tuple(i for i in everywhere if parameter["values"][i] is not None)
        users.setdefault(trials, []).append(parameter["name"])
    found = []
    largest = sorted(users, key=len, reverse=True)
    for trials in largest[: MAX_FAMILIES + 1]:
        if not users[trials] or not can_tell([order["scores"][i] for i in trials]):
            continue
        shares = _importances(study_of(order, trials), order["method"])
        names = sorted(users[trials], key=lambda name: -shares.get(name, 0.0))
        found.append(
            Family(names=names, shares=[shares.get(n, 0.0) for n in names], trials=len(trials))
        )
    return found


def can_tell(scores: Sequence[float]) -> bool:
    """Whether there is anything that hyperparameters could explain."""
    return len(scores) >= MIN_TRIALS and len(set(scores)) > 1


def _importances(study: "optuna.Study", method: str) -> dict[str, float]:
    from optuna import importance

    evaluator = (
        importance.FanovaImportanceEvaluator(n_trees=TREES, max_depth=DEPTH, seed=0)
        if method == "fanova"
        else importance.PedAnovaImportanceEvaluator()
    )
    found = importance.get_param_importances(study, evaluator=evaluator)
    return {name: float(share) for name, share in found.items()}


if __name__ == "__main__":
    json.dump(families(json.load(sys.stdin)), sys.stdout)
