"""From a trial to a file in real processes: run_trial fits an estimator and saves nothing."""

from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from tuning.actions.saved_models import retrain
from tuning.models import Dataset, HyperModel, Project, Worker
from tuning.protocol.model_kinds import ModelKind
from tuning.protocol.statuses import Status

from .real import real_slot

pytestmark = [pytest.mark.django_db, pytest.mark.tensorflow]

TEMPLATE = """
import keras_tuner as kt
from sklearn.linear_model import RidgeClassifier
from sklearn.preprocessing import StandardScaler

class MyTuner(kt.engine.base_tuner.BaseTuner):
    def run_trial(self, trial, X, y):
        X = X.reshape(len(X), -1)
        X = StandardScaler().fit_transform(X)
        model = RidgeClassifier(alpha=trial.hyperparameters.Float("alpha", 0.1, 10.0))
        model.fit(X, y)
        return {"score": model.score(X, y)}
"""
SPACE = {
    "space": [{"class_name": "Float", "config": {
        "name": "alpha", "default": 0.1, "conditions": [], "min_value": 0.1, "max_value": 10.0,
        "step": None, "sampling": "linear"}}],
    "values": {},
}  # fmt: skip


def test_what_run_trial_fits_is_retrained_into_a_file(
    digits: Path, make_search: Any, project: Project, worker: Worker, alice: Any
) -> None:
    Dataset.objects.filter(pk=project.dataset_id).update(folder=digits.name)
    HyperModel.objects.filter(pk=project.hypermodel_id).update(code=TEMPLATE)
    project.refresh_from_db()
    search = make_search(
        space=SPACE, max_trials=1, objective="score", model_kind=ModelKind.CUSTOM, epochs=1
    )
    slot = real_slot(worker, megabytes=2500)
    slot.run()
    trial = search.trials.get()
    assert (trial.status, trial.failure_message) == (Status.COMPLETED, "")
    assert trial.layers == "RidgeClassifier(alpha=0.1)"

    saved = retrain(alice, trial)
    slot.run()
    saved.refresh_from_db()
    assert (saved.status, saved.failure_message) == (Status.COMPLETED, "")
    assert saved.is_estimator
    assert saved.note == "The file begins with the StandardScaler that run_trial fits."
    assert saved.test_metrics["accuracy"] > 0.8
    assert (Path(settings.SAVED_MODELS_ROOT) / saved.file).exists()
