"""Weights that go from one runner to the next by way of the supervisor, whoever the runners are."""

from pathlib import Path
from typing import Any

import pytest

from tuning.models import Dataset, HyperModel, Project, Worker
from tuning.protocol.statuses import SearchStatus, Status

from .conftest import UNITS_SPACE
from .real import real_slot

pytestmark = [pytest.mark.django_db, pytest.mark.tensorflow]

# Every trial leaves a process behind, so that the next one has another runner.
TEMPLATE = """
import os, time
import keras

def build_model(hp, input_shape, num_classes):
    if os.fork() == 0:
        time.sleep(600)
    model = keras.Sequential([
        keras.layers.Input(input_shape),
        keras.layers.Flatten(),
        keras.layers.Dense(hp.Int("units", 8, 64, step=8)),
        keras.layers.Dense(num_classes, activation="softmax"),
    ])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model
"""


def test_a_child_goes_on_with_the_weights_of_another_runner(
    digits: Path, make_search: Any, project: Project, worker: Worker, tmp_path: Path, settings: Any
) -> None:
    # A test beside this one, with a database of its own, may have a search of the same number.
    settings.CHECKPOINTS_ROOT = tmp_path
    Dataset.objects.filter(pk=project.dataset_id).update(folder=digits.name)
    HyperModel.objects.filter(pk=project.hypermodel_id).update(code=TEMPLATE)
    project.refresh_from_db()
    search = make_search(space=UNITS_SPACE, tuner="hyperband", epochs=3)
    slot = real_slot(worker, megabytes=4000)
    while not search.trials.filter(tuner_values__has_key="tuner/trial_id").exists():
        assert slot.run() > 0
    slot.run()
    search.refresh_from_db()
    assert search.status == SearchStatus.COMPLETED
    children = [t for t in search.trials.all() if t.tuner_values.get("tuner/trial_id")]
    assert children
    ended = {(t.status, t.failure_message) for t in search.trials.all()}
    assert ended == {(Status.COMPLETED, "")}
