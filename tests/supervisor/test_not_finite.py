"""A trial remembers which metrics were NaN or infinite, whatever its score is."""

import importlib
import math
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from django.apps import apps

from tuning.models import Epoch, Trial, TrialIndex
from tuning.protocol.events import EpochEnd, TrialEnd
from tuning.protocol.statuses import Status
from tuning.supervisor.slot import SlotLoop

from .fake_runner import Step

pytestmark = pytest.mark.django_db


def _diverging(*_: Any) -> Iterator[Step]:
    """Its loss is NaN from the second epoch on; one epoch has no val_loss at all."""
    yield EpochEnd(0, 1, 0.1, {"loss": 0.5, "val_accuracy": 0.8, "val_loss": 0.4})
    yield EpochEnd(0, 2, 0.1, {"loss": math.nan, "val_accuracy": 0.1})
    yield EpochEnd(0, 3, 0.1, {"loss": math.nan, "val_accuracy": 0.1, "val_loss": 0.4})
    yield TrialEnd({"loss": 0.5, "val_accuracy": 0.8, "auc": math.inf}, 0)


def _sound(*_: Any) -> Iterator[Step]:
    yield EpochEnd(0, 1, 0.1, {"loss": 0.5, "val_accuracy": 0.8})
    yield EpochEnd(0, 2, 0.1, {"loss": 0.4, "val_accuracy": 0.9, "lr": 0.1})
    yield TrialEnd({"loss": 0.4, "val_accuracy": 0.9}, 1)


@pytest.mark.parametrize(("script", "names"), [(_diverging, ["auc", "loss"]), (_sound, [])])
def test_they_are_noted_as_the_trial_ends(
    make_search: Any, make_slot: Callable[..., SlotLoop], script: Any, names: list[str]
) -> None:
    search = make_search(max_trials=1)
    make_slot(script).run()
    trial = search.trials.get()
    assert (trial.status, trial.not_finite) == (Status.COMPLETED, names)
    assert TrialIndex.objects.get(trial=trial).not_finite == ", ".join(names)


def test_trials_of_older_databases_are_marked(
    make_search: Any, make_slot: Callable[..., SlotLoop]
) -> None:
    search = make_search(max_trials=2)
    make_slot(_diverging).run()
    first, second = search.trials.order_by("number")
    second.epochs.all().delete()
    # Words in names are not values, and earlier attempts do not count.
    Trial.objects.filter(pk=second.pk).update(metrics={"nullity": 1.0})
    for attempt, metrics in ((second.attempt, {"null": 0.5}), (second.attempt + 1, {"loss": None})):
        Epoch.objects.create(
            trial=second, attempt=attempt, execution=0, epoch=1, seconds=1, metrics=metrics
        )
    Trial.objects.update(not_finite=[])
    TrialIndex.objects.update(not_finite="")
    migration = importlib.import_module("tuning.migrations.0007_not_finite_metrics")
    then = SimpleNamespace(
        # What the trial index was called at that time.
        get_model=lambda app, name: apps.get_model(app, {"Cells": "TrialIndex"}.get(name, name))
    )
    migration.note_what_was_not_finite(then, None)
    rows = search.trials.order_by("number").values_list("not_finite", "index_row__not_finite")
    assert list(rows) == [(["auc", "loss"], "auc, loss"), ([], "")]
    assert first.number < second.number
