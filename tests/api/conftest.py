"""The cast with tokens, and finished work to ask for."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.views.conftest import add_trial, best, saved_model, search, worker  # noqa: F401
from tuning.actions.access_tokens import create_token
from tuning.models import Scope


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
