"""The cast with tokens, and finished work to ask for."""

import json
import os
from base64 import b64encode
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from tests.views.conftest import add_trial, best, saved_model, search, worker  # noqa: F401
from tests.views.evaluations import LINES, classification, evaluated, stored_images
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
    Team,
)
from tuning.protocol.evaluation import Reproduced

# In base64, as reports have them.
PNG = b64encode(b"\x89PNG\r\n\x1a\n of a picture").decode()


class Caller:
    """A script with a person's token."""

    def __init__(
        self, user: User | None, scope: Scope = Scope.MANAGE, team: Team | None = None
    ) -> None:
        self.client = Client()
        self.token = create_token(user, "script", scope, team=team) if user else ""

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
        file=answer.name, answer=answer_of_images(),
    )  # fmt: skip
    with_pictures(model)
    invitation = Invitation.objects.create(
        team=project.team, invited_by=alice, digest="0", expires_at=timezone.now() + timedelta(1)
    )
    found = SearchImport.objects.create(project=project, key="import-1", name="a.zip")
    dry_run = DryRun.objects.create(inspection=project.inspection, created_by=alice)
    return {
        "prediction": prediction.pk, "invitation": invitation.pk, "search_import": found.pk,
        "dry_run": dry_run.pk, "upload": begin_upload(alice, "data.csv", 10).pk, "part": 0,
        "row": 7,
    }  # fmt: skip


def with_pictures(model: SavedModel) -> np.ndarray:
    """Its dataset gets images, and an evaluation with the reconstruction of row 7."""
    images = stored_images(model, f"test-images-{os.getpid()}")
    output = replace(classification().outputs[0], examples=[Reproduced(7, picture=PNG)])
    evaluated(model, replace(classification(), outputs=[output]), LINES)
    return images


def answer_of_images() -> dict[str, Any]:
    return {"rows": 1, "outputs": [], "notes": [], "picture": PNG, "load": "",
            "reproduced": {"names": [], "given": [], "cells": [], "picture": PNG}}  # fmt: skip


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
