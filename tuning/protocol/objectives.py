"""Which way a metric improves, by its name where nothing better is known, and comparing by it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from .metrics import ALIASES, ENDINGS, MAX, MIN, NAMES, TURNS_AROUND, WHOLE_NAMES

_VALIDATION = "val_"
MAX_OBJECTIVES = 4


@dataclass(frozen=True)
class Objective:
    """What a search improves: a metric or a name of `measured.py`, and the direction."""

    name: str
    direction: str


def infer_direction(metric: str, known: Mapping[str, str] | None = None) -> str:
    """ "max" or "min"; "" if nobody can know. `known`: the directions of some metrics, such as an
    inspection found by their classes; they go before what the name says."""
    plain = metric.removeprefix(_VALIDATION)
    for name in (metric, plain, _VALIDATION + plain):
        if known and known.get(name):
            return known[name]
    return _by_name(plain_name(metric))


def question(metric: str) -> str:
    """What a person is asked about a metric of unknown direction."""
    return f"Is {metric} better when higher or lower?"


def is_better(score: float, than: float | None, direction: str) -> bool:
    """Whether `score` beats `than`; anything beats None. `direction` is "max" or "min"."""
    if direction not in (MAX, MIN):
        raise ValueError(f"Invalid direction: {direction!r}.")
    if than is None:
        return True
    return score > than if direction == MAX else score < than


def plain_name(metric: str) -> str:
    """A metric's name in lower case with underscores, without `val_` and the number that Keras
    gives to a second metric of one kind (auc_1)."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", metric.strip())
    name = re.sub(r"[\s/.-]+", "_", words).lower().removeprefix(_VALIDATION)
    return re.sub(r"(?<=.)_\d+$", "", name)


def reported_name(objective: str, metrics: list[str]) -> str:
    """The reported metric that an objective's name means, or nothing: that of the same name, else
    the only one that Keras calls so: mean_squared_error for mse, auc_1 for auc."""
    if objective in metrics:
        return objective
    is_validation = objective.startswith(_VALIDATION)
    same = [
        metric
        for metric in metrics
        if metric.startswith(_VALIDATION) == is_validation and _full(metric) == _full(objective)
    ]
    return same[0] if len(same) == 1 else ""


def _full(metric: str) -> str:
    name = plain_name(metric)
    return ALIASES.get(name, name)


def _by_name(name: str) -> str:
    """A name that is known, or one with the name of an output before it: out_accuracy."""
    if name in WHOLE_NAMES:
        return WHOLE_NAMES[name]
    words = name.split("_")
    for start in range(len(words)):
        if start and words[start - 1] in TURNS_AROUND:
            return _of_errors(name)
        found = _known("_".join(words[start:]))
        if found:
            return found
    return ""


def _known(name: str) -> str:
    """The direction of a known name, with or without an ending that does not change it."""
    if name in NAMES:
        return NAMES[name]
    shorter = next((name.removesuffix(end) for end in ENDINGS if name.endswith(end)), "")
    return NAMES.get(shorter) or _known(shorter) if shorter else ""


def _of_errors(name: str) -> str:
    """A loss is always better when lower, whatever else its name says."""
    return MIN if name.endswith("_loss") else ""
