"""Guessing passwords: how often, from where, and that nobody locks others out."""

from datetime import timedelta
from ipaddress import ip_network
from typing import Any

import pytest
from axes.models import AccessAttempt
from django.contrib.auth.models import User
from django.http import HttpRequest
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone

from tuning.views import password_resets
from tuning.views.client_addresses import client_address

HOME, ELSEWHERE = "192.0.2.1", "198.51.100.7"


@pytest.fixture(autouse=True)
def _limits(settings: Any) -> None:
    settings.AXES_ENABLED, settings.ONLY_LOCAL = True, False
    settings.AXES_FAILURE_LIMIT = 2
    settings.ACCOUNT_FAILURE_LIMIT, settings.ADDRESS_FAILURE_LIMIT = 4, 6


def sign_in(
    name: str, password: str = "", address: str = HOME, client: Client | None = None, **more: Any
) -> int:
    data = {"username": name, "password": password or f"{name}-password-1"}
    client = client or Client()
    return client.post(reverse("login"), data, REMOTE_ADDR=address, **more).status_code


def guess(name: str, address: str, times: int = 1, client: Client | None = None) -> list[int]:
    return [sign_in(name, "wrong", address, client) for _ in range(times)]


def test_an_account_is_blocked_for_an_address(alice: User, bob: User) -> None:
    assert guess("alice", ELSEWHERE, 2) == [200, 429]
    assert sign_in("alice", address=ELSEWHERE) == 429
    assert sign_in("alice", address=HOME) == 302
    assert sign_in("bob", address=ELSEWHERE) == 302


def test_it_ends_after_fifteen_minutes_however_often_somebody_tries(alice: User) -> None:
    guess("alice", ELSEWHERE, 5)
    AccessAttempt.objects.update(attempt_time=timezone.now() - timedelta(minutes=14))
    assert sign_in("alice", address=ELSEWHERE) == 429
    AccessAttempt.objects.update(attempt_time=timezone.now() - timedelta(minutes=15))
    assert sign_in("alice", address=ELSEWHERE) == 302


def test_guesses_at_an_account_cannot_be_spread_over_addresses(alice: User) -> None:
    answers = [guess("alice", f"198.51.100.{number}")[0] for number in range(6)]
    assert answers == [200, 200, 200, 429, 429, 429]
    assert sign_in("alice", address="203.0.113.9") == 429


def test_guesses_from_an_address_cannot_be_spread_over_accounts(alice: User) -> None:
    answers = [guess(f"person-{number}", ELSEWHERE)[0] for number in range(8)]
    assert answers == [200, 200, 200, 200, 200, 429, 429, 429]
    assert sign_in("alice", address=ELSEWHERE) == 429
    assert sign_in("alice", address=HOME) == 302


def test_nobody_locks_out_a_person_in_a_browser_of_their_own(alice: User, bob: User) -> None:
    laptop = Client()
    assert sign_in("alice", client=laptop) == 302
    for number in range(6):
        guess("alice", f"198.51.100.{number}", 2)
    # Not from elsewhere, and not from the same address either.
    guess("alice", HOME, 2)
    assert sign_in("alice", address="203.0.113.9", client=laptop) == 302
    assert sign_in("alice", address=HOME, client=laptop) == 302
    # It is known for alice alone, and guesses in it are limited, wherever it is.
    assert sign_in("bob", "wrong", HOME, laptop) == 200
    assert guess("alice", "203.0.113.10", 1, laptop) + guess("alice", HOME, 1, laptop) == [200, 429]
    assert sign_in("alice", address=HOME, client=laptop) == 429


def test_a_browser_is_not_known_because_it_says_so(alice: User, settings: Any) -> None:
    forged = Client()
    forged.cookies[settings.KNOWN_BROWSER_COOKIE_NAME] = "WyJ4IixbImFsaWNlIl1d:1w:x"
    name = {"User-Agent": "known browser x"}
    for number in range(4):
        sign_in("alice", "wrong", f"198.51.100.{number}", forged, headers=name)
    assert sign_in("alice", address="203.0.113.9", client=forged, headers=name) == 429


def test_the_admin_pages_are_no_way_around(alice: User) -> None:
    data = {"username": "alice", "password": "wrong"}
    answers = [
        Client().post(reverse("admin:login"), data, REMOTE_ADDR=ELSEWHERE).status_code
        for _ in range(2)
    ]
    assert answers == [200, 429]
    assert sign_in("alice", address=ELSEWHERE) == 429


def test_an_unknown_account_is_blocked_like_a_known_one(alice: User) -> None:
    assert guess("nobody", ELSEWHERE, 3) == guess("alice", HOME, 3) == [200, 429, 429]


@pytest.mark.parametrize(
    ("peer", "forwarded", "found"),
    [
        ("203.0.113.5", "", "203.0.113.5"),
        # Not from a proxy: anybody can write this.
        ("203.0.113.5", "192.0.2.1", "203.0.113.5"),
        ("10.0.0.1", "192.0.2.1", "192.0.2.1"),
        # What the client wrote comes first.
        ("10.0.0.1", "1.2.3.4, 192.0.2.1", "192.0.2.1"),
        ("10.0.0.1", "1.2.3.4, 192.0.2.1, 10.0.0.2", "192.0.2.1"),
        ("10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"),
        ("10.0.0.1", "192.0.2.1, nonsense", "10.0.0.1"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("::ffff:10.0.0.1", "::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2::5", "", "2001:db8:1:2::"),
        ("fd00::1", "2001:db8:1:2:3::5", "2001:db8:1:2::"),
        ("", "", "0.0.0.0"),  # noqa: S104
    ],
)
def test_the_address_of_a_client(peer: str, forwarded: str, found: str, settings: Any) -> None:
    settings.TRUSTED_PROXIES = [ip_network("10.0.0.0/24"), ip_network("fd00::1")]
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    request: HttpRequest = RequestFactory(headers=headers).get("/", REMOTE_ADDR=peer)
    assert client_address(request) == found


def test_a_reset_looks_nobody_up_before_the_answer(
    client: Client, alice: User, monkeypatch: Any, mailoutbox: list[Any],
    django_assert_num_queries: Any,
) -> None:  # fmt: skip
    tasks: list[Any] = []
    monkeypatch.setattr(password_resets, "later", lambda task, **rest: tasks.append((task, rest)))
    answers = []
    for email in ("alice@example.com", "nobody@example.com"):
        with django_assert_num_queries(0):
            answer = client.post(reverse("password_reset"), {"email": email})
        answers.append((answer.status_code, answer["Location"], answer.content))
    assert answers[0] == answers[1] == (302, reverse("password_reset_done"), b"")
    for task, options in tasks:
        task(**options)
    [mail] = mailoutbox
    assert mail.to == ["alice@example.com"]


def test_a_mailbox_gets_few_of_them(client: Client, alice: User, mailoutbox: list[Any]) -> None:
    for number in range(4):
        for email in ("alice@example.com", "ALICE@example.com"):
            address = f"198.51.100.{number}"
            answer = client.post(reverse("password_reset"), {"email": email}, REMOTE_ADDR=address)
            assert answer["Location"] == reverse("password_reset_done")
    assert len(mailoutbox) == 2
