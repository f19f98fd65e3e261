"""A finished search as rows, for tests of pages: nothing of it was ever trained.

Run inside of a Tuneroom: `manage.py shell -c "from tests.browser.rows import fill; fill('Name')"`.
"""

import math
import random
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone

from tuning.models import (
    Dataset,
    Epoch,
    HyperModel,
    Inspection,
    Membership,
    Project,
    Role,
    Search,
    Team,
    Trial,
    TrialIndex,
)  # fmt: skip
from tuning.protocol.statuses import SearchStatus, Status


def _space() -> dict[str, Any]:
    """As in tests/conftest.py, which would choose a data folder of its own."""

    def one(kind: str, name: str, **config: Any) -> dict[str, Any]:
        return {"class_name": kind, "config": {"conditions": [], **config, "name": name}}

    sgd = {"class_name": "Parent", "config": {"name": "optimizer", "values": ["sgd"]}}
    units = {"default": 16, "min_value": 8, "max_value": 64, "step": 8, "sampling": "linear"}
    rate = {"default": 1e-3, "min_value": 1e-4, "max_value": 0.1, "step": None, "sampling": "log"}
    momentum = {"default": 0.5, "min_value": 0.0, "max_value": 0.9, "step": 0.1}
    return {
        "space": [
            one("Int", "units", **units),
            one("Choice", "optimizer", default="adam", values=["adam", "sgd"], ordered=False),
            one("Float", "momentum", sampling="linear", **momentum | {"conditions": [sgd]}),
            one("Float", "learning_rate", **rate),
        ],
        "values": {},
    }


SPACE = _space()
COLLEAGUE, PASSWORD = "colleague", "colleague-password-1"


def fill(name: str, trials: int = 130, status: str = SearchStatus.COMPLETED) -> None:
    """Prints the key of a search of this many trials. The team has the first account and, as an
    editor, a colleague."""
    team = Team.objects.create(name=name)
    first = User.objects.filter(is_superuser=True).earliest("pk")
    Membership.objects.create(team=team, user=first, role=Role.OWNER)
    colleague = User.objects.filter(username=COLLEAGUE).first()
    colleague = colleague or User.objects.create_user(COLLEAGUE, password=PASSWORD)
    Membership.objects.create(team=team, user=colleague, role=Role.EDITOR)
    search = _search(name, team, first)
    Search.objects.filter(pk=search.pk).update(status=status)
    rows = Trial.objects.bulk_create(_trials(search, trials))
    Epoch.objects.bulk_create(epoch for row in rows for epoch in _epochs(row))
    TrialIndex.objects.fill(search)
    print(search.pk)


def add(pk: int) -> None:
    """One more trial, as a worker would tell of it."""
    search = Search.objects.get(pk=pk)
    trial = _trial(search, search.trials.count() + 1, random.Random(2))
    trial.save()
    TrialIndex.objects.fill(search, [trial])
    Search.objects.touch(pk)


def mark_up(pk: int) -> None:
    """Names and values that would be links if anybody took them for HTML."""
    search = Search.objects.get(pk=pk)
    for trial in search.trials.all():
        trial.values["<b>size</b>"] = trial.number % 7
        trial.values["kind"] = f'<a href="https://example.org">{trial.number % 3}</a>'
        trial.save(update_fields=["values"])
    TrialIndex.objects.fill(search)


def _search(name: str, team: Team, user: User) -> Search:
    dataset = Dataset.objects.get(key="digits")
    hypermodel = HyperModel.objects.create(
        key=name, name=name, team=team, code="def build_model(hp): ...", kinds=["image"]
    )
    Inspection.objects.create(
        dataset=dataset, hypermodel=hypermodel, status=Status.COMPLETED, space=SPACE,
        metrics=["accuracy", "loss", "val_accuracy", "val_loss"], parameters=1234,
    )  # fmt: skip
    project = Project.objects.create(
        team=team, name=name, dataset=dataset, hypermodel=hypermodel, created_by=user
    )
    return Search.objects.create(
        project=project, hypermodel=hypermodel, number=1, status=SearchStatus.COMPLETED,
        objective="val_accuracy", direction="max", space=SPACE, created_by=user,
    )  # fmt: skip


def _trials(search: Search, count: int) -> list[Trial]:
    draw = random.Random(1)
    return [_trial(search, number, draw) for number in range(1, count + 1)]


def _epochs(trial: Trial) -> list[Epoch]:
    return [
        Epoch(
            trial=trial, attempt=trial.attempt, execution=0, epoch=epoch, seconds=1,
            metrics={name: value * epoch / 5 for name, value in trial.metrics.items()},
        )
        for epoch in range(1, trial.epochs_done + 1)
    ]  # fmt: skip


def _trial(search: Search, number: int, draw: random.Random) -> Trial:
    values: dict[str, Any] = {
        "units": draw.randrange(8, 72, 8),
        "optimizer": draw.choice(["adam", "sgd"]),
        "learning_rate": 10 ** draw.uniform(-4, -1),
    }
    if values["optimizer"] == "sgd":
        values["momentum"] = draw.randrange(10) / 10
    score = 0.98 - abs(math.log10(values["learning_rate"]) + 2.5) * 0.1 - draw.random() * 0.05
    metrics = {"accuracy": score + 0.01, "loss": 1.1 - score, "val_accuracy": score,
               "val_loss": 1.2 - score}  # fmt: skip
    now = timezone.now()
    return Trial(
        search=search, number=number, is_baseline=number == 1, status=Status.COMPLETED,
        values=values, score=score, metrics=metrics, last_metrics=metrics, epochs_done=5,
        attempt=1, started_at=now - timedelta(seconds=30), finished_at=now,
        parameters=100 * values["units"],
    )  # fmt: skip
