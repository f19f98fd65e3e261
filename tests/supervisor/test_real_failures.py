"""Trials that end badly, in real processes: each fails with its own reason, the search goes on."""

from pathlib import Path
from typing import Any

import pytest

from tuning.models import Dataset, HyperModel, Project, Search, Worker
from tuning.protocol.statuses import SearchStatus, Status
from tuning.supervisor import recorder
from tuning.supervisor.slot import SlotLoop

from .conftest import UNITS_SPACE
from .real import real_slot

pytestmark = [pytest.mark.django_db, pytest.mark.tensorflow]

# The baseline (8 units) misbehaves; the trial after it does not.
TEMPLATE = """
import keras

def build_model(hp, input_shape, num_classes):
    units = hp.Int("units", 8, 64, step=8)
    if units == 8:
        {trouble}
    model = keras.Sequential([
        keras.layers.Input(input_shape),
        keras.layers.Flatten(),
        keras.layers.Dense(units),
        keras.layers.Dense(num_classes, activation="softmax"),
    ])
    model.compile(
        keras.optimizers.Adam(float("nan") if units == 8 and {nan} else 0.001),
        "sparse_categorical_crossentropy", metrics=["accuracy"],
    )
    return model
"""
MB = 1024 * 1024


@pytest.fixture
def slot(worker: Worker) -> SlotLoop:
    return real_slot(worker, megabytes=2500)


@pytest.mark.parametrize(
    ("trouble", "nan", "code", "words"),
    [
        ("raise ValueError('too few units')", False, "code_error", "too few units"),
        ("pass", True, "nan_score", "val_loss"),
        ("hog = [bytearray(100_000_000) for _ in range(60)]", False, "out_of_memory", "MB"),
        ("import os; os.abort()", False, "killed", "SIGABRT"),
        ("import sys; sys.exit(3)", False, "code_error", "3"),
        ("while True: pass", False, "time_limit", "12 seconds"),
    ],
)
def test_a_trial_fails_for_its_own_reason_and_the_next_one_runs(
    trouble: str, nan: bool, code: str, words: str, digits: Path, make_search: Any,
    project: Project, slot: SlotLoop, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    Dataset.objects.filter(pk=project.dataset_id).update(folder=digits.name)
    HyperModel.objects.filter(pk=project.hypermodel_id).update(
        code=TEMPLATE.format(trouble=trouble, nan=nan)
    )
    project.refresh_from_db()
    search: Search = make_search(
        space=UNITS_SPACE,
        max_trials=2,
        epochs=1,
        objective="val_loss",
        direction="min",
        # Only what would go on for ever is ended: the next trial has ten minutes on any machine.
        time_limit=12 if code == "time_limit" else 600,
    )
    fail_trial = recorder.fail_trial

    def fail_and_relax(*args: Any) -> None:
        fail_trial(*args)
        Search.objects.filter(pk=search.pk).update(time_limit=600)

    monkeypatch.setattr(recorder, "fail_trial", fail_and_relax)
    slot.run()
    failed, good = search.trials.all()
    assert (failed.status, failed.failure_code) == (Status.FAILED, code)
    assert words in failed.failure_message
    assert good.status == Status.COMPLETED
    search.refresh_from_db()
    assert search.status == SearchStatus.COMPLETED
    if code == "code_error" and "ValueError" in trouble:
        assert "template.py" in failed.failure_traceback
