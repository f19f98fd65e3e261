"""Verdicts and weights of pruned trials, between the supervisor and real runners."""

from pathlib import Path
from typing import Any

import pytest

from tuning.models import Dataset, HyperModel, Project, Trial, Worker
from tuning.protocol.statuses import SearchStatus, Status

from .real import real_slot

pytestmark = [pytest.mark.django_db, pytest.mark.tensorflow]

# What a network learned is worth more than where it began: rates that are so small learn nothing.
RATES = [0.05, 0.01, 1e-6, 2e-6, 3e-6, 4e-6]
SPACE = {
    "space": [{"class_name": "Choice", "config": {
        "name": "rate", "default": RATES[0], "values": RATES, "ordered": False,
        "conditions": []}}],
    "values": {},
}  # fmt: skip
TEMPLATE = f"""
import keras

def build_model(hp, input_shape, num_classes):
    rate = hp.Choice("rate", {RATES}, ordered=False)
    model = keras.Sequential([
        keras.layers.Input(input_shape),
        keras.layers.Flatten(),
        keras.layers.Dense(num_classes, activation="softmax"),
    ])
    model.compile(keras.optimizers.Adam(rate), "sparse_categorical_crossentropy")
    return model
"""


def test_a_promoted_network_goes_on_where_it_stopped(
    digits: Path, make_search: Any, project: Project, worker: Worker, tmp_path: Path, settings: Any
) -> None:
    settings.CHECKPOINTS_ROOT = tmp_path
    Dataset.objects.filter(pk=project.dataset_id).update(folder=digits.name)
    HyperModel.objects.filter(pk=project.hypermodel_id).update(code=TEMPLATE)
    project.refresh_from_db()
    search = make_search(
        space=SPACE, tuner="grid", max_trials=len(RATES), epochs=4, objective="val_loss",
        direction="min", pruner="asha", pruning_factor=2, pruning_warmup=1,
    )  # fmt: skip
    real_slot(worker, megabytes=4000).run()
    search.refresh_from_db()
    assert search.status == SearchStatus.COMPLETED
    trials = {trial.values["rate"]: trial for trial in search.trials.all()}
    # Worse than the first one at the only rung; one of the better half once others are worse.
    second = trials[RATES[1]]
    assert second.attempts.get(number=1).outcome.startswith("Pruned at epoch")
    assert (second.status, second.attempt) == (Status.COMPLETED, 2)
    rows = list(second.epochs.filter(attempt=2).order_by("epoch"))
    assert [row.epoch for row in rows] == [1, 2, 3, 4]
    losses = [row.metrics["loss"] for row in rows]
    # From the start again, the first epoch after the pause would be like the first of all.
    assert losses == sorted(losses, reverse=True)
    assert second.score == min(row.metrics["val_loss"] for row in rows)
    assert second.best_epoch == 1 + [r.metrics["val_loss"] for r in rows].index(second.score)
    assert trials[RATES[0]].status == Status.COMPLETED
    hopeless = [trials[rate] for rate in RATES[2:]]
    assert any(trial.status == Status.PRUNED for trial in hopeless)
    for trial in Trial.objects.filter(status=Status.PRUNED):
        assert trial.epochs_done < 4
        assert trial.score is None
