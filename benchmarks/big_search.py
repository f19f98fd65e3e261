"""Fill a database with a finished search of many trials, for benchmarks and for looking at pages.

    TUNEROOM_DATA=/tmp/big .venv/bin/python benchmarks/big_search.py 10000

Eight hyperparameters (logarithmic and linear floats, integers, choices, a Boolean, one that only
half of the trials use), some failures, texts as long as real ones, five epochs a trial. Signs in
as alice with the password alice-password-1.
"""

import argparse
import os
import random
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

BATCH = 2000
PASSWORD = "alice-password-1"  # noqa: S105  of a database for benchmarks
METRICS = ("accuracy", "loss", "val_accuracy", "val_loss")


def _float(name: str, low: float, high: float, log: bool = False, **config: Any) -> dict[str, Any]:
    return {"class_name": "Float", "config": {
        "name": name, "default": low, "conditions": [], "min_value": low, "max_value": high,
        "step": None, "sampling": "log" if log else "linear", **config}}  # fmt: skip


def _int(name: str, low: int, high: int, step: int) -> dict[str, Any]:
    return {"class_name": "Int", "config": {
        "name": name, "default": low, "conditions": [], "min_value": low, "max_value": high,
        "step": step, "sampling": "linear"}}  # fmt: skip


def _choice(name: str, *values: str) -> dict[str, Any]:
    return {"class_name": "Choice", "config": {
        "name": name, "default": values[0], "conditions": [], "values": list(values),
        "ordered": False}}  # fmt: skip


SPACE = {
    "space": [
        _int("conv_layers", 1, 4, 1),
        _int("filters", 16, 128, 16),
        _float("dropout", 0.0, 0.5),
        _choice("activation", "relu", "tanh", "gelu"),
        {"class_name": "Boolean", "config": {
            "name": "batch_norm", "default": False, "conditions": []}},
        _choice("optimizer", "adam", "sgd"),
        _float("momentum", 0.0, 0.99, conditions=[
            {"class_name": "Parent", "config": {"name": "optimizer", "values": ["sgd"]}}]),
        _float("learning_rate", 1e-4, 1e-1, log=True),
    ],
    "values": {},
}  # fmt: skip

LAYERS = "\n".join(f"conv2d_{n} (Conv2D)   (None, 28, 28, 32)   {n}9,{n}56" for n in range(24))
LOG = "\n".join(f"Epoch {n}/5 - 60/60 - 2s - 33ms/step - loss: 0.{n}512" for n in range(6))


def fill(count: int, epochs: int = 5) -> Any:
    """A project with one search of `count` trials. Returns the search."""
    from django.db import transaction

    from tuning.models import Epoch, Trial, TrialIndex

    search = _search(count, epochs)
    draw = random.Random(1)  # noqa: S311
    with transaction.atomic():
        for start in range(1, count + 1, BATCH):
            numbers = range(start, min(start + BATCH, count + 1))
            trials = Trial.objects.bulk_create(_trial(search, n, epochs, draw) for n in numbers)
            Epoch.objects.bulk_create(_epochs(trials, epochs), batch_size=5000)
        TrialIndex.objects.fill(search)
    return search


def _search(count: int, epochs: int) -> Any:
    from django.contrib.auth.models import User
    from django.utils import timezone

    from tuning import models

    alice = User.objects.filter(username="alice").first()
    if alice is None:
        alice = User.objects.create_user("alice", "alice@example.com", PASSWORD)
    team, _ = models.Team.objects.get_or_create(name="Benchmarks")
    models.Membership.objects.get_or_create(team=team, user=alice, defaults={"role": "owner"})
    dataset, _ = models.Dataset.objects.get_or_create(
        key="benchmark", team=team,
        defaults={"name": "Benchmark", "kind": "image", "task": "classification",
                  "status": "completed", "source": "upload",
                  "profile": {"rows": 60000, "input_shape": [28, 28, 1], "num_classes": 10}},
    )  # fmt: skip
    hypermodel, _ = models.HyperModel.objects.get_or_create(
        key="benchmark", team=team, defaults={"name": "Benchmark", "kinds": ["image"]}
    )
    models.Inspection.objects.get_or_create(
        dataset=dataset, hypermodel=hypermodel,
        defaults={"status": "completed", "space": SPACE, "metrics": list(METRICS)},
    )  # fmt: skip
    project = models.Project.objects.create(
        team=team, name=f"{count:,} trials", dataset=dataset, hypermodel=hypermodel,
        created_by=alice,
    )  # fmt: skip
    return models.Search.objects.create(
        project=project, hypermodel=hypermodel, number=1, status="completed", space=SPACE,
        objective="val_accuracy", direction="max", max_trials=count, epochs=epochs,
        created_by=alice, finished_at=timezone.now(),
    )  # fmt: skip


def _trial(search: Any, number: int, epochs: int, draw: random.Random) -> Any:
    from django.utils import timezone

    from tuning.models import Trial

    values: dict[str, Any] = {
        "conv_layers": draw.randint(1, 4),
        "filters": draw.randrange(16, 129, 16),
        "dropout": draw.uniform(0, 0.5),
        "activation": draw.choice(["relu", "tanh", "gelu"]),
        "batch_norm": draw.random() < 0.5,
        "optimizer": draw.choice(["adam", "sgd"]),
        "learning_rate": 10 ** draw.uniform(-4, -1),
    }
    if values["optimizer"] == "sgd":
        values["momentum"] = draw.uniform(0, 0.99)
    failed = draw.random() < 0.03
    quality = max(0.0, 1 - abs(values["learning_rate"] - 0.003) * 8 - values["dropout"] / 2)
    accuracy = min(0.999, 0.5 + 0.45 * quality + draw.gauss(0, 0.02))
    metrics = _metrics(accuracy, draw)
    ended = timezone.now() - timedelta(seconds=12.5 * (search.max_trials - number))
    return Trial(
        search=search, number=number, status="failed" if failed else "completed",
        is_baseline=number == 1, oracle_id=f"{number:04d}", values=values, attempt=1,
        score=None if failed else metrics["val_accuracy"],
        metrics={} if failed else metrics,
        last_metrics={} if failed else _metrics(accuracy - 0.01, draw),
        execution_scores=[] if failed else [metrics["val_accuracy"]],
        best_epoch=None if failed else draw.randint(1, epochs or 1),
        failure_code="out_of_memory" if failed else "",
        failure_message="The model did not fit into memory." if failed else "",
        epochs_done=0 if failed else epochs, parameters=values["filters"] * 1201,
        peak_memory=draw.randrange(600, 900) * 2**20, layers=LAYERS, log_tail=LOG,
        started_at=ended - timedelta(seconds=draw.uniform(5, 40)), finished_at=ended,
        end_order=number,
    )  # fmt: skip


def _metrics(accuracy: float, draw: random.Random) -> dict[str, float]:
    return {
        "accuracy": accuracy + 0.01, "loss": 1.1 - accuracy + draw.random() / 50,
        "val_accuracy": accuracy, "val_loss": 1.2 - accuracy + draw.random() / 50,
    }  # fmt: skip


def _epochs(trials: list[Any], epochs: int) -> Iterator[Any]:
    from tuning.models import Epoch

    for trial in trials:
        for epoch in range(1, epochs + 1 if trial.metrics else 1):
            share = epoch / epochs
            metrics = {name: value * share for name, value in trial.metrics.items()}
            yield Epoch(
                trial=trial, attempt=1, execution=0, epoch=epoch, seconds=2.5, metrics=metrics
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("trials", type=int)
    parser.add_argument("--epochs", type=int, default=5, help="0: none are stored")
    options = parser.parse_args()
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)
    started = time.perf_counter()
    search = fill(options.trials, options.epochs)
    seconds = time.perf_counter() - started
    from django.urls import reverse

    print(f"{options.trials:,} trials in {seconds:.0f} s: {reverse('trial-list', args=[search])}")


if __name__ == "__main__":
    main()
