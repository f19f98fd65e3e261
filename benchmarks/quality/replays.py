"""Runs contenders on tables, several at once, and keeps what came out.

Replays are kept in a folder outside git, each until the code or the table that it depends on
changes: KerasTuner's Bayesian optimisation takes minutes for a task.
"""

import hashlib
import json
import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import optuna
from optuna.samplers import RandomSampler, TPESampler

from .ours import ours
from .peers import kerastuner, optuna_alone
from .tables import Steps, Table, recorded_tables

ROOT = Path(__file__).resolve().parent.parent.parent
KEPT = ROOT / "benchmarks" / ".replays"
TUNEROOM, KERASTUNER, OPTUNA = "Tuneroom", "KerasTuner", "Optuna"
# Units of training that a search has spent after each trial, and that trial's score.
Replay = list[tuple[int, float | None]]


@dataclass(frozen=True)
class Contender:
    """`needs_epochs`: it cannot tune estimators."""

    source: str
    steps: Callable[[Table, int, int], Steps]
    needs_epochs: bool = False


CONTENDERS = {
    "Automatic": Contender(TUNEROOM, ours("auto", "auto")),
    "Automatic, no pruning": Contender(TUNEROOM, ours("auto")),
    # Successive halving after 2 and 6 of 16 epochs.
    "Automatic, ASHA": Contender(TUNEROOM, ours("auto", "asha", warmup=1), True),
    "TPE": Contender(TUNEROOM, ours("tpe")),
    "Sobol": Contender(TUNEROOM, ours("sobol")),
    "KerasTuner random": Contender(KERASTUNER, kerastuner("RandomSearchOracle")),
    "KerasTuner Bayesian": Contender(KERASTUNER, kerastuner("BayesianOptimizationOracle")),
    "KerasTuner Hyperband": Contender(KERASTUNER, kerastuner("HyperbandOracle"), True),
    "Optuna random": Contender(OPTUNA, optuna_alone(RandomSampler)),
    "Optuna TPE": Contender(OPTUNA, optuna_alone(TPESampler)),
    "Optuna TPE, median": Contender(
        OPTUNA, optuna_alone(TPESampler, optuna.pruners.MedianPruner())
    ),
}


def replay(task: str, name: str, seed: int, trials: int) -> Replay:
    """One search with a budget of as much training as so many whole trials take."""
    warnings.simplefilter("ignore")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    table = Table(recorded_tables()[task])
    budget, spent, found = trials * table.units, 0, []
    for units, score in CONTENDERS[name].steps(table, seed, trials):
        spent += units
        if spent > budget:
            break
        found.append((spent, score))
    return found


def replays(
    tasks: Sequence[str], names: Sequence[str], seeds: Sequence[int], trials: int, processes: int
) -> dict[str, dict[str, list[Replay]]]:
    """By task and contender, in the order of the seeds. What is kept is not run again."""
    files = {
        (task, name): _Kept(task, name, trials)
        for task in tasks
        for name in names
        if not (Table(recorded_tables()[task]).is_estimator and CONTENDERS[name].needs_epochs)
    }
    missing = [
        (task, name, seed)
        for (task, name), kept in files.items()
        for seed in seeds
        if seed not in kept.by_seed
    ]
    if missing:
        with ProcessPoolExecutor(processes) as pool:
            running = {pool.submit(replay, *job, trials): job for job in missing}
            for done, future in enumerate(as_completed(running), 1):
                task, name, seed = running[future]
                files[task, name].add(seed, future.result())
                print(f"\r{done} of {len(missing)} replays", end="", flush=True)
        print()
    found: dict[str, dict[str, list[Replay]]] = {task: {} for task in tasks}
    for (task, name), kept in files.items():
        found[task][name] = [kept.by_seed[seed] for seed in seeds]
    return found


class _Kept:
    """The file with the replays of a contender on a task, by seed."""

    def __init__(self, task: str, name: str, trials: int) -> None:
        KEPT.mkdir(exist_ok=True)
        self._path = KEPT / f"{task} {name} {trials}.json"
        self._fingerprint = _fingerprint(task, CONTENDERS[name].source)
        self.by_seed: dict[int, Replay] = {}
        if self._path.exists():
            kept = json.loads(self._path.read_text())
            if kept["fingerprint"] == self._fingerprint:
                self.by_seed = {int(seed): found for seed, found in kept["by_seed"].items()}

    def add(self, seed: int, found: Replay) -> None:
        self.by_seed[seed] = found
        new = self._path.with_suffix(".new")
        new.write_text(json.dumps({"fingerprint": self._fingerprint, "by_seed": self.by_seed}))
        new.replace(self._path)


def _fingerprint(task: str, source: str) -> str:
    """Changes with whatever decides a replay."""
    here = Path(__file__).parent
    files = [recorded_tables()[task], here / "tables.py"]
    if source == TUNEROOM:
        files += [here / "ours.py", *_code_of("strategies"), *_code_of("spaces")]
    else:
        files.append(here / "peers.py")
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()
    return f"{digest} optuna {version('optuna')} keras-tuner {version('keras-tuner')}"


def _code_of(package: str) -> list[Path]:
    return sorted((ROOT / "tuning" / package).glob("*.py"))
