"""The callbacks with the real Keras and the real Optuna."""

import textwrap
from typing import Any

import pytest
import tuneroom
from django.contrib.auth.models import User

from tests.runner import warm
from tests.services import ROOT
from tuning.actions.access_tokens import create_token
from tuning.models import Epoch, Project, Scope, Trial
from tuning.protocol.statuses import Status

KERAS = """
    import sys
    sys.path.insert(0, sys.argv[2])
    import keras, numpy, tuneroom
    from tuneroom.keras import Callback

    x, y = numpy.arange(8.0).reshape(-1, 1), numpy.arange(8.0)
    search = tuneroom.connect(sys.argv[1]).search("Networks")
    with search.trial({"units": numpy.int64(2)}, epochs=2) as run:
        model = keras.Sequential([keras.layers.Dense(1)])
        model.compile("sgd", "mse")
        told = model.fit(
            x, y, validation_data=(x, y), epochs=2, verbose=0, callbacks=[Callback(run)]
        )
    print(told.history["val_loss"])
"""


@pytest.mark.tensorflow
@pytest.mark.django_db(transaction=True)
def test_fit_is_logged(live_server: Any, project: Project, bob: User) -> None:
    token = create_token(bob, "script", Scope.WRITE)
    told = warm.python(
        "-c", textwrap.dedent(KERAS), live_server.url, str(ROOT / "client" / "src"),
        env={"TUNEROOM_TOKEN": token},
    )  # fmt: skip
    assert told.returncode == 0, told.stderr
    losses = [float(text) for text in told.stdout.strip("[]\n").split(",")]
    trial = Trial.objects.get()
    assert (trial.values, trial.status, trial.epochs_done) == ({"units": 2}, Status.COMPLETED, 2)
    assert [epoch.metrics["val_loss"] for epoch in Epoch.objects.all()] == pytest.approx(losses)
    assert trial.score == pytest.approx(min(losses))
    assert project.searches.get().name == "Networks"


def test_a_study_is_logged(connected: tuneroom.Client, project: Project) -> None:
    optuna = pytest.importorskip("optuna")
    from tuneroom.optuna import Callback

    def objective(trial: Any) -> float:
        x = trial.suggest_float("x", 0, 10)
        kind = trial.suggest_categorical("kind", ["a", "b"])
        for step in range(3):
            trial.report(x + step, step)
            if trial.number == 1 and step == 1:
                raise optuna.TrialPruned
        if trial.number == 2:
            raise ValueError("No.")
        return float("nan") if trial.number == 3 else x + (kind == "b")

    search = connected.search("Study", project=project.pk, objective="distance", direction="min")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=1))
    callback = Callback(search)
    study.optimize(objective, n_trials=5, callbacks=[callback], catch=ValueError)
    trials = list(Trial.objects.order_by("number"))
    assert [trial.status for trial in trials] == [
        "completed", "pruned", "failed", "failed", "completed",
    ]  # fmt: skip
    assert [trial.values for trial in trials] == [trial.params for trial in study.trials]
    assert [trials[0].score, trials[4].score] == [study.trials[0].value, study.trials[4].value]
    assert [trial.epochs_done for trial in trials] == [3, 2, 3, 3, 3]
    assert trials[2].failure_message == "The objective raised an exception or gave no number."
    assert search.best().score == study.best_value

    other = optuna.create_study(direction="maximize")
    with pytest.raises(ValueError, match="The study's direction is max, that of search 1 is min"):
        other.optimize(objective, n_trials=1, callbacks=[callback])


def test_several_values_are_metrics(connected: tuneroom.Client, project: Project) -> None:
    optuna = pytest.importorskip("optuna")
    from tuneroom.optuna import Callback

    search = connected.search("Study", project=project.pk, objective="loss")
    study = optuna.create_study(directions=["minimize", "maximize"])
    with pytest.warns(optuna.exceptions.ExperimentalWarning):
        study.set_metric_names(["loss", "accuracy"])
    study.optimize(lambda trial: (0.5, 0.9), n_trials=1, callbacks=[Callback(search)])  # noqa: ARG005
    assert Trial.objects.get().metrics == {"loss": 0.5, "accuracy": 0.9}
