"""A dataset is prepared on one machine, a search runs on a second one, and a third one serves the
model: each with a data folder of its own, and files only in an S3 bucket."""

import hashlib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from django.test import Client
from django.urls import reverse

from tests.storage.machines import Machine
from tests.storage.s3_server import S3Server
from tuning.actions.saved_models import retrain
from tuning.analysis.evaluation.lines import lines_of
from tuning.models import Dataset, HyperModel, Project, Trial, Worker
from tuning.protocol.model_kinds import ModelKind
from tuning.protocol.statuses import Status
from tuning.recording import recorder
from tuning.storage.configured import store
from tuning.supervisor import isolation
from tuning.supervisor.assignments.trial import TrialAssignment, trial_folder
from tuning.supervisor.claims import Slot, claim_next
from tuning.supervisor.references import needed

from .real import prepare, real_slot
from .test_real_retraining import SPACE, TEMPLATE

pytestmark = pytest.mark.django_db


@pytest.fixture
def machines(settings: Any, tmp_path: Path, s3: S3Server) -> list[Machine]:
    # Whoever asks first shares the folders of that moment: other tests need those of this process.
    isolation.level()
    settings.STORAGE_URL = f"{s3.url}&region=us-east-1".replace("/data", f"/{tmp_path.name}")
    machines = [Machine(settings, tmp_path / name) for name in ("first", "second", "site")]
    for machine in machines:
        machine.use()
        if isolation.level() >= isolation.OWN_USER:
            isolation._share_with_runners(settings.RUNNER_USERS)
    return machines


@pytest.mark.tensorflow
def test_a_search_runs_and_its_model_is_downloaded_without_a_shared_folder(
    machines: list[Machine], make_search: Any, project: Project, worker: Worker, alice: Any,
    client: Client,
) -> None:  # fmt: skip
    first, second, site = machines
    first.use()
    rows = Dataset.objects.filter(pk=project.dataset_id)
    rows.update(key="digits", folder="", requested=True, status=Status.QUEUED)
    Dataset.objects.claim(project.dataset_id, worker, 0)
    prepare(rows.get())
    assert rows.get().is_ready

    second.use()
    HyperModel.objects.filter(pk=project.hypermodel_id).update(code=TEMPLATE)
    project.refresh_from_db()
    search = make_search(
        space=SPACE, max_trials=1, objective="score", model_kind=ModelKind.CUSTOM, epochs=1
    )
    slot = real_slot(worker, megabytes=2500)
    slot.run()
    trial = search.trials.get()
    assert (trial.status, trial.failure_message) == (Status.COMPLETED, "")
    saved = retrain(alice, trial)
    slot.run()
    saved.refresh_from_db()
    assert (saved.status, saved.failure_message) == (Status.COMPLETED, "")

    site.use()
    client.force_login(alice)
    response = client.get(reverse("saved-model-download", args=[saved]))
    content = b"".join(response.streaming_content)
    assert hashlib.sha256(content).hexdigest() == saved.sha256
    assert int(response["Content-Length"]) == saved.size == len(content)
    # The page needs the predictions, and the rows of the dataset.
    assert client.get(reverse("saved-model-detail", args=[saved])).status_code == 200
    lines = lines_of(saved.evaluation)
    assert lines is not None
    assert len(np.unique(lines[:, 0])) == len(lines) == saved.evaluation.report["rows"]
    # Nothing that a row refers to is collected.
    kept = store()
    assert kept is not None
    assert {entry.sha256 for entry in kept.entries()} == needed(kept)


def test_a_checkpoint_is_continued_on_another_machine(
    machines: list[Machine], make_search: Any, worker: Worker
) -> None:
    first, second, _ = machines
    first.use()
    make_search(max_trials=1)
    claimed = claim_next(Slot(worker, 0))
    assert claimed is not None
    assert isinstance(claimed, Trial)
    trial = claimed
    Trial.objects.filter(pk=trial.pk).update(oracle_id="0003")
    trial.oracle_id = "0003"
    runner: Any = SimpleNamespace(folder=first.root / "runners" / "one")
    written = runner.folder.joinpath(*trial_folder("0003"))
    written.mkdir(parents=True)
    (written / "checkpoint.weights.h5").write_bytes(b"weights" * 1000)
    (written / "trial.json").write_text("{}")
    weights = TrialAssignment(trial)._keep_checkpoint(runner)
    recorder.complete_trial(trial, {"val_accuracy": 0.5}, 0, weights=weights)

    second.use()
    trial.refresh_from_db()
    folder = trial.checkpoint(1).fetch()
    assert second.root in folder.parents
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {
        "checkpoint.weights.h5": b"weights" * 1000, "trial.json": b"{}",
    }  # fmt: skip


def test_the_weights_of_one_attempt_are_never_taken_for_those_of_another(
    machines: list[Machine], make_search: Any, worker: Worker
) -> None:
    """Else a trial would go on after epoch 3 with the weights of another epoch."""
    machines[0].use()
    make_search(max_trials=1)
    trial = claim_next(Slot(worker, 0))
    assert isinstance(trial, Trial)
    rows = Trial.objects.filter(pk=trial.pk)
    rows.update(
        oracle_id="0003", attempt=2, pruned_attempt=1, pruned_after=1, checkpoint_sha256="1" * 64
    )
    trial = rows.get()
    runner: Any = SimpleNamespace(folder=machines[0].root / "runners" / "one")
    written = runner.folder.joinpath(*trial_folder("0003"))
    written.mkdir(parents=True)
    (written / "checkpoint.weights.h5").write_bytes(b"weights")
    weights = TrialAssignment(trial)._keep_checkpoint(runner)
    # If the worker is lost now, the next attempt begins with the weights of the first one.
    assert (rows.get().pruned_attempt, rows.get().checkpoint_sha256) == (1, "1" * 64)
    recorder.prune_trial(trial, 3, weights=weights)
    assert (rows.get().pruned_attempt, rows.get().checkpoint_sha256) == (2, weights)

    rows.update(status=Status.RUNNING, attempt=3)
    recorder.prune_trial(rows.get(), 4)
    # This one has left none.
    assert (rows.get().pruned_attempt, rows.get().pruned_weights.exists()) == (3, False)
