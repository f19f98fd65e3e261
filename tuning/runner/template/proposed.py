"""The objective that a template's code names for its own search."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import keras_tuner as kt
from keras_tuner.src.engine.metrics_tracking import infer_metric_direction

from tuning.protocol.objectives import MAX_OBJECTIVES, infer_direction, reported_name

from .given import UNKNOWN, Given

_CHOOSE = "Choose it in the form of a new search."


@dataclass(frozen=True)
class Proposed:
    """An objective's name and direction. The direction is empty where the code gives only a name,
    the name where it gives no objective. `note`: a sentence about one that cannot be used, or about
    several; `others`: those after the first."""

    name: str = ""
    direction: str = ""
    note: str = ""
    others: "tuple[Proposed, ...]" = ()

    def among(self, metrics: list[str], directions: Mapping[str, str]) -> "Proposed":
        """The same under the name that is reported, with the direction that its class or its name
        says where the code says none; without a name if no such metric is reported."""
        if not self.name:
            return self
        reported = reported_name(self.name, metrics)
        if not reported:
            return Proposed(note=(
                f"Its objective {self.name} is not among the metrics that it reports "
                f"({', '.join(metrics) or 'none'}). {_CHOOSE}"
            ))  # fmt: skip
        direction = self.direction or infer_direction(reported, directions)
        known = [other.among(metrics, directions) for other in self.others]
        missing = [other.note for other in known if not other.name]
        return replace(
            self, name=reported, direction=direction, note=" ".join([self.note, *missing]).strip(),
            others=tuple(other for other in known if other.name),
        )  # fmt: skip

    def for_oracle(self) -> Any:
        """A kt.Objective for an oracle that needs one although nothing is compared by it."""
        if not self.name:
            return None
        return kt.Objective(self.name, self.direction or infer_direction(self.name) or "min")


def proposed_objective(given: Given) -> Proposed:
    """The one objective that the script gives to its tuner or to its tuner's oracle."""
    arguments = given.tuner_arguments()
    for name in ("objective", "oracle"):
        if name not in arguments:
            continue
        value = given.value(arguments[name])
        if value is UNKNOWN and name == "objective":
            return Proposed(note=(
                f"Its objective, in line {arguments[name].lineno}, is known only while the script "
                f"runs. {_CHOOSE}"
            ))  # fmt: skip
        found = objective_of(value)
        if found.name or found.note:
            return found
    return Proposed()


def objective_of(value: Any) -> Proposed:
    """Of a name, a kt.Objective, a list of them, or an oracle that has one."""
    if isinstance(value, kt.Oracle):
        value = value.objective
    several = getattr(value, "objectives", value)
    if isinstance(several, list | tuple):
        if len(several) == 1:
            return objective_of(several[0])
        return _several([objective_of(one) for one in several])
    if isinstance(value, str):
        return Proposed(value)
    if type(value) is not kt.Objective:
        return Proposed()  # KerasTuner's stand-in for none at all.
    return Proposed(str(value.name), _stated(value))


def _several(found: list[Proposed]) -> Proposed:
    """KerasTuner would add them up, each in its own unit."""
    named = list({one.name: one for one in found if one.name}.values())
    if not named:
        return Proposed()
    first, *others = named[:MAX_OBJECTIVES]
    if not others:
        return first
    names = ", ".join(one.name for one in named)
    note = f"Proposes several objectives ({names}). KerasTuner would add them up, unscaled."
    if len(named) > MAX_OBJECTIVES:
        note += f" Only the first {MAX_OBJECTIVES} are used."
    return replace(first, note=note, others=tuple(others))


def _stated(objective: Any) -> str:
    """The direction, unless it is the one that KerasTuner takes from the name: it does not know
    all of Keras's metrics (it would minimise f1_score)."""
    direction = str(objective.direction)
    if direction not in ("min", "max") or infer_metric_direction(objective.name) == direction:
        return ""
    return direction
