"""Notifications by mail: together, seldom, and only what is unread."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User

from tuning.actions import notes
from tuning.actions.notifications import choose
from tuning.event_kinds import EventKind, Whose
from tuning.models import Membership, Notification, OutgoingMail, Search, Trial
from tuning.recording import announcing
from tuning.supervisor import digests
from tuning.supervisor.digests import BETWEEN_MAILS, leave_digests

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _mail_server(settings: Any) -> None:
    settings.EMAIL_HOST = "127.0.0.1"
    settings.SITE_URL = "https://tuneroom.example"


def at(**since: float) -> datetime:
    return datetime.now(UTC) + timedelta(**since)


def test_a_mail_comes_after_a_minute(search: Search, best: Trial, bob: User, alice: User) -> None:
    announcing.search_ended(search, "")
    notes.comment(bob, best, "@alice\nlook")
    leave_digests(at(seconds=30))
    assert not OutgoingMail.objects.exists()
    for _ in range(2):
        leave_digests(at(seconds=61))
    mail = OutgoingMail.objects.get()
    assert (mail.recipients, mail.subject) == (
        ["alice@example.com"], "Tuneroom: 2 notifications",
    )  # fmt: skip
    assert mail.text.splitlines()[:8] == [
        "Digits: Search 1 completed with 3 trials. Best val_accuracy: 0.9500 (trial 3).",
        f"https://tuneroom.example/projects/{search.project_id}/searches/1/",
        "",
        "Digits: bob mentioned @alice in a comment on trial 3 of search 1.",
        "> @alice",
        "> look",
        f"https://tuneroom.example/comments/{best.comments.get().pk}/",
        "",
    ]


def test_new_bests_do_not_flood(alice: User, make_search: Any, complete: Any) -> None:
    choose(alice, None, {EventKind.NEW_BEST: {"mail": Whose.ALL}})
    search = make_search(max_trials=99)
    for step in range(4):
        complete(search, step / 10)
    leave_digests(at(minutes=2))
    for step in range(4, 7):
        complete(search, step / 10)
    for minute in range(3, 2 + BETWEEN_MAILS.seconds // 60):
        leave_digests(at(minutes=minute))
    assert OutgoingMail.objects.count() == 1
    leave_digests(at(minutes=3) + BETWEEN_MAILS)
    subjects = [mail.subject for mail in OutgoingMail.objects.order_by("pk")]
    assert subjects == ["Tuneroom: 3 notifications"] * 2


def test_what_was_read_meanwhile_is_not_mailed(search: Search) -> None:
    announcing.search_ended(search, "")
    Notification.objects.all().read_now()
    leave_digests(at(minutes=2))
    assert not OutgoingMail.objects.exists()
    assert not Notification.objects.to_mail().exists()


@pytest.mark.parametrize("why", ["left", "deactivated", "no address", "too old"])
def test_who_gets_none(search: Search, alice: User, why: str) -> None:
    announcing.search_ended(search, "")
    changes = {"deactivated": {"is_active": False}, "no address": {"email": ""}}
    User.objects.filter(pk=alice.pk).update(**changes.get(why, {"last_name": ""}))
    if why == "left":
        Membership.objects.filter(user=alice).delete()
    leave_digests(at(days=3) if why == "too old" else at(minutes=2))
    assert not OutgoingMail.objects.exists()
    assert not Notification.objects.to_mail().exists()


def test_what_goes_wrong_with_one_person_does_not_hold_up_others(
    search: Search, alice: User, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    choose(bob, None, {EventKind.SEARCH_ENDED: {"mail": Whose.ALL}})
    announcing.search_ended(search, "")
    leave = digests._leave

    def fails_once(user: int, now: Any) -> None:
        monkeypatch.setattr(digests, "_leave", leave)
        raise ValueError(user)

    monkeypatch.setattr(digests, "_leave", fails_once)
    leave_digests(at(minutes=2))
    assert OutgoingMail.objects.count() == 1
    leave_digests(at(minutes=2))
    assert OutgoingMail.objects.count() == 2


def test_without_a_mail_server_nothing_waits(search: Search, settings: Any) -> None:
    settings.EMAIL_HOST = ""
    announcing.search_ended(search, "")
    assert Notification.objects.get().on_site
    assert not Notification.objects.to_mail().exists()
