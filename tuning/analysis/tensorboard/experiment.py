"""What the HPARAMS tab knows of a search beforehand: its hyperparameters and its metrics."""

from collections.abc import Iterable, Mapping
from typing import Any

from tuning.eventfiles.messages import BOOL, FLOAT64, STRING, Experiment
from tuning.models import Search
from tuning.spaces.hyperparameters import Hyperparameter, read_space

# Where a trial's own metrics stand: those of its best epoch. TensorBoard itself shows the last.
BEST = "best/"


def experiment_of(search: Search, metrics: Iterable[str]) -> Any:
    name = f"{search.project.name}, search {search.number}"
    message = Experiment(
        name=f"{name}: {search.name}" if search.name else name,
        # What an import reads again, besides being of use to people.
        description=f"{search.get_tuner_display()} for {search.objective}, {search.direction}",
        time_created_secs=search.created_at.timestamp(),
    )
    _add_hyperparameters(message, search)
    names = sorted(metrics, key=lambda name: (name != search.objective, name))
    for prefix, caption in ((BEST, "best"), ("", "last")):
        for metric in names:
            message.metric_infos.add(
                name={"tag": prefix + metric}, display_name=f"{metric} ({caption})"
            )
    return message


def _add_hyperparameters(message: Any, search: Search) -> None:
    entries: dict[str, list[Hyperparameter]] = {}
    for parameter in read_space(search.space):
        entries.setdefault(parameter.name, []).append(parameter)
    for name, parameters in entries.items():
        info = message.hparam_infos.add(name=name)
        listed = [value for p in parameters for value in p.listed or ()]
        ranges = [p for p in parameters if p.listed is None]
        info.type = FLOAT64 if ranges else _type_of(listed)
        if not ranges:
            info.domain_discrete.extend(as_hparam(value) for value in dict.fromkeys(listed))
        elif not listed:
            # Under several conditions it may have several ranges.
            info.domain_interval.min_value = min(p.config["min_value"] for p in ranges)
            info.domain_interval.max_value = max(p.config["max_value"] for p in ranges)


def _type_of(values: list[Any]) -> int:
    if all(isinstance(value, bool) for value in values):
        return BOOL
    numbers = all(isinstance(value, int | float) for value in values)
    return FLOAT64 if numbers else STRING


def as_hparam(value: Any) -> Any:
    """What HPARAMS can hold: texts, numbers and switches."""
    return value if isinstance(value, str | bool | int | float) else str(value)


def session_hparams(values: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Hyperparameters that are not in use have no value, and none is what they get."""
    return [
        {"key": name, "value": _value(as_hparam(value))}
        for name, value in values.items()
        if value is not None
    ]


def _value(value: Any) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"bool_value": value}
    return {"string_value": value} if isinstance(value, str) else {"number_value": value}
