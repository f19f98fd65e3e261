"""When a hyperparameter is in use, found from the trials alone.

Optuna's spaces are code: `if classifier == "svm": trial.suggest_float("c", …)`. Its files say only
which parameters each trial had. A parameter that some trials have and others do not has a condition
if another one separates these trials by its values.
"""

from collections import Counter
from typing import Any

from tuning.spaces.checked import MAX_CHOICES

# More values than that are a range, not a switch.
MAX_VALUES = 64


class Seen:
    """The values of each trial."""

    def __init__(self, trials: list[dict[str, Any]]) -> None:
        self.trials = trials
        self.counts = Counter(name for values in trials for name in values)


def conditions_of(seen: Seen, entries: dict[str, dict[str, Any]]) -> dict[str, list[Any]]:
    """KerasTuner's conditions of the hyperparameters that have any. Of several parents that
    separate the trials it is the one that most of them have, then a choice rather than a number:
    whoever chooses a kernel only of an SVM does so because of the SVM."""
    everywhere = len(seen.trials)
    parents = sorted(entries, key=lambda name: (-seen.counts[name], not _is_listed(entries[name])))
    found = {}
    for name in entries:
        if not 0 < seen.counts[name] < everywhere:
            continue
        for parent in parents:
            if parent == name or seen.counts[parent] <= seen.counts[name]:
                continue
            values = _separating(seen, name, parent, entries[parent])
            if values:
                about = {"name": parent, "values": values}
                found[name] = [{"class_name": "Parent", "config": about}]
                break
    return found


def _separating(seen: Seen, name: str, parent: str, entry: dict[str, Any]) -> list[Any]:
    """The values of the parent with which this one is in use; none if it is not decided by it."""
    with_it: dict[Any, Any] = {}
    without: set[Any] = set()
    for values in seen.trials:
        value = values.get(parent)
        key = isinstance(value, bool), value
        if name in values:
            if parent not in values:
                return []
            with_it[key] = value
        elif parent in values:
            without.add(key)
    if without & with_it.keys() or len(with_it) > MAX_VALUES:
        return []
    if _is_listed(entry):
        return list(with_it.values())
    return _threshold(entry, list(with_it.values()), [value for _, value in without])


def _is_listed(entry: dict[str, Any]) -> bool:
    return entry["class_name"] in ("Choice", "Boolean")


def _threshold(entry: dict[str, Any], with_it: list[Any], without: list[Any]) -> list[Any]:
    """Of a number, such as of layers: all values from the least, or up to the largest."""
    if entry["class_name"] != "Int":
        return []
    low, high = entry["config"]["min_value"], entry["config"]["max_value"]
    if min(with_it) > max(without):
        found = range(min(with_it), high + 1)
    elif max(with_it) < min(without):
        found = range(low, max(with_it) + 1)
    else:
        return []
    return list(found) if len(found) <= MAX_CHOICES else []
