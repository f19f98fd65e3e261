"""Webhooks on pages: what a person sets up, tests, sends again; who may."""

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests.sent_forms import sent_by
from tuning.actions.projects import move_project
from tuning.actions.teams import remove_member
from tuning.forms.webhooks import MAX_WEBHOOKS
from tuning.models import AuditEntry, Delivery, Project, Search, Team, Webhook
from tuning.recording.announcing import search_ended

DATA = {"url": "https://hooks.example/in", "format": "json", "kinds": ["search.ended"]}


@pytest.fixture
def webhook(team: Team, alice: User) -> Webhook:
    return Webhook.objects.create(team=team, created_by=alice, **DATA)


def test_an_editor_makes_one_and_sees_its_secret_once(
    as_bob: Client, bob: User, team: Team, project: Project
) -> None:
    url = reverse("team-webhooks", args=[team.pk])
    answer = as_bob.post(url, {**DATA, "project": project.pk})
    row = Webhook.objects.get()
    assert (row.team, row.project, row.created_by) == (team, project, bob)
    assert len(row.secret) > 40
    assert row.secret in answer.content.decode()
    for page in (url, reverse("webhook-detail", args=[row.pk])):
        assert row.secret not in as_bob.get(page).content.decode()
    assert "hooks.example" in as_bob.get(url).content.decode()
    old = row.secret
    page = as_bob.post(reverse("webhook-secret", args=[row.pk])).content.decode()
    row.refresh_from_db()
    assert row.secret != old
    assert row.secret in page
    assert [entry.kind for entry in AuditEntry.objects.order_by("pk")][-2:] == [
        "webhook.create", "webhook.change",
    ]  # fmt: skip
    assert not any(row.secret in str(entry.details) for entry in AuditEntry.objects.all())


@pytest.mark.parametrize(
    ("wrong", "field", "text"),
    [
        ({"url": "ftp://example.com/"}, "url", "begins with https://"),
        ({"url": "nonsense"}, "url", "valid URL"),
        ({"url": "http://169.254.169.254/latest/"}, "url", "this one is private"),
        ({"url": "http://[::1]:8000/"}, "url", "this one is private"),
        ({"url": "https://user:secret@example.com/"}, "url", "Leave the name"),
        ({"url": "https://example.com:70000/"}, "url", "a port from 1 to 65,535"),
        ({"kinds": []}, "kinds", "at least one event"),
        ({"kinds": ["webhook.test"]}, "kinds", "not one of the available choices"),
        ({"format": "xml"}, "format", "not one of the available choices"),
    ],
)
def test_what_is_refused(
    as_alice: Client, team: Team, wrong: dict[str, Any], field: str, text: str
) -> None:
    answer = as_alice.post(reverse("team-webhooks", args=[team.pk]), {**DATA, **wrong})
    assert answer.status_code == 422
    assert text in answer.context["form"].errors[field][0]
    assert not Webhook.objects.exists()


def test_a_project_of_another_team_is_no_choice(
    as_charlie: Client, charlie: User, project: Project
) -> None:
    team = Team.objects.visible_to(charlie).get()
    url = reverse("team-webhooks", args=[team.pk])
    answer = as_charlie.post(url, {**DATA, "project": project.pk})
    assert answer.context["form"].errors["project"]
    assert "Digits" not in answer.content.decode()


def test_there_is_a_limit(as_alice: Client, team: Team) -> None:
    Webhook.objects.bulk_create([Webhook(team=team, **DATA) for _ in range(MAX_WEBHOOKS)])
    answer = as_alice.post(reverse("team-webhooks", args=[team.pk]), DATA)
    assert "A team can have 20 webhooks" in answer.content.decode()


def test_a_test_and_sending_again(
    as_bob: Client, webhook: Webhook, monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Any,
) -> None:  # fmt: skip
    hints: list[str] = []
    monkeypatch.setattr("tuning.actions.webhooks.send_task", hints.append)
    page, live = (reverse(f"webhook-{name}", args=[webhook.pk]) for name in ("detail", "live"))
    with django_capture_on_commit_callbacks(execute=True):
        as_bob.post(reverse("webhook-test", args=[webhook.pk]))
    delivery = Delivery.objects.get()
    assert delivery.event.sentence == "bob sent a test to this webhook of Digits team."
    assert hints == ["tuning.notify"]
    assert live in as_bob.get(page).content.decode(), "followed while it waits"
    delivered = {"status": "delivered", "tries": 1, "response_status": 204}
    Delivery.objects.update(**delivered)
    text = as_bob.get(live).content.decode()
    assert "204" in text
    assert "hx-get" not in text
    with django_capture_on_commit_callbacks(execute=True):
        as_bob.post(reverse("delivery-resend", args=[delivery.pk]))
    delivery.refresh_from_db()
    assert (delivery.status, delivery.tries, len(hints)) == ("waiting", 0, 2)
    assert Delivery.objects.due().get() == delivery


def test_a_disabled_one_is_enabled_again(as_bob: Client, webhook: Webhook) -> None:
    Webhook.objects.update(
        disabled_at=timezone.now(), disabled_reason="It failed.", failing_since=timezone.now()
    )
    page = reverse("webhook-detail", args=[webhook.pk])
    assert "It failed." in as_bob.get(page).content.decode()
    as_bob.post(reverse("webhook-test", args=[webhook.pk]))
    assert not Delivery.objects.exists()
    as_bob.post(reverse("webhook-enable", args=[webhook.pk]))
    webhook.refresh_from_db()
    assert (webhook.disabled_at, webhook.failing_since) == (None, None)


def test_changing_and_deleting(as_bob: Client, webhook: Webhook) -> None:
    page = reverse("webhook-detail", args=[webhook.pk])
    as_bob.post(page, {**DATA, "kinds": ["trial.best", "comment.mention"], "format": "slack"})
    webhook.refresh_from_db()
    assert (webhook.kinds, webhook.format) == (["trial.best", "comment.mention"], "slack")
    wrong = as_bob.post(page, {**DATA, "url": "http://10.0.0.1/"})
    assert 'value="http://10.0.0.1/"' in wrong.content.decode(), "nothing is lost"
    assert re.search("<h1>hooks.example", wrong.content.decode())
    as_bob.post(reverse("webhook-delete", args=[webhook.pk]))
    assert not Webhook.objects.exists()


def test_only_what_a_person_changed_is_saved(
    as_alice: Client, as_bob: Client, webhook: Webhook, project: Project
) -> None:
    page = reverse("webhook-detail", args=[webhook.pk])
    shown = sent_by(as_alice.get(page), "kinds")
    kinds = ["trial.best", "comment.mention"]
    as_bob.post(page, shown | {"kinds": kinds, "project": project.pk, "format": "slack"})
    as_alice.post(page, shown | {"url": "https://hooks.example/new"})
    webhook.refresh_from_db()
    assert (webhook.url, webhook.kinds) == ("https://hooks.example/new", kinds)
    assert (webhook.project, webhook.format) == (project, "slack")
    as_bob.post(page, sent_by(as_bob.get(page), "kinds") | {"project": ""})
    webhook.refresh_from_db()
    assert (webhook.project, webhook.format) == (None, "slack")


def test_a_project_that_moves_tells_its_old_team_nothing(
    webhook: Webhook, project: Project, search: Search
) -> None:
    own = Webhook.objects.create(team=webhook.team, project=project, **DATA)
    move_project(project, Team.objects.create(name="New team"))
    search.refresh_from_db()
    search_ended(search, "")
    assert not Webhook.objects.filter(pk=own.pk).exists()
    assert not Delivery.objects.exists()


def test_whose_maker_has_left_is_said(as_alice: Client, bob: User, webhook: Webhook) -> None:
    url = reverse("team-webhooks", args=[webhook.team_id])
    Webhook.objects.update(created_by=bob)
    assert "left the team" not in as_alice.get(url).content.decode()
    remove_member(webhook.team, bob)
    assert "left the team" in as_alice.get(url).content.decode()


def test_viewers_read_whom_to_ask(as_dora: Client, as_charlie: Client, webhook: Webhook) -> None:
    for name, key in (("team-webhooks", webhook.team_id), ("webhook-detail", webhook.pk)):
        assert as_dora.get(reverse(name, args=[key])).status_code == 403
        assert as_charlie.get(reverse(name, args=[key])).status_code == 404
