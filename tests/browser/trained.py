"""Trials of a real project as rows, as if they had been trained: the models are real, what they
reached is made up.

Run inside of a Tuneroom: `manage.py shell -c "from tests.browser.trained import train; ..."`.
"""

import math
import random
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone

from tuning.models import Epoch, Membership, Project, Search, Trial, TrialIndex
from tuning.protocol.failures import FailureCode
from tuning.protocol.statuses import SearchStatus, Status

EPOCHS = 2


def join(project: int, name: str, password: str, role: str) -> None:
    """Somebody with this role in the project's team."""
    team = Project.objects.get(pk=project).team
    user = User.objects.filter(username=name).first()
    user = user or User.objects.create_user(name, password=password)
    Membership.objects.update_or_create(team=team, user=user, defaults={"role": role})


def train(project: int, trials: int) -> None:
    """Prints the key of a finished search of the project's own space. Every twentieth trial
    failed."""
    owner = Project.objects.get(pk=project)
    search = Search.objects.create(
        project=owner, hypermodel=owner.hypermodel, number=1, status=SearchStatus.COMPLETED,
        objective="val_accuracy", direction="max", max_trials=trials, epochs=EPOCHS,
        space=owner.inspection.space, created_by=owner.created_by, finished_at=timezone.now(),
    )  # fmt: skip
    draw = random.Random(4)
    for number in range(1, trials + 1):
        trial = Trial(search=search, number=number, is_baseline=number == 1, attempt=1)
        trial.values = values_of(search.space["space"], None if number == 1 else draw)
        trial.finished_at = timezone.now() - timedelta(seconds=4 * (trials - number))
        trial.started_at = trial.finished_at - timedelta(seconds=draw.uniform(2, 6))
        trial.parameters = 32 * trial.values["units_1"]
        if number % 20:
            _complete(trial, draw)
        else:
            trial.status, trial.failure_code = Status.FAILED, FailureCode.NAN_SCORE
            trial.failure_message = "val_accuracy was not a number at the end of the trial."
            trial.save()
    TrialIndex.objects.fill(search)
    print(search.pk)


def values_of(space: list[dict[str, Any]], draw: random.Random | None) -> dict[str, Any]:
    """Values of what is in use, as the random oracle would draw them; without `draw` defaults."""
    values: dict[str, Any] = {}
    for entry in space:
        config = entry["config"]
        asked = [condition["config"] for condition in config["conditions"]]
        if all(values.get(one["name"]) in one["values"] for one in asked):
            kind = entry["class_name"]
            if kind == "Fixed":
                values[config["name"]] = config["value"]
            else:
                values[config["name"]] = _drawn(kind, config, draw) if draw else config["default"]
    return values


def _drawn(kind: str, config: dict[str, Any], draw: random.Random) -> Any:
    if kind == "Boolean":
        return draw.random() < 0.5
    if kind == "Choice":
        return draw.choice(config["values"])
    low, high, step = config["min_value"], config["max_value"], config["step"]
    if step is None:
        return math.exp(draw.uniform(math.log(low), math.log(high)))
    if config["sampling"] == "log":
        return low * step ** draw.randint(0, round(math.log(high / low, step)))
    # KerasTuner divides with // as well, so that 0 to 0.5 in steps of 0.1 ends with 0.4.
    return low + step * draw.randint(0, int((high - low) // step))


def _complete(trial: Trial, draw: random.Random) -> None:
    """Good around a learning rate of 0.005; dropout costs a little."""
    off = abs(math.log10(trial.values["learning_rate"]) + 2.3)
    loss = 0.08 + 0.22 * off + 0.1 * trial.values["dropout"] + draw.uniform(0, 0.05)
    epochs = [_epoch_metrics(loss * more, draw) for more in (1.6, 1.0)]
    trial.status, trial.metrics, trial.last_metrics = Status.COMPLETED, epochs[1], epochs[1]
    trial.score, trial.epochs_done, trial.best_epoch = epochs[1]["val_accuracy"], EPOCHS, EPOCHS
    trial.execution_scores = [trial.score]
    trial.save()
    Epoch.objects.bulk_create(
        Epoch(trial=trial, attempt=1, execution=0, epoch=place, seconds=0.5, metrics=metrics)
        for place, metrics in enumerate(epochs, start=1)
    )


def _epoch_metrics(loss: float, draw: random.Random) -> dict[str, float]:
    accuracy = math.exp(-loss / 2)
    return {
        "loss": loss * 0.8, "accuracy": math.exp(-loss / 3),
        "val_loss": loss, "val_accuracy": accuracy - draw.uniform(0, 0.01),
    }  # fmt: skip
