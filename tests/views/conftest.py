"""Finished work to look at: a search with trials, a saved model with its file."""

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.urls import reverse
from django.utils import timezone

from tuning.actions.partial_uploads import begin_upload
from tuning.models import (
    AccessToken,
    BrowserSession,
    Comment,
    Delivery,
    DryRun,
    Epoch,
    Invitation,
    Machine,
    Prediction,
    Project,
    SavedModel,
    SavedModelEpoch,
    SavedView,
    Search,
    SearchImport,
    Team,
    TeamEvent,
    Trial,
    TrialIndex,
    Webhook,
    Worker,
)
from tuning.protocol.statuses import SearchStatus, Status

from .addresses import addressed
from .evaluations import LINES, classification, evaluated, stored_images


@pytest.fixture
def add_trial() -> Any:
    """A function that adds a completed trial (or what `settings` say) to a search."""

    def add(search: Search, number: int, score: float | None = None, **values: Any) -> Trial:
        trial = _trial(search, number, score, values)
        search.refresh_from_db(fields=["index_columns"])
        _follow_up(search, [trial])
        return trial

    return add


def _trial(search: Search, number: int, score: float | None, values: dict[str, Any]) -> Trial:
    """The row of a trial alone. The first one is there already."""
    now = timezone.now()
    fields: dict[str, Any] = {
        "status": Status.COMPLETED,
        "score": score,
        "best_epoch": 2,
        "metrics": {"val_accuracy": score, "val_loss": 0.5, "accuracy": 0.9, "loss": 0.4},
        "values": {"units": 8 * number, "optimizer": "adam", "learning_rate": 0.01},
        "last_metrics": {"val_accuracy": score, "val_loss": 0.6, "accuracy": 0.92, "loss": 0.35},
        "execution_scores": [score],
        "epochs_done": 3,
        "attempt": 1,
        "parameters": 100 * number,
        "started_at": now - timedelta(seconds=10),
        "finished_at": now,
        **values,
    }
    if search.trials.filter(number=number).update(**fields):
        return search.trials.get(number=number)
    return Trial.objects.create(search=search, number=number, **fields)


def _follow_up(search: Search, trials: list[Trial]) -> None:
    """What is written along with trials: all at once, since many tests begin with it."""
    TrialIndex.objects.fill(search, trials)
    metrics = {"accuracy": 0.5, "loss": 1.5, "val_accuracy": 0.4, "val_loss": 1.8}
    Epoch.objects.bulk_create(
        Epoch(trial=trial, attempt=1, execution=0, epoch=1, seconds=0.5, metrics=metrics)
        for trial in trials
    )


@pytest.fixture
def search(make_search: Any) -> Search:
    """A finished search of three trials; the third is the best."""
    search: Search = make_search(max_trials=3)
    trials = [
        _trial(search, 1, 0.9, {"is_baseline": True}),
        _trial(search, 2, 0.8, {}),
        _trial(search, 3, 0.95, {}),
    ]
    _follow_up(search, trials)
    Search.objects.filter(pk=search.pk).update(
        status=SearchStatus.COMPLETED, finished_at=timezone.now()
    )
    search.refresh_from_db()
    return search


@pytest.fixture
def best(search: Search) -> Trial:
    trial: Trial = search.trials.get(number=3)
    return trial


@pytest.fixture
def saved_model(best: Trial, alice: User) -> SavedModel:
    """A retrained model. Its file holds 1,000 bytes that are no model."""
    # Test processes that run side by side share the folder.
    path = Path(settings.SAVED_MODELS_ROOT) / f"test-model-{os.getpid()}.keras"
    path.write_bytes(b"k" * 1000)
    saved_model = SavedModel.objects.create(
        project=best.search.project, number=1, trial=best, epochs=2,
        batch_size=32, created_by=alice,
        status=Status.COMPLETED, attempt=1, test_metrics={"accuracy": 0.9444, "loss": 0.2},
        file=path.name, size=1000, sha256="ab" * 32, versions={"keras": "3.15.1"},
        started_at=timezone.now(), finished_at=timezone.now(),
    )  # fmt: skip
    SavedModelEpoch.objects.create(
        saved_model=saved_model, attempt=1, epoch=1, seconds=1.5,
        metrics={"accuracy": 0.8, "=cmd()": 1.0},
    )  # fmt: skip
    return saved_model


@pytest.fixture
def worker(db: None) -> Worker:
    now = timezone.now()
    return Worker.objects.create(
        name="worker@box", slots=2, devices=["CPU", "CPU"], started_at=now, seen_at=now,
        isolation=[{"level": 0, "name": "Memory limit", "active": True, "detail": "4 GB"}],
    )  # fmt: skip


@pytest.fixture
def address(
    project: Project, search: Search, best: Trial, saved_model: SavedModel, team: Team,
    alice: User, dataset: Any, hypermodel: Any,
) -> Any:  # fmt: skip
    """A function: the address of a name, for the rows of alice's team."""
    view = SavedView.objects.create(project=project, owner=alice, name="Best", shared=True)
    webhook = Webhook.objects.create(team=team, url="https://example.com/", created_by=alice)
    event = TeamEvent.objects.create(
        kind="webhook.test", team=team, path="/",
        facts={"team": {"name": team.name}, "webhook": {"by": "alice"}},
    )  # fmt: skip
    rows = {
        "webhook": webhook,
        "delivery": Delivery.objects.create(webhook=webhook, event=event),
        "project": project, "search": search, "trial": best, "saved": saved_model,
        "prediction": Prediction.objects.create(
            saved_model=saved_model, created_by=alice, key="prediction-1", source="form"
        ),
        "access": AccessToken.objects.create(user=alice, name="laptop", digest="0"),
        "invitation": Invitation.objects.create(
            team=team, invited_by=alice, digest="0", expires_at=timezone.now() + timedelta(1)
        ),
        "session": BrowserSession.objects.create(user=alice, key="0", browser="Firefox"),
        "import": SearchImport.objects.create(project=project, key="import-1", name="a.zip"),
        "dry": DryRun.objects.create(inspection=project.inspection, created_by=alice),
        "person": alice, "dataset": dataset, "hypermodel": hypermodel, "team": team, "view": view,
        "worker": Worker.objects.create(
            name="gone", slots=0, started_at=timezone.now(), seen_at=timezone.now() - timedelta(1)
        ),
        "machine": Machine.objects.create(
            name="gpu-1", token_digest="0", token_expires_at=timezone.now()
        ),
        "upload": begin_upload(alice, "data.csv", 10),
        "comment": Comment.objects.create(project=project, trial=best, author=alice, text="Hm."),
    }  # fmt: skip

    def of(name: str) -> str:
        if name == "saved-model-compare":
            return reverse(name, args=[saved_model])
        if (
            name.endswith(
                ("search-create", "search-plan", "import-create", "log-create", "dry-run-create")
            )
            or "-compare" in name
        ):
            return reverse(name, args=[project.pk])
        if name in ("trial-list", "trial-columns", "view-list"):
            return reverse(name, args=[search])
        if name == "search-plot":
            return reverse(name, args=[search, "history"])
        if name == "project-trial-column":
            return reverse(name, args=[project.pk, "score"])
        if name == "project-plot":
            return reverse(name, args=[project.pk, "history"])
        if name == "trial-column":
            return reverse(name, args=[search, "score"])
        if name in ("upload-part", "upload-address"):
            return reverse(name, args=[rows["upload"].pk, 0])
        if name in ("member-set", "invitation-create"):
            return reverse(name, args=[team.pk])
        if name == "member-remove":
            return reverse(name, args=[team.pk, alice.pk])
        if name in ("gallery-dataset", "gallery-hypermodel"):
            return reverse(name, args=[rows[name.removeprefix("gallery-")].pk])
        if name == "invitation-open":
            return reverse(name, args=["x" * 43])
        if name in ("saved-model-rows", "saved-model-picture"):
            stored_images(saved_model, f"test-images-{os.getpid()}")
            evaluated(saved_model, classification(), LINES)
            return reverse(name, args=[saved_model, 7][: 1 + (name == "saved-model-picture")])
        if name == "saved-model-file":
            return reverse(name, args=[saved_model, "history.csv"])
        if name == "password_reset_confirm":
            return reverse(name, args=["MQ", "token"])
        if name == "disk-free":
            return reverse(name, args=["uploads"])
        plain = {
            "disk-space", "machine-join",
            "help-page", "profile", "home-live", "palette", "api-reference", "api-document",
            "profile-theme", "session-end-others", "mention-seen", "sign-up",
            "audit-log", "sign-in-log", "single-sign-on", "single-sign-on-callback",
            "single-sign-out", "signed-out-elsewhere",
            "notification-choices", "notification-live", "notification-read",
        }  # fmt: skip
        if name.endswith(("-list", "-create")) or name in plain or "-" not in name:
            return reverse(name)
        row = rows[name.split("-")[0]]
        by_key = name.endswith("-moved") or name == "trial-card"
        return reverse(name, args=[row.pk if by_key else addressed(row)])

    return of
