"""Reading an Optuna script: its objective function alone shows what it tunes."""

import random
import time
from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
import optuna

from tuning.protocol.events import Built, Inspected, Progress
from tuning.protocol.model_kinds import ModelKind
from tuning.protocol.orders import InspectOrder
from tuning.runner.channel import Channel
from tuning.runner.custom_tuners.inspection import description_of
from tuning.runner.custom_tuners.left_behind import download_note
from tuning.runner.estimators.inspection import few_rows
from tuning.runner.failures import TemplateError
from tuning.runner.inputs.data import Dataset
from tuning.spaces.define_by_run import CATEGORICAL, Distribution, entry_for, found_again

from .running import Outcome, run, watched
from .study_settings import value_names
from .template import ScriptTemplate
from .trials import new_trial
from .watch import ScriptWatch

# Beyond the first trial, which may take as long as inspections may.
_SECONDS = 45.0
_TRIALS = 40
# So many trials without anything new end it.
_IDLE = 4


def inspect_script(order: InspectOrder, dataset: Dataset, channel: Channel) -> None:
    """Run the objective function on some rows: what it asks for is the search space, as far as it
    can be seen before the search."""
    template = ScriptTemplate(order.project, dataset, some_rows(dataset))
    settings = template.study_settings
    channel.send(Progress("Running trials on a few rows"))
    explored = Explored()
    first = _explore(template, explored)
    names = value_names(settings, len(first.outcome.values))
    known = {**dict.fromkeys(names), **first.outcome.attributes, **first.outcome.constraints}
    metrics = list(dict.fromkeys([*known, *first.of_epochs]))
    directions = dict(zip(names, settings.directions, strict=False))
    notes = (template.note, explored.note(template.builder_name), first.download)
    channel.send(
        Inspected(
            explored.space,
            metrics,
            first.built.parameters,
            first.built.summary,
            note=" ".join(filter(None, notes)),
            kind=ModelKind.OPTUNA,
            objective=names[0],
            direction=directions.get(names[0], ""),
            directions=directions,
            script=settings.settings(
                len(names), first.outcome.constraints, first.epochs, first.steps
            ),
        )
    )


def some_rows(dataset: Dataset) -> Any:
    """Of each part, a few of each class."""

    def rows(part: str) -> tuple[np.ndarray, np.ndarray]:
        return few_rows(*dataset.rows(part), dataset.facts["task"])

    return rows


@dataclass(frozen=True)
class _First:
    """What the first trial that ended well has shown. `epochs`: how many it trains; `steps`: those
    that it reports; `of_epochs`: metrics of its epochs, if it trains one model."""

    outcome: Outcome
    built: Built
    download: str
    epochs: int
    steps: list[int]
    of_epochs: list[str]


def _explore(template: ScriptTemplate, explored: "Explored") -> _First:
    """Run trials until nothing new is found. Raises what the first one raised if none ends well."""
    name = template.study_settings.value_name
    watch = ScriptWatch(lambda _: None, name, most_epochs=1)
    first: _First | None = None
    problem: BaseException | None = None
    began: float | None = None
    with watched(template, watch):
        for number in range(_TRIALS):
            trial = new_trial(template.study_settings.directions, explored.value, watch, number)
            explored.begin()
            try:
                outcome = run(template, trial, watch, seed=number)
                first = first or _seen(outcome, watch, template)
            except optuna.TrialPruned as error:
                problem = problem or error
            except Exception as error:  # noqa: BLE001  values that do not work are for the search
                problem = problem or error
            began = began or time.monotonic()
            if explored.is_done or time.monotonic() > began + _SECONDS:
                break
    if first is not None:
        return first
    if isinstance(problem, optuna.TrialPruned):
        raise TemplateError(f"{template.builder_name} pruned each of its trials.") from problem
    assert problem is not None
    raise problem


def _seen(outcome: Outcome, watch: ScriptWatch, template: ScriptTemplate) -> _First:
    names = (name for one in watch.epochs for name in one.metrics if name != watch.value_name)
    return _First(
        outcome,
        description_of(watch.last_model),
        download_note(watch, template, template.builder_name),
        watch.asked_epochs,
        watch.steps,
        list(dict.fromkeys(names)) if watch.models == 1 else [],
    )


class Explored:
    """The search space that trials have shown so far, and the values of the next one: first the
    lower end of each range, then the upper one, then any; of choices the least used one."""

    def __init__(self) -> None:
        self._entries: dict[str, dict[str, Any]] = {}
        self._used: Counter[tuple[str, int]] = Counter()
        self._open: set[tuple[str, int]] = set()
        self._random = random.Random(1)  # noqa: S311 nothing is kept secret with it
        self._trial = -1
        self._new_at = 0

    @property
    def space(self) -> dict[str, Any]:
        return {"space": list(self._entries.values()), "values": {}}

    @property
    def is_done(self) -> bool:
        """Whether each choice was used, both ends of ranges too, and nothing new came of late."""
        return not self._open and self._trial > 0 and self._trial - self._new_at >= _IDLE

    def begin(self) -> None:
        self._trial += 1

    def value(self, name: str, distribution: Distribution) -> Any:
        try:
            entry = found_again(self._entries.get(name), entry_for(name, distribution))
        except ValueError as error:
            raise TemplateError(f"The script asks for {error}.") from error
        if entry != self._entries.get(name):
            self._entries[name], self._new_at = entry, self._trial
        about = distribution["attributes"]
        if distribution["name"] == CATEGORICAL:
            return self._choice(name, about["choices"])
        low, high = about["low"], about["high"]
        if self._trial < 2:
            return (low, high)[self._trial]
        if distribution["name"] == "IntDistribution":
            return self._random.randrange(low, high + 1, about.get("step") or 1)
        return self._random.uniform(low, high)

    def _choice(self, name: str, choices: list[Any]) -> Any:
        places = range(len(choices))
        self._open |= {(name, place) for place in places if not self._used[name, place]}
        place = min(places, key=lambda one: self._used[name, one])
        self._used[name, place] += 1
        self._open.discard((name, place))
        return choices[place]

    def note(self, function: str) -> str:
        trials = self._trial + 1
        return (
            f"{function} runs each trial by itself. The search space was found by running it "
            f"{trials} times on a few rows; what appears later joins the table."
        )
