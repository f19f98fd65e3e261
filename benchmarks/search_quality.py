"""Which strategy finds good configurations with how much training?

    .venv/bin/python benchmarks/search_quality.py --seeds 30

Replays every strategy against the recorded curves of each task (`record_curves.py`): ours beside
KerasTuner's oracles and Optuna's samplers and pruner by themselves. The budget is in units of
training (epochs, or folds): as much as `--trials` whole trials take. Reported is the regret, the
best recorded score minus the best one found, after 10, 25, 50 and 100 % of the budget: the median
over all seeds with a 95 % bootstrap band. Every strategy begins with the defaults.
"""

import argparse
import json
import os
import sys
import warnings
from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402
import optuna  # noqa: E402

from tuning.spaces.hyperparameters import default_values, read_space  # noqa: E402
from tuning.strategies.contract import KnownTrial, Settings  # noqa: E402
from tuning.strategies.suggesting import suggest  # noqa: E402
from tuning.strategies.untried import key_of  # noqa: E402

SHARES = (0.1, 0.25, 0.5, 1.0)
RESAMPLES = 2000
# How much training a step took, and the best score that it saw. Higher is better.
Step = tuple[int, float]


class Task:
    """The recorded curves of all configurations of a space, turned so that higher is better."""

    def __init__(self, path: Path) -> None:
        recorded = np.load(path)
        about = json.loads(recorded["about"].tobytes())
        self.name = path.stem
        self.space: dict[str, Any] = about["space"]
        self.is_estimator = about["objective"] == "score"
        sign = 1 if about["direction"] == "max" else -1
        curves = np.nan_to_num(sign * recorded["curves"].astype(float), nan=-1e9)
        self.curves = {
            key_of(values): curve
            for values, curve in zip(about["configurations"], curves, strict=True)
        }
        self.units = curves.shape[1]
        self.best = max(self.score(curve) for curve in curves)

    def curve(self, values: dict[str, Any]) -> Any:
        return self.curves[key_of(values)]

    def score(self, curve: Any) -> float:
        """What a trial with this curve gets: the mean of its folds, or its best epoch."""
        return float(curve.mean() if self.is_estimator else curve.max())


def ours(strategy: str) -> Callable[[Task, int, int], Iterator[Step]]:
    def steps(task: Task, seed: int, trials: int) -> Iterator[Step]:
        settings = Settings(strategy, "score", "max", task.space, seed, trials, task.units)
        defaults = default_values(task.space)
        score = task.score(task.curve(defaults))
        known = [KnownTrial("own-1", defaults, "COMPLETED", score, end_order=1, suggested=False)]
        state: dict[str, Any] = {}
        yield task.units, score
        while True:
            number = len(known) + 1
            found = suggest(settings, state, known, str(number))
            if found.status != "RUNNING":
                return
            state, score = found.state, task.score(task.curve(found.values))
            known.append(
                KnownTrial(found.trial_id, found.values, "COMPLETED", score, end_order=number)
            )
            yield task.units, score

    return steps


def kerastuner(oracle_name: str) -> Callable[[Task, int, int], Iterator[Step]]:
    def steps(task: Task, seed: int, trials: int) -> Iterator[Step]:
        import keras_tuner as kt

        own: dict[str, Any] = {"max_trials": trials}
        if oracle_name == "HyperbandOracle":
            own = {"max_epochs": task.units, "hyperband_iterations": 100}
        oracle = getattr(kt.oracles, oracle_name)(
            objective=kt.Objective("score", "max"), seed=seed,
            hyperparameters=kt.HyperParameters.from_config(deepcopy(task.space)), **own,
        )  # fmt: skip
        oracle.verbose = 0
        oracle.save = oracle._save_trial = lambda *_: None
        yield task.units, task.score(task.curve(default_values(task.space)))
        while (trial := oracle.create_trial("tuner0")).status == "RUNNING":
            values = dict(trial.hyperparameters.values)
            begun, end = (
                values.get("tuner/initial_epoch", 0),
                values.get("tuner/epochs", task.units),
            )
            score = task.score(task.curve(values)[begun:end])
            trial.metrics.register("score", direction="max")
            trial.metrics.update("score", score, step=0)
            trial.status = "COMPLETED"
            oracle.end_trial(trial)
            yield end - begun, score

    return steps


def optuna_alone(pruner: Any = None) -> Callable[[Task, int, int], Iterator[Step]]:
    def steps(task: Task, seed: int, _trials: int) -> Iterator[Step]:
        study = optuna.create_study(
            direction="maximize", sampler=optuna.samplers.TPESampler(seed=seed),
            pruner=pruner or optuna.pruners.NopPruner(),
        )  # fmt: skip
        yield task.units, task.score(task.curve(default_values(task.space)))
        while True:
            trial = study.ask()
            curve = task.curve(_as_a_script_asks(trial, task.space))
            for epoch, value in enumerate(curve):
                trial.report(value, epoch)
                if trial.should_prune():
                    study.tell(trial, state=optuna.trial.TrialState.PRUNED)
                    yield epoch + 1, task.score(curve[: epoch + 1])
                    break
            else:
                study.tell(trial, task.score(curve))
                yield task.units, task.score(curve)

    return steps


def _as_a_script_asks(trial: optuna.Trial, space: dict[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for parameter in read_space(space):
        if not parameter.is_active(values):
            continue
        name, config = parameter.name, parameter.config
        if parameter.listed is not None:
            values[name] = trial.suggest_categorical(name, parameter.listed)
        else:
            low, high, step = config["min_value"], config["max_value"], config["step"] or 1
            values[name] = trial.suggest_int(name, low, high, step=step)
    return values


CONTENDERS = {
    "Automatic": ours("auto"),
    "TPE": ours("tpe"),
    "Sobol": ours("sobol"),
    "KerasTuner random": kerastuner("RandomSearchOracle"),
    "KerasTuner Bayesian": kerastuner("BayesianOptimizationOracle"),
    "KerasTuner Hyperband": kerastuner("HyperbandOracle"),
    "Optuna TPE": optuna_alone(),
    "Optuna TPE, median": optuna_alone(optuna.pruners.MedianPruner()),
}


def regrets(task: Task, contender: Callable[..., Iterator[Step]], seed: int, trials: int) -> Any:
    """The regret after each share of the budget."""
    budget, spent, best = trials * task.units, 0, -np.inf
    found = np.full(len(SHARES), np.nan)
    for units, score in contender(task, seed, trials):
        spent += units
        best = max(best, score) if spent <= budget else best
        for place, share in enumerate(SHARES):
            if spent <= share * budget:
                found[place] = task.best - best
        if spent >= budget:
            break
    # Nothing more to try: what was found stays.
    for place in range(1, len(SHARES)):
        if np.isnan(found[place]) or found[place] > found[place - 1]:
            found[place] = found[place - 1]
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tasks", nargs="*", help="names of tasks; left out: all")
    parser.add_argument("--seeds", type=int, default=30)
    parser.add_argument("--only", nargs="+", choices=CONTENDERS, default=list(CONTENDERS))
    parser.add_argument("--trials", type=int, default=60)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    draw = np.random.default_rng(0)
    for path in sorted((ROOT / "benchmarks" / "recorded").glob("*.npz")):
        task = Task(path)
        if options.tasks and task.name not in options.tasks:
            continue
        print(f"{task.name}: {len(task.curves)} configurations, best {task.best:.4f}")
        for name in options.only:
            contender = CONTENDERS[name]
            if task.is_estimator and name in ("KerasTuner Hyperband", "Optuna TPE, median"):
                continue
            table = np.array(
                [regrets(task, contender, seed, options.trials) for seed in range(options.seeds)]
            )
            samples = draw.choice(len(table), (RESAMPLES, len(table)))
            low, high = np.percentile(np.median(table[samples], axis=1), (2.5, 97.5), axis=0)
            cells = zip(np.median(table, axis=0), low, high, strict=True)
            line = "  ".join(f"{m:.4f} ({a:.4f}-{b:.4f})" for m, a, b in cells)
            print(f"  {name:22} {line}", flush=True)


if __name__ == "__main__":
    main()
