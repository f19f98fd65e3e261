"""Signing in, as far as it is Tuneroom's: how passwords are stored, what browsers are told."""

import io
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils.module_loading import import_string

from tuning.models import Project
from webapp import settings as site

LOGIN = "/accounts/login/"


def sign_in(client: Client, password: str) -> bool:
    response = client.post(LOGIN, {"username": "alice", "password": password})
    return response.status_code == 302


@pytest.mark.slow
def test_a_password_from_before_argon2_works_and_is_stored_anew(
    alice: User, client: Client, settings: Any
) -> None:
    settings.PASSWORD_HASHERS = site.PASSWORD_HASHERS
    alice.password = make_password("alice-password-1", hasher="pbkdf2_sha256")
    alice.save()
    assert not sign_in(client, "alice-password-2")
    for _ in range(2):
        assert sign_in(client, "alice-password-1")
        alice.refresh_from_db()
        assert alice.password.startswith("argon2$argon2id$")


@pytest.mark.django_db
def test_browsers_that_came_by_https_are_told_to_stay(client: Client, settings: Any) -> None:
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    settings.SECURE_HSTS_SECONDS = 3600
    by_https = client.get(LOGIN, headers={"X-Forwarded-Proto": "https"})
    assert by_https["Strict-Transport-Security"] == "max-age=3600"
    assert "Strict-Transport-Security" not in client.get(LOGIN)


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What the site's log gets, with the filters of its handler."""
    text = io.StringIO()
    handler = logging.StreamHandler(text)
    for name in site.LOGGING["handlers"]["console"]["filters"]:
        handler.addFilter(import_string(site.LOGGING["filters"][name]["()"])())
    logging.getLogger().addHandler(handler)
    yield text
    logging.getLogger().removeHandler(handler)


@pytest.mark.django_db
def test_a_bad_host_is_one_line(client: Client, log: io.StringIO) -> None:
    response = client.get(reverse("login"), headers={"Host": "evil.example.com" * 100})
    assert response.status_code == 400
    [line] = log.getvalue().splitlines()
    assert "evil.example.com" in line
    assert len(line) < 400


def test_too_many_fields_are_one_line(as_alice: Client, log: io.StringIO) -> None:
    response = as_alice.post(reverse("team-create"), {"a": ["b"] * 10_001})
    assert response.status_code == 400
    assert len(log.getvalue().splitlines()) == 1


def test_a_missing_role_is_one_line(as_dora: Client, project: Project, log: io.StringIO) -> None:
    assert as_dora.get(reverse("project-delete", args=[project.pk])).status_code == 403
    [line] = log.getvalue().splitlines()
    assert line.startswith("Forbidden")


@pytest.mark.django_db
def test_other_requests_are_still_noted(client: Client, log: io.StringIO) -> None:
    client.get("/nowhere/")
    assert log.getvalue() == "Not Found: /nowhere/\n"
