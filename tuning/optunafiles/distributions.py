"""The range of a parameter: what Optuna's distributions are in storages."""

import json
import math
from dataclasses import dataclass
from typing import Any

CATEGORICAL = "CategoricalDistribution"
INT, FLOAT = "IntDistribution", "FloatDistribution"
# Of Optuna before 3.0: what each is now, and what it says by its name.
_OLDER: dict[str, tuple[str, dict[str, Any]]] = {
    "UniformDistribution": (FLOAT, {}),
    "LogUniformDistribution": (FLOAT, {"log": True}),
    "DiscreteUniformDistribution": (FLOAT, {}),
    "IntUniformDistribution": (INT, {}),
    "IntLogUniformDistribution": (INT, {"log": True, "step": 1}),
}
Choice = str | bool | int | float | None


@dataclass(frozen=True)
class Distribution:
    """`kind` is Optuna's name of it. Either `choices` or `low` and `high`."""

    kind: str
    low: float = 0.0
    high: float = 0.0
    step: float | None = None
    log: bool = False
    choices: tuple[Choice, ...] = ()

    def stored(self, value: Any) -> float:
        """The number that storages have for a value: of a choice, its place."""
        if self.kind != CATEGORICAL:
            return float(value)
        # In Python 1 equals True; to Optuna it does, too, but then it finds the first.
        places = (i for i, one in enumerate(self.choices) if one == value and _same(one, value))
        return float(next(places))

    def value(self, stored: float) -> Choice:
        """The other way round. Raises ValueError if it is none of its values."""
        if not math.isfinite(stored):
            raise ValueError("a parameter without a number")
        if self.kind == CATEGORICAL:
            place = int(stored)
            if not 0 <= place < len(self.choices):
                raise ValueError("a parameter with an unknown choice")
            return self.choices[place]
        return int(stored) if self.kind == INT else stored

    @property
    def text(self) -> str:
        """The JSON in which storages have it."""
        attributes: dict[str, Any]
        if self.kind == CATEGORICAL:
            attributes = {"choices": list(self.choices)}
        else:
            kind = int if self.kind == INT else float
            step = None if self.step is None else kind(self.step)
            attributes = {
                "log": self.log, "step": step, "low": kind(self.low), "high": kind(self.high),
            }  # fmt: skip
        return json.dumps({"name": self.kind, "attributes": attributes})


def read_distribution(text: Any) -> Distribution:
    """What was read from a storage's JSON. Raises ValueError."""
    document: Any = json.loads(text) if isinstance(text, str) else None
    about = document.get("attributes") if isinstance(document, dict) else None
    if not isinstance(about, dict):
        raise ValueError("a distribution without attributes")
    name = str(document.get("name"))
    kind, implied = _OLDER.get(name, (name, {}))
    if kind == CATEGORICAL:
        choices = about.get("choices")
        if not isinstance(choices, list) or not choices:
            raise ValueError("a distribution without choices")
        return Distribution(CATEGORICAL, choices=tuple(map(_choice, choices)))
    if kind not in (INT, FLOAT):
        raise ValueError("an unknown distribution")
    about = {**about, **implied}
    # Optuna's older discrete distributions call their step so.
    low: Any
    high: Any
    low, high, step = about.get("low"), about.get("high"), about.get("step", about.get("q"))
    if not (_is_number(low) and _is_number(high) and (step is None or _is_number(step))):
        raise ValueError("a distribution without a range")
    return Distribution(kind, low, high, step, about.get("log") is True)


def _choice(value: Any) -> Choice:
    """Optuna takes any value as a choice and warns of those that JSON does not have."""
    return value if value is None or isinstance(value, str | bool | int | float) else str(value)


def _same(one: Any, other: Any) -> bool:
    return isinstance(one, bool) == isinstance(other, bool)


def _is_number(value: Any) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and math.isfinite(value)
