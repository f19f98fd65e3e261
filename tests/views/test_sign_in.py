"""Signing in, as far as it is Tuneroom's: how passwords are stored, what browsers are told."""

import logging
from typing import Any

import pytest
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from webapp import settings as site

LOGIN = "/accounts/login/"


def sign_in(client: Client, password: str) -> bool:
    response = client.post(LOGIN, {"username": "alice", "password": password})
    return response.status_code == 302


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


@pytest.mark.django_db
def test_a_bad_host_is_one_line(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        response = client.get(reverse("login"), headers={"Host": "evil.example.com" * 100})
    assert response.status_code == 400
    [record] = caplog.records
    line = logging.Formatter("%(message)s").format(record)
    assert "evil.example.com" in line
    assert "\n" not in line
    assert len(line) < 400


@pytest.mark.django_db
def test_other_bad_requests_are_still_noted(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    client.get("/nowhere/")
    assert [record.name for record in caplog.records] == ["django.request"]
