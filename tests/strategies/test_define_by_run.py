"""Trials that ask for one value after another get what Optuna's own `study.optimize` gives."""

from dataclasses import replace
from json import loads
from typing import Any

import optuna
import pytest
from optuna import samplers
from optuna.distributions import distribution_to_json

from tuning.strategies.contract import KnownTrial, Settings, State
from tuning.strategies.define_by_run import OpenTrial, read_distribution
from tuning.strategies.optuna_arguments import OF_SAMPLERS, arguments_for

pytestmark = pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")

TRIALS = 25
# As a script would make them.
SAMPLERS: dict[str, Any] = {
    "auto": lambda seed: samplers.TPESampler(seed=seed),
    "tpe": lambda seed: samplers.TPESampler(seed=seed),
    "random": lambda seed: samplers.RandomSampler(seed=seed),
    "cmaes": lambda seed: samplers.CmaEsSampler(seed=seed),
    "sobol": lambda seed: samplers.QMCSampler(seed=seed, scramble=True),
    "nsga2": lambda seed: samplers.NSGAIISampler(seed=seed, population_size=TRIALS // 5),
    "nsga3": lambda seed: samplers.NSGAIIISampler(seed=seed, population_size=TRIALS // 5),
}


def conditional(trial: Any) -> float:
    """As tutorials have it: branches, a loop over layers, logarithmic ranges, steps."""
    kind = trial.suggest_categorical("classifier", ["SVC", "RandomForest", None])
    if kind == "SVC":
        return float(trial.suggest_float("C", 1e-10, 1e10, log=True) ** 0.1)
    if kind is None:
        return 3.0
    depth = trial.suggest_int("max_depth", 2, 32, log=True)
    layers = trial.suggest_int("n_layers", 1, 3)
    units = sum(trial.suggest_int(f"n_units_l{i}", 4, 128, step=4) for i in range(layers))
    return float(depth / 32 + units / 128 + trial.suggest_float("drop", 0.0, 0.5, step=0.1))


def plain(trial: Any) -> float:
    x, y = trial.suggest_float("x", -5, 5), trial.suggest_float("y", -5, 5)
    return float((x - 1) ** 2 + (y + 2) ** 2 + trial.suggest_int("fixed", 3, 3))


def two_values(trial: Any) -> tuple[float, float]:
    x = trial.suggest_float("x", 0, 5)
    y = trial.suggest_float("y", 0, 3)
    return 4 * x**2 + 4 * y**2, (x - 5) ** 2 + (y - 5) ** 2


def pruned(trial: Any) -> float:
    x = trial.suggest_float("x", -5, 5)
    trial.report(x**2, 1)
    if x < -1:
        raise optuna.TrialPruned
    return float(x**2)


def constrained(trial: Any) -> float:
    x = trial.suggest_float("x", -5, 5)
    trial.set_constraint("c", 1 - x)
    return float(x**2)


class Asking:
    """In the place of a runner's trial: each value is a question to the strategy."""

    def __init__(self, opened: OpenTrial, state: State) -> None:
        self._opened, self.state = opened, state
        self.values: dict[str, Any] = {}
        self.distributions: dict[str, Any] = {}
        self.reported: list[float] = []
        self.excesses: list[float] = []

    def _ask(self, name: str, distribution: Any) -> Any:
        # There and back as JSON, as between two processes.
        written = loads(distribution_to_json(distribution))
        value, self.state = self._opened.suggest(self.state, name, read_distribution(written))
        self.values[name], self.distributions[name] = value, written
        return value

    def suggest_float(self, name: str, low: float, high: float, **more: Any) -> Any:
        return self._ask(name, optuna.distributions.FloatDistribution(low, high, **more))

    def suggest_int(self, name: str, low: int, high: int, **more: Any) -> Any:
        return self._ask(name, optuna.distributions.IntDistribution(low, high, **more))

    def suggest_categorical(self, name: str, choices: Any) -> Any:
        return self._ask(name, optuna.distributions.CategoricalDistribution(choices))

    def report(self, value: float, step: int) -> None:
        self.reported.append(value)

    def set_constraint(self, key: str, value: float) -> None:
        self.excesses.append(value)


def ours(objective: Any, settings: Settings, enqueued: list[dict[str, Any]]) -> list[Any]:
    state: State = {}
    known: list[KnownTrial] = []
    drawn = []
    for number in range(TRIALS):
        name = str(number)
        given = enqueued[number] if number < len(enqueued) else {}
        current = KnownTrial(name, given, "RUNNING")
        trial = Asking(OpenTrial(settings, state, [*known, current], name), state)
        about: dict[str, Any] = {"values": trial.values, "distributions": trial.distributions}
        try:
            values = objective(trial)
            first, *others = values if isinstance(values, tuple) else (values,)
            about |= {"score": first, "other_scores": others, "excesses": trial.excesses}
            status = "COMPLETED"
        except optuna.TrialPruned:
            about |= {"score": trial.reported[-1], "last_step": 1}
            status = "PRUNED"
        if any(excess > 0 for excess in trial.excesses):
            status = "INFEASIBLE"
        state = trial.state
        known.append(KnownTrial(name, status=status, end_order=number + 1, **about))
        drawn.append(trial.values)
    return drawn


@pytest.mark.parametrize(
    ("objective", "strategy", "directions"),
    [
        (plain, "tpe", ["min"]),
        (plain, "random", ["min"]),
        (plain, "cmaes", ["max"]),
        (plain, "sobol", ["min"]),
        (conditional, "auto", ["min"]),
        (conditional, "random", ["max"]),
        (conditional, "nsga2", ["min"]),
        (two_values, "tpe", ["min", "max"]),
        (two_values, "nsga3", ["min", "min"]),
        (pruned, "tpe", ["min"]),
        (constrained, "tpe", ["min"]),
    ],
)
def test_values_are_those_of_optunas_own_loop(
    objective: Any, strategy: str, directions: list[str]
) -> None:
    settings = Settings(
        strategy, "value", directions[0], {}, seed=7, max_trials=TRIALS, epochs=1,
        other_directions=tuple(directions[1:]),
    )  # fmt: skip
    names = {"min": "minimize", "max": "maximize"}
    study = optuna.create_study(
        sampler=SAMPLERS[strategy](7), directions=[names[each] for each in directions]
    )
    study.optimize(objective, n_trials=TRIALS)

    drawn = ours(objective, settings, [])

    assert drawn == [trial.params for trial in study.trials]


# Arguments as scripts have them; together, each of `OF_SAMPLERS`.
ARGUED: list[tuple[Any, str, list[str], dict[str, Any]]] = [
    (conditional, "tpe", ["min"],
     {"n_startup_trials": 3, "multivariate": True, "group": True, "constant_liar": True}),
    (plain, "tpe", ["min"],
     {"n_startup_trials": 0, "n_ei_candidates": 7, "constant_liar": False, "prior_weight": 0.5,
      "consider_magic_clip": False, "consider_endpoints": True}),
    (pruned, "tpe", ["min"], {"n_startup_trials": 4, "multivariate": True}),
    (two_values, "tpe", ["min", "max"], {"n_startup_trials": 5, "multivariate": True}),
    (conditional, "nsga2", ["min"],
     {"population_size": 4, "mutation_prob": 0.3, "crossover_prob": 0.5, "swapping_prob": 0.2}),
    (two_values, "nsga3", ["min", "min"], {"population_size": 6, "dividing_parameter": 4}),
    (plain, "sobol", ["min"], {"qmc_type": "halton", "scramble": False}),
    (plain, "sobol", ["min"], {"qmc_type": "sobol", "scramble": False}),
    (plain, "cmaes", ["max"], {"n_startup_trials": 4, "popsize": 5, "sigma0": 0.3}),
    (plain, "cmaes", ["min"], {"use_separable_cma": True, "popsize": 4}),
    (plain, "cmaes", ["min"], {"with_margin": True, "popsize": 4}),
    (plain, "cmaes", ["min"], {"lr_adapt": True, "popsize": 4}),
    (pruned, "cmaes", ["min"], {"consider_pruned_trials": True, "popsize": 4}),
]  # fmt: skip
MADE: dict[str, Any] = {
    "tpe": samplers.TPESampler, "cmaes": samplers.CmaEsSampler, "sobol": samplers.QMCSampler,
    "nsga2": samplers.NSGAIISampler, "nsga3": samplers.NSGAIIISampler,
}  # fmt: skip


@pytest.mark.filterwarnings("ignore::FutureWarning")
@pytest.mark.parametrize(("objective", "strategy", "directions", "arguments"), ARGUED)
def test_arguments_of_a_sampler_are_used_as_optuna_uses_them(
    objective: Any, strategy: str, directions: list[str], arguments: dict[str, Any]
) -> None:
    assert arguments_for(OF_SAMPLERS, strategy, arguments) == arguments
    settings = Settings(
        strategy, "value", directions[0], {}, seed=7, max_trials=TRIALS, epochs=1,
        other_directions=tuple(directions[1:]), arguments=arguments,
    )  # fmt: skip
    names = {"min": "minimize", "max": "maximize"}
    study = optuna.create_study(
        sampler=MADE[strategy](seed=7, **arguments),
        directions=[names[each] for each in directions],
    )
    study.optimize(objective, n_trials=TRIALS)

    drawn = ours(objective, settings, [])

    assert drawn == [trial.params for trial in study.trials]
    # Without them it is another search, or there were nothing to see.
    assert drawn != ours(objective, replace(settings, arguments={}), [])


def test_each_argument_is_compared_with_optunas() -> None:
    compared = {(strategy, name) for _, strategy, _, given in ARGUED for name in given}
    known = {(str(strategy), name) for strategy, each in OF_SAMPLERS.items() for name in each}
    genetic = {"mutation_prob", "crossover_prob", "swapping_prob"}
    assert known - compared == {
        *(("nsga3", name) for name in genetic),
        *(("auto", name) for name in OF_SAMPLERS["tpe"]),
    }


def test_given_values_are_used_and_the_rest_is_drawn() -> None:
    settings = Settings("tpe", "value", "min", {}, seed=3, max_trials=TRIALS, epochs=1)
    study = optuna.create_study(sampler=SAMPLERS["tpe"](3))
    enqueued = [{"x": 1.5, "unknown": 4}, {"x": -2.0, "y": 0.5}]
    for values in enqueued:
        study.enqueue_trial(values)
    study.optimize(plain, n_trials=TRIALS)

    drawn = ours(plain, settings, enqueued)

    assert drawn == [trial.params for trial in study.trials]
    assert drawn[0]["x"] == 1.5
    assert "unknown" not in drawn[0]


def test_trials_that_run_at_once_draw_different_values() -> None:
    settings = Settings("random", "value", "min", {}, seed=3, max_trials=9, epochs=1)
    two = [KnownTrial("1", {}, "RUNNING"), KnownTrial("2", {}, "RUNNING")]
    first, second = OpenTrial(settings, {}, two, "1"), OpenTrial(settings, {}, two, "2")
    wide = optuna.distributions.FloatDistribution(0, 1)

    a, state = first.suggest({}, "x", wide)
    b, state = second.suggest(state, "x", wide)
    c, _ = first.suggest(state, "y", wide)

    assert len({a, b, c}) == 3


def test_trials_that_run_at_once_take_different_points_of_a_sequence() -> None:
    settings = Settings("sobol", "value", "min", {}, seed=3, max_trials=9, epochs=1)
    wide = optuna.distributions.FloatDistribution(0, 1)
    drawn = dict.fromkeys("xy", loads(distribution_to_json(wide)))
    # Sobol's sequence is of the hyperparameters of a completed trial.
    done = KnownTrial("1", {"x": 0.3, "y": 0.6}, "COMPLETED", 0.5, distributions=drawn)
    known = [done, KnownTrial("2", {}, "RUNNING"), KnownTrial("3", {}, "RUNNING")]
    first, second = OpenTrial(settings, {}, known, "2"), OpenTrial(settings, {}, known, "3")

    a, state = first.suggest({}, "x", wide)
    b, state = second.suggest(state, "x", wide)
    _, state = first.suggest(state, "y", wide)
    known.append(KnownTrial("4", {}, "RUNNING"))
    c, _ = OpenTrial(settings, state, known, "4").suggest(state, "x", wide)

    assert len({a, b, c}) == 3


def test_a_trial_that_begins_again_keeps_its_values() -> None:
    settings = Settings("tpe", "value", "min", {}, seed=3, max_trials=9, epochs=1)
    wide = optuna.distributions.FloatDistribution(0, 1)
    value, state = OpenTrial(settings, {}, [KnownTrial("1", {}, "RUNNING")], "1").suggest(
        {}, "x", wide
    )
    again = OpenTrial(settings, state, [KnownTrial("1", {"x": value}, "RUNNING")], "1")

    assert again.suggest(state, "x", wide)[0] == value
