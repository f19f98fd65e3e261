"""Searches of other programs, read by real runners and written by the supervisor."""

import io
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.urls import reverse

from tests.imports import keras_tuner_project, trial_json, zip_bytes
from tests.supervisor.real import MB
from tests.views.conftest import add_trial  # noqa: F401
from tuning.actions.imports import choose_objective, choose_studies, create_import, delete_import
from tuning.analysis.tensorboard.log_folder import log_folder
from tuning.models import Epoch, Project, Search, SearchImport, Trial, Worker
from tuning.protocol.constraints import Constraint
from tuning.protocol.events import (
    IMPORTED,
    BadEvent,
    FoundEpoch,
    FoundStudies,
    FoundStudy,
    FoundTrial,
    Imported,
    encode_event,
)
from tuning.protocol.failures import Failure, FailureCode
from tuning.protocol.objectives import Objective
from tuning.protocol.statuses import SearchStatus, Status
from tuning.recording.recorder import LeaseLost
from tuning.supervisor import imports
from tuning.supervisor.assignments.importing import ImportAssignment
from tuning.supervisor.claims import Slot, claim_next, has_work
from tuning.supervisor.imports import check_imported, check_studies
from tuning.supervisor.launch import Device
from tuning.supervisor.runners import RunnerProcess
from tuning.supervisor.supervise import supervise

FOUND = Imported("kerastuner", "s", "random", "acc", "max", ["acc"], {"space": []}, 1)


@pytest.fixture
def upload(project: Project, alice: User, worker: Worker) -> Callable[[bytes], SearchImport]:
    """A function: a claimed import of an archive."""

    def make(content: bytes) -> SearchImport:
        path = Path(settings.UPLOADS_ROOT) / f"tmp-import-{threading.get_ident()}"
        path.write_bytes(content)
        create_import(alice, project, path, "history.zip")
        return claimed(worker)

    return make


def claimed(worker: Worker) -> SearchImport:
    row = claim_next(Slot(worker, 0))
    assert isinstance(row, SearchImport)
    return row


def run(row: SearchImport) -> None:
    """What a slot does with an import that it has claimed."""
    runner = RunnerProcess(Device(threads=1), needs_keras=False)
    try:
        supervise(ImportAssignment(row), runner, 1000 * MB, threading.Event())
    finally:
        runner.kill()
    row.refresh_from_db()


def told(search: Search) -> list[Any]:
    """Everything that a round trip has to keep of the trials."""
    return [
        (
            trial.number, trial.status, trial.values, trial.metrics, trial.last_metrics,
            trial.score, trial.best_epoch,
            list(
                trial.epochs.filter(attempt=trial.attempt).values_list(
                    "execution", "epoch", "metrics"
                )
            ),
        )
        for trial in search.trials.order_by("number")
    ]  # fmt: skip


@pytest.mark.slow
def test_a_keras_tuner_project_becomes_a_search(upload: Any, as_dora: Any) -> None:
    row = upload(zip_bytes(keras_tuner_project()))
    run(row)
    assert row.status == Status.COMPLETED, (row.failure_message, row.log_tail)
    assert not row.original.exists()
    search = row.search
    assert (search.origin, search.name, search.hypermodel) == ("kerastuner", "digits", None)
    assert (search.status, search.objective) == (SearchStatus.COMPLETED, "val_accuracy")
    scores = list(search.trials.order_by("number").values_list("score", "status"))
    assert scores == [(0.5, "completed"), (0.75, "completed"), (None, "failed")]
    assert search.trials.get(number=3).failure_message == "ValueError: no"
    assert search.index_rows.count() == 3
    assert has_work() == 0
    pages = ["search-detail", "search-live", "search-plots", "trial-list", "search-tensorboard"]
    for name in pages:
        assert as_dora.get(reverse(name, args=[search])).status_code == 200, name
    for trial in search.trials.all():
        assert as_dora.get(reverse("trial-detail", args=[trial])).status_code == 200
        assert as_dora.get(reverse("trial-plots", args=[trial])).status_code == 200


@pytest.mark.parametrize("executions", [1, 2])
def test_a_log_folder_of_ours_comes_back_as_it_was(
    upload: Any,
    make_search: Any,
    add_trial: Any,  # noqa: F811
    executions: int,
) -> None:
    search = make_search(executions_per_trial=executions, max_trials=4)
    sgd = {"units": 8, "optimizer": "sgd", "momentum": 0.3, "learning_rate": 0.1}
    add_trial(search, 1, 0.1)
    add_trial(search, 2, 0.95, values=sgd)
    add_trial(search, 3, None, status=Status.FAILED, metrics={}, best_epoch=None)
    for trial in search.trials.all():
        for execution in range(executions):
            for epoch in (2, 3):
                metrics = {"val_accuracy": epoch / 7, "loss": 1 / epoch}
                Epoch.objects.create(
                    trial=trial, attempt=1, execution=execution, epoch=epoch, seconds=0.5,
                    metrics=metrics,
                )  # fmt: skip
        Trial.objects.filter(pk=trial.pk).update(last_metrics=metrics)
    row = upload(b"".join(log_folder(search)))
    run(row)
    assert row.status == Status.COMPLETED, (row.failure_message, row.log_tail)
    back = row.search
    assert told(back) == told(search)
    assert (back.objective, back.direction, back.tuner) == ("val_accuracy", "max", "random")
    assert back.executions_per_trial == executions
    names = [entry["config"]["name"] for entry in back.space["space"]]
    assert names == ["units", "optimizer", "momentum", "learning_rate"]
    # And once more.
    with zipfile.ZipFile(io.BytesIO(b"".join(log_folder(back)))) as archive:
        assert archive.testzip() is None


@pytest.mark.slow
def test_somebody_chooses_what_was_optimised(upload: Any, worker: Worker, as_bob: Any) -> None:
    files = keras_tuner_project()
    for number in range(3):
        files[f"dir/digits/trial_{number:02}/trial.json"] = trial_json(8, 0.5, score=0.1)
    row = upload(zip_bytes(files))
    run(row)
    assert (row.status, row.awaits_choice) == (Status.QUEUED, True)
    assert claim_next(Slot(worker, 0)) is None
    url = reverse("import-detail", args=[row.pk])
    assert "Select the objective" in as_bob.get(url).content.decode()
    assert as_bob.post(url, {"objective": "nothing"}).status_code == 422
    as_bob.post(url, {"objective": "val_loss"})
    assert not choose_objective(row, "val_accuracy", "max")
    row = claimed(worker)
    run(row)
    assert row.status == Status.COMPLETED
    assert (row.search.objective, row.search.direction) == ("val_loss", "min")
    assert as_bob.get(url)["Location"] == reverse("search-detail", args=[row.search])


def test_a_refusal_keeps_nothing(upload: Any, as_dora: Any) -> None:
    row = upload(zip_bytes({"notes.txt": b"x"}))
    run(row)
    assert (row.status, row.failure_code, row.search) == (Status.FAILED, "bad_data", None)
    assert not row.original.exists()
    page = as_dora.get(reverse("import-detail", args=[row.pk])).content.decode()
    assert "neither a KerasTuner project" in page


class Left:
    """A runner that has left lines in its folder."""

    def __init__(self, folder: Path, lines: list[bytes]) -> None:
        self.folder = folder
        (folder / IMPORTED).write_bytes(b"".join(lines))

    def log_tail(self) -> str:
        return ""


def found(**changes: Any) -> FoundTrial:
    trial = {
        "name": "0", "status": "completed", "values": {"a": 1}, "metrics": {"acc": 0.5},
        "best_epoch": 1, "epochs": [FoundEpoch(0, 1, 1.0, {"acc": 0.5})],
    }  # fmt: skip
    return FoundTrial(**{**trial, **changes})


@pytest.mark.parametrize(
    "line", [b"", b"{}\n", b'{"event": "ready"}\n', encode_event(found(status="fine"))]
)
def test_half_a_search_is_not_left(upload: Any, tmp_path: Path, line: bytes) -> None:
    row = upload(b"")
    good = [encode_event(found())] * imports.BATCH
    event = Imported(**{**vars(FOUND), "trials": imports.BATCH + 1})
    with pytest.raises(BadEvent):
        ImportAssignment(row).record(event, Left(tmp_path, [*good, line]))  # type: ignore[arg-type]
    row.refresh_from_db()
    assert row.search is None
    assert not Search.objects.exists()


def test_another_attempt_replaces_what_a_lost_one_left(upload: Any, tmp_path: Path) -> None:
    row = upload(b"")
    imports.begin_search(row, FOUND)
    SearchImport.objects.filter(pk=row.pk).update(attempt=2)
    late, row = row, SearchImport.objects.get(pk=row.pk)
    runner: Any = Left(tmp_path, [encode_event(found())])
    assert ImportAssignment(row).record(FOUND, runner)
    with pytest.raises(LeaseLost):
        ImportAssignment(late).record(FOUND, runner)
    assert [search.trials.count() for search in Search.objects.all()] == [1]


def test_five_losses_leave_no_search(upload: Any) -> None:
    row = upload(b"")
    imports.begin_search(row, FOUND)
    row.lost_attempts = 4
    ImportAssignment(row).fail(Failure(FailureCode.WORKER_LOST, "gone"))
    assert not Search.objects.exists()
    assert SearchImport.objects.get(pk=row.pk).status == Status.FAILED


def test_one_that_is_deleted_meanwhile_ends(upload: Any, tmp_path: Path) -> None:
    row = upload(b"")
    delete_import(row)
    with pytest.raises(LeaseLost):
        ImportAssignment(row).record(FOUND, Left(tmp_path, [encode_event(found())]))  # type: ignore[arg-type]
    assert not Search.objects.exists()


@pytest.mark.parametrize(
    "change",
    [
        {"origin": "tuneroom"}, {"tuner": "best"}, {"trials": 0}, {"trials": 100_001},
        {"metrics": [""]}, {"direction": ""}, {"objective": "x" * 81},
        {"others": [Objective("acc", "max")]}, {"others": [Objective("loss", "up")]},
        {"others": [Objective(name, "min") for name in "abcd"]},
        {"constraints": [Constraint("size", "<", 1.0)]},
        {"constraints": [Constraint("", "<=", 1.0)]},
    ],
)  # fmt: skip
def test_impossible_words_of_a_runner_are_refused(change: dict[str, Any]) -> None:
    with pytest.raises(BadEvent):
        check_imported(Imported(**{**vars(FOUND), **change}))


def test_texts_where_keras_tuner_has_numbers_are_left_out(upload: Any, tmp_path: Path) -> None:
    row = upload(b"")
    values = {"a": 1, "tuner/bracket": "x", "tuner/epochs": 3, "tuner/trial_id": "0001"}
    runner: Any = Left(tmp_path, [encode_event(found(values=values))])
    ImportAssignment(row).record(FOUND, runner)
    trial = Trial.objects.get()
    assert trial.values == {"a": 1}
    assert trial.tuner_values == {"tuner/epochs": 3, "tuner/trial_id": "0001"}


def test_metrics_that_were_not_finite_are_noted(upload: Any, tmp_path: Path) -> None:
    row = upload(b"")
    epochs = [FoundEpoch(0, 1, 1.0, {"acc": 0.5, "loss": float("nan")})]
    metrics = {"acc": 0.5, "auc": float("inf")}
    runner: Any = Left(tmp_path, [encode_event(found(metrics=metrics, epochs=epochs))])
    ImportAssignment(row).record(FOUND, runner)
    assert Trial.objects.get().not_finite == ["auc", "loss"]


def test_studies_that_a_person_chose_become_a_search_each(
    upload: Any, worker: Worker, as_bob: Any, tmp_path: Path
) -> None:
    row = upload(b"two studies")
    listed = FoundStudies([FoundStudy("nets", 3), FoundStudy("trees", 1), FoundStudy("old", 0)])
    nobody: Any = None
    assert ImportAssignment(row).record(listed, nobody)
    assert claim_next(Slot(worker, 0)) is None
    url = reverse("import-detail", args=[row.pk])
    page = as_bob.get(url).content.decode()
    assert "The file contains 3 studies." in page
    assert "trees (1 trial)" in page
    assert as_bob.post(url, {"studies": []}).status_code == 422
    assert as_bob.post(url, {"studies": ["4"]}).status_code == 422
    response = as_bob.post(url, {"studies": ["1", "2"]})
    assert response["Location"] == reverse("project-detail", args=[row.project_id])
    assert not choose_studies(row, [3])
    rows = list(SearchImport.objects.order_by("study"))
    assert [(each.study, each.name) for each in rows] == [(1, row.name), (2, row.name)]
    assert len({each.original for each in rows}) == 2
    for each in rows:
        assert each.original.read_bytes() == b"two studies"
        assert claimed(worker).pk == each.pk
    row.refresh_from_db()
    runner: Any = Left(tmp_path, [encode_event(found())])
    assert ImportAssignment(row).record(FOUND, runner)
    assert not rows[0].original.exists()
    assert rows[1].original.exists()


@pytest.mark.parametrize("count", [1, 201])
def test_no_choice_and_too_many_are_refused(count: int) -> None:
    with pytest.raises(BadEvent):
        check_studies(FoundStudies([FoundStudy("s", 1)] * count))


def test_several_objectives_and_states_of_optuna_are_kept(
    upload: Any, tmp_path: Path, as_dora: Any
) -> None:
    row = upload(b"")
    both = {"acc": 0.5, "seconds": 2.0, "size": -1.0}
    reported = [FoundEpoch(0, n, 0.0, {"acc": n / 10}) for n in (1, 2)]
    lines = [
        found(metrics=both, log="note: by hand"),
        found(status="infeasible", metrics={**both, "size": 1.0}),
        found(status="pruned", metrics={}, epochs=reported),
        found(status="failed", metrics={}, lost=True, message="Still running."),
        found(metrics={"acc": 0.9}),
    ]  # fmt: skip
    event = Imported(**{
        **vars(FOUND), "origin": "optuna", "trials": len(lines), "description": "paper: A",
        "others": [Objective("seconds", "min")], "constraints": [Constraint("size", "<=", 0.0)],
    })  # fmt: skip
    runner: Any = Left(tmp_path, [encode_event(line) for line in lines])
    assert ImportAssignment(row).record(event, runner)
    search = Search.objects.get()
    assert [objective.name for objective in search.objectives] == ["acc", "seconds"]
    assert search.description == "paper: A"
    trials = list(search.trials.order_by("number"))
    assert [(trial.status, trial.score, trial.failure_code) for trial in trials] == [
        ("completed", 0.5, ""), ("infeasible", None, ""), ("pruned", None, ""),
        ("failed", None, "worker_lost"), ("failed", None, "nan_score"),
    ]  # fmt: skip
    assert "seconds was not a number" in trials[4].failure_message
    assert [limit.name for limit in trials[1].violated] == ["size"]
    assert (trials[2].pruned_after, trials[0].log_tail) == (2, "note: by hand")
    for name in ("search-detail", "search-settings", "trial-list", "search-failures"):
        assert as_dora.get(reverse(name, args=[search])).status_code == 200, name
    for trial in trials:
        assert as_dora.get(reverse("trial-detail", args=[trial])).status_code == 200
    assert (
        "note: by hand" in as_dora.get(reverse("trial-detail", args=[trials[0]])).content.decode()
    )
