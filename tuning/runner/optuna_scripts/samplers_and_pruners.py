"""What a script makes its sampler and its pruner with: fields of the form where it has them, else
arguments by Optuna's names (`strategies/optuna_arguments.py`). What is neither is listed."""

import ast
import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

from tuning.protocol.script_settings import MAX_ENQUEUED, Use
from tuning.runner.template.syntax import is_none, last_name
from tuning.strategies.optuna_arguments import (
    AUTO,
    OF_PRUNERS,
    OF_SAMPLERS,
    OPTUNAS_DEFAULTS,
    Argument,
)

if TYPE_CHECKING:
    from .study_settings import StudySettings

STRATEGIES = {
    "TPESampler": "tpe", "RandomSampler": "random", "QMCSampler": "sobol",
    "CmaEsSampler": "cmaes", "NSGAIISampler": "nsga2", "NSGAIIISampler": "nsga3",
}  # fmt: skip
PRUNERS = {
    "MedianPruner": "median", "PercentilePruner": "percentile", "NopPruner": "none",
    "SuccessiveHalvingPruner": "asha", "HyperbandPruner": "hyperband",
    "PatientPruner": "patient", "ThresholdPruner": "threshold", "WilcoxonPruner": "wilcoxon",
}  # fmt: skip
# Their arguments by position.
_OF_SAMPLERS = {
    "RandomSampler": ["seed"],
    "CmaEsSampler": [
        "x0", "sigma0", "n_startup_trials", "independent_sampler", "warn_independent_sampling",
        "seed",
    ],
}  # fmt: skip
_OF_PRUNERS = {
    "MedianPruner": ["n_startup_trials", "n_warmup_steps", "interval_steps"],
    "PercentilePruner": ["percentile", "n_startup_trials", "n_warmup_steps", "interval_steps"],
    "SuccessiveHalvingPruner": [
        "min_resource", "reduction_factor", "min_early_stopping_rate", "bootstrap_count",
    ],
    "HyperbandPruner": ["min_resource", "max_resource", "reduction_factor", "bootstrap_count"],
    "PatientPruner": ["wrapped_pruner", "patience", "min_delta"],
    "ThresholdPruner": ["lower", "upper", "n_warmup_steps", "interval_steps"],
}  # fmt: skip
# By the names that Optuna's pruners have for our fields.
_FIELDS = {
    "n_startup_trials": "pruning_min_trials", "interval_steps": "pruning_interval",
    "percentile": "pruning_percentile", "patience": "pruning_patience", "lower": "pruning_lower",
    "upper": "pruning_upper", "reduction_factor": "pruning_factor", "p_threshold": "pruning_p",
}  # fmt: skip
# Our warm-up is what comes before this step.
_FIRST_STEPS = ("n_warmup_steps", "min_resource")
_WARNINGS = ("warn_independent_sampling", "warn_asynchronous_seeding")
# With "auto", successive halving begins after this share of a complete trial.
_AUTO_SHARE = 100
# A count that begins later is none.
_MAX_FIRST = 10_000
# What Optuna's default, the median, compares before it prunes.
_MEDIAN_TRIALS = 5

_NO_VALUE = "Only numbers, texts, true and false are supported. The search uses Optuna’s default."
_NOT_TAKEN = "Tuneroom does not support this argument. The search uses Optuna’s default."
_COUNTED = "The script does not report each step; Tuneroom counts its reports."
_BRACKETS = "Trials get other brackets than in Optuna, and the sampler learns from all brackets."
_WRAPPED = "Tuneroom’s patient pruner wraps the median."


@dataclass(frozen=True)
class Reported:
    """The steps that a trial reports. `count`: how many they are when it trains all its epochs."""

    steps: Sequence[int]
    count: int

    @property
    def is_counted(self) -> bool:
        """Whether they are counted one by one, from 0 or 1 mostly."""
        begin = self.steps[0] if self.steps else 0
        in_order = range(begin, begin + len(self.steps))
        return begin < _MAX_FIRST and list(self.steps) == list(in_order)

    @property
    def first(self) -> int:
        """Where the count begins; of other steps, reports are counted from 1."""
        return (self.steps[0] if self.steps else 0) if self.is_counted else 1

    @property
    def last(self) -> int:
        """The last step, by the code's count."""
        return self.first + self.count - 1 if self.is_counted else self.steps[-1]

    def before(self, step: int) -> int:
        """How many reports come before a step."""
        if self.is_counted:
            return max(0, step - self.first)
        return max(0, math.ceil((step - self.steps[0]) / self._apart))

    def within(self, steps: int) -> int:
        """How many reports come in so many steps, at least one."""
        return steps if self.is_counted else max(1, round(steps / self._apart))

    @property
    def _apart(self) -> int:
        """How many steps lie between two reports."""
        first, second = [*self.steps, self.steps[0] + 1][:2]
        return max(1, second - first)


def read_sampler(study: "StudySettings", name: str, node: ast.expr) -> None:
    """What `create_study` is given as `sampler`."""
    call = study.call(node)
    kind = last_name(call.func) if call else ""
    if call is not None and kind == "GridSampler":
        _read_grid(study, name, node, call)
        return
    if call is None or kind not in STRATEGIES:
        if not is_none(node):
            none = f"Tuneroom has no {kind}: choose" if kind.endswith("Sampler") else "Choose"
            study.tell(node, name, Use.UNUSED, f"{none} a strategy in the form of a new search.")
        return
    strategy = STRATEGIES[kind]
    study.propose(node, name, "tuner", strategy)
    if strategy in OPTUNAS_DEFAULTS:
        study.fields["sampler_arguments"] = dict(OPTUNAS_DEFAULTS[strategy])
    for word, value in study.named(call, _OF_SAMPLERS.get(kind, [])).items():
        if study.value(value) is None or word in _WARNINGS:
            continue
        if word == "seed":
            study.propose(value, word, "seed", study.value(value))
        elif word == "constraints_func":
            study.tell(value, word, Use.TRAINING, "Its values are constraints of each trial.")
        else:
            _argue(study, "sampler_arguments", OF_SAMPLERS.get(strategy, {}), word, value)


def _read_grid(study: "StudySettings", name: str, node: ast.expr, call: ast.Call) -> None:
    """Its combinations are given trials: what else a trial asks for is drawn at random, as in
    Optuna."""
    given = study.named(call, ["search_space", "seed"])
    space = study.value(given["search_space"]) if "search_space" in given else None
    choices = {}
    if isinstance(space, dict):
        choices = {str(key): values for key, values in sorted(space.items())
                   if isinstance(values, list | tuple | range)}  # fmt: skip
    count = math.prod(map(len, choices.values())) if choices else 0
    if not isinstance(space, dict) or len(choices) < len(space) or not 0 < count <= MAX_ENQUEUED:
        most = f"Only a grid of numbers and texts with at most {MAX_ENQUEUED} combinations is tried"
        study.tell(node, name, Use.UNUSED, f"{most}: choose a strategy in the form.")
        return
    rows = product(*choices.values())
    study.grid = [dict(zip(choices, row, strict=True)) for row in rows]
    study.propose(node, name, "tuner", "random", f"Its {count} combinations are the first trials.")


def read_pruner(study: "StudySettings", node: ast.expr | None, reported: Reported) -> None:
    """What `create_study` is given as `pruner`. Without one, Optuna prunes by the median."""
    if node is None or is_none(node):
        trials = study.fields.get("max_trials")
        if reported.steps and (trials is None or trials > _MEDIAN_TRIALS):
            study.fields["pruner"] = PRUNERS["MedianPruner"]
        return
    call = study.call(node)
    kind = last_name(call.func) if call else ""
    if call is None or kind not in PRUNERS:
        none = f"Tuneroom has no {kind}: choose" if kind.endswith("Pruner") else "Choose"
        study.tell(node, "pruner", Use.UNUSED, f"{none} a pruner in the form of a new search.")
        return
    note = _BRACKETS if kind == "HyperbandPruner" else ""
    study.propose(node, "pruner", "pruner", PRUNERS[kind], note)
    if kind == "SuccessiveHalvingPruner":
        # Optuna's defaults, where they are not the form's.
        study.fields["pruning_factor"] = 4
        study.fields["pruning_warmup"] = reported.before(max(1, reported.last // _AUTO_SHARE))
        study.fields["pruner_arguments"] = {"min_resource": AUTO}
    if kind == "HyperbandPruner":
        study.fields["pruner_arguments"] = {"max_resource": AUTO}
    _read_words(study, call, kind, reported)
    if not study.fields.get("pruner_arguments", True):
        del study.fields["pruner_arguments"]


def _read_words(study: "StudySettings", call: ast.Call, kind: str, reported: Reported) -> None:
    for word, node in study.named(call, _OF_PRUNERS.get(kind, [])).items():
        value = study.value(node)
        if value in (None, AUTO) and word != "wrapped_pruner":
            continue
        if word == "wrapped_pruner":
            _read_wrapped(study, node, reported)
        elif word in _FIRST_STEPS and isinstance(value, int):
            study.fields.get("pruner_arguments", {}).pop(word, None)
            note = "" if reported.is_counted else _COUNTED
            study.propose(node, word, "pruning_warmup", reported.before(value), note)
        elif word == "interval_steps" and isinstance(value, int):
            note = "" if reported.is_counted else _COUNTED
            study.propose(node, word, "pruning_interval", reported.within(value), note)
        elif word in _FIELDS:
            study.propose(node, word, _FIELDS[word], value)
        else:
            _argue(study, "pruner_arguments", OF_PRUNERS.get(PRUNERS[kind], {}), word, node)


def _read_wrapped(study: "StudySettings", node: ast.expr, reported: Reported) -> None:
    call = study.call(node)
    if call is not None and last_name(call.func) == "MedianPruner":
        _read_words(study, call, "MedianPruner", reported)
    else:
        study.tell(node, "wrapped_pruner", Use.UNUSED, _WRAPPED)


def _argue(
    study: "StudySettings", field: str, known: dict[str, Argument], word: str, node: ast.expr
) -> None:
    value: Any = study.value(node)
    if word not in known:
        is_plain = isinstance(value, bool | int | float | str)
        study.tell(node, word, Use.UNUSED, _NOT_TAKEN if is_plain else _NO_VALUE)
    elif not known[word].takes(value):
        study.tell(node, word, Use.UNUSED, f"Tuneroom takes {known[word].wanted}.")
    else:
        study.fields.setdefault(field, {})[word] = value
        study.tell(node, word, Use.FORM, "", field)
