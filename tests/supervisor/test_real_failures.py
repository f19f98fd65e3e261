"""Trials that end badly, in real processes: each fails with its own reason, the search goes on."""

from pathlib import Path
from typing import Any

import pytest

from tuning.models import Dataset, HyperModel, Project, Search, Worker
from tuning.protocol.statuses import SearchStatus, Status
from tuning.recording import recorder

from .real import real_slot

pytestmark = [pytest.mark.django_db, pytest.mark.tensorflow]

# Every trial but the last misbehaves in its own way, by its units: what it does, its failure.
NAN = "model.optimizer.learning_rate = float('nan')"
TROUBLES = {
    8: ("raise ValueError('too few units')", "code_error", "too few units"),
    16: (NAN, "nan_score", "val_loss"),
    24: ("import sys; sys.exit(3)", "code_error", "3"),
    32: ("hog = [bytearray(100_000_000) for _ in range(60)]", "out_of_memory", "MB"),
    40: ("import os; os.abort()", "killed", "SIGABRT"),
    # Must be the last one: see fail_and_limit.
    48: ("while True: pass", "time_limit", "3 seconds"),
}
TEMPLATE = f"""
import keras

TROUBLES = { ({units: trouble for units, (trouble, *_) in TROUBLES.items()}) }

def build_model(hp, input_shape, num_classes):
    units = hp.Int("units", 8, 56, step=8)
    model = keras.Sequential([
        keras.layers.Input(input_shape),
        keras.layers.Flatten(),
        keras.layers.Dense(units),
        keras.layers.Dense(num_classes, activation="softmax"),
    ])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    exec(TROUBLES.get(units, ""))
    return model
"""
SPACE = {
    "space": [{"class_name": "Int", "config": {
        "name": "units", "default": 8, "conditions": [], "min_value": 8, "max_value": 56,
        "step": 8, "sampling": "linear"}}],
    "values": {},
}  # fmt: skip


def test_each_trial_fails_for_its_own_reason_and_the_next_one_runs(
    digits: Path, make_search: Any, project: Project, worker: Worker,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    Dataset.objects.filter(pk=project.dataset_id).update(folder=digits.name)
    HyperModel.objects.filter(pk=project.hypermodel_id).update(code=TEMPLATE)
    project.refresh_from_db()
    search: Search = make_search(
        space=SPACE, tuner="grid", max_trials=7, epochs=1, objective="val_loss", direction="min",
        max_consecutive_failures=20, time_limit=600,
    )  # fmt: skip
    fail_trial = recorder.fail_trial

    def fail_and_limit(*args: Any) -> None:
        """Only what would go on for ever is ended: others have ten minutes on any machine."""
        fail_trial(*args)
        is_next = search.trials.filter(status=Status.FAILED).count() == len(TROUBLES) - 1
        Search.objects.filter(pk=search.pk).update(time_limit=3 if is_next else 600)

    monkeypatch.setattr(recorder, "fail_trial", fail_and_limit)
    real_slot(worker, megabytes=2500).run()
    *failed, good = search.trials.order_by("number")
    assert [trial.values["units"] for trial in failed] == list(TROUBLES)
    for trial in failed:
        _, code, words = TROUBLES[trial.values["units"]]
        assert (trial.status, trial.failure_code) == (Status.FAILED, code), trial.failure_message
        assert words in trial.failure_message
    assert "template.py" in failed[0].failure_traceback
    assert good.status == Status.COMPLETED
    search.refresh_from_db()
    assert search.status == SearchStatus.COMPLETED
