"""The trials of a search that an Optuna script runs."""

import math
from functools import partial
from typing import Any

import optuna

from tuning.protocol.events import (
    Asked,
    EpochEnd,
    Failed,
    Metrics,
    NextTrial,
    TrialEnd,
    TrialPruned,
)
from tuning.protocol.failures import FailureCode
from tuning.protocol.orders import SearchOrder, TrialOrder
from tuning.runner.channel import Channel
from tuning.runner.failures import failure_of
from tuning.runner.inputs.data import load_dataset
from tuning.runner.pruning import Pruning
from tuning.spaces.define_by_run import Distribution

from .running import Outcome, run, watched
from .study_settings import value_names
from .template import ScriptTemplate
from .trials import new_trial
from .watch import ScriptWatch


def search_script(order: SearchOrder, channel: Channel) -> None:
    """Run trial after trial until the supervisor has no more."""
    dataset = load_dataset(order.project)
    template = ScriptTemplate(order.project, dataset, dataset.rows)
    pruning = Pruning(channel)
    watch = ScriptWatch(channel.send, template.study_settings.value_name, pruning)
    with watched(template, watch):
        while True:
            channel.send(NextTrial())
            trial = channel.receive()
            if not isinstance(trial, TrialOrder):
                return
            channel.begin_trial(trial.token)
            pruning.begin(trial)
            channel.send(_result(template, trial, order, watch, channel))


def _result(
    template: ScriptTemplate, order: TrialOrder, search: SearchOrder, watch: ScriptWatch,
    channel: Channel,
) -> TrialEnd | TrialPruned | Failed:  # fmt: skip
    """Run one trial. Whatever it raises fails it, and only it."""
    directions = template.study_settings.directions
    trial = new_trial(directions, partial(_ask, channel), watch, order.number - 1)
    try:
        outcome = run(template, trial, watch, order.seed)
    except optuna.TrialPruned:
        return TrialPruned()
    except (Exception, SystemExit) as error:  # noqa: BLE001  the template may raise anything
        return failure_of(error)
    finally:
        watch.describe_estimator()
    metrics, step = metrics_of(outcome, template, watch)
    score = metrics.get(search.objective)
    if score is None or not math.isfinite(score):
        found = ", ".join(metrics) or "none"
        message = f"The objective {search.objective!r} is not among the trial's metrics: {found}."
        return Failed(FailureCode.NO_SCORE, message)
    return TrialEnd(metrics, step)


def _ask(channel: Channel, name: str, distribution: Distribution) -> Any:
    channel.send(Asked(name, distribution))
    return channel.suggested()


def metrics_of(
    outcome: Outcome, template: ScriptTemplate, watch: ScriptWatch
) -> tuple[Metrics, int]:
    """A trial's metrics, and the epoch, counted from 0, that its first value belongs to: the last
    one of which that value was reported, else the last of all. Of several models the epochs say
    nothing of the trial as a whole."""
    names = value_names(template.study_settings, len(outcome.values))
    values: Metrics = dict(zip(names, outcome.values, strict=True))
    epochs = watch.epochs if watch.models == 1 else []
    last = epochs[-1] if epochs else None
    reported = (e for e in reversed(epochs) if e.metrics.get(watch.value_name) == outcome.values[0])
    best: EpochEnd | None = next(reported, last)
    of_epoch = best.metrics if best else {}
    # The score is what the function returned, under whichever name it is one.
    known = {**of_epoch, **outcome.attributes, **outcome.constraints, **values}
    return known, (best.epoch - 1 if best else 0)
