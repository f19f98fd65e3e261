"""The cast with tokens, and finished work to ask for."""

import json
import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from tests.views.conftest import add_trial, best, saved_model, search, worker  # noqa: F401
from tuning.actions.access_tokens import create_token
from tuning.actions.partial_uploads import begin_upload
from tuning.models import (
    DryRun,
    Invitation,
    Prediction,
    Project,
    SavedModel,
    Scope,
    SearchImport,
)


class Caller:
    """A script with a person's token."""

    def __init__(self, user: User | None, scope: Scope = Scope.MANAGE) -> None:
        self.client = Client()
        self.token = create_token(user, "script", scope) if user else ""

    def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """The answer. `path` is what follows /api/v1/, or a whole address."""
        shown = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        data = "" if body is None else json.dumps(body)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.generic(
            method, path if "://" in path else f"/api/v1/{path}", data,
            content_type="application/json", headers={**shown, **named},
        )  # fmt: skip

    def get(self, path: str, **headers: str) -> Any:
        return self("GET", path, **headers)

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        return self("POST", path, {} if body is None else body, **headers)

    def patch(self, path: str, body: Any) -> Any:
        return self("PATCH", path, body)

    def delete(self, path: str) -> Any:
        return self("DELETE", path)


def rows_of_alice(project: Project, model: SavedModel) -> dict[str, int]:
    """What the addresses of operations name besides: an invitation, an import, and what is alice's
    alone."""
    alice = project.created_by
    answer = Path(settings.PREDICTIONS_ROOT) / f"test-answer-{os.getpid()}.csv"
    answer.write_text("size,predicted\n1,a\n")
    prediction = Prediction.objects.create(
        saved_model=model, created_by=alice, key="prediction-1", source="form",
        file=answer.name,
    )  # fmt: skip
    invitation = Invitation.objects.create(
        team=project.team, invited_by=alice, digest="0", expires_at=timezone.now() + timedelta(1)
    )
    found = SearchImport.objects.create(project=project, key="import-1", name="a.zip")
    dry_run = DryRun.objects.create(inspection=project.inspection, created_by=alice)
    return {
        "prediction": prediction.pk, "invitation": invitation.pk, "search_import": found.pk,
        "dry_run": dry_run.pk, "upload": begin_upload(alice, "data.csv", 10).pk, "part": 0,
    }  # fmt: skip


Calls = Callable[..., Caller]


@pytest.fixture
def alice_calls(alice: User) -> Caller:
    return Caller(alice)


@pytest.fixture
def bob_calls(bob: User) -> Caller:
    return Caller(bob)


@pytest.fixture
def dora_calls(dora: User) -> Caller:
    return Caller(dora)


@pytest.fixture
def charlie_calls(charlie: User) -> Caller:
    return Caller(charlie)
