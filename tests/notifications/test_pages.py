"""The bell, the list and the choices."""

import re
from typing import Any

from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from tuning.actions import notes
from tuning.models import Mention, Notification, NotificationChoice, Project, Search, Trial
from tuning.recording.announcing import search_ended

LIST, LIVE, READ = (reverse(f"notification-{name}") for name in ("list", "live", "read"))
COUNT = re.compile(r'<b class="count">(\d+)')


def bell(page: str) -> str:
    found: Any = re.search(r'<a [^>]*id="bell".*?</a>', page, re.DOTALL)
    return str(found.group())


def test_the_bell_counts_until_the_list_was_shown(as_alice: Client, search: Search) -> None:
    home = reverse("project-list")
    assert not COUNT.search(bell(as_alice.get(home).content.decode()))
    search_ended(search, "")
    search_ended(search, "")
    assert COUNT.findall(bell(as_alice.get(home).content.decode())) == ["2"]
    page = as_alice.get(LIST).content.decode()
    assert page.count("Search 1 completed") == 2
    assert 'id="new"' in page
    assert COUNT.findall(bell(as_alice.get(home).content.decode())) == ["2"], "reading is no change"
    shown = re.findall(r'name="notification" value="(\d+)"', page)
    as_alice.post(READ, {"notification": [*shown, "x", "9" * 30]})
    assert not COUNT.search(bell(as_alice.get(home).content.decode()))
    page = as_alice.get(LIST).content.decode()
    assert 'id="new"' not in page
    assert page.count("Search 1 completed") == 2


def test_the_bell_is_live(as_alice: Client, search: Search) -> None:
    def since(page: str) -> str:
        return re.findall(r"live/\?since=([\d-]+)", page)[0]

    state = since(as_alice.get(LIST).content.decode())
    assert as_alice.get(LIVE, {"since": state}).status_code == 204
    search_ended(search, "")
    answer = as_alice.get(LIVE, {"since": state})
    text = answer.content.decode()
    assert answer.status_code == 200
    assert COUNT.findall(text) == ["1"]
    assert 'data-text="Search 1 completed' in text
    assert as_alice.get(LIVE, {"since": since(text)}).status_code == 204


def test_others_cannot_read_them(as_bob: Client, search: Search) -> None:
    search_ended(search, "")
    row = Notification.objects.get()
    as_bob.post(READ, {"notification": [row.pk]})
    row.refresh_from_db()
    assert row.read_at is None
    assert "Search 1" not in as_bob.get(LIST).content.decode()


def test_mentions_and_their_notifications_are_read_together(
    as_alice: Client, alice: User, bob: User, best: Trial
) -> None:
    for page, name in ((LIST, "notification"), (reverse("mention-list"), "mention")):
        notes.comment(bob, best, f"@alice {page}")
        shown = re.findall(f'name="{name}" value="(\\d+)"', as_alice.get(page).content.decode())
        seen = {"notification": READ, "mention": reverse("mention-seen")}[name]
        as_alice.post(seen, {name: shown})
        assert not Mention.objects.unseen().exists()
        assert not Notification.objects.unread().exists()


def test_choices_are_kept_and_defaults_are_not(as_alice: Client, alice: User) -> None:
    url = reverse("notification-choices")
    form = as_alice.get(url).context["form"]
    data = {field.html_name: field.value() for row in form.rows for field in row.fields}
    assert data["mention-site"] == data["search_ended-site"] == "own"
    assert data["new_best-site"] == "off"
    assert "mention-mail" not in data, "no mail server"
    assert as_alice.post(url, data).status_code == 302
    assert not NotificationChoice.objects.exists()
    as_alice.post(url, {**data, "new_best-site": "all"})
    row = NotificationChoice.objects.get()
    assert (row.user, row.kind, row.site, row.mail) == (alice, "trial.best", "all", "")
    wrong = as_alice.post(url, {**data, "mention-site": "all"})
    assert wrong.status_code == 422, "a mention is only ever one's own"
    assert wrong.context["form"].errors["mention-site"]


def test_choices_for_a_project(
    as_dora: Client, dora: User, project: Project, settings: Any
) -> None:
    settings.EMAIL_HOST = "127.0.0.1"
    url = reverse("project-notifications", args=[project.pk])
    page = as_dora.get(url)
    assert "Default (mine)" in page.content.decode()
    as_dora.post(url, {"search_ended-mail": "all"})
    row = NotificationChoice.objects.get()
    assert (row.user, row.project, row.site, row.mail) == (dora, project, "", "all")
    choices = as_dora.get(reverse("notification-choices")).content.decode()
    assert "own settings" in choices
    as_dora.post(url, {})
    assert not NotificationChoice.objects.exists()
