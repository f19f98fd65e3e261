"""A download ends when its reader may not read it any more."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from tests.api.conftest import Caller
from tuning.actions.access_tokens import revoke_token
from tuning.actions.people import deactivate
from tuning.actions.sessions import end_sessions
from tuning.actions.teams import remove_member
from tuning.models import AccessToken, SavedModel, Search, Team
from tuning.views import streams


@pytest.fixture(autouse=True)
def _ask_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "CHECK_SECONDS", 0.0)


def ends_early(response: Any, change: Any) -> None:
    assert response.status_code == 200
    pieces = iter(response)
    assert next(pieces)
    change()
    with pytest.raises(streams.AccessEnded):
        list(pieces)


@pytest.mark.parametrize("name", ["saved-model-download", "saved-model-bundle"])
def test_of_a_model(
    name: str, as_bob: Client, bob: User, team: Team, saved_model: SavedModel
) -> None:
    response = as_bob.get(reverse(name, args=[saved_model]))
    assert int(response["Content-Length"]) >= 1000
    ends_early(response, lambda: remove_member(team, bob))


def test_of_an_export(as_bob: Client, bob: User, team: Team, search: Search) -> None:
    address = reverse("trial-list", args=[search]) + "?format=json"
    ends_early(as_bob.get(address), lambda: remove_member(team, bob))


def test_of_log_files(as_bob: Client, bob: User, team: Team, search: Search) -> None:
    address = reverse("search-tensorboard", args=[search])
    ends_early(as_bob.get(address), lambda: remove_member(team, bob))


@pytest.mark.parametrize("end", ["sessions", "account"])
def test_of_somebody_who_is_signed_out(
    end: str, as_bob: Client, bob: User, saved_model: SavedModel
) -> None:
    administrator = User.objects.create_superuser("erin")
    changes = {
        "sessions": lambda: end_sessions(bob),
        "account": lambda: deactivate(bob, administrator),
    }
    address = reverse("saved-model-download", args=[saved_model])
    ends_early(as_bob.get(address), changes[end])


def test_of_a_token_that_is_revoked(bob: User, search: Search) -> None:
    address = f"projects/{search.project_id}/searches/{search.number}/trials/export?format=json"
    ends_early(Caller(bob).get(address), lambda: revoke_token(AccessToken.objects.get()))


def test_of_a_member_goes_on_to_its_end(as_bob: Client, saved_model: SavedModel) -> None:
    response = as_bob.get(reverse("saved-model-download", args=[saved_model]))
    assert response.getvalue() == b"k" * 1000
