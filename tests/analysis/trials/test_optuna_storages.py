"""Exported storages: the real Optuna opens them, and an import finds the trials as they were."""

import random
from pathlib import Path
from typing import Any

import optuna
import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from optuna.storages import JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState

from tuning.analysis.trials.exports import FORMATS, Rows
from tuning.analysis.trials.selection import Selection
from tuning.models import Epoch, Search, Trial, TrialIndex
from tuning.protocol.events import IMPORTED, FoundTrial, Imported, decode_event
from tuning.protocol.orders import ImportOrder
from tuning.protocol.statuses import FINISHED, Status
from tuning.runner.imports.importing import import_search
from tuning.spaces.hyperparameters import read_space

pytestmark = pytest.mark.django_db
STATES = {
    "completed": TrialState.COMPLETE, "pruned": TrialState.PRUNED, "failed": TrialState.FAIL,
    "stopped": TrialState.FAIL, "infeasible": TrialState.FAIL,
}  # fmt: skip


def random_trial(search: Search, number: int, draw: random.Random) -> Trial:
    status = draw.choice(sorted(FINISHED))
    values: dict[str, Any] = {}
    for parameter in read_space(search.space):
        if parameter.is_active(values):
            listed = parameter.listed
            low, high = parameter.config.get("min_value"), parameter.config.get("max_value")
            values[parameter.name] = (
                draw.choice(listed) if listed
                else parameter.value_at(draw.randrange(parameter.count)) if parameter.count
                else draw.uniform(low, high)
            )  # fmt: skip
    score = draw.random() if status == Status.COMPLETED else None
    metrics = {"val_accuracy": score, "val_loss": draw.random()} if score is not None else {}
    now = timezone.now()
    return Trial(
        search=search, number=number, status=status, values=values, score=score, metrics=metrics,
        parameters=draw.choice([None, 1234]), attempt=2, started_at=now, finished_at=now,
        failure_message="No." if status == Status.FAILED else "",
    )  # fmt: skip


@pytest.fixture
def search(make_search: Any) -> Search:
    """All ways to end, of the current attempt up to five epochs, and one of an earlier attempt."""
    search: Search = make_search(max_trials=60)
    search.trials.all().delete()
    draw = random.Random(5)
    trials = [random_trial(search, number, draw) for number in range(1, 61)]
    Trial.objects.bulk_create(trials)
    epochs = [
        Epoch(
            trial=trial, attempt=attempt, execution=0, epoch=number, seconds=1.0,
            metrics={"val_accuracy": draw.choice([draw.random(), None]), "loss": 1.0},
        )
        for trial in trials for attempt in (1, 2) for number in range(1, draw.randint(1, 6))
    ]  # fmt: skip
    Epoch.objects.bulk_create(epochs)
    TrialIndex.objects.fill(search)
    search.refresh_from_db()
    return search


def export(search: Search, user: User, name: str, query: str = "") -> str:
    content = b"".join(FORMATS[name].pieces(Rows(Selection.read(search, query, user))))
    Path(name).write_bytes(content)
    return name


def storage(name: str) -> Any:
    if name == "optuna":
        return RDBStorage("sqlite:///optuna", skip_table_creation=True)
    return JournalStorage(JournalFileBackend(name))


def reported(trial: Trial) -> dict[int, Any]:
    rows = trial.epochs.filter(attempt=2).values_list("epoch", "metrics")
    return {epoch: metrics["val_accuracy"] for epoch, metrics in rows}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("name", ["optuna", "optuna-journal"])
def test_optuna_opens_what_is_exported(search: Search, alice: User, name: str) -> None:
    study = optuna.load_study(study_name=None, storage=storage(export(search, alice, name)))
    assert study.study_name == "test-digits-test-cnn-search-1"
    assert (study.direction.name, study.metric_names) == ("MAXIMIZE", ["val_accuracy"])
    trials = list(search.trials.order_by("number"))
    assert len(study.trials) == len(trials) == 60
    for theirs, trial in zip(study.trials, trials, strict=True):
        assert theirs.user_attrs["tuneroom:trial"] == trial.number
        assert theirs.state == STATES[trial.status]
        assert (theirs.value if theirs.values else None) == trial.score
        assert theirs.params == trial.values
        assert theirs.user_attrs.get("val_loss") == trial.metrics.get("val_loss")
        steps = {k: None if v != v else v for k, v in theirs.intermediate_values.items()}
        assert steps == reported(trial)
    assert study.best_trial.value == max(t.score for t in trials if t.score is not None)
    # Optuna goes on from there.
    optuna.samplers.TPESampler(seed=1).infer_relative_search_space(study, study.trials[0])
    assert "learning_rate" in optuna.importance.get_param_importances(study)


@pytest.mark.parametrize("name", ["optuna", "optuna-journal"])
def test_an_export_comes_back_as_it_was(search: Search, alice: User, name: str) -> None:
    events: list[Any] = []
    import_search(ImportOrder(export(search, alice, name), name, 2**26), events.append)
    imported = events[-1]
    assert isinstance(imported, Imported)
    assert (imported.objective, imported.direction) == ("val_accuracy", "max")
    lines = Path(IMPORTED).read_bytes().splitlines()
    for trial, line in zip(search.trials.order_by("number"), lines, strict=True):
        found = decode_event(line)
        assert isinstance(found, FoundTrial)
        assert (found.status, found.values) == (trial.status, trial.values)
        assert {k: type(v) for k, v in found.values.items()} == {
            k: type(v) for k, v in trial.values.items()
        }
        if trial.status == Status.COMPLETED:
            known = trial.metrics | ({"parameters": 1234} if trial.parameters else {})
            assert found.metrics == known
        epochs = {epoch.epoch: epoch.metrics["val_accuracy"] for epoch in found.epochs}
        assert epochs == reported(trial)
        assert found.message == trial.failure_message
    ours = {p.name: (p.kind, p.conditions) for p in read_space(search.space)}
    theirs = {p.name: (p.kind, p.conditions) for p in read_space(imported.space)}
    assert theirs == ours


def test_only_the_selection_is_in_it(search: Search, alice: User) -> None:
    name = export(search, alice, "optuna-journal", "status=completed&score__top=3&sort=score")
    study = optuna.load_study(study_name=None, storage=storage(name))
    best = list(search.trials.completed().order_by("-score")[:3])
    assert {t.value for t in study.trials} == {t.score for t in best}


def test_a_selection_of_no_trials_is_a_study_too(search: Search, alice: User) -> None:
    name = export(search, alice, "optuna-journal", "score__gt=2")
    assert optuna.load_study(study_name=None, storage=storage(name)).trials == []


def test_several_objectives_and_constraints(make_search: Any, alice: User) -> None:
    search = make_search(
        other_objectives=[{"name": "parameters", "direction": "min"}],
        constraints=[{"name": "parameters", "relation": "<=", "limit": 1000.0}],
    )
    now = timezone.now()
    search.trials.all().delete()
    for number, parameters, status in ((1, 500, "completed"), (2, 2000, "infeasible")):
        score = 0.9 if status == "completed" else None
        Trial.objects.create(
            search=search, number=number, status=status, score=score, parameters=parameters,
            metrics={"val_accuracy": 0.9}, started_at=now, finished_at=now,
            values={"units": 8, "optimizer": "adam", "learning_rate": 0.01},
        )  # fmt: skip
    Trial.objects.create(search=search, number=3, status="queued", values={})
    TrialIndex.objects.fill(search)
    study = optuna.load_study(
        study_name=None, storage=storage(export(search, alice, "optuna-journal"))
    )
    assert [trial.values for trial in study.trials] == [[0.9, 500.0], [0.9, 2000.0], None]
    assert [list(trial.constraints.values()) for trial in study.trials] == [[-0.5], [1.0], []]
    assert study.trials[2].state == TrialState.WAITING
    assert [trial.number for trial in study.best_trials] == [0]


@pytest.mark.parametrize("name", ["optuna", "optuna-journal"])
def test_several_objectives_and_constraints_come_back_as_they_were(
    make_search: Any, alice: User, name: str
) -> None:
    search = make_search(
        other_objectives=[{"name": "parameters", "direction": "min"}],
        constraints=[{"name": "val_loss", "relation": "<=", "limit": 0.5}],
    )
    now = timezone.now()
    search.trials.all().delete()
    draw = random.Random(3)
    for number, status in enumerate(["completed", "infeasible", "failed", "completed"], 1):
        loss = draw.uniform(0.6, 0.9) if status == "infeasible" else draw.uniform(0.1, 0.5)
        metrics = {"val_accuracy": draw.random(), "val_loss": loss} if status != "failed" else {}
        Trial.objects.create(
            search=search, number=number, status=status, metrics=metrics, started_at=now,
            finished_at=now, parameters=draw.randrange(9999) if metrics else None,
            score=metrics["val_accuracy"] if status == "completed" else None,
            values={"units": 8 * number, "optimizer": "adam", "learning_rate": draw.random()},
        )  # fmt: skip
    TrialIndex.objects.fill(search)

    events: list[Any] = []
    import_search(ImportOrder(export(search, alice, name), name, 2**26), events.append)

    imported = events[-1]
    assert isinstance(imported, Imported)
    assert (imported.objective, imported.direction) == ("val_accuracy", "max")
    assert imported.others == search.objectives[1:]
    assert len(imported.constraints) == 1
    lines = Path(IMPORTED).read_bytes().splitlines()
    for trial, line in zip(search.trials.order_by("number"), lines, strict=True):
        found = decode_event(line)
        assert isinstance(found, FoundTrial)
        assert (found.status, found.values) == (trial.status, trial.values)
        expected = trial.metrics | ({"parameters": trial.parameters} if trial.metrics else {})
        assert expected.items() <= found.metrics.items()
        excess = [limit.excess(found.metrics[limit.name] or 0.0)
                  for limit in imported.constraints if limit.name in found.metrics]  # fmt: skip
        assert [each > 0 for each in excess] == ([trial.status == "infeasible"] * len(excess))
        assert len(excess) == bool(trial.metrics)


@pytest.mark.parametrize(
    ("config", "value", "expected"),
    [
        ({"step": 0.3, "sampling": "linear"}, 0.3,
         optuna.distributions.FloatDistribution(0.0, 0.9, step=0.3)),
        ({"step": None, "sampling": "linear"}, 7.0,
         optuna.distributions.FloatDistribution(0.0, 7.0)),
        ({"step": 10, "sampling": "log", "min_value": 0.001}, 0.01,
         optuna.distributions.FloatDistribution(0.001, 1.0, log=True)),
    ],
)  # fmt: skip
def test_ranges_are_what_optuna_can_have(config: Any, value: Any, expected: Any) -> None:
    from tuning.analysis.trials.exports.optuna_storage import _range

    full = {"name": "x", "min_value": 0.0, "max_value": 1.0, "conditions": [], **config}
    [parameter] = read_space({"space": [{"class_name": "Float", "config": full}]})
    assert optuna.distributions.json_to_distribution(_range(parameter, value).text) == expected
