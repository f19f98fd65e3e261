"""What does one suggestion cost, with 10 to 10,000 finished trials?

    .venv/bin/python benchmarks/suggestion_cost.py --trials 10 100 1000 10000 --times 9

Each strategy as the worker asks it (state and trials in, suggestion and state out), beside
KerasTuner's oracle and Optuna's study by themselves, which keep everything in memory. Processor
time in ms, medians. KerasTuner's Gaussian process is asked with at most 300 trials.
"""

import argparse
import json
import os
import statistics
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import optuna

from tests.space import SPACE
from tuning.strategies.contract import KnownTrial, Settings
from tuning.strategies.distributions import dimensions_of
from tuning.strategies.suggesting import suggest
from tuning.strategies.traits import STRATEGIES, Name

MAX_GAUSSIAN = 300
PEERS = {
    Name.TPE: optuna.samplers.TPESampler,
    Name.SOBOL: optuna.samplers.QMCSampler,
    Name.CMAES: optuna.samplers.CmaEsSampler,
}


def score_of(values: dict[str, Any]) -> float:
    return values["units"] / 100 - values["learning_rate"] + values.get("momentum", 0.0) / 7


def finished(count: int) -> list[KnownTrial]:
    """So many random trials."""
    dimensions = dimensions_of(SPACE)
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    found = []
    for number in range(1, count + 1):
        values = dimensions.suggest(study.ask())
        found.append(
            KnownTrial(str(number), values, "COMPLETED", score_of(values), end_order=number)
        )
    return found


def cost(times: int, ask: Callable[[], Any]) -> float:
    """The median of so many calls, after two that warm up."""
    taken = []
    for _ in range(times + 2):
        begun = time.process_time()
        ask()
        taken.append(time.process_time() - begun)
    return statistics.median(taken[2:]) * 1000


def ours(name: Name, trials: list[KnownTrial], times: int) -> float:
    settings = Settings(name, "val_accuracy", "max", SPACE, 1, 100_000, 9)
    state: dict[str, Any] = {}
    if not STRATEGIES[name].sees_all:
        # KerasTuner's oracles know what they suggested themselves.
        warm = [KnownTrial(f"fed-{t.trial_id}", t.values, "COMPLETED", t.score) for t in trials]
        first = suggest(settings, {}, [], "first", warm)
        ended = KnownTrial(first.trial_id, first.values, "COMPLETED", score_of(first.values))
        state, trials = first.state, [ended]

    def ask() -> None:
        nonlocal state
        found = suggest(settings, json.loads(json.dumps(state)), trials, "next")
        if STRATEGIES[name].sees_all:
            state = found.state

    return cost(times, ask)


def optuna_alone(name: Name, trials: list[KnownTrial], times: int) -> float:
    dimensions = dimensions_of(SPACE)
    options = {"group": True} if name == Name.TPE else {}
    study = optuna.create_study(direction="maximize", sampler=PEERS[name](seed=1, **options))
    study.add_trials(
        optuna.trial.create_trial(
            params=described.params, distributions=described.distributions, value=trial.score
        )
        for trial in trials
        if (described := dimensions.described(trial.values)).params is not None
    )

    def ask() -> None:
        trial = study.ask()
        study.tell(trial, score_of(dimensions.suggest(trial)))

    return cost(times, ask)


def kerastuner_alone(trials: list[KnownTrial], times: int) -> float:
    """Its Bayesian oracle, all in memory."""
    from tests.supervisor.keras_tuners import keras_tuners_own

    warm = [KnownTrial(f"fed-{t.trial_id}", t.values, "COMPLETED", t.score) for t in trials]
    oracle = keras_tuners_own("bayesian", warm, 1, SPACE)
    return cost(times, lambda: oracle.populate_space("next"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, nargs="+", default=[10, 100, 1000, 10_000])
    parser.add_argument("--times", type=int, default=9)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    for count in options.trials:
        trials = finished(count)
        print(f"{count:,} finished trials")
        for name in (Name.AUTO, Name.TPE, Name.SOBOL, Name.CMAES, Name.RANDOM, Name.BAYESIAN):
            if name == Name.BAYESIAN and count > MAX_GAUSSIAN:
                continue
            if STRATEGIES[name].max_warm_start < count and not STRATEGIES[name].sees_all:
                continue
            line = f"  {name:9} {ours(name, trials, options.times):8.1f} ms"
            if name in PEERS:
                line += f"   Optuna alone {optuna_alone(name, trials, options.times):8.1f} ms"
            if name == Name.BAYESIAN:
                line += f"   KerasTuner alone {kerastuner_alone(trials, options.times):8.1f} ms"
            print(line, flush=True)


if __name__ == "__main__":
    main()
